"""The journal outside the database: a file of JSON lines, one a row of the log in the order of leaves, that only grows.

The file itself says how far it has come, so that a copy that was cut short is simply continued. A line that a death cut
short was never promised; it is taken off before the next one is added.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from gateway.adapters.durable import make_folder, refusals, sync_folder, write_all

_BLOCK = 64 * 1024


def extend(path: Path, more: Callable[[bytes], Sequence[bytes]]) -> int:
    """Add the lines that `more` gives to follow on the last one (empty: none yet), synced; returns how many. One writer
    at a time. StoreUnavailable when it cannot be written, then nothing of it stays.
    """
    with refusals("the journal cannot be copied outside"):
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


def read_lines(path: Path) -> Iterator[bytes]:
    """Every whole line in the file's order; StoreUnavailable if it cannot be read."""
    with refusals("the journal cannot be read"), path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield line[:-1]


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
