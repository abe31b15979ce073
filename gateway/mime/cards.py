"""Calendars (RFC 5545) and cards (RFC 6350, vCard 2.1): their properties as a person reads them, and the files inside.

The text as it stands goes along; the lines here take escapes, codings and the order of fields out of a detector's way.
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.mime.charset import decode
from gateway.mime.html import extract

_BEGIN = re.compile(r"\s*BEGIN:V(?:CALENDAR|CARD)\b", re.IGNORECASE)
_FOLD = re.compile(r"\r?\n[ \t]")
_LONGEST = 100_000
_ESCAPE = re.compile(r"\\([nN,;:\\])")
_DAY = re.compile(r"((?:19|20)\d\d)-?(\d\d)-?(\d\d)(?:T(\d\d):?(\d\d).*)?")
_LABELS = {"FN": "Name", "N": "Name", "NICKNAME": "Name", "TEL": "Phone", "EMAIL": "Email", "ADR": "Address", "BDAY": "Date of birth",
           "DEATHDATE": "Date of death", "ORG": "Organization", "NOTE": "Note", "SUMMARY": "Subject", "DESCRIPTION": "Description",
           "LOCATION": "Location", "ATTENDEE": "Attendee", "ORGANIZER": "Organizer", "CONTACT": "Contact", "DTSTART": "Date",
           "DTEND": "Date", "URL": "URL", "LABEL": "Address", "RELATED": "Relative", "UID": "UID", "COMMENT": "Comment"}  # fmt: skip
_SILENT = frozenset(
    {"BEGIN", "END", "VERSION", "PRODID", "CALSCALE", "METHOD", "TRANSP", "SEQUENCE", "STATUS", "CLASS"}
)


@dataclass(frozen=True, slots=True)
class Card:
    """Lines `label: value`, and files as (media type, bytes or None when damaged)."""

    lines: tuple[str, ...] = field(repr=False)
    files: tuple[tuple[str, bytes | None], ...] = field(repr=False)


def is_card(text: str) -> bool:
    """Whether a text is a calendar or a card."""
    return _BEGIN.match(text[:200].lstrip("\ufeff")) is not None


def unfolded(text: str) -> str:
    """Lines that were folded, whole again."""
    return _FOLD.sub("", text)


def read_card(text: str) -> Card:
    """All properties with their parameters, in the order of the text."""
    lines: list[str] = []
    files: list[tuple[str, bytes | None]] = []
    for line in _joined(unfolded(text).splitlines()):
        head, colon, value = _halves(line)
        if not colon or not value.strip():
            continue
        name, *parameters = head.split(";")
        name = name.rpartition(".")[2].upper().strip()
        if name in _SILENT:
            continue
        coding = " ".join(parameters).upper()
        if "BASE64" in coding or "ENCODING=B" in coding or value.lstrip()[:5].lower() == "data:":
            files.append(_file(value, coding))
            continue
        lines += _said(name, parameters, value, coding)
    return Card(tuple(lines), tuple(files))


def _joined(lines: list[str]) -> Iterator[str]:
    """Soft line breaks of quoted-printable, by which vCard 2.1 folds."""
    waiting = ""
    for line in lines:
        whole = waiting + line
        waiting = ""
        if whole.endswith("=") and "QUOTED-PRINTABLE" in whole.partition(":")[0].upper() and len(whole) < _LONGEST:
            waiting = whole[:-1]
        else:
            yield whole
    if waiting:
        yield waiting


def _halves(line: str) -> tuple[str, str, str]:
    """Name with parameters, and value; a colon in quotes does not part them."""
    quoted = False
    for at, sign in enumerate(line):
        if sign == '"':
            quoted = not quoted
        elif sign == ":" and not quoted:
            return line[:at], ":", line[at + 1 :]
    return line, "", ""


def _said(name: str, parameters: list[str], value: str, coding: str) -> Iterator[str]:
    if "QUOTED-PRINTABLE" in coding:
        value = decode(quopri.decodestring(value.encode("utf-8", "replace")), "")[0]
    if name in {"N", "ADR", "ORG"}:
        pieces = [_plain(each) for each in re.split(r"(?<!\\);", value)]
        if name == "N":
            pieces = [*pieces[3:4], *pieces[1:3], *pieces[:1], *pieces[4:]]
        value = (" " if name == "N" else ", ").join(each.strip() for each in pieces if each.strip())
    else:
        value = _plain(value)
    if "<" in value and ("HTML" in name or "FMTTYPE=TEXT/HTML" in coding):
        value = extract(value).text
    day = _DAY.fullmatch(value.strip())
    if day:
        value = f"{day[2]}/{day[3]}/{day[1]}" + (f" {day[4]}:{day[5]}" if day[4] else "")
    yield f"{_LABELS.get(name, name.capitalize())}: {value}"
    for parameter in parameters:
        key, _, told = parameter.partition("=")
        if key.upper() in {"CN", "X-FILENAME", "FILENAME", "LABEL", "SENT-BY", "ALTREP", "EMAIL", "DIR"} and told:
            yield f"{'Name' if key.upper() == 'CN' else key.capitalize()}: {told.strip(chr(34))}"


def _plain(value: str) -> str:
    return _ESCAPE.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)


def _file(value: str, coding: str) -> tuple[str, bytes | None]:
    told = re.search(r"(?:FMTTYPE|MEDIATYPE)=([\w/+.-]+)", coding)
    label = told[1].lower() if told else ""
    if value.lstrip()[:5].lower() == "data:":
        return data_url(value)
    try:
        return label, base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError):
        return label, None


def data_url(value: str) -> tuple[str, bytes | None]:
    """Media type and bytes of a `data:` URL (RFC 2397), None when it is damaged."""
    head, comma, body = value.strip()[5:].partition(",")
    label = head.partition(";")[0].strip().lower() or "text/plain"
    if not comma:
        return label, None
    raw = re.sub(r"%([0-9A-Fa-f]{2})", lambda found: chr(int(found[1], 16)), body)
    if not head.lower().replace(" ", "").endswith(";base64"):
        return label, raw.encode("latin-1", "replace")
    packed = "".join(raw.split()).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return label, base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True)
    except (binascii.Error, ValueError):
        return label, None
