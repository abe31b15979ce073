"""The register of 20,000 generated people in figures: what is found, what a typo costs, what chance decides, how fast.

Run with `-s` to see the figures with their Wilson intervals.
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.domain.finding import Kind
from gateway.domain.patient import Patient
from gateway.phi.known_patients import KnownPatients
from gateway.phi.lexicon import Lexicon
from gateway.phi.normalize import normalize
from tests.support.corpora import mails
from tests.support.register_people import (
    ADDRESS_FORMS,
    DATE_FORMS,
    FRAMES,
    MRN_FORMS,
    NAME_FORMS,
    PHONE_FORMS,
    People,
    people,
    typo,
    unrelated,
)
from tests.support.wilson import wilson

_DEV = Path(__file__).parents[3] / ".." / "shared" / "phi" / "dev"
_MENTIONS = 3_000


def _born(one: Patient, form: str) -> str:
    assert one.birth_date is not None
    return DATE_FORMS[form](one.birth_date)


KEYS: dict[str, tuple[dict[str, object], Callable[[Patient, str], str]]] = {
    "birth date": (dict(DATE_FORMS), _born),
    "record number": (dict(MRN_FORMS), lambda one, form: MRN_FORMS[form](one.mrn)),
    "address": (dict(ADDRESS_FORMS), lambda one, form: ADDRESS_FORMS[form](one)),
    "phone": (dict(PHONE_FORMS), lambda one, form: PHONE_FORMS[form]("".join(filter(str.isdecimal, one.phone)))),
}


@pytest.fixture(scope="module")
def register() -> People:
    return people()


@pytest.fixture(scope="module")
def known(register: People) -> KnownPatients:
    return KnownPatients.build(register.patients)


@pytest.fixture(scope="module")
def flags() -> dict[str, int]:
    return Lexicon.load().flags


def told(found: int, of: int) -> str:
    """The share with its 95 % interval."""
    low, high = wilson(found, of)
    return f"{found}/{of} = {100 * found / of:.2f} % ({100 * low:.2f}-{100 * high:.2f})"


@pytest.mark.parametrize("key", KEYS)
def test_an_exact_name_with_a_second_key_is_found_in_every_form(
    register: People, known: KnownPatients, flags: dict[str, int], key: str
) -> None:
    chance = random.Random(key)
    forms, write = KEYS[key]
    missed: Counter[tuple[str, str]] = Counter()
    for number in range(_MENTIONS):
        at = chance.randrange(len(register.patients))
        one = register.patients[at]
        name_form, key_form = list(NAME_FORMS)[number % len(NAME_FORMS)], chance.choice(list(forms))
        name = NAME_FORMS[name_form](one, register.middle[at])
        text = chance.choice(FRAMES).format(name=name, key=write(one, key_form))
        report = known.search([("body.plain", normalize(text))], flags)
        if one.id not in report.patients or not report.suffices:
            missed[name_form, key_form] += 1
    print(f"\nexact name and {key}: {told(_MENTIONS - missed.total(), _MENTIONS)}")
    assert missed.total() <= _MENTIONS // 1000, missed


def test_a_name_with_one_wrong_letter_and_a_second_key_is_found(
    register: People, known: KnownPatients, flags: dict[str, int]
) -> None:
    chance = random.Random(1)
    found = 0
    for _ in range(_MENTIONS):
        one = chance.choice(register.patients)
        forms, write = KEYS[chance.choice(list(KEYS))]
        given, family = one.given, one.family
        if chance.random() < 0.5:
            given = typo(chance, given)
        else:
            family = typo(chance, family)
        name = f"{family}, {given}" if chance.random() < 0.3 else f"{given} {family}"
        text = chance.choice(FRAMES).format(name=name, key=write(one, chance.choice(list(forms))))
        report = known.search([("body.plain", normalize(text))], flags)
        named = any(each.patient == one.id and each.kind is Kind.NAME for each in report.findings)
        found += named and report.suffices
    print(f"\nname with one wrong letter and a second key: {told(found, _MENTIONS)}")
    assert found >= 0.99 * _MENTIONS


def test_a_full_name_alone_is_seen_but_decides_nothing(
    register: People, known: KnownPatients, flags: dict[str, int]
) -> None:
    for one in register.patients[::40]:
        report = known.search([("body.plain", normalize(f"Lunch with {one.given} {one.family} on Friday?"))], flags)
        assert one.id in report.patients
        assert not report.suffices


def test_chance_decides_at_most_one_mail_in_ten_megabytes(
    register: People, known: KnownPatients, flags: dict[str, int]
) -> None:
    letters = [normalize(one) for one in unrelated(10_000_000, register)]
    size = sum(len(one.text) for one in letters)
    began = time.process_time()
    reports = [known.search([("body.plain", one)], flags) for one in letters]
    took = time.process_time() - began
    decided, named = sum(one.suffices for one in reports), sum(bool(one.patients) for one in reports)
    print(
        f"\nunrelated, generated: {len(letters)} mails, {size / 1e6:.1f} MB: decided {decided}, with a full name {named}; {size / 1e6 / took:.1f} MB/s"
    )
    assert size > 9_500_000
    assert decided <= 1


def test_chance_decides_no_mail_of_other_people(known: KnownPatients, flags: dict[str, int]) -> None:
    texts = [one.read_bytes().decode("utf-8", "replace") for one in mails()]
    for name in ("mail", "negatives"):
        if not (_DEV / f"{name}.jsonl").is_file():
            pytest.skip(
                "THE DEVELOPMENT SETS ARE MISSING: ../shared/phi/dev is not here, nothing was tried on real mail"
            )
        texts += [json.loads(line)["text"] for line in (_DEV / f"{name}.jsonl").read_text("utf-8").splitlines()]
    decided = sum(known.search([("body.plain", normalize(one))], flags).suffices for one in texts)
    print(f"\nunrelated, other people's: {len(texts)} mails, {sum(map(len, texts)) / 1e6:.1f} MB: decided {decided}")
    assert decided <= 1
