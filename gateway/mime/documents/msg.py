"""Outlook messages (MS-OXMSG): subject, addresses, headers, body, recipients and attachments, messages within messages too."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import olefile

from gateway.domain.finding import Gap, GapReason, TextPart
from gateway.mime.charset import decode
from gateway.mime.documents.budget import Budget
from gateway.mime.documents.ole_stream import stream
from gateway.mime.documents.packed import Refused
from gateway.mime.documents.table import Result, read
from gateway.mime.html import extract
from gateway.mime.naming import Namer, clean

_SUBSTANCE = "__substg1.0_"
_BODY, _HTML, _RTF, _SUBJECT, _HEADERS = "1000", "1013", "1009", "0037", "007D"
_DATA, _LONG_NAME, _NAME = "3701", "3707", "3704"
_LABELS = {"0C1A": "From", "0C1F": "From address", "0E04": "To", "0E03": "Cc", "0E02": "Bcc", "3001": "Name",
           "3003": "Email", "39FE": "Email", "0042": "From", "5D01": "From address", "5D02": "From address"}  # fmt: skip
_LZFU = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor "
    b"MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    b"\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)


def read_message(part: str, file: olefile.OleFileIO, budget: Budget) -> Result:
    """Texts as of a mail: `part/subject`, `part/body.plain`, `part/body.html`, and `part/attachment:NAME`."""
    texts: list[TextPart] = []
    gaps: list[Gap] = []
    paths = [tuple(path) for path in file.listdir(streams=True, storages=False)]
    _message(part, (), paths, file, budget, texts, gaps)
    return texts, gaps


def _message(
    part: str, root: tuple[str, ...], paths: list[tuple[str, ...]], file: olefile.OleFileIO, budget: Budget,
    texts: list[TextPart], gaps: list[Gap],
) -> None:  # fmt: skip
    if not budget.enter():
        gaps.append(Gap(part, GapReason.TOO_DEEP))
        return
    try:
        below = [path for path in paths if path[: len(root)] == root]
        own = dict(_values(root, below, file, budget))
        for name, value in _texts_of(own):
            texts.append(TextPart(f"{part}/{name}", value))
        packed = own.get(_RTF)
        if isinstance(packed, bytes) and not own.keys() & {_BODY, _HTML}:
            found, missed = read(f"{part}/body.rtf", "", "", unpacked_rtf(packed), budget)
            texts += found
            gaps += missed
        names = Namer()
        folders = sorted({path[len(root)] for path in below if len(path) > len(root) + 1})
        for folder in folders:
            if folder.startswith("__recip"):
                values = dict(_values((*root, folder), below, file, budget))
                texts.append(TextPart(names.unique(f"{part}/header:To"), _lines(values)))
            elif folder.startswith("__attach"):
                _attachment(part, (*root, folder), below, file, budget, names, texts, gaps)
    except Refused as refusal:
        gaps.append(Gap(part, refusal.reason))
    finally:
        budget.leave()


def _attachment(
    part: str, root: tuple[str, ...], paths: list[tuple[str, ...]], file: olefile.OleFileIO, budget: Budget,
    names: Namer, texts: list[TextPart], gaps: list[Gap],
) -> None:  # fmt: skip
    values = dict(_values(root, paths, file, budget))
    name = next((str(values[each]) for each in (_LONG_NAME, _NAME, "3001") if each in values), "")
    inside = names.unique(f"{part}/attachment:{clean(name, 200) or 'file'}")
    texts.append(TextPart(f"{inside}/name", _lines(values).replace("_", " ")))
    data = values.get(_DATA)
    if isinstance(data, bytes):
        if not budget.take_entry():
            gaps.append(Gap(inside, GapReason.BOMB))
            return
        found, missed = read(inside, "", name, data, budget)
        texts += found
        gaps += missed
        return
    embedded = (*root, f"{_SUBSTANCE}{_DATA}000D")
    if any(path[: len(embedded)] == embedded and path[-1].startswith("__properties") for path in paths):
        _message(inside, embedded, paths, file, budget, texts, gaps)
    else:
        gaps.append(Gap(inside, GapReason.UNKNOWN_TYPE))


def _values(
    root: tuple[str, ...], paths: list[tuple[str, ...]], file: olefile.OleFileIO, budget: Budget
) -> Iterator[tuple[str, str | bytes]]:
    """Property numbers with their strings or bytes, of one storage."""
    for path in paths:
        name = path[-1]
        if path[:-1] != root or not name.startswith(_SUBSTANCE) or len(name) < len(_SUBSTANCE) + 8:
            continue
        number, kind = name[len(_SUBSTANCE) :][:4].upper(), name[len(_SUBSTANCE) + 4 :][:4].upper()
        if kind in {"001F", "101F"}:
            yield (
                number,
                stream(file, list(path), budget).decode("utf-16-le", "replace").replace("\0", "\n").strip("\n"),
            )
        elif kind in {"001E", "101E"}:
            yield number, decode(stream(file, list(path), budget).rstrip(b"\0"), "")[0]
        elif kind == "0102" and number in {_HTML, _RTF, _DATA}:
            yield number, stream(file, list(path), budget)


def _texts_of(values: dict[str, str | bytes]) -> Iterator[tuple[str, str]]:
    places = {_SUBJECT: "subject", _BODY: "body.plain", _HEADERS: "headers"}
    for number, name in places.items():
        value = values.get(number)
        if isinstance(value, str):
            yield name, value
    html = values.get(_HTML)
    if html:
        yield "body.html", extract(decode(html, "")[0] if isinstance(html, bytes) else html).text
    rest = {number: value for number, value in values.items() if number not in {*places, _HTML}}
    yield "properties", _lines(rest)


def _lines(values: dict[str, str | bytes]) -> str:
    lines = (f"{_LABELS[number]}: {value}" if number in _LABELS else value for number, value in values.items() if isinstance(value, str))  # fmt: skip
    return "\n".join(dict.fromkeys(lines))


def unpacked_rtf(data: bytes) -> bytes:
    """Compressed RTF (MS-OXRTFCP) unpacked; Refused when it is damaged."""
    if len(data) < 16:
        raise Refused(GapReason.MALFORMED)
    _, size, magic = struct.unpack_from("<III", data)
    if magic == 0x414C454D:  # stored
        return data[16 : 16 + size]
    if magic != 0x75465A4C or size > 64 * 1024 * 1024:
        raise Refused(GapReason.MALFORMED)
    window = bytearray(4096)
    window[: len(_LZFU)] = _LZFU
    write, at, out = len(_LZFU), 16, bytearray()
    while at < len(data) and len(out) < size:
        control = data[at]
        at += 1
        for bit in range(8):
            if at >= len(data) or len(out) >= size:
                break
            if not control >> bit & 1:
                pieces = data[at : at + 1]
                at += 1
                out += pieces
                window[write] = pieces[0]
                write = (write + 1) % 4096
                continue
            reference = int.from_bytes(data[at : at + 2], "big")
            at += 2
            offset, length = reference >> 4, (reference & 0xF) + 2
            if offset == write:
                return bytes(out)
            for step in range(length):
                byte = window[(offset + step) % 4096]
                out.append(byte)
                window[write] = byte
                write = (write + 1) % 4096
    return bytes(out)
