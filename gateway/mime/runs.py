"""Text taken from HTML with the way back: which characters of the source each character of the text came from.

`TextRuns` grows run by run; `edits` turns spans of the finished text into replacements in the source that keep its markup
whole, escaped for the place where they stand.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import NamedTuple

Span = tuple[int, int, str]
# Characters that show nothing are left out, so that they cannot cut a name in two.
_TOKEN = re.compile(
    r"(?P<literal>[^&\s\x00\u00ad\u200b-\u200d\u2060\ufeff]+(?: [^&\s\x00\u00ad\u200b-\u200d\u2060\ufeff]+)*)"
    r"|(?P<reference>&(?:#[0-9]{1,20};?|#[xX][0-9a-fA-F]{1,20};?|[A-Za-z][A-Za-z0-9]{0,31};?))"
    r"|(?P<blank>[ \t\n\r\f]+)"
    r"|(?P<other>[\s\S])"
)
_UNSEEN = re.compile(r"[\x00\u00ad\u200b-\u200d\u2060\ufeff]")


class Place(Enum):
    """Where in the markup a run stands; it decides how a placeholder is written there."""

    NOWHERE = 0
    TEXT = 1
    QUOTED = 2
    BARE = 3
    COMMENT = 4
    CODE = 5


class Run(NamedTuple):
    """`start` in the text, `length` code points, and the source they came from; `exact` if character for character."""

    start: int
    length: int
    source: int
    source_end: int
    exact: bool
    place: Place


class TextRuns:
    """Text under construction. `last` is its last character, for collapsing white space."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self.size = 0
        self.runs: list[Run] = []
        self.last = "\n"

    def _add(self, text: str, source: int, source_end: int, place: Place, *, exact: bool) -> None:
        before = self.runs[-1] if exact and self.runs else None
        if before is not None and before.exact and before.source_end == source and before.place is place:
            length = before.length + len(text)
            self.runs[-1] = Run(before.start, length, before.source, source_end, exact=True, place=place)
        else:
            self.runs.append(Run(self.size, len(text), source, source_end, exact, place))
        self._out.append(text)
        self.size += len(text)
        self.last = text[-1]

    def insert(self, text: str) -> None:
        """Characters that the source has only as markup: line breaks and cell edges. Never two in a row."""
        if self.last not in "\n\t" or (text == "\n" and self.last == "\t"):
            self._add(text, 0, 0, Place.NOWHERE, exact=False)

    def exact(self, source: str, start: int, end: int, place: Place) -> None:
        """Characters as they stand in the source."""
        if end > start:
            self._add(source[start:end], start, end, place, exact=True)

    def escaped(self, char: str, start: int, end: int, place: Place) -> None:
        """One character that the source writes in another way."""
        self._add(char, start, end, place, exact=False)

    def take(self, source: str, start: int, end: int, place: Place, *, keep_blanks: bool = False) -> None:
        """Character data: references resolved, white space collapsed unless `keep_blanks`, invisible ones left out."""
        for match in _TOKEN.finditer(source, start, end):
            at, to, kind = match.start(), match.end(), match.lastgroup
            if kind == "literal" or (kind == "blank" and keep_blanks):
                self._add(match.group(), at, to, place, exact=True)
            elif kind == "blank":
                if self.last not in " \n\t":
                    self._add(" ", at, to, place, exact=False)
            elif kind == "reference":
                self._reference(match.group(), at, to, place)
            elif match.group().isspace():
                self._add(" ", at, to, place, exact=False)
            elif match.group() == "&":
                self._add("&", at, to, place, exact=True)

    def _reference(self, text: str, at: int, to: int, place: Place) -> None:
        resolved = html.unescape(text)
        if resolved == text:
            self._add(text, at, to, place, exact=True)
            return
        shown = _UNSEEN.sub("", resolved)
        if shown:
            self._add(" " if shown.isspace() and len(shown) == 1 else shown, at, to, place, exact=False)

    def append(self, other: TextRuns) -> None:
        """Put another text behind this one."""
        if not other.size:
            return
        self.insert("\n")
        shift = self.size
        self.runs.extend(run._replace(start=run.start + shift) for run in other.runs)
        self._out.extend(other._out)
        self.size += other.size
        self.last = other.last

    def text(self) -> str:
        """The text so far."""
        return "".join(self._out)


def apply(source: str, runs: Sequence[Run], spans: Sequence[Span]) -> str:
    """The source with each span of the text replaced in the run where it begins and emptied in the others."""
    out: list[str] = []
    at = 0
    for start, end, written in edits(runs, spans):
        if end <= at and start < at:
            continue
        out.append(source[at : max(at, start)])
        out.append(written)
        at = max(at, end)
    out.append(source[at:])
    return "".join(out)


def edits(runs: Sequence[Run], spans: Sequence[Span]) -> list[tuple[int, int, str]]:
    """Replacements in the source, in its order; a place of the text that is only markup needs none."""
    found: list[tuple[int, int, str]] = []
    starts = [run.start for run in runs]
    for start, end, placeholder in _merged(spans):
        first = True
        for run in _touched(runs, starts, start, end):
            low, high = max(start - run.start, 0), min(end - run.start, run.length)
            source = (run.source + low, run.source + high) if run.exact else (run.source, run.source_end)
            found.append((*source, _written(placeholder, run.place) if first else ""))
            first = False
    return sorted(found, key=lambda edit: edit[:2])


def _merged(spans: Sequence[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end, placeholder in sorted(spans, key=lambda span: span[:2]):
        if end <= start:
            continue
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end), merged[-1][2])
        else:
            merged.append((start, end, placeholder))
    return merged


def _touched(runs: Sequence[Run], starts: Sequence[int], start: int, end: int) -> Iterator[Run]:
    for index in range(max(0, bisect_right(starts, start) - 1), len(runs)):
        run = runs[index]
        if run.start >= end:
            return
        if run.place is not Place.NOWHERE and run.start + run.length > start:
            yield run


def _written(placeholder: str, place: Place) -> str:
    if place is Place.TEXT:
        return html.escape(placeholder, quote=False)
    if place is Place.QUOTED:
        return html.escape(placeholder, quote=True)
    if place is Place.COMMENT:
        return re.sub(r"[<>&]|-(?=-)|-\Z", "", placeholder)
    return re.sub(r"[^\w\[\].:-]", "_", placeholder)  # no quoting there: only what cannot end the place
