"""Retain: what must happen by itself with time. Epochs and days turn, links expire, orphans go, the log is folded.

1 links past their time are closed, their wraps dropped
2 and their peppers destroyed
3 an orphan's name is won from intake, so that no row can come to need it
4 and its blob deleted
Each duty is short, may run in every worker and at any time; none holds a transaction for long.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import partial, wraps

from gateway.domain.errors import IntegrityError, KeyMissing
from gateway.domain.records import Holder, JobKind
from gateway.domain.states import ParcelState
from gateway.flow import desk_work, epochs
from gateway.flow.ages import Ages
from gateway.flow.audit_fold import AuditFolder
from gateway.flow.custody import Custody
from gateway.flow.epochs import Calendar
from gateway.flow.facts import Facts
from gateway.flow.forget import Forget
from gateway.flow.keys import WorkerKeys
from gateway.flow.log_watch import LogWatch
from gateway.flow.parcels import Parcels
from gateway.flow.quarantine import quarantined
from gateway.flow.settle import Settle
from gateway.ports.checkpoint import Checkpoint, unobserved
from gateway.ports.clock import Clock
from gateway.ports.store import Store
from gateway.ports.vault import Vault

_ORPHAN = 2 * 60 * 60.0
"""Seconds after which an object without a row, or a pepper without a parcel, counts as left by a death."""
_PAGE, _PAGES = 200, 10
"""Open links looked at in one transaction, and transactions in one round, after the day has turned."""
_OPEN = {ParcelState.SEALED, ParcelState.OPENED}


@dataclass(slots=True)
class Retain:
    """A worker's housekeeping."""

    store: Store
    vault: Vault
    custody: Custody
    keys: WorkerKeys = field(repr=False)
    parcels: Parcels
    calendar: Calendar
    settle: Settle
    folder: AuditFolder
    watch: LogWatch
    facts: Facts
    ages: Ages
    forget: Forget
    clock: Clock
    reached: Checkpoint = unobserved
    _judged: tuple[date | None, str] = (None, "")
    """The day whose open links are being gone through, and after which of them this worker goes on."""
    _done: date | None = None
    _seen: dict[str, float] = field(default_factory=dict)

    def duties(self) -> tuple[Callable[[], object], ...]:
        """Every duty, in the order in which one round does them. In quarantine, and while the log is not the one of the
        heads outside, nothing is ended or destroyed.
        """
        ending = (
            self.rewrap, self.calendar.destroy_idle, self.expire_parcels,
            self.follow_calendar, self.drop_sessions, self.sweep_objects, self.sweep_peppers, self.settle.tidy,
            self.ages.end_overdue, self.forget.forget_settled, self.forget.end_archives, self.forget.drop_ended,
        )  # fmt: skip
        kept_back = (self.watch.sound(self._unless_quarantined(one)) for one in ending)
        fold = self.watch.sound(self.folder.fold_once)
        return (self.watch.look, self.calendar.tick, self.clear_desk, *kept_back, self.settle.truncate, fold)

    def _unless_quarantined(self, duty: Callable[[], object]) -> Callable[[], object]:
        @wraps(duty)
        def done() -> object:
            with self.store.begin() as uow:
                waits = quarantined(uow)
            return None if waits else duty()

        return done

    def rewrap(self) -> int:
        """Wrap what is still in hand of retired epochs to the present one; returns how much."""
        done = 0
        with self.store.begin() as uow:
            retired = [row.id for row in uow.epochs.all() if row.state == epochs.RETIRED]
        for epoch in retired:
            with self.store.begin() as uow:
                rows, secrets = uow.messages.in_epoch(epoch, 50), uow.objects.secrets_in_epoch(epoch, 50)
                kept = uow.objects.held_by(Holder("reissue", epoch), 50)
                if not rows and not secrets and not kept:
                    continue
                present, public = epochs.current(uow, self.keys.calendar, self.keys.installation)
                moves = [partial(self.custody.rewrap, uow, row, present, public) for row in rows]
                moves += [partial(self.parcels.rewrap, uow, one, epoch, sealed) for one, sealed in secrets]
                moves += [partial(self.custody.rewrap_kept, uow, one, epoch, present, public) for one in kept]
                for move in moves:
                    try:
                        move()
                        done += 1
                    except (IntegrityError, KeyMissing):
                        # It opens no more; assess or dispatch says so when it comes to it. The others still move.
                        continue
            self.reached("epoch.4")
        return done

    def expire_parcels(self) -> int:
        """Close links past their time and destroy their peppers; returns how many."""
        at = self.clock.now()
        with self.store.begin() as uow:
            found = (uow.parcels.get(row.id, lock=True) for row in uow.parcels.expired(at, 100))
            # Staff may have extended it, or another worker closed it, since it was listed.
            over = [row for row in found if row is not None and row.state in _OPEN and row.expires_at <= at]
            for row in over:
                self.parcels.close(uow, row, ParcelState.EXPIRED, at)
        if over:
            self.reached("retain.1")
        for row in over:
            self.parcels.burn(row.id)
        if over:
            self.reached("retain.2")
        for row in over:
            self.settle.tidy_of(row.message_id)
        return len(over)

    def follow_calendar(self) -> int:
        """When the practice's day has turned, have every open link that was judged on another day judged again, for
        consents, proxies and agreements end by date; returns how many were queued. A round that is full goes on in the next.
        """
        at = self.clock.now()
        today, queued = self.facts.day(at), 0
        if self._done == today:
            return 0
        after = self._judged[1] if self._judged[0] == today else ""
        for _ in range(_PAGES):
            with self.store.begin() as uow:
                rows = uow.parcels.listed(_OPEN, limit=_PAGE, after=after)
                for row in rows:
                    delivery = uow.deliveries.get(row.delivery_id)
                    if delivery is not None and delivery.basis.day != today.isoformat():
                        uow.jobs.add(JobKind.RECHECK, row.message_id, row.id, at)
                        queued += 1
            if not rows:
                self._done = today
                break
            after = rows[-1].id
        self._judged = (today, after)
        return queued

    def drop_sessions(self) -> None:
        """Forget browser sessions that have ended."""
        with self.store.begin() as uow:
            uow.parcels.drop_sessions(before=self.clock.now())

    def clear_desk(self) -> int:
        """Forget what staff asked and were shown on the review page, some minutes later, quarantine or not."""
        return desk_work.clear(self.store, self.clock)

    def sweep_objects(self) -> int:
        """Delete blobs that no row names and none ever will; returns how many."""
        gone = 0
        for object_id, age in self.vault.names():
            if age < _ORPHAN:
                continue
            with self.store.begin() as uow:
                orphan = uow.objects.get(object_id) is None and uow.objects.sweep(object_id)
            if orphan:
                self.reached("retain.3")
                self.vault.delete(object_id)
                self.reached("retain.4")
                gone += 1
        self.vault.sweep(_ORPHAN)
        return gone

    def sweep_peppers(self) -> int:
        """Destroy peppers of parcels that ended, and those that a death left without a parcel; returns how many."""
        now, gone = self.clock.boot(), 0
        for name in self.keys.peppers.names():
            with self.store.begin() as uow:
                row = uow.parcels.get(name)
            if row is None:
                dead = now - self._seen.setdefault(name, now) > _ORPHAN
            else:
                dead = row.state not in {ParcelState.SEALED, ParcelState.OPENED}
            if dead:
                self.parcels.burn(name)
                self._seen.pop(name, None)
                gone += 1
        return gone
