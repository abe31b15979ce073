"""Scratch: where the splitter puts the parts of a large mail while a worker reads it.

Small parts stay in memory up to a budget; the rest are sealed objects whose keys live only in this process and whose
blobs go when reading ends. After a death they are noise without a key, which the sweeper removes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType

from gateway.domain.errors import SealgateError
from gateway.mime.tree import Body, MemoryBody, PartWriter
from gateway.ports.tokens import Tokens
from gateway.ports.vault import Seal, Sealed, SealedWriter, Vault

_SMALL = 256 * 1024
_IN_MEMORY = 4 * 1024 * 1024


class SealedBody:
    """A part in the vault under a key that only this process has."""

    def __init__(self, vault: Vault, sealed: Sealed) -> None:
        self._vault, self._sealed = vault, sealed

    @property
    def length(self) -> int:
        """Bytes in all."""
        return self._sealed.length

    def chunks(self) -> Iterator[bytes]:
        """The bytes from the beginning."""
        one = self._sealed
        return self._vault.open(one.object_id, one.purpose, one.part, one.key, one.commitment)


class Scratch:
    """A PartSink for one reading; use it in a `with`."""

    def __init__(self, vault: Vault, tokens: Tokens) -> None:
        self._vault, self._tokens = vault, tokens
        self._made: list[str] = []
        self._room = _IN_MEMORY

    def open(self, path: str) -> PartWriter:
        """Begin the leaf with this path."""
        return _Writer(self, path)

    def spill(self, path: str) -> SealedWriter:
        """A sealed object for a part that has grown too large for memory."""
        object_id = self._tokens.id()
        self._made.append(object_id)
        return self._vault.create(object_id, Seal.PART, path)

    def body(self, sealed: Sealed) -> SealedBody:
        """A finished spilled part."""
        return SealedBody(self._vault, sealed)

    def take(self, amount: int) -> bool:
        """Whether so much memory is still to be had; counts it if so."""
        if amount > self._room:
            return False
        self._room -= amount
        return True

    def __enter__(self) -> Scratch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for object_id in self._made:
            with suppress(SealgateError):
                self._vault.delete(object_id)
        self._made.clear()


class _Writer:
    def __init__(self, scratch: Scratch, path: str) -> None:
        self._scratch, self._path = scratch, path
        self._held = bytearray()
        self._spilled: SealedWriter | None = None

    def write(self, data: bytes) -> None:
        if self._spilled is None:
            self._held += data
            if len(self._held) <= _SMALL:
                return
            self._spilled = self._scratch.spill(self._path)
            data = bytes(self._held)
            self._held = bytearray()
        self._spilled.write(data)

    def finish(self) -> Body:
        if self._spilled is None and self._scratch.take(len(self._held)):
            return MemoryBody(bytes(self._held))
        if self._spilled is None:
            self._spilled = self._scratch.spill(self._path)
            self._spilled.write(bytes(self._held))
            self._held = bytearray()
        return self._scratch.body(self._spilled.finish())

    def abort(self) -> None:
        self._held = bytearray()
        if self._spilled is not None:
            self._spilled.abort()
