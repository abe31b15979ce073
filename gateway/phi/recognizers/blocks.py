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
from gateway.phi.document import Document, compiled
from gateway.phi.lexicon import STOP
from gateway.phi.normalize import fold_name
from gateway.phi.recognizers.block_tails import UNIT, country, run_before, tail
from gateway.phi.recognizers.place_words import BUILDINGS, CARE, GENERIC
from gateway.phi.recognizers.rule import Hit

_BACK, _LOOKED = 64, 160
_KINDS_OF_STREET = frozenset({"street_address", "address_block", "post_box", "lower_street", "foreign_street", "germanic_street", "city_state_zip", "number_street"})  # fmt: skip


@cache
def _before() -> dict[str, Any]:
    return {
        "number": compiled(r"(?:^|[\s,(:>;])((?:\d{1,6}[A-Za-z]?[ ]){1,2})$"),
        "unit": compiled(rf"(?:^|[\s,(:>;])({UNIT}\.?[ ]?#?[ ]?\d{{1,5}}[A-Za-z]?,?[ ])$"),
        "corner": compiled(
            r"(?i)\b((?:the )?corner of |c/o |esquina de |intersection of |general delivery,? |gen delivery,? )$"
        ),
    }


@cache
def _inside() -> Any:
    return compiled(
        r",?[ ](?:(?:room|rm|bed|ward|suite|ste|unit|apt|apartment|floor|fl|cuarto|cama|piso|habitaci[oó]n|apto|depto|mailbox|ROOM|RM|BED|CUARTO|CAMA|PISO|Room|Rm|Bed|Apt|Apto|Floor|Depto|Unit|Suite)\b\.?[ ]?#?[ ]?\d{1,5}(?:-?[A-Z])?|\d{1,3}(?:st|nd|rd|th)[ ](?i:floor|flr|fl)\b)"
    )


def find_inside(document: Document) -> Iterator[Hit]:
    """`Birchwood Rehabilitation, bed 214`, `County Hospital 6th floor`: a building's name and a place inside it."""
    for start, end in document.spans(_inside()):
        group = run_before(document, start, 0)
        while group and (group[0].flags & STOP and group[0].low not in BUILDINGS):
            group = group[1:]
        named = [one for one in group if one.low not in GENERIC]
        if not group or not (group[-1].low in BUILDINGS or group[0].low in BUILDINGS or group[-1].low in CARE):
            continue
        if named or group[-1].low in CARE:
            yield Hit(Kind.LOCATION, group[0].start, end, 0.6, "inside_building")


def grown(document: Document, hits: Sequence[Hit]) -> list[Hit]:
    """The hits in order, with addresses grown to whole blocks; pieces that only `and` or a mark parts are one."""
    found: list[Hit] = []
    floor = 0
    for at, hit in enumerate(hits):
        if hit.kind is not Kind.LOCATION:
            found.append(hit)
            floor = max(floor, hit.end) if hit.kind.identifies else floor
            continue
        limit = hits[at + 1].start if at + 1 < len(hits) and hits[at + 1].kind.identifies else len(document.text)
        start, end = _left(document, hit, floor), _right(document, hit, limit)
        whole = hit._replace(start=start, end=end)
        before = found[-1] if found else None
        if before is not None and before.kind is Kind.LOCATION and _one(document, before, whole):
            found[-1] = before._replace(end=max(before.end, end), score=max(before.score, hit.score))
            again = _right(document, found[-1], limit)
            found[-1] = found[-1]._replace(end=again)
        else:
            found.append(whole)
        floor = max(floor, found[-1].end)
    return found


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
    start = hit.start
    if not addressed(document, hit):
        return _preceded(document, start, floor, ("corner",))
    start = _preceded(document, start, floor, ("number", "unit", "corner"))
    return _building(document, start, floor)


def _preceded(document: Document, start: int, floor: int, kinds: Sequence[str]) -> int:
    for kind in kinds:
        back = max(floor, start - 24)
        for first, last in _groups(_before()[kind], document.text[back:start]):
            if kind == "number" and _year(document.text[back + first : back + last]):
                continue
            start = back + first
    return start


def _year(number: str) -> bool:
    return len(number.strip()) == 4 and number[:2] in {"19", "20"}


def _groups(pattern: Any, piece: str) -> Iterator[tuple[int, int]]:
    found = pattern.search(piece)
    if found is not None:
        yield found.span(1)


def _building(document: Document, start: int, floor: int) -> int:
    """The start of `Hope Inn, ` or `Birchwood Rehabilitation, ` right before a street."""
    text = document.text
    edge = len(text[max(floor, start - _BACK) : start].rstrip(" ,\n\r")) + max(floor, start - _BACK)
    if "," not in text[edge:start] and "\n" not in text[edge:start]:
        return start
    group = run_before(document, edge, floor)
    if any(one.low in BUILDINGS or one.low in CARE for one in group) or (len(group) > 1 and group[0].low == "st"):
        return group[0].start
    return start


def _right(document: Document, hit: Hit, limit: int) -> int:
    """Where the block ends; a town goes no further than its country."""
    if addressed(document, hit):
        return tail(document, hit.end, limit)
    land = country(document, hit.end, min(limit, len(document.text)), set())
    return land[1] if land is not None and document.text[hit.end] == "," else hit.end
