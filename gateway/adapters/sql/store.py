"""SqlStore: the Store port over SQLAlchemy Core, and the unit of work that holds one transaction.

Within a process SQLite's writers queue at a lock, which is fair and wakes at once; between processes they wait at
BEGIN IMMEDIATE.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from math import inf

import structlog
from sqlalchemy import Connection, Engine, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from gateway.adapters.sql import guard, schema
from gateway.adapters.sql.attempts import SqlAttempts
from gateway.adapters.sql.audit import SqlAuditLog
from gateway.adapters.sql.channel import REACHABLE, Channel, over, translated
from gateway.adapters.sql.confirmations import SqlConfirmations
from gateway.adapters.sql.deliveries import SqlDeliveries
from gateway.adapters.sql.desk import SqlDesk
from gateway.adapters.sql.durability import checkpoint, problems, weaknesses
from gateway.adapters.sql.engine import PATIENCE, create_file, engine_for, sqlite_path
from gateway.adapters.sql.epochs import SqlEpochs
from gateway.adapters.sql.guard import Bound, Held, Watchman
from gateway.adapters.sql.jobs import SqlJobs
from gateway.adapters.sql.messages import SqlMessages
from gateway.adapters.sql.notices import SqlNotices
from gateway.adapters.sql.objects import SqlObjects
from gateway.adapters.sql.parcels import SqlParcels
from gateway.adapters.sql.register import SqlRegister
from gateway.adapters.sql.retention import SqlRetention
from gateway.adapters.sql.tables import settings
from gateway.domain.errors import ConfigError, StoreUnavailable, SyncFailed
from gateway.ports.confirmations import Confirmations
from gateway.ports.desk import Desk
from gateway.ports.metrics import Count, Metrics, uncounted
from gateway.ports.retention import Retention
from gateway.ports.store import (
    Attempts,
    AuditLog,
    Deliveries,
    Epochs,
    Jobs,
    Messages,
    Notices,
    Objects,
    Parcels,
    Register,
    UnitOfWork,
)
from gateway.ports.tokens import Tokens

LONGEST = 1.0
"""Seconds after which a transaction has kept the others, and the WAL's truncation, waiting for too long: it is counted and
logged. Beyond `guard.BOUND` it is undone."""
_CHECKPOINT_PATIENCE = 2.0
"""Seconds that a checkpoint waits for readers, of whom none may read longer than one; the next round tries again."""

_log = structlog.get_logger("store")


class SqlUnitOfWork:
    """One transaction over all tables."""

    def __init__(self, channel: Channel, tokens: Tokens) -> None:
        self._channel = channel
        self.messages: Messages = SqlMessages(channel)
        self.deliveries: Deliveries = SqlDeliveries(channel)
        self.attempts: Attempts = SqlAttempts(channel)
        self.jobs: Jobs = SqlJobs(channel, tokens)
        self.objects: Objects = SqlObjects(channel)
        self.parcels: Parcels = SqlParcels(channel)
        self.register: Register = SqlRegister(channel)
        self.notices: Notices = SqlNotices(channel)
        self.epochs: Epochs = SqlEpochs(channel)
        self.audit: AuditLog = SqlAuditLog(channel)
        self.retention: Retention = SqlRetention(channel)
        self.desk: Desk = SqlDesk(channel)
        self.confirmations: Confirmations = SqlConfirmations(channel)

    def setting(self, name: str) -> str:
        """A value of the installation's small table, empty if unset."""
        return self._channel.value(select(settings.c.value).where(settings.c.name == name)) or ""

    def set_setting(self, name: str, value: str) -> None:
        """Set it. The row stays locked until the transaction ends, so whoever writes first is alone."""
        self._channel.put(settings, {"name": name, "value": value})


