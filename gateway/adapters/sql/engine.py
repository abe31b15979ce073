"""Engines by URL: how a connection is opened so that a commit is on disk and a deletion is gone.

SQLite: WAL, synchronous=FULL, secure_delete, foreign keys, BEGIN IMMEDIATE, 30 s of patience with other processes.
PostgreSQL: read committed with row locks, through psycopg 3; the server ends a statement, or an idle transaction, that
lasts beyond the bound of `guard`.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from gateway.adapters.durable import group_share, make_folder, share_file, shared_mode, sync_folder
from gateway.adapters.sql import guard
from gateway.adapters.sql.guard import Bound
from gateway.domain.errors import ConfigError, StoreUnavailable

PATIENCE = 30.0
"""Seconds that a writer waits for another one."""


def engine_for(url: str) -> Engine:
    """An engine for `sqlite:///path` or `postgresql+psycopg://…`; opens nothing yet. ConfigError for anything else."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ConfigError("store: the URL cannot be read; write sqlite:///path or postgresql+psycopg://…") from None
    build = ENGINES.get(parsed.drivername)
    if build is None:
        raise ConfigError(f"store: unknown scheme {parsed.drivername!r}; known are {', '.join(sorted(ENGINES))}")
    return build(parsed)


def sqlite_path(url: URL) -> Path:
    """The database's file; ConfigError for a database in memory, which no second process could see."""
    if not url.database or url.database == ":memory:":
        raise ConfigError("store: sqlite needs a file, as in sqlite:////var/lib/sealgate/sealgate.db")
    return Path(url.database)


def create_file(path: Path) -> None:
    """Make an empty database file for this user, and the group that the folder is opened to; keeps one that exists.

    One that exists is never opened here: closing it again would take away every lock that this process holds on it, as
    POSIX locks go (fcntl(2)). Another process that ends would then think that nobody uses the database and remove the WAL,
    and what we commit from then on would go into a file without a name.
    """
    try:
        make_folder(path.parent)
        share = group_share(path.parent)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            now = path.stat()
            if now.st_uid == os.geteuid() and now.st_mode & 0o077 & ~share:
                path.chmod(0o600)
            elif not now.st_size:
                path.chmod(shared_mode(share))  # a death came between making and sharing it
        else:
            try:
                share_file(descriptor, share)
            finally:
                os.close(descriptor)
        sync_folder(path.parent)
    except OSError as error:
        raise StoreUnavailable(f"the database file cannot be made: {error.strerror}") from error


def _sqlite(url: URL) -> Engine:
    path = sqlite_path(url)

    def connect() -> sqlite3.Connection:
        # mode=rw: a missing file is an error here, not a new and empty database.
        connection = sqlite3.connect(
            f"file:{quote(str(path))}?mode=rw",
            uri=True,
            timeout=PATIENCE,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
        return connection

    engine = create_engine(
        "sqlite://", creator=connect, poolclass=QueuePool, pool_size=4, max_overflow=60, hide_parameters=True
    )
    event.listen(engine, "connect", _bound)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _bound(connection: Any, entry: ConnectionPoolEntry) -> None:
    entry.info[Bound] = Bound(connection)


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            # Changing the mode does not wait for the lock by itself.
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
    for pragma in ("synchronous=FULL", "secure_delete=ON", "foreign_keys=ON", "trusted_schema=OFF"):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    # SQLite syncs the WAL's name only through the connection that made the WAL. Commits of this one must not wait for that.
    # Reading the journal mode has opened the WAL, and while a connection is open nobody takes it away.
    sync_folder(path.parent)


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _postgresql(url: URL) -> Engine:
    try:
        engine = create_engine(
            url,
            hide_parameters=True,
            pool_size=4,
            max_overflow=60,
            pool_pre_ping=True,
            isolation_level="READ COMMITTED",
            connect_args={"connect_timeout": 10},
        )
    except ImportError:
        raise ConfigError(
            "store: postgresql+psycopg needs the Python package psycopg 3; install it: pip install 'psycopg[binary]'"
        ) from None
    event.listen(engine, "connect", _limit_waits)
    return engine


def _limit_waits(connection: Any, entry: ConnectionPoolEntry) -> None:
    del entry
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{int(PATIENCE)}s'")
        cursor.execute(f"SET statement_timeout = '{round(guard.BOUND * 1000)}'")
        cursor.execute(f"SET idle_in_transaction_session_timeout = '{round(guard.BOUND * 1000)}'")
    connection.commit()


ENGINES: Mapping[str, Callable[[URL], Engine]] = {
    "sqlite": _sqlite,
    "postgresql+psycopg": _postgresql,
}
