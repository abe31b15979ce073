"""Passwords of encrypted files: what is made has 80 bits, what people choose is refused with a reason unless it has them too."""

from __future__ import annotations

import math
import os
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.address import Address
from gateway.domain.patient import Patient, Phrase, Proxy
from gateway.domain.protected import Protected
from gateway.seal import passphrase
from gateway.seal.passphrase import BITS, LONGEST, bits, code, generated, prepared, weakness

DAY = date(2026, 3, 2)
ANA = Patient(
    "p1", "Ana", "Prueba-Castellanos", ("Anita",), date(1961, 3, 4), "MRN 44-71", (Address.parse("ana.prueba@example.org"),),
    phone="+1 (555) 555-0142", proxies=(Proxy("Bruno Prueba", Address.parse("b@example.net"), DAY),),
)  # fmt: skip
STRONG = "glacier pumpkin whisker lantern crouton trombone mildew parsnip axolotl"


def why(text: str, patient: Patient = ANA, *, made: bool = False) -> str:
    return weakness(Phrase(Protected(text), DAY, made), patient)


@pytest.mark.parametrize("language", ["en", "es", "xx"])
def test_what_is_made_can_be_told_and_serves(language):
    phrases = {generated(os.urandom, language) for _ in range(50)}
    assert len(phrases) == 50
    for one in phrases:
        assert one.isascii()
        assert one == prepared(one)
        assert one == one.lower()
        assert len(one.split()) == passphrase.WORDS
        assert why(one, made=True) == ""


@pytest.mark.parametrize("language", ["en", "es"])
def test_its_list_gives_eighty_bits(language):
    words = passphrase._list(language)
    assert len(set(words)) == len(words)
    assert passphrase.WORDS * math.log2(len(words)) >= BITS


def test_a_code_is_eighty_bits_of_the_generator():
    assert code(lambda size: bytes(size)) == "0000-0000-0000-0000"
    asked = []
    drawn = {code(lambda size: asked.append(size) or os.urandom(size)) for _ in range(100)}
    assert set(asked) == {10}
    assert len(drawn) == 100
    assert code(lambda size: b"\xff" * size) == "zzzz-zzzz-zzzz-zzzz"
    assert all(not set(one) & set("ilou") for one in drawn)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("03/04/1961", "birth date"), ("04.03.1961 " + STRONG, "birth date"), ("19610304" + STRONG, "birth date"),
        ("4 de marzo de 1961 " + STRONG, "birth date"), ("March 4th, 1961 " + STRONG, "birth date"), ("030461", "birth date"),
        ("mrn4471", "record number"), (STRONG + " MRN-4471", "record number"), ("900-12-3456 " + STRONG, "Social Security"),
        ("900123456", "Social Security"), (STRONG + " 555 0142", "telephone"), (STRONG + " 212-555-0199", "telephone"),
        ("Anita " + STRONG, "name"), ("xCastellanosx " + STRONG, "name"), ("bruno " + STRONG, "name"),
        ("ana.prueba@example.org", "name"), ("password", "guessed"), ("correct horse battery staple", "guessed"),
        ("To be or not to be, that is the question: whether 'tis nobler in the mind to suffer", "guessed"),
        ("we few we happy few we band of brothers for he today that sheds his blood with me", "guessed"),
        ("glacier " * 9 + "x", "guessed"), ("qwertyuiop asdfghjkl zxcvbnm 123456", "guessed"), ("a" * 100, "guessed"),
        ("la casa del perro tiene agua", "guessed"), ("", "typed"), ("   ", "typed"), ("two  spaces", "typed"), ("tab\there", "typed"),
        ("bell\x07", "typed"), ("e\u0301 not composed", "typed"), ("\u202egnihtyna " + STRONG, "typed"), (STRONG * 3, "longer"),
    ],
)  # fmt: skip
def test_what_is_refused_and_why(text, reason):
    assert reason in why(text)


@pytest.mark.parametrize(
    "text", [STRONG, "Zwetschgenkuchen! trombone mildew axolotl parsnip quokka marimba frisbee gazebo ottoman yodel"]
)
def test_a_rare_phrase_is_taken(text):
    assert why(text) == ""
    assert bits(text) >= BITS


def test_what_becomes_personal_later_is_refused_then():
    assert why(STRONG) == ""
    assert "name" in why(STRONG, Patient("p2", "Pumpkin", "Lee"))


def test_calling_a_phrase_generated_does_not_make_it_one():
    assert why("password", made=True)
    assert why("abandon ability able about above absent absorb", made=True)
    assert why("to be or not to be that is", made=True)


def test_nothing_shows_a_phrase():
    agreed = Phrase(Protected(STRONG), DAY)
    assert "pumpkin" not in repr(agreed) + str(agreed) + repr(Patient("p", "A", "B", phrase=agreed))


def test_typed_forms_come_out_alike():
    assert prepared("  café\u00a0 noir\u00ad ") == "café noir" == prepared("cafe\u0301 noir")
    assert prepared("ﬁve") == "five"


@given(st.text(max_size=200))
def test_any_text_is_judged(text):
    ready = prepared(text)
    assert prepared(ready) == ready
    reason = why(text)
    if not reason:
        assert text == ready
        assert len(text.encode()) <= LONGEST
        assert bits(text) >= BITS


@given(
    st.sampled_from(["03041961", "3/4/61", "1961-03-04", "04031961"]),
    st.text("abcdefghij ", max_size=30),
    st.text("klmn ", max_size=30),
)
def test_a_birth_date_is_seen_wherever_it_stands(born, before, after):
    assert why(prepared(f"{before} {born} {after}"))
