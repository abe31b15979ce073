"""From raw hits to findings of one document: overlaps merged, edges trimmed, certain names spread over the message.

Identifiers that overlap become one span of the best-scored kind; health terms and organisations stay apart from them.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from operator import attrgetter, itemgetter

from gateway.domain.finding import Finding, Kind
from gateway.phi.document import Document
from gateway.phi.lexicon import EPONYM, STOP, WORD
from gateway.phi.recognizers.name_words import PARTICLES, SUFFIXES, TITLES
from gateway.phi.recognizers.rule import Hit

_CERTAIN = 0.8
_NO_NICKNAME = frozenset(
    {"md", "do", "pa", "np", "rn", "dr", "pt", "ot", "na", "jr", "sr", "ii", "iv", "tx", "hr", "us"}
)
"""Two capitals beside a name that are a degree, a State or an abbreviation."""
_START, _END, _PLACE = itemgetter(1), itemgetter(2), itemgetter(1, 2)
_BEGIN = attrgetter("start")
_TRIM = " \t\r\n,;:|\"'<>"


def merge(document: Document, hits: Iterable[Hit]) -> list[Hit]:
    """One hit for each stretch of overlapping ones, in order; each of the three layers by itself."""
    identifiers: list[Hit] = []
    terms: list[Hit] = []
    organizations: list[Hit] = []
    text = document.text
    for hit in hits:
        kind = hit.kind
        layer = terms if kind is Kind.HEALTH_TERM else organizations if kind is Kind.ORGANIZATION else identifiers
        if kind is Kind.NAME or text[hit.start] in _TRIM or text[hit.end - 1] in _TRIM:
            trimmed = _trim(text, hit)
            if trimmed is None:
                continue
            layer.append(trimmed)
        else:
            layer.append(hit)
    merged = _swept(identifiers)
    if terms or organizations:
        merged += [*_swept(terms), *_swept(organizations)]
        merged.sort(key=_PLACE)
    return merged


def without_evidence(hits: Iterable[Hit]) -> tuple[list[Hit], list[Hit]]:
    """The hits that `merge` may take, and the evidence of classes, which overlaps health terms on purpose."""
    plain: list[Hit] = []
    evidence: list[Hit] = []
    for hit in hits:
        (evidence if is_evidence(hit) else plain).append(hit)
    return plain, evidence


def is_evidence(hit: Hit) -> bool:
    """Whether a hit only shows a class of information."""
    return hit.by.startswith("class_")


def _swept(hits: list[Hit]) -> list[Hit]:
    swept: list[Hit] = []
    if not hits:
        return swept
    hits.sort(key=_END, reverse=True)
    hits.sort(key=_START)  # the longest first where several begin
    current, after = hits[0], hits[0].end
    for hit in itertools.islice(hits, 1, None):
        if hit.start >= after:
            swept.append(current)
            current, after = hit, hit.end
        else:
            best = hit if _weight(hit) > _weight(current) else current
            after = max(after, hit.end)
            if best is not current or after > current.end:
                current = Hit(best.kind, current.start, after, best.score, best.by)
    swept.append(current)
    return swept


def _weight(hit: Hit) -> tuple[float, int]:
    kind = hit.kind
    less = 0.05 if kind is Kind.OTHER_ID else 0.1 if kind is Kind.ORGANIZATION else 0.0
    return hit.score - less, hit.end - hit.start


def _trim(text: str, hit: Hit) -> Hit | None:
    start, end = hit.start, hit.end
    while start < end and text[start] in _TRIM:
        start += 1
    while end > start and text[end - 1] in _TRIM:
        end -= 1
    if start == end:
        return None
    if (
        hit.kind is Kind.NAME
        and text[end - 1] == "."
        and end - start > 4
        and text[end - 4 : end - 1].isalpha()
        and text[end - 4 : end - 1].lower() not in {" jr", " sr", "esq"}
    ):
        end -= 1
    return hit if (start, end) == (hit.start, hit.end) else Hit(hit.kind, start, end, hit.score, hit.by)


def certain_words(document: Document, hits: Iterable[Hit]) -> set[str]:
    """The words of names that were found with certainty."""
    spans = [(hit.start, hit.end) for hit in hits if hit.kind is Kind.NAME and hit.score >= _CERTAIN]
    words: set[str] = set()
    if not spans:
        return words
    tokens = document.tokens
    for start, end in spans:
        for at in range(bisect_left(tokens, start, key=_BEGIN), len(tokens)):
            token = tokens[at]
            if token.start >= end:
                break
            if (
                not token.initial
                and not token.flags & STOP
                and (len(token.low) > 2 or (token.shouted and token.low not in _NO_NICKNAME))
            ):
                words.add(token.low)
    return words - TITLES - SUFFIXES - PARTICLES


def spread(document: Document, words: set[str]) -> Iterator[Hit]:
    """Other places where a certain name's words stand capitalised, with an initial that follows."""
    tokens = document.tokens
    for at, token in enumerate(tokens):
        if (
            token.low not in words
            or (len(token.low) == 2 and not token.shouted)
            or (token.flags & WORD and begins(document, token.start))
            or (token.flags & EPONYM and _followed_by_noun(document, token.end))
        ):
            continue
        end = token.end
        following = tokens[at + 1] if at + 1 < len(tokens) else None
        if following is not None and following.initial and document.text[end : following.start] == " ":
            end = following.end
        yield Hit(Kind.NAME, token.start, end, 0.6, "name_again")


def begins(document: Document, start: int) -> bool:
    """Whether a sentence or a value begins here, so that a capital says nothing."""
    before = document.text[max(0, start - 3) : start].rstrip(" \t")
    return not before or before[-1] in ".:!?\n-*"


def _followed_by_noun(document: Document, end: int) -> bool:
    after = document.lower[end : end + 24].removeprefix("'s").split()
    return bool(after) and after[0].strip(".,;:()") in document.lexicon.eponym_nouns


def to_finding(document: Document, hit: Hit) -> Finding:
    """The hit with its place in the original text."""
    start, end = document.normal.original(hit.start, hit.end)
    return Finding(hit.kind, document.part, start, end, round(hit.score, 2), hit.by)
