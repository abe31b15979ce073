"""A transaction that would keep everybody waiting: undone as a whole, on both engines, by whoever notices first."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.adapters.metrics import PrometheusMetrics
from gateway.adapters.sql import guard
from gateway.adapters.sql import store as store_module
from gateway.adapters.sql.store import SqlStore
from gateway.domain.errors import StoreUnavailable
from gateway.ports.store import UnitOfWork
from tests.support import postgres
from tests.support.fakes import SeededTokens
from tests.support.patience import until

pytestmark = pytest.mark.proves("rest.sqlite")

_LONG = {
    "sqlite": "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n",
    "postgresql": "SELECT pg_sleep(60)",
}


@pytest.fixture
def metrics() -> PrometheusMetrics:
    return PrometheusMetrics()


@pytest.fixture(params=["sqlite", "postgresql"])
def store(
    request: pytest.FixtureRequest, tmp_path: Path, metrics: PrometheusMetrics, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SqlStore]:
    assert guard.BOUND == 10.0
    monkeypatch.setattr(guard, "_TICK", 0.05)
    monkeypatch.setattr(store_module, "LONGEST", 0.3)
    url = postgres.fresh() if request.param == "postgresql" else f"sqlite:///{tmp_path / 's.db'}"
    made = SqlStore(url, SeededTokens(), metrics)
    made.create_schema()
    yield made
    made.close()


@contextmanager
def hasty(store: SqlStore) -> Iterator[None]:
    """Transactions that begin meanwhile have less than a second; those before and after, as long as always."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(guard, "BOUND", 0.8)
        store._engine.dispose()  # PostgreSQL is told when a connection is made
        yield
    store._engine.dispose()


def kept(store: SqlStore) -> str:
    with store.begin() as uow:
        return uow.setting("half")


def kept_after(store: SqlStore) -> str:
    """One more try to write the same row; on PostgreSQL a statement that waits for its lock may meet the bound itself."""
    try:
        with store.begin() as uow:
            uow.set_setting("half", "")
            uow.set_setting("after", "yes")
    except StoreUnavailable:
        return ""
    return "yes"


def long(metrics: PrometheusMetrics, end: str) -> float:
    return metrics.registry.get_sample_value("sealgate_long_transactions_total", {"end": end}) or 0.0


def statement(store: SqlStore) -> Callable[[UnitOfWork], None]:
    def run(uow: UnitOfWork) -> None:
        uow.audit._channel._connection.exec_driver_sql(_LONG[store._engine.dialect.name])  # type: ignore[attr-defined]

    return run


def test_a_statement_that_does_not_end_is_interrupted(store: SqlStore, metrics: PrometheusMetrics) -> None:
    begun = time.monotonic()
    with hasty(store), pytest.raises(StoreUnavailable), store.begin() as uow:
        uow.set_setting("half", "written")
        statement(store)(uow)
    assert time.monotonic() - begun < 30
    assert kept(store) == ""
    assert long(metrics, "undone") == 1


def test_what_slept_too_long_commits_nothing(store: SqlStore, metrics: PrometheusMetrics) -> None:
    with hasty(store), pytest.raises(StoreUnavailable), store.begin() as uow:
        uow.set_setting("half", "written")
        time.sleep(1.2)
    assert kept(store) == ""
    assert long(metrics, "undone") == 1


def test_what_slept_too_long_does_nothing_more(store: SqlStore) -> None:
    with hasty(store), pytest.raises(StoreUnavailable), store.begin() as uow:
        uow.set_setting("half", "written")
        time.sleep(1.2)
        uow.set_setting("half", "twice")
    assert kept(store) == ""


def test_many_short_statements_are_one_long_transaction(store: SqlStore) -> None:
    begun = time.monotonic()
    with hasty(store), pytest.raises(StoreUnavailable), store.begin() as uow:
        while time.monotonic() - begun < 60:
            uow.set_setting("half", "written")
    assert time.monotonic() - begun < 30
    assert kept(store) == ""


def test_one_that_is_only_long_is_counted_and_kept(store: SqlStore, metrics: PrometheusMetrics) -> None:
    with store.begin() as uow:
        uow.set_setting("half", "whole")
        time.sleep(0.4)
    assert (long(metrics, "its_own"), long(metrics, "undone")) == (1, 0)
    assert kept(store) == "whole"


def test_the_others_do_not_wait_for_an_owner_that_hangs(store: SqlStore) -> None:
    inside, go_on, told = threading.Event(), threading.Event(), list[BaseException]()

    def hang() -> None:
        try:
            with store.begin() as uow:
                uow.set_setting("half", "written")
                inside.set()
                go_on.wait(120)
        except StoreUnavailable as error:
            told.append(error)

    thread = threading.Thread(target=hang)
    with hasty(store):
        thread.start()
        assert inside.wait(60)
        until(lambda: kept_after(store))
    go_on.set()
    thread.join(60)
    assert not thread.is_alive()
    assert len(told) == 1
    with store.begin() as uow:
        assert (uow.setting("half"), uow.setting("after")) == ("", "yes")
