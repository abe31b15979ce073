"""Archives that Python cannot read (7z, RAR, TAR and single packed files in any packing), by libarchive's C interface.

Bytes are read in pieces from memory and counted as they come; no name is ever used as a path. The library is the
system's, lent by the launcher; it runs no program, because only filters within the library are asked for.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.domain.finding import GapReason
from gateway.mime.documents.budget import Budget
from gateway.mime.documents.packed import Refused

_FILTERS = ("gzip", "bzip2", "xz", "lzma", "zstd", "lz4", "compress")
_FORMATS = ("tar", "7zip", "rar", "rar5", "cab", "cpio", "ar", "lha", "raw", "empty")
_PIECE = 256 * 1024
_EOF, _OK, _WARN = 1, 0, -20
_RAW = 0x90000


@dataclass(frozen=True, slots=True)
class Member:
    """One file; `data` is None, with the reason, where it could not be read."""

    name: str = field(repr=False)
    data: bytes | None = field(repr=False)
    reason: GapReason | None = None


def members(library: ctypes.CDLL, data: bytes, budget: Budget) -> Iterator[Member]:
    """The files of an archive within the budget; Refused when it cannot be read (on)."""
    _declare(library)
    archive = ctypes.c_void_p(library.archive_read_new())
    try:
        for each in _FILTERS:
            getattr(library, f"archive_read_support_filter_{each}")(archive)
        for each in _FORMATS:
            getattr(library, f"archive_read_support_format_{each}")(archive)
        if library.archive_read_open_memory(archive, data, ctypes.c_size_t(len(data))) != _OK:
            raise Refused(GapReason.MALFORMED)
        yield from _members(library, archive, len(data), budget)
    finally:
        library.archive_read_free(archive)


def _members(library: ctypes.CDLL, archive: ctypes.c_void_p, packed: int, budget: Budget) -> Iterator[Member]:
    entry, taken, count = ctypes.c_void_p(), 0, 0
    while (code := library.archive_read_next_header(archive, ctypes.byref(entry))) != _EOF:
        if code < _WARN:
            encrypted = library.archive_read_has_encrypted_entries(archive) > 0
            raise Refused(GapReason.ENCRYPTED if encrypted else GapReason.MALFORMED)
        if library.archive_format(archive) == _RAW and library.archive_filter_code(archive, 0) == 0:
            raise Refused(GapReason.MALFORMED)  # bytes that are no archive, handed back as they are
        count += 1
        if not budget.take_entry():
            raise Refused(GapReason.BOMB)
        name = _name(library, entry)
        linked = library.archive_entry_hardlink(entry) or library.archive_entry_symlink(entry)
        if linked:
            name = f"{name}\n{ctypes.string_at(linked).decode('utf-8', 'replace')}"
        name += _owners(library, entry)
        if library.archive_entry_is_encrypted(entry):
            yield Member(name, None, GapReason.ENCRYPTED)
            continue
        content, reason = _content(library, archive, packed, taken, budget)
        taken += len(content)
        yield Member(name, None if reason else content, reason)
        if reason is GapReason.BOMB:
            return
    if not count:  # zeros look like the end of a TAR archive; what follows them was not read
        raise Refused(GapReason.MALFORMED)


def _name(library: ctypes.CDLL, entry: ctypes.c_void_p) -> str:
    wide = library.archive_entry_pathname_w(entry)
    if wide:
        return str(ctypes.wstring_at(wide))
    narrow = library.archive_entry_pathname(entry)
    return ctypes.string_at(narrow).decode("utf-8", "replace") if narrow else ""


def _owners(library: ctypes.CDLL, entry: ctypes.c_void_p) -> str:
    """Names of user and group where they are words: accounts have no blanks."""
    told = [getattr(library, f"archive_entry_{each}")(entry) for each in ("uname", "gname")]
    names = [ctypes.string_at(each).decode("utf-8", "replace") for each in told if each]
    return "".join(f"\n{each}" for each in names if " " in each)


def _content(
    library: ctypes.CDLL, archive: ctypes.c_void_p, packed: int, taken: int, budget: Budget
) -> tuple[bytes, GapReason | None]:
    out = bytearray()
    piece = ctypes.create_string_buffer(_PIECE)
    while (size := library.archive_read_data(archive, piece, ctypes.c_size_t(_PIECE))) > 0:
        out += piece.raw[:size]
        # of a solid archive nobody can tell what one file takes: all of it counts against all that came out
        too_much = len(out) > budget.max_entry_bytes or budget.suspicious(packed, taken + len(out))
        if too_much or not budget.take_bytes(size):
            return b"", GapReason.BOMB
    if size < 0:
        encrypted = library.archive_read_has_encrypted_entries(archive) > 0
        return b"", GapReason.ENCRYPTED if encrypted else GapReason.MALFORMED
    return bytes(out), None


def _declare(library: ctypes.CDLL) -> None:
    library.archive_read_new.restype = ctypes.c_void_p
    library.archive_read_data.restype = ctypes.c_ssize_t
    for name in ("pathname_w", "pathname", "hardlink", "symlink", "uname", "gname"):
        getattr(library, f"archive_entry_{name}").restype = ctypes.c_void_p
