"""What recipients' systems say of copies that were sent as Direct."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select, update

from gateway.adapters.sql.channel import Channel, value_from, values_from, values_of
from gateway.adapters.sql.tables import confirmations
from gateway.domain.errors import PermanentError
from gateway.domain.records import ConfirmationRow
from gateway.domain.states import CONFIRMATION, ConfirmationState, step


class SqlConfirmations:
    """The Confirmations port."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def add(self, row: ConfirmationRow) -> None:
        """Begin to wait; PermanentError if that copy has its row."""
        self._channel.add(confirmations, values_of(row))

    def get(self, delivery_id: str, *, lock: bool = False) -> ConfirmationRow | None:
        """The row of a copy, or None."""
        statement = select(confirmations).where(confirmations.c.delivery_id == delivery_id)
        row = self._channel.one(statement.with_for_update() if lock else statement)
        return None if row is None else value_from(ConfirmationRow, row)

    def move(self, delivery_id: str, to: ConfirmationState, at: datetime, due: datetime | None = None) -> None:
        """Change state by the table, and until when it waits for the next."""
        present = self.get(delivery_id, lock=True)
        if present is None:
            raise PermanentError(f"no confirmation of {delivery_id}")
        then = step(CONFIRMATION, present.state, to)
        chosen = confirmations.c.delivery_id == delivery_id
        self._channel.run(update(confirmations).where(chosen).values(state=then, at=at, due=due))

    def overdue(self, now: datetime, limit: int = 100) -> list[ConfirmationRow]:
        """Rows that have waited long enough, the longest first."""
        statement = select(confirmations).where(confirmations.c.due <= now).order_by(confirmations.c.due).limit(limit)
        return values_from(ConfirmationRow, self._channel.all(statement))

    def listed(
        self, states: Collection[ConfirmationState], limit: int = 1000, after: str = ""
    ) -> list[ConfirmationRow]:
        """Rows in those states by delivery, from the one after `after`."""
        statement = select(confirmations).where(
            confirmations.c.state.in_(list(states)), confirmations.c.delivery_id > after
        )
        return values_from(
            ConfirmationRow, self._channel.all(statement.order_by(confirmations.c.delivery_id).limit(limit))
        )
