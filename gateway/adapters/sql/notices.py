"""Mails that the gateway writes itself."""

from __future__ import annotations

from sqlalchemy import select, update

from gateway.adapters.sql.channel import Channel, value_from, values_from, values_of
from gateway.adapters.sql.tables import notices
from gateway.domain.errors import PermanentError
from gateway.domain.register_rows import NoticeRow


class SqlNotices:
    """The Notices port."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def add(self, row: NoticeRow) -> None:
        """Add a notice; PermanentError if the id is taken."""
        self._channel.add(notices, values_of(row))

    def get(self, notice_id: str) -> NoticeRow | None:
        """The notice, or None."""
        row = self._channel.one(select(notices).where(notices.c.id == notice_id))
        return None if row is None else value_from(NoticeRow, row)

    def of_message(self, message_id: str) -> list[NoticeRow]:
        """All notices about a message, oldest first."""
        statement = select(notices).where(notices.c.message_id == message_id)
        return values_from(NoticeRow, self._channel.all(statement.order_by(notices.c.created_at, notices.c.id)))

    def in_state(self, state: str, limit: int = 1000, after: str = "") -> list[NoticeRow]:
        """Notices in that state, by id, from the one after `after`."""
        statement = select(notices).where(notices.c.state == state, notices.c.id > after)
        return values_from(NoticeRow, self._channel.all(statement.order_by(notices.c.id).limit(limit)))

    def finish(self, notice_id: str, state: str, reply: str) -> None:
        """Record how it ended."""
        statement = update(notices).where(notices.c.id == notice_id)
        if not self._channel.changed(statement.values(state=state, reply=reply)):
            raise PermanentError(f"no notice {notice_id}")
