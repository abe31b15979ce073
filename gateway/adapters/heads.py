"""Signed heads outside the database: a file of JSON lines, `{"size", "root", "at", "signature"}`, that only grows.

A line that a death cut short was never promised; it is taken off before the next one is added.
"""

from __future__ import annotations

import fcntl
import json
import os
from datetime import datetime
from pathlib import Path

from gateway.adapters.durable import make_folder, refusals, sync_folder, write_all
from gateway.domain.errors import IntegrityError
from gateway.ports.store import HeadRow

_BLOCK = 4096


def append_head(path: Path, head: HeadRow) -> None:
    """Add a line and sync it; StoreUnavailable when it cannot be written, then nothing of it stays."""
    line = json.dumps(
        {"size": head.size, "root": head.root.hex(), "at": head.at.isoformat(), "signature": head.signature.hex()}
    )
    with refusals("a head cannot be copied outside"):
        make_folder(path.parent)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            end = _whole_end(descriptor)
            os.ftruncate(descriptor, end)
            os.lseek(descriptor, end, os.SEEK_SET)
            try:
                write_all(descriptor, line.encode() + b"\n")
                os.fsync(descriptor)
                if end == 0:
                    sync_folder(path.parent)
            except BaseException:
                os.ftruncate(descriptor, end)
                raise
        finally:
            os.close(descriptor)


def read_heads(path: Path) -> list[HeadRow]:
    """All heads in the file's order; IntegrityError for a line that is none, StoreUnavailable if it cannot be read."""
    with refusals("the heads cannot be read"):
        text = path.read_bytes()
    lines = text.split(b"\n")[:-1]
    return [_head(line, number) for number, line in enumerate(lines, start=1)]


def latest_head(path: Path) -> HeadRow | None:
    """The head over most rows, or None for an empty file."""
    return max(read_heads(path), key=lambda head: head.size, default=None)


def _head(line: bytes, number: int) -> HeadRow:
    try:
        read = json.loads(line)
        head = HeadRow(
            size=int(read["size"]),
            root=bytes.fromhex(read["root"]),
            at=datetime.fromisoformat(read["at"]),
            signature=bytes.fromhex(read["signature"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise IntegrityError(f"line {number} of the file of heads is no head") from error
    if head.at.tzinfo is None:
        raise IntegrityError(f"line {number} of the file of heads has a time without a zone")
    return head


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
