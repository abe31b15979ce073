"""What Pillow does not show of a picture's file: chunks, segments and blocks of programs' own, and previews.

Each walks the file as its standard says (PNG: ISO 15948 5.3; JPEG: T.81 B.1.1; GIF89a; WebP: RFC 9649 2.3).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.mime.documents.stray import words_among

_PNG_KNOWN = frozenset([b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"pHYs", b"tRNS", b"gAMA",
                        b"cHRM", b"sRGB", b"bKGD", b"hIST", b"sBIT", b"tIME", b"acTL", b"fcTL", b"fdAT", b"sPLT", b"cICP",
                        b"iCCP"])  # fmt: skip
_WEBP_KNOWN = frozenset([b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"EXIF", b"XMP ", b"ICCP"])
_EXIF, _EXTENDED, _PROFILE = b"Exif\0\0", b"http://ns.adobe.com/xmp/extension/\0", b"acsp"
_READ = (b"http://ns.adobe.com/xap/1.0/", b"Photoshop 3.0", b"JFIF\0", b"Adobe", b"MPF\0")
"""Segments that Pillow reads, or that hold numbers only."""
_MOST = 100_000


@dataclass(slots=True)
class Beside:
    """Words, and pictures (JPEG) inside the picture; `whole` says that the walk came to the file's end."""

    lines: list[str] = field(default_factory=list, repr=False)
    pictures: list[bytes] = field(default_factory=list, repr=False)
    whole: bool = True


def spoken(kind: str, data: bytes) -> Beside:
    """Words in the pieces of a PNG, JPEG, GIF or WebP file that metadata readers leave out."""
    walk = {"PNG": _png, "JPEG": _jpeg, "MPO": _jpeg, "GIF": _gif, "WEBP": _webp}.get(kind)
    found = Beside()
    try:
        for words in walk(data, found) if walk else ():
            found.lines += [words] * bool(words)
    except (struct.error, IndexError):
        found.whole = False
    return found


def _png(data: bytes, found: Beside) -> Iterator[str]:
    at = 8
    for _ in range(_MOST):
        if at >= len(data):
            return
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind not in _PNG_KNOWN:
            yield words_among(data[at + 8 : at + 8 + length])
        at += 12 + length
        if kind == b"IEND":
            return
    found.whole = False


def _jpeg(data: bytes, found: Beside) -> Iterator[str]:
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            found.whole = False
            return
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        body = data[at + 4 : at + 2 + length]
        at += 2 + max(2, length)
        if marker == 0xDA:  # the pixels; what ends them is looked at elsewhere
            return
        if body.startswith(_EXIF):
            found.pictures += _preview(body)
        elif body.startswith(_EXTENDED):
            yield words_among(body[len(_EXTENDED) + 40 :])
        elif 0xE0 <= marker <= 0xEF and not body.startswith(_READ) and _PROFILE not in body[:64]:
            yield words_among(body)


def _preview(body: bytes) -> list[bytes]:
    start, end = body.find(b"\xff\xd8\xff", 6), body.rfind(b"\xff\xd9")
    return [body[start : end + 2]] if 0 <= start < end else []


def _gif(data: bytes, found: Beside) -> Iterator[str]:
    at = 13 + _table(data[10])
    for _ in range(_MOST):
        sign = data[at]
        if sign == 0x3B:
            return
        if sign == 0x2C:
            at = _blocks_end(data, at + 11 + _table(data[at + 9]))
        elif sign == 0x21:
            start, end = at + 2, _blocks_end(data, at + 2)
            if data[at + 1] in {0xFF, 0x01}:  # of an application, or text to be drawn
                yield words_among(data[start:end])
            at = end
        else:
            break
    found.whole = False


def _table(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _blocks_end(data: bytes, at: int) -> int:
    while size := data[at]:
        at += size + 1
    return at + 1


def _webp(data: bytes, found: Beside) -> Iterator[str]:
    at = 12
    while at + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        if kind not in _WEBP_KNOWN:
            yield words_among(data[at + 8 : at + 8 + length])
        at += 8 + length + length % 2
    found.whole = not data[at:].strip(b"\0")
