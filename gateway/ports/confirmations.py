"""Port: what recipients' systems say of copies that were sent as Direct, one row a copy."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from gateway.domain.records import ConfirmationRow
from gateway.domain.states import ConfirmationState


class Confirmations(Protocol):
    """Rows of copies that the next hop took."""

    def add(self, row: ConfirmationRow) -> None:
        """Begin to wait; PermanentError if that copy has its row."""
        ...

    def get(self, delivery_id: str, *, lock: bool = False) -> ConfirmationRow | None:
        """The row of a copy."""
        ...

    def move(self, delivery_id: str, to: ConfirmationState, at: datetime, due: datetime | None = None) -> None:
        """Change state by the table, and until when it waits for the next; PermanentError for no such row."""
        ...

    def overdue(self, now: datetime, limit: int = 100) -> list[ConfirmationRow]:
        """Rows that have waited long enough, the longest first."""
        ...

    def listed(
        self, states: Collection[ConfirmationState], limit: int = 1000, after: str = ""
    ) -> list[ConfirmationRow]:
        """Rows in those states by delivery, from the one after `after`."""
        ...
