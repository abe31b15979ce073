"""OpenPGP signatures of version 4, RFC 9580 5.2: read, verified, and made with Ed25519.

MD5, SHA-1 and RIPEMD bind nothing any more: they verify only where that withholds (a revocation). Verification answers,
it never raises for bad input.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.seal.openpgp_packets import Subpacket, mpi, read_mpis, subpacket, subpackets


class Hash(Protocol):
    """What `hashlib` computes with."""

    def copy(self) -> Hash:
        """Another one in the same state."""
        ...

    def update(self, data: bytes, /) -> object:
        """More data."""
        ...

    def digest(self) -> bytes:
        """Of all data so far."""
        ...


Verifier = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | Ed25519PublicKey

BINARY, DOCUMENTS = 0x00, frozenset({0x00, 0x01})
CERTIFICATIONS, SUBKEY_BINDING, PRIMARY_BINDING, DIRECT = frozenset(range(0x10, 0x14)), 0x18, 0x19, 0x1F
KEY_REVOCATION, SUBKEY_REVOCATION, CERTIFICATION_REVOCATION = 0x20, 0x28, 0x30
"""Signature types, RFC 9580 5.2.1."""
CREATED, EXPIRES, KEY_EXPIRES, CIPHERS, REVOKER, ISSUER = 2, 3, 9, 11, 12, 16
PRIMARY_USER, KEY_FLAGS, FEATURES, EMBEDDED, ISSUER_FINGERPRINT = 25, 27, 30, 32, 33
"""Subpacket types, RFC 9580 5.2.3.7."""
_KNOWN = frozenset({2, 3, 4, 5, 7, 9, 11, 12, 16, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 39})

_EDDSA, _SHA512 = 22, 10
_HASHES: dict[int, tuple[str, hashes.HashAlgorithm]] = {
    2: ("sha1", hashes.SHA1()),  # noqa: S303 - revocations only
    8: ("sha256", hashes.SHA256()), 9: ("sha384", hashes.SHA384()), _SHA512: ("sha512", hashes.SHA512()),
    11: ("sha224", hashes.SHA224()), 12: ("sha3_256", hashes.SHA3_256()), 14: ("sha3_512", hashes.SHA3_512()),
}  # fmt: skip
_WEAK: Final = frozenset({1, 2, 3})


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature packet, taken apart."""

    kind: int
    algorithm: int
    hash: int
    hashed: tuple[Subpacket, ...] = field(repr=False)
    unhashed: tuple[Subpacket, ...] = field(repr=False)
    prefix: bytes = field(repr=False)
    """From the version octet to the last hashed subpacket: what is hashed behind the data."""
    value: bytes = field(repr=False)

    @classmethod
    def read(cls, body: bytes) -> Signature | None:
        """A version 4 signature; None for another version or a broken one."""
        try:
            if len(body) < 10 or body[0] != 4:
                return None
            end = 6 + int.from_bytes(body[4:6], "big")
            second = end + 2 + int.from_bytes(body[end : end + 2], "big")
            hashed, unhashed = subpackets(body[6:end]), subpackets(body[end + 2 : second])
        except (ValueError, IndexError):
            return None
        if second + 2 > len(body):
            return None
        return cls(
            body[1], body[2], body[3], tuple(hashed), tuple(unhashed), body[:end], body[second + 2 :]
        )  # fmt: skip

    def said(self, kind: int) -> bytes | None:
        """The signed subpacket of that type, the last if there are several; None where there is none."""
        return next((one.body for one in reversed(self.hashed) if one.kind == kind), None)

    @property
    def created(self) -> datetime | None:
        """When it says that it was made."""
        return _time(self.said(CREATED))

    @property
    def weak(self) -> bool:
        """Whether its hash binds nothing any more."""
        return self.hash in _WEAK

    @property
    def understood(self) -> bool:
        """Whether every critical subpacket is of a known type, RFC 9580 5.2.3.7."""
        return all(one.kind in _KNOWN for one in self.hashed if one.critical)

    def valid_for(self, kind: int, since: datetime) -> datetime | None:
        """The end that an expiration subpacket sets, counted from `since`; None for no end."""
        seconds = int.from_bytes(self.said(kind) or b"", "big")
        return since + timedelta(seconds=seconds) if seconds else None

    def in_force(self, at: datetime) -> bool:
        """Whether it was made by then and has not expired itself."""
        if self.created is None or self.created > at:
            return False
        end = self.valid_for(EXPIRES, self.created)
        return end is None or at < end

    @property
    def hash_name(self) -> str:
        """The hash as `hashlib` names it; empty for one that is not computed here."""
        return _HASHES[self.hash][0] if self.hash in _HASHES else ""

    @property
    def names_issuer(self) -> bool:
        """Whether it says by which key it was made."""
        return any(one.kind in {ISSUER, ISSUER_FINGERPRINT} for one in (*self.hashed, *self.unhashed))

    def may_be_by(self, key_id: bytes, fingerprint: bytes) -> bool:
        """Whether it names that key as its issuer, or none."""
        named = [one for one in (*self.hashed, *self.unhashed) if one.kind in {ISSUER, ISSUER_FINGERPRINT}]
        return not named or any(one.body == key_id or one.body[1:] == fingerprint for one in named)

    def verifies(self, key: Verifier | None, data: bytes) -> bool:
        """Whether that key made it over that data."""
        return bool(self.hash_name) and self.holds(key, hashlib.new(self.hash_name, data, usedforsecurity=False))

    def holds(self, key: Verifier | None, hashed: Hash) -> bool:
        """The same, of data that went through its hash already, which is left as it is."""
        if key is None:
            return False
        whole = hashed.copy()
        whole.update(trailer(self.prefix))
        try:
            _verify(key, self, whole.digest(), _HASHES[self.hash][1])
        except (InvalidSignature, UnsupportedAlgorithm, ValueError, OverflowError):
            return False
        return True


