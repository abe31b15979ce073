"""Dates directly related to a person, all elements but the year, and ages over 89 (C).

A year alone and an age under 90 are no identifiers, 45 CFR 164.514(b)(2)(i)(C).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from gateway.domain.finding import Kind
from gateway.phi.document import Document, compiled
from gateway.phi.lexicon import number
from gateway.phi.recognizers.checks import digits, numeric_date
from gateway.phi.recognizers.rule import Family, Hit, Rule

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|"
    r"enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre)"
)
_SPELT = _MONTH + r"\b\.?"
# Two digits first: the first alternative that fits is taken, and "March 1" of "March 19" ends within a number.
_DAY = r"(?:[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?"
_YEAR = r"(?:1[89]\d{2}|20\d{2}|'\d{2})"
_TIME = r"(?:[T ]{1,2}\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?: ?[AaPp]\.?[Mm]\.?)?(?:Z| ?[+\-]\d{2}:?\d{2})?)?"
_WEEKDAY = (
    r"(?:mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)"
)
_NEAR = (
    "dob",
    "birth",
    "born",
    "date",
    "admitted",
    "admission",
    "discharged",
    "discharge",
    "died",
    "death",
    "on",
    "seen",
    "visit",
    "since",
    "until",
    "dated",
    "appointment",
    "nacimiento",
)

_RULES = (
    Rule("iso_date", Kind.DATE, r"(?:19|20)\d{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])" + _TIME, 0.9, bounded=False),
    Rule("numeric_date", Kind.DATE, r"\d{1,2}[/\-.]\d{1,2}[/\-.](?:\d{4}|\d{2})" + _TIME, 0.5, _NEAR, numeric_date),
    Rule("year_first", Kind.DATE, r"(?:19|20)\d{2}[/.]\d{1,2}[/.]\d{1,2}" + _TIME, 0.5, _NEAR, numeric_date),
    Rule("month_day", Kind.DATE, rf"(?i)(?:{_WEEKDAY},? )?\b{_SPELT} {{0,2}}{_DAY}(?:,? {{1,2}}{_YEAR})?" + _TIME, 0.8),
    Rule("day_month", Kind.DATE, rf"(?i)(?:{_WEEKDAY},? )?\b{_DAY}(?: de| of|-)? ?{_SPELT}(?:(?:,? | de |-){_YEAR})?" + _TIME, 0.8),
    Rule("compact_month", Kind.DATE, rf"(?i)\b\d{{1,2}}{_MONTH}\d{{2,4}}", 0.7),
    Rule("month_year", Kind.DATE, rf"(?i)\b{_SPELT},?(?: of| de)? ?{_YEAR}", 0.7),
    Rule("month_slash", Kind.DATE, r"(?:0?[1-9]|1[0-2])/(?:19|20)\d{2}", 0.55, _NEAR),
    Rule("day_slash", Kind.DATE, r"(?:0?[1-9]|1[0-2])/(?:[12]\d|3[01]|0?[1-9])", 0.2, tuple(one for one in _NEAR if one != "on")),
    Rule("eight_digits", Kind.DATE, r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\d{6})?", 0.3, _NEAR),
    Rule("weekday", Kind.DATE, r"\b(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)\b", 0.4),
)  # fmt: skip
_AGE = r"(?:[1-9]\d|1[0-4]\d)"
_AGES = (
    rf"(?i)\b({_AGE})[ \-]?(?:years?|yrs?|y)[ .\-]{{0,2}}(?:old|o|of age)\b",
    rf"(?i)\b({_AGE}) ?y/?o\b",
    rf"(?i)\b(?:aged?|turned|turning|is now|age of)[ :]{{1,3}}({_AGE})\b",
    rf"(?i)\b({_AGE})[ \-]?(?:a[ñn]os)\b",
)


@cache
def _age_patterns() -> tuple[tuple[Any, ...], int]:
    return tuple(compiled(one) for one in _AGES), number("age", "identifier_from")


def find_ages(document: Document) -> Iterator[Hit]:
    """Ages that Safe Harbor does not let stand."""
    patterns, least = _age_patterns()
    for pattern in patterns:
        for start, end in document.spans(pattern, 1):
            if int(digits(document.text[start:end])) >= least:
                yield Hit(Kind.AGE, start, end, 0.9, "age_over_89")


FAMILY = Family("dates_ages", _RULES, find_ages)
