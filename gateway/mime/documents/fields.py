"""How readers of health formats say what a field is: one line for each, `Patient name: Jane Q Doe`, in words of letters.

The detector knows such labels from letters; a name in PID-5 has none of its own. The text as it stands goes along as
the text of the part, the lines as that of `part/fields`.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence

from gateway.domain.finding import Gap, GapReason, TextPart
from gateway.mime.charset import decode
from gateway.mime.documents.budget import Budget
from gateway.mime.documents.table import Result, read

_DATE = re.compile(r"((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})(?:T?([0-9]{2})([0-9]{2})[0-9.]*)?(?:[+-][0-9]{4}|Z)?")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def both(part: str, data: bytes, lines: Sequence[str]) -> Result:
    """The text as it stands and the lines of its fields."""
    text, certain = decode(data, "")
    gaps = [] if certain else [Gap(part, GapReason.UNDECODABLE)]
    return [TextPart(part, text), TextPart(f"{part}/fields", "\n".join(line for line in lines if line.strip()))], gaps


def line(label: str, *values: str) -> str:
    """`label: values`, or nothing without a value."""
    shown = " ".join(value.strip() for value in values if value and value.strip())
    return f"{label}: {shown}" if shown else ""


def date(value: str) -> str:
    """A date written as digits as people write it, month first; anything else as it is."""
    found = _DATE.fullmatch(value.strip())
    if found is None:
        return value
    year, month, day, hour, minute = found.groups()
    return f"{month}/{day}/{year}" + (f" {hour}:{minute}" if hour else "")


def person(family: str, given: Sequence[str] = (), suffix: str = "", prefix: str = "") -> str:
    """A name in the order in which it is spoken."""
    return " ".join(each.strip() for each in (prefix, *given, family, suffix) if each and each.strip())


def address(street: Sequence[str], city: str = "", state: str = "", zip_code: str = "", country: str = "") -> str:
    """An address in one line."""
    where = " ".join(each for each in (state.strip(), zip_code.strip()) if each)
    return ", ".join(each.strip() for each in (*street, city, where, country) if each and each.strip())


def words_of(name: str) -> str:
    """`birthDate` as `Birth date`."""
    return _CAMEL.sub(" ", name.replace("_", " ")).capitalize()


def packed(part: str, number: int, content: str, name: str, budget: Budget) -> Result:
    """A document that a field holds as base64, read as a file."""
    inside = f"{part}/file-{number}"
    try:
        data = base64.b64decode("".join(content.split()), validate=True)
    except (binascii.Error, ValueError):
        return [], [Gap(inside, GapReason.MALFORMED)]
    if not budget.take_entry() or not budget.take_bytes(len(data)):
        return [], [Gap(inside, GapReason.BOMB)]
    if not budget.enter():
        return [], [Gap(inside, GapReason.TOO_DEEP)]
    try:
        return read(inside, "", name, data, budget)
    finally:
        budget.leave()
