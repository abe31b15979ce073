"""Recheck: a link's basis has changed since it was sent. Decided again from what was kept of the scan: goes on, or closes.

A closed parcel loses its pepper, so neither the link nor any backup opens it; the sender is told honestly whether it had
been opened before.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import timedelta

from gateway.domain.audit import Event, EventKind, Scalar
from gateway.domain.decision import Action, Decision
from gateway.domain.errors import IntegrityError
from gateway.domain.records import DeliveryRow, Job, JobKind, ParcelRow
from gateway.domain.states import FINAL_DELIVERY, DeliveryState, MessageState, ParcelState
from gateway.flow.assess import Assess
from gateway.flow.decisions import Decisions
from gateway.flow.facts import Facts
from gateway.flow.notices import Notices
from gateway.flow.parcels import Parcels
from gateway.flow.review import RELEASED, unliftable
from gateway.policy.facts import KeyFacts
from gateway.ports.clock import Clock
from gateway.ports.store import Store, UnitOfWork

_OPEN = {ParcelState.SEALED, ParcelState.OPENED}


@dataclass(frozen=True, slots=True)
class Recheck:
    """Judges open links again, and closes them when asked."""

    store: Store
    assess: Assess
    decisions: Decisions
    facts: Facts
    parcels: Parcels
    notices: Notices = field(repr=False)
    clock: Clock
    hold_time: timedelta

    def run(self, job: Job) -> None:
        """Judge the job's parcel."""
        closed = ""
        with self.store.begin() as uow:
            parcel = uow.parcels.get(job.subject_id, lock=True)
            if parcel is not None and parcel.state in _OPEN:
                try:
                    allowed, why = self._still_allowed(uow, parcel), "basis changed"
                except IntegrityError:
                    allowed, why = False, "integrity"
                    alarm: dict[str, Scalar] = {"code": IntegrityError.code, "step": "recheck"}
                    event = Event(EventKind.INTEGRITY, parcel.message_id, parcel.delivery_id, data=alarm)
                    uow.audit.append(event, self.clock.now())
                if not allowed:
                    self._close(uow, parcel, why, "gateway")
                    closed = parcel.id
            uow.jobs.finish(job)
        if closed:
            self.parcels.burn(closed)

    def revoke(self, parcel_id: str, by: str) -> bool:
        """Close a link on a person's word; False if it was closed already."""
        with self.store.begin() as uow:
            parcel = uow.parcels.get(parcel_id, lock=True)
            if parcel is None or parcel.state not in _OPEN:
                return False
            self._close(uow, parcel, "revoked", by)
            self._stop(uow, parcel, by)
        self.parcels.burn(parcel_id)
        return True

    def _stop(self, uow: UnitOfWork, parcel: ParcelRow, by: str) -> None:
        """A copy that has not arrived yet waits for a person: the next attempt would carry a fresh link."""
        at = self.clock.now()
        row, message = uow.deliveries.get(parcel.delivery_id, lock=True), uow.messages.get(parcel.message_id, lock=True)
        if row is None or message is None or row.state in FINAL_DELIVERY or row.state is DeliveryState.HELD:
            return
        _, commitment = self.decisions.kept_scan(message)
        stopped = self.decisions.stopped(self.decisions.verified(row, commitment), commitment)
        self.decisions.redecide(uow, row, stopped)
        data: dict[str, Scalar] = {
            "for": "staff",
            "reason": "link revoked",
            "mark": self.decisions.marks.mark(uow, stopped),
        }
        uow.audit.append(Event(EventKind.HELD, row.message_id, row.id, actor=by, data=data), at)
        if row.state is DeliveryState.SENDING:
            return  # the attempt under way ends by itself; the one after it finds a copy that may not leave
        uow.deliveries.move(row.id, DeliveryState.HELD)
        uow.jobs.drop(JobKind.DISPATCH, row.id)
        deadline = message.deadline or at + self.hold_time
        if message.state is MessageState.ASSESSED:
            uow.messages.move(message.id, MessageState.HELD, at, held_for="staff", deadline=deadline)
        uow.jobs.add(JobKind.EXPIRE, message.id, message.id, deadline)

    def _still_allowed(self, uow: UnitOfWork, parcel: ParcelRow) -> bool:
        """Decide again; where the answer is still delivery to the same place, the new versions become the basis."""
        at = self.clock.now()
        row, message = uow.deliveries.get(parcel.delivery_id, lock=True), uow.messages.get(parcel.message_id)
        if row is None or message is None:
            return False
        summary, commitment = self.decisions.kept_scan(message)
        decided = self.decisions.verified(row, commitment)
        self.decisions.marks.check_last(uow, row)
        standing = self.facts.standing(uow, decided.recipient, self.facts.day(at))
        about = summary.as_screened().about(one for one, _ in row.basis.patients)
        fresh = self.assess.decide(uow, about, (), self.notices.postmaster, [standing], [KeyFacts()], at)[0]
        same_place = fresh.target.key == decided.target.key
        if not same_place or (fresh.action is not Action.DELIVER and not self._released_from(row, fresh)):
            return False
        basis = replace(fresh.basis, key=row.basis.key)
        renewed = self.decisions.rebase(uow, decided, basis, commitment)
        data = {"mark": self.decisions.marks.mark(uow, renewed)}
        uow.audit.append(Event(EventKind.RENEWED, row.message_id, row.id, data=data), at)
        return True

    def _close(self, uow: UnitOfWork, parcel: ParcelRow, why: str, by: str) -> None:
        at = self.clock.now()
        self.parcels.close(uow, parcel, ParcelState.REVOKED, at)
        data: dict[str, Scalar] = {
            "parcel": parcel.id,
            "why": why,
            "had_been_opened": parcel.first_opened_at is not None,
        }
        uow.audit.append(Event(EventKind.STALE, parcel.message_id, parcel.delivery_id, actor=by, data=data), at)
        told = json.dumps({"closed": True, "opened": parcel.first_opened_at is not None})
        self.notices.add(uow, "too-late", parcel.message_id, told, at)

    def _released_from(self, row: DeliveryRow, fresh: Decision) -> bool:
        """Whether a person let this copy go although it was held for exactly this; what is new they did not know."""
        known = row.rule == RELEASED and set(fresh.reasons) <= set(row.reasons)
        return known and fresh.action is Action.HOLD and not unliftable(self.assess.policy, fresh.held_for)
