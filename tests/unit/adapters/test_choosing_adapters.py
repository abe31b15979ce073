"""URL schemes, the system's clock and tokens."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.adapters.choose import open_blobs, open_shelf, open_store
from gateway.adapters.clock import SystemClock
from gateway.adapters.tokens import SystemTokens
from gateway.domain.errors import ConfigError
from gateway.ports.clock import Clock
from gateway.ports.tokens import Tokens
from tests.support.fakes import FakeClock, SeededTokens


def test_known_schemes(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 's.db'}", SeededTokens())
    store.create_schema()
    with store.begin() as uow:
        assert uow.setting("x") == ""
    store.close()
    writer = open_blobs(f"file://{tmp_path / 'b'}", FakeClock()).create("a")
    writer.commit()
    assert open_shelf(f"file://{tmp_path / 'k%20s'}", "epochs", SeededTokens()).names() == ()
    assert (tmp_path / "k s").is_dir()


@pytest.mark.parametrize("url", ["mysql://h/d", "sqlite", "", "SQLITE:///x", "postgresql://h/d"])
def test_an_unknown_scheme_names_the_known_ones(url: str) -> None:
    with pytest.raises(ConfigError, match=r"store: unknown scheme .*known are postgresql\+psycopg, sqlite"):
        open_store(url, SeededTokens())


@pytest.mark.parametrize("url", ["file://host/x", "file://relative", "file:///x?y=1", "file://"])
def test_a_folder_is_an_absolute_path(url: str) -> None:
    with pytest.raises(ConfigError, match="absolute path"):
        open_blobs(url, FakeClock())


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="needs a file"):
        open_store(url, SeededTokens())


def test_postgresql_without_its_driver_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigError, match="psycopg"):
        open_store("postgresql+psycopg://someone:hidden@localhost/sealgate", SeededTokens())


def test_a_wrong_url_does_not_show_its_password() -> None:
    with pytest.raises(ConfigError) as caught:
        open_store("sqlite://name:hidden@:port/x", SeededTokens())
    assert "hidden" not in str(caught.value)


def test_the_systems_clock() -> None:
    clock: Clock = SystemClock()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    assert clock.now().utcoffset() == timedelta(0)
    first = clock.boot()
    assert first <= clock.boot()
    assert abs(first - time.clock_gettime(time.CLOCK_BOOTTIME)) < 5


@pytest.mark.parametrize("make", [lambda clock: SystemTokens(clock), lambda clock: SeededTokens(5)])
def test_tokens(make: object) -> None:
    clock = FakeClock()
    tokens: Tokens = make(clock)  # type: ignore[operator]
    ids = []
    for _ in range(200):
        ids.append(tokens.id())
        clock.advance(0.002)
    assert ids == sorted(set(ids))
    assert all(len(one) == 26 and one.isalnum() and one == one.lower() for one in ids)
    assert len(tokens.secret()) == 32
    assert len(tokens.secret(7)) == 7
    assert tokens.secret() != tokens.secret()
    codes = {tokens.code() for _ in range(50)}
    assert all(len(code) == 8 and code.isdigit() for code in codes)
    assert len(codes) > 45
