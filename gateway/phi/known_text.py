"""What a search of the register goes over: all parts as one text in windows that overlap; and what it saw there."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from gateway.phi.known_keys import Key
from gateway.phi.normalize import Normalized
from gateway.phi.skeleton import wide

NEIGHBOUR = 200
_WINDOW, _OVERLAP, _SEARCH = 64 * 1024, 1024, 512
_SPACE = re.compile(r"\s")
_APART = "\n\n\n"


@dataclass(frozen=True, slots=True)
class Sight:
    """One key of a patient, and its place in the joined text."""

    key: Key
    start: int
    end: int


@dataclass(slots=True)
class Sights:
    """All that was seen, by patient; surnames and initials apart, because nearly all of them are chance."""

    of: dict[int, set[Sight]] = field(default_factory=lambda: defaultdict(set))
    surnames: dict[bytes, list[Sight]] = field(default_factory=lambda: defaultdict(list))
    initials: dict[bytes, list[tuple[bytes, Sight]]] = field(default_factory=lambda: defaultdict(list))


@dataclass(frozen=True, slots=True)
class Joined:
    """The parts as one text; `starts` are where they begin in it."""

    parts: Sequence[tuple[str, Normalized]]
    text: str = field(repr=False)
    starts: tuple[int, ...]

    @classmethod
    def of(cls, parts: Sequence[tuple[str, Normalized]]) -> Joined:
        """Join the parts, so that nothing but white space stands between them."""
        starts, at = [], 0
        for _, normal in parts:
            starts.append(at)
            at += len(normal.text) + len(_APART)
        return cls(parts, _APART.join(normal.text for _, normal in parts), tuple(starts))

    def place(self, start: int, end: int) -> tuple[str, int, int] | None:
        """The part and its original span; None for what would reach over two parts."""
        number = bisect_right(self.starts, start) - 1
        name, normal = self.parts[number]
        start, end = start - self.starts[number], end - self.starts[number]
        return None if end > len(normal.text) else (name, *normal.original(start, end))


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of the joined text, `base` further on in it; `data` has a byte for each of its characters."""

    base: int
    text: str = field(repr=False)
    data: bytes = field(repr=False)

    @classmethod
    def of(cls, base: int, text: str) -> Window:
        """A window that begins at `base` of the joined text."""
        return cls(base, text, wide(text))

    def sight(self, key: Key, start: int, end: int) -> Sight:
        """A key at that span of the window."""
        return Sight(key, self.base + start, self.base + end)


def windows(text: str) -> Iterator[tuple[int, str]]:
    """A text in stretches that overlap, cut between words."""
    start = 0
    while len(text) - start > _WINDOW:
        end = gap(text, start + _WINDOW)
        yield start, text[start:end]
        start = gap(text, end - _OVERLAP)
    yield start, text[start:]


def gap(text: str, at: int) -> int:
    """The next place between words from `at` on; `at` itself where there is none within reach."""
    found = _SPACE.search(text, at, at + _SEARCH) if at else None
    return found.start() if found else at
