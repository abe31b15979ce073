"""Places that the lexicon has, counties, and named places of care, read from capitalised words (B).

A place that is a word or a person's name as well needs `in`, `from` or the like; a place of care needs more than words
that every hospital has (`Community Health Center` names none).
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.domain.finding import Kind
from gateway.phi.document import Document
from gateway.phi.lexicon import GIVEN, NAME, PLACE, STOP, WORD
from gateway.phi.recognizers.name_cues import word_before
from gateway.phi.recognizers.place_words import CARE, CARE_ENDS, CARE_MIDDLES, GENERIC, LARGE_CITIES
from gateway.phi.recognizers.rule import Hit
from gateway.phi.words import Token

_BEFORE = frozenset(
    ["in", "from", "at", "near", "to", "of", "outside", "around", "visit", "visiting", "towards", "en", "desde", "downtown", "via", "leaving"]
)  # fmt: skip
_COUNTIES = frozenset({"county", "parish", "township", "borough"})
_INSIDE = frozenset(
    {" ", " of ", " the ", " for ", " and ", " & ", " of the ", " for the ", "'s ", " at ", " de ", " del "}
)
_LONGEST = 7


def find_places(document: Document) -> Iterator[Hit]:
    """Names of places that the lexicon has, and counties."""
    tokens, lexicon, text = document.tokens, document.lexicon, document.text
    firsts, places = lexicon.place_firsts, lexicon.places
    at, count = 0, len(tokens)
    while at < count:
        token = tokens[at]
        if token.low in firsts:
            for length in (3, 2):
                group = tokens[at : at + length]
                if (
                    len(group) == length
                    and " ".join([one.low for one in group]) in places
                    and all(text[group[i].end : group[i + 1].start] == " " for i in range(length - 1))
                ):
                    if " ".join([one.low for one in group]) not in lexicon.lands:
                        yield Hit(Kind.LOCATION, token.start, group[-1].end, 0.6, "place")
                    at += length - 1
                    break
            else:
                length = 1
            if length > 1:
                at += 1
                continue
        if token.flags & PLACE and _meant(document, token):
            yield Hit(Kind.LOCATION, token.start, token.end, 0.5, "place")
        elif token.low in _COUNTIES and at and text[tokens[at - 1].end : token.start] == " ":
            first = _walk(document, tokens, at, 3)
            if first is not None:
                yield Hit(Kind.LOCATION, first.start, token.end, 0.65, "county")
        at += 1


def _meant(document: Document, token: Token) -> bool:
    """Whether a single word is the place: it is nothing else, or what stands before it says so."""
    flags = token.flags
    if token.low in document.lexicon.lands:
        return False
    if flags & STOP or len(token.low) < 4 or (token.shouted and flags & WORD):
        return token.low in LARGE_CITIES and not flags & STOP
    if not flags & (NAME | WORD):
        return True
    if token.low in LARGE_CITIES and not flags & GIVEN:
        return True
    return word_before(document, token.start) in _BEFORE


def find_facilities(document: Document) -> Iterator[Hit]:
    """Named hospitals, clinics, health centres and homes."""
    tokens = document.tokens
    for at, token in enumerate(tokens):
        low = token.low
        if low in CARE or (
            low in CARE_ENDS and at and tokens[at - 1].low in CARE_MIDDLES and _beside(document, tokens, at)
        ):
            last = at
        else:
            continue
        hit = _facility(document, tokens, last)
        if hit is not None:
            yield hit


def _beside(document: Document, tokens: list[Token], at: int) -> bool:
    return document.text[tokens[at - 1].end : tokens[at].start] == " "


def _facility(document: Document, tokens: list[Token], last: int) -> Hit | None:
    text = document.text
    first = last
    while first and last - first < _LONGEST:
        one = tokens[first - 1]
        gap = text[one.end : tokens[first].start]
        if gap not in _INSIDE or (one.text[-1] == "." and one.low not in {"st", "mt", "ft"} and not one.initial):
            break
        first -= 1
    while first < last and (
        tokens[first].low in _LEADING or (tokens[first].flags & STOP and tokens[first].low not in GENERIC)
    ):
        first += 1
    named = any(one.low not in GENERIC and not (one.flags & STOP) for one in tokens[first:last])
    end = tokens[last].end
    if text[end : end + 4] in {" of ", " at "} and last + 1 < len(tokens) and tokens[last + 1].start <= end + 8:
        following = tokens[last + 1]
        if text[end : following.start] in {" of ", " at ", " of the "} and not following.flags & STOP:
            end, named = following.end, True
            if (
                last + 2 < len(tokens)
                and text[end : tokens[last + 2].start] == " "
                and not tokens[last + 2].flags & STOP
            ):
                end = tokens[last + 2].end
    if not named or (first == last and end == tokens[last].end):
        return None
    if (
        tokens[last].low != "hospital"
        and end == tokens[last].end
        and all(one.flags & WORD and not one.flags & (NAME | PLACE) for one in tokens[first:last])
    ):
        return None
    return Hit(Kind.LOCATION, tokens[first].start, end, 0.6, "facility")


_LEADING = frozenset(
    {
        "the",
        "our",
        "your",
        "this",
        "that",
        "a",
        "an",
        "at",
        "in",
        "from",
        "to",
        "my",
        "his",
        "her",
        "their",
        "and",
        "of",
        "for",
        "referring",
        "outside",
        "other",
        "admit",
        "patient",
    }
)


def _walk(document: Document, tokens: list[Token], at: int, most: int) -> Token | None:
    """The first of the capitalised words right before the one at `at`."""
    first = None
    for back in range(1, most + 1):
        one = tokens[at - back] if at >= back else None
        after = tokens[at - back + 1]
        if (
            one is None
            or document.text[one.end : after.start] != " "
            or (one.flags & STOP and one.low not in _CARDINAL)
        ):
            break
        first = one
    return first


_CARDINAL = frozenset({"north", "south", "east", "west", "new", "st"})
