"""Whole address blocks (B): what stands right before and after a street, box or town and belongs to it.

Rules and tagger find the pieces of an address; here the building before the street, house numbers, unit, floor, room and
bed, town, county, State, post code and country are taken along, over line breaks and the marks of quoted lines. Each step
looks at a stretch of bounded length.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from gateway.domain.finding import Kind
from gateway.phi.document import Document, gated
from gateway.phi.lexicon import STOP
from gateway.phi.normalize import fold_name
from gateway.phi.recognizers.block_heads import head, preceded
from gateway.phi.recognizers.block_tails import country, house_after, run_before, tail, unit_after
from gateway.phi.recognizers.place_words import BUILDINGS, CARE, GENERIC
from gateway.phi.recognizers.rule import Hit

_LOOKED = 160
_KINDS_OF_STREET = frozenset({"street_address", "address_block", "post_box", "lower_street", "foreign_street", "germanic_street", "city_state_zip", "number_street", "worded_street", "street_code_town", "cep_town", "province_code", "town_uk_code", "indian_house", "japanese_ward", "block_lot", "street_alone", "lane_alone", "foreign_small_street", "grid_street", "house_before_street", "road_and_km", "puerto_rico"})  # fmt: skip
_SOFT = frozenset({"tagger", "surname", "given_name", "given_and_surname", "surname_given", "unknown_pair", "likely_given_and_surname", "two_surnames", "number_beside_name", "seven_digits"})  # fmt: skip
"""Recognisers whose hits in the middle of an address are a piece of it, when a post code follows."""


@cache
def _inside() -> Any:
    return gated(
        r",?[ ](?:(?:room|rm|bed|ward|suite|ste|unit|apt|apartment|floor|fl|cuarto|cama|piso|habitaci[oó]n|apto|depto|mailbox|ROOM|RM|BED|CUARTO|CAMA|PISO|Room|Rm|Bed|Apt|Apto|Floor|Depto|Unit|Suite)\b\.?[ ]?#?[ ]?\d{1,5}(?:-?[A-Z])?|\d{1,3}(?:st|nd|rd|th)[ ](?i:floor|flr|fl)\b)"
    )


def find_inside(document: Document) -> Iterator[Hit]:
    """`Birchwood Rehabilitation, bed 214`, `County Hospital 6th floor`: a building's name and a place inside it."""
    for start, end in document.spans(_inside()):
        group = run_before(document, start, 0)
        while group and (group[0].flags & STOP and group[0].low not in BUILDINGS | GENERIC):
            group = group[1:]
        named = [one for one in group if one.low not in GENERIC]
        if not group or not (group[-1].low in BUILDINGS or group[0].low in BUILDINGS or group[-1].low in CARE):
            continue
        if named or group[-1].low in CARE:
            begin = group[0].start - 4 if document.lower.endswith("the ", 0, group[0].start) else group[0].start
            yield Hit(Kind.LOCATION, begin, end, 0.6, "inside_building")


def grown(document: Document, hits: Sequence[Hit]) -> list[Hit]:
    """The hits in order, with addresses grown to whole blocks; pieces that only `and` or a mark parts are one."""
    found: list[Hit] = []
    floor, limits = 0, _limits(document, hits)
    for at, hit in enumerate(hits):
        if hit.kind is not Kind.LOCATION:
            if hit.by in _SOFT and hit.end <= floor:
                continue
            found.append(hit)
            floor = max(floor, hit.end) if hit.kind.identifies else floor
            continue
        if hit.end <= floor:
            continue
        following = hits[at + 1] if at + 1 < len(hits) and hits[at + 1].kind.identifies else None
        limit = limits[at]
        start, end = _left(document, hit, floor), _right(document, hit, limit)
        if found and found[-1].by in _SOFT and found[-1].kind is Kind.NAME and addressed(document, hit):
            back = head(document, hit.start, found[-2].end if len(found) > 1 else 0)
            if back <= found[-1].start:
                start = back
                found.pop()
        if following is not None and following.by in _SOFT:
            beyond = _right(document, hit, limits[at + 1])
            if beyond > following.end and document.text[beyond - 1].isdigit():
                end = limit = beyond
        whole = hit._replace(start=start, end=end)
        before = found[-1] if found else None
        if (
            before is not None
            and before.kind is Kind.LOCATION
            and (start <= before.end or _one(document, before, whole))
        ):
            found[-1] = before._replace(end=max(before.end, end), score=max(before.score, hit.score))
            again = _right(document, found[-1], limit)
            found[-1] = found[-1]._replace(end=again)
        else:
            found.append(whole)
        floor = max(floor, found[-1].end)
    return found


def _limits(document: Document, hits: Sequence[Hit]) -> list[int]:
    """For each hit where the next identifier begins that is no place: so far an address may grow."""
    limits, limit = [0] * len(hits), len(document.text)
    for at in range(len(hits) - 1, -1, -1):
        limits[at] = limit
        if hits[at].kind.identifies and hits[at].kind is not Kind.LOCATION:
            limit = hits[at].start
    return limits


def addressed(document: Document, hit: Hit) -> bool:
    """Whether the place is more than a town: a street, a box, something with a number."""
    words = document.text[hit.start : min(hit.end, hit.start + _LOOKED)]
    if hit.by in _KINDS_OF_STREET or (any(map(str.isdigit, words)) and any(map(str.isalpha, words))):
        return True
    return " " in words and fold_name(words.rpartition(" ")[2]) in BUILDINGS | CARE


def _one(document: Document, before: Hit, hit: Hit) -> bool:
    """Whether two neighbouring places are pieces of one address."""
    gap = document.text[before.end : hit.start]
    if len(gap) > 16 or not (addressed(document, before) or addressed(document, hit)):
        return False
    words = gap.strip(" \r\n\t,.>|?&-").lower()
    return words in {"", "and", "y", "near", "nan", "st", "st.", "street"} and gap.count("\n") < 3


def _left(document: Document, hit: Hit, floor: int) -> int:
    """Where the block begins: house numbers, a unit, `corner of`, and the building's name before the street."""
    if not addressed(document, hit):
        return preceded(
            document, hit.start, floor, ("word", "corner") if document.text[hit.start].isdigit() else ("corner",)
        )
    return head(document, hit.start, floor)


def _right(document: Document, hit: Hit, limit: int) -> int:
    """Where the block ends; a town goes no further than its country."""
    named = house_after(document, hit.end, limit)
    if named > hit.end or addressed(document, hit):
        return tail(document, named, limit)
    beside = unit_after(document, hit.end, limit)
    if beside > hit.end:
        return tail(document, beside, limit)
    land = country(document, hit.end, min(limit, len(document.text)), set())
    return land[1] if land is not None and document.text[hit.end] == "," else hit.end
