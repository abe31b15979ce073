"""One transaction's connection. The one place where a database error becomes one of ours, without values in its text.

A statement that failed spoils its transaction: nothing after it runs and it cannot commit, so no half of a change is
ever kept (SQLite may end a transaction by itself when the disk is full).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any, ClassVar, Final, Protocol, TypeVar

from sqlalchemy import Connection, CursorResult, Delete, Executable, RowMapping, Table, Update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DataError, DBAPIError, DisconnectionError, IntegrityError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from gateway.adapters.sql.guard import Held
from gateway.domain.errors import PermanentError, SealgateError, StoreUnavailable, SyncFailed


class FrozenRow(Protocol):
    """A dataclass of `domain.records` or `domain.register_rows`."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


R = TypeVar("R", bound=FrozenRow)

REACHABLE: Final = (StatementError, PoolTimeout, DisconnectionError, OSError)
"""What the outside can cause (StatementError is DBAPIError's parent); everything else is a fault of this program."""


class Channel:
    """A connection inside a transaction. `run` raises StoreUnavailable or PermanentError, never a database error."""

    def __init__(self, connection: Connection, held: Held) -> None:
        self._connection, self._held = connection, held
        self.spoilt = False

    def run(
        self, statement: Executable, values: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
    ) -> CursorResult[Any]:
        """Execute one statement with its values, or one for many rows."""
        if self.spoilt:
            raise StoreUnavailable("an earlier statement of this transaction failed")
        with self._held.statement() as lives:
            if not lives:
                raise over()
            try:
                return self._connection.execute(statement, values)
            except REACHABLE as error:
                self.spoilt = True
                raise translated(error) from None

    def one(self, statement: Executable) -> RowMapping | None:
        """The first row by column name, or None."""
        return self.run(statement).mappings().first()

    def all(self, statement: Executable) -> Sequence[RowMapping]:
        """All rows by column name."""
        return self.run(statement).mappings().all()

    def value(self, statement: Executable) -> Any:
        """The first column of the first row, or None."""
        return self.run(statement).scalar()

    def changed(self, statement: Update | Delete) -> int:
        """How many rows a change met."""
        return self.run(statement).rowcount

    def add(self, table: Table, values: Mapping[str, Any]) -> None:
        """Insert one row. Values travel beside the statement, so its text is made once."""
        self.run(table.insert(), values)

    def added(self, table: Table, values: Mapping[str, Any], conflict: Sequence[str]) -> bool:
        """Insert unless a row has the same `conflict` columns; whether it was inserted."""
        statement = self.insert(table).on_conflict_do_nothing(index_elements=conflict)
        # RETURNING, because drivers do not agree on what an INSERT's row count is.
        return self.run(statement.returning(*table.primary_key), values).first() is not None

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._connection.dialect.name

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """An INSERT that knows ON CONFLICT in this engine's words."""
        return postgresql.insert(table) if self.dialect == "postgresql" else sqlite.insert(table)

    def put(self, table: Table, values: Mapping[str, Any]) -> None:
        """Insert, or replace every column of the row with the same primary key."""
        statement = self.insert(table)
        keys = [column.name for column in table.primary_key]
        rest = {name: statement.excluded[name] for name in values if name not in keys}
        self.run(statement.on_conflict_do_update(index_elements=keys, set_=rest), values)


def over() -> StoreUnavailable:
    """What the owner of a transaction is told that lasted beyond the bound."""
    return StoreUnavailable("a transaction lasted too long: nothing of it is kept")


def values_of(row: FrozenRow) -> dict[str, Any]:
    """A frozen value's fields as column values."""
    return {field.name: getattr(row, field.name) for field in fields(row)}


def value_from(cls: type[R], row: RowMapping) -> R:
    """A frozen value from a row whose columns have its fields' names."""
    return cls(**{field.name: row[field.name] for field in fields(cls)})


def values_from(cls: type[R], rows: Iterable[RowMapping]) -> list[R]:
    """Frozen values from rows."""
    return [value_from(cls, row) for row in rows]


_SYNCS: Final = frozenset({"SQLITE_IOERR_FSYNC", "SQLITE_IOERR_DIR_FSYNC"})


def translated(error: BaseException) -> SealgateError:
    """The error of ours for one of the database: what another try may mend is StoreUnavailable."""
    refused = isinstance(error, (IntegrityError, DataError))
    if refused or (isinstance(error, StatementError) and not isinstance(error, DBAPIError)):
        return PermanentError(f"the database refuses the row ({reason(error)})")
    failed = SyncFailed if reason(error) in _SYNCS else StoreUnavailable
    return failed(f"the database cannot be reached or written ({reason(error)})")


def reason(error: BaseException) -> str:
    """A code for people who run databases: SQLite's error name, PostgreSQL's SQLSTATE, or the class. Never values."""
    origin: BaseException = error
    if isinstance(error, StatementError) and error.orig is not None:
        origin = error.orig
    for name in ("sqlite_errorname", "sqlstate"):
        code = getattr(origin, name, None)
        if isinstance(code, str):
            return code
    return type(origin).__name__
