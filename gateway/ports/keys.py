"""Port: recipients' certificates."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from gateway.domain.address import Address


class KeyState(StrEnum):
    """Different answers that never mean a plain send."""

    NONE = "none"
    VALID = "valid"
    EXPIRED = "expired"
    UNTRUSTED = "untrusted"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class KeyAnswer:
    """What the directory knows for one address; `certificate` is DER, `fingerprint` hex SHA-256 of it."""

    state: KeyState
    certificate: bytes = field(default=b"", repr=False)
    fingerprint: str = ""
    reason: str = ""


class KeyDirectory(Protocol):
    """Finds the certificate to encrypt to."""

    def find(self, address: Address, at: datetime) -> KeyAnswer:
        """The best answer for that address at that time; never raises for a bad key, it says so."""
        ...
