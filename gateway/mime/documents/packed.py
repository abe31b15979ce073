"""ZIP containers, opened within the budget: what every reader of archives and Office files goes through.

Sizes in a ZIP directory are claims: entries are read in pieces and counted as they come.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator

from gateway.domain.finding import GapReason
from gateway.mime.charset import decode
from gateway.mime.documents.budget import Budget
from gateway.mime.documents.stray import words_among

_PIECE = 256 * 1024
_LOCAL_HEADER, _END_RECORD = 30, 22
_DESCRIPTOR = 24
"""The longest data descriptor, which may stand behind an entry's bytes."""
_SILENT_EXTRAS = frozenset({0x0001, 0x000A, 0x5455, 0x5855, 0x7855, 0x7875, 0x9901, 0xCAFE, 0xA11E})
_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, NotImplementedError)


class Refused(Exception):
    """An entry that is not read; `reason` says why."""

    def __init__(self, reason: GapReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


def opened(data: bytes) -> zipfile.ZipFile:
    """The archive; raises Refused if its directory cannot be read, or if another reader would find other files in it."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except _ERRORS as error:
        raise Refused(GapReason.MALFORMED) from error
    _tiled(archive, data)
    return archive


def _tiled(archive: zipfile.ZipFile, data: bytes) -> None:
    """Entries lie one behind the other from the first byte to the directory (APPNOTE 4.3.6): Refused where they overlap
    (BOMB: few bytes that count as many), or leave bytes that belong to none (AMBIGUOUS).
    """
    end = 0
    for entry in sorted(archive.infolist(), key=lambda one: one.header_offset):
        start = entry.header_offset
        if start < end:
            raise Refused(GapReason.BOMB)
        if start > end + _DESCRIPTOR:
            raise Refused(GapReason.AMBIGUOUS)
        if data[start : start + 4] != b"PK\3\4" or len(data) < start + _LOCAL_HEADER:
            raise Refused(GapReason.MALFORMED)
        end = start + _LOCAL_HEADER + sum(struct.unpack_from("<HH", data, start + 26)) + entry.compress_size
    behind = data.rfind(b"PK\5\6") + _END_RECORD + len(archive.comment)
    if not end <= archive.start_dir <= end + _DESCRIPTOR or behind != len(data):
        raise Refused(GapReason.AMBIGUOUS)


def margins(archive: zipfile.ZipFile, data: bytes) -> str:
    """What an archive says beside its files: comments, names of folders, and words in extra fields (APPNOTE 4.5)."""
    told = [archive.comment]
    for entry in archive.infolist():
        start = entry.header_offset + _LOCAL_HEADER
        named, extra = struct.unpack_from("<HH", data, start - 4)
        told += [entry.comment, *_extras(entry.extra), *_extras(data[start + named : start + named + extra])]
        if entry.is_dir():
            told.append(entry.filename.encode("utf-8", "replace"))
    lines = dict.fromkeys(decode(each, "")[0] for each in told if each)
    return "\n".join(each for each in lines if each.strip())


def _extras(block: bytes) -> Iterator[bytes]:
    """Words in the fields of an extra block whose form is not known: times, owners and padding have none."""
    at = 0
    while at + 4 <= len(block):
        kind, length = struct.unpack_from("<HH", block, at)
        if kind not in _SILENT_EXTRAS:
            yield words_among(block[at + 4 : at + 4 + length]).encode()
        at += 4 + length
    yield words_among(block[at:]).encode()


def entries(archive: zipfile.ZipFile, budget: Budget) -> Iterator[zipfile.ZipInfo]:
    """The files in it, each counted; raises Refused when there are too many for one message."""
    for entry in archive.infolist():
        if not budget.take_entry():
            raise Refused(GapReason.BOMB)
        if not entry.is_dir() or entry.file_size:
            yield entry


def unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, budget: Budget) -> bytes:
    """The bytes of one entry; raises Refused for encryption, damage and bombs."""
    if entry.flag_bits & 0x1:
        raise Refused(GapReason.ENCRYPTED)
    if budget.suspicious(entry.compress_size, entry.file_size):
        raise Refused(GapReason.BOMB)
    out = bytearray()
    try:
        with archive.open(entry) as stream:
            while piece := stream.read(_PIECE):
                out += piece
                too_large = len(out) > budget.max_entry_bytes or budget.suspicious(entry.compress_size, len(out))
                if too_large or not budget.take_bytes(len(piece)):
                    raise Refused(GapReason.BOMB)
    except _ERRORS as error:
        raise Refused(GapReason.MALFORMED) from error
    return bytes(out)
