"""PDF: JavaScript, and actions that start something (ISO 32000-2 12.6.4), found in the bytes and in object streams.

An action to open at a page is ordinary and not said. Nor are the calls that form fields make to Acrobat's own functions
to format dates and numbers: most forms of a practice have them, and they reach nothing outside the field.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import re2

_STREAM = re2.compile(rb"stream\r?\n")


def _named(name: str) -> str:
    """A pattern for a name, each letter as it is or escaped (7.3.5)."""
    return "/" + "".join(f"(?:{one}|#(?i:{ord(one):02x}))" for one in name)


_STARTS = re2.compile(
    (
        "(?:"
        + "|".join(_named(one) for one in ("Launch", "ImportData", "GoToE", "RichMedia", "Rendition"))
        + r")(?:[\s(<>/\[\]]|$)"
    ).encode()
)
_SCRIPT = re2.compile((_named("JS") + r"[\s(<\d/\[]").encode())
_FORMATS = re2.compile(
    rb"\s*\(\s*AF(?:Date|Time|Number|Percent|Special|Simple|Range|Merge)\w*\s*\\?\([^(){};=]*\)\s*;?\s*\)"
)
_CALL = 400
"""Bytes in which such a call is expected to end."""
_DICTIONARY = 600
"""Bytes before a stream in which its dictionary is looked for."""
_UNPACKED = 16 * 1024 * 1024
_STREAMS = 2000


def acts(data: bytes) -> bool:
    """Whether the document runs code of its own, or starts or fetches something, when it is opened or clicked."""
    return any(_active(one) for one in _pieces(data))


def _active(data: bytes) -> bool:
    if _STARTS.search(data):
        return True
    return any(not _FORMATS.match(data[found.end() - 1 : found.end() + _CALL]) for found in _SCRIPT.finditer(data))


def _pieces(data: bytes) -> Iterator[bytes]:
    """What lies open between streams, and object streams unpacked: other streams hold no objects."""
    left, at, count = _UNPACKED, 0, 0
    while found := _STREAM.search(data, at):
        head = data[at : found.start()]
        yield head
        end = data.find(b"endstream", found.end())
        end = len(data) if end < 0 else end
        dictionary = head[-_DICTIONARY:]
        if left > 0 and count < _STREAMS and (b"/ObjStm" in dictionary or b"#" in dictionary):
            count += 1
            unpacked = _unpacked(data[found.end() : end], left)
            left -= len(unpacked)
            yield unpacked
        at = end
    yield data[at:]


def _unpacked(data: bytes, limit: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, limit)
    except zlib.error:
        return data[:limit]
