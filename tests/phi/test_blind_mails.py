"""Mails written before the rule was read: how many with PHI are let go, how many without alarm; run with `-s` for figures.

The bounds are what is reached. Of the locked half only sums may be looked at; they tell how the rule does on new wording.
"""

from __future__ import annotations

from gateway.phi.scan import Scanner
from tests.phi.corpus_blind import free, holding
from tests.phi.measure_blind import halves

MOST = {"holding, open": 0, "holding, locked": 8, "free, open": 6, "free, locked": 10}


def test_there_are_enough_of_each_with_ids_of_their_own() -> None:
    ids = [case.id for case in (*holding(), *free())]
    assert len(holding()) >= 120
    assert len(free()) >= 120
    assert len(set(ids)) == len(ids)


def test_few_are_judged_wrongly() -> None:
    found = halves(Scanner.load())
    print(*found, sep="\n")
    assert {half.name: len(half.wrong) for half in found if len(half.wrong) > MOST[half.name]} == {}
