"""Mails that hold PHI and look as if they held none: a hand-off, a text from a telephone, a patient named like a month.

Each must be judged PHI: a mail that is judged to hold none may leave in clear.
"""

from __future__ import annotations

import pytest

from gateway.domain.finding import TextPart
from gateway.phi.scan import Scanner
from tests.phi.corpus_verdict import slipping
from tests.phi.measure_verdict import let_go

_FEWEST = 150


@pytest.fixture(scope="module")
def scanner() -> Scanner:
    return Scanner.load()


def test_there_are_enough_of_them_and_each_has_its_own_id() -> None:
    ids = [case.id for case in slipping()]
    assert len(ids) >= _FEWEST
    assert len(set(ids)) == len(ids)


def test_none_is_let_go(scanner: Scanner) -> None:
    assert [f"{case.topic}/{case.id}" for case in let_go(scanner)] == []


def test_a_name_behind_ten_thousand_others_counts(scanner: Scanner) -> None:
    crowd = "\n".join(f"row {number} of the list of seats" for number in range(10_000))
    report = scanner.scan([TextPart("body.plain", f"{crowd}\nIngrid Pallister has breast cancer\n")])
    assert report.phi
