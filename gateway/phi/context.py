"""What a message speaks of: health context, sensitive classes, a person.

Health context is one strong term, or weak ones that weigh three together (a word for the patient weighs two). Everyday
words (appointment, bill, result) are health context only to a person at a consumer mail domain or about a patient.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import re2
from ahocorasick_rs import AhoCorasick, MatchKind

from gateway.domain.finding import Kind, SensitiveClass
from gateway.phi.document import Document, compiled
from gateway.phi.lexicon import Lexicon, number
from gateway.phi.recognizers.health_terms import EVERYDAY, WEAK
from gateway.phi.recognizers.rule import Hit, has_word

_NEEDED = 3
_PEOPLE = frozenset({"patient", "patients", "pt", "paciente"})
_BACK = 45
_BREAKS = ".;\n!?"


class HealthContext:
    """Decides whether the health terms of a message are health context."""

    def judge(self, terms: Iterable[tuple[str, str]], everyday: bool) -> bool:
        """`terms`: (recogniser, term in lower case); `everyday`: whether everyday words count as well."""
        weak: set[str] = set()
        for by, term in terms:
            if by == EVERYDAY:
                if everyday:
                    return True
            elif by == WEAK:
                weak.add(term.rstrip("s"))
                if everyday and term in {
                    "lab",
                    "labs",
                    "exam",
                    "medicine",
                    "procedure",
                    "consultation",
                    "follow-up",
                    "copay",
                }:
                    return True
            else:
                return True
        return sum(2 if one in _PEOPLE else 1 for one in weak) >= _NEEDED


class Classes:
    """Evidence for the classes of information that law treats more strictly."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._terms: list[str] = []
        self._meaning: list[list[tuple[SensitiveClass, bool]]] = []
        table: dict[str, list[tuple[SensitiveClass, bool]]] = {}
        for name, entry in lexicon.classes.items():
            for term in entry["terms"]:
                table.setdefault(term, []).append((SensitiveClass(name), bool(entry["negation"])))
        for term, meaning in sorted(table.items()):
            self._terms.append(term)
            self._meaning.append(meaning)
        self._automaton = AhoCorasick(self._terms, matchkind=MatchKind.Standard)
        self._negation = tuple(lexicon.health["negation"])
        self._age: Any = compiled(
            r"(?i)\b(\d{1,2})[ \-]?(years?|yrs?|y|months?|mos?|weeks?|days?)[ .\-/]{0,2}(?:old|o)\b"
        )
        self._aged: Any = compiled(r"(?i)\bage[d]?[ :]{1,3}(\d{1,2})\b")
        self._adult = number("minor", "below")

    def find(self, document: Document) -> Iterator[tuple[SensitiveClass, Hit]]:
        """Each class with the hit that shows it."""
        text = document.lower
        for at, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            if (start and text[start - 1].isalnum()) or (end < len(text) and text[end].isalnum() and text[end] != "s"):
                continue
            negated = self._negated(text, start)
            for one, heeds in self._meaning[at]:
                if not (heeds and negated):
                    yield one, Hit(Kind.HEALTH_TERM, start, end, 0.8, f"class_{one.value}")
        for pattern in (self._age, self._aged):
            for start, end in document.spans(pattern):
                words = text[start:end]
                years = int("".join(one for one in words if one.isdecimal()) or 0)
                if years < self._adult or any(unit in words for unit in ("month", "mos", "week", "day")):
                    yield SensitiveClass.MINOR, Hit(Kind.HEALTH_TERM, start, end, 0.8, "class_minor")

    def _negated(self, text: str, start: int) -> bool:
        """Whether a word of negation stands before, in the same clause."""
        left = text[max(0, start - _BACK) : start]
        left = left[max(left.rfind(one) for one in _BREAKS) + 1 :]
        cut = max(left.rfind(" but "), left.rfind(" however "))
        return has_word(left[max(cut, 0) :], self._negation, 0, len(left), 0, 0)


class Persons:
    """Whether a text speaks of a person at all: `patient`, `your`, `she`, `year-old`."""

    def __init__(self, lexicon: Lexicon) -> None:
        words = sorted(lexicon.health["person"])
        self._pattern: Any = compiled(r"(?i)(?:\b|\d[ -]?)(?:" + "|".join(re2.escape(one) for one in words) + r")\b")

    def speaks(self, document: Document) -> bool:
        """Whether one such word stands in the document."""
        return self._pattern.search(document.data) is not None
