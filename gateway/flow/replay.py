"""Replay: the rows of the log that a backup lacks are put back from the journal, and what they tell of is done again.

Copies that ended are ended, parcels that were closed are shut and their peppers destroyed, the register and its consents
are brought forward. Effects only end, close and strengthen, so they are done even where the journal has a gap before them;
a row that does not follow on the log is listed, and what it tells of stays for `restored` to hold or shut.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from gateway.domain.audit import Event, EventKind
from gateway.domain.envelope import Direction
from gateway.domain.errors import IntegrityError
from gateway.domain.records import DeliveryRow, MessageRow
from gateway.domain.register_rows import ConsentRow, PartnerRow, PatientRow, RecipientKeyRow
from gateway.domain.states import DELIVERY, FINAL_DELIVERY, DeliveryState, MessageState, ParcelState
from gateway.flow.decisions import Decisions
from gateway.flow.journal import Entry, Journal
from gateway.flow.journal_rows import unpack
from gateway.flow.keys import WorkerKeys
from gateway.flow.parcel_seal import ParcelSeal
from gateway.flow.parcels import Parcels
from gateway.flow.register import Register
from gateway.ports.store import Store, UnitOfWork

_BATCH = 500
_OPEN = {ParcelState.SEALED, ParcelState.OPENED}
_ENDS = {
    EventKind.DELIVERED: DeliveryState.DELIVERED,
    EventKind.FAILED: DeliveryState.FAILED,
    EventKind.REFUSED: DeliveryState.REFUSED,
}


@dataclass(slots=True)
class Known:
    """What the journal told. Ids only."""

    rows: int = 0
    delivered: set[str] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)
    epochs: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    """Deliveries that were being sent, and of which no answer is known."""
    made: dict[str, str] = field(default_factory=dict)
    """Parcels of after the backup, which are gone, with their deliveries."""
    opened: set[str] = field(default_factory=set)
    patients: dict[str, PatientRow] = field(default_factory=dict)
    partners: dict[str, PartnerRow] = field(default_factory=dict)
    consents: list[ConsentRow] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    """Chains of the log with a row that could not be put back: messages, patients."""
    unreplayed: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Replay:
    """Does again what the journal tells, with a worker's keys."""

    store: Store
    journal: Journal
    decisions: Decisions
    parcels: Parcels
    register: Register
    keys: WorkerKeys = field(repr=False)

    def run(self, lines: Iterable[bytes]) -> Known:
        """Everything after what the database has; IntegrityError when the journal is of another history altogether."""
        known = Known()
        with self.store.begin() as uow:
            size = uow.audit.size()
        expected: int | None = size
        entries = self._entries(lines, size, known)
        while batch := list(islice(entries, _BATCH)):
            with self.store.begin() as uow:
                for one in batch:
                    expected = self._take(uow, one, expected, known)
            for parcel_id in known.closed:
                self.parcels.burn(parcel_id)
        self._bring_forward(known)
        return known

    def _entries(self, lines: Iterable[bytes], size: int, known: Known) -> Iterator[Entry]:
        for number, line in enumerate(lines, start=1):
            try:
                entry = self.journal.read(line)
            except IntegrityError as error:
                known.unreplayed.append(f"line {number}: {error}")
                continue
            if (entry.row.leaf or 0) >= size:
                yield entry
            elif entry.row.leaf == size - 1:
                self._same_history(entry)

    def _same_history(self, entry: Entry) -> None:
        with self.store.begin() as uow:
            mine = uow.audit.leaves(entry.row.leaf or 0, 1)
        if not mine or mine[0].hash != entry.row.hash:
            raise IntegrityError("the journal does not belong to this backup: it tells another history")

    def _take(self, uow: UnitOfWork, entry: Entry, expected: int | None, known: Known) -> int | None:
        """One entry; returns the next leaf's number, None once rows are missing (later ones are numbered anew)."""
        row = entry.row
        if expected is not None and row.leaf != expected:
            known.unreplayed.append(f"rows {expected} to {(row.leaf or 0) - 1} of the log are missing in the journal")
            expected = None
        try:
            fresh = uow.audit.put_back(row if expected is not None else replace(row, leaf=None))
        except IntegrityError:
            known.broken.add(row.event.message_id)
            known.unreplayed.append(
                f"row {row.leaf}, {row.event.kind.value} of {row.event.message_id or 'the installation'}"
            )
            fresh, expected = True, None
        if fresh:
            known.rows += 1
            self._again(uow, entry, known)
        return None if expected is None else expected + 1

    def _again(self, uow: UnitOfWork, entry: Entry, known: Known) -> None:
        event, extra = entry.row.event, entry.extra
        for name, sealed in extra.get("words", {}).items():
            if uow.audit.words(name) is None:
                uow.audit.keep_words(name, bytes.fromhex(sealed))
        if event.kind in {EventKind.RECEIVED, EventKind.ASSESSED}:
            _message(uow, entry)
        if "delivery" in extra:
            self._decided(uow, unpack(DeliveryRow, extra["delivery"]), entry)
        if event.kind in _ENDS and event.delivery_id:
            self._ended(uow, event, _ENDS[event.kind], known)
        if event.kind is EventKind.BOUNCED and event.data.get("action") == "failed":
            self._bounced(uow, event, entry, known)
        if event.kind is EventKind.ATTEMPT and event.data.get("state") in {"sending", "abandoned"}:
            known.left.add(event.delivery_id)
        if event.kind is EventKind.RETRY:
            known.left.discard(event.delivery_id)
        if event.kind in {EventKind.DSN, EventKind.RECEIPT} and "state" in event.data:
            _told(uow, event)
        if event.kind is EventKind.EPOCH_DESTROYED:
            known.epochs.add(str(event.data["epoch"]))
        if "parcel" in event.data:
            self._parcel(uow, entry, known)
        _registered(uow, entry, known)

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
        uow.objects.drop_secret(row.id)
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

    def _bring_forward(self, known: Known) -> None:
        """The register's records and consents, as they were last; sealed to versions that the log tells of."""
        with self.store.begin() as uow:
            for patient in known.patients.values():
                if not self.register.put_back_patient(uow, patient):
                    known.unreplayed.append(
                        f"the record of patient {patient.id}, of which the journal has an older one only"
                    )
            for partner in known.partners.values():
                self.register.put_back_partner(uow, partner)
            for consent in known.consents:
                if consent.seq != uow.register.consent_version(consent.patient_id, lock=True) + 1:
                    known.broken.add(consent.patient_id)
                    continue
                uow.register.append_consent(consent)
        for chain in sorted(known.broken):
            known.unreplayed.append(f"the chain of {chain or 'the installation'} has a hole")


def force(uow: UnitOfWork, row: DeliveryRow, to: DeliveryState) -> None:
    """Bring a delivery to a state by the shortest way that the table allows; one that has no way there stays."""
    for state in _way(row.state, to):
        uow.deliveries.move(row.id, state)


def _way(start: DeliveryState, to: DeliveryState) -> list[DeliveryState]:
    ways: list[list[DeliveryState]] = [[]]
    seen = {start}
    while ways:
        way = ways.pop(0)
        here = way[-1] if way else start
        if here is to:
            return way
        ways += [
            [*way, one]
            for one in sorted(DELIVERY[here])
            if one not in seen and (one is to or one not in FINAL_DELIVERY)
        ]
        seen |= DELIVERY[here] - {to}
    return []


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
