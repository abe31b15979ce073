"""Health terms: no identifiers, but the other half of PHI; masked in strictly redacted text.

Conditions, medicines, procedures and tests by a list of phrases; ICD-10-CM codes, doses and vital signs by rule; long words by
their endings. `by` says how much a term weighs: `health_strong` and rules count alone, `health_weak` in pairs,
`health_everyday` only where context.py says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import re2

from gateway.domain.finding import Kind
from gateway.phi.document import Document, quiet
from gateway.phi.lexicon import NAME, PLACE, WORD, Lexicon
from gateway.phi.phrases import Phrases
from gateway.phi.recognizers.rule import Family, Hit, Rule

STRONG, WEAK, EVERYDAY = "health_strong", "health_weak", "health_everyday"
_SCORES = {STRONG: 0.7, WEAK: 0.5, EVERYDAY: 0.4}

_RULES = (
    Rule("dose", Kind.HEALTH_TERM, r"(?i)(?:\b[a-z]{5,}[ ])?\b\d{1,5}(?:\.\d{1,3})?[ ]?(?:mg|mcg|µg|units?/kg|meq|mg/dl|mmol/l|mmhg|ml/hr|iu)\b", 0.6),
    Rule("icd10", Kind.HEALTH_TERM, r"\b[A-TV-Z]\d[0-9AB]\.[0-9A-Z]{1,4}\b", 0.7),
    Rule("icd10_label", Kind.HEALTH_TERM, r"(?i)\b(?:icd-?10(?:-cm)?|dx|diagnosis(?: codes?)?)[ :#]{1,3}([a-tv-z]\d[0-9ab](?:\.[0-9a-z]{1,4})?)\b", 0.8),
    Rule("cpt_label", Kind.HEALTH_TERM, r"(?i)\b(?:cpt|hcpcs|ndc|loinc|snomed)(?: code)?[ :#]{1,3}([a-z]?\d[\d\-]{3,13})", 0.8),
    Rule("lab_value", Kind.HEALTH_TERM, r"\b(?:(?:K|Na|Cr|Hb|Hgb|HGB|Hct|HCT|Plt|PLT|WBC|BUN|ALT|AST|EF|BG|Trop|Lactate|GLU|Glu|GLUC[O0]SE)\+?[ :=]{1,2}\d|(?i:inr|hgb|psa|tsh|ldl|hdl|a1c|hba1c|bnp|crp|cd4|egfr|fev1|lactate|trop|creat|ferritin|spo2|sats?|phq-?9|gad-?7|ciwa|sugars?|glucosa)[ :=]{1,2}(?:(?:is|was|of|at|up to|in the|de|en)[ ])?[<>]?\d)\d{0,3}(?:\.\d{1,2})?", 0.6),
    Rule("abbreviation", Kind.HEALTH_TERM, r"\b(?:HTN|CAD|T2DM|DM2|NIDDM|IDDM|BPH|TIA|ORIF|C\.?[ ]?DIFF|SOB|NKDA|HFrEF|HFpEF|CHF|OCD)\b|(?i:\b[dht]x ?:)|\bICD shock", 0.6),
    Rule("tuberculosis", Kind.HEALTH_TERM, r"(?:^|[A-Za-z,:;-][ ])(TB)\b", 0.6),
    Rule("vitals", Kind.HEALTH_TERM, r"\b(?:BP|HR|RR|SpO2|BMI|O2 sat)[ :]{1,2}\d{2,3}(?:/\d{2,3})?%?", 0.7),
)  # fmt: skip


class HealthTerms:
    """The list of all terms, and the endings."""

    def __init__(self, lexicon: Lexicon) -> None:
        lists = lexicon.health
        weight = dict.fromkeys(lexicon.conditions | lexicon.drugs, STRONG)
        weight |= (
            dict.fromkeys(lists["everyday"], EVERYDAY)
            | dict.fromkeys(lists["weak"], WEAK)
            | dict.fromkeys(lists["strong"], STRONG)
        )
        self._weights = list(weight.values())
        self._terms = Phrases(weight)
        self._not = lists["not_by_ending"]
        self._ending: Any = _over_words(r"[a-z]{4,}(?:" + "|".join(sorted(lists["endings"])) + r")s?\b")

    def find(self, document: Document) -> Iterator[Hit]:
        """All terms in the document."""
        for at, start, end in self._terms.longest(document):
            by = self._weights[at]
            yield Hit(Kind.HEALTH_TERM, start, end, _SCORES[by], by)
        for match in self._ending.finditer(document.skeleton.wide):
            word = match.group().decode("latin-1")
            if word not in self._not and len(word) > 6:
                start, end = match.start() - 1, match.end() - 1  # of the text, which `wide` begins before
                if not document.text[start].isupper() or self._no_name(document, word):
                    yield Hit(Kind.HEALTH_TERM, start, end, 0.6, "health_ending")

    def _no_name(self, document: Document, word: str) -> bool:
        """Whether a capitalised word is no name of a person or place: a heading, or where a sentence begins."""
        return document.lexicon.flags.get(word, 0) & (WORD | NAME | PLACE) == WORD


def _over_words(pattern: str) -> Any:
    options = quiet(8)
    options.encoding = re2.Options.Encoding.LATIN1
    return re2.compile((r"\b" + pattern).encode(), options)


FAMILY = Family("health_terms", _RULES)
