"""Looks for marks in files, in every form in which they could lie there: raw, base64 at three offsets, quoted-printable,
UTF-16, hex, percent, and inside deflate streams.
"""

from __future__ import annotations

import base64
import quopri
import subprocess
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote


@dataclass(frozen=True)
class Hit:
    """A mark that was found: which, in which form, in which file."""

    mark: str
    form: str
    place: str


def forms(mark: str) -> dict[str, tuple[bytes, ...]]:
    """What a mark looks like in each form, lower-cased where the form has two cases."""
    raw = mark.encode()
    coded = {
        "quoted-printable": {quopri.encodestring(raw), "".join(f"={one:02X}" for one in raw).encode()},
        "percent": {quote(mark, safe="").encode(), "".join(f"%{one:02X}" for one in raw).encode()},
    }
    return {
        "raw": (raw, raw.upper(), raw.lower()),
        "base64": tuple(_inner_base64(raw, shift) for shift in range(3)),
        "utf-16": (mark.encode("utf-16-le"), mark.encode("utf-16-be")),
        "hex": (raw.hex().encode(), raw.hex().upper().encode()),
        **{form: tuple(found - {raw}) for form, found in coded.items()},
    }


def _inner_base64(raw: bytes, shift: int) -> bytes:
    """The characters that depend on the mark alone, when `shift` other bytes stand before it."""
    whole = base64.b64encode(bytes(shift) + raw)
    first = -(-shift * 4 // 3)
    last = (shift + len(raw)) * 8 // 6
    return whole[first:last]


def in_bytes(data: bytes, marks: Sequence[str], place: str, *, inflate: bool = True) -> Iterator[Hit]:
    """Every hit in some bytes; deflate streams in them are opened and looked through as well."""
    # Base64 and quoted-printable are broken into lines, wherever that falls.
    joined = data.replace(b"=\r\n", b"").replace(b"\r\n", b"").replace(b"\n", b"")
    for mark in marks:
        for form, found in forms(mark).items():
            if any(one in data or one in joined for one in found):
                yield Hit(mark, form, place)
    if inflate:
        for inner in _inflated(data):
            for hit in in_bytes(inner, marks, place, inflate=False):
                yield Hit(hit.mark, f"deflate/{hit.form}", place)


def in_tree(folders: Iterable[Path], marks: Sequence[str]) -> list[Hit]:
    """Every hit in the files below these folders, and in their names."""
    found: list[Hit] = []
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            found += in_bytes(str(path.relative_to(folder)).encode(), marks, f"name of {path}")
            if path.is_file():
                found += in_bytes(contents(path), marks, str(path))
    return found


def contents(path: Path) -> bytes:
    """A file's bytes. A database is read by another process: closing any descriptor of it here would drop the locks of this
    process's own connections (POSIX fcntl; sqlite.org/howtocorrupt.html 2.2). FileNotFoundError for one that has gone.
    """
    if ".db" not in path.name:
        return path.read_bytes()
    read = subprocess.run(["cat", str(path)], capture_output=True, check=False)
    if read.returncode:
        raise FileNotFoundError(path)
    return read.stdout


def _inflated(data: bytes) -> Iterator[bytes]:
    """What zlib, gzip and raw deflate streams in the data open to."""
    for start in _starts(data):
        for window in (15, 31, -15):
            opener = zlib.decompressobj(window)
            try:
                inner = opener.decompress(data[start:], 4 * 1024 * 1024)
            except zlib.error:
                continue
            if len(inner) > 16:
                yield inner


def _starts(data: bytes) -> Iterator[int]:
    """Where a compressed stream may begin: at the beginning, at zlib's and gzip's marks, behind a ZIP entry's header."""
    yield 0
    for magic, step in (
        (b"\x78\x01", 0),
        (b"\x78\x9c", 0),
        (b"\x78\xda", 0),
        (b"\x1f\x8b\x08", 0),
        (b"PK\x03\x04", -1),
    ):
        at = data.find(magic)
        while at >= 0:
            if step == 0:
                yield at
            elif at + 30 <= len(data):
                name, extra = (int.from_bytes(data[at + place : at + place + 2], "little") for place in (26, 28))
                yield at + 30 + name + extra
            at = data.find(magic, at + 1)
