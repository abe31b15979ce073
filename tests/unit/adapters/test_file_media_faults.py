"""Blobs, shelf and heads on media that refuse: StoreUnavailable, and nothing is visible."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from gateway.adapters.blobs.file import FileBlobStore
from gateway.adapters.durable import make_folder
from gateway.adapters.heads import append, read_heads
from gateway.adapters.shelf.file import FileShelf
from gateway.domain.errors import BlobMissing, ConfigError, IntegrityError, StoreUnavailable
from gateway.domain.protected import Protected
from gateway.ports.store import HeadRow
from gateway.seal.heads import Kept
from tests.support.fakes import START, FakeClock, SeededTokens
from tests.support.faults import FailingSync, read_only, small_disk


@pytest.fixture
def blobs(tmp_path: Path) -> FileBlobStore:
    return FileBlobStore(tmp_path / "blobs", FakeClock())


@pytest.fixture
def shelf(tmp_path: Path) -> FileShelf:
    return FileShelf(tmp_path / "shelf", SeededTokens())


def files_under(path: Path) -> list[Path]:
    return [found for found in path.rglob("*") if found.is_file()]


@pytest.mark.proves("once.fsync", "lost.fsync-error")
@pytest.mark.parametrize("fail_at", [1, 2])
def test_a_failed_sync_kills_the_writer_and_shows_nothing(
    tmp_path: Path, blobs: FileBlobStore, monkeypatch: pytest.MonkeyPatch, fail_at: int
) -> None:
    writer = blobs.create("a")
    writer.write(b"data")
    with monkeypatch.context() as patch:
        sync = FailingSync(patch, fail_at)
        with pytest.raises(StoreUnavailable):
            writer.commit()
        with pytest.raises(StoreUnavailable):
            writer.commit()
        assert sync.calls == fail_at  # never tried again
    with pytest.raises(BlobMissing):
        blobs.read("a")
    assert files_under(tmp_path / "blobs") == []


def test_a_commit_syncs_the_file_and_then_its_directory(blobs: FileBlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    real = os.fsync

    def watched(descriptor: int) -> None:
        order.append("directory" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    writer = blobs.create("a")
    writer.write(b"data")
    writer.commit()
    assert order == ["file", "directory"]
    blobs.delete("a")
    assert order[2:] == ["directory"]


@pytest.mark.proves("lost.disk-full")
def test_a_full_disk(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "256k") as disk:
        blobs = FileBlobStore(disk / "blobs", FakeClock())
        writer = blobs.create("big")
        with pytest.raises(StoreUnavailable, match="No space"):
            for _ in range(100):
                writer.write(bytes(65536))
        with pytest.raises(StoreUnavailable):
            writer.commit()
        assert files_under(disk / "blobs") == []
        writer = blobs.create("small")  # the failed one gave its room back
        writer.write(b"fits")
        writer.commit()
        shelf = FileShelf(disk / "shelf", SeededTokens())
        with pytest.raises(StoreUnavailable):
            shelf.put("big", Protected(bytes(10**6)))
        assert shelf.names() == ()
        assert shelf.get("big") is None


@pytest.mark.proves("lost.read-only")
def test_a_read_only_disk(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "4m") as disk:
        blobs = FileBlobStore(disk / "blobs", FakeClock())
        shelf = FileShelf(disk / "shelf", SeededTokens())
        shelf.put("there", Protected(b"x"))
        with read_only(disk):
            with pytest.raises(StoreUnavailable, match="Read-only"):
                blobs.create("a")
            with pytest.raises(StoreUnavailable, match="Read-only"):
                shelf.put("a", Protected(b"x"))
            with pytest.raises(StoreUnavailable, match="Read-only"):
                shelf.destroy("there")
            with pytest.raises(StoreUnavailable, match="Read-only"):
                append(disk / "heads" / "f", Kept(HeadRow(1, b"r", START, b"s")))
            assert shelf.get("there") == Protected(b"x")


def test_a_medium_that_went_away_is_not_taken_for_deletion(
    tmp_path: Path, blobs: FileBlobStore, shelf: FileShelf
) -> None:
    for name in ("blobs", "shelf"):
        (tmp_path / name).rename(tmp_path / f"{name}-elsewhere")
        (tmp_path / name).mkdir()
    with pytest.raises(StoreUnavailable):
        blobs.read("a")
    with pytest.raises(StoreUnavailable):
        list(blobs.names())
    with pytest.raises(StoreUnavailable):
        shelf.get("a")
    with pytest.raises(StoreUnavailable):
        shelf.names()
    with pytest.raises(StoreUnavailable):
        shelf.put("a", Protected(b"x"))


def test_only_this_user_reads(tmp_path: Path, blobs: FileBlobStore, shelf: FileShelf) -> None:
    writer = blobs.create("a")
    writer.commit()
    shelf.put("k", Protected(b"x"))
    for root in ("blobs", "shelf"):
        for path in [tmp_path / root, *(tmp_path / root).rglob("*")]:
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    (tmp_path / "open").mkdir(mode=0o755)
    with pytest.raises(ConfigError, match="chmod 700"):
        FileShelf(tmp_path / "open", SeededTokens())


def test_destroying_overwrites_before_it_unlinks(tmp_path: Path, shelf: FileShelf) -> None:
    shelf.put("k", Protected(b"the secret itself"))
    with (tmp_path / "shelf" / "k").open("rb") as held:
        shelf.destroy("k")
        left = held.read()
    assert len(left) == len(b"the secret itself")
    assert b"secret" not in left


@pytest.mark.proves("once.fsync", "lost.fsync-error")
@pytest.mark.parametrize("fail_at", [1, 2])
def test_a_shelf_whose_sync_fails_keeps_no_secret(
    tmp_path: Path, shelf: FileShelf, monkeypatch: pytest.MonkeyPatch, fail_at: int
) -> None:
    with monkeypatch.context() as patch:
        FailingSync(patch, fail_at)
        with pytest.raises(StoreUnavailable):
            shelf.put("k", Protected(b"the secret itself"))
    assert shelf.get("k") is None
    assert [path.name for path in files_under(tmp_path / "shelf")] == [".shelf"]


def test_a_half_written_secret_of_a_dead_process_is_erased(tmp_path: Path, shelf: FileShelf) -> None:
    stale = tmp_path / "shelf" / ".new-k"
    stale.write_bytes(b"half")
    assert shelf.names() == ()
    shelf.put("k", Protected(b"whole"))
    assert shelf.get("k") == Protected(b"whole")
    assert not stale.exists()


def head(size: int) -> HeadRow:
    return HeadRow(size, bytes([size]) * 32, START, b"sig")


def test_heads_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "out" / "heads.jsonl"
    for size in (3, 9):
        append(file, Kept(head(size)))
    assert read_heads(file) == [head(3), head(9)]
    with monkeypatch.context() as patch:
        FailingSync(patch, 1)
        with pytest.raises(StoreUnavailable):
            append(file, Kept(head(10)))
    assert read_heads(file)[-1] == head(9)
    with file.open("ab") as torn:
        torn.write(b'{"size": 11, "ro')
    assert read_heads(file)[-1] == head(9)
    append(file, Kept(head(12)))
    assert read_heads(file) == [head(3), head(9), head(12)]
    with file.open("ab") as forged:
        forged.write(b"{}\n")
    with pytest.raises(IntegrityError, match="line 4"):
        read_heads(file)
    with pytest.raises(StoreUnavailable):
        read_heads(tmp_path / "none")


@pytest.mark.proves("lost.power-cut")
def test_every_new_folder_is_synced_in_the_one_above(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    real = os.fsync

    def watched(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    make_folder(tmp_path / "a" / "b" / "c")
    assert synced[-3:] == [tmp_path.name, "a", "b"]
    make_folder(tmp_path / "a" / "b" / "c")
    assert synced[-1] == "b"
