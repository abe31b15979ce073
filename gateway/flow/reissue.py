"""Reissue: a lost link is replaced, where the practice keeps a worker's wrap of open parcels (`parcel.reissue`, off by
default). And reminders: a recipient who has not opened is told which mail of ours to look for; a reminder has no link.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.domain.address import Address
from gateway.domain.audit import Event, EventKind
from gateway.domain.errors import PermanentError
from gateway.domain.records import DeliveryRow, Job
from gateway.domain.states import DeliveryState, ParcelState
from gateway.flow.decisions import TARGET
from gateway.flow.keys import WorkerKeys
from gateway.flow.notices import Notices
from gateway.flow.parcels import Parcels
from gateway.ports.clock import Clock
from gateway.ports.store import Store, UnitOfWork

LINK_AGAIN, REMINDER = "link-again", "reminder-recipient"
_OPEN = {ParcelState.SEALED, ParcelState.OPENED}


@dataclass(frozen=True, slots=True)
class Reissue:
    """A worker's side of what recipients have lost or overlooked."""

    store: Store
    parcels: Parcels
    notices: Notices = field(repr=False)
    keys: WorkerKeys = field(repr=False)
    clock: Clock

    def reissue(self, parcel_id: str, by: str) -> str:
        """Close an open link and send a new one to the same address; returns the new parcel's id. PermanentError where
        there is nothing to make it from, IntegrityError where the rows are not as a worker left them.
        """
        at = self.clock.now()
        with self.store.begin() as uow:
            row = uow.parcels.get(parcel_id, lock=True)
            if row is None or row.state not in _OPEN or row.expires_at <= at:
                raise PermanentError(f"{parcel_id} is no open link; the sender can send the mail again")
            delivery = uow.deliveries.get(row.delivery_id, lock=True)
            if delivery is None or delivery.state is not DeliveryState.DELIVERED:
                raise PermanentError(f"{parcel_id} is still on its way; its own mail will carry it")
            new_id = self.parcels.again(uow, row, delivery, at)
            self.notices.add_to(uow, LINK_AGAIN, row.message_id, row.delivery_id, self._target(delivery), "{}", at)
            data = {"kind": LINK_AGAIN, "state": "queued"}
            uow.audit.append(Event(EventKind.RECEIPT, row.message_id, row.delivery_id, actor=by, data=data), at)
        self.parcels.burn(parcel_id)
        return new_id

    def remind(self, job: Job) -> None:
        """Remind the recipient of a link that nobody has opened; the subject is `<delivery>:<seconds>`."""
        at, delivery_id = self.clock.now(), job.subject_id.partition(":")[0]
        with self.store.begin() as uow:
            delivery, row = uow.deliveries.get(delivery_id), uow.parcels.of_delivery(delivery_id)
            if delivery is not None and row is not None and row.state is ParcelState.SEALED and row.expires_at > at:
                self._remind(uow, delivery)
            uow.jobs.finish(job)

    def _remind(self, uow: UnitOfWork, delivery: DeliveryRow) -> None:
        at = self.clock.now()
        self.notices.add_to(uow, REMINDER, delivery.message_id, delivery.id, self._target(delivery), "{}", at)
        data = {"whom": "recipient"}
        uow.audit.append(Event(EventKind.REMINDED, delivery.message_id, delivery.id, data=data), at)

    def _target(self, delivery: DeliveryRow) -> Address:
        return Address.parse(self.keys.columns.open(TARGET, delivery.id, delivery.target).decode())
