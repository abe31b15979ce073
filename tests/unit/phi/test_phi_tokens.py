"""Tokens: words, single signs and breaks, in order, over every character that is seen, in linear time."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.phi.tokens import tokens
from tests.support.growth import grows_within


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("Ann O'Neil-Ortiz, 42y", ["Ann", "O", "'", "Neil", "-", "Ortiz", ",", "42y"]),
        ("Dear Zoë,\n\n  MRN:900123", ["Dear", "Zoë", ",", "\n\n  ", "MRN", ":", "900123"]),
        ("a_b@example.org", ["a", "_", "b", "@", "example", ".", "org"]),
        ("Name:\tLi   DOB  x", ["Name", ":", "\t", "Li", "   ", "DOB", "x"]),
        ("Zoe\u0308 प्रिया", ["Zoe\u0308", "प्रिया"]),
        ("end \r\nnext", ["end", "\r\n", "next"]),
    ],
)
def test_cuts(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in tokens(text)] == expected


@given(st.text())
def test_whatever_is_seen_is_in_exactly_one_token(text: str) -> None:
    spans = tokens(text)
    assert all(start < end for start, end in spans)
    assert all(one[1] <= two[0] for one, two in itertools.pairwise(spans))
    covered = {at for start, end in spans for at in range(start, end)}
    assert all(at in covered or text[at].isspace() for at in range(len(text)) if text[at].isprintable())


@pytest.mark.parametrize("piece", ["a", " ", "\n", "\t ", "a\u0301", "\u0301", "_", "'", "  a", "     \n"])
def test_linear_time(piece: str) -> None:
    small, large = piece * 10_000, piece * 80_000
    assert grows_within(lambda: tokens(small), lambda: tokens(large), 24, 0.01)