class SqlStore:
    """The database behind a URL. Opens nothing before its first use; threads may share it."""

    def __init__(self, url: str, tokens: Tokens, metrics: Metrics = uncounted) -> None:
        self._engine: Engine = engine_for(url)
        self._tokens, self._metrics, self._watchman = tokens, metrics, Watchman()
        self._file = sqlite_path(make_url(url)) if self._engine.dialect.name == "sqlite" else None
        self._writing = threading.Lock()
        self._mine = threading.local()
        self._checked = False

    def create_schema(self) -> None:
        """Make the database file and the tables that are missing; ConfigError when another version made them, or for `problems`."""
        if self._file is not None:
            create_file(self._file)
        with self._turn(), self._transaction() as connection:
            schema.create(connection)
        if found := self.problems():
            raise ConfigError(found[0])
        self._checked = True

    def begin(self) -> AbstractContextManager[UnitOfWork]:
        """A write transaction; leaving commits, an exception rolls back. Not nested in one thread (RuntimeError)."""
        return self._begin()

    @contextmanager
    def _begin(self) -> Iterator[UnitOfWork]:
        with self._turn() as leave, self._transaction() as connection:
            if not self._checked:
                schema.check(connection)
                self._checked = True
            with self._held(connection, leave) as held:
                channel = Channel(connection, held)
                yield SqlUnitOfWork(channel, self._tokens)
                if not held.ended():
                    raise over()
            if channel.spoilt:
                raise StoreUnavailable("a statement of this transaction failed: nothing of it is kept")

    @contextmanager
    def _held(self, connection: Connection, leave: Callable[[], None]) -> Iterator[Held]:
        """The transaction under its bound; counts and tells when it was long."""
        begun, bound = time.monotonic(), connection.info.get(Bound)
        raw: object = connection.connection.dbapi_connection

        def undo() -> None:
            if isinstance(raw, sqlite3.Connection):
                raw.rollback()
            leave()

        held = Held(begun + guard.BOUND, undo)
        if bound is not None:
            bound.until = held.until
        try:
            with self._watchman.over(held) if bound is not None else nullcontext():
                yield held
        finally:
            held.ended()
            if bound is not None:
                bound.until = inf
            if (lasted := time.monotonic() - begun) > LONGEST:
                self._metrics.count(Count.LONG_TRANSACTIONS, "undone" if held.over else "its_own")
                _log.warning("a transaction was held too long", seconds=round(lasted, 1), undone=held.over)

    @contextmanager
    def _turn(self) -> Iterator[Callable[[], None]]:
        """A thread's turn; yields what ends it early, from any thread, so that the others need not wait for this one."""
        if getattr(self._mine, "inside", False):
            raise RuntimeError("begin() inside begin(): one thread has one transaction at a time")
        if self._file is not None and not self._writing.acquire(timeout=PATIENCE):
            raise StoreUnavailable("another thread keeps the database for too long")
        mine = [self._writing] if self._file is not None else []

        def leave() -> None:
            with suppress(IndexError):
                mine.pop().release()

        self._mine.inside = True
        try:
            yield leave
        finally:
            self._mine.inside = False
            leave()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        # Every exit but a clean commit drops the connection or rolls it back; none goes on with an open transaction.
        try:
            connection = self._engine.connect()
        except REACHABLE as error:
            raise translated(error) from None
        try:
            try:
                transaction = connection.begin()
            except REACHABLE as error:
                raise translated(error) from None
            try:
                yield connection
            except BaseException as error:
                with suppress(SQLAlchemyError):
                    transaction.rollback()
                if isinstance(error, REACHABLE[:3]):
                    raise translated(error) from None
                raise
            try:
                transaction.commit()
            except REACHABLE as error:
                with suppress(SQLAlchemyError):
                    connection.invalidate()
                failed = translated(error)
                kind = SyncFailed if isinstance(failed, SyncFailed) else StoreUnavailable
                raise kind(f"the commit failed: {failed}") from None
        finally:
            with suppress(SQLAlchemyError):
                connection.close()

    def after_shredding(self) -> None:
        """Write the WAL back and empty it, so that it keeps no deleted value; StoreUnavailable while others read."""
        if self._file is not None:
            with self._turn():
                checkpoint(self._engine, self._file, _CHECKPOINT_PATIENCE)

    def problems(self) -> tuple[str, ...]:
        """Settings of the server that break promise 1, as sentences: `check` refuses them, and no role starts."""
        with self._turn():
            return problems(self._engine)

    def warnings(self) -> tuple[str, ...]:
        """Settings of the server that weaken promise 1, as sentences."""
        with self._turn():
            return weaknesses(self._engine, self._file)

    def close(self) -> None:
        """Close every idle connection."""
        self._engine.dispose()
