"""The vault: the one wrapper round a BlobStore, so that no adapter is ever handed plaintext."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gateway.domain.protected import Protected
from gateway.ports.blobs import BlobStore, BlobWriter
from gateway.ports.vault import Seal, Sealed
from gateway.seal.context import context
from gateway.seal.objects import KEY_BYTES, ObjectSealer, open_object

_PIECE = 256 * 1024


class SealedObject:
    """One object being sealed into a blob of the same name."""

    def __init__(self, blob: BlobWriter, sealer: ObjectSealer, finished: Sealed) -> None:
        self._blob, self._sealer, self._template = blob, sealer, finished

    def write(self, data: bytes) -> None:
        """Append plaintext."""
        for start in range(0, len(data), _PIECE):
            self._emit(self._sealer.update(data[start : start + _PIECE]))

    def finish(self) -> Sealed:
        """Make it durable; the blob is visible only now."""
        self._emit(self._sealer.finalize())
        self._blob.commit()
        one = self._template
        return Sealed(one.object_id, one.purpose, one.part, self._sealer.length, self._sealer.commitment, one.key)

    def abort(self) -> None:
        """Forget it."""
        self._blob.abort()

    def _emit(self, data: bytes) -> None:
        if data:
            self._blob.write(data)


class SealingVault:
    """Implements ports.Vault over any BlobStore."""

    def __init__(self, blobs: BlobStore, installation: str, random: Callable[[int], bytes]) -> None:
        self._blobs, self._installation, self._random = blobs, installation, random

    def create(self, object_id: str, purpose: Seal, part: str = "") -> SealedObject:
        """Begin an object under a fresh data key."""
        key = Protected(self._random(KEY_BYTES))
        sealer = ObjectSealer(key, context(self._installation, purpose, object_id, part))
        return SealedObject(self._blobs.create(object_id), sealer, Sealed(object_id, purpose, part, 0, b"", key))

    def open(
        self, object_id: str, purpose: Seal, part: str, key: Protected[bytes], commitment: bytes
    ) -> Iterator[bytes]:
        """The plaintext in chunks; not whole before the iterator ends."""
        bound = context(self._installation, purpose, object_id, part)
        return open_object(self._blobs.read(object_id), key, bound, commitment)

    def delete(self, object_id: str) -> None:
        """Remove the blob."""
        self._blobs.delete(object_id)

    def names(self) -> Iterator[tuple[str, float]]:
        """Every object's id with its age."""
        return self._blobs.names()

    def sweep(self, older_than: float) -> int:
        """Remove unfinished writes."""
        return self._blobs.sweep(older_than)
