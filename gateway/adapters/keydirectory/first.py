"""Several directories as one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from gateway.adapters.keydirectory.answers import first_valid
from gateway.domain.address import Address
from gateway.ports.keys import KeyAnswer, KeyDirectory, KeyKind


class FirstOf:
    """Asks in order; the first valid answer wins, else the most telling one."""

    def __init__(self, directories: Sequence[KeyDirectory]) -> None:
        self._directories = tuple(directories)

    def find(self, address: Address, at: datetime, kind: KeyKind = KeyKind.SMIME) -> KeyAnswer:
        """The best answer of all."""
        return first_valid(one.find(address, at, kind) for one in self._directories)
