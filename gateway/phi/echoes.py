"""Where the names that a letter masks stand again in its other words: in small letters, with one letter wrong, as initials.

The verdict leaves such words alone, because alone they say too little. In a letter that is to leave masked they would tell
who the placeholder is. Ordinary words are no echo of anybody: `will` is not Will.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from gateway.domain.finding import Finding, Kind
from gateway.phi.lexicon import STOP, WORD
from gateway.phi.normalize import fold_name, normalize
from gateway.phi.page import DEGREES
from gateway.phi.recognizers.name_words import PARTICLES, SUFFIXES, TITLES
from gateway.phi.redact import whole
from gateway.phi.shorthand import COUNTS

_NO_NAME = TITLES | SUFFIXES | PARTICLES
_MOST_WORDS = 4
_TOKEN = re.compile(r"[^\W\d_]{3,40}")
_INITIALS = re.compile(r"(?<![^\W_])[A-Z]\.?[A-Z](?:\.?[A-Z])?(?![^\W_])")
_LONG = 6
"""So long a word is known with one letter wrong, missing, too many, or two that changed places."""


class Echoes:
    """The words of the names among the findings of a letter; `texts` are its parts, `flags` the lexicon's table of words."""

    def __init__(self, texts: Mapping[str, str], findings: Iterable[Finding], flags: Mapping[str, int]) -> None:
        self._flags = flags
        self._words: set[str] = set()
        self._initials: set[str] = set()
        for one in findings:
            if one.kind is Kind.NAME and one.score >= COUNTS and one.part in texts:
                text = texts[one.part]
                name = [word for _, _, word in _words(text[slice(*whole(text, one.start, one.end))])]
                name = [word for word in name if word not in _NO_NAME]
                self._words |= {word for word in name if not self._ordinary(word)}
                if 2 <= len(name) <= _MOST_WORDS:
                    first, last = name[0][0], name[-1][0]
                    self._initials |= {"".join(word[0] for word in name), first + last, last + first}
        self._initials = {one for one in self._initials if one not in DEGREES and not flags.get(one, 0) & STOP}
        self._near = {form for word in self._words if len(word) >= _LONG for form in _shortened(word)}

    def find(self, part: str, text: str, besides: Iterable[Finding] = ()) -> list[Finding]:
        """The places of a text where such a word or its initials stand, but for those that a finding `besides` calls a health term."""
        health = [one for one in besides if one.kind is Kind.HEALTH_TERM and one.part == part]
        return [
            Finding(Kind.NAME, part, start, end, COUNTS, "echo")
            for start, end in self._places(text)
            if not any(one.start < end and start < one.end for one in health)
        ]

    def _places(self, text: str) -> Iterator[tuple[int, int]]:
        yield from ((start, end) for start, end, word in _words(text) if self._echoes(word))
        if self._initials:
            normal = normalize(text)
            for match in _INITIALS.finditer(normal.text):
                if match.group().replace(".", "").lower() in self._initials:
                    yield normal.original(*match.span())

    def _echoes(self, word: str) -> bool:
        if word in self._words:
            return True
        near = len(word) >= _LONG - 1 and not self._near.isdisjoint(_shortened(word))
        return near and not self._ordinary(word)

    def _ordinary(self, word: str) -> bool:
        return bool(self._flags.get(word, 0) & (WORD | STOP))


def _words(text: str) -> Iterator[tuple[int, int, str]]:
    normal = normalize(text)
    for match in _TOKEN.finditer(normal.text):
        yield *normal.original(*match.span()), fold_name(match.group())


def _shortened(word: str) -> set[str]:
    """The word, and it without any one of its letters: two words that differ in one letter have one of these in common."""
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}
