"""Signed heads outside the database: a file of lines (`seal.heads`) that only grows.

A line that a death cut short was never promised; it is taken off before the next one is added. A line that is the last one
already is not added again.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from gateway.adapters.durable import make_folder, refusals, sync_folder, write_all
from gateway.ports.store import HeadRow
from gateway.seal.heads import Kept, found_in, in_force, read, text

_BLOCK = 4096


def append_head(path: Path, head: HeadRow) -> None:
    """Add a head; see `append`."""
    append(path, Kept(head))


def append(path: Path, kept: Kept) -> None:
    """Add a line and sync it; StoreUnavailable when it cannot be written, then nothing of it stays."""
    line = text(kept).encode() + b"\n"
    with refusals("a head cannot be copied outside"):
        make_folder(path.parent)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            end = _whole_end(descriptor)
            os.ftruncate(descriptor, end)
            if os.pread(descriptor, len(line), max(0, end - len(line))) == line:
                return
            os.lseek(descriptor, end, os.SEEK_SET)
            try:
                write_all(descriptor, line)
                os.fsync(descriptor)
                if end == 0:
                    sync_folder(path.parent)
            except BaseException:
                os.ftruncate(descriptor, end)
                raise
        finally:
            os.close(descriptor)


def read_kept(path: Path) -> list[Kept]:
    """All that a file has, in its order, whatever form it has (`seal.heads.found_in`); StoreUnavailable if it cannot be read."""
    with refusals("the heads cannot be read"):
        data = path.read_bytes()
    return found_in(data)


def read_heads(path: Path) -> list[HeadRow]:
    """The heads of a file that still count; IntegrityError for a line that is none, StoreUnavailable if it cannot be read."""
    return in_force(read_kept(path))


def latest_head(path: Path) -> HeadRow | None:
    """The head over most rows, or None for an empty file."""
    return max(read_heads(path), key=lambda head: head.size, default=None)


def last_kept(path: Path) -> Kept | None:
    """The last whole line, without reading the others; None for no file or an empty one."""
    with refusals("the heads cannot be read"):
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            end = _whole_end(descriptor)
            start = max(0, end - _BLOCK)
            lines = os.pread(descriptor, end - start, start).split(b"\n")
        finally:
            os.close(descriptor)
    return read(lines[-2], "the last line of the file of heads") if len(lines) > 1 else None


def _whole_end(descriptor: int) -> int:
    # Where the last whole line ends.
    end = os.fstat(descriptor).st_size
    while end:
        start = max(0, end - _BLOCK)
        block = os.pread(descriptor, end - start, start)
        cut = block.rfind(b"\n")
        if cut >= 0:
            return start + cut + 1
        end = start
    return 0
