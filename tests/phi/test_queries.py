"""Questions, leaflets, notes and mails written fresh: floors for what is masked, and how often texts without identifiers suffer.

Only raised, never lowered; of the locked texts nothing but sums may be looked at. Run with `-s` for sums.
"""

from __future__ import annotations

import pytest

from gateway.phi.scan import Scanner
from tests.phi.corpus_queries import HALVES, free, held, queries

MASKED = {
    "seen": 0.91,
    "locked": 0.89,
    "plain": 1.0,
    "curbside": 0.955,
    "office": 0.93,
    "court": 0.935,
    "post": 0.955,
    "tribunal": 0.945,
}
PRECISION = {
    "seen": 0.98,
    "locked": 0.98,
    "plain": 1.0,
    "curbside": 0.985,
    "office": 0.975,
    "court": 0.97,
    "post": 0.96,
    "tribunal": 0.98,
}
MOST_MASKED = {"seen": 35, "locked": 8, "plain": 0, "curbside": 8, "office": 5, "court": 3, "post": 2, "tribunal": 1}
MOST_JUDGED = {"seen": 17, "locked": 6, "plain": 3, "curbside": 15, "office": 0, "court": 0, "post": 1, "tribunal": 0}


@pytest.fixture(scope="module")
def scanner() -> Scanner:
    return Scanner.load()


def test_there_are_enough_with_ids_of_their_own_and_no_mark_is_left() -> None:
    ids = {one.id for one in queries()}
    assert len(ids) == len(queries()) >= 900
    assert sum(not one.phi for one in queries()) >= 417
    assert all("[[" not in part.text for one in queries() for part, _ in one.parts())


@pytest.mark.parametrize("half", HALVES)
def test_spans_are_masked_whole_and_masks_are_right(scanner: Scanner, half: str) -> None:
    found = held(scanner, half)
    print(half, f"{found.total.masked}/{found.total.spans}", f"{found.precision:.3f}")
    assert found.total.share >= MASKED[half]
    assert found.precision >= PRECISION[half]


@pytest.mark.parametrize("half", HALVES)
def test_texts_without_identifiers_are_left_alone(scanner: Scanner, half: str) -> None:
    found = free(scanner, half)
    print(half, found.texts, found.masked, found.judged)
    assert found.masked <= MOST_MASKED[half]
    assert found.judged <= MOST_JUDGED[half]
