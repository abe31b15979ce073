"""Inbound: mail from outside. One table address -> step; anything else was refused at the door.

1 the report is read
2 one transaction: the delivery failed, its link closed, a DSN queued; the report's own wraps dropped, SETTLED
3 the closed link's pepper destroyed, the report's blob deleted
`direct+<delivery>.<mac>@…` is the same for a copy that went as Direct, and takes what the recipient's system says of it
(confirmations.py). First entry: `bounce+<delivery>.<mac>@…`. A delivery status notification that says `failed` closes that delivery; the
returned mail itself may hold PHI, so nothing of it is kept or passed on.
Second: the practice's own addresses of `[inbound] relayed`. 2 makes their deliveries, and `carry_inside` hands them over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.domain.address import Address
from gateway.domain.audit import Event, EventKind, Scalar
from gateway.domain.errors import IntegrityError, KeyMissing, TemporaryError
from gateway.domain.records import Job, MessageRow
from gateway.domain.states import DeliveryState, MessageState, ParcelState
from gateway.flow.attempts import Alive
from gateway.flow.carry_inside import CarryInside
from gateway.flow.confirmations import Confirmations, Report
from gateway.flow.custody import Custody
from gateway.flow.inside_screen import waits
from gateway.flow.notices import Notices
from gateway.flow.own_addresses import OwnAddresses
from gateway.flow.parcels import Parcels
from gateway.flow.reading import Reader
from gateway.flow.scratch import Scratch
from gateway.flow.settle import Settle
from gateway.mime.tree import Tree, content
from gateway.ports.checkpoint import Checkpoint, unobserved
from gateway.ports.clock import Clock
from gateway.ports.store import Store, UnitOfWork
from gateway.ports.tokens import Tokens
from gateway.ports.vault import Vault
from gateway.seal.record import IntakeRecord

_ACTION = re.compile(rb"^action:[ \t]*(failed|delayed|delivered|relayed|expanded)\b", re.IGNORECASE | re.MULTILINE)
_Verdict = tuple[str, str, Report | None]
"""Action and status of a delivery status notification; and what came to an address for confirmations."""
_UNREADABLE: _Verdict = ("unreadable", "", None)
_STATUS = re.compile(rb"^status:[ \t]*([245]\.\d{1,3}\.\d{1,3})", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Inbound:
    """The step for inbound mail."""

    store: Store
    vault: Vault
    custody: Custody
    reader: Reader
    addresses: OwnAddresses = field(repr=False)
    notices: Notices
    parcels: Parcels
    settle: Settle
    inside: CarryInside
    clock: Clock
    tokens: Tokens
    reached: Checkpoint = unobserved
    confirmations: Confirmations | None = None

    def run(self, job: Job, alive: Alive) -> None:
        """Read what is a report, take in what goes inside; or, with a delivery as the job's subject, try once to hand it over."""
        if job.subject_id:
            self.inside.carry(job, alive)
        else:
            self._take_in(job)

    def _take_in(self, job: Job) -> None:
        with self.store.begin() as uow:
            row = uow.messages.get(job.message_id)
            again = row is not None and waits(row)
            if row is None or not (again or row.state is MessageState.RECEIVED) or not row.record:
                uow.jobs.finish(job)
                return
        try:
            record = self.custody.record(row)
        except (IntegrityError, KeyMissing) as error:
            self._unreadable(job, row, error)
            return
        if again:
            with self.store.begin() as uow:
                self.inside.screen.try_again(uow, row, record)
                uow.jobs.finish(job)
            return
        recipients = record.envelope.recipients
        subjects = [found for found in map(self.addresses.delivery, recipients) if found is not None]
        relayed = tuple(one for one in recipients if self.addresses.delivery(one) is None)
        verdict = self._report(row, record) if subjects else None
        self.reached("inbound.1")
        self._commit(job, row, record, subjects if verdict else [], verdict or _UNREADABLE, relayed)

    def _report(self, row: MessageRow, record: IntakeRecord) -> _Verdict | None:
        """What it says; None for a content that does not hold."""
        try:
            with Scratch(self.vault, self.tokens) as sink:
                action, status = _verdict(self.reader.split(self.custody.content(row, record), sink).tree)
            return action, status, self._confirmation(row, record)
        except (IntegrityError, KeyMissing):
            return None

    def _commit(
        self, job: Job, row: MessageRow, record: IntakeRecord | None, subjects: list[str], verdict: _Verdict,
        relayed: tuple[Address, ...],
    ) -> None:  # fmt: skip
        burnt: list[str] = []
        with self.store.begin() as uow:
            for delivery_id in subjects:
                burnt += self._note(uow, delivery_id, *verdict)
            at = self.clock.now()
            uow.messages.move(row.id, MessageState.ASSESSED, at)
            if relayed and record is not None:
                self.inside.place(uow, row, record, relayed)
            else:
                self.custody.forget(uow, row)
                uow.messages.move(row.id, MessageState.SETTLED, at)
                uow.audit.append(Event(EventKind.SHREDDED, row.id, data={"what": "inbound mail"}), at)
            uow.jobs.finish(job)
        self.reached("inbound.2")
        for parcel_id in burnt:
            self.parcels.burn(parcel_id)
        self.settle.tidy_of(job.message_id)
        self.settle.truncate()
        self.reached("inbound.3")

    def _unreadable(self, job: Job, row: MessageRow, error: IntegrityError | KeyMissing) -> None:
        """A record that does not hold: a report is given up, but what may be the practice's mail waits for a person."""
        if not self.addresses.relayed:
            self._commit(job, row, None, [], _UNREADABLE, ())
            return
        data: dict[str, Scalar] = {"code": error.code, "step": job.kind.value}
        with self.store.begin() as uow:
            uow.audit.append(Event(EventKind.INTEGRITY, row.id, data=data), self.clock.now())
        self.settle.stick(job, error.code, self.settle.patience)

    def _confirmation(self, row: MessageRow, record: IntakeRecord) -> Report | None:
        """What came to an address for confirmations, if any of the mail's recipients is one."""
        if self.confirmations is None or not any(map(self.addresses.confirms, record.envelope.recipients)):
            return None
        return self.confirmations.read(self.custody.content(row, record))

    def _note(
        self, uow: UnitOfWork, delivery_id: str, action: str, status: str, report: Report | None
    ) -> Iterator[str]:
        at, row = self.clock.now(), uow.deliveries.get(delivery_id, lock=True)
        if row is None:
            return
        if self.confirmations is not None and report is not None and self.confirmations.takes(uow, row, report):
            if self.confirmations.note(uow, row, report) and row.state is DeliveryState.DELIVERED:
                uow.deliveries.move(row.id, DeliveryState.FAILED, reply="550 5.0.0")
                self.notices.failed(uow, row, "direct_failed", "550 5.0.0", at)
            return
        if action == "failed" and row.state is DeliveryState.SENDING:
            # The next hop was faster than our own note of its answer: what has not arrived yet cannot fail.
            raise TemporaryError("the copy that was returned is still noted as being sent")
        data: dict[str, Scalar] = {"action": action, "status": status}
        uow.audit.append(Event(EventKind.BOUNCED, row.message_id, row.id, data=data), at)
        if action != "failed" or row.state is not DeliveryState.DELIVERED:
            return
        uow.deliveries.move(row.id, DeliveryState.FAILED, reply=f"550 {status or '5.0.0'}")
        if self.confirmations is not None:
            self.confirmations.failed(uow, row)
        self.notices.failed(uow, row, "bounced", f"550 {status or '5.0.0'}", at)
        parcel = uow.parcels.of_delivery(row.id)
        if parcel is not None and parcel.state in {ParcelState.SEALED, ParcelState.OPENED}:
            self.parcels.close(uow, parcel, ParcelState.CLOSED, at)
            yield parcel.id


def _verdict(tree: Tree) -> tuple[str, str]:
    """Action and status of the first delivery-status part, RFC 3464 2.3; `unreadable` where there is none."""
    for part in tree.walk():
        if part.media_type == "message/delivery-status":
            data, _ = content(part.body, 64 * 1024)
            action, status = _ACTION.search(data), _STATUS.search(data)
            if action:
                return action[1].decode("ascii").lower(), status[1].decode("ascii") if status else ""
    return "unreadable", ""
