"""The text inside old binary Office streams: Word's piece table (MS-DOC), Excel's records (MS-XLS), PowerPoint's atoms (MS-PPT).

Each function answers the text and whether there were no pictures or drawings beside it.
"""

from __future__ import annotations

import struct

from gateway.domain.finding import GapReason
from gateway.mime.documents.packed import Refused
from gateway.mime.documents.stray import words_among

_TEXT_ATOMS = {0x0FA0: "utf-16-le", 0x0FA8: "cp1252", 0x0FBA: "utf-16-le"}  # TextChars, TextBytes, CString
_CRYPT_SESSION = 0x2F14
_SST, _CONTINUE, _LABEL, _STRING, _SHEET, _HEADER, _FOOTER = 0x00FC, 0x003C, 0x0204, 0x0207, 0x0085, 0x0014, 0x0015
_LABEL_SST, _NUMBER, _RK, _MULRK, _FILEPASS, _TXO, _DRAWING, _OBJ = (
    0x00FD,
    0x0203,
    0x027E,
    0x00BD,
    0x002F,
    0x01B6,
    0x00EB,
    0x005D,
)
_BOF, _BIFF8 = 0x0809, 0x0600
_FORMULA, _SILENT = (
    0x0006,
    frozenset({0x0031, 0x0293, 0x0892, 0x0896, 0x001E, 0x041E, 0x087D, 0x00E0, 0x0042, 0x00E1, 0x01AF, 0x008C}),
)
"""Records of fonts, styles, themes and number formats, whose words no person wrote for a reader."""


_CELLS = frozenset({_LABEL_SST, _LABEL, _NUMBER, _RK, _MULRK, _STRING})


def document_text(words: bytes, first: bytes, zeroth: bytes) -> tuple[str, bool]:
    """All text of a Word 97-2003 document: body, notes, headers, comments, text boxes. Refused when it is encrypted."""
    flags = struct.unpack_from("<H", words, 0x0A)[0]
    if flags & 0x0100:
        raise Refused(GapReason.ENCRYPTED)
    table = first if flags & 0x0200 else zeroth
    start, length = struct.unpack_from("<II", words, 0x01A2)
    pieces = table[start : start + length]
    at = 0
    while pieces[at : at + 1] == b"\x01":
        at += 3 + struct.unpack_from("<H", pieces, at + 1)[0]
    if pieces[at : at + 1] != b"\x02":
        raise Refused(GapReason.MALFORMED)
    (size,) = struct.unpack_from("<I", pieces, at + 1)
    plc = pieces[at + 5 : at + 5 + size]
    count = (len(plc) - 4) // 12
    places = struct.unpack_from(f"<{count + 1}I", plc, 0)
    out: list[str] = []
    for number in range(count):
        characters = places[number + 1] - places[number]
        (where,) = struct.unpack_from("<I", plc, 4 * (count + 1) + 8 * number + 2)
        if where & 0x4000_0000:
            offset = (where & 0x3FFF_FFFF) // 2
            out.append(words[offset : offset + characters].decode("cp1252", "replace"))
        else:
            out.append(words[where : where + 2 * characters].decode("utf-16-le", "replace"))
    text = "".join(out)
    drawn = "\x01" in text or "\x08" in text
    return text.translate(
        {7: "\t", 11: "\n", 12: "\n", 13: "\n", 1: "", 8: "", 19: " ", 20: " ", 21: " ", 2: "", 5: ""}
    ), not drawn


def deck_text(data: bytes) -> tuple[str, bool]:
    """All text atoms of a PowerPoint 97-2003 file, those of former versions of a slide too."""
    out: list[str] = []
    at = 0
    while at + 8 <= len(data):
        version, kind, length = struct.unpack_from("<HHI", data, at)
        at += 8
        if kind == _CRYPT_SESSION:
            raise Refused(GapReason.ENCRYPTED)
        if version & 0xF == 0xF:  # a container: its records follow
            continue
        if kind in _TEXT_ATOMS:
            out.append(
                data[at : at + length].decode(_TEXT_ATOMS[kind], "replace").replace("\r", "\n").replace("\x0b", "\n")
            )
        at += length
    return "\n".join(out), True


def workbook_text(data: bytes) -> tuple[str, bool]:
    """Rows of all sheets of an Excel 97-2003 workbook, then strings that no cell uses, comments, headers, names.

    Older workbooks (before BIFF8) are Refused as unknown.
    """
    if len(data) < 8 or struct.unpack_from("<H", data, 4)[0] != _BIFF8:
        raise Refused(GapReason.UNKNOWN_TYPE)
    strings: list[str] = []
    rows: dict[tuple[int, int], dict[int, str]] = {}
    beside: list[str] = []
    sheet, drawn, at = 0, False, 0
    while at + 4 <= len(data):
        kind, length = struct.unpack_from("<HH", data, at)
        body = data[at + 4 : at + 4 + length]
        at += 4 + length
        if kind == _FILEPASS:
            raise Refused(GapReason.ENCRYPTED)
        if kind == _BOF:
            sheet += 1
        elif kind == _SST:
            chunks = [body]
            while at + 4 <= len(data) and struct.unpack_from("<H", data, at)[0] == _CONTINUE:
                length = struct.unpack_from("<H", data, at + 2)[0]
                chunks.append(data[at + 4 : at + 4 + length])
                at += 4 + length
            strings = _shared(chunks)
        elif kind in {_SHEET, _HEADER, _FOOTER}:
            beside.append(_plain(body[6:], wide_length=False) if kind == _SHEET else _plain(body, wide_length=True))
        elif kind == _TXO:
            beside.append(_continued(data, at))
        elif kind == _OBJ and body[4:6] == b"\x08\x00":
            drawn = True
        elif kind == _FORMULA:
            beside += _literals(body[22:])
        elif kind not in _CELLS and kind not in _SILENT:
            beside.append(words_among(body))
        else:
            _cells(kind, body, strings, rows, sheet)
    beside = [each for each in beside if each]
    lines = ["\t".join(text for _, text in sorted(cells.items())) for _, cells in sorted(rows.items())]
    used = {text for cells in rows.values() for text in cells.values()}
    return "\n".join([*lines, *(each for each in dict.fromkeys(strings) if each not in used), *beside]), not drawn


