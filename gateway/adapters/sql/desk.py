"""Requests of staff on the review page."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Table, delete, select, update

from gateway.adapters.sql.channel import Channel, value_from, values_from, values_of
from gateway.adapters.sql.columns import Choice
from gateway.adapters.sql.tables import key, metadata, sealed, when, word
from gateway.domain.desk import Deed, DeskRow, DeskState

desk = Table(
    "desk", metadata, key("id"), Column("kind", Choice(Deed), nullable=False), word("message_id"), word("subject"),
    word("session", index=True), sealed("public"), word("staff"), when("at", index=True), word("epoch"), sealed("reason"),
    sealed("signature"), Column("state", Choice(DeskState), nullable=False), word("reply"), word("object_id"),
    sealed("commitment"), sealed("proof"),
)  # fmt: skip
_ANSWER = ("state", "reply", "object_id", "commitment", "proof")


class SqlDesk:
    """The Desk port."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def add(self, row: DeskRow) -> None:
        """Add a request; PermanentError if its id is taken."""
        self._channel.add(desk, values_of(row))

    def get(self, request_id: str) -> DeskRow | None:
        """The request, or None."""
        row = self._channel.one(select(desk).where(desk.c.id == request_id))
        return None if row is None else value_from(DeskRow, row)

    def answer(self, row: DeskRow) -> None:
        """Record a worker's answer (`state` to `proof`); nothing happens when the request is gone."""
        values = {name: value for name, value in values_of(row).items() if name in _ANSWER}
        self._channel.run(update(desk).where(desk.c.id == row.id).values(**values))

    def of_session(self, session: str) -> list[DeskRow]:
        """Everything that one session asked."""
        statement = select(desk).where(desk.c.session == session).order_by(desk.c.at, desk.c.id)
        return values_from(DeskRow, self._channel.all(statement))

    def before(self, at: datetime, limit: int = 200) -> list[DeskRow]:
        """Requests asked then or earlier, oldest first."""
        statement = select(desk).where(desk.c.at <= at).order_by(desk.c.at, desk.c.id).limit(limit)
        return values_from(DeskRow, self._channel.all(statement))

    def drop(self, request_id: str) -> None:
        """Forget a request."""
        self._channel.run(delete(desk).where(desk.c.id == request_id))
