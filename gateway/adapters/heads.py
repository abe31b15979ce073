"""Signed heads outside the database: a file of lines (`seal.heads`) that only grows; one that is the last already is not
added again.
"""

from __future__ import annotations

from pathlib import Path

from gateway.adapters.durable import refusals
from gateway.adapters.lines import add_lines, last_line
from gateway.ports.store import HeadRow
from gateway.seal.heads import Kept, found_in, in_force, read, text


def append(path: Path, kept: Kept) -> None:
    """Add a line and sync it; StoreUnavailable when it cannot be written, then nothing of it stays."""
    line = text(kept).encode()
    with refusals("a head cannot be copied outside"):
        add_lines(path, lambda last: () if last == line else (line,))


def read_kept(path: Path) -> list[Kept]:
    """All that a file has, in its order, whatever form it has (`seal.heads.found_in`); StoreUnavailable if it cannot be read."""
    with refusals("the heads cannot be read"):
        data = path.read_bytes()
    return found_in(data)


def read_heads(path: Path) -> list[HeadRow]:
    """The heads of a file that still count; IntegrityError for a line that is none, StoreUnavailable if it cannot be read."""
    return in_force(read_kept(path))


def last_kept(path: Path) -> Kept | None:
    """The last whole line, without reading the others; None for no file or an empty one."""
    with refusals("the heads cannot be read"):
        line = last_line(path)
    return read(line, "the last line of the file of heads") if line else None
