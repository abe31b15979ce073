"""Port: randomness."""

from __future__ import annotations

from typing import Protocol


class Tokens(Protocol):
    """Ids, secrets and codes from the system's generator."""

    def id(self) -> str:
        """A new id: 26 characters, lower-case letters and digits, sorts roughly by time."""
        ...

    def secret(self, size: int = 32) -> bytes:
        """`size` random bytes."""
        ...

    def code(self) -> str:
        """A one-time code of eight decimal digits."""
        ...
