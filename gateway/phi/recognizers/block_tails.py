"""What may follow a street, a box or a town and belongs to its address: unit, town, county, State, post code, country.

Each step looks at a stretch of bounded length.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from gateway.phi.document import Document, compiled
from gateway.phi.lexicon import NAME, PLACE, STOP, WORD
from gateway.phi.normalize import fold_name
from gateway.phi.recognizers.place_words import BUILDINGS, STATES
from gateway.phi.words import Token

_AHEAD, _STEPS = 72, 8
_GAP = r"(?:[ ]?,?[ ]{0,2}(?:\r?\n[ \t>|?]{0,6}){0,2},?[ ]?)"
"""What may stand between two pieces: a comma, blanks, line breaks with the marks of quoting."""
_DASH = rf"(?:{_GAP}|[ ][\-–][ ])"
_SMALL_STATE = "|".join(one.lower() for one in STATES.split("|"))
_ABROAD_UNIT = r"(?:(?i:bureau|bât|bâtiment|étage|appt|esc|escalera|planta|pta|puerta|piso|int|dep|depto|dpto|apto|of|oficina|bloque|torre|edificio|manzana|lote|local|casa|bl|sc|ap|kv|et|m|lok|daire|kat|d|wohnung)[.:]?[ ]?[\dA-Z][\dA-Z\-]{0,4}|\d{1,2}[.°ºª][ ]?(?:[A-Za-z]{1,4}\b\.?)?|(?:Col|col|Colonia|colonia|Fracc|fracc|Barrio|barrio|Bo|Urb|Jardim|Vila|Bairro)\.?[ ]\pL[\pL .'\-]{2,24})"
_WORD = r"\p{Lu}[\pL\pM'’.\-]*\pL"
UNIT: Final = (
    r"(?i:apt|apartment|unit|suite|ste|room|rm|bed|floor|flr|fl|lot|space|spc|bldg|building|tower|ward|bay|cell|row|dorm|trailer|mailbox|box|slip|berth|"
    r"apto|apartamento|depto|departamento|piso|interior|int|lote|cuarto|cama|habitaci[oó]n|edificio|edif|local|manzana|mz|torre)"
)  # fmt: skip


@cache
def _after() -> dict[str, Any]:
    """What may follow, by kind; RE2 has no look-ahead: the sign after the match is checked by hand."""
    return {
        "unit": compiled(rf"{_GAP}(?:{UNIT}\.?[ ]?(?:#|n[uú]m\.?|no\.?)?[ ]?(?:\d{{1,5}}(?:-?[A-Za-z0-9]{{1,3}})?|[A-Z](?:-?\d{{1,4}})?)|(?:\d{{1,3}}(?:st|nd|rd|th)|(?i:upper|lower|ground|main|top|second|third|first))[ ](?i:floor|flr|fl|level)|#[ ]?[\dA-Za-z\-]{{1,8}}|\d{{1,3}}[A-Z]|\d{{1,4}}[ ][A-Z][ ]\d{{1,3}}|(?:m|bl|ap|kv|sc|et|D|lok|Daire|Kat|Top|Stiege|tv|st|th)[.:][ ]?\d{{1,4}}|\d{{1,2}}[.°ºª][ ]?(?:tv|th|mf|izq|izda|dcha|der|[A-F])\b\.?)"),
        "land_unit": compiled(rf",[ ]{_ABROAD_UNIT}"),
        "field_post": compiled(r"(?i)[ ,\r\n\t>]{1,6}[afd]po,? a[aep],? ?\d{5}(?:-\d{4})?"),
        "small_town": compiled(rf"(?:,[ ]?|[ ])((?:[a-z]{{3,}}[ ])?(?:[a-z]{{2,}}[ ])?[a-z]{{3,}}),?[ ](?:{_SMALL_STATE})\b(?:,?[ ]\d{{5}}(?:-\d{{4}})?)?"),
        "coded_town": compiled(rf"{_DASH}(?:(?:[A-Z]{{1,3}}-)?(?:\d{{4,6}}|\d{{3}}[ ]\d{{2}}|\d{{2}}-\d{{3}}|\d{{5}}-\d{{3}})(?:[ ][A-Z]{{2}})?|\d{{3}}|[A-Z]\d{{4}}[A-Z]{{3}})[ ]{_WORD}(?:[ \-](?:(?:de|del|la|am|an der|upon|sur|of|i|nad|v)[ ])?(?:{_WORD}|[A-Z]\b)){{0,3}}(?:[ ]\d{{1,2}}\b)?(?:[ ]\([A-Z]{{2}}\)|[ ][A-Z]{{2}}\b)?"),
        "town": compiled(rf"(?:,[ ]{{0,2}}(?:\r?\n[ \t>|?]{{0,6}}){{0,2}}|[ ]?\r?\n[ \t>|?]{{0,6}}){_WORD}(?:[ \-](?:(?:de|del|la|el|los|las|am|an der|upon|sur|of|i|u|nad|v)[ ])?{_WORD}){{0,3}}"),
        "county": compiled(rf",?[ ](?:{_WORD}[ ]){{1,2}}(?:County|Parish|Township|Borough)"),
        "state": compiled(rf"(?:{_GAP}(?:{STATES}|[A-Z]{{2,3}}|CDMX|nan)|[ ]?[\-–/][ ]?[A-Z]{{2}}|[ ]\((?:[A-Z]{{2}}|\p{{Lu}}\pL{{3,}})\)|[ ]?\r?\n[ \t>|?]{{0,6}},[ ][A-Z]{{1,3}})"),
        "code": compiled(rf"{_DASH}(?:\d{{5}}(?:[ ]?-[ ]?\d{{3,4}})?|\d{{6}}|\d{{3}}[ ]\d{{3}}|\d{{2}}-\d{{3}}|\d{{3}}-\d{{4}}|\d{{3}}[ ]\d{{2}}|[A-Z]{{1,2}}\d[A-Z\d]?[ ]\d[A-Z]{{2}}|[A-Z]\d[A-Z][ ]?\d[A-Z]\d|\d{{4}}(?:[ ][A-Z]{{2}})?|(?:C\.?P\.?|c\.p\.|CEP|cep|PIN|Pin)[ :\-]{{0,2}}\d{{4,6}}(?:-\d{{3}})?)"),
    }  # fmt: skip


def tail(document: Document, end: int, limit: int) -> int:
    """Where the block ends that has got to `end`: unit, town, county, State, post code and country are taken along."""
    seen = set[str]()
    for _ in range(_STEPS):
        step = _step(document, end, min(limit, len(document.text)), seen)
        if step is None:
            break
        kind, end = step
        seen.add("" if kind in {"unit", "land_unit"} else kind)
    return end


@cache
def _inside() -> Any:
    return compiled(
        r",?[ ](?i:apt|apartment|unit|suite|ste|lot|lote|space|spc|row|cell|room|rm|mailbox|apto|depto|casa|bldg|cuarto|manzana)\b\.?[ ]?#?[ ]?(?:\d{1,5}(?:-?[A-Za-z])?|[A-Z])\b"
    )


def unit_after(document: Document, end: int, limit: int) -> int:
    """Where the unit, lot or room ends that stands right after a lone place; `end` where there is none."""
    found = _inside().match(document.text[end : min(limit, end + 32)])
    return end + found.end() if found is not None else end


@cache
def _house_words() -> Any:
    return compiled(
        r"(?:[ ](?:County|Community|Open|Pain|Women['’]s|Children['’]s|Ventilator|Birth|Memory|Skilled|Surgical|Heart|Eye|Sleep|Spine|Urgent|General|Regional|Memorial|District)){0,2}[ ](?:"
        r"(?:General|Regional|Memorial|Community|Fertility|Nursery|Nursing|Endocrine|Endocrinology|Ortho|Orthopaedics|Orthopedics|Neuro|Neurology|Neurosurgery|Cardiology|Oncology|Dermatology|Urology|Nephrology|"
        r"Gastroenterology|GI|Pediatrics|Psychiatry|Imaging|MRI|Radiology|Rehab|Rehabilitation|Recovery|Hospice|Dialysis|Detention|Correctional|Penitentiary|Aesthetics|Dental|Endodontics|Orthodontics|Podiatry|"
        r"Surgical|Ventilator Unit|Infirmary|Birthing|Midwifery|Obstetrics|Perinatal|Pathology|Wellness|Campus|Pavilion|Annex|Elementary|Middle School|High School|Assisted Living|Memory Care|Senior Living)\b"
        r"|(?:bridge|overpass|underpass|park|campus|exit|pier|harbor|marina|bypass|junction|crossing|rest area|trailhead|campground|cemetery|projects|pkwy|parkway)\b)"
    )


def house_after(document: Document, end: int, limit: int) -> int:
    """Where the name of the house or landmark ends that goes on after a lone place: `Opelousas` `General`; `end` where it does not."""
    found = _house_words().match(document.text[end : min(limit, end + 64)])
    if found is None or document.text[end + found.end() : end + found.end() + 1].isalnum():
        return end
    following = document.lower[end + found.end() : end + found.end() + 16].split()
    return end if following and following[0].strip(".,;") in _NO_HOUSE else end + found.end()


_NO_HOUSE = frozenset({"assembly", "counsel", "day", "manager", "election", "trust", "chest", "college", "motors", "electric", "mills", "dynamics", "fund", "weekend", "court", "courts", "partners", "inc", "llc", "ltd", "gmbh", "corp", "corporation"})  # fmt: skip
"""What follows `General`, `Memorial` and the like where no house is named."""
_OF_HOSPITALS = frozenset({"county", "city", "state", "general", "memorial", "community", "university", "regional", "north", "south", "east", "west"})  # fmt: skip


def run_before(document: Document, edge: int, floor: int) -> list[Token]:
    """The capitalised words that end at `edge`, with nothing but a blank between them."""
    tokens = document.tokens
    low, high = 0, len(tokens)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if tokens[middle].end < edge else (low, middle)
    group: list[Token] = []
    while low < len(tokens) and low >= 0 and len(group) < 5:
        one = tokens[low]
        follows = one.end == edge if not group else document.text[one.end : group[0].start] in {" ", "'s "}
        if (
            not follows
            or one.start < floor
            or (one.flags & STOP and one.low not in BUILDINGS | _OF_HOSPITALS and group)
        ):
            break
        group.insert(0, one)
        low -= 1
    return group


def _step(document: Document, end: int, limit: int, seen: set[str]) -> tuple[str, int] | None:
    """One more piece after the block, and its kind."""
    text = document.text
    piece = text[end : min(limit, end + _AHEAD)]
    for kind, pattern in _after().items():
        if kind in seen or (kind == "code" and not _may_code(piece, seen)):
            continue
        found = pattern.match(piece)
        if found is None:
            continue
        stop = end + found.end()
        if stop < len(text) and (text[stop].isalnum() or (text[stop] in "/-:" and text[stop + 1 : stop + 2].isdigit())):
            continue
        if kind == "town":
            stop = _town(document, end, stop)
        elif (
            (kind == "state" and not _state(document, end, stop, seen))
            or (kind == "small_town" and not _small_town(document, end + found.start(1), end + found.end(1)))
            or (kind == "coded_town" and not _coded(document, end, stop))
        ):
            continue
        if stop > end:
            return kind, stop
    return country(document, end, limit, seen)


def _may_code(piece: str, seen: set[str]) -> bool:
    """Whether digits after the block can be a post code: after a town, State or country, and no phone number or date."""
    digits = piece.lstrip(" ,\r\n\t>|?-–")
    plain = len(digits) - len(digits.lstrip("0123456789"))
    return bool({"town", "state", "country", "county", "small_town"} & seen) or plain == 5 or not plain


def _state(document: Document, end: int, stop: int, seen: set[str]) -> bool:
    piece = document.text[end:stop]
    word = piece.strip(" ,\r\n\t>|?-–/()")
    if word in _STATES or word == "CDMX":
        return "-" not in piece and "/" not in piece
    following = document.text[stop : stop + 8].lstrip(" ,\r\n\t>|?-")
    if "(" in piece:
        return bool({"town", "coded_town"} & seen) or following[:1].isalnum()
    if word == "nan" or (word.isupper() and len(word) < 4):
        return following[:4].isdigit() and len(following) > 3
    return False


def _small_town(document: Document, start: int, end: int) -> bool:
    """Whether the small words before a State are a town of the list, or the whole of it ends in a ZIP code."""
    words = fold_name(document.text[start:end]).split()
    lexicon = document.lexicon
    for first in range(len(words)):
        phrase = " ".join(words[first:])
        if phrase in lexicon.places or phrase in lexicon.towns:
            return not first or all(one in _AFTER_STREETS for one in words[:first])
    return False


_AFTER_STREETS = frozenset({"in", "north", "south", "east", "west", "city", "of"})


def _coded(document: Document, start: int, stop: int) -> bool:
    """Whether the word after a post code is no ordinary one: `12 Main St, 1200 Patients`."""
    words = [one for one in document.text[start:stop].split() if one[:1].isupper() and len(one) > 2]
    if not words:
        return False
    low = fold_name(words[0].strip(",.()"))
    bits = document.lexicon.flags.get(low, 0)
    return not bits & STOP and (not bits & WORD or bool(bits & (NAME | PLACE)) or low in document.lexicon.towns)


_STATES = frozenset(STATES.split("|"))


def _town(document: Document, end: int, stop: int) -> int:
    """The end of the town that begins after `end`; `end` itself where the words are no town."""
    text = document.text
    begin = end + len(text[end:stop]) - len(text[end:stop].lstrip(" ,\r\n\t>|?"))
    words = list(_tokens_in(document, begin, stop))
    while words and (words[-1].flags & STOP and words[-1].low not in TOWN_WORDS):
        words.pop()
    if not words or (words[0].flags & STOP and words[0].low not in TOWN_WORDS) or words[0].shape & 1:
        return end
    plain = [one for one in words if one.flags & WORD and not one.flags & (NAME | PLACE)]
    if len(plain) == len(words) and " ".join(one.low for one in words) not in document.lexicon.places:
        return end
    last = words[-1].end
    after = text[last : last + 3]
    if "\n" in text[end:begin] and not _ends_address(document, words, last):
        return end
    return last if not after or after[0] in ",.;:)\n\r\"'<|?!" or after[1:2].isdigit() or after[1:2].isupper() else end


def _ends_address(document: Document, words: list[Token], last: int) -> bool:
    """Whether a word on the next line is a town: a post code, State or country follows, or the list of places has it."""
    following = document.text[last : last + 16].lstrip(" ,\r\n\t>|?")
    phrase = " ".join(one.low for one in words)
    return (
        following[:4].isdigit()
        or following[:2] in _STATES
        or any(following.lower().startswith(one) for one in ("nan", "united"))
        or following.split("\n")[0].strip(" .,").split(" ")[0].lower() in document.lexicon.lands
        or phrase in document.lexicon.places
    )


TOWN_WORDS = frozenset({"north", "south", "east", "west", "new", "st", "mount", "lake", "city", "la", "las", "los", "san", "santa", "el", "de", "center", "upper", "lower", "great", "old", "long", "falls", "fort", "port", "royal", "grand"})  # fmt: skip


def _tokens_in(document: Document, start: int, end: int) -> list[Token]:
    return run_before(document, end, start)


def country(document: Document, end: int, limit: int, seen: set[str]) -> tuple[str, int] | None:
    """The word `country` and where it ends, if one follows after a comma, a blank or on the next line."""
    if "country" in seen:
        return None
    text = document.text
    piece = text[end : min(limit, end + 48)]
    begin = len(piece) - len(piece.lstrip(" ,\r\n\t>|?"))
    if not begin:
        return None
    words = piece[begin:].split("\n")[0].split("\t")[0].split(" ")
    for count in (4, 3, 2, 1):
        phrase = " ".join(words[:count]).rstrip(",.;:?!)\r\t")
        if count <= len(words) and phrase.lower() in document.lexicon.lands and phrase[:1].isupper():
            return "country", end + begin + len(phrase)
    return None
