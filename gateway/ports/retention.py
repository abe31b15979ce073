"""Port: what is kept after settling, for how long, and what a legal hold keeps longer. Part of a unit of work."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from gateway.domain.records import MessageRow
from gateway.domain.retention import ArchiveRow, LegalHoldRow
from gateway.domain.states import MessageState


class Retention(Protocol):
    """Ends of messages, archive entries and legal holds."""

    def since(self, state: MessageState, before: datetime, limit: int = 200, after: str = "") -> list[MessageRow]:
        """Messages that have been in that state since then or longer, by id."""
        ...

    def overdue(self, at: datetime, limit: int = 200) -> list[MessageRow]:
        """HELD and STUCK messages past their deadline, or without one."""
        ...

    def forget(self, message_id: str, at: datetime) -> None:
        """SETTLED to FORGOTTEN: its copies, tries, links, notices, requests and jobs go, and what its row says of people.
        The log and the archive's objects stay. IllegalTransition for any other state.
        """
        ...

    def add_archive(self, row: ArchiveRow) -> None:
        """Note an archived mail; replaces."""
        ...

    def archives(self, before: datetime | None = None, limit: int = 200, after: str = "") -> list[ArchiveRow]:
        """Archived mails by message id, those archived then or earlier if given."""
        ...

    def archive_of(self, message_id: str) -> ArchiveRow | None:
        """The entry of a message, or None."""
        ...

    def drop_archive(self, message_id: str) -> None:
        """Forget the entry."""
        ...

    def add_hold(self, row: LegalHoldRow) -> None:
        """Place a legal hold."""
        ...

    def holds(self) -> list[LegalHoldRow]:
        """Every legal hold in force, oldest first."""
        ...

    def drop_hold(self, hold_id: str) -> bool:
        """End it; False if there is none of that id."""
        ...

    def close_requests(self, at: datetime) -> int:
        """Consent requests that nobody answered in time: closed, and the token that was never sent forgotten."""
        ...

    def drop_ended(self, at: datetime, hits_before: datetime) -> None:
        """Forget one-time codes past their end, and deeds of networks older than that."""
        ...
