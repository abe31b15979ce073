"""The same text twice in one message, as plain text and as HTML: found once, carried over by word.

Only where the layouts agree: where words or line breaks differ, other than by wrapping of long lines, the place and what
stands round it is scanned for itself. The text with fewer line breaks is the one that is scanned, because what a wrapped
line parts stands together there.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from gateway.phi.recognizers.rule import Hit

_WORD = re.compile(r"\S+")
_BREAK = re.compile(r"\n\s*")
_FEWEST = 30
"""Words; less is not worth the comparison."""
_LONG_LINE = 45
"""A line break after so many characters may be a wrapped line."""
_AROUND = 20
"""Words scanned again on each side of a difference: more than any context reaches."""
_MOST = 0.5
"""A share of the words that differs; beyond it the text is scanned for itself."""


class Layout:
    """A text as words (what stands between its blanks) and line breaks."""

    def __init__(self, text: str, words: list[str]) -> None:
        self.text, self.words = text, words

    @cached_property
    def starts(self) -> list[int]:
        """Where each word begins."""
        return [match.start() for match in _WORD.finditer(self.text)]

    def breaks(self) -> dict[int, int]:
        """The words that a line break follows, with the length of their lines."""
        found = {}
        line = 0
        for match in _BREAK.finditer(self.text):
            found[bisect_right(self.starts, match.start()) - 1] = match.start() - line
            line = match.end()
        return found


@dataclass(frozen=True, slots=True)
class Twin:
    """How a text repeats another: the first `head` words and the last `tail`; `again` are the stretches to scan."""

    source: Layout
    copy: Layout
    head: int
    tail: int
    again: list[tuple[int, int]]

    def carried(self, hits: Iterable[Hit]) -> Iterator[Hit]:
        """The source's hits at their places in the copy."""
        for hit in hits:
            start, end = self._place(hit.start), self._place(hit.end - 1)
            if start is not None and end is not None and start <= end:
                yield Hit(hit.kind, start, end + 1, hit.score, hit.by)

    def _place(self, at: int) -> int | None:
        word = bisect_right(self.source.starts, at) - 1
        if word < 0:
            return None
        inside = at - self.source.starts[word]
        if word >= self.head:
            if word < len(self.source.words) - self.tail:
                return None
            word += len(self.copy.words) - len(self.source.words)
        return self.copy.starts[word] + min(inside, len(self.copy.words[word]) - 1)


def may_repeat(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two texts are long and alike enough to be compared."""
    shorter, longer = sorted((len(one), len(other)))
    return shorter >= _FEWEST and shorter >= longer * (1 - _MOST)


def twin(source: Layout, copy: Layout) -> Twin | None:
    """How `copy` repeats `source`, or None where too much differs."""
    one, other = source.words, copy.words
    head = tail = 0
    if one == other:
        head = len(one)
    else:
        most = min(len(one), len(other))
        head = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), most)
        most -= head
        pairs = zip(reversed(one), reversed(other), strict=False)
        tail = min(most, next((at for at, (a, b) in enumerate(pairs) if a != b), most))
    again = _stretches(_differences(source, copy, head, tail), len(other))
    if sum(end - start for start, end in again) > len(other) * _MOST:
        return None
    return Twin(source, copy, head, tail, [_characters(copy, start, end) for start, end in again])


def _differences(source: Layout, copy: Layout, head: int, tail: int) -> Iterator[tuple[int, int]]:
    """The words of the copy, from and to, at which it does not read like the source."""
    shift = len(copy.words) - len(source.words)
    if head < len(copy.words) - tail or head < len(source.words) - tail:
        yield head, len(copy.words) - tail
    theirs: dict[int, int] = {}
    for word, length in source.breaks().items():
        theirs[word if word < head else word + shift] = length
    ours = copy.breaks()
    for word, length in ours.items():
        if word not in theirs and length < _LONG_LINE:
            yield word, word + 1
    for word in theirs:
        if word not in ours:
            yield word, word + 1


def _stretches(differences: Iterator[tuple[int, int]], count: int) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for start, end in sorted(differences):
        first, last = max(0, start - _AROUND), min(count, end + _AROUND)
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        elif first < last:
            found.append((first, last))
    return found


def _characters(copy: Layout, start: int, end: int) -> tuple[int, int]:
    last = end - 1
    return copy.starts[start], copy.starts[last] + len(copy.words[last])
