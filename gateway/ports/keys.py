"""Port: recipients' public keys: certificates and OpenPGP keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from gateway.domain.address import Address


class KeyKind(StrEnum):
    """What kind of key is asked for; each is found, judged and used for itself."""

    SMIME = "smime"
    OPENPGP = "openpgp"
    DIRECT = "direct"
    """A certificate of a Direct community, judged by that community's authorities."""


class KeyState(StrEnum):
    """Different answers that never mean a plain send."""

    NONE = "none"
    VALID = "valid"
    EXPIRED = "expired"
    UNTRUSTED = "untrusted"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class KeyAnswer:
    """What the directory knows for one address.

    `certificate` is a certificate in DER with its SHA-256 as `fingerprint`, or a transferable OpenPGP public key (RFC 9580
    10.1, binary) with that key's own fingerprint; both fingerprints are lower-case hex. `reason` is a clause for people
    and names no key material. `capabilities` are what the key's holder is known to read (`aes-256-gcm`, `rsa-oaep-sha256`,
    `auth-enveloped`), `source` the directory that answered, `revoked` the fingerprints that were found revoked on the way.
    """

    state: KeyState
    certificate: bytes = field(default=b"", repr=False)
    fingerprint: str = ""
    reason: str = ""
    capabilities: frozenset[str] = frozenset()
    source: str = ""
    revoked: frozenset[str] = frozenset()


class KeyDirectory(Protocol):
    """Finds the key to encrypt to."""

    def find(self, address: Address, at: datetime, kind: KeyKind = KeyKind.SMIME) -> KeyAnswer:
        """The best answer for that address at that time; never raises for a bad key, it says so. A directory without keys of
        that kind answers `none`.
        """
        ...


class KeyHarvest(Protocol):
    """Keeps the certificates of correspondents whose signed mail was verified."""

    def keep(self, certificates: Sequence[bytes], address: Address, capabilities: frozenset[str], at: datetime) -> bool:
        """Of the certificates (DER) that came with a verified signature, the best that mail to the address may be sealed to,
        with what the signer is known to read; False where there is none, or nothing new. Begins a transaction of its own.
        """
        ...
