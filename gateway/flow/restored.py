"""After replay: every piece of work of a restored database is put where nothing can happen without a person.

1 every job is dropped, sessions and workers of the old machine are forgotten, notices not known to be sent are held
2 what is final is settled; mail whose content is gone is ended and its sender asked to send again; links that open no more
  likewise; all other mail in hand is HELD
3 what was forgotten after the backup, or left the archive, is forgotten again
4 what is in hand is wrapped to a new epoch, and the epoch keys that were destroyed since the backup are destroyed again
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta

from gateway.domain.audit import Event, EventKind, Scalar
from gateway.domain.envelope import Direction
from gateway.domain.errors import IntegrityError, KeyMissing
from gateway.domain.records import DeliveryRow, Job, JobKind, MessageRow
from gateway.domain.states import FINAL_DELIVERY, DeliveryState, MessageState, ParcelState
from gateway.flow import epochs
from gateway.flow.custody import Custody
from gateway.flow.epochs import Calendar
from gateway.flow.forced import force
from gateway.flow.forgotten_again import ForgottenAgain
from gateway.flow.keys import WorkerKeys
from gateway.flow.known import Known
from gateway.flow.notices import Notices
from gateway.flow.parcels import Parcels
from gateway.flow.quarantine import HELD_NOTICE, RESTORED
from gateway.flow.retain import Retain
from gateway.flow.settle import Settle
from gateway.ports.clock import Clock
from gateway.ports.store import Store

_IN_HAND = (MessageState.RECEIVED, MessageState.ASSESSED, MessageState.HELD, MessageState.STUCK, MessageState.REFUSED)
_OPEN = {ParcelState.SEALED, ParcelState.OPENED}
_LONG = timedelta(days=36500)
_PAGE = 200


@dataclass(slots=True)
class Found:
    """What was found in hand. Ids only."""

    held: list[str] = field(default_factory=list)
    may_have_left: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    lost_links: list[str] = field(default_factory=list)
    unarchived: list[str] = field(default_factory=list)
    notices: int = 0


@dataclass(frozen=True, slots=True)
class Reopen:
    """Puts a restored database in order, with a worker's keys. `blobs` are the names of the objects that came back."""

    store: Store
    custody: Custody
    parcels: Parcels
    notices: Notices
    settle: Settle
    calendar: Calendar
    retain: Retain
    forgotten: ForgottenAgain
    keys: WorkerKeys = field(repr=False)
    clock: Clock
    hold: timedelta
    blobs: Collection[str] = field(default=(), repr=False)

    def run(self, known: Known) -> Found:
        """All four steps."""
        found = Found()
        self._stop_everything(found)
        self._links(known, found)
        after = ""
        while True:
            with self.store.begin() as uow:
                rows = uow.messages.listed(_IN_HAND, _PAGE, after)
            if not rows:
                break
            for row in rows:
                self._message(row, known, found)
            after = rows[-1].id
        self.forgotten.again(known)
        self._epochs(known)
        return found

    def _stop_everything(self, found: Found) -> None:
        now = self.clock.now()
        with self.store.begin() as uow:
            uow.jobs.clear()
            uow.parcels.drop_sessions(before=now + _LONG)
            for worker in uow.epochs.workers(now - _LONG):
                uow.epochs.forget_worker(worker)
        while True:
            with self.store.begin() as uow:
                rows = uow.notices.in_state("new", _PAGE)
                for one in rows:
                    uow.notices.finish(one.id, HELD_NOTICE, "")
            if not rows:
                break
            found.notices += len(rows)

    def _links(self, known: Known, found: Found) -> None:
        """Open parcels that cannot open any more are shut; the others are judged again once a person has confirmed."""
        at, after = self.clock.now(), ""
        while True:
            with self.store.begin() as uow:
                rows = uow.parcels.listed(_OPEN, _PAGE, after)
            if not rows:
                break
            for row in rows:
                pepper = self.keys.peppers.get(row.id)
                with self.store.begin() as uow:
                    delivery = uow.deliveries.get(row.delivery_id)
                    people = {one for one, _ in delivery.basis.patients} if delivery else set()
                    if pepper is None or row.manifest_id not in self.blobs or not people.isdisjoint(known.broken):
                        self.parcels.close(uow, row, ParcelState.CLOSED, at)
                        known.made[row.id] = row.delivery_id
                    else:
                        uow.parcels.drop_code(row.id)
                        uow.jobs.add(JobKind.RECHECK, row.message_id, row.id, at)
                if pepper is not None and row.id in known.made:
                    self.parcels.burn(row.id)
            after = rows[-1].id
        for parcel_id, delivery_id in sorted(known.made.items()):
            with self.store.begin() as uow:
                copy = uow.deliveries.get(delivery_id, lock=True)
                if copy is not None and copy.state is DeliveryState.DELIVERED and parcel_id not in known.opened:
                    uow.deliveries.move(copy.id, DeliveryState.FAILED)
                    data: dict[str, Scalar] = {"reply": "", "method": "link"}
                    uow.audit.append(Event(EventKind.FAILED, copy.message_id, copy.id, data=data), at)
                    self.notices.failed(uow, copy, "link_lost", "", at)
                    found.lost_links.append(copy.id)

    def _message(self, row: MessageRow, known: Known, found: Found) -> None:
        with self.store.begin() as uow:
            copies = uow.deliveries.of_message(row.id)
        left = [one for one in copies if one.state not in FINAL_DELIVERY]
        if row.direction is Direction.INBOUND:
            self._report(row)
        elif (copies and not left) or row.state is MessageState.REFUSED:
            self._settle(row, found)
        elif not self._readable(row):
            self._lost(row, left, known)
            found.lost.append(row.id)
            self._settle(row, found)
        else:
            if self._hold(row, left, known):
                found.may_have_left.append(row.id)
            found.held.append(row.id)

    def _report(self, row: MessageRow) -> None:
        """A bounce: what it told is noted once more if its content is there; it sends nothing to anybody but our sender."""
        with self.store.begin() as uow:
            if self._readable(row) and row.state is MessageState.RECEIVED:
                uow.jobs.add(JobKind.INBOUND, row.id, "", self.clock.now())
                return
            self.custody.forget(uow, row)
            if row.state is MessageState.RECEIVED:
                uow.messages.move(row.id, MessageState.ASSESSED, self.clock.now())
            uow.messages.move(row.id, MessageState.SETTLED, self.clock.now())

    def _readable(self, row: MessageRow) -> bool:
        return bool(row.record) and row.object_id in self.blobs and self.keys.epochs.get(row.epoch) is not None

    def _settle(self, row: MessageRow, found: Found) -> None:
        at = self.clock.now()
        with self.store.begin() as uow:
            if row.state is MessageState.RECEIVED:
                now = uow.messages.get(row.id, lock=True)
                if now is not None and now.state is MessageState.RECEIVED:
                    uow.messages.move(row.id, MessageState.ASSESSED, at)
            uow.jobs.add(JobKind.SETTLE, row.id, "", at)
            job = next(one for one in uow.jobs.claim({JobKind.SETTLE}, at, 3600.0, 1))
        try:
            self.settle.run(job)
        except (IntegrityError, KeyMissing):
            self._forget(row, job)
            found.unarchived.append(row.id)

    def _forget(self, row: MessageRow, job: Job) -> None:
        at = self.clock.now()
        with self.store.begin() as uow:
            self.custody.forget(uow, row)
            uow.messages.move(row.id, MessageState.SETTLED, at)
            uow.audit.append(Event(EventKind.SETTLED, row.id), at)
            uow.jobs.finish(job)

    def _lost(self, row: MessageRow, left: list[DeliveryRow], known: Known) -> None:
        at = self.clock.now()
        with self.store.begin() as uow:
            gone = [one for one in left if one.id in known.left or one.state is DeliveryState.SENDING]
            for one in left:
                force(uow, one, DeliveryState.FAILED if one in gone else DeliveryState.REFUSED)
                kind = EventKind.FAILED if one in gone else EventKind.REFUSED
                uow.audit.append(Event(kind, row.id, one.id, data={"for": "lost"}), at)
            if not left:
                uow.audit.append(Event(EventKind.REFUSED, row.id, data={"for": "lost"}), at)
            uow.messages.move(row.id, MessageState.REFUSED, at)
            self.notices.lost(uow, row.id, [one.id for one in left], at)

    def _hold(self, row: MessageRow, left: list[DeliveryRow], known: Known) -> bool:
        """Whether a copy of it may have left already."""
        at = self.clock.now()
        may_have_left = any(one.id in known.left or one.state is DeliveryState.SENDING for one in left)
        with self.store.begin() as uow:
            for one in left:
                if one.state is not DeliveryState.HELD:
                    uow.deliveries.move(one.id, DeliveryState.HELD)
            if row.state is not MessageState.RECEIVED and row.state is not MessageState.ASSESSED:
                uow.messages.move(row.id, MessageState.RECEIVED, at)
            uow.messages.move(row.id, MessageState.HELD, at, held_for=RESTORED, deadline=at + self.hold)
            uow.jobs.add(JobKind.EXPIRE, row.id, row.id, at + self.hold)
            data: dict[str, Scalar] = {"for": RESTORED, "copies": len(left), "may_have_left": may_have_left}
            uow.audit.append(Event(EventKind.HELD, row.id, data=data), at)
            for ask in uow.register.requests_of(row.id):
                if ask.state in {"answered_yes", "answered_no"}:
                    uow.jobs.add(JobKind.CONSENT_ANSWER, row.id, ask.id, at)
        return may_have_left

    def _epochs(self, known: Known) -> None:
        """Nothing stays sealed to a key of before: backup and shelf of those days open what is in hand no longer than they must."""
        with self.store.begin() as uow:
            for row in uow.epochs.all():
                if row.state in {epochs.NEW, epochs.ADVERTISED}:
                    uow.epochs.move(row.id, epochs.RETIRED)
        self.calendar.tick()
        while self.retain.rewrap():
            pass
        self.calendar.destroy_idle()
        with self.store.begin() as uow:
            still = [row.id for row in uow.epochs.all() if row.id in known.epochs and row.state != epochs.DESTROYED]
            for name in still:
                uow.epochs.move(name, epochs.DESTROYED)
        for name in sorted(known.epochs):
            self.keys.epochs.destroy(name)
        self.calendar.leave()
