"""A consistent copy of a SQLite database that is in use. It has no name on the disk, so that a death leaves nothing.

The copy is made in one read transaction: writers go on meanwhile, and the WAL is truncated after it.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from gateway.adapters.sql.engine import PATIENCE
from gateway.domain.errors import IntegrityError, StoreUnavailable


@contextmanager
def snapshot(database: Path) -> Iterator[BinaryIO]:
    """The copy as a file to read, gone when the context ends. StoreUnavailable when it cannot be made."""
    try:
        with _unnamed(database.parent) as (file, place):
            with (
                closing(sqlite3.connect(f"file:{quote(str(database))}?mode=rw", uri=True, timeout=PATIENCE)) as source,
                closing(sqlite3.connect(place, isolation_level=None)) as target,
            ):
                target.execute("PRAGMA journal_mode=OFF")
                target.execute("PRAGMA synchronous=OFF")
                target.execute("PRAGMA user_version").fetchone()  # opens the file
                Path(place).unlink()
                source.backup(target)
            file.seek(0)
            yield file
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorname", type(error).__name__)
        raise StoreUnavailable(f"the database cannot be copied ({code})") from None
    except OSError as error:
        raise StoreUnavailable(f"the database cannot be copied ({error.strerror})") from None


def sound(database: Path) -> None:
    """IntegrityError unless SQLite finds the file whole; opens it read-only."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(database))}?mode=ro&immutable=1", uri=True)) as opened:
            answer = opened.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.Error as error:
        raise IntegrityError(f"the database of the backup cannot be opened ({type(error).__name__})") from None
    if answer is None or answer[0] != "ok":
        raise IntegrityError("the database of the backup is damaged")


@contextmanager
def _unnamed(folder: Path) -> Iterator[tuple[BinaryIO, str]]:
    descriptor, place = tempfile.mkstemp(prefix=".snapshot-", dir=folder)
    try:
        with os.fdopen(descriptor, "r+b") as file:
            yield file, place
    finally:
        with suppress(FileNotFoundError):
            Path(place).unlink()
