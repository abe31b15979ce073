"""One-time codes, browser sessions, and counters against guessing."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update

from gateway.adapters.sql.channel import Channel, value_from, values_of
from gateway.adapters.sql.tables import codes, hits, sessions
from gateway.domain.register_rows import CodeRow, SessionRow

_REMEMBERED = timedelta(days=2)
"""How long a network's deeds are kept; no limit counts further back."""


class SqlAccess:
    """The half of the Parcels port that is about who is at the door."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def put_code(self, row: CodeRow) -> None:
        """The live code of a parcel or consent request; replaces the one before."""
        self._channel.put(codes, values_of(row))

    def code(self, subject_id: str, *, lock: bool = False) -> CodeRow | None:
        """The live code; `lock` keeps its row until the transaction ends."""
        statement = select(codes).where(codes.c.subject_id == subject_id)
        row = self._channel.one(statement.with_for_update() if lock else statement)
        return None if row is None else value_from(CodeRow, row)

    def count_code_try(self, subject_id: str) -> None:
        """One more wrong try of the live code."""
        self._channel.run(update(codes).where(codes.c.subject_id == subject_id).values(tries=codes.c.tries + 1))

    def drop_code(self, subject_id: str) -> None:
        """Forget the live code."""
        self._channel.run(delete(codes).where(codes.c.subject_id == subject_id))

    def add_session(self, row: SessionRow) -> None:
        """Add a session."""
        self._channel.add(sessions, values_of(row))

    def session(self, session_id: bytes) -> SessionRow | None:
        """The session, or None; the caller judges whether it has ended."""
        row = self._channel.one(select(sessions).where(sessions.c.id == session_id))
        return None if row is None else value_from(SessionRow, row)

    def touch_session(self, session_id: bytes, idle_until: datetime) -> None:
        """The session was used."""
        self._channel.run(update(sessions).where(sessions.c.id == session_id).values(idle_until=idle_until))

    def drop_session(self, session_id: bytes) -> None:
        """Forget one session."""
        self._channel.run(delete(sessions).where(sessions.c.id == session_id))

    def drop_sessions(self, *, parcel_id: str = "", before: datetime | None = None) -> None:
        """Forget the sessions of a parcel, and all that ended or fell idle before that time; neither given: nothing."""
        if parcel_id:
            self._channel.run(delete(sessions).where(sessions.c.parcel_id == parcel_id))
        if before is not None:
            self._channel.run(
                delete(sessions).where((sessions.c.expires_at < before) | (sessions.c.idle_until < before))
            )

    def hits(self, network: bytes, action: str, since: datetime) -> int:
        """How often that network did that since then; two days back at most."""
        statement = select(func.count()).select_from(hits)
        chosen = (hits.c.network == network, hits.c.action == action, hits.c.at >= since)
        return int(self._channel.value(statement.where(*chosen)))

    def hit(self, network: bytes, action: str, at: datetime) -> None:
        """Remember that it did; what is older than two days is forgotten."""
        self._channel.run(delete(hits).where(hits.c.at < at - _REMEMBERED))
        self._channel.run(hits.insert().values(network=network, action=action, at=at))
