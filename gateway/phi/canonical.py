"""The forms in which the register and mail are compared where bytes alike are not enough: dates, and postal lines.

Words of street addresses take their short form on both sides; words that only announce a unit (apartment, number, piso)
fall away. A date may be American or European, of either century, in figures or with its month in English or Spanish.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any

import re2

from gateway.phi.normalize import normalize
from gateway.phi.skeleton import places, plain_bytes

_SHORT = {
    long.encode(): short.encode()
    for short, longs in {
        "st": "street saint", "ave": "avenue av avenida", "rd": "road", "dr": "drive", "ln": "lane", "blvd": "boulevard bulevar", "ct": "court",
        "pl": "place", "ter": "terrace", "cir": "circle", "pkwy": "parkway", "hwy": "highway", "sq": "square", "trl": "trail", "aly": "alley",
        "plz": "plaza", "xing": "crossing", "pt": "point", "mt": "mount", "ft": "fort", "rte": "route", "calz": "calzada", "col": "colonia",
        "n": "north norte", "s": "south sur", "e": "east este oriente ote", "w": "west oeste poniente pte", "ne": "northeast", "nw": "northwest",
        "se": "southeast", "sw": "southwest", "1st": "first", "2nd": "second", "3rd": "third", "4th": "fourth", "5th": "fifth", "6th": "sixth",
        "7th": "seventh", "8th": "eighth", "9th": "ninth", "10th": "tenth", "11th": "eleventh", "12th": "twelfth",
    }.items()
    for long in longs.split()
}  # fmt: skip
_UNIT = frozenset(
    b"apt apartment unit ste suite rm room fl floor lot trlr bldg depto departamento dpto int interior piso puerta apto".split()
)
_NUMBER = frozenset(b"no num numero nro ext exterior".split())
_KIND = frozenset(b"calle c ave calz camino paseo carretera calleron col".split())
_SEEN_AFTER = 8
_PIECE = re.compile(rb"[0-9]+|[a-z]+")
_MONTHS = {
    name: number
    for number, names in enumerate(
        ("jan january enero ene", "feb february febrero", "mar march marzo", "apr april abril abr", "may mayo", "jun june junio", "jul july julio",
         "aug august agosto ago", "sep sept september septiembre setiembre", "oct october octubre", "nov november noviembre", "dec december diciembre dic"), 1)
    for name in names.split()
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """A postal line in canonical words. `base` of them are without the unit; `place` holds the city's word and the ZIP.

    `at` is the index of the first word of the anchor, by which it is looked for.
    """

    words: tuple[bytes, ...] = field(repr=False)
    base: int
    at: int
    place: frozenset[bytes] = field(repr=False)
    anchors: tuple[bytes, ...] = field(repr=False)


def postal_line(address: str, city: str, postcode: str) -> Line | None:
    """The line of an address on record, or None where it has no number with a word beside it."""
    clean = address if address.isascii() else normalize(address).text
    given = plain_bytes(clean.replace("#", " apt ")).split()
    if given[:1] and given[0] in _UNIT:
        given = given[2:] + given[:2]
    cut = next((at for at, one in enumerate(given) if one in _UNIT), len(given))
    base, unit = [
        [one for one, _, _ in _shortened([(word, 0) for word in part])] for part in (given[:cut], given[cut:])
    ]
    house = next((at for at, one in enumerate(base) if one[:1].isdigit()), -1)
    if house < 0 or len(base) < 2:
        return None
    at = house if house == 0 else house - 1
    between = (b" ",) if house == 0 else (b" ", *(b" " + one + b" " for one in _NUMBER))
    anchors = tuple(
        left + gap + right for left in _longs(base[at]) for right in _longs(base[at + 1]) for gap in between
    )
    place = frozenset([*plain_bytes(city).split()[:1], *plain_bytes(postcode).split()[:1]])
    return Line((*base, *unit), len(base), at, place, anchors)


def sight_of(line: Line, data: bytes, start: int) -> tuple[int, int, bool] | None:
    """The span in a skeleton of this line, given where its anchor's first word begins, and whether it is certain.

    Certain means the whole line with its unit, or the city or ZIP soon after it, or that neither is on record.
    """
    rest = list(_shortened(places(data, start, start + 16 * (len(line.words) + _SEEN_AFTER))))
    wanted = line.words[line.at :]
    same = 0
    while same < len(wanted) and same < len(rest) and rest[same][0] == wanted[same]:
        same += 1
    if line.at + same < line.base:
        return None
    begin = start
    wanted_before = [one for one in line.words[: line.at] if one not in _KIND]
    if wanted_before:
        low = data.find(b" ", max(0, start - 24 * line.at), start) + 1
        before = [one for one in _shortened(places(data, low, start)) if one[0] not in _KIND][-len(wanted_before) :]
        if [one for one, _, _ in before] != wanted_before:
            return None
        begin = before[0][1]
    whole = same == len(wanted)
    after = {one for one, _, _ in rest[same : same + _SEEN_AFTER]}
    certain = bool(line.place & after) or (whole and (line.base < len(line.words) or not line.place))
    return begin, rest[same - 1][2], certain


def _shortened(found: Sequence[tuple[bytes, int]]) -> Iterator[tuple[bytes, int, int]]:
    """Words in short form with their spans, without those that say nothing; `P O Box` is one word like `PO Box`."""
    for number, (word, at) in enumerate(found):
        boxed = word in {b"p", b"o", b"po"} and any(one == b"box" for one, _ in found[number + 1 : number + 3])
        if not boxed and word not in _UNIT and word not in _NUMBER:
            yield _SHORT.get(word, word), at, at + len(word)


@cache
def _long_forms() -> dict[bytes, tuple[bytes, ...]]:
    forms: dict[bytes, list[bytes]] = {}
    for long, short in _SHORT.items():
        forms.setdefault(short, [short]).append(long)
    return {short: tuple(longs) for short, longs in forms.items()}


def _longs(word: bytes) -> tuple[bytes, ...]:
    return _long_forms().get(word, (word,))


@cache
def pattern(name: str) -> Any:
    """A compiled pattern over the bytes of `skeleton.latin`: `date` and `phone`."""
    month = "(?:" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + ")"
    gap = r"[ \t\r\n>]{0,4}"
    options = re2.Options()
    options.log_errors, options.encoding, options.max_mem = False, re2.Options.Encoding.LATIN1, 8 << 20
    return re2.compile(
        {
            "date": r"\d{1,4}(?: ?/ ?\d{1,2} ?/ ?|-\d{1,2}-|\.\d{1,2}\.|\. \d{1,2}\. )\d{2,4}|\d{1,2} \d{1,2} \d{4}|\d{8}"
                    rf"|\b{month}\.?,?{gap}\d{{1,2}}(?:st|nd|rd|th)?(?:,{gap}|[ \t\r\n>]{{1,4}})(?:of |de |del )?\d{{2,4}}"
                    rf"|\d{{1,2}}(?:st|nd|rd|th|o)?[ \t\r\n>\-/.]{{0,4}}(?:de |of |day of )?{month}\.?,?[ \t\r\n>\-/.]{{0,4}}(?:de |del |of )?\d{{2,4}}",
            "phone": r"(?:\+?1[ .\-]{0,3})?(?:\( ?)?\d{3} ?\)?[ .\-/]{0,3}\d{3}[ .\-]{0,3}\d{4}",
        }[name].encode(),
        options,
    )  # fmt: skip


def days(text: bytes) -> set[date]:
    """Every day that a date text may mean: American and European order, both centuries."""
    if len(text) == 8 and text.isdigit():
        first = (int(text[:4]), int(text[4:6]), int(text[6:]))
        return _valid(
            [first, (int(text[4:]), int(text[:2]), int(text[2:4])), (int(text[4:]), int(text[2:4]), int(text[:2]))]
        )
    pieces = [one.decode("latin-1") for one in _PIECE.findall(text)]
    numbers = [int(one) for one in pieces if one.isdigit()]
    month = next((_MONTHS[one] for one in pieces if one in _MONTHS), 0)
    if month and len(numbers) == 2:
        return _valid([(numbers[1], month, numbers[0])])
    if len(numbers) != 3:
        return set()
    a, b, c = numbers
    return _valid([(a, b, c)] if a > 31 else [(c, a, b), (c, b, a)])


def years_between(born: date, day: date) -> int:
    """The age in whole years on a day; negative before birth."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def _valid(candidates: list[tuple[int, int, int]]) -> set[date]:
    found = set()
    for year, month, day in candidates:
        for century in (0,) if year > 99 else (1900, 2000):
            try:
                found.add(date(year + century, month, day))
            except ValueError:
                continue
    return found
