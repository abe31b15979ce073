"""One fixture a port, over every adapter of it. A new adapter is a new parameter here and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.adapters.blobs.file import FileBlobStore
from gateway.adapters.shelf.database import DatabaseShelf
from gateway.adapters.shelf.file import FileShelf
from gateway.adapters.sql.store import SqlStore
from gateway.ports.blobs import BlobStore
from gateway.ports.shelf import KeyShelf
from tests.support import postgres
from tests.support.fakes import FakeClock, SeededTokens


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'store' / 'sealgate.db'}"
        return
    yield postgres.fresh()


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


@pytest.fixture(params=["file", "database"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> KeyShelf:
    made: dict[str, Callable[[], KeyShelf]] = {
        "file": lambda: FileShelf(tmp_path / "shelf", SeededTokens()),
        "database": lambda: DatabaseShelf(postgres.fresh(), "epochs"),
    }
    return made[request.param]()
