"""Words that the practice has decided on: what is always a finding, and what never is. By kind, in any case, whole words.

A finding is dropped only where an allowed phrase covers all of it; more than the phrase stays found. What the register knows
of its patients is found beside these lists, so nothing that is allowed here hides a registered patient's name or keys.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from gateway.domain.finding import Kind
from gateway.phi.document import Document
from gateway.phi.phrases import Phrases
from gateway.phi.recognizers.rule import Hit
from gateway.phi.skeleton import plain_bytes
from gateway.phi.spans import is_evidence, merge, without_evidence

DENIED = "deny_list"

Entry = tuple[Kind, str]


@dataclass(frozen=True, slots=True)
class _List:
    """Phrases of one kind."""

    kind: Kind
    plain: tuple[bytes, ...]
    phrases: Phrases

    @classmethod
    def of(cls, kind: Kind, phrases: Sequence[str]) -> _List:
        return cls(kind, tuple(plain_bytes(one) for one in phrases), Phrases(phrases))

    def spans(self, document: Document) -> list[tuple[int, int]]:
        """Where the phrases stand as they are, without plurals."""
        return sorted(
            (start, end)
            for number, start, end in self.phrases.every(document)
            if plain_bytes(document.text[start:end]) == self.plain[number]
        )


class WordLists:
    """Both lists; keeps nothing of any message."""

    def __init__(self, allowed: Iterable[Entry] = (), denied: Iterable[Entry] = ()) -> None:
        self._allowed, self._denied = tuple(_lists(allowed)), tuple(_lists(denied))

    def add(self, document: Document, hits: list[Hit]) -> list[Hit]:
        """The hits with every denied phrase among them."""
        more = [Hit(one.kind, start, end, 1.0, DENIED) for one in self._denied for start, end in one.spans(document)]
        if not more:
            return hits
        others, evidence = without_evidence(hits)
        return merge(document, [*others, *more]) + evidence

    def drop(self, document: Document, hits: list[Hit]) -> list[Hit]:
        """The hits without those that an allowed phrase of their kind covers."""
        for one in self._allowed:
            if any(hit.kind is one.kind for hit in hits) and (spans := one.spans(document)):
                hits = [hit for hit in hits if hit.kind is not one.kind or not _covered(document, hit, spans)]
        return hits


def _covered(document: Document, hit: Hit, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether one of the spans holds every letter and digit of the hit."""
    if hit.by == DENIED or is_evidence(hit):
        return False
    start, end = hit.start, hit.end
    while start < end and not document.text[start].isalnum():
        start += 1
    while end > start and not document.text[end - 1].isalnum():
        end -= 1
    longest = max((stop for _, stop in spans[: bisect_right(spans, (start, 1 << 62))]), default=-1)
    return longest >= end


def _lists(entries: Iterable[Entry]) -> Iterator[_List]:
    by_kind: dict[Kind, list[str]] = {}
    for kind, phrase in entries:
        by_kind.setdefault(kind, []).append(phrase)
    for kind, phrases in sorted(by_kind.items()):
        yield _List.of(kind, phrases)


NO_LISTS = WordLists()
