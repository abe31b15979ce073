"""Outlook's winmail.dat (MS-OXTNEF): the message's strings and body, and the files attached in it.

Attributes lie one behind the other, each with its length; MAPI properties (MS-OXCDATA 2.11) lie in two of them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.domain.finding import Gap, GapReason, TextPart
from gateway.mime.charset import decode
from gateway.mime.documents.budget import Budget
from gateway.mime.documents.msg import unpacked_rtf
from gateway.mime.documents.packed import Refused
from gateway.mime.documents.table import Result, read
from gateway.mime.html import extract
from gateway.mime.naming import Namer, clean

_SIGNATURE = 0x223E9F78
_ATTACH, _ATTACH_DATA, _ATTACH_TITLE, _PROPS, _ATTACH_PROPS, _RECIPIENTS, _CODEPAGE, _META = (
    0x9002, 0x800F, 0x8010, 0x9003, 0x9005, 0x9004, 0x9007, 0x8011,
)  # fmt: skip
_SILENT = frozenset({0x9006, 0x8008, 0x9007, 0x8020, 0x8005, 0x8006, 0x8012, 0x8013, 0x800D, 0x8007, 0x9001, 0x8009})
"""Version, class, code page, dates, priority, identifiers: no words of a person."""
_RTF, _HTML, _DATA, _LONG_NAME, _NAME = 0x1009, 0x1013, 0x3701, 0x3707, 0x3704
_WIDTHS = {0x0002: 4, 0x0003: 4, 0x0004: 4, 0x000A: 4, 0x000B: 4, 0x0005: 8, 0x0006: 8, 0x0007: 8, 0x0014: 8,
           0x0040: 8, 0x0048: 16}  # fmt: skip
_STRING8, _UNICODE, _OBJECT, _BINARY, _MANY = 0x001E, 0x001F, 0x000D, 0x0102, 0x1000
_MOST = 20_000


@dataclass(slots=True)
class _File:
    names: list[str] = field(default_factory=list, repr=False)
    data: list[bytes] = field(default_factory=list, repr=False)


@dataclass(slots=True)
class _Message:
    lines: list[str] = field(default_factory=list, repr=False)
    documents: list[tuple[str, bytes]] = field(default_factory=list, repr=False)
    files: list[_File] = field(default_factory=list, repr=False)
    codec: str = "cp1252"


def read_tnef(part: str, data: bytes, budget: Budget) -> Result:
    """Strings as the text of `part`, the body as `part/body`, files as `part/NAME`; Refused forms are gaps."""
    message = _Message()
    gaps: list[Gap] = []
    try:
        for number, value in _attributes(data):
            _take(message, number, value)
    except (Refused, struct.error, ValueError):
        gaps.append(Gap(part, GapReason.MALFORMED))
    texts = [TextPart(part, "\n".join(dict.fromkeys(each for each in message.lines if each.strip())))]
    if not budget.enter():
        return texts, [*gaps, Gap(part, GapReason.TOO_DEEP)]
    names = Namer()
    try:
        for name, content in _inside(part, message, texts):
            inside = names.unique(f"{part}/{name}")
            if not budget.take_entry() or not budget.take_bytes(len(content)):
                gaps.append(Gap(inside, GapReason.BOMB))
                break
            found, missed = read(inside, "", name, content, budget)
            texts += found
            gaps += missed
    finally:
        budget.leave()
    return texts, gaps


def _inside(part: str, message: _Message, texts: list[TextPart]) -> Iterator[tuple[str, bytes]]:
    yield from message.documents
    for number, each in enumerate(message.files, 1):
        name = clean(next(iter(each.names), ""), 200) or f"file-{number}"
        texts.append(TextPart(f"{part}/{number}/name", "\n".join(each.names).replace("_", " ")))
        for content in dict.fromkeys(each.data):
            if content:
                yield name, content


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and bytes of each attribute (MS-OXTNEF 2.1.3.1); Refused where they do not lie one behind the other."""
    if len(data) < 6 or struct.unpack_from("<I", data)[0] != _SIGNATURE:
        raise Refused(GapReason.MALFORMED)
    at = 6
    while at < len(data):
        if not data[at:].strip(b"\0"):
            return
        level, identity, length = struct.unpack_from("<BII", data, at)
        end = at + 9 + length
        if level not in {1, 2} or end + 2 > len(data):
            raise Refused(GapReason.MALFORMED)
        yield identity & 0xFFFF, data[at + 9 : end]
        at = end + 2


