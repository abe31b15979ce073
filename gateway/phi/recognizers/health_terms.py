"""Health terms: no identifiers, but the other half of PHI; masked in strictly redacted text.

Conditions, medicines, procedures and tests by automaton; ICD-10-CM codes, doses and vital signs by rule; long words by
their endings. `by` says how much a term weighs: `health_strong` and rules count alone, `health_weak` in pairs,
`health_everyday` only where context.py says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ahocorasick_rs import AhoCorasick, MatchKind

from gateway.domain.finding import Kind
from gateway.phi.document import Document, compiled
from gateway.phi.lexicon import Lexicon
from gateway.phi.recognizers.rule import Family, Hit, Rule

STRONG, WEAK, EVERYDAY = "health_strong", "health_weak", "health_everyday"
_SCORES = {STRONG: 0.7, WEAK: 0.5, EVERYDAY: 0.4}

_RULES = (
    Rule("dose", Kind.HEALTH_TERM, r"(?i)(?:\b[a-z]{5,}[ ])?\b\d{1,5}(?:\.\d{1,3})?[ ]?(?:mg|mcg|µg|units?/kg|meq|mg/dl|mmol/l|mmhg|ml/hr|iu)\b", 0.6),
    Rule("icd10", Kind.HEALTH_TERM, r"\b[A-TV-Z]\d[0-9AB]\.[0-9A-Z]{1,4}\b", 0.7),
    Rule("icd10_label", Kind.HEALTH_TERM, r"(?i)\b(?:icd-?10(?:-cm)?|dx|diagnosis(?: codes?)?)[ :#]{1,3}([a-tv-z]\d[0-9ab](?:\.[0-9a-z]{1,4})?)\b", 0.8),
    Rule("cpt_label", Kind.HEALTH_TERM, r"(?i)\b(?:cpt|hcpcs|ndc|loinc|snomed)(?: code)?[ :#]{1,3}([a-z]?\d[\d\-]{3,13})", 0.8),
    Rule("vitals", Kind.HEALTH_TERM, r"\b(?:BP|HR|RR|SpO2|BMI|O2 sat)[ :]{1,2}\d{2,3}(?:/\d{2,3})?%?", 0.7),
)  # fmt: skip


class HealthTerms:
    """The automaton over all terms, and the endings."""

    def __init__(self, lexicon: Lexicon) -> None:
        lists = lexicon.health
        weight = dict.fromkeys(lexicon.conditions | lexicon.drugs, STRONG)
        weight |= (
            dict.fromkeys(lists["everyday"], EVERYDAY)
            | dict.fromkeys(lists["weak"], WEAK)
            | dict.fromkeys(lists["strong"], STRONG)
        )
        self._terms = sorted(weight)
        self._weights = [weight[one] for one in self._terms]
        self._automaton = AhoCorasick(self._terms, matchkind=MatchKind.LeftmostLongest)
        self._not = lists["not_by_ending"]
        self._ending: Any = compiled(r"(?i)\b[a-z]{3,}[a-z](?:" + "|".join(sorted(lists["endings"])) + r")s?\b")

    def find(self, document: Document) -> Iterator[Hit]:
        """All terms in the document."""
        text = document.lower
        for number, start, end in self._automaton.find_matches_as_indexes(text):
            if (start and text[start - 1].isalnum()) or (end < len(text) and text[end].isalnum()):
                if not (
                    text[end : end + 1] == "s"
                    and not text[end + 1 : end + 2].isalnum()
                    and not text[start - 1 : start].isalnum()
                ):
                    continue
                end += 1  # noqa: PLW2901 - the plural belongs to the term
            by = self._weights[number]
            yield Hit(Kind.HEALTH_TERM, start, end, _SCORES[by], by)
        for start, end in document.spans(self._ending):
            if text[start:end] not in self._not and (end - start) > 6 and not document.text[start].isupper():
                yield Hit(Kind.HEALTH_TERM, start, end, 0.6, "health_ending")


FAMILY = Family("health_terms", _RULES)
