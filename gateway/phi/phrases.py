"""A list of phrases as one automaton over a document's skeleton: whole words, in any case, wrapped or hyphenated anyhow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ahocorasick_rs import BytesAhoCorasick, MatchKind

from gateway.phi.document import Document
from gateway.phi.skeleton import plain_bytes

Found = tuple[int, int, int]
"""The phrase's number in its list, and its span in the document's text."""


class Phrases:
    """Finds every phrase of a list, and its plural in -s."""

    def __init__(self, phrases: Iterable[str]) -> None:
        numbers: dict[bytes, int] = {}
        for number, phrase in enumerate(phrases):
            plain = plain_bytes(phrase)
            if plain:
                numbers[plain] = number
        for plain, number in list(numbers.items()):
            numbers.setdefault(plain + b"s", number)
        self._numbers = list(numbers.values())
        patterns = [b" " + one + b" " for one in numbers] or [b"\x00"]
        self._automaton = BytesAhoCorasick(patterns, matchkind=MatchKind.Standard)

    def every(self, document: Document) -> Iterator[Found]:
        """All of them, overlapping ones too, by where they end."""
        skeleton = document.skeleton
        for at, start, end in self._automaton.find_matches_as_indexes(skeleton.data, overlapping=True):
            yield self._numbers[at], *skeleton.span(start + 1, end - 1)

    def longest(self, document: Document) -> Iterator[Found]:
        """The longest at each place, from left to right, none overlapping."""
        after = 0
        for one in sorted(self.every(document), key=lambda one: (one[1], -one[2])):
            if one[1] >= after:
                after = one[2]
                yield one
