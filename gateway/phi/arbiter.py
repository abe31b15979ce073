"""The tagger's say on names and places.

Rules with structure always stand. A name or place that only word lists support stands if the tagger does not rule it
out; what the tagger alone is sure of is added. On ordinary letters it looks only at stretches round words that are in
doubt; in strict mode, or when asked, at everything. TaggerFailed goes through: the caller makes it a gap.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from gateway.domain.finding import Kind, Mode
from gateway.phi.document import Document
from gateway.phi.lexicon import EPONYM, GIVEN, NAME, STOP, WORD
from gateway.phi.normalize import fold_name
from gateway.phi.recognizers.name_cues import word_after
from gateway.phi.recognizers.name_words import PARTICLES
from gateway.phi.recognizers.rule import Hit
from gateway.phi.spans import begins, merge
from gateway.phi.tagger import LABELS, Scores
from gateway.phi.tokens import tokens

BY_LISTS: Final = frozenset({
    "given_name", "surname", "two_surnames", "unknown_pair", "likely_given_and_surname", "name_among_people", "listed_name", "name_and_initial",
    "lower_case_name", "lower_case_cue", "place", "facility", "county", "header_name",
})  # fmt: skip
"""Recognisers whose names and places rest on word lists."""
_MARGIN = 120
"""Characters to each side of a doubtful word: about what the tagger sees."""
_SURE, _NEVER = 0.79, 2.0
_NAME, _LOCATION = LABELS.index("name"), LABELS.index("location")
_PARTS = (LABELS.index("organization"), LABELS.index("id"))


class Tags(Protocol):
    """What the engine needs of the tagger."""

    def tag(self, texts: Sequence[Sequence[str]]) -> list[Scores]:
        """The probability of each label for each token of each text."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """`keep`: what word lists found stands above it; `add`: what they did not find is added above it; `everywhere`:
    whether every word is looked at.
    """

    keep: float
    add: float
    everywhere: bool


BOUNDS: Final = {Mode.BALANCED: Bounds(0.15, 0.4, False), Mode.STRICT: Bounds(0.01, 0.2, True)}


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of a document, in tokens of the shared tokenisation."""

    places: list[tuple[int, int]]
    words: list[str]


def windows(document: Document, hits: Sequence[Hit], everywhere: bool) -> list[Window]:
    """The stretches of the document that the tagger is to look at."""
    text = document.text
    spans = [(0, len(text))] if everywhere else _round(text, _doubtful(document, hits))
    found = []
    for start, end in spans:
        piece = text[start:end]
        inside = tokens(piece)
        found.append(Window([(a + start, b + start) for a, b in inside], [piece[a:b] for a, b in inside]))
    return [one for one in found if one.places]


def _doubtful(document: Document, hits: Sequence[Hit]) -> list[tuple[int, int]]:
    """Names and places that rest on lists, and capitalised words that nothing explains."""
    found = [(one.start, one.end) for one in hits if one.by in BY_LISTS and one.score < 0.85]
    starts = [one.start for one in hits]
    for token in document.tokens:
        if token.flags & STOP or token.shape & 1 or (token.flags & WORD and not token.flags & NAME):
            continue
        if token.flags & WORD and not token.flags & GIVEN and begins(document, token.start):
            continue
        at = bisect_right(starts, token.start) - 1
        if at < 0 or hits[at].end <= token.start:
            found.append((token.start, token.end))
    found.sort()
    return found


