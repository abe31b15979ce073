"""Sealed objects: Cobblestone-256 streams under a random data key, with a salted commitment to the plaintext.

The 64 bytes that wraps carry are data key (32) and commitment salt (32); neither is ever stored in the open.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator

from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag

from gateway.domain.errors import IntegrityError
from gateway.domain.protected import Protected

KEY_BYTES = 64
_HALF = 32


class ObjectSealer:
    """Encrypts one object piece by piece; counts and commits to the plaintext on the way."""

    def __init__(self, key: Protected[bytes], context: bytes) -> None:
        raw = key.reveal()
        self._stream = Cobblestone256Encryptor(raw[:_HALF], context)
        self._hash = hashlib.sha256(raw[_HALF:KEY_BYTES])
        self.length = 0

    def update(self, data: bytes) -> bytes:
        """Ciphertext that is ready; may be empty."""
        self._hash.update(data)
        self.length += len(data)
        return self._stream.update(data)

    def finalize(self) -> bytes:
        """The last ciphertext."""
        return self._stream.finalize()

    @property
    def commitment(self) -> bytes:
        """SHA-256 over salt and plaintext so far, 32 bytes."""
        return self._hash.digest()


def open_object(sealed: Iterable[bytes], key: Protected[bytes], context: bytes, commitment: bytes) -> Iterator[bytes]:
    """Yield plaintext chunks; IntegrityError at the first sign, and at the end when the commitment does not hold.

    Nothing may count as whole before the iterator has ended.
    """
    raw = key.reveal()
    if len(raw) != KEY_BYTES:
        raise IntegrityError("a data key has the wrong length")
    stream = Cobblestone256Decryptor(raw[:_HALF], context)
    digest = hashlib.sha256(raw[_HALF:])
    try:
        for chunk in sealed:
            plain = stream.update(chunk)
            if plain:
                digest.update(plain)
                yield plain
        last = stream.finalize()
    except (InvalidTag, ValueError) as error:
        raise IntegrityError("a sealed object was changed or cut") from error
    digest.update(last)
    if not hmac.compare_digest(digest.digest(), commitment):
        raise IntegrityError("a sealed object is not the one that was committed to")
    if last:
        yield last
