"""Accepted messages."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update

from gateway.adapters.sql.channel import Channel, value_from, values_from, values_of
from gateway.adapters.sql.tables import messages
from gateway.domain.errors import PermanentError
from gateway.domain.records import MessageRow
from gateway.domain.states import MESSAGE, MessageState, step

_OUT_OF_HAND = (MessageState.SETTLED, MessageState.REFUSED, MessageState.FORGOTTEN)
_IN_HAND = tuple(one for one in MessageState if one not in _OUT_OF_HAND)
"""Asked for by name, so that the index serves and years of settled mail are not looked at."""


class SqlMessages:
    """The Messages port."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def add(self, row: MessageRow) -> None:
        """Add a new message; PermanentError if the id is taken."""
        self._channel.add(messages, values_of(row))

    def get(self, message_id: str, *, lock: bool = False) -> MessageRow | None:
        """The message; `lock` keeps its row until the transaction ends."""
        statement = select(messages).where(messages.c.id == message_id)
        row = self._channel.one(statement.with_for_update() if lock else statement)
        return None if row is None else value_from(MessageRow, row)

    def move(
        self,
        message_id: str,
        to: MessageState,
        at: datetime,
        *,
        held_for: str = "",
        deadline: datetime | None = None,
    ) -> None:
        """Change state by the table and raise the version; `held_for` and `deadline` are those of the new state."""
        present = self.get(message_id, lock=True)
        if present is None:
            raise PermanentError(f"no message {message_id}")
        self._set(
            message_id,
            state=step(MESSAGE, present.state, to),
            state_since=at,
            held_for=held_for,
            deadline=deadline,
            version=present.version + 1,
        )

    def set_scan(self, message_id: str, scan: str) -> None:
        """Record what the scan found, as JSON without text."""
        self._set(message_id, scan=scan)

    def set_sender(self, message_id: str, sender: bytes) -> None:
        """Record the sealed column of the sender; empty bytes forget it."""
        self._set(message_id, sender=sender)

    def sender(self, message_id: str) -> bytes:
        """The sealed column, empty when unset or shredded."""
        return self._channel.value(select(messages.c.sender).where(messages.c.id == message_id)) or b""

    def reseal(self, message_id: str, epoch: str, record: bytes) -> None:
        """Replace the intake record; empty bytes when shredded."""
        self._set(message_id, epoch=epoch, record=record)

    def listed(self, states: Collection[MessageState], limit: int = 1000, after: str = "") -> list[MessageRow]:
        """Messages in those states, by id, from the one after `after`."""
        statement = select(messages).where(messages.c.state.in_(list(states)), messages.c.id > after)
        return values_from(MessageRow, self._channel.all(statement.order_by(messages.c.id).limit(limit)))

    def in_epoch(self, epoch: str, limit: int = 1000) -> list[MessageRow]:
        """Messages whose intake record is still sealed to that epoch; a shredded record is sealed to none."""
        statement = select(messages).where(messages.c.epoch == epoch, messages.c.record != b"")
        return values_from(MessageRow, self._channel.all(statement.order_by(messages.c.id).limit(limit)))

    def bytes_in_hand(self, sender_tag: bytes = b"") -> int:
        """Sum of sizes of messages that are not settled, refused or forgotten, of all senders or of one."""
        statement = select(func.coalesce(func.sum(messages.c.size), 0)).where(messages.c.state.in_(_IN_HAND))
        if sender_tag:
            statement = statement.where(messages.c.sender_tag == sender_tag)
        return int(self._channel.value(statement))

    def held_count(self, sender_tag: bytes) -> int:
        """How many messages of that sender are HELD."""
        statement = select(func.count()).select_from(messages)
        held = (messages.c.sender_tag == sender_tag, messages.c.state == MessageState.HELD)
        return int(self._channel.value(statement.where(*held)))

    def fullest(self) -> tuple[int, int]:
        """The bytes in hand, and the HELD messages, of the sender that has most of each."""
        most = []
        for what, where in (
            (func.sum(messages.c.size), messages.c.state.in_(_IN_HAND)),
            (func.count(), messages.c.state == MessageState.HELD),
        ):
            each = select(what.label("most")).where(where).group_by(messages.c.sender_tag).subquery()
            most.append(int(self._channel.value(select(func.coalesce(func.max(each.c.most), 0)))))
        return most[0], most[1]

    def set_sender_tag(self, message_id: str, sender_tag: bytes) -> None:
        """Record the blind index of the sender."""
        self._set(message_id, sender_tag=sender_tag)

    def _set(self, message_id: str, **values: Any) -> None:
        if not self._channel.changed(update(messages).where(messages.c.id == message_id).values(**values)):
            raise PermanentError(f"no message {message_id}")