def _round(text: str, places: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The places with a margin, grown to whole words, joined where they meet."""
    current: tuple[int, int] | None = None
    for start, end in places:
        first, last = _edge(text, start - _MARGIN, -1), _edge(text, end + _MARGIN, 1)
        if current is not None and first <= current[1]:
            current = (current[0], max(current[1], last))
            continue
        if current is not None:
            yield current
        current = (first, last)
    if current is not None:
        yield current


def _edge(text: str, at: int, step: int) -> int:
    """The nearest blank from `at` on, within reach; the text's end where `at` lies beyond."""
    if at <= 0 or at >= len(text):
        return max(0, min(at, len(text)))
    found = text.rfind(" ", max(0, at - 40), at) if step < 0 else text.find(" ", at, at + 40)
    return found if found >= 0 else at


def weigh(
    document: Document, hits: Sequence[Hit], looked: Sequence[tuple[Window, Scores]], bounds: Bounds
) -> list[Hit]:
    """The hits that stand, and those that the tagger adds."""
    places: list[tuple[int, int]] = []
    sure: list[tuple[float, float, float]] = []
    for window, scores in looked:
        places += window.places
        both = scores[:, _NAME], scores[:, _LOCATION], scores[:, _PARTS[0]] + scores[:, _PARTS[1]]
        sure += zip(*(one.tolist() for one in both), strict=True)
    starts = [start for start, _ in places]
    kept = [hit for hit in hits if hit.by not in BY_LISTS or _stands(hit, starts, sure, bounds.keep)]
    added = list(_added(document, places, sure, bounds))
    return merge(document, [*kept, *added]) if added else kept


def _stands(hit: Hit, starts: list[int], sure: list[tuple[float, float, float]], least: float) -> bool:
    """Whether the tagger does not rule the hit out; what it has not looked at stands."""
    if hit.kind not in {Kind.NAME, Kind.LOCATION}:
        return True
    first, after = bisect_left(starts, hit.start), bisect_left(starts, hit.end)
    return first == after or max(sum(sure[at]) for at in range(first, after)) >= least


def _added(
    document: Document, places: list[tuple[int, int]], sure: list[tuple[float, float, float]], bounds: Bounds
) -> Iterator[Hit]:
    """Runs of tokens that the tagger takes for a name or a place, as far as the word lists do not speak against it."""
    text = document.text
    at, count = 0, len(places)
    while at < count:
        name, location, _ = sure[at]
        best = max(name, location)
        if best < bounds.add:
            at += 1
            continue
        start, end = places[at]
        if best < _needed(document, text[start:end], at + 1 < count and sure[at + 1][1] >= bounds.add, bounds):
            at += 1
            continue
        last = at + 1
        while last < count and _goes_on(text, places, sure, last, location > name, bounds):
            last += 1
        while not text[places[last - 1][0]].isalnum():
            last -= 1
        if _means_nothing(document, start, places[last - 1][1], last - at, best, bounds):
            at = last
            continue
        kind = Kind.NAME if name >= location else Kind.LOCATION
        yield Hit(kind, start, places[last - 1][1], min(_SURE, round(best, 2)), "tagger")
        at = last


def _means_nothing(document: Document, start: int, end: int, words: int, best: float, bounds: Bounds) -> bool:
    """Whether the capital comes of a sentence's beginning, or a disease, sign or instrument bears the name."""
    if word_after(document, end) in document.lexicon.eponym_nouns or document.text[start - 1 : start] == "-":
        return True
    if document.lexicon.flags.get(fold_name(document.text[start:end]), 0) & EPONYM:
        return True
    return words == 1 and best < bounds.add + 0.5 and begins(document, start)


def _needed(document: Document, word: str, place_follows: bool, bounds: Bounds) -> float:
    """The probability from which a token begins a name or place; above 1 for one that never does."""
    if word[0].isdigit():
        return bounds.add + 0.3 if place_follows and len(word) < 7 else _NEVER
    if len(word) < 2 or not word.isalpha():
        return _NEVER
    low = fold_name(word)
    flags = document.lexicon.flags.get(low, 0)
    if flags & (STOP | EPONYM) or low in document.lexicon.drugs or (flags & WORD and not flags & NAME):
        return _NEVER
    if word[0].islower():
        return 0.95 if bounds.everywhere and flags & NAME and not flags & WORD else _NEVER
    if word.isupper() and (len(word) < 4 or not flags & NAME):
        return _NEVER
    return bounds.add + (0.4 if flags & WORD else 0.0 if flags & NAME else 0.2 if bounds.everywhere else 0.35)


def _goes_on(
    text: str,
    places: list[tuple[int, int]],
    sure: list[tuple[float, float, float]],
    at: int,
    place: bool,
    bounds: Bounds,
) -> bool:
    """Whether the token at `at` belongs to the name or place before it."""
    start, end = places[at]
    before = places[at - 1][1]
    if start - before > 1 or max(sure[at][:2]) < bounds.add:
        return False
    sign = text[start]
    if sign in "'-":
        return start == before and text[end : end + 1].isalpha()
    if sign == ".":
        return before - places[at - 1][0] < 4 and start == before and text[end : end + 2].strip().isalnum()
    return (
        sign.isupper()
        or (place and sign.isdigit())
        or text[start:end] in PARTICLES
        or (start == before and sign.isalpha())
    )
