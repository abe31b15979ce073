"""Forget: the end of what is left of a settled message, and of its archived copy.

Some time after settling its addresses, decisions, links, notices and requests are deleted; the log's rows stay, so that
`sealgate why` still tells the story by ids. The archive ends years later. A legal hold puts both off until a person ends it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.domain.audit import Event, EventKind
from gateway.domain.retention import ArchiveRow
from gateway.domain.states import MessageState, ParcelState
from gateway.flow.settle import Settle, patients_of
from gateway.ports.clock import Clock
from gateway.ports.store import Store, UnitOfWork

_OPEN = {ParcelState.SEALED, ParcelState.OPENED}
_TOLD = {"sent", "failed", "dropped"}
_TELLING = timedelta(days=7)
"""How long a notice that has not ended is waited for: longer than it is tried."""
_PAGE = 200
_REST = 10 * 60.0
"""Seconds between two looks through everything; an end is not a matter of seconds."""
_DEEDS = timedelta(days=2)
"""How long a network's deeds count; no limit looks further back."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How long things are kept: `messages` from settling, `archive` from archiving."""

    messages: timedelta
    archive: timedelta


@dataclass(slots=True)
class Forget:
    """A worker's duty; may run in any number of workers."""

    store: Store
    settle: Settle
    clock: Clock
    terms: Terms
    _next: dict[str, float] = field(default_factory=dict)

    def forget_settled(self) -> int:
        """Delete what is left of messages that were settled long enough ago; returns how many."""
        if not self._due("settled"):
            return 0
        at, done, after = self.clock.now(), 0, ""
        while True:
            with self.store.begin() as uow:
                rows = uow.retention.since(MessageState.SETTLED, at - self.terms.messages, _PAGE, after)
            for row in rows:
                with self.store.begin() as uow:
                    done += self._forget(uow, row.id, at)
            if len(rows) < _PAGE:
                break
            after = rows[-1].id
        if done:
            self.store.after_shredding()
        return done

    def end_archives(self) -> int:
        """Drop the archive's keys to mails whose years are over; returns how many."""
        if not self._due("archive"):
            return 0
        at, done, after = self.clock.now(), 0, ""
        while True:
            with self.store.begin() as uow:
                rows = uow.retention.archives(at - self.terms.archive, _PAGE, after)
                done += sum(self._end(uow, row, at) for row in rows)
            if len(rows) < _PAGE:
                break
            after = rows[-1].message_id
        if done:
            self.settle.tidy()
            self.store.after_shredding()
        return done

    def drop_ended(self) -> None:
        """Close consent requests past their time; forget codes past theirs, and old deeds of networks."""
        at = self.clock.now()
        with self.store.begin() as uow:
            uow.retention.close_requests(at)
            uow.retention.drop_ended(at, at - _DEEDS)

    def _forget(self, uow: UnitOfWork, message_id: str, at: datetime) -> bool:
        row = uow.messages.get(message_id, lock=True)
        if row is None or row.state is not MessageState.SETTLED:
            return False
        copies = uow.deliveries.of_message(message_id)
        links = [uow.parcels.of_delivery(one.id) for one in copies]
        if any(one is not None and one.state in _OPEN for one in links):
            return False
        if any(one.state not in _TOLD and at - one.created_at < _TELLING for one in uow.notices.of_message(message_id)):
            return False
        if any(one.covers(message_id, patients_of(copies)) for one in uow.retention.holds()):
            return False
        uow.retention.forget(message_id, at)
        uow.audit.append(Event(EventKind.FORGOTTEN, message_id), at)
        return True

    def _end(self, uow: UnitOfWork, row: ArchiveRow, at: datetime) -> bool:
        if any(one.covers(row.message_id, row.patients) for one in uow.retention.holds()):
            return False
        uow.objects.drop_kind("archive", [row.object_id])
        uow.retention.drop_archive(row.message_id)
        uow.audit.append(Event(EventKind.ARCHIVE_ENDED, row.message_id, data={"object": row.object_id}), at)
        return True

    def _due(self, name: str) -> bool:
        with self.store.begin() as uow:
            if uow.setting("quarantine"):
                return False
        now = self.clock.boot()
        if now < self._next.get(name, now):
            return False
        self._next[name] = now + _REST
        return True
