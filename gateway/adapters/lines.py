"""Files of lines that only grow: what the journal and the heads outside the database are written with.

A line that a death cut short was never promised; it is taken off before the next one is added. One writer at a time.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from gateway.adapters.durable import make_folder, sync_folder, write_all

_BLOCK = 64 * 1024


def add_lines(path: Path, more: Callable[[bytes], Sequence[bytes]]) -> int:
    """Add the lines that `more` gives to follow on the last one (empty: none yet), synced; returns how many.

    Nothing of them stays where that fails with OSError.
    """
    make_folder(path.parent)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        end, last = _whole_end(descriptor)
        lines = more(last)
        if not lines:
            return 0
        os.ftruncate(descriptor, end)
        os.lseek(descriptor, end, os.SEEK_SET)
        try:
            write_all(descriptor, b"".join(line + b"\n" for line in lines))
            os.fsync(descriptor)
            if end == 0:
                sync_folder(path.parent)
        except BaseException:
            os.ftruncate(descriptor, end)
            raise
        return len(lines)
    finally:
        os.close(descriptor)


def last_line(path: Path) -> bytes:
    """The last whole line, without reading the others; empty for no file or an empty one. OSError if it cannot be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return b""
    try:
        return _whole_end(descriptor)[1]
    finally:
        os.close(descriptor)


def _whole_end(descriptor: int) -> tuple[int, bytes]:
    """Where the last whole line ends, and that line."""
    end, tail = os.fstat(descriptor).st_size, b""
    start = end
    while start:
        start = max(0, start - _BLOCK)
        tail = os.pread(descriptor, min(_BLOCK, end - start - len(tail)), start) + tail
        cut = tail.rfind(b"\n")
        if cut < 0:
            continue
        before = tail.rfind(b"\n", 0, cut)
        if before >= 0 or start == 0:
            return start + cut + 1, tail[before + 1 : cut]
    return 0, b""
