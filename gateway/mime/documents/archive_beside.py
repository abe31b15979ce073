"""What packed files say beside their contents: comments and extra fields of gzip (RFC 1952), records of pax (POSIX.1-2001),
and bytes behind an archive's end, which libarchive does not look at.
"""

from __future__ import annotations

import io
import tarfile
import zlib

from gateway.mime.charset import decode
from gateway.mime.documents.budget import Budget
from gateway.mime.documents.stray import words_among

_EXTRA, _NAME, _COMMENT, _CHECK = 4, 8, 16, 2
_PIECE = 256 * 1024
_SILENT = frozenset({"path", "linkpath", "uname", "gname", "size", "mtime", "atime", "ctime", "uid", "gid"})
_MOST = 5_000


def beside(data: bytes, budget: Budget) -> tuple[str, bool]:
    """Words beside the files, and whether nothing follows the end."""
    if data[:3] == b"\x1f\x8b\x08":
        return _gzip(data, budget)
    if data[257:262] == b"ustar":
        return _tar(data)
    return "", True


def _gzip(data: bytes, budget: Budget) -> tuple[str, bool]:
    flags, at = data[3], 10
    told: list[str] = []
    if flags & _EXTRA:
        length = int.from_bytes(data[at : at + 2], "little")
        told.append(words_among(data[at + 2 : at + 2 + length]))
        at += 2 + length
    for flag in (_NAME, _COMMENT):
        if flags & flag:
            end = data.find(b"\0", at)
            if end < 0:
                return "", False
            told.append(decode(data[at:end], "")[0].replace("_", " "))
            at = end + 1
    return "\n".join(each for each in told if each), _ends(data, budget)


def _ends(data: bytes, budget: Budget) -> bool:
    """Whether one member follows another to the last byte; unpacked bytes are counted and let go."""
    left, taken = data, 0
    while left.startswith(b"\x1f\x8b"):
        stream = zlib.decompressobj(wbits=31)
        try:
            while left and not stream.eof:
                taken += len(stream.decompress(left, _PIECE))
                left = stream.unconsumed_tail if not stream.eof else stream.unused_data
                if taken > budget.max_entry_bytes or budget.suspicious(len(data), taken):
                    return False
        except zlib.error:
            return False
    return not left.strip(b"\0")


def _tar(data: bytes) -> tuple[str, bool]:
    told: dict[str, None] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for number, member in enumerate(archive):
                if number >= _MOST:
                    return "", False
                told.update({value: None for key, value in member.pax_headers.items() if key not in _SILENT})
            end = archive.offset
    except (tarfile.TarError, ValueError, OSError, EOFError):
        return "", False
    return "\n".join(told), not data[end:].strip(b"\0")
