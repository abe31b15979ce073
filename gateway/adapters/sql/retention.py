"""Ends of messages, archive entries and legal holds."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, or_, select, update

from gateway.adapters.sql.channel import Channel, value_from, values_from, values_of
from gateway.adapters.sql.tables import (
    attempts,
    codes,
    confirmations,
    deliveries,
    hits,
    jobs,
    messages,
    notices,
    parcels,
    secrets,
    sessions,
)
from gateway.adapters.sql.tables_register import consent_requests
from gateway.adapters.sql.tables_retention import archives, legal_holds
from gateway.domain.errors import PermanentError
from gateway.domain.records import MessageRow
from gateway.domain.retention import ArchiveRow, LegalHoldRow
from gateway.domain.states import MESSAGE, MessageState, step


class SqlRetention:
    """The Retention port."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def since(self, state: MessageState, before: datetime, limit: int = 200, after: str = "") -> list[MessageRow]:
        """Messages that have been in that state since then or longer, by id."""
        chosen = (messages.c.state == state, messages.c.state_since <= before, messages.c.id > after)
        statement = select(messages).where(*chosen).order_by(messages.c.id).limit(limit)
        return values_from(MessageRow, self._channel.all(statement))

    def overdue(self, at: datetime, limit: int = 200) -> list[MessageRow]:
        """HELD and STUCK messages past their deadline, or without one."""
        chosen = (
            messages.c.state.in_([MessageState.HELD, MessageState.STUCK]),
            or_(messages.c.deadline.is_(None), messages.c.deadline <= at),
        )
        return values_from(MessageRow, self._channel.all(select(messages).where(*chosen).limit(limit)))

    def forget(self, message_id: str, at: datetime) -> None:
        """SETTLED to FORGOTTEN, with all that the database has beside the log and the archive's objects."""
        present = self._channel.one(select(messages).where(messages.c.id == message_id).with_for_update())
        if present is None:
            raise PermanentError(f"no message {message_id}")
        then = step(MESSAGE, present["state"], MessageState.FORGOTTEN)
        copies = select(deliveries.c.id).where(deliveries.c.message_id == message_id)
        links = select(parcels.c.id).where(parcels.c.message_id == message_id)
        asks = select(consent_requests.c.id).where(consent_requests.c.message_id == message_id)
        for statement in (
            delete(sessions).where(sessions.c.parcel_id.in_(links)),
            delete(codes).where(or_(codes.c.subject_id.in_(links), codes.c.subject_id.in_(asks))),
            delete(secrets).where(secrets.c.delivery_id.in_(copies)),
            delete(parcels).where(parcels.c.message_id == message_id),
            delete(attempts).where(attempts.c.delivery_id.in_(copies)),
            delete(confirmations).where(confirmations.c.delivery_id.in_(copies)),
            delete(deliveries).where(deliveries.c.message_id == message_id),
            *(delete(one).where(one.c.message_id == message_id) for one in (notices, consent_requests, jobs)),
        ):
            self._channel.run(statement)
        blank = {"record": b"", "epoch": "", "scan": "", "sender": b"", "sender_tag": b"", "held_for": ""}
        self._channel.run(
            update(messages).where(messages.c.id == message_id)
            .values(**blank, state=then, state_since=at, deadline=None, version=present["version"] + 1)
        )  # fmt: skip

    def add_archive(self, row: ArchiveRow) -> None:
        """Note an archived mail; replaces."""
        self._channel.put(archives, values_of(row))

    def archives(self, before: datetime | None = None, limit: int = 200, after: str = "") -> list[ArchiveRow]:
        """Archived mails by message id, those archived then or earlier if given."""
        statement = select(archives).where(archives.c.message_id > after).order_by(archives.c.message_id)
        if before is not None:
            statement = statement.where(archives.c.at <= before)
        return values_from(ArchiveRow, self._channel.all(statement.limit(limit)))

    def archive_of(self, message_id: str) -> ArchiveRow | None:
        """The entry of a message, or None."""
        row = self._channel.one(select(archives).where(archives.c.message_id == message_id))
        return None if row is None else value_from(ArchiveRow, row)

    def drop_archive(self, message_id: str) -> None:
        """Forget the entry."""
        self._channel.run(delete(archives).where(archives.c.message_id == message_id))

    def add_hold(self, row: LegalHoldRow) -> None:
        """Place a legal hold; PermanentError if the id is taken."""
        self._channel.add(legal_holds, values_of(row))

    def holds(self) -> list[LegalHoldRow]:
        """Every legal hold in force, oldest first."""
        rows = self._channel.all(select(legal_holds).order_by(legal_holds.c.at, legal_holds.c.id))
        return values_from(LegalHoldRow, rows)

    def drop_hold(self, hold_id: str) -> bool:
        """End it; False if there is none of that id."""
        return bool(self._channel.changed(delete(legal_holds).where(legal_holds.c.id == hold_id)))

    def close_requests(self, at: datetime) -> int:
        """Consent requests past their time: closed, and the token that was never sent forgotten."""
        chosen = (consent_requests.c.expires_at <= at, consent_requests.c.state.in_(["new", "sent"]))
        return self._channel.changed(update(consent_requests).where(*chosen).values(state="closed", secret=b""))

    def drop_ended(self, at: datetime, hits_before: datetime) -> None:
        """Forget one-time codes past their end, and deeds of networks older than that."""
        self._channel.run(delete(codes).where(codes.c.expires_at <= at))
        self._channel.run(delete(hits).where(hits.c.at < hits_before))
