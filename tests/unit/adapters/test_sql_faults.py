"""SQLite when things go wrong: disk full, disk read-only, file gone, another process in the way, schema unknown."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
import structlog

from gateway.adapters.sql import engine
from gateway.adapters.sql import store as store_module
from gateway.adapters.sql.store import SqlStore
from gateway.domain.audit import Event, EventKind
from gateway.domain.errors import ConfigError, StoreUnavailable
from tests.support.fakes import START, SeededTokens
from tests.support.faults import read_only, small_disk
from tests.support.store_rows import message


def made(path: Path) -> SqlStore:
    store = SqlStore(f"sqlite:///{path}", SeededTokens())
    store.create_schema()
    return store


def test_the_file_is_this_users_alone(tmp_path: Path) -> None:
    store = made(tmp_path / "db" / "s.db")
    with store.begin() as uow:
        uow.messages.add(message())
        for name in ("s.db", "s.db-wal", "s.db-shm"):
            assert stat.S_IMODE((tmp_path / "db" / name).stat().st_mode) == 0o600
    assert store.warnings() == ()
    (tmp_path / "db" / "s.db").chmod(0o644)
    assert "chmod 600" in store.warnings()[0]
    store.close()


@pytest.mark.proves("lost.disk-full")
def test_a_full_disk_loses_what_was_not_promised_and_nothing_else(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "2m") as disk:
        store = made(disk / "s.db")
        kept = 0
        with pytest.raises(StoreUnavailable) as caught:
            for number in range(200):
                with store.begin() as uow:
                    uow.messages.add(message(f"m{number:03d}", record=bytes(50_000)))
                    uow.audit.append(Event(EventKind.RECEIVED, f"m{number:03d}"), START)
                kept += 1
        assert "SQLITE_" in str(caught.value)
        assert 0 < kept < 200
        store.close()
        again = SqlStore(f"sqlite:///{disk / 's.db'}", SeededTokens())
        with again.begin() as uow:
            assert uow.messages.get(f"m{kept - 1:03d}") is not None
            assert uow.messages.get(f"m{kept:03d}") is None
            assert len(uow.audit.rows()) == kept
        again.close()


def test_a_swallowed_full_disk_commits_no_half(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "1m") as disk:
        store = made(disk / "s.db")
        with pytest.raises(StoreUnavailable), store.begin() as uow:
            uow.set_setting("half", "written")
            with pytest.raises(StoreUnavailable):
                for number in range(100):
                    uow.messages.add(message(f"m{number}", record=bytes(100_000)))
            uow.set_setting("more", "written")
        with store.begin() as uow:
            assert uow.setting("half") == ""
            assert uow.setting("more") == ""
        store.close()


@pytest.mark.proves("lost.read-only")
def test_a_read_only_disk(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "4m") as disk:
        store = made(disk / "s.db")
        store.close()
        with read_only(disk):
            with pytest.raises(StoreUnavailable), store.begin() as uow:
                uow.set_setting("a", "b")
            with pytest.raises(StoreUnavailable):
                made(disk / "other.db")
        with store.begin() as uow:
            assert uow.setting("a") == ""
        store.close()


def test_a_commit_that_fails_promises_nothing(tmp_path: Path) -> None:
    store = made(tmp_path / "s.db")
    from sqlalchemy import event
    from sqlalchemy.exc import OperationalError

    def refuse(connection: object) -> None:
        raise OperationalError("COMMIT", {}, sqlite3.OperationalError("disk I/O error on secret"))

    event.listen(store._engine, "commit", refuse)
    with pytest.raises(StoreUnavailable, match="commit failed") as caught, store.begin() as uow:
        uow.messages.add(message())
    assert "secret" not in str(caught.value)
    event.remove(store._engine, "commit", refuse)
    with store.begin() as uow:
        assert uow.messages.get("m1") is None
    store.close()


def test_a_missing_file_is_an_error_not_a_new_database(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path / 'none.db'}", SeededTokens())
    with pytest.raises(StoreUnavailable), store.begin():
        pass
    assert not (tmp_path / "none.db").exists()


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "s.db").write_bytes(b"not a database at all" * 1000)
    store = SqlStore(f"sqlite:///{tmp_path / 's.db'}", SeededTokens())
    with pytest.raises(StoreUnavailable), store.begin():
        pass


def test_no_tables_yet(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "s.db").close()
    store = SqlStore(f"sqlite:///{tmp_path / 's.db'}", SeededTokens())
    with pytest.raises(ConfigError, match="init"), store.begin():
        pass
    store.close()


def test_a_newer_schema_is_not_touched(tmp_path: Path) -> None:
    store = made(tmp_path / "s.db")
    with store.begin() as uow:
        uow.set_setting("schema_version", "99")
    store.close()
    newer = SqlStore(f"sqlite:///{tmp_path / 's.db'}", SeededTokens())
    with pytest.raises(ConfigError, match="99"):
        newer.create_schema()
    with pytest.raises(ConfigError, match="99"), newer.begin():
        pass
    newer.close()


def test_another_process_that_does_not_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path / "s.db").close()
    monkeypatch.setattr(engine, "PATIENCE", 0.2)
    monkeypatch.setattr(store_module, "PATIENCE", 0.2)
    store = SqlStore(f"sqlite:///{tmp_path / 's.db'}", SeededTokens())
    other = sqlite3.connect(tmp_path / "s.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="SQLITE_BUSY"), store.begin():
        pass
    other.execute("ROLLBACK")
    other.close()
    with store.begin() as uow:
        assert uow.setting("x") == ""
    store.close()


@pytest.mark.proves("rest.sqlite")
def test_shredding_waits_for_no_reader_for_ever_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path / "s.db").close()
    monkeypatch.setattr(engine, "PATIENCE", 0.2)
    store = SqlStore(f"sqlite:///{tmp_path / 's.db'}", SeededTokens())
    reader = sqlite3.connect(tmp_path / "s.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM settings").fetchall()
    with store.begin() as uow:
        uow.set_setting("a", "b")
    with pytest.raises(StoreUnavailable, match="WAL"):
        store.after_shredding()
    reader.execute("ROLLBACK")
    reader.close()
    store.after_shredding()
    assert (tmp_path / "s.db-wal").stat().st_size == 0
    store.close()


@pytest.mark.proves("rest.sqlite")
def test_a_shredded_value_is_in_no_file(tmp_path: Path) -> None:
    mark = b"MARK-0123456789-MARK" * 5
    store = made(tmp_path / "s.db")
    with store.begin() as uow:
        uow.objects.put_secret("d1", "e1", mark)
    store.after_shredding()
    assert mark in (tmp_path / "s.db").read_bytes()
    with store.begin() as uow:
        uow.objects.drop_secret("d1")
    store.after_shredding()
    assert all(mark not in path.read_bytes() for path in tmp_path.iterdir())
    store.close()


_CHILD = """
import sys
from gateway.adapters.sql.store import SqlStore
from gateway.adapters.tokens import SystemTokens
from gateway.domain.audit import Event, EventKind
from gateway.domain.records import JobKind
from tests.support.fakes import START
store = SqlStore(sys.argv[1], SystemTokens())
store.create_schema()
for number in range(25):
    with store.begin() as uow:
        uow.jobs.add(JobKind.ASSESS, f"{sys.argv[2]}-{number}", "", START)
        uow.audit.append(Event(EventKind.STARTED), START)
        uow.set_setting("total", str(int(uow.setting("total") or 0) + 1))