def _verify(key: Verifier, signature: Signature, digest: bytes, algorithm: hashes.HashAlgorithm) -> None:
    if isinstance(key, rsa.RSAPublicKey):
        [value], _ = read_mpis(signature.value, 1)
        size = (key.key_size + 7) // 8
        key.verify(value.to_bytes(size, "big"), digest, padding.PKCS1v15(), utils.Prehashed(algorithm))
        return
    (r, s), _ = read_mpis(signature.value, 2)
    if isinstance(key, Ed25519PublicKey):
        key.verify(r.to_bytes(32, "big") + s.to_bytes(32, "big"), digest)
    else:
        key.verify(utils.encode_dss_signature(r, s), digest, ec.ECDSA(utils.Prehashed(algorithm)))


def trailer(prefix: bytes) -> bytes:
    """What is hashed last, RFC 9580 5.2.4."""
    return prefix + b"\x04\xff" + len(prefix).to_bytes(4, "big")


class Signing:
    """A signature over what is still to come: feed `update`, then take the packet's body."""

    def __init__(
        self, kind: int, sign: Callable[[bytes], bytes], fingerprint: bytes, at: datetime, extra: bytes = b""
    ) -> None:
        stamp = subpacket(CREATED, int(at.timestamp()).to_bytes(4, "big"))
        hashed = stamp + subpacket(ISSUER_FINGERPRINT, b"\x04" + fingerprint) + extra
        self._prefix = bytes([4, kind, _EDDSA, _SHA512]) + len(hashed).to_bytes(2, "big") + hashed
        self._sign, self._issuer, self._hash = sign, fingerprint[-8:], hashlib.sha512()

    def update(self, data: bytes) -> None:
        """More of the signed data."""
        self._hash.update(data)

    def body(self) -> bytes:
        """The signature packet's body, by an Ed25519 key in the form that every program reads (EdDSALegacy)."""
        self._hash.update(trailer(self._prefix))
        digest = self._hash.digest()
        value = self._sign(digest)
        unhashed = subpacket(ISSUER, self._issuer)
        return b"".join([
            self._prefix, len(unhashed).to_bytes(2, "big"), unhashed, digest[:2], mpi(value[:32]), mpi(value[32:]),
        ])  # fmt: skip

    def one_pass(self) -> bytes:
        """The body of the one-pass signature packet that announces it, RFC 9580 5.4."""
        return bytes([3, self._prefix[1], _SHA512, _EDDSA]) + self._issuer + b"\x01"


def _time(body: bytes | None) -> datetime | None:
    return datetime.fromtimestamp(int.from_bytes(body, "big"), UTC) if body is not None and len(body) == 4 else None
