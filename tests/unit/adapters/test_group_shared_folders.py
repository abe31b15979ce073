"""Folders that are opened to a group on purpose: roles under users of their own can share data, others never can."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from gateway.adapters.blobs.file import FileBlobStore
from gateway.adapters.shelf.file import FileShelf
from gateway.adapters.sql.store import SqlStore
from gateway.domain.errors import ConfigError
from gateway.domain.protected import Protected
from tests.support.fakes import FakeClock, SeededTokens


def folder(path: Path, mode: int) -> Path:
    path.mkdir()
    path.chmod(mode)
    return path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True)
def strict_umask():
    before = os.umask(0o077)
    yield
    os.umask(before)


def test_blobs_are_open_to_the_group_that_was_meant(tmp_path: Path) -> None:
    root = folder(tmp_path / "blobs", 0o2770)
    store = FileBlobStore(root, FakeClock())
    writer = store.create("a")
    writer.write(b"sealed")
    writer.commit()
    [blob] = [one for one in root.rglob("a") if one.is_file()]
    assert mode(blob) == 0o660
    assert {mode(one) for one in root.iterdir()} == {0o2770}


def test_the_database_is_open_to_the_group_that_was_meant(tmp_path: Path) -> None:
    root = folder(tmp_path / "db", 0o2770)
    store = SqlStore(f"sqlite:///{root / 's.db'}", SeededTokens())
    store.create_schema()
    with store.begin() as uow:
        uow.set_setting("a", "b")
        assert {mode(root / name) for name in ("s.db", "s.db-wal", "s.db-shm")} == {0o660}
    assert store.warnings() == ()
    (root / "s.db").chmod(0o664)
    assert store.warnings() != ()
    store.close()


def test_the_shelf_lets_a_group_read_and_never_write(tmp_path: Path) -> None:
    root = folder(tmp_path / "peppers", 0o2750)
    FileShelf(root, SeededTokens()).put("k", Protected(b"x"))
    assert mode(root / "k") == 0o640
    for bad in (0o2770, 0o0750, 0o2755):
        root.chmod(bad)
        with pytest.raises(ConfigError, match="chmod 700"):
            FileShelf(root, SeededTokens())


def test_a_folder_that_is_merely_lax_shares_nothing(tmp_path: Path) -> None:
    root = folder(tmp_path / "lax", 0o755)
    writer = FileBlobStore(root, FakeClock()).create("a")
    writer.commit()
    [blob] = [one for one in root.rglob("a") if one.is_file()]
    assert mode(blob) == 0o600
    assert {mode(one) for one in root.iterdir()} == {0o700}
    store = SqlStore(f"sqlite:///{root / 's.db'}", SeededTokens())
    store.create_schema()
    assert mode(root / "s.db") == 0o600
    store.close()