store.close()
"""


def test_several_processes_on_one_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'fresh' / 's.db'}"
    root = Path(__file__).parents[3]
    children = [
        subprocess.Popen([sys.executable, "-c", _CHILD, url, str(number)], cwd=root, stderr=subprocess.PIPE)
        for number in range(4)
    ]
    for child in children:
        _, errors = child.communicate(timeout=100)
        assert child.returncode == 0, errors.decode()
    store = SqlStore(url, SeededTokens())
    with store.begin() as uow:
        assert uow.setting("total") == "100"
        assert uow.jobs.pending() == {"assess": 100}
        assert [row.number for row in uow.audit.of_message("")] == list(range(1, 101))
    store.close()


_KILLED = """
import os, sys
from gateway.adapters.sql.store import SqlStore
from gateway.adapters.tokens import SystemTokens
store = SqlStore(sys.argv[1], SystemTokens())
with store.begin() as uow:
    uow.set_setting("kept", "yes")
with store.begin() as uow:
    uow.set_setting("lost", "yes")
    os.kill(os.getpid(), 9)
"""


def test_a_killed_writer_leaves_whole_transactions_only(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 's.db'}"
    store = made(tmp_path / "s.db")
    dead = subprocess.run([sys.executable, "-c", _KILLED, url], cwd=Path(__file__).parents[3], check=False)
    assert dead.returncode == -9
    with store.begin() as uow:
        assert uow.setting("kept") == "yes"
        assert uow.setting("lost") == ""
    store.close()


@pytest.mark.proves("rest.sqlite")
def test_a_transaction_over_a_second_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = made(tmp_path / "s.db")
    assert store_module.LONGEST == 1.0
    with structlog.testing.capture_logs() as told:
        monkeypatch.setattr(store_module, "LONGEST", 60.0)
        with store.begin() as uow:
            uow.setting("x")
        assert told == []
        monkeypatch.setattr(store_module, "LONGEST", 0.3)
        with store.begin() as uow:
            uow.setting("x")
            time.sleep(0.35)
    assert [one["event"] for one in told] == ["a transaction was held too long"]
    store.close()


@pytest.mark.proves("rest.sqlite")
def test_the_emptied_wal_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, synced, real = made(tmp_path / "s.db"), [], os.fsync
    with store.begin() as uow:
        uow.set_setting("a", "b")

    def watched(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        synced.append((path.name, path.stat().st_size))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    store.after_shredding()
    assert synced[-1:] == [("s.db-wal", 0)]
    store.close()
