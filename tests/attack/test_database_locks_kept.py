"""No role loses its locks on the database: whoever comes and goes beside it, everybody works on the one database.

A process that opens and closes the database's file by itself loses every lock that SQLite holds for it there (fcntl(2)).
The next process to end then takes itself for the last one and removes the WAL, and two histories begin.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.adapters.choose import open_store
from gateway.adapters.sql.store import SqlStore
from gateway.adapters.tokens import SystemTokens
from gateway.app.backup import back_up
from gateway.app.checkup import examine
from gateway.app.created import database_file
from tests.support.home import LUNCH, MARIA, OFFICE, RESULTS, Home, mail

_OPENED: list[list[Path]] = []
"""While a list is in it: every existing path that Python itself opens. SQLite's own files do not come here."""
_LOOK = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute(\"SELECT value FROM settings WHERE name='n'\").fetchall())"


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "open" or not _OPENED or not isinstance(arguments[0], (str, bytes, os.PathLike)):
        return
    if not (arguments[2] or 0) & os.O_EXCL:  # with it nothing that exists is opened
        _OPENED[-1].append(Path(os.fsdecode(arguments[0])))


@contextmanager
def opened() -> Iterator[list[Path]]:
    """Every path that is opened meanwhile."""
    if not getattr(_note, "hooked", False):
        sys.addaudithook(_note)  # cannot be taken away again, so it is added once
        _note.hooked = True  # type: ignore[attr-defined]
    _OPENED.append([])
    try:
        yield _OPENED[-1]
    finally:
        _OPENED.pop()


def visitor(database: Path) -> str:
    """What another process reads, which opens the database, and closes it as it ends."""
    done = subprocess.run(
        [sys.executable, "-c", _LOOK, str(database)], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.strip()


@pytest.mark.proves("rest.sqlite")
def test_a_store_that_is_in_use_keeps_its_locks_when_the_schema_is_looked_at_again(tmp_path: Path) -> None:
    database = tmp_path / "data" / "sealgate.db"
    with closing(open_store(f"sqlite:///{database}", SystemTokens())) as store:
        assert isinstance(store, SqlStore)
        store.create_schema()
        for number in range(3):
            with store.begin() as uow:
                uow.set_setting("n", str(number))
            store.create_schema()  # as each role does at its start, when its clock has been read from the store already
            assert visitor(database) == f"[('{number}',)]"
            assert database.with_name("sealgate.db-wal").exists(), "a process that ended took itself for the last one"
    with closing(sqlite3.connect(database)) as again:
        assert again.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_an_existing_database_is_made_private_without_being_opened(tmp_path: Path) -> None:
    database = tmp_path / "data" / "sealgate.db"
    with closing(open_store(f"sqlite:///{database}", SystemTokens())) as store:
        store.create_schema()
    database.chmod(0o644)
    with opened() as paths, closing(open_store(f"sqlite:///{database}", SystemTokens())) as store:
        store.create_schema()
    assert database not in paths
    assert database.stat().st_mode & 0o777 == 0o600


@pytest.mark.proves("rest.sqlite")
def test_nothing_that_a_gateway_does_opens_the_file_of_a_database_that_it_uses(tmp_path: Path) -> None:
    with Home(tmp_path) as home:
        home.people()
        database = database_file(home.inst.settings)
        assert database is not None
        with opened() as paths:
            home.inst.store().create_schema()
            home.submit(mail(MARIA, "Your results", RESULTS), MARIA)
            home.submit(mail(OFFICE, "Lunch", LUNCH, number=2), OFFICE)
            home.settle()
            home.later(3600)
            home.rooms.worker.do_duties()
            examine(home.inst)
            back_up(home.inst, tmp_path / "backups", "test")
        assert len(paths) > 20, "the hook hears nothing"
        assert database not in {one.resolve() for one in paths} | set(paths)
