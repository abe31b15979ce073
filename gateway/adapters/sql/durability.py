"""What makes a commit durable and a deletion final, and what a server's settings take away from it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from sqlalchemy import Engine, text

from gateway.adapters.durable import group_share, refusals, sync_file
from gateway.adapters.sql.channel import REACHABLE, translated
from gateway.domain.errors import StoreUnavailable


def checkpoint(engine: Engine, file: Path, patience: float) -> None:
    """SQLite: move the WAL into the database and truncate it, for good; StoreUnavailable when after `patience` seconds
    others still keep it from that.
    """
    try:
        raw = engine.raw_connection()
        try:
            cursor = raw.cursor()
            usual = cursor.execute("PRAGMA busy_timeout").fetchone()[0]
            cursor.execute(f"PRAGMA busy_timeout={round(patience * 1000)}")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            row = cursor.fetchone()
            cursor.execute(f"PRAGMA busy_timeout={usual}")
            cursor.close()
        finally:
            raw.close()
    except REACHABLE as error:
        raise translated(error) from None
    except Exception as error:
        if isinstance(error, engine.dialect.loaded_dbapi.Error):
            raise translated(error) from None
        raise
    if row is None or row[0] != 0:
        raise StoreUnavailable("the WAL could not be truncated while others use the database")
    # SQLite does not sync the truncation: a power cut would bring back the old WAL with what was deleted.
    with refusals("the truncated WAL cannot be made durable"), suppress(FileNotFoundError):
        sync_file(file.with_name(f"{file.name}-wal"))


def problems(engine: Engine) -> tuple[str, ...]:
    """Settings of a PostgreSQL server under which a commit that was reported may be lost, as sentences; SQLite's are our own."""
    if engine.dialect.name != "postgresql":
        return ()
    shown = _shown(engine, "fsync", "full_page_writes", "synchronous_commit")
    found = [
        f"store: {name} is {shown[name]} in PostgreSQL: an accepted message may be lost in a power cut; switch it on"
        for name in ("fsync", "full_page_writes")
        if shown[name] != "on"
    ]
    if shown["synchronous_commit"] == "off":
        found.append(
            "store: synchronous_commit is off in PostgreSQL: a commit is reported before it is safe; switch it on"
        )
    return tuple(found)


def weaknesses(engine: Engine, file: Path | None) -> tuple[str, ...]:
    """Sentences on what weakens durability; empty when nothing does."""
    try:
        return _of_sqlite(engine, file) if file is not None else _of_postgresql(engine)
    except REACHABLE as error:
        raise translated(error) from None


def _of_sqlite(engine: Engine, file: Path) -> tuple[str, ...]:
    found: list[str] = []
    wanted = {"journal_mode": "wal", "synchronous": "2", "secure_delete": "1", "foreign_keys": "1"}
    with engine.connect() as connection:
        for name, value in wanted.items():
            present = str(connection.exec_driver_sql(f"PRAGMA {name}").scalar())
            if present != value:
                found.append(f"sqlite: {name} is {present}, not {value}")
    if file.stat().st_mode & 0o077 & ~group_share(file.parent):
        found.append("sqlite: other users of this machine may read the database file; chmod 600")
    return tuple(found)


def _of_postgresql(engine: Engine) -> tuple[str, ...]:
    shown = _shown(engine, "synchronous_commit", "synchronous_standby_names")
    if not shown["synchronous_standby_names"]:
        return (
            "postgresql: no synchronous standby: a fail-over to another server may lose messages that were accepted",
        )
    if shown["synchronous_commit"] == "local":
        return (
            "postgresql: synchronous_commit is local: a fail-over to the standby may lose messages that were accepted",
        )
    return ()


def _shown(engine: Engine, *names: str) -> dict[str, str]:
    try:
        with engine.connect() as connection:
            return {name: str(connection.execute(text(f"SHOW {name}")).scalar()) for name in names}
    except REACHABLE as error:
        raise translated(error) from None
