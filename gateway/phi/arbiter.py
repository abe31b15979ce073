"""The tagger's say on names and places.

Rules with structure always stand. A name or place that only word lists support stands if the tagger does not rule it
out; what the tagger alone is sure of is added. On ordinary letters it looks only at stretches round words that are in
doubt; in strict mode, or when asked, at everything. TaggerFailed goes through: the caller makes it a gap.
"""

from __future__ import annotations

import itertools
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from gateway.domain.finding import Kind, Mode
from gateway.phi.additions import Added
from gateway.phi.beginnings import Bounds
from gateway.phi.certainty import Certainties
from gateway.phi.document import Document
from gateway.phi.lexicon import EPONYM, GIVEN, NAME, STOP, WORD
from gateway.phi.normalize import fold_name
from gateway.phi.recognizers.eponyms import Eponyms
from gateway.phi.recognizers.name_cues import placed
from gateway.phi.recognizers.rule import Hit
from gateway.phi.small_names import abroad, small_names
from gateway.phi.spans import begins, certain_words, merge
from gateway.phi.tagger import LABELS, Scores
from gateway.phi.tokens import tokens

BY_LISTS: Final = frozenset({
    "given_name", "surname", "two_surnames", "unknown_pair", "likely_given_and_surname", "name_among_people", "listed_name", "name_and_initial",
    "lower_case_name", "lower_case_cue", "place", "facility", "county", "header_name", "surname_initial", "family_first",
})  # fmt: skip
"""Recognisers whose names and places rest on word lists."""
_SICK = 0.2
"""A surname that the tagger may take for an eponym is somebody's, unless a thing is named: `Potassium 6.1 on Garcia`."""
_MARGIN = 120
"""Characters to each side of a doubtful word: about what the tagger sees."""
_HISTORIC = 0.05
"""A bound as low as strict mode's keeps what a text of history names."""
_NAME, _LOCATION = LABELS.index("name"), LABELS.index("location")


class Tags(Protocol):
    """What the engine needs of the tagger."""

    def tag(self, texts: Sequence[Sequence[str]]) -> list[Scores]:
        """The probability of each label for each token of each text."""


BOUNDS: Final = {Mode.BALANCED: Bounds(0.08, 0.25, False), Mode.STRICT: Bounds(0.01, 0.2, True)}


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
        places = [(a + start, b + start) for a, b in inside] if start else inside
        found.append(Window(places, [piece[a:b] for a, b in inside]))
    return [one for one in found if one.places]


def _doubtful(document: Document, hits: Sequence[Hit]) -> list[tuple[int, int]]:
    """Names and places that rest on lists, capitalised words that nothing explains, and small words that may be names. Words
    of a name that the same text holds with certainty are in no doubt: they are found again whatever the tagger says
    (spans.spread).
    """
    text = document.text
    found = [(one.start, one.end) for one in hits if one.by in BY_LISTS and one.score < 0.85]
    if found:
        sure = certain_words(document, hits)
        found = [
            (start, end) for start, end in found if not sure.issuperset(fold_name(document.text[start:end]).split())
        ]
    starts = [one.start for one in hits]
    capitals = document.tokens
    for one, two in itertools.pairwise(capitals):
        if one.shape & two.shape & 1 and one.text[-1] == "." and text[one.end : two.start] in {"", " "}:
            found.append((one.start, two.end))
    for token in capitals:
        if token.flags & STOP or token.shape & 1:
            continue
        if token.flags & WORD and not token.flags & NAME and not placed(document, token.start):
            continue
        if token.flags & WORD and not token.flags & GIVEN and begins(document, token.start):
            continue
        at = bisect_right(starts, token.start) - 1
        if at < 0 or hits[at].end <= token.start:
            found.append((token.start, token.end))
    found += small_names(document)
    found += abroad(document)
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
    spans: list[tuple[int, int]] = []
    likely: list[int] = []
    """The few words of which the tagger says anything; one step of rounding below what counts."""
    for window, scores in looked:
        least = 0.99 * bounds.never
        spoken = (scores[:, _NAME] >= least) | (scores[:, _LOCATION] >= least)
        likely += [len(spans) + at for at in spoken.nonzero()[0].tolist()]
        spans += window.places
    sure = Certainties([scores for _, scores in looked])
    starts = [start for start, _ in spans]
    eponyms = Eponyms(document)
    kept = [hit for hit in hits if hit.by not in BY_LISTS or _stands(document, hit, starts, sure, bounds.keep, eponyms)]
    places = sorted((one.start, one.end) for one in kept if one.by not in BY_LISTS)
    added = [one for one in Added(document, spans, sure, likely, bounds, eponyms).hits() if not _within(one, places)]
    return merge(document, [*kept, *added]) if added else kept


def _stands(document: Document, hit: Hit, starts: list[int], sure: Certainties, least: float, eponyms: Eponyms) -> bool:
    """Whether the tagger does not rule the hit out; what it has not looked at stands."""
    if hit.kind not in {Kind.NAME, Kind.LOCATION}:
        return True
    first, after = bisect_left(starts, hit.start), bisect_left(starts, hit.end)
    if first == after:
        return True
    if hit.by == "place" and (eponyms.named_after(hit.start, hit.end) or _of_state(document, hit.start)):
        return False
    if hit.kind is Kind.NAME and eponyms.cited(hit.start, hit.end):
        return False
    if least >= _HISTORIC and eponyms.history():  # of the towns and people of those days, lists tell nothing
        return hit.kind is Kind.NAME and max(sure[at][0] for at in range(first, after)) >= 0.5
    if hit.by == "surname":
        least *= 2
        word = fold_name(document.text[hit.start : hit.end])
        if word in document.lexicon.lands or word in document.lexicon.drugs:
            return False
        if sure.of_health(first) >= _SICK and not document.lexicon.flags.get(word, 0) & (WORD | EPONYM):
            return not eponyms.named_after(hit.start, hit.end)
    return max(sum(sure[at]) for at in range(first, after)) >= least


def _within(hit: Hit, places: list[tuple[int, int]]) -> bool:
    """Whether one of the places, in their order, holds the hit: what a rule found for its form is not the tagger's."""
    at = bisect_right(places, (hit.start, sys.maxsize)) - 1
    return at >= 0 and places[at][1] >= hit.end


def _of_state(document: Document, start: int) -> bool:
    """Whether a State is named: `the State of Washington`."""
    return document.lower[max(0, start - 12) : start].endswith(
        ("state of ", "estado de ", "partment of ", "secretary of ", "inistry of ", "hamber of ")
    )
