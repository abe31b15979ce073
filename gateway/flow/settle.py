"""Settle: the end of a message. What was delivered goes to the archive's holders, and the gateway forgets its own way in.

1 one transaction: archive wraps added, epoch wraps and intake record dropped, SETTLED
2 blobs that nobody can open any more are deleted, and what the database's WAL keeps of deleted rows; in batches, for a
  batch costs a sync: what waits for the next, the next round of duties takes
After 1 nothing that the servers keep opens the message; 2 only tidies up and may run again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from math import inf

import structlog

from gateway.domain.audit import Event, EventKind, Scalar
from gateway.domain.envelope import Direction
from gateway.domain.errors import IntegrityError, KeyMissing, StoreUnavailable
from gateway.domain.records import DeliveryRow, Job, JobKind, MessageRow
from gateway.domain.retention import ArchiveRow
from gateway.domain.states import FINAL_DELIVERY, AttemptState, DeliveryState, MessageState, ParcelState
from gateway.flow.custody import Custody
from gateway.flow.notices import Notices, Sender
from gateway.flow.parcels import Parcels
from gateway.flow.quarantine import RESTORED, held_by_restore
from gateway.flow.requests import let_go
from gateway.flow.waiting import drop_secrets
from gateway.ports.checkpoint import Checkpoint, unobserved
from gateway.ports.clock import Clock
from gateway.ports.store import Store, UnitOfWork
from gateway.ports.vault import Vault

_UNSENT = {DeliveryState.HELD, DeliveryState.READY, DeliveryState.RETRY}
_ALL_ENDS = {MessageState.STUCK, MessageState.RECEIVED, MessageState.ASSESSED}
"""States whose end takes every copy that has not left; a hold's end takes only what is held."""
_OPEN_ATTEMPTS = {AttemptState.CLAIMED, AttemptState.SENDING, AttemptState.IN_DOUBT}
_OPEN_PARCEL = {ParcelState.SEALED, ParcelState.OPENED}
_CAN_STICK = {MessageState.RECEIVED, MessageState.HELD, MessageState.ASSESSED}
_CARRIES = {
    JobKind.ASSESS,
    JobKind.ASSESS_LONG,
    JobKind.DISPATCH,
    JobKind.INBOUND,
    JobKind.ANSWER,
    JobKind.SETTLE,
    JobKind.EXPIRE,
}
_ENDS = {JobKind.EXPIRE, JobKind.SETTLE}
_AGAIN = timedelta(days=1)
_BATCH = 1.0
"""Seconds in which what is shredded is one batch."""
_ENDED = {MessageState.SETTLED, MessageState.FORGOTTEN}

_log = structlog.get_logger("settle")


