"""Ids, secrets and codes from the system's generator."""

from __future__ import annotations

import secrets

from gateway.adapters.clock import SystemClock
from gateway.ports.clock import Clock

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_TIME_BITS, _RANDOM_BITS = 48, 80


class SystemTokens:
    """Ids of 48 bits of milliseconds and 80 random bits, written in lower-case Crockford base 32 like a ULID."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()

    def id(self) -> str:
        """A new id of 26 characters; ids of later milliseconds sort later."""
        milliseconds = int(self._clock.now().timestamp() * 1000)
        return spell((milliseconds << _RANDOM_BITS) | secrets.randbits(_RANDOM_BITS))

    def secret(self, size: int = 32) -> bytes:
        """`size` random bytes."""
        return secrets.token_bytes(size)

    def code(self) -> str:
        """Eight decimal digits, each value equally likely."""
        return f"{secrets.randbelow(10**8):08d}"


def spell(number: int) -> str:
    """A number below 2**128 as 26 characters of Crockford base 32, lower case, so that text order is number order."""
    number &= (1 << (_TIME_BITS + _RANDOM_BITS)) - 1
    return "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))
