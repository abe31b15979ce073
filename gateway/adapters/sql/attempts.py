"""Tries to relay."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update

from gateway.adapters.sql.channel import Channel, values_from, values_of
from gateway.adapters.sql.tables import attempts
from gateway.domain.errors import PermanentError
from gateway.domain.records import AttemptRow
from gateway.domain.states import ATTEMPT, AttemptState, step


class SqlAttempts:
    """The Attempts port."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def add(self, row: AttemptRow) -> None:
        """Add an attempt; PermanentError if the id is taken."""
        self._channel.add(attempts, values_of(row))

    def move(self, attempt_id: str, to: AttemptState, at: datetime, reply: str = "") -> None:
        """Change state by the table."""
        chosen = attempts.c.id == attempt_id
        present = self._channel.one(select(attempts.c.state).where(chosen).with_for_update())
        if present is None:
            raise PermanentError(f"no attempt {attempt_id}")
        then = step(ATTEMPT, present["state"], to)
        self._channel.run(update(attempts).where(chosen).values(state=then, at=at, reply=reply))

    def of_delivery(self, delivery_id: str) -> list[AttemptRow]:
        """All attempts of one delivery, in order."""
        statement = select(attempts).where(attempts.c.delivery_id == delivery_id)
        return values_from(AttemptRow, self._channel.all(statement.order_by(attempts.c.number, attempts.c.id)))
