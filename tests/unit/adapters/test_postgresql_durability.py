"""A PostgreSQL server that may lose what it reported, or keep what was destroyed, is refused by `check` and by every role."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from gateway.adapters.shelf.database import DatabaseShelf
from gateway.adapters.sql.store import SqlStore
from gateway.app.checkup import examine
from gateway.domain.errors import ConfigError
from gateway.domain.protected import Protected
from tests.support import postgres
from tests.support.fakes import SeededTokens
from tests.support.home import Home

pytestmark = pytest.mark.proves("rest.postgresql")
_RELOAD = 60.0


@pytest.fixture
def server_says() -> Callable[[str, str], str]:
    """Set a parameter for the connections of one URL only; returns that URL."""

    def url(name: str, value: str) -> str:
        return f"{postgres.fresh()}%20-c%20{name}%3D{value}"

    return url


@pytest.fixture
def fsync_off() -> Iterator[None]:
    """The whole server without fsync: a parameter of its own, not of a connection."""
    with postgres.connect() as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
    try:
        yield
    finally:
        with postgres.connect() as connection:
            connection.execute("ALTER SYSTEM RESET fsync")
            connection.execute("SELECT pg_reload_conf()")


def _wait(name: str, value: str) -> None:
    end = time.monotonic() + _RELOAD
    while time.monotonic() < end:
        with postgres.connect() as connection:
            row = connection.execute(f"SHOW {name}".encode()).fetchone()
        if row == (value,):
            return
        time.sleep(0.05)
    raise AssertionError(f"the server did not take {name} = {value}")


def test_a_server_that_keeps_its_word_has_no_problem() -> None:
    store = SqlStore(postgres.fresh(), SeededTokens())
    store.create_schema()
    assert store.problems() == ()
    store.close()


def test_synchronous_commit_off_is_refused(server_says: Callable[[str, str], str]) -> None:
    store = SqlStore(server_says("synchronous_commit", "off"), SeededTokens())
    with pytest.raises(ConfigError, match="synchronous_commit is off"):
        store.create_schema()
    store.close()


def test_fsync_off_is_refused_by_roles_and_by_check(fsync_off: None, tmp_path) -> None:
    _wait("fsync", "off")
    store = SqlStore(postgres.fresh(), SeededTokens())
    with pytest.raises(ConfigError, match="fsync is off"):
        store.create_schema()
    [problem] = [one for one in store.problems() if "fsync" in one]
    assert "may be lost in a power cut; switch it on" in problem
    store.close()
    [found] = DatabaseShelf(postgres.fresh(), "epochs").problems()
    assert "fsync is off" in found


def test_check_refuses_and_says_what_a_fail_over_means(tmp_path, monkeypatch) -> None:
    with Home(tmp_path, config=postgres.configured(postgres.fresh())) as home:
        found = examine(home.inst)
        assert not [one for one in found.problems if "PostgreSQL" in one]
        assert "no synchronous standby: a fail-over to another server may lose messages" in " ".join(found.warnings)
        monkeypatch.setattr(SqlStore, "problems", lambda self: ("store: fsync is off in PostgreSQL",))
        assert "store: fsync is off in PostgreSQL" in examine(home.inst).problems


@pytest.mark.proves("rest.key-shelf")
def test_a_shelf_whose_server_archives_is_refused(monkeypatch) -> None:
    shelf = DatabaseShelf(postgres.fresh(), "peppers")
    shelf.put("one", Protected(b"1"))
    assert shelf.problems() == ()
    do = shelf._do

    def archived(step):
        found = do(step)
        return {**found, "archive_mode": "on"} if isinstance(found, dict) else found

    monkeypatch.setattr(shelf, "_do", archived)
    [problem] = shelf.problems()
    assert "destroyed keys live on in the archive" in problem


@pytest.mark.proves("rest.key-shelf")
def test_a_destroyed_secret_leaves_its_table_s_file() -> None:
    url, secret = postgres.fresh(), b"a pepper to look for, 32 bytes.."
    shelf = DatabaseShelf(url, "peppers")
    shelf.put("one", Protected(secret))
    shelf.put("two", Protected(b"stays"))
    schema = url.rpartition("%3D")[2]

    def on_disk() -> bytes:
        with postgres.connect() as connection:
            connection.execute("CHECKPOINT")
            row = connection.execute(
                f"SELECT pg_read_binary_file(pg_relation_filepath('{schema}.shelf_peppers'))".encode()
            ).fetchone()
        assert row is not None
        return bytes(row[0])  # type: ignore[arg-type]

    assert secret in on_disk()
    shelf.destroy("one")
    assert secret not in on_disk()
    assert shelf.names() == ("two",)
