"""Seals at rest: an object, wrap, column, link and code opens with exactly its key and context, and never in part."""

from __future__ import annotations

import itertools
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.address import Address
from gateway.domain.errors import IntegrityError, KeyMissing
from gateway.domain.protected import Protected
from gateway.ports.vault import Seal
from gateway.seal import hybrid, link
from gateway.seal.columns import BlindIndex, Columns, Mac
from gateway.seal.context import context, framed
from gateway.seal.objects import KEY_BYTES, ObjectSealer, open_object

ROOT, OTHER = Protected(b"r" * 32), Protected(b"o" * 32)
HERE = context("practice", Seal.MAIL, "id-1")


def sealed(data: bytes, key: Protected[bytes], bound: bytes = HERE) -> tuple[bytes, bytes]:
    sealer = ObjectSealer(key, bound)
    out = sealer.update(data) + sealer.finalize()
    assert sealer.length == len(data)
    return out, sealer.commitment


@pytest.mark.proves("rest.one-context")
@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=8), min_size=1, max_size=6), st.lists(st.text(max_size=8), min_size=1, max_size=6))
def test_framing_keeps_lists_apart(one: list[str], two: list[str]) -> None:
    same = framed(*(each.encode() for each in one)) == framed(*(each.encode() for each in two))
    assert same == (one == two)


@pytest.mark.proves("rest.one-context")
@settings(max_examples=60, deadline=None)
@given(st.tuples(*[st.text("ab:,", max_size=3)] * 4), st.tuples(*[st.text("ab:,", max_size=3)] * 4), st.sampled_from(Seal), st.sampled_from(Seal))  # fmt: skip
def test_a_context_tells_its_fields_apart(
    one: tuple[str, ...], two: tuple[str, ...], first: Seal, second: Seal
) -> None:
    made = context(one[0], first, *one[1:]), context(two[0], second, *two[1:])
    assert (made[0] == made[1]) == ((one, first) == (two, second))
    assert all(made)


@pytest.mark.proves("rest.objects")
@pytest.mark.parametrize("size", [0, 1, 16, 65_535, 65_536, 300_000])
def test_an_object_comes_back_whole(size: int) -> None:
    data, key = os.urandom(size), Protected(os.urandom(KEY_BYTES))
    out, commitment = sealed(data, key)
    assert b"".join(open_object([out], key, HERE, commitment)) == data
    pieces = [out[at : at + 1000] for at in range(0, len(out), 1000)]
    assert b"".join(open_object(pieces, key, HERE, commitment)) == data
    if size >= 16:
        assert data[:16] not in out


@pytest.mark.proves("rest.objects", "rest.salted-commitments")
@pytest.mark.parametrize("where", ["cut", "longer", "first", "middle", "last", "empty", "context", "key", "salt", "commitment", "short"])  # fmt: skip
def test_an_object_that_is_not_as_sealed_never_ends_cleanly(where: str) -> None:
    data, raw = os.urandom(200_000), os.urandom(KEY_BYTES)
    out, commitment = sealed(data, Protected(raw))
    key, bound, middle = raw, HERE, len(out) // 2
    changed = {
        "cut": out[:-1], "longer": out + b"x", "first": bytes([out[0] ^ 1]) + out[1:], "empty": b"",
        "middle": out[:middle] + bytes([out[middle] ^ 1]) + out[middle + 1 :], "last": out[:-1] + bytes([out[-1] ^ 1]),
    }.get(where, out)  # fmt: skip
    if where == "context":
        bound = context("practice", Seal.PART, "id-1")
    elif where == "key":
        key = bytes(32) + raw[32:]
    elif where == "salt":
        key = raw[:32] + bytes(32)
    elif where == "commitment":
        commitment = bytes(32)
    elif where == "short":
        key = raw[:32]
    got = bytearray()
    with pytest.raises(IntegrityError):
        for chunk in open_object([changed], Protected(key), bound, commitment):
            got += chunk
    assert len(got) < len(data)
    assert data.startswith(bytes(got))


@pytest.mark.proves("rest.wraps")
def test_a_wrap_opens_with_its_key_and_context_alone() -> None:
    pairs = [hybrid.generate() for _ in range(2)]
    contexts = [context("practice", Seal.WRAP, one, "epoch:e1", "e1") for one in ("a", "b")]
    value = os.urandom(KEY_BYTES)
    for (_, public), bound in itertools.product(pairs, contexts):
        out = hybrid.SealTo(public).seal(value, bound)
        assert out != hybrid.SealTo(public).seal(value, bound)
        for (private, other), tried in itertools.product(pairs, contexts):
            if (other, tried) == (public, bound):
                assert hybrid.OpenWith(private).open(out, tried).reveal() == value
            else:
                with pytest.raises(IntegrityError):
                    hybrid.OpenWith(private).open(out, tried)
        for broken in (out[:-1], out + b"x", b"", bytes([out[0] ^ 1]) + out[1:], out[:-1] + bytes([out[-1] ^ 1])):
            with pytest.raises(IntegrityError):
                hybrid.OpenWith(pairs[0][0]).open(broken, bound)