def _literals(tokens: bytes) -> list[str]:
    """Strings in the tokens of a formula (PtgStr, MS-XLS 2.5.198.89), and all of them as if they were joined."""
    found: list[str] = []
    at = 0
    while (at := tokens.find(b"\x17", at)) >= 0 and at + 3 <= len(tokens):
        count, wide = tokens[at + 1], tokens[at + 2]
        raw = tokens[at + 3 : at + 3 + count * (1 + wide)] if wide <= 1 else b""
        text = raw.decode("utf-16-le" if wide else "latin-1", "replace")
        good = bool(text) and len(text) == count and text.isprintable()
        found += [text] * good
        at += 3 + len(raw) if good else 1
    return [*found, "".join(found)] if len(found) > 1 else found


def _cells(kind: int, body: bytes, strings: list[str], rows: dict[tuple[int, int], dict[int, str]], sheet: int) -> None:
    if kind == _STRING and rows:
        rows[max(rows)][len(rows[max(rows)]) + 70_000] = _plain(body, wide_length=True)
    if kind not in _CELLS or kind == _STRING or len(body) < 6:
        return
    row, column = struct.unpack_from("<HH", body)
    cells = rows.setdefault((sheet, row), {})
    if kind == _LABEL_SST:
        number = struct.unpack_from("<I", body, 6)[0]
        cells[column] = strings[number] if number < len(strings) else ""
    elif kind == _LABEL:
        cells[column] = _plain(body[6:], wide_length=True)
    elif kind == _NUMBER:
        cells[column] = _number(struct.unpack_from("<d", body, 6)[0])
    elif kind == _RK:
        cells[column] = _number(_rk(struct.unpack_from("<I", body, 6)[0]))
    else:
        for n in range((len(body) - 6) // 6):
            cells[column + n] = _number(_rk(struct.unpack_from("<I", body, 4 + 6 * n + 2)[0]))


def _rk(value: int) -> float:
    number = float((value if value < 1 << 31 else value - (1 << 32)) >> 2) if value & 2 else struct.unpack("<d", struct.pack("<Q", (value & 0xFFFF_FFFC) << 32))[0]  # fmt: skip
    return float(number / 100 if value & 1 else number)


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else str(value)


def _plain(body: bytes, *, wide_length: bool) -> str:
    size = 2 if wide_length else 1
    if len(body) < size + 1:
        return ""
    count = int.from_bytes(body[:size], "little")
    wide = body[size] & 1
    return body[size + 1 : size + 1 + count * (1 + wide)].decode("utf-16-le" if wide else "latin-1", "replace")


def _continued(data: bytes, at: int) -> str:
    """The text of a comment or text box, in the record that follows."""
    if at + 5 > len(data) or struct.unpack_from("<H", data, at)[0] != _CONTINUE:
        return ""
    length = struct.unpack_from("<H", data, at + 2)[0]
    body = data[at + 4 : at + 4 + length]
    return body[1:].decode("utf-16-le" if body[:1] == b"\x01" else "latin-1", "replace")


def _shared(chunks: list[bytes]) -> list[str]:
    """The shared strings (MS-XLS 2.4.265); where one goes on in the next record, that begins with its own width flag."""
    found: list[str] = []
    chunk, at, number = chunks[0], 8, 0

    def more() -> bool:
        nonlocal chunk, at, number
        number += 1
        if number >= len(chunks):
            return False
        chunk, at = chunks[number], 0
        return True

    while at < len(chunk) or more():
        if at + 3 > len(chunk):
            break
        left, flags = struct.unpack_from("<HB", chunk, at)
        at += 3
        runs = struct.unpack_from("<H", chunk, at)[0] if flags & 8 else 0
        at += 2 if flags & 8 else 0
        extra = struct.unpack_from("<I", chunk, at)[0] if flags & 4 else 0
        at += 4 if flags & 4 else 0
        wide, text = flags & 1, list[str]()
        while True:
            taken = min(left, (len(chunk) - at) >> wide)
            text.append(chunk[at : at + (taken << wide)].decode("utf-16-le" if wide else "latin-1", "replace"))
            at += taken << wide
            left -= taken
            if not left or not more():
                break
            wide, at = (chunk[0] & 1 if chunk else 0), 1
        found.append("".join(text))
        skip = 4 * runs + extra
        while skip and (at < len(chunk) or more()):
            step = min(skip, len(chunk) - at)
            at, skip = at + step, skip - step
    return found
