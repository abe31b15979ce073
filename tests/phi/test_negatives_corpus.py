"""The texts without PHI are what they say: many, of the right length, unlike each other, of nobody real."""

from __future__ import annotations

import re
from collections import Counter
from itertools import combinations

import pytest

from tests.phi.corpus import _unmarked, locked_third, negatives, open_two_thirds

_WORD = re.compile(r"\w+")
_PHONE = re.compile(r"\(\d{3}\) \d{3}-\d{4}")
_HOST = re.compile(r"(?:@|https?://|www\.)([\w-]+(?:\.[\w-]+)*\.[a-z]{2,})")
_INVENTED = re.compile(r"(?:^|\.)example\.(?:org|net|com)$")


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = _WORD.findall(text.lower())
    return {tuple(words[at : at + 4]) for at in range(len(words) - 3)}


def test_there_are_enough_of_them_with_names_of_their_own() -> None:
    assert len(negatives()) >= 320
    assert max(Counter(case.id for case in negatives()).values()) == 1
    assert sum(case.topic == "spanish" for case in negatives()) >= 30


def test_a_third_is_locked() -> None:
    assert len(locked_third(negatives())) + len(open_two_thirds(negatives())) == len(negatives())
    assert 0.28 < len(locked_third(negatives())) / len(negatives()) < 0.39


def test_the_texts_are_of_a_mails_length_and_reach_nobody_real() -> None:
    for case in negatives():
        assert 40 <= len(_WORD.findall(case.text)) <= 300, case.id
        assert all("555-01" in number for number in _PHONE.findall(case.text)), case.id
        assert all(_INVENTED.search(host) for host in _HOST.findall(case.text)), case.id
        assert all(case.text[start:end].strip() for start, end in case.maskable), case.id


def test_no_text_is_another_with_words_exchanged() -> None:
    shingles = {case.id: _shingles(case.text) for case in negatives()}
    holders: dict[tuple[str, ...], list[str]] = {}
    for case, found in shingles.items():
        for one in found:
            holders.setdefault(one, []).append(case)
    shared = Counter(pair for cases in holders.values() for pair in combinations(cases, 2))
    alike = [pair for pair, count in shared.items() if count > 0.1 * min(len(shingles[one]) for one in pair)]
    assert not alike


def test_marks_are_taken_away_and_their_places_kept() -> None:
    assert _unmarked("call «Bo» or «555-0101».", "x") == ("call Bo or 555-0101.", ((5, 7), (11, 19)))


@pytest.mark.parametrize("body", ["«a «b» c»", "a» b", "«a"])
def test_marks_that_do_not_pair_are_refused(body: str) -> None:
    with pytest.raises(ValueError, match="«"):
        _unmarked(body, "x")
