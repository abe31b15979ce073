"""What a row of the journal tells of is done again: copies that ended are ended, links that were closed are shut, decisions and
legal holds stand as they stood.

Effects only end, close and strengthen, so each is done even where the journal has a hole before it. What needs all the rows
(the register, what was forgotten) is only noted here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from gateway.domain.audit import Event, EventKind
from gateway.domain.envelope import Direction
from gateway.domain.records import DeliveryRow, MessageRow
from gateway.domain.register_rows import ConsentRow, PartnerRow, PatientRow, RecipientKeyRow
from gateway.domain.retention import HoldOn, LegalHoldRow
from gateway.domain.states import FINAL_DELIVERY, DeliveryState, MessageState, ParcelState
from gateway.flow.decisions import Decisions
from gateway.flow.forced import force
from gateway.flow.journal import Entry
from gateway.flow.journal_rows import unpack
from gateway.flow.keys import WorkerKeys
from gateway.flow.known import Known
from gateway.flow.parcel_seal import ParcelSeal
from gateway.flow.parcels import Parcels
from gateway.flow.waiting import drop_secrets
from gateway.ports.store import UnitOfWork

_OPEN = {ParcelState.SEALED, ParcelState.OPENED}
_ENDS = {
    EventKind.DELIVERED: DeliveryState.DELIVERED,
    EventKind.FAILED: DeliveryState.FAILED,
    EventKind.REFUSED: DeliveryState.REFUSED,
}


@dataclass(frozen=True, slots=True)
class Again:
    """Does it with a worker's keys, in the caller's transaction."""

    decisions: Decisions
    parcels: Parcels
    keys: WorkerKeys = field(repr=False)

    def row(self, uow: UnitOfWork, entry: Entry, known: Known) -> None:
        """One row of the log that the backup did not have."""
        event, extra = entry.row.event, entry.extra
        for name, sealed in extra.get("words", {}).items():
            if uow.audit.words(name) is None:
                uow.audit.keep_words(name, bytes.fromhex(sealed))
        if event.kind in {EventKind.RECEIVED, EventKind.ASSESSED}:
            _message(uow, entry)
        if "delivery" in extra:
            self._decided(uow, unpack(DeliveryRow, extra["delivery"]), entry)
        self._copy(uow, entry, known)
        if event.kind in {EventKind.DSN, EventKind.RECEIPT} and "state" in event.data:
            _told(uow, event)
        if event.kind in {EventKind.LEGAL_HOLD, EventKind.LEGAL_HOLD_ENDED}:
            _legal_hold(uow, entry)
        if "parcel" in event.data:
            self._parcel(uow, entry, known)
        _noted(entry, known)
        _registered(uow, entry, known)

    def _copy(self, uow: UnitOfWork, entry: Entry, known: Known) -> None:
        event = entry.row.event
        if event.kind in _ENDS and event.delivery_id:
            self._ended(uow, event, _ENDS[event.kind], known)
        if event.kind is EventKind.BOUNCED and event.data.get("action") == "failed":
            self._bounced(uow, event, entry, known)
        if event.kind is EventKind.ATTEMPT and event.data.get("state") in {"sending", "abandoned"}:
            known.left.add(event.delivery_id)
        if event.kind is EventKind.RETRY:
            known.left.discard(event.delivery_id)

    def _decided(self, uow: UnitOfWork, row: DeliveryRow, entry: Entry) -> None:
        _placed(uow, entry)
        present = uow.deliveries.get(row.id, lock=True)
        if present is None:
            uow.deliveries.add(row if row.state in FINAL_DELIVERY else replace(row, state=DeliveryState.HELD))
        elif present.mac == row.mac:
            return
        elif present.state in FINAL_DELIVERY:
            uow.deliveries.rebase(row.id, row.basis, row.mac)
            ParcelSeal(self.keys.lookup, self.keys.installation).renew(uow, present, row)
        else:
            self.decisions.redecide(uow, present, row)

    def _ended(self, uow: UnitOfWork, event: Event, to: DeliveryState, known: Known) -> None:
        known.left.discard(event.delivery_id)
        row = uow.deliveries.get(event.delivery_id, lock=True)
        if row is None:
            known.unreplayed.append(f"{event.kind.value} of delivery {event.delivery_id}, which is not known")
            return
        force(uow, row, to)
        drop_secrets(uow, row.id)
        known.delivered.add(row.id)

    def _bounced(self, uow: UnitOfWork, event: Event, entry: Entry, known: Known) -> None:
        row = uow.deliveries.get(event.delivery_id, lock=True)
        if row is None or row.state is not DeliveryState.DELIVERED:
            return
        uow.deliveries.move(row.id, DeliveryState.FAILED)
        parcel = uow.parcels.of_delivery(row.id)
        if parcel is not None and parcel.state in _OPEN:
            self.parcels.shut(uow, parcel, ParcelState.CLOSED, entry.row.at)
            known.closed.add(parcel.id)

    def _parcel(self, uow: UnitOfWork, entry: Entry, known: Known) -> None:
        event, at = entry.row.event, entry.row.at
        parcel_id = str(event.data["parcel"])
        row = uow.parcels.get(parcel_id, lock=True)
        if event.kind is EventKind.PARCEL_SEALED and row is None:
            known.made[parcel_id] = event.delivery_id
        elif event.kind is EventKind.PARCEL_OPENED:
            known.opened.add(parcel_id)
            if row is not None and row.state is ParcelState.SEALED:
                uow.parcels.move(parcel_id, ParcelState.OPENED, at)
        elif event.kind in {EventKind.PARCEL_REVOKED, EventKind.PARCEL_EXPIRED}:
            known.made.pop(parcel_id, None)
            known.closed.add(parcel_id)
            if row is not None and row.state in _OPEN:
                expired = event.kind is EventKind.PARCEL_EXPIRED
                self.parcels.shut(uow, row, ParcelState.EXPIRED if expired else ParcelState.REVOKED, at)


def _message(uow: UnitOfWork, entry: Entry) -> None:
    message_id, extra = entry.row.event.message_id, entry.extra
    _placed(uow, entry)
    if extra.get("sender"):
        uow.messages.set_sender(message_id, bytes.fromhex(extra["sender"]))
    if extra.get("scan"):
        uow.messages.set_scan(message_id, str(extra["scan"]))


def _placed(uow: UnitOfWork, entry: Entry) -> None:
    """A row for a message that the backup does not know: its content is gone, its story is not."""
    event, at = entry.row.event, entry.row.at
    if uow.messages.get(event.message_id) is None:
        size = event.data.get("size")
        direction = Direction(entry.extra.get("direction", Direction.OUTBOUND.value))
        uow.messages.add(
            MessageRow(event.message_id, direction, MessageState.RECEIVED, at, at, size if isinstance(size, int) else 0, "", "", b"")
        )  # fmt: skip


def _told(uow: UnitOfWork, event: Event) -> None:
    kind = str(event.data.get("kind") or "dsn")
    waiting = [one for one in uow.notices.of_message(event.message_id) if one.kind == kind and one.state == "new"]
    if waiting:
        uow.notices.finish(waiting[0].id, str(event.data["state"]), "")


def _noted(entry: Entry, known: Known) -> None:
    event = entry.row.event
    if event.kind is EventKind.EPOCH_DESTROYED:
        known.epochs.add(str(event.data["epoch"]))
    if event.kind is EventKind.FORGOTTEN:
        known.forgotten.add(event.message_id)
    if event.kind is EventKind.ARCHIVE_ENDED:
        known.archives_ended.add(event.message_id)


def _registered(uow: UnitOfWork, entry: Entry, known: Known) -> None:
    extra = entry.extra
    if "patient" in extra:
        patient = unpack(PatientRow, extra["patient"])
        known.patients[patient.id] = patient
    if "partner" in extra:
        partner = unpack(PartnerRow, extra["partner"])
        known.partners[partner.id] = partner
    if "consent" in extra:
        known.consents.append(unpack(ConsentRow, extra["consent"]))
    for packed in extra.get("certificates", ()):
        uow.register.put_recipient_key(unpack(RecipientKeyRow, packed))


def _legal_hold(uow: UnitOfWork, entry: Entry) -> None:
    event, data = entry.row.event, entry.row.event.data
    hold_id = str(data["hold"])
    if event.kind is EventKind.LEGAL_HOLD_ENDED:
        uow.retention.drop_hold(hold_id)
    elif hold_id not in {one.id for one in uow.retention.holds()}:
        on, subject, told = HoldOn(str(data["on"])), str(data["subject"]), str(data["reason"])
        uow.retention.add_hold(LegalHoldRow(hold_id, on, subject, entry.row.at, event.actor, told))
