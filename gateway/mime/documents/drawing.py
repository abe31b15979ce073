"""Windows metafiles (MS-EMF, MS-WMF), as Office puts them beside charts and objects: the words that their records write.

A file that also draws a picture of pixels, or writes letters by their number in a font, is a gap: its words are not
all known.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from gateway.domain.finding import Gap, GapReason, TextPart
from gateway.mime.documents.budget import Budget
from gateway.mime.documents.packed import Refused
from gateway.mime.documents.stray import words_among
from gateway.mime.documents.table import Result

_TEXT_A, _TEXT_W, _POLY_A, _POLY_W, _SMALL, _COMMENT, _EMF_END = 83, 84, 96, 97, 108, 70, 14
_EMF_PIXELS = frozenset({76, 77, 78, 79, 80, 81, 114, 116, 94, 93})
_GLYPHS, _NARROW, _NO_RECT = 0x0010, 0x0200, 0x0100
_WMF_TEXT, _WMF_EXT_TEXT = 0x0521, 0x0A32
_WMF_PIXELS = frozenset({0x0922, 0x0940, 0x0B23, 0x0B41, 0x0F43, 0x0D33})
_WMF_ESCAPE = 0x0626
_EMPTY = 200
"""Bytes of a record of pixels that holds none."""
_MOST = 500_000


def read_metafile(part: str, data: bytes, budget: Budget) -> Result:
    """The words in the order in which they are written; Refused forms are gaps."""
    if not budget.take_bytes(len(data)):
        return [], [Gap(part, GapReason.BOMB)]
    words: list[str] = []
    gaps: list[Gap] = []
    try:
        words += (_emf if data[40:44] == b" EMF" else _wmf)(data)
    except Refused as refusal:
        return [TextPart(part, words_among(data))], [Gap(part, refusal.reason)]
    except struct.error:
        gaps.append(Gap(part, GapReason.MALFORMED))
    return [TextPart(part, "\n".join(words))] * bool(words), gaps


def _emf(data: bytes) -> list[str]:
    (size, place) = struct.unpack_from("<II", data, 60)
    words = [data[place : place + 2 * size].decode("utf-16-le", "replace").replace("\0", " ")] * bool(size)
    at, pixels = 0, False
    for _ in range(_MOST):
        kind, length = struct.unpack_from("<II", data, at)
        body = data[at : at + length]
        if length < 8 or length % 4 or len(body) < length:
            raise Refused(GapReason.MALFORMED)
        at += length
        if kind == _EMF_END:
            _ended(data[at:], pixels=pixels)
            return words
        words += _emf_words(kind, body)
        plus = kind == _COMMENT and body[12:16] == b"EMF+" and b"\x08\x05" in body  # an image object
        pixels = pixels or plus or (kind in _EMF_PIXELS and length > _EMPTY)
    raise Refused(GapReason.TOO_LARGE)


def _emf_words(kind: int, body: bytes) -> Iterator[str]:
    if kind in {_TEXT_A, _TEXT_W}:
        yield _said(body, 36, wide=kind == _TEXT_W)
    elif kind in {_POLY_A, _POLY_W}:
        (count,) = struct.unpack_from("<I", body, 36)
        for number in range(min(count, len(body) // 40)):
            yield _said(body, 40 + 40 * number, wide=kind == _POLY_W)
    elif kind == _SMALL:
        yield _small(body)
    elif kind == _COMMENT:
        yield words_among(body[12:])


def _ended(rest: bytes, *, pixels: bool) -> None:
    if rest.strip(b"\0"):
        raise Refused(GapReason.AMBIGUOUS)
    if pixels:
        raise Refused(GapReason.NO_TEXT)


def _said(body: bytes, at: int, *, wide: bool) -> str:
    """The string of an EmrText object (MS-EMF 2.2.5)."""
    count, place, options = struct.unpack_from("<III", body, at + 8)
    if options & _GLYPHS:
        raise Refused(GapReason.NO_TEXT)
    raw = body[place : place + count * (1 + wide)]
    return raw.decode("utf-16-le" if wide else "cp1252", "replace")


def _small(body: bytes) -> str:
    count, options = struct.unpack_from("<II", body, 16)
    if options & _GLYPHS:
        raise Refused(GapReason.NO_TEXT)
    at = 36 if options & _NO_RECT else 52
    wide = not options & _NARROW
    return body[at : at + count * (1 + wide)].decode("utf-16-le" if wide else "cp1252", "replace")


def _wmf(data: bytes) -> list[str]:
    at = 22 if data.startswith(b"\xd7\xcd\xc6\x9a") else 0
    at += 2 * struct.unpack_from("<H", data, at + 2)[0]
    words, pixels = list[str](), False
    for _ in range(_MOST):
        size, kind = struct.unpack_from("<IH", data, at)
        if size < 3 or at + 2 * size > len(data):
            raise Refused(GapReason.MALFORMED)
        body = data[at + 6 : at + 2 * size]
        at += 2 * size
        if kind == 0:
            _ended(data[at:], pixels=pixels)
            return words
        words += _wmf_words(kind, body)
        pixels = pixels or (kind in _WMF_PIXELS and 2 * size > _EMPTY)
    raise Refused(GapReason.TOO_LARGE)


def _wmf_words(kind: int, body: bytes) -> Iterator[str]:
    if kind == _WMF_TEXT:
        (count,) = struct.unpack_from("<H", body)
        yield body[2 : 2 + count].decode("cp1252", "replace")
    elif kind == _WMF_EXT_TEXT:
        count, options = struct.unpack_from("<HH", body, 4)
        if options & _GLYPHS:
            raise Refused(GapReason.NO_TEXT)
        start = 16 if options & 0x0006 else 8
        yield body[start : start + count].decode("cp1252", "replace")
    elif kind == _WMF_ESCAPE:
        yield words_among(body)
