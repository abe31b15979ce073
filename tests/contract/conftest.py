"""One fixture a port, over every adapter of it. A new adapter is a new parameter here and nothing else."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.adapters.blobs.file import FileBlobStore
from gateway.adapters.shelf.file import FileShelf
from gateway.adapters.sql.store import SqlStore
from gateway.ports.blobs import BlobStore
from gateway.ports.shelf import KeyShelf
from tests.support.fakes import FakeClock, SeededTokens

POSTGRES = "SEALGATE_TEST_POSTGRES"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'store' / 'sealgate.db'}"
        return
    url = os.environ.get(POSTGRES)
    if not url:
        pytest.skip(f"PostgreSQL is not tested: set {POSTGRES}=postgresql+psycopg://user@host/database")
    from sqlalchemy import create_engine, text

    schema = f"t{uuid.uuid4().hex}"
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    yield f"{url}{'&' if '?' in url else '?'}options=-csearch_path%3D{schema}"
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    engine.dispose()


@pytest.fixture
def open_store(store_url: str) -> Iterator[Callable[[], SqlStore]]:
    """Another connection to the same database, as another process would have; each has tokens of its own."""
    opened: list[SqlStore] = []

    def another() -> SqlStore:
        store = SqlStore(store_url, SeededTokens(len(opened) + 1))
        opened.append(store)
        return store

    yield another
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: Callable[[], SqlStore]) -> SqlStore:
    made = open_store()
    made.create_schema()
    return made


@pytest.fixture(params=["file"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> BlobStore:
    return {"file": lambda: FileBlobStore(tmp_path / "blobs", clock)}[request.param]()


@pytest.fixture(params=["file"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> KeyShelf:
    return {"file": lambda: FileShelf(tmp_path / "shelf", SeededTokens())}[request.param]()
