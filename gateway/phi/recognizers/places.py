"""Places that the lexicon has, and counties, read from capitalised words (B).

A place that is a word or a person's name as well needs `in`, `from` or the like.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.domain.finding import Kind
from gateway.phi.document import Document
from gateway.phi.lexicon import GIVEN, NAME, PLACE, STOP, WORD
from gateway.phi.recognizers.name_cues import word_before
from gateway.phi.recognizers.place_words import LARGE_CITIES
from gateway.phi.recognizers.rule import Hit
from gateway.phi.words import Token

_BEFORE = frozenset(
    ["in", "from", "at", "near", "to", "of", "outside", "around", "visit", "visiting", "towards", "en", "desde", "downtown", "via", "leaving"]
)  # fmt: skip
_COUNTIES = frozenset({"county", "parish", "township", "twp", "twp.", "borough", "reservation", "pueblo", "rancheria"})


def find_places(document: Document) -> Iterator[Hit]:
    """Names of places that the lexicon has, and counties."""
    tokens, lexicon, text = document.tokens, document.lexicon, document.text
    firsts, places, towns = lexicon.place_firsts, lexicon.places, lexicon.towns
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
        if (token.flags & PLACE and _meant(document, token)) or (token.low in towns and _alone(document, at)):
            yield Hit(Kind.LOCATION, token.start, token.end, 0.5, "place")
        elif token.low in _COUNTIES and at and text[tokens[at - 1].end : token.start] == " ":
            first = _walk(document, tokens, at, 3)
            if first is not None:
                yield Hit(Kind.LOCATION, first.start, token.end, 0.65, "county")
        at += 1


def _meant(document: Document, token: Token) -> bool:
    """Whether a single word is the place: it is nothing else, or what stands before it says so."""
    flags = token.flags
    if token.low in document.lexicon.lands and not (token.low in LARGE_CITIES and _no_car(document, token)):
        return False
    if token.shouted and token.low not in LARGE_CITIES and _alone_shouted(document, token):
        return False
    if flags & STOP or len(token.low) < 4 or (token.shouted and flags & WORD):
        return token.low in LARGE_CITIES and not flags & STOP
    if not flags & (NAME | WORD):
        return True
    if token.low in LARGE_CITIES and not flags & GIVEN:
        return True
    return word_before(document, token.start) in _BEFORE


def _no_car(document: Document, token: Token) -> bool:
    """Whether a city that gave its name to a car is meant: no year and no make stands before it."""
    before = word_before(document, token.start)
    return not before.isdigit() and before not in document.lexicon.lands


def _alone_shouted(document: Document, token: Token) -> bool:
    """Whether the words around a place in capitals are in small letters: then it is a trial's, a score's or a firm's name."""
    around = document.text[max(0, token.start - 24) : token.start] + document.text[token.end : token.end + 24]
    return document.text[token.end : token.end + 2] != ", " and any(map(str.islower, around)) and not any(
        len(one) > 1 and one.isupper() for one in around.split()
    )  # fmt: skip


def _alone(document: Document, at: int) -> bool:
    """Whether a town of the world stands by itself: beside a capitalised word it may be somebody's name, or a thing's."""
    tokens, text = document.tokens, document.text
    token = tokens[at]
    if token.low in document.lexicon.lands or token.low in document.lexicon.drugs or token.flags & STOP:
        return False
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    before = tokens[at - 1] if at else None
    return not (
        (after is not None and text[token.end : after.start] == " " and after.low not in document.lexicon.lands)
        or (before is not None and text[before.end : token.start] == " " and word_before(document, token.start) == "")
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
