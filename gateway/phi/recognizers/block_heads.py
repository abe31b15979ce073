"""What may stand right before a street, box or town and belongs to its address: flat, floor, building, house name, quarter,
house number, `corner of`.

Each step looks at one stretch of bounded length between commas or line breaks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final

from gateway.phi.document import Document, compiled
from gateway.phi.lexicon import STOP
from gateway.phi.normalize import fold_name
from gateway.phi.recognizers.block_tails import TOWN_WORDS, UNIT, run_before
from gateway.phi.recognizers.place_words import BUILDINGS, CARE, STREETS

_BACK, _STEPS = 64, 5
_STREETS: Final = (STREETS - {"point", "run", "path", "str"}) | {"fold", "croft", "garth", "rise", "wynd", "yard", "green", "vale", "drove", "marg", "salai", "bazaar"}  # fmt: skip
_SEPARATORS: Final = " ,\r\n\t>|-–"


@cache
def _before() -> dict[str, Any]:
    return {
        "number": compiled(r"(?:^|[\s,(:<>;\[*_])((?:#?\d{1,6}[A-Za-z]?(?:[/\-]\d{1,4})?[ ]){1,2})$"),
        "unit": compiled(rf"(?:^|[\s,(:<>;\[*_])({UNIT}\.?[ ]?#?[ ]?\d{{1,5}}[A-Za-z]?(?:[/,]?[ ]?))$"),
        "word": compiled(
            r"(?:^|[\s,(:<>;\[*_])((?i:lot|unit|space|spc|flat|apt|house|blk|block|gpo|plot|cmr|psc|rear of|behind) )$"
        ),
        "corner": compiled(
            r"(?i)\b((?:the )?corner of (?:the )?|c/o |esquina de |(?:the )?intersection of |general delivery,? |gen delivery,? )$"
        ),
    }


@cache
def _segment() -> tuple[Any, Any]:
    """A stretch that is a piece of an address whatever stands before it, and one that may be a building's or quarter's name."""
    sure = compiled(
        rf"^(?:(?i:flat|flt|plot|house|h\.? ?no|door|d\.? ?no|shop|blk|block|villa|tower|wing|gate|stall|pier|cabin|chalet|studio|hut|site|space|lot|trailer|unit|rm|camp|cottage|bungalow|barrack|bureau|app\.?|appt\.?|porte|dept|mail ?stop|ms|pobox|stn|station|gpo|{UNIT})\b\.?[ ]?(?i:no|nr|n[°º]|number|stn)?[.:]?[ ]?#?[ ]?(?:[A-Za-z]{{0,2}}[\-/]?\d{{1,4}}(?:[\-/]\d{{1,4}}){{0,3}}[A-Za-z]?|[A-Z]\d{{0,3}})(?:[ ](?i:flr|floor|{UNIT})[ ]?\w{{1,4}})?"
        r"|(?i:ground|first|second|third|fourth|top|upper|lower|basement|garden|rear|front)(?:[ ](?i:floor))?[ ](?i:flat|floor|apartment|apt|unit|maisonette|house)"
        r"|(?:Fl|Floor|Flr|Level|Lvl|Apt|Ste)\.?[ ]\w{1,4}|\d{1,3}(?:st|nd|rd|th)[ ](?i:floor|fl|flr|cross|main|block|stage|phase|cross road|main road)"
        r"|[A-Z]{1,2}[\-/]?\d{1,4}(?:[\-/]\d{1,4})?[A-Z]?|#?\d{1,5}[A-Za-z]?(?:[\-/]\d{1,4}){0,2}"
        r"|(?i:stn|station)[ ][A-Z]\w{{0,8}}|(?i:sector|phase|stage|cross|street|road|r\.?r\.?|rural route|calle|bloque|edificio|edif\.?|torre|manzana|mz\.?|lote|casa|piso|planta)[ ]#?[A-Z]?-?\d{1,4}[A-Z]?"
        r"|(?i:urb|cond|res|bo|barrio|col|colonia|brgy|barangay|villa|alturas|reparto|ext|jardines|bda|barriada|urbanizaci[oó]n|condominio|residencial|parcelas|sector|purok|sitio)\.?[ ][\pL][\pL .'\-]{2,28})$"
    )
    named = compiled(
        r"(?:^(?:\d{1,5}[A-Za-z]?[ ])?|[ ]\p{Ll}+[ ])((?:(?i:the)[ ])?\p{Lu}[\pL\pM'’.\-]+(?:[ ](?:(?:of|the|de|del|la|los|da|do)[ ])?(?:\p{Lu}[\pL\pM'’.\-]*|\d{1,4}|II|III)){0,3})$"
    )
    return sure, named  # fmt: skip


def head(document: Document, start: int, floor: int) -> int:
    """Where the address begins of which `start` is the first known piece; not before `floor`."""
    start = preceded(document, start, floor, ("number", "unit", "word", "corner"))
    begin, edge = start, start
    for _ in range(_STEPS):
        piece = _piece(document, edge, floor)
        if piece is None:
            break
        first, last = piece
        words = document.text[first:last]
        sure, named = _segment()
        if sure.match(words) and not _year(words):
            begin = edge = first
            continue
        called = named.search(words)
        if called is None:
            break
        numbered = words[0].isdigit()
        first += called.start(1)
        words = called.group(1)
        if _building(document, first, last):
            begin = edge = preceded(document, first, floor, ("number",))
        elif numbered:
            break  # a house and its street are known to other rules
        elif _street(words):
            begin = edge = first
        elif document.text[last : last + 1] == "," and _quarter(document, words):
            edge = first  # counts only if a piece that is sure stands before it
        else:
            break
    return preceded(document, begin, floor, ("corner",)) if begin < start else begin


def preceded(document: Document, start: int, floor: int, kinds: Sequence[str]) -> int:
    """The place with a number, unit or `corner of` before it taken along."""
    for kind in kinds:
        back = max(floor, start - 28)
        for first, last in _groups(_before()[kind], document.text[back:start]):
            if kind == "number" and _year(document.text[back + first : back + last]):
                continue
            start = back + first
    return start


def _piece(document: Document, edge: int, floor: int) -> tuple[int, int] | None:
    """The stretch before the comma, dash or line break that `edge` follows."""
    text = document.text
    low = max(floor, edge - _BACK)
    last = low + len(text[low:edge].rstrip(_SEPARATORS))
    between = text[last:edge]
    if not ("," in between or "\n" in between or " - " in between) or between.count("\n") > 1 or last <= low:
        return None
    cut = max(_stop(text, low, last), *[text.rfind(sign, low, last) for sign in ",\n:;(|>\t"])
    first = max(cut + 1, low)
    first += len(text[first:last]) - len(text[first:last].lstrip(" "))
    if text.startswith(("St. ", "Mt. ", "Ft. "), max(0, first - 4)) and first - 4 >= low:
        first -= 4
    if cut < low and low > floor and low:
        return None
    for word in (" at ", " in ", " to ", " is ", " on ", " from "):
        at = text.rfind(word, first, last)
        first = max(first, at + len(word)) if at >= 0 else first
    return (first, last) if first < last else None


def _stop(text: str, low: int, last: int) -> int:
    """The last dot that ends a sentence; none of an initial or of what is short for a part of an address: `S.V. Road`."""
    at = text.rfind(". ", low, last)
    while at >= 0:
        word = text[max(0, at - 5) : at].replace(",", " ").replace(".", " ").rpartition(" ")[2]
        if not (word in _SHORT or (len(word) == 1 and word.isupper())):
            break
        at = text.rfind(". ", low, at)
    return at


_SHORT = frozenset(
    {"app", "apt", "appt", "boul", "bldg", "no", "No", "Apt", "Bldg", "Ste", "ste", "Fl", "bl", "Bd", "bd"}
)


def _year(number: str) -> bool:
    return len(number.strip()) == 4 and number[:2] in {"19", "20"} and number.strip().isdigit()


def _groups(pattern: Any, piece: str) -> Iterator[tuple[int, int]]:
    found = pattern.search(piece)
    if found is not None:
        yield found.span(1)


def _building(document: Document, first: int, last: int) -> bool:
    """Whether the words name a building: `Hope Inn`, `Birchwood Rehabilitation`, `St. Anne's`, `Rose Cottage`."""
    if document.text.startswith(("St. ", "St ", "Saint ", "Sta. ", "Our Lady"), first):
        return True
    group = run_before(document, last, first)
    return any(one.low in BUILDINGS or one.low in CARE for one in group) or (
        len(group) > 1 and group[0].low in {"st", "st."}
    )


def _street(words: str) -> bool:
    """Whether a street without a house number is named: `Church Lane`, `Mill Fold`, `S.V. Road`."""
    first, _, last = words.rpartition(" ")
    return bool(first) and last.lower().strip(".") in _STREETS


def _quarter(document: Document, words: str) -> bool:
    """Whether the words may name a quarter or town: none opens a sentence or a greeting."""
    flags = document.lexicon.flags
    first, *more = [fold_name(one.strip(".,'")) for one in words.split()]
    return not any(flags.get(one, 0) & STOP for one in ([] if more and first in TOWN_WORDS else [first]) + more)
