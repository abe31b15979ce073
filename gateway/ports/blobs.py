"""Port: named byte streams, written once. Only the sealing vault hands bytes to it, so no adapter sees plaintext."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol


class BlobWriter(Protocol):
    """One blob being written; invisible until `commit` returns."""

    def write(self, data: bytes) -> None:
        """Append; StoreUnavailable when the medium refuses (full, read-only, gone)."""
        ...

    def commit(self) -> None:
        """Make it durable and visible: data, name and directory on disk. StoreUnavailable: nothing was promised."""
        ...

    def abort(self) -> None:
        """Forget what was written. Never raises."""
        ...


class BlobStore(Protocol):
    """A flat space of names (lower-case letters, digits, `-`)."""

    def create(self, name: str) -> BlobWriter:
        """Begin a blob; a name that exists is a PermanentError."""
        ...

    def read(self, name: str) -> Iterator[bytes]:
        """The bytes in chunks of at most 256 KiB; BlobMissing if gone, StoreUnavailable if out of reach."""
        ...

    def delete(self, name: str) -> None:
        """Remove it for good; a name that is not there is no error."""
        ...

    def names(self) -> Iterator[tuple[str, float]]:
        """Every visible name with its age in seconds."""
        ...

    def sweep(self, older_than: float) -> int:
        """Remove unfinished writes older than that many seconds; return how many."""
        ...
