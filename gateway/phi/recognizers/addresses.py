"""Address blocks (B): from the house number to ZIP+4, over lines; post boxes; a city beside its State; Spanish and other
addresses with the street's word first.

A few small patterns find the anchors (a street's word, a State, `address:`); what stands round an anchor is read in
stretches of bounded length.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import cache
from typing import Any

from gateway.domain.finding import Kind
from gateway.phi.document import Document, compiled, gated
from gateway.phi.lexicon import STOP
from gateway.phi.recognizers.place_words import STATES, STREETS
from gateway.phi.recognizers.rule import Hit
from gateway.phi.words import Token

_BACK, _AHEAD = 72, 160
_ZIP = r"(?:\d{5}|[\dlIO]{5}\b)(?:[ ]?-[ ]?\d{4})?"
_NUMBER = re.compile(
    r"(?:(?<=\s)|(?<=[(,:\"'|<>=;\[{*_])|^)(?<!\d,(?=\d{3}[ ,]))(?:#[ ]?)?(?:\d{1,6}|One|Two)(?:[A-Za-z]|-\d{1,5}|-[A-Z]|[ ]1/2)?,?[ ](?:(?:N|S|E|W|NE|NW|SE|SW|North|South|East|West|No|So)\b\.?[ ])?"
    r"(?:(?:[^\W\d_][\w'.\-]*|\d{1,3}(?:st|nd|rd|th|ST|ND|RD|TH))[ ]){0,4}$"
)
_NOT_A_NAME = re.compile(
    r"[ ](?:the|to|and|of|in|at|on|for|is|was|were|are|with|from|or|by|mg|ml|days?|weeks?|months?|years?|hours?|times|patients?|people|minutes)[ ]"
)
_TAIL = r"(?:[ ]of[ ](?:the[ ])?\p{Lu}\pL+)?\.?(?:[ ](?:[NSEW]|NE|NW|SE|SW|North|South|East|West)\b\.?)?(?:[ ]?#[ ]?\w{1,6})?(?:,?\s{0,3}(?:(?i:Apt|Apartment|Suite|Ste|Unit|Room|Rm|Floor|Fl|Bldg|Building|Lot|Dept|Box|P\.? ?O\.? Box)\.?[ #]{0,2}[\dA-Za-z\-]{1,8}|\d{1,3}(?:st|nd|rd|th) (?:Floor|Fl)\b|#[ ]?\w{1,6}|[A-Z]{2} ?\d{3,5}\b)){0,3}"
_CITY = rf"(?:,?\s{{0,3}}\p{{Lu}}[\pL'.\-]+(?:[ ]\p{{Lu}}[\pL'.\-]+){{0,3}})?(?:,?\s{{1,8}}|,)(?:{STATES})\b\.?(?:,?\s{{1,3}}{_ZIP})?"
_COUNTRY = r"(?:,?\s{0,3}(?:USA|U\.S\.A\.|United States))?"


@cache
def _patterns() -> dict[str, Any]:
    return {
        "state": gated(rf"(?:,[ \n]{{0,2}}|[ \n])(?:{STATES})\b\.?(?:,?[ \n]{{1,3}}{_ZIP})?"),
        "tail": compiled(rf"{_TAIL}(?:{_CITY})?{_COUNTRY}"),
        "box": gated(r"(?i)\b(?:R\.? ?R\.?|Rt\.?|Rte\.?|Rural Route|Star Route|H\.?C\.?) ?#? ?\d{1,4},? Box #? ?\d{1,5}[A-Za-z]?|\b(?:P\.? ?O\.? ?|post office |apartado )(?:Box|postal) ?#? ?\d{1,7}|\bPSC \d{1,5},? Box \d{1,5}|\bUnit \d{2,6} Box \d{2,6}"),
        "cue": gated(r"(?i)\b(?:address(?: on file)?|direcci[oó]n|domicilio|lives at|living at|resides at|residing at|located at|office is at|vive en|moved to|home at)(?: is| es)?\b(?: at)?[ \t]{0,3}[:=]?\s{0,3}"),
    }  # fmt: skip


def find_addresses(document: Document) -> Iterator[Hit]:
    """Every address block, post box, and city with its State."""
    yield from _streets(document)
    yield from _cities(document)
    patterns = _patterns()
    for start, end in document.spans(patterns["box"]):
        yield Hit(Kind.LOCATION, start, _tail(document, end), 0.9, "post_box")
    for _, end in document.spans(patterns["cue"]):
        yield from _after_cue(document, end)


def _streets(document: Document) -> Iterator[Hit]:
    text = document.text
    for token in document.tokens:
        if token.low not in STREETS:
            continue
        back = max(0, token.start - _BACK)
        before = text[back : token.start].rpartition("\n")[2]
        number = _NUMBER.search(before)
        if number is None or _NOT_A_NAME.search(before, number.start()):
            continue
        if token.low == "cir" and before[number.start() :].strip(" (").lower() in {"2d", "3d"}:
            continue  # `(2d Cir. 2000)` is a court of the United States
        if token.low in _AFTER_A_NAME and before[number.start() :].strip(" #,").isdigit():
            continue
        yield Hit(
            Kind.LOCATION, token.start - len(before) + number.start(), _tail(document, token.end), 0.9, "street_address"
        )


_AFTER_A_NAME = frozenset({"dr", "st", "ct", "pl", "court", "place", "point", "run", "park", "close", "way", "hill", "parks"})  # fmt: skip
"""Words that a number alone does not make a street of: `In 1985 Dr. Hall came`."""


def _tail(document: Document, end: int) -> int:
    """The end of unit, city, State and ZIP code after a street or box."""
    piece = document.text[end : end + _AHEAD]
    for _, stop in _matched(_patterns()["tail"], piece):
        return end + stop
    return end


def _matched(pattern: Any, piece: str) -> Iterator[tuple[int, int]]:
    found = pattern.match(piece)
    if found is not None:
        yield found.span()


def _cities(document: Document) -> Iterator[Hit]:
    """`City, ST` with or without its ZIP code, and the line with a number above it."""
    tokens, text = document.tokens, document.text
    if not tokens:
        return
    ends = [one.end for one in tokens]
    for start, end in document.spans(_patterns()["state"]):
        comma = text[start] == ","
        zipped = text[end - 1].isdigit()
        first = _walk_left(document, tokens, bisect_left(ends, start), start)
        if first is None:
            if zipped:
                yield Hit(Kind.LOCATION, start + 1, end, 0.75, "state_zip")
            continue
        if not (comma or zipped):
            continue
        if text[start:end].strip(" ,\n.").islower() or (not zipped and _of_car(document, first, end)):
            continue
        begin = _line_above(text, first.start) if zipped else first.start
        yield Hit(Kind.LOCATION, begin, end, 0.9 if zipped else 0.65, "city_state_zip" if zipped else "city_state")


def _of_car(document: Document, first: Token, end: int) -> bool:
    """Whether the State is one of a number plate or licence, or an abbreviation of no State: `Saturn, WA plate`."""
    after = document.lower[end : end + 10].split()
    return first.low in document.lexicon.lands or (
        bool(after) and after[0].startswith(("plate", "tag", "lic", "referral"))
    )


def _walk_left(document: Document, tokens: list[Token], at: int, edge: int) -> Token | None:
    """The first word of the city whose last word ends at `edge`."""
    if (
        at >= len(tokens)
        or tokens[at].end != edge
        or len(tokens[at].low) < 3
        or (tokens[at].flags & STOP and tokens[at].low not in _CITY_WORDS)
    ):
        return None
    first = tokens[at]
    for back in range(1, 4):
        one = tokens[at - back] if at >= back else None
        if (
            one is None
            or document.text[one.end : first.start] != " "
            or (one.flags & STOP and one.low not in _CITY_WORDS)
        ):
            break
        if one.text[-1] == "." and one.low not in {"st", "ft", "mt"}:
            break
        first = one
    return first


_CITY_WORDS = frozenset(
    {
        "north",
        "south",
        "east",
        "west",
        "new",
        "st",
        "mount",
        "lake",
        "city",
        "la",
        "las",
        "los",
        "san",
        "santa",
        "el",
        "de",
        "center",
    }
)
_ABOVE = re.compile(r"(?:(?<=\n)|(?<=: )|^)[ \t]{0,8}(\d{1,6}[A-Za-z]?[ ][^\n]{2,48}),?[ \t\r]{0,2}\n?[ \t]{0,8}$")


def _line_above(text: str, start: int) -> int:
    """Where the address begins, if the line above, or what stands before on the line, begins with a house number."""
    back = max(0, start - _BACK)
    found = _ABOVE.search(text[back:start])
    return back + found.start(1) if found is not None else start


_BLOCK_LINE = re.compile(r"[ \t]{0,8}[^\n]{1,60}")


def _after_cue(document: Document, start: int) -> Iterator[Hit]:
    """The block after `address:`: short lines, the first with a number, up to an empty line or the end of a sentence."""
    text = document.text
    end, numbered = start, False
    for line in range(5):
        found = _BLOCK_LINE.match(text, end if not line else end + 1) if end < len(text) else None
        if found is None:
            break
        words = found.group().rstrip()
        stop = _sentence_end(words)
        words = words[:stop]
        digits = any(map(str.isdigit, words))
        if (
            not words.strip()
            or words.lstrip()[0].islower()
            or ":" in words
            or "@" in words
            or (not line and not digits)
        ):
            break
        if line and not digits and len(words.split()) > 4:
            break
        numbered = numbered or digits
        end = found.start() + len(words)
        if stop < len(found.group().rstrip()) or text[end : end + 1] != "\n":
            break
    if numbered and _house(text[start:end]):
        yield Hit(Kind.LOCATION, start, end, 0.7, "address_block")


_HOUSE = re.compile(r"\s*(?:\d{1,6}[A-Za-z]?,? (?:\d{1,5} )?[^\W\d_]{3,}|(?:[^\W\d_][\w'.\-]* ){1,4}\d{1,5}\b|\d{5}\b)")
_ENDS = re.compile(
    r"(?<=\w{3})[.!?](?:\s|$)|[;!?]|[,.] (?:and|but|please|where|since|phone|tel|who|she|he|we|they|I|you|his|her|my|in case)\b|\.$"
    r"| (?:with|last|next|since|because|until|but|and she|and he|and they|where|while|after|before|for|so|now|this|when) "
)


def _house(block: str) -> bool:
    return _HOUSE.match(block) is not None


def _sentence_end(line: str) -> int:
    for found in _ENDS.finditer(line):
        word = line[: found.start()].rpartition(" ")[2].lower()
        if found.group()[0] != "." or word not in _SHORT:
            return found.start()
    return len(line)


_SHORT = frozenset({"apt", "apto", "ste", "depto", "dpto", "bldg", "edif", "ave", "blvd", "col", "urb", "cond", "int", "núm", "num", "dept", "flr"})  # fmt: skip
"""Short forms whose dot ends no sentence."""
