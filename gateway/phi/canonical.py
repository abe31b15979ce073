"""The form in which registered patients and mail are compared: words and numbers, lower case, without accents or marks.

Apostrophes vanish, everything else that is no letter or digit becomes one space, and words of street addresses take
their short form, on both sides alike.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any

import re2

from gateway.phi.normalize import fold_name

_SHORT = {
    "street": "st", "avenue": "ave", "av": "ave", "road": "rd", "drive": "dr", "lane": "ln", "boulevard": "blvd", "court": "ct",
    "place": "pl", "terrace": "ter", "circle": "cir", "parkway": "pkwy", "highway": "hwy", "square": "sq", "trail": "trl",
    "apartment": "apt", "suite": "ste", "north": "n", "south": "s", "east": "e", "west": "w", "saint": "st",
}  # fmt: skip
_MONTHS = {
    name: number
    for number, names in enumerate(
        ("jan january enero ene", "feb february febrero", "mar march marzo", "apr april abril abr", "may mayo", "jun june junio", "jul july julio",
         "aug august agosto ago", "sep sept september septiembre", "oct october octubre", "nov november noviembre", "dec december diciembre dic"), 1)
    for name in names.split()
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a canonical text and its place in the text it came from."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Canonical:
    """A text as words. `joined` has one space before and after each; `at` gives the index of the word at an offset."""

    words: tuple[Word, ...] = field(repr=False)
    joined: str = field(repr=False)
    offsets: dict[int, int] = field(repr=False)


@cache
def _patterns() -> dict[str, Any]:
    month = "(?:" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + ")"
    return {
        "word": re2.compile(r"[\pL\pN][\pL\pM\pN]*(?:'[\pL][\pL\pM]*)*"),
        "numeric": re2.compile(r"\b\d{1,4}[/\-. ]\d{1,2}[/\-. ]\d{2,4}\b"),
        "eight": re2.compile(r"\b\d{8}\b"),
        "month_first": re2.compile(rf"(?i)\b{month}\.? ?\d{{1,2}}(?:st|nd|rd|th)?,? {{1,2}}\d{{2,4}}\b"),
        "day_first": re2.compile(rf"(?i)\b\d{{1,2}}(?:st|nd|rd|th)?(?: de| of|-)?[ \-]?{month}\.?(?: de|,|-)?[ \-]?\d{{2,4}}\b"),
        "phone": re2.compile(r"\(?\d{3}\)?[ .\-/]{0,3}\d{3}[ .\-]{0,2}\d{4}"),
        "piece": re2.compile(r"\d+|\pL+"),
    }  # fmt: skip


def canonical(spans: list[tuple[int, int]], text: str) -> Canonical:
    """The canonical form of a normalised text, given where its words are."""
    words: list[Word] = []
    pieces: list[str] = []
    offsets: dict[int, int] = {}
    length = 1
    for start, matched_end in spans:
        end = matched_end
        if text[start:end].lower().endswith("'s") and end - start > 3:
            end -= 2
        word = fold_name(text[start:end]).replace("'", "")
        word = _SHORT.get(word, word)
        offsets[length] = len(words)
        words.append(Word(word, start, end))
        pieces.append(word)
        length += len(word) + 1
    return Canonical(tuple(words), " " + " ".join(pieces) + " ", offsets)


def plain(text: str) -> str:
    """A short text (a name, an address line) in canonical form, without outer spaces."""
    pattern = _patterns()["word"]
    return canonical([match.span() for match in pattern.finditer(text)], text).joined.strip()


def pattern(name: str) -> Any:
    """A compiled pattern: `word` and `phone` for canonical matching, the date forms by their names."""
    return _patterns()[name]


DATE_FORMS = ("numeric", "eight", "month_first", "day_first")


def days(text: str, form: str) -> set[date]:
    """Every day that a date text may mean: American and European order, both centuries."""
    pieces = [one.lower() for one in _patterns()["piece"].findall(text)]
    numbers = [int(one) for one in pieces if one.isdigit()]
    if form == "eight":
        numbers = [int(text[:4]), int(text[4:6]), int(text[6:]), int(text[:2]), int(text[2:4]), int(text[4:])]
        return _valid([(numbers[0], numbers[1], numbers[2]), (numbers[5], numbers[3], numbers[4])])
    month = next((_MONTHS[one] for one in pieces if one in _MONTHS), 0)
    if month and len(numbers) == 2:
        return _valid([(numbers[1], month, numbers[0])])
    if len(numbers) != 3:
        return set()
    a, b, c = numbers
    return _valid([(a, b, c)] if a > 31 else [(c, a, b), (c, b, a)])


def _valid(candidates: list[tuple[int, int, int]]) -> set[date]:
    found = set()
    for year, month, day in candidates:
        for century in (0,) if year > 99 else (1900, 2000):
            try:
                found.add(date(year + century, month, day))
            except ValueError:
                continue
    return found
