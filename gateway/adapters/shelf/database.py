"""The key shelf in a PostgreSQL database of its own, for several nodes. One table a part, so that a role is granted only its own.

A database cannot overwrite in place: destroying deletes the row and has the table written anew (VACUUM FULL), which gives the
old blocks back to the file system and leaves them in write-ahead log that is soon recycled. So the server must archive
nothing and feed no replica (`problems`), and lie on an encrypted volume (docs/security-model.md).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import (
    Column,
    Connection,
    LargeBinary,
    MetaData,
    String,
    Table,
    create_engine,
    delete,
    insert,
    select,
    text,
)
from sqlalchemy.exc import IntegrityError as Duplicate
from sqlalchemy.exc import SQLAlchemyError

from gateway.domain.errors import ConfigError, PermanentError, StoreUnavailable
from gateway.domain.protected import Protected

R = TypeVar("R")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")
_PART = re.compile(r"[a-z]{1,30}")


class DatabaseShelf:
    """Secrets by name in the table `shelf_<part>`. Opens nothing before its first use."""

    def __init__(self, url: str, part: str) -> None:
        if not _PART.fullmatch(part):
            raise ConfigError("shelf: the name of a part has lower-case letters only")
        try:
            self._engine = create_engine(
                url, hide_parameters=True, pool_pre_ping=True, connect_args={"connect_timeout": 10}
            )
        except ImportError:
            raise ConfigError("shelf: postgresql+psycopg needs the Python package psycopg 3") from None
        except SQLAlchemyError:
            raise ConfigError("shelf: the URL cannot be read; write postgresql+psycopg://user@host/name") from None
        self._table = Table(
            f"shelf_{part}", MetaData(),
            Column("name", String(128), primary_key=True), Column("secret", LargeBinary, nullable=False),
        )  # fmt: skip
        self._made = False

    def put(self, name: str, secret: Protected[bytes]) -> None:
        """Store durably; PermanentError for a bad name or one that exists, StoreUnavailable when it cannot be written."""
        _checked(name)
        try:
            self._do(
                lambda connection: connection.execute(insert(self._table).values(name=name, secret=secret.reveal()))
            )
        except Duplicate:
            raise PermanentError(f"the key shelf has {name} already") from None

    def get(self, name: str) -> Protected[bytes] | None:
        """The secret, or None; StoreUnavailable when the shelf is out of reach."""
        _checked(name)
        wanted = select(self._table.c.secret).where(self._table.c.name == name)
        found = self._do(lambda connection: connection.execute(wanted).scalar())
        return None if found is None else Protected(bytes(found))

    def destroy(self, name: str) -> None:
        """Delete the row and write the table anew without it; a name that is not there is no error."""
        _checked(name)
        gone = delete(self._table).where(self._table.c.name == name)
        if self._do(lambda connection: connection.execute(gone)).rowcount:
            self._do(lambda connection: connection.execute(text(f"VACUUM FULL {self._table.name}")))

    def names(self) -> tuple[str, ...]:
        """Every name on the shelf, sorted."""
        wanted = select(self._table.c.name)
        return tuple(sorted(self._do(lambda connection: connection.execute(wanted).scalars().all())))

    def problems(self) -> tuple[str, ...]:
        """What would let a destroyed key be found again, or an accepted one be lost, as sentences."""
        shown = self._do(
            lambda connection: {
                name: str(connection.execute(text(f"SHOW {name}")).scalar())
                for name in ("archive_mode", "fsync", "synchronous_commit")
            }
        )
        found = []
        if shown["archive_mode"] != "off":
            found.append(
                f"shelf: archive_mode is {shown['archive_mode']}: destroyed keys live on in the archive; switch it off"
            )
        found += [
            f"shelf: {name} is off: a key that mail was sealed to may be lost in a power cut"
            for name in ("fsync", "synchronous_commit")
            if shown[name] == "off"
        ]
        return tuple(found)

    def _do(self, step: Callable[[Connection], R]) -> R:
        """One statement, committed by itself; its own failures but a duplicate become StoreUnavailable."""
        with _reachable(), self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if not self._made:
                self._table.create(connection, checkfirst=True)
                self._made = True
            return step(connection)


def _checked(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise PermanentError("a shelf name has lower-case letters, digits, '.', '_' and '-' only")


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except Duplicate:
        raise
    except SQLAlchemyError as error:
        raise StoreUnavailable(f"the key shelf's database is out of reach ({type(error).__name__})") from None
