"""Somebody who can write the database and the blobs, and has no key: copies of rows, rows put back, changed, taken out."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any

from tests.support.home import Home

Row = dict[str, Any]


def table_rows(home: Home, table: str, **where: Any) -> list[Row]:
    """Copies of a table's rows, in the order in which they lie."""
    chosen = " AND ".join(f'"{name}" = ?' for name in where) or "1"
    return _query(home, f'SELECT * FROM "{table}" WHERE {chosen} ORDER BY rowid', *where.values())


def copied(home: Home, table: str) -> list[Row]:
    """All rows of a table."""
    return table_rows(home, table)


def put_back(home: Home, table: str, rows: Iterable[Row]) -> None:
    """Write whole rows over those with the same key, or anew."""
    for row in rows:
        names = ", ".join(f'"{name}"' for name in row)
        home.sql(f'INSERT OR REPLACE INTO "{table}" ({names}) VALUES ({", ".join("?" * len(row))})', *row.values())


def _query(home: Home, statement: str, *values: Any) -> list[Row]:
    database = sqlite3.connect(home.root / "data" / "sealgate.db", timeout=10)
    database.row_factory = sqlite3.Row
    try:
        return [dict(row) for row in database.execute(statement, values)]
    finally:
        database.close()