@pytest.mark.parametrize("bad", [b"", b"x" * 10, b"x" * 5000])
def test_keys_of_the_wrong_form_are_missing_keys(bad: bytes) -> None:
    with pytest.raises(KeyMissing):
        hybrid.SealTo(bad)
    with pytest.raises(KeyMissing):
        hybrid.OpenWith(Protected(bad))


@pytest.mark.proves("rest.sealed-columns")
def test_a_column_opens_only_in_its_place() -> None:
    here, there = Columns(ROOT, "practice"), Columns(ROOT, "other")
    out = here.seal("patient.record", "p1", b"Maria")
    assert here.open("patient.record", "p1", out) == b"Maria"
    assert out != here.seal("patient.record", "p1", b"Maria"), "equal values must not look equal"
    for columns, column, row, value in (
        (here, "patient.record", "p2", out), (here, "partner.record", "p1", out), (there, "patient.record", "p1", out),
        (Columns(OTHER, "practice"), "patient.record", "p1", out), (here, "patient.record", "p1", out[:-1]),
        (here, "patient.record", "p1", b""), (here, "patient.record", "p1", b"\x02" + out[1:]), (here, "patient.record", "p1", out[:1]),
    ):  # fmt: skip
        with pytest.raises(IntegrityError):
            columns.open(column, row, value)


@pytest.mark.proves("rest.blind-indexes")
def test_blind_indexes_of_different_columns_and_practices_have_nothing_in_common() -> None:
    address = Address.parse("Maria.Q@Example.NET")
    here, there = BlindIndex(ROOT, "practice"), BlindIndex(ROOT, "other")
    tags = {one.address(kind, address) for one in (here, there) for kind in ("email", "proxy_email", "sender_key")}
    assert len(tags) == 6
    assert here.address("email", address) == here.address("email", Address.parse("maria.q@example.net"))
    assert here.address("email", address) != here.address("email", Address.parse("mariaq@example.net"))
    assert here.phone("(555) 555-0142") == here.phone("+1 555 555 0142") != here.phone("555 555 0143")
    assert here.mrn("MRN-44 71") == here.mrn("mrn4471") != here.phone("4471")


def test_macs_of_different_purposes_differ() -> None:
    made = {Mac(root, name, purpose).tag(b"x") for root in (ROOT, OTHER) for name in ("a", "b") for purpose in Seal}
    assert len(made) == 4 * len(Seal)
    one = Mac(ROOT, "a", Seal.DECISION)
    assert one.holds(b"x", one.tag(b"x"))
    assert not one.holds(b"y", one.tag(b"x"))
    assert not one.holds(b"x", b"")


@pytest.mark.proves("rest.link-derivation")
def test_a_link_needs_secret_and_pepper() -> None:
    secrets, peppers = [Protected(bytes([n]) * 32) for n in (1, 2)], [Protected(bytes([n]) * 32) for n in (3, 4)]
    keks = {
        link.kek(secret, pepper, name, parcel).reveal()
        for secret in secrets for pepper in peppers for name in ("a", "b") for parcel in ("p", "q")
    }  # fmt: skip
    assert len(keks) == 16
    lookups = {link.lookup(secret, key, name) for secret in secrets for key in peppers for name in ("a", "b")}
    assert len(lookups) == 8
    assert not keks & lookups


def test_a_token_has_one_form() -> None:
    secret = Protected(os.urandom(32))
    text = link.token(secret)
    found = link.read_token(text)
    assert found is not None
    assert found.reveal() == secret.reveal()
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twins = [text[:-1] + one for one in last if link.read_token(text[:-1] + one) is not None]
    assert len(twins) == 16, "two bits of the last character say nothing, and only one form of four is taken"
    for bad in ("", text[:-1], text + "=", text + "A", " " + text[1:], "+" + text[1:], "é" * 43, "\x00" * 43):
        assert link.read_token(bad) is None


def test_a_session_row_does_not_give_its_cookie_or_key() -> None:
    cookie = Protected(os.urandom(32))
    made = {
        link.session_id(cookie, "a"), link.session_key(cookie, "a", "p").reveal(), link.session_key(cookie, "a", "q").reveal(),
        link.session_id(cookie, "b"), cookie.reveal(),
    }  # fmt: skip
    assert len(made) == 5


def test_a_code_is_bound_to_its_key_parcel_and_salt() -> None:
    made = {
        link.code_digest(Protected(key), code, salt, subject, name)
        for key in (b"k" * 32, b"l" * 32)
        for code in ("12345678", "12345679") for salt in (b"a" * 16, b"b" * 16) for subject in ("p", "q") for name in ("a", "b")
    }  # fmt: skip
    assert len(made) == 32
