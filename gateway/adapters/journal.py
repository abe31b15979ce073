"""The journal outside the database: a file of JSON lines, one a row of the log in the order of leaves, that only grows.

The file itself says how far it has come, so that a copy that was cut short is simply continued.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from gateway.adapters.durable import refusals
from gateway.adapters.lines import add_lines


def extend(path: Path, more: Callable[[bytes], Sequence[bytes]]) -> int:
    """Add the lines that `more` gives to follow on the last one (empty: none yet), synced; returns how many. One writer
    at a time. StoreUnavailable when it cannot be written, then nothing of it stays.
    """
    with refusals("the journal cannot be copied outside"):
        return add_lines(path, more)


def read_lines(path: Path) -> Iterator[bytes]:
    """Every whole line in the file's order; StoreUnavailable if it cannot be read."""
    with refusals("the journal cannot be read"), path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield line[:-1]
