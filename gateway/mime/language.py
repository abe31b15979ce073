"""In which language a letter is written, as far as its pages have words for it: English or Spanish."""

from __future__ import annotations

import re

_WORDS = re.compile(r"[^\W\d_]+")
_MARKS = {
    "en": frozenset(
        [
            "the",
            "and",
            "of",
            "to",
            "is",
            "in",
            "you",
            "your",
            "for",
            "that",
            "with",
            "on",
            "are",
            "this",
            "be",
            "have",
            "we",
            "our",
            "will",
            "please",
            "not",
            "it",
        ]
    ),
    "es": frozenset(
        [
            "el",
            "la",
            "los",
            "las",
            "de",
            "y",
            "que",
            "en",
            "su",
            "un",
            "una",
            "por",
            "para",
            "con",
            "es",
            "del",
            "se",
            "no",
            "lo",
            "le",
            "nos",
            "usted",
            "está",
            "sus",
            "al",
        ]
    ),
}
_ENOUGH = 20_000


def language_of(text: str, otherwise: str) -> str:
    """`en` or `es` by the words that every sentence has; `otherwise` where they do not tell."""
    words = _WORDS.findall(text[:_ENOUGH].casefold())
    counts = {language: sum(one in marks for one in words) for language, marks in _MARKS.items()}
    best, other = sorted(counts, key=lambda one: -counts[one])
    return best if counts[best] >= 3 and counts[best] > 1.5 * counts[other] else otherwise
