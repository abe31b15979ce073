"""Port: sealed objects. The one wrapper round a BlobStore; holders' wraps of the data key live in the store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from gateway.domain.protected import Protected


class Seal(StrEnum):
    """Purposes that enter a context: what is sealed for one purpose opens for no other."""

    MAIL = "mail"
    PART = "part"
    MANIFEST = "manifest"
    ATTACHMENT = "attachment"
    RECORD = "record"
    WRAP = "wrap"
    ARCHIVE = "archive"
    PARCEL = "parcel"
    LINK = "link"
    LOOKUP = "lookup"
    SESSION = "session"
    COLUMN = "column"
    INDEX = "index"
    DECISION = "decision"
    INTAKE = "intake"
    AUDIT = "audit"
    EPOCH = "epoch"
    CODE = "code"
    BOUNCE = "bounce"
    BACKUP = "backup"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Sealed:
    """A finished object: plaintext length in bytes, and the salted commitment to the plaintext.

    `key` is data key and commitment salt, 64 bytes: what wraps carry.
    """

    object_id: str
    purpose: Seal
    part: str
    length: int
    commitment: bytes = field(repr=False)
    key: Protected[bytes]


class SealedWriter(Protocol):
    """Plaintext in, sealed blob out."""

    def write(self, data: bytes) -> None:
        """Append plaintext; StoreUnavailable as the blob store says."""
        ...

    def finish(self) -> Sealed:
        """Make the blob durable; StoreUnavailable: nothing was promised."""
        ...

    def abort(self) -> None:
        """Forget it. Never raises."""
        ...


class Vault(Protocol):
    """Creates, opens and deletes sealed objects."""

    def create(self, object_id: str, purpose: Seal, part: str = "") -> SealedWriter:
        """Begin an object under a fresh data key; its id is given before the first byte."""
        ...

    def open(
        self, object_id: str, purpose: Seal, part: str, key: Protected[bytes], commitment: bytes
    ) -> Iterator[bytes]:
        """The plaintext in chunks. IntegrityError at the end, at the latest, when anything is not as sealed:
        nothing may be released as whole before the iterator has ended without an error.
        """
        ...

    def delete(self, object_id: str) -> None:
        """Remove the blob."""
        ...

    def names(self) -> Iterator[tuple[str, float]]:
        """Every object's id with its age in seconds, for the sweeper."""
        ...

    def sweep(self, older_than: float) -> int:
        """Remove unfinished writes older than that many seconds."""
        ...
