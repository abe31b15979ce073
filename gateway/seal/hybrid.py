"""HPKE (RFC 9180) with ML-KEM-768 + X25519, HKDF-SHA256, AES-256-GCM: small secrets to a public key.

Keys travel as bytes: a private key is the ML-KEM seed (64 bytes) and the X25519 key (32), a public key 1184 + 32 bytes.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from gateway.domain.errors import IntegrityError, KeyMissing
from gateway.domain.protected import Protected

_SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_SEED = 64
_MLKEM_PUBLIC = 1184


def generate() -> tuple[Protected[bytes], bytes]:
    """A fresh key pair: private bytes and public bytes."""
    mlkem, x25519 = MLKEM768PrivateKey.generate(), X25519PrivateKey.generate()
    private = mlkem.private_bytes_raw() + x25519.private_bytes_raw()
    public = mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()
    return Protected(private), public


class SealTo:
    """A loaded public key."""

    def __init__(self, public: bytes) -> None:
        try:
            self._key = MLKEM768X25519PublicKey(
                MLKEM768PublicKey.from_public_bytes(public[:_MLKEM_PUBLIC]),
                X25519PublicKey.from_public_bytes(public[_MLKEM_PUBLIC:]),
            )
        except ValueError as error:
            raise KeyMissing("a public key has the wrong form") from error

    def seal(self, plaintext: bytes, info: bytes) -> bytes:
        """Seal a small secret; only the private half opens it, and only with the same `info`."""
        return _SUITE.encrypt(plaintext, self._key, info)


class OpenWith:
    """A loaded private key."""

    def __init__(self, private: Protected[bytes]) -> None:
        raw = private.reveal()
        try:
            self._key = MLKEM768X25519PrivateKey(
                MLKEM768PrivateKey.from_seed_bytes(raw[:_SEED]), X25519PrivateKey.from_private_bytes(raw[_SEED:])
            )
        except ValueError as error:
            raise KeyMissing("a private key has the wrong form") from error

    def open(self, sealed: bytes, info: bytes) -> Protected[bytes]:
        """Open; IntegrityError when the key, the bytes or the context differ."""
        try:
            return Protected(_SUITE.decrypt(sealed, self._key, info))
        except (InvalidTag, ValueError) as error:
            raise IntegrityError("a wrap does not open with this key and context") from error
