"""What a message speaks of: health context, sensitive classes.

Health context is one strong term, or weak ones that weigh three together (a word for the patient weighs two). Everyday
words (appointment, bill, result) are health context only to a person at a consumer mail domain or about a patient.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from gateway.domain.finding import Kind, SensitiveClass
from gateway.phi.canonical import days, years_between
from gateway.phi.document import Document, compiled, gated
from gateway.phi.lexicon import Lexicon, number
from gateway.phi.negation import Negation
from gateway.phi.phrases import Phrases
from gateway.phi.recognizers.health_terms import EVERYDAY, WEAK
from gateway.phi.recognizers.rule import Hit

_NEEDED = 3
_EVERYDAY_TOO = frozenset(
    {"lab", "labs", "exam", "medicine", "procedure", "consultation", "follow up", "copay", "co pay"}
)
_PEOPLE = frozenset({"patient", "patients", "pt", "paciente"})


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
                word = " ".join(term.replace("-", " ").split())
                weak.add(word.rstrip("s"))
                if everyday and word in _EVERYDAY_TOO:
                    return True
            else:
                return True
        return sum(2 if one in _PEOPLE else 1 for one in weak) >= _NEEDED


class Classes:
    """Evidence for the classes of information that law treats more strictly."""

    def __init__(self, lexicon: Lexicon) -> None:
        meaning: dict[str, list[tuple[SensitiveClass, bool]]] = {}
        for name, entry in lexicon.classes.items():
            always = frozenset(entry.get("always", ()))
            for term in entry["terms"]:
                meaning.setdefault(term, []).append(
                    (SensitiveClass(name), bool(entry["negation"]) and term not in always)
                )
            for term in entry.get("everyday", ()):
                meaning.setdefault(term, [])
        self._meaning = list(meaning.values())
        self._joined = frozenset(at for at, term in enumerate(meaning) if "&" in term)
        """Terms that are one only with their sign: `D/C` is a discharge, `D.C.` the capital."""
        self._terms = Phrases(meaning)
        self._negation = Negation(lexicon)
        self._events = lexicon.health["events"]
        self._age: Any = gated(
            r"(?i)\b(\d{1,2})[ \-]?(years?|yrs?|y|months?|mos?|weeks?|wks?|days?|años?|meses|dias?)[ .\-/]{0,2}(?:old|o|de edad)\b"
        )
        self._aged: Any = gated(r"(?i)\b(?:aged?|edad)[ :]{1,3}(\d{1,2})\b")
        self._born: Any = compiled(
            r"(?i)\b(?:dob|d\.o\.b\.?|date of birth|birth ?(?:date|day)|b-?day|born(?: on)?|fecha de nacimiento|f\.? ?nac\.?|nacid[oa](?: el)?|nació(?: el)?)"
            r"[ \t:=|,.#(*-]{1,4}(?:is |on |el )?([\d/.-]{6,10}|\pL{3,10}\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}|\d{1,2}(?: de |[ -])\pL{3,10}\.?(?: del? |[ -])\d{2,4})"
        )
        self._adult = number("minor", "below")

    def find(self, document: Document) -> Iterator[tuple[SensitiveClass, Hit]]:
        """Each class with the hit that shows it."""
        harmless = whole = 0
        for at, start, end in sorted(self._terms.every(document), key=lambda one: (one[1], -one[2])):
            if at in self._joined and not {"&", "+"} & set(document.text[start:end]):
                continue
            whole = max(whole, end)  # the end of the longest phrase that this one is part of
            if not self._meaning[at]:
                harmless = max(harmless, end)
            if end <= harmless or self._of_an_event(document.lower, whole):
                continue
            negated: bool | None = None
            for one, heeds in self._meaning[at]:
                if heeds and negated is None:
                    negated = self._negation.covers(document.lower, start, whole)
                if not (heeds and negated):
                    yield one, Hit(Kind.HEALTH_TERM, start, end, 0.8, f"class_{one.value}")
        yield from self._ages(document)
        yield from self._births(document)

    def _births(self, document: Document) -> Iterator[tuple[SensitiveClass, Hit]]:
        """Birth dates of people who are minors on the day of judging; where a date can be read in two ways, by either."""
        if document.day is None:
            return
        for start, end in document.spans(self._born, 1):
            told = days(document.lower[start:end].rstrip(".-/").encode("latin-1", "replace"))
            if any(0 <= years_between(one, document.day) < self._adult for one in told):
                yield SensitiveClass.MINOR, Hit(Kind.HEALTH_TERM, start, end, 0.8, "class_minor")

    def _ages(self, document: Document) -> Iterator[tuple[SensitiveClass, Hit]]:
        text = document.lower
        for pattern in (self._age, self._aged):
            for start, end in document.spans(pattern):
                words = text[start:end]
                years = int("".join(one for one in words if one.isdecimal()) or 0)
                if years < self._adult or any(
                    unit in words for unit in ("month", "mos", "week", "wk", "day", "mes", "dia")
                ):
                    yield SensitiveClass.MINOR, Hit(Kind.HEALTH_TERM, start, end, 0.8, "class_minor")

    def _of_an_event(self, text: str, end: int) -> bool:
        """Whether a campaign, a course or a policy is what is spoken of: `HIV awareness week`, `addiction conference`."""
        after = text[end : end + 30].split(".", 1)[0].split()[:2]
        return any(one.strip(",;:)") in self._events for one in after)
