"""The BlobStore port."""

from __future__ import annotations

import pytest

from gateway.domain.errors import BlobMissing, PermanentError, StoreUnavailable
from gateway.ports.blobs import BlobStore
from tests.support.fakes import FakeClock


def put(blobs: BlobStore, name: str, *chunks: bytes) -> None:
    writer = blobs.create(name)
    for chunk in chunks:
        writer.write(chunk)
    writer.commit()


class TestBlobStore:
    def test_what_was_written_is_read(self, blobs: BlobStore) -> None:
        body = bytes(range(256)) * 4000
        put(blobs, "a-1", body[:1000], b"", body[1000:])
        chunks = list(blobs.read("a-1"))
        assert b"".join(chunks) == body
        assert max(map(len, chunks)) <= 256 * 1024

    def test_an_empty_blob(self, blobs: BlobStore) -> None:
        put(blobs, "empty")
        assert list(blobs.read("empty")) == []

    def test_invisible_until_committed(self, blobs: BlobStore) -> None:
        writer = blobs.create("a")
        writer.write(b"x")
        with pytest.raises(BlobMissing):
            next(blobs.read("a"))
        assert list(blobs.names()) == []
        writer.commit()
        assert [name for name, _ in blobs.names()] == ["a"]

    def test_an_aborted_blob_leaves_nothing(self, blobs: BlobStore) -> None:
        writer = blobs.create("a")
        writer.write(b"x")
        writer.abort()
        writer.abort()
        with pytest.raises(StoreUnavailable):
            writer.commit()
        with pytest.raises(StoreUnavailable):
            writer.write(b"y")
        with pytest.raises(BlobMissing):
            next(blobs.read("a"))
        put(blobs, "a", b"again")
        assert list(blobs.read("a")) == [b"again"]

    def test_abort_after_commit_keeps_the_blob(self, blobs: BlobStore) -> None:
        writer = blobs.create("a")
        writer.write(b"x")
        writer.commit()
        writer.abort()
        assert list(blobs.read("a")) == [b"x"]

    def test_written_once(self, blobs: BlobStore) -> None:
        put(blobs, "a", b"first")
        with pytest.raises(PermanentError):
            blobs.create("a")
        assert list(blobs.read("a")) == [b"first"]

    def test_one_name_has_one_writer(self, blobs: BlobStore) -> None:
        writer = blobs.create("a")
        with pytest.raises(PermanentError):
            blobs.create("a")
        writer.write(b"x")
        writer.commit()
        assert list(blobs.read("a")) == [b"x"]

    def test_deleting(self, blobs: BlobStore) -> None:
        put(blobs, "a", b"x")
        blobs.delete("a")
        blobs.delete("a")
        with pytest.raises(BlobMissing):
            next(blobs.read("a"))

    @pytest.mark.parametrize("name", ["", "..", "a/b", "../a", "A", "a.b", "a\0", "a\n", "x" * 129, "é"])
    def test_names_cannot_leave_the_store(self, blobs: BlobStore, name: str) -> None:
        for use in (blobs.create, blobs.read, blobs.delete):
            with pytest.raises(PermanentError):
                use(name)

    def test_ages(self, blobs: BlobStore, clock: FakeClock) -> None:
        put(blobs, "old", b"x")
        clock.advance(100)
        put(blobs, "new", b"x")
        assert dict(blobs.names()) == pytest.approx({"old": 100.0, "new": 0.0}, abs=0.01)

    def test_sweeping_takes_only_unfinished_and_old_writes(self, blobs: BlobStore, clock: FakeClock) -> None:
        import time
        from datetime import UTC, datetime

        clock.set(datetime.fromtimestamp(time.time(), UTC))
        put(blobs, "done", b"x")
        stale = blobs.create("stale")
        stale.write(b"x")
        assert blobs.sweep(60) == 0
        clock.advance(3600)
        assert blobs.sweep(60) == 1
        assert [name for name, _ in blobs.names()] == ["done"]
        with pytest.raises(StoreUnavailable):
            stale.commit()
        assert [name for name, _ in blobs.names()] == ["done"]
