"""Named places of the land and of a town (B): `Palouse Falls`, `Angel's Landing`, `Lake of the Ozarks`, `Fort Liberty`,
`Permian Basin`; offices named by a number (`One Financial Plaza`); addresses that end in a town and its post code.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from gateway.domain.finding import Kind
from gateway.phi.document import Document, gated
from gateway.phi.lexicon import NAME, PLACE, STOP, WORD
from gateway.phi.normalize import fold_name
from gateway.phi.recognizers.block_heads import head
from gateway.phi.recognizers.eponyms import Eponyms
from gateway.phi.recognizers.rule import Hit

_FEATURES = (
    "Falls|Hills?|Heights|Beach|Islands?|Valley|Canyon|Ridge|Lake|Bay|Harbor|Harbour|Creek|River|Springs|Forest|Mountains?|Peak|Bridge|Acres|Estates|Meadows|Ranch|Reservation|Campground|Marina|Mall|Plaza|Square|Airport|Pier|Cove|Landing|"
    "Junction|Crossing|Basin|Dam|Reservoir|Trailhead|Preserve|Swamp|Bluffs?|Mesa|Desert|Peninsula|Glacier|Pass|Gardens|Apartments|Condos|Villas?|Towers?|Commons|Pointe|Townhomes|Mobile Home Park|RV Park|Trailer Park|State Park|National Park|National Forest|Park|Village|Bottoms|Flats|Plantation|Camp"
)
_OPENERS = "Lake|Mount|Mt\\.|Fort|Ft\\.|Camp|Cape|Port|Isle of|Gulf of|Bay of|Lake of the|Point|Rancho|Bahía de|Playa"
_NUMBERS = "One|Two|Three|Four|Five|Six|Seven|Eight|Nine|Ten"
_CAP = r"\p{Lu}[\pL\pM'’\-]+"


@cache
def _patterns() -> dict[str, Any]:
    return {
        "after": gated(rf"(?:\b(?i:in|at|near|to|on|from|around|outside|of|off|along|into|visit|visiting|by|hiking|across|through|the|en|desde|a) |[(]) ?((?:St\. )?{_CAP}(?: {_CAP}){{0,2}} (?:{_FEATURES}))\b"),
        "before": gated(rf"\b(?i:in|at|near|to|on|from|around|outside|of|off|along|by|the|en|desde) ((?:{_OPENERS}) {_CAP}(?: {_CAP})?)"),
        "office": gated(rf"\b(?:{_NUMBERS}) (?:{_CAP} ){{1,2}}(?:Plaza|Tower|Square|Place|Court|Center|Centre|Park|Park Avenue|Way|Building|Circle|Drive|Boulevard)\b"),
        "coded": gated(rf"{_CAP}(?:[ \-]{_CAP}){{0,3}},?(?:[ ](?:{_CAP}|[A-Z]{{2}}))?,?[ ]?[\-–]?[ ]?(?:\d{{6}}|\d{{3}}[ ]\d{{3}}|\d{{5}}|\d{{4}}|\d{{3}}-\d{{4}})\b"),
        # The codes of Britain and Canada have a form of their own: any town may stand before them.
        "lettered": gated(rf"{_CAP}(?:[ \-](?:(?:on|upon|in|le|the|of)[ \-])?{_CAP}){{0,3}},?(?:[ ]\(?(?:{_CAP}|[A-Z]{{2}})\)?)?,?[ ](?:[A-Z]{{1,2}}\d[A-Z\d]?[ ]\d[A-Z]{{2}}|[A-Z]\d[A-Z][ ]\d[A-Z]\d)\b"),
    }  # fmt: skip


def find_landmarks(document: Document) -> Iterator[Hit]:
    """Features of the land, towers and squares, and whole addresses before a post code."""
    patterns, eponyms = _patterns(), Eponyms(document)
    for name in ("after", "before"):
        for start, end in document.spans(patterns[name], 1):
            if _named(document, start, end) and not eponyms.named_after(start, end):
                yield Hit(Kind.LOCATION, start, end, 0.5, "place")
    for start, end in document.spans(patterns["office"]):
        if not any(map(_common, fold_name(document.text[start:end]).split()[1:-1])):
            yield Hit(Kind.LOCATION, start, end, 0.65, "named_office")
    for start, end in document.spans(patterns["coded"]):
        if document.text[end : end + 1] in {"-", "/", "."} and document.text[end + 1 : end + 2].isdigit():
            continue
        if _town(document, start, end):
            yield from _block(document, start, end)
    for start, end in document.spans(patterns["lettered"]):
        yield from _block(document, start, end)


def _block(document: Document, start: int, end: int) -> Iterator[Hit]:
    begin = head(document, start, max(0, start - 240))
    if begin < start:
        yield Hit(Kind.LOCATION, begin, end, 0.9, "coded_block")


def _named(document: Document, start: int, end: int) -> bool:
    """Whether a word of it is a name, a place or a word of no list."""
    flags, towns = document.lexicon.flags, document.lexicon.towns
    words = fold_name(document.text[start:end]).replace("'s", "").split()
    bits = [(one, flags.get(one, 0)) for one in words]
    if any(bit & STOP for _, bit in bits):
        return False
    return any(bit & (NAME | PLACE) or not bit or one in towns for one, bit in (bits[:-1] or bits))


def _common(word: str) -> bool:
    return word in {"medical", "health", "care", "urgent", "cancer", "call", "community", "surgical", "surgery", "senior", "of", "stop", "day", "support", "patient", "welcome", "year", "time", "life", "way"}  # fmt: skip


def _town(document: Document, start: int, end: int) -> bool:
    """Whether the words before the code are a listed town, or a town and its State."""
    words = [
        one
        for one in fold_name(document.text[start:end]).replace(",", " ").replace("-", " ").split()
        if one[:1].isalpha()
    ]
    lexicon = document.lexicon
    for length in (3, 2, 1):
        for first in range(len(words) - length + 1):
            phrase = " ".join(words[first : first + length])
            bits = lexicon.flags.get(phrase, 0)
            if (
                phrase in lexicon.towns
                or (length > 1 and phrase in lexicon.places)
                or (bits & PLACE and not bits & (WORD | NAME))
            ):
                return True
    return False
