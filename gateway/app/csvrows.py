"""Register files as rows: a header of known columns, strict cells. Messages name row and column, never a cell's value."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from gateway.domain.errors import ConfigError, InvalidAddress

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Row:
    """One row; `number` is its line's number as a person counts rows, the header being row 1."""

    number: int
    cells: dict[str, str] = field(repr=False)

    def text(self, column: str, *, required: bool = False) -> str:
        """A cell without surrounding blanks."""
        value = self.cells.get(column, "").strip()
        if required and not value:
            raise self.wrong(column, "is empty")
        if any(not one.isprintable() for one in value):
            raise self.wrong(column, "has control characters")
        return value

    def texts(self, column: str) -> tuple[str, ...]:
        """A cell with several values, divided by `;`."""
        return tuple(one.strip() for one in self.text(column).split(";") if one.strip())

    def day(self, column: str, *, required: bool = False) -> date | None:
        """An ISO date, or None for an empty cell."""
        value = self.text(column, required=required)
        try:
            return date.fromisoformat(value) if value else None
        except ValueError:
            raise self.wrong(column, "is not a date such as 2026-01-31") from None

    def read(self, column: str, reader: Callable[[str], T], what: str, *, default: str = "") -> T:
        """A cell through a reader that raises ValueError or InvalidAddress for what it cannot take."""
        return self.each((self.text(column) or default,), column, reader, what)[0]

    def each(self, values: Collection[str], column: str, reader: Callable[[str], T], what: str) -> tuple[T, ...]:
        """Several values of one cell through a reader."""
        try:
            return tuple(reader(one) for one in values)
        except (ValueError, InvalidAddress):
            raise self.wrong(column, f"is not {what}") from None

    def wrong(self, column: str, what: str) -> ConfigError:
        """The error for a cell."""
        return ConfigError(f"row {self.number}, column {column}: {what}")


def read_rows(data: bytes, known: tuple[str, ...], required: Collection[str]) -> Iterator[Row]:
    """The rows of a CSV file (RFC 4180, UTF-8, a byte order mark is passed over); ConfigError at the first mistake."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError("the file is not UTF-8; save it as CSV UTF-8") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header = [name.strip() for name in next(_checked(reader), [])]
    _check_header(header, known, required)
    for number, cells in enumerate(_checked(reader), start=2):
        if not any(cells):
            continue
        if len(cells) != len(header):
            raise ConfigError(
                f"row {number}: has {len(cells)} cells, the header has {len(header)}; quote cells with commas"
            )
        yield Row(number, dict(zip(header, cells, strict=True)))


def _checked(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    number = 0
    while True:
        number += 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            raise ConfigError(f"row {number}: is not valid CSV; look for a quotation mark that is not closed") from None
        yield row


def _check_header(header: list[str], known: tuple[str, ...], required: Collection[str]) -> None:
    if not set(header) & set(known):
        # Perhaps a file without a header: its first line would be somebody's data.
        raise ConfigError(f"row 1: must name the columns; known are {', '.join(known)}")
    for name in header:
        if name not in known:
            raise ConfigError(f'column "{name}" is not known; take it out (known are {", ".join(known)})')
        if header.count(name) > 1:
            raise ConfigError(f'column "{name}" is there twice; keep one')
    for name in required:
        if name not in header:
            raise ConfigError(f'column "{name}" is missing; add it')