def _take(message: _Message, number: int, value: bytes) -> None:
    if number == _ATTACH:
        message.files.append(_File())
    elif number == _CODEPAGE and len(value) >= 4:
        page = struct.unpack_from("<I", value)[0]
        message.codec = "utf-8" if page == 65001 else f"cp{page}"
    elif number in {_ATTACH_DATA, _ATTACH_TITLE, _ATTACH_PROPS, _META}:
        message.files = message.files or [_File()]
        _take_file(message, message.files[-1], number, value)
    elif number == _PROPS:
        _take_properties(message, value)
    elif number == _RECIPIENTS:
        _take_recipients(message, value)
    elif number not in _SILENT:  # From, Subject, Body, and whatever else holds a string
        message.lines.append(_string(value, message.codec))


def _take_file(message: _Message, file: _File, number: int, value: bytes) -> None:
    if number == _ATTACH_DATA:
        file.data.append(value)
    elif number == _META:
        file.data.append(value)  # its picture in the letter
    elif number == _ATTACH_TITLE:
        file.names.append(_string(value, message.codec))
    else:
        for tag, content in _properties(value):
            if isinstance(content, str):
                file.names.insert(0, content) if tag == _LONG_NAME else file.names.append(content)
            elif tag == _DATA:
                file.data.append(content[16:] if content[16:20] == b"\x78\x9f\x3e\x22" else content)


def _take_properties(message: _Message, value: bytes) -> None:
    for tag, content in _properties(value):
        if isinstance(content, str):
            message.lines.append(extract(content).text if tag == _HTML else content)
        elif tag == _HTML:
            message.documents.append(("body.html", content))
        elif tag == _RTF:
            message.documents.append(("body.rtf", unpacked_rtf(content)))


def _take_recipients(message: _Message, value: bytes) -> None:
    (rows,) = struct.unpack_from("<I", value)
    at = 4
    for _ in range(min(rows, _MOST)):
        row, at = _row(value, at)
        message.lines += [content for _, content in row if isinstance(content, str)]


def _properties(value: bytes) -> list[tuple[int, str | bytes]]:
    return _row(value, 0)[0]


def _row(value: bytes, at: int) -> tuple[list[tuple[int, str | bytes]], int]:
    """Properties that are strings or bytes, and where the next row begins (MS-OXTNEF 2.1.3.4)."""
    (count,) = struct.unpack_from("<I", value, at)
    at += 4
    found: list[tuple[int, str | bytes]] = []
    if count > _MOST:
        raise Refused(GapReason.MALFORMED)
    for _ in range(count):
        kind, tag = struct.unpack_from("<HH", value, at)
        at += 4
        if tag >= 0x8000:  # a named property: its set, then its number or its name
            (by_name,) = struct.unpack_from("<I", value, at + 16)
            at += 24
            if by_name:
                (length,) = struct.unpack_from("<I", value, at - 4)
                at += length + -length % 4
        base, several = kind & ~_MANY, bool(kind & _MANY)
        sized = base in {_STRING8, _UNICODE, _OBJECT, _BINARY}
        values = 1
        if several or sized:
            (values,) = struct.unpack_from("<I", value, at)
            at += 4
        if not sized:
            if base not in _WIDTHS:
                raise Refused(GapReason.MALFORMED)
            at += _WIDTHS[base] * values
            continue
        for _ in range(min(values, _MOST)):
            (length,) = struct.unpack_from("<I", value, at)
            if at + 4 + length > len(value):
                raise Refused(GapReason.MALFORMED)
            content = value[at + 4 : at + 4 + length]
            at += 4 + length + -length % 4
            if base == _UNICODE:
                found.append((tag, content.decode("utf-16-le", "replace").rstrip("\0")))
            else:
                found.append((tag, _string(content, "") if base == _STRING8 else content))
    return found, at


def _string(value: bytes, codec: str) -> str:
    return decode(value.rstrip(b"\0"), codec)[0].replace("\0", " ")
