"""Somebody who can write the database and the blobs, and has no key: copies of rows, rows put back, changed, taken out.

`scene` makes an installation with mail in every state; `attacks` lists every way in which one cell, row or table of it can
be changed with what the same database, or an older copy of it, holds; `outcome` says what must not have been sent.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Row = dict[str, Any]


def rows(database: Path, table: str, **where: Any) -> list[Row]:
    """Copies of a table's rows, in the order in which they lie."""
    chosen = " AND ".join(f'"{name}" = ?' for name in where) or "1"
    with closing(sqlite3.connect(database, timeout=60)) as connection:
        connection.row_factory = sqlite3.Row
        found = connection.execute(f'SELECT * FROM "{table}" WHERE {chosen} ORDER BY rowid', list(where.values()))
        return [dict(row) for row in found]


def table_rows(home: Any, table: str, **where: Any) -> list[Row]:
    """The same of a `Home`."""
    return rows(home.root / "data" / "sealgate.db", table, **where)


def put_back(home: Any, table: str, copies: Iterable[Row]) -> None:
    """Write whole rows over those with the same key, or anew."""
    for row in copies:
        names = ", ".join(f'"{name}"' for name in row)
        home.sql(f'INSERT OR REPLACE INTO "{table}" ({names}) VALUES ({", ".join("?" * len(row))})', *row.values())


Change = Callable[[sqlite3.Connection], None]


@dataclass(frozen=True)
class Attack:
    """One change of the database by somebody without keys."""

    name: str
    table: str
    change: Change = field(repr=False)


class Vandal:
    """Knows two copies of one database: the present one and an older one."""

    def __init__(self, present: Path, older: Path) -> None:
        self.present, self.older = present, older
        with closing(sqlite3.connect(present)) as connection:
            self.tables = [
                name for (name,) in connection.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
                )
            ]  # fmt: skip
            self.keys = {one: self._keys(connection, one) for one in self.tables}

    @staticmethod
    def _keys(connection: sqlite3.Connection, table: str) -> list[str]:
        columns = list(connection.execute(f'PRAGMA table_info("{table}")'))
        return [name for _, name, _, _, _, key in columns if key] or [columns[0][1]]

    def attacks(self) -> Iterator[Attack]:
        """Every change of a cell, a row, a message's rows, or a table."""
        for table in self.tables:
            now, before = _some(rows(self.present, table)), rows(self.older, table)
            yield from self._cells(table, now, before)
            yield from self._rows(table, now, before)
            yield Attack(f"{table}: emptied", table, _statement(f'DELETE FROM "{table}"'))
            yield Attack(f"{table}: older copy", table, self._table(table, before))
        for message in rows(self.older, "messages"):
            yield Attack(f"message {message['id']}: older rows", "messages", self._message(message["id"], log=False))
            yield Attack(
                f"message {message['id']}: older rows and log", "messages", self._message(message["id"], log=True)
            )
        yield Attack("everything but the log: older copy", "*", self._all(but={"audit", "audit_chains", "audit_heads"}))
        yield Attack("everything: older copy", "*", self._all(but=set()))

    def _cells(self, table: str, now: list[Row], before: list[Row]) -> Iterator[Attack]:
        older = {self._key(table, row): row for row in before}
        for number, row in enumerate(now):
            for column, value in row.items():
                others = [other[column] for other in now if other is not row]
                old = older.get(self._key(table, row))
                for kind, fresh in _values(column, value, others, old):
                    if fresh != value:
                        yield Attack(
                            f"{table}[{number}].{column}: {kind}", table, self._update(table, row, {column: fresh})
                        )  # fmt: skip

    def _rows(self, table: str, now: list[Row], before: list[Row]) -> Iterator[Attack]:
        older = {self._key(table, row): row for row in before}
        for number, row in enumerate(now):
            chosen, values = self._where(table, row)
            yield Attack(
                f"{table}[{number}]: deleted", table, _statement(f'DELETE FROM "{table}" WHERE {chosen}', *values)
            )
            old = older.pop(self._key(table, row), None)
            if old is not None and old != row:
                yield Attack(f"{table}[{number}]: older version", table, self._update(table, row, old))
            for other in [one for one in now if one is not row][:_OTHERS]:
                content = {name: value for name, value in other.items() if name not in self.keys[table]}
                if content and any(row[name] != value for name, value in content.items()):
                    yield Attack(f"{table}[{number}]: content of another row", table, self._update(table, row, content))
        for row in older.values():
            yield Attack(f"{table}: a row of before brought back", table, self._insert(table, row))

    def _table(self, table: str, before: list[Row]) -> Change:
        def change(connection: sqlite3.Connection) -> None:
            connection.execute(f'DELETE FROM "{table}"')
            for row in before:
                self._insert(table, row)(connection)

        return change

    def _all(self, but: set[str]) -> Change:
        def change(connection: sqlite3.Connection) -> None:
            for table in self.tables:
                if table not in but:
                    self._table(table, rows(self.older, table))(connection)

        return change

    def _message(self, message_id: str, *, log: bool) -> Change:
        """Every row that belongs to the message goes back, with or without its rows of the log."""

        def change(connection: sqlite3.Connection) -> None:
            ids = {message_id} | {row["id"] for row in rows(self.older, "deliveries", message_id=message_id)}
            for table in self.tables:
                if table.startswith("audit") and not log:
                    continue
                for source, keep in ((self.present, False), (self.older, True)):
                    for row in rows(source, table):
                        if ids.isdisjoint(str(value) for value in row.values()):
                            continue
                        chosen, values = self._where(table, row)
                        connection.execute(f'DELETE FROM "{table}" WHERE {chosen}', values)
                        if keep:
                            self._insert(table, row)(connection)

        return change

    def _key(self, table: str, row: Row) -> tuple[Any, ...]:
        return tuple(row[name] for name in self.keys[table])

    def _where(self, table: str, row: Row) -> tuple[str, list[Any]]:
        return " AND ".join(f'"{name}" IS ?' for name in self.keys[table]), list(self._key(table, row))

    def _update(self, table: str, row: Row, values: Row) -> Change:
        chosen, key = self._where(table, row)
        names = ", ".join(f'"{name}" = ?' for name in values)
        return _statement(f'UPDATE "{table}" SET {names} WHERE {chosen}', *values.values(), *key)

    @staticmethod
    def _insert(table: str, row: Row) -> Change:
        names, marks = ", ".join(f'"{name}"' for name in row), ", ".join("?" * len(row))
        return _statement(f'INSERT OR REPLACE INTO "{table}" ({names}) VALUES ({marks})', *row.values())


