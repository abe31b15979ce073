"""A list of phrases looked up in a document's skeleton: whole words, in any case, wrapped or hyphenated anyhow.

Words that begin no phrase cost one look into a table; of a phrase, only those of its first word's lengths are tried.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gateway.phi.document import Document
from gateway.phi.skeleton import plain_bytes

Found = tuple[int, int, int]
"""The phrase's number in its list, and its span in the document's text."""


class Phrases:
    """Finds every phrase of a list, and its plural in -s."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self._numbers: dict[bytes, int] = {}
        for number, phrase in enumerate(phrases):
            plain = plain_bytes(phrase)
            if plain:
                self._numbers[plain] = number
        for plain, number in list(self._numbers.items()):
            self._numbers.setdefault(plain + b"s", number)
        self._begins: dict[bytes, dict[bytes, tuple[int, ...]]] = {}
        """By its first word, and its second if it has one: how many words the phrases have, the most first."""
        for plain in self._numbers:
            first, second, *_ = *plain.split(b" ", 2), b""
            some = self._begins.setdefault(first, {})
            some[second] = tuple(sorted({*some.get(second, ()), plain.count(b" ") + 1}, reverse=True))
        self._firsts = frozenset(self._begins)

    def every(self, document: Document) -> Iterator[Found]:
        """All of them, overlapping ones too, by where they begin, the longest first."""
        skeleton, numbers, begins = document.skeleton, self._numbers, self._begins
        words, firsts = skeleton.words, skeleton.vocabulary & self._firsts
        last = len(words) - 1
        for at in [at for at, word in enumerate(words) if word in firsts] if firsts else ():
            seconds = begins[words[at]]
            if at < last and words[at + 1] in seconds:
                for length in seconds[words[at + 1]]:
                    number = numbers.get(b" ".join(words[at : at + length]))
                    if number is not None and at + length <= last + 1:
                        yield number, *skeleton.span(at, at + length)
            if b"" in seconds:
                yield numbers[words[at]], *skeleton.span(at, at + 1)

    def longest(self, document: Document) -> Iterator[Found]:
        """The longest at each place, from left to right, none overlapping."""
        after = 0
        for one in self.every(document):
            if one[1] >= after:
                after = one[2]
                yield one