class Settle:
    """Ends, expires and reminds of messages."""

    def __init__(
        self, store: Store, vault: Vault, custody: Custody, parcels: Parcels, notices: Notices, clock: Clock,
        patience: timedelta, reached: Checkpoint = unobserved,
    ) -> None:  # fmt: skip
        """`patience`: how long an archive wrap that cannot be made keeps a mail from being forgotten."""
        self._store, self._vault, self._custody, self._parcels = store, vault, custody, parcels
        self._notices, self._clock, self.patience, self._reached = notices, clock, patience, reached
        self._truncated = -inf

    def run(self, job: Job) -> None:
        """Settle the job's message if all its deliveries have ended."""
        with self._store.begin() as uow:
            row = uow.messages.get(job.message_id, lock=True)
            if row is not None and row.state not in _ENDED and self._all_ended(uow, row):
                self._end(uow, row)
            uow.jobs.finish(job)
        self._reached("settle.1")
        self.tidy_of(job.message_id)
        self.truncate(least=_BATCH)
        self._reached("settle.2")

    def expire(self, job: Job) -> None:
        """A hold or a stuck message has met its greatest age: nothing is sent, and the sender is told."""
        at = self._clock.now()
        self._remember_sender(job.message_id)
        with self._store.begin() as uow:
            row = uow.messages.get(job.message_id, lock=True)
            if row is None or row.state not in {MessageState.HELD, MessageState.STUCK}:
                uow.jobs.finish(job)
                return
            self.refuse(uow, row, "stuck" if row.state is MessageState.STUCK else "hold_expired", "gateway")
            uow.audit.append(Event(EventKind.REFUSED, row.id, data={"for": "age"}), at)
            uow.jobs.finish(job)

    def too_old(self, message_id: str, state: MessageState, since: datetime) -> bool:
        """End a message that has been in that state since then or longer; False if it has moved on."""
        self._remember_sender(message_id)
        with self._store.begin() as uow:
            row = uow.messages.get(message_id, lock=True)
            if row is None or row.state is not state or row.state_since > since:
                return False
            self.refuse(uow, row, "stuck" if state is MessageState.RECEIVED else "gave_up", "gateway")
            for kind in (JobKind.ASSESS, JobKind.ASSESS_LONG, JobKind.INBOUND, JobKind.ANSWER):
                uow.jobs.drop(kind, row.id)
            uow.audit.append(Event(EventKind.REFUSED, row.id, data={"for": "age"}), self._clock.now())
        return True

    def refuse(self, uow: UnitOfWork, row: MessageRow, reason: str, actor: str) -> None:
        """End every held copy: nothing is sent of it, the sender gets a DSN that says so. Its EXPIRE job is the caller's."""
        at = self._clock.now()
        if held_by_restore(row):
            reason = RESTORED  # nobody can say that nothing was sent of it
        ends = _UNSENT if row.state in _ALL_ENDS else {DeliveryState.HELD}
        held = [one for one in uow.deliveries.of_message(row.id, lock=True) if one.state in ends]
        for one in held:
            uow.deliveries.move(one.id, DeliveryState.REFUSED)
            uow.jobs.drop(JobKind.DISPATCH, one.id)
            uow.audit.append(Event(EventKind.REFUSED, row.id, one.id, actor=actor, data={"for": reason}), at)
        if held or not uow.deliveries.of_message(row.id):
            self._notices.withheld(uow, row.id, [one.id for one in held], reason, at)
        if row.state in _ALL_ENDS:
            # What a worker died over in mid-send cannot be called unsent: it failed, and may have arrived.
            for one in uow.deliveries.of_message(row.id):
                if one.state is DeliveryState.SENDING:
                    uow.deliveries.move(one.id, DeliveryState.FAILED)
                    uow.jobs.drop(JobKind.DISPATCH, one.id)
                    self._notices.failed(uow, one, "gave_up", "", at)
        self._abandon(uow, row.id, at)
        left = [one for one in uow.deliveries.of_message(row.id) if one.state not in FINAL_DELIVERY]
        uow.messages.move(row.id, MessageState.ASSESSED if left else MessageState.REFUSED, at)
        uow.jobs.add(JobKind.SETTLE, row.id, "", at)

    def stick(self, job: Job, code: str, age: timedelta) -> None:
        """A step fails again and again for no reason that trying helps: STUCK, for a person to look at.

        A receipt, code or answer that fails does not stop the mail itself; what ends a message is never given up.
        """
        at = self._clock.now()
        with self._store.begin() as uow:
            row = uow.messages.get(job.message_id, lock=True)
            if row is not None and row.state in _CAN_STICK and job.kind in _CARRIES:
                uow.messages.move(row.id, MessageState.STUCK, at, held_for=code, deadline=at + age)
                uow.jobs.add(JobKind.EXPIRE, row.id, row.id, at + age)
            elif row is not None and row.state not in _ENDED and job.kind in _ENDS:
                uow.jobs.add(job.kind, job.message_id, job.subject_id, at + _AGAIN)
            elif job.kind is JobKind.SEND_NOTICE and (notice := uow.notices.get(job.subject_id)) is not None:
                uow.notices.finish(job.subject_id, "failed", "")
                let_go(uow, notice)
            data: dict[str, Scalar] = {"code": code, "step": job.kind.value}
            uow.audit.append(Event(EventKind.STUCK, job.message_id, data=data), at)
            uow.jobs.finish(job)

    def remind(self, job: Job) -> None:
        """Tell the sender of a held message that it still waits."""
        at = self._clock.now()
        with self._store.begin() as uow:
            row = uow.messages.get(job.message_id)
            if row is not None and row.state is MessageState.HELD:
                self._notices.add(uow, "reminder", row.id, "{}", at)
                uow.audit.append(Event(EventKind.REMINDED, row.id), at)
            uow.jobs.finish(job)

    def truncate(self, least: float = 0.0) -> bool:
        """Take what was deleted out of the database's WAL too; False where it must be tried again, for somebody reads, or
        the last time was less than `least` seconds ago. Every round of duties tries, whichever process deleted.
        """
        now = self._clock.boot()
        if now - self._truncated < least:
            return False
        try:
            self._store.after_shredding()
        except StoreUnavailable as error:
            _log.warning("deleted values stay in the WAL until the next round", why=str(error))
            return False
        self._truncated = now
        return True

    def tidy(self) -> int:
        """Delete blobs whose last wrap is gone; returns how many. Looks through everything, a part in each transaction."""
        done, after = 0, ""
        while True:
            with self._store.begin() as uow:
                dead, after = uow.objects.unwrapped(after)
            done += self._delete(dead)
            if not after:
                return done

    def tidy_of(self, message_id: str) -> None:
        """The same for one message's blobs, at once."""
        with self._store.begin() as uow:
            dead = uow.objects.unwrapped_of(message_id)
        self._delete(dead)

    def _delete(self, dead: Sequence[str]) -> int:
        for object_id in dead:
            self._vault.delete(object_id)
        if dead:
            with self._store.begin() as uow:
                for object_id in dead:
                    uow.objects.forget(object_id)
        return len(dead)

    def _remember_sender(self, message_id: str) -> None:
        """A mail that was never read has a sender all the same, if the door's record still says so."""
        with self._store.begin() as uow:
            row = uow.messages.get(message_id)
            if row is None or not row.record or row.direction is Direction.INBOUND or uow.messages.sender(message_id):
                return
        try:
            envelope = self._custody.record(row).envelope
        except (IntegrityError, KeyMissing):
            return
        if envelope.sender is not None:
            with self._store.begin() as uow:
                self._notices.remember(uow, message_id, Sender(envelope.sender, ""))

    def _all_ended(self, uow: UnitOfWork, row: MessageRow) -> bool:
        rows = uow.deliveries.of_message(row.id)
        if not rows:
            return row.state is MessageState.REFUSED
        return all(one.state in FINAL_DELIVERY for one in rows)

    def _end(self, uow: UnitOfWork, row: MessageRow) -> None:
        at, copies = self._clock.now(), uow.deliveries.of_message(row.id)
        sent = any(one.state is DeliveryState.DELIVERED for one in copies)
        # What came from outside lies in the practice's own mailboxes; the archive is of what was disclosed.
        kept = row.record and sent and row.direction is not Direction.INBOUND
        if kept and self._archived(uow, row, at):
            uow.retention.add_archive(ArchiveRow(row.id, row.object_id, at, patients_of(copies)))
            uow.audit.append(Event(EventKind.ARCHIVED, row.id, data={"object": row.object_id}), at)
        self._custody.forget(uow, row)
        self._notices.masked(uow, row.id, copies, at)
        for one in copies:
            drop_secrets(uow, one.id)
            link = uow.parcels.of_delivery(one.id)
            if link is not None and link.state in _OPEN_PARCEL and one.state is not DeliveryState.DELIVERED:
                # Its mail has not arrived, or may not have; the sender was told so. Its pepper goes with the next round.
                self._parcels.close(uow, link, ParcelState.CLOSED, at)
        uow.messages.move(row.id, MessageState.SETTLED, at)
        uow.audit.append(Event(EventKind.SHREDDED, row.id, data={"what": "mail in hand"}), at)
        uow.audit.append(Event(EventKind.SETTLED, row.id), at)

    def _archived(self, uow: UnitOfWork, row: MessageRow, at: datetime) -> bool:
        """Wrap it to the archive. What cannot be wrapped waits, for a person, and no longer than everything else."""
        try:
            return self._custody.to_archive(uow, row)
        except (IntegrityError, KeyMissing) as error:
            if row.state is not MessageState.REFUSED or at - row.state_since < self.patience:
                raise
            data: dict[str, Scalar] = {"code": error.code, "step": "settle"}
            uow.audit.append(Event(EventKind.INTEGRITY, row.id, data=data), at)
            return False

    @staticmethod
    def _abandon(uow: UnitOfWork, message_id: str, at: datetime) -> None:
        """Tries that a death left open, of copies that have ended."""
        for one in uow.deliveries.of_message(message_id):
            if one.state in FINAL_DELIVERY:
                for attempt in uow.attempts.of_delivery(one.id):
                    if attempt.state in _OPEN_ATTEMPTS:
                        uow.attempts.move(attempt.id, AttemptState.ABANDONED, at)


def patients_of(copies: Iterable[DeliveryRow]) -> tuple[str, ...]:
    """The patients that decisions over a message's copies rested on: those whom it is about."""
    return tuple(sorted({patient for one in copies for patient, _ in one.basis.patients}))