_WORDS = {
    "method": ("pass", "tls", "link", "smime"), "action": ("deliver",), "open_text": ("letter",), "held_for": ("", "consent"),
    "state": ("ready", "retry", "sending", "received", "assessed", "new", "answered_yes", "sealed", "opened", "advertised"),
    "direction": ("inbound",), "rule": ("released by staff",), "proof": ("mailbox",), "reasons": ('["scan.clean"]',),
}  # fmt: skip


_ROWS, _OTHERS = 14, 4
"""Rows of a table that are struck, the last ones, and others whose values they get: the log alone has more."""


def _some(found: list[Row]) -> list[Row]:
    return found[-_ROWS:]


def _values(column: str, value: Any, others: list[Any], old: Row | None) -> Iterator[tuple[str, Any]]:
    for number, other in enumerate(dict.fromkeys(others)):
        if number < _OTHERS:
            yield f"of row {number}", other
    if old is not None:
        yield "older", old[column]
    yield "null", None
    for word in _WORDS.get(column, ()):
        yield word, word
    if isinstance(value, int):
        yield "far off", value + 10**15
        yield "long ago", 0
    elif isinstance(value, bytes):
        yield "a bit turned", bytes([*value[:-1], value[-1] ^ 1]) if value else b"\0"
        yield "empty", b""
    else:
        yield "empty", ""


def _statement(text: str, *values: Any) -> Change:
    def change(connection: sqlite3.Connection) -> None:
        try:
            connection.execute(text, values)
        except (sqlite3.IntegrityError, sqlite3.OperationalError):
            return  # the database itself refuses it

    return change


def kick(connection: sqlite3.Connection, now: int) -> None:
    """Queue every step for everything, as somebody who wants the change to bite would."""
    wanted = [
        *(("dispatch", message, delivery, delivery) for delivery, message in connection.execute("SELECT id, message_id FROM deliveries")),
        *(("assess", message, "", message) for (message,) in connection.execute("SELECT id FROM messages")),
        *(("recheck", message, parcel, parcel) for parcel, message in connection.execute("SELECT id, message_id FROM parcels")),
        *(("send_notice", message, notice, notice) for notice, message in connection.execute("SELECT id, message_id FROM notices")),
        *(("consent_answer", message, ask, ask) for ask, message in connection.execute("SELECT id, message_id FROM consent_requests")),
    ]  # fmt: skip
    for number, (kind, message, subject, about) in enumerate(wanted):
        connection.execute(
            "INSERT OR IGNORE INTO jobs (id, kind, message_id, subject_id, about, run_at, tries, excused, lease) "
            "VALUES (?, ?, ?, ?, ?, ?, 0, 0, 0)",
            (f"kick{number:04}", kind, message, subject, about, now),
        )


def strike(root: Path, attack: Attack, now: int) -> None:
    """Do it to the database of the installation in that folder."""
    with closing(sqlite3.connect(root / "data" / "sealgate.db", timeout=60)) as connection:
        attack.change(connection)
        kick(connection, now)
        connection.commit()


def copy_of(folder: Path, to: Path) -> Path:
    """The whole folder once more."""
    shutil.copytree(folder, to)
    return to
