"""Confirmations: what recipients' systems say of copies that were sent as Direct, and what is done when they say nothing.

Waiting begins in the transaction that records the next hop's answer (`begin`). A report counts only if it came to the address
made for that copy, is signed by a certificate that the recipient's community vouches for, for the recipient's address or
domain, and names our mail: else it is written into the log and changes nothing. `processed` and `dispatched` have their times;
past one the sender is told once that nobody confirmed, and once more if it is confirmed after all. `failed` makes the copy
FAILED, with a DSN.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509

from gateway.domain.address import Address
from gateway.domain.audit import Event, EventKind, Scalar
from gateway.domain.errors import IntegrityError, TemporaryError
from gateway.domain.records import ConfirmationRow, DeliveryRow
from gateway.domain.states import CONFIRMATION, ConfirmationState, DeliveryState
from gateway.flow.decisions import TARGET
from gateway.flow.notices import Notices
from gateway.flow.reading import Reader
from gateway.mime.disposition import Disposition, Said, disposition
from gateway.mime.tree import MemorySink
from gateway.policy.methods import DIRECT
from gateway.ports.clock import Clock
from gateway.ports.store import Store, UnitOfWork
from gateway.seal.columns import Columns

LARGEST = 256 * 1024
"""Bytes of a report that are read; it holds three small parts."""
_STATES = {
    Said.PROCESSED: ConfirmationState.PROCESSED,
    Said.DISPATCHED: ConfirmationState.DISPATCHED,
    Said.FAILED: ConfirmationState.FAILED,
}
_WAITING = (ConfirmationState.AWAITED, ConfirmationState.PROCESSED)


@dataclass(frozen=True, slots=True)
class Proven:
    """The content of a mail as it was signed, by whom, and which certificates came along."""

    content: bytes = field(repr=False)
    signer: x509.Certificate = field(repr=False)
    others: tuple[x509.Certificate, ...] = field(default=(), repr=False)


OpenReport = Callable[[bytes], Proven | None]
"""Decrypts a whole mail and checks its signature; None where it bears none that holds."""
Vouched = Callable[[Address, x509.Certificate, Sequence[x509.Certificate], datetime], bool]
"""Whether the recipient's Direct community vouches for that certificate, for that address or its domain."""


@dataclass(frozen=True, slots=True)
class Report:
    """What came to a copy's address: what is said if anything is, and who signed it if anybody did."""

    found: Disposition | None
    proven: Proven | None = field(default=None, repr=False)
    bounce: bool = False
    """A mail server's own report, which nobody signs."""


@dataclass(frozen=True, slots=True)
class Confirmations:
    """Waits, believes, tells; with a worker's keys."""

    store: Store
    reader: Reader
    columns: Columns = field(repr=False)
    notices: Notices
    clock: Clock
    open: OpenReport
    vouched: Vouched
    processed: timedelta
    dispatched: timedelta

    def begin(self, uow: UnitOfWork, row: DeliveryRow, at: datetime) -> None:
        """The next hop took a copy that went as Direct: wait for what the recipient's system says."""
        if DIRECT in row.reasons and uow.confirmations.get(row.id, lock=True) is None:
            due = at + self.processed
            state = ConfirmationState.AWAITED
            uow.confirmations.add(ConfirmationRow(row.id, row.message_id, state, at, due, at + self.dispatched))

    def read(self, chunks: Iterable[bytes]) -> Report:
        """A mail to the address of a copy; not inside a transaction."""
        raw = bytearray()
        for chunk in chunks:
            raw += chunk
            if len(raw) > LARGEST:
                return Report(None)
        proven = self.open(bytes(raw))
        tree = self.reader.split([proven.content if proven is not None else bytes(raw)], MemorySink()).tree
        kinds = {part.media_type for part in tree.walk()}
        bounce = "message/delivery-status" in kinds and "message/disposition-notification" not in kinds
        return Report(disposition(tree), proven, proven is None and bounce)

    def takes(self, uow: UnitOfWork, row: DeliveryRow, report: Report) -> bool:
        """Whether a report is a confirmation, true or not, of a copy that waits for one. TemporaryError while it is being sent."""
        if DIRECT not in row.reasons or report.bounce:
            return False
        if row.state is DeliveryState.SENDING:
            # The recipient's system was faster than our own note of the next hop's answer.
            raise TemporaryError("the copy that was confirmed is still noted as being sent")
        return uow.confirmations.get(row.id, lock=True) is not None

    def note(self, uow: UnitOfWork, row: DeliveryRow, report: Report) -> bool:
        """Take a report down, or say why not; True if the copy has failed by it."""
        at, present = self.clock.now(), uow.confirmations.get(row.id, lock=True)
        if present is None:
            return False
        why = self._doubt(uow, row, report, at)
        if why or report.found is None:
            self._tell(uow, row, EventKind.UNCONFIRMED, {"why": why or "nothing said"}, at)
            return False
        then = _STATES[report.found.said]
        if then not in CONFIRMATION[present.state]:
            return False  # it was said before, or something that says more was
        late = present.state is ConfirmationState.OVERDUE
        waits = then is ConfirmationState.PROCESSED and at < present.dispatched_by
        uow.confirmations.move(row.id, then, at, present.dispatched_by if waits else None)
        self._tell(uow, row, EventKind.CONFIRMED, {"state": then.value, "late": late}, at)
        if then is ConfirmationState.FAILED:
            return True
        if late:
            self.notices.add(uow, "confirmed-late", row.message_id, json.dumps({"state": then.value}), at)
        return False

    def failed(self, uow: UnitOfWork, row: DeliveryRow) -> None:
        """The copy came back by another way: nothing is waited for any more."""
        present = uow.confirmations.get(row.id, lock=True)
        if present is not None and ConfirmationState.FAILED in CONFIRMATION[present.state]:
            uow.confirmations.move(row.id, ConfirmationState.FAILED, self.clock.now())

    def look(self) -> int:
        """A duty: tell the senders of copies that nobody confirmed in time; returns how many."""
        at, done = self.clock.now(), 0
        with self.store.begin() as uow:
            if uow.setting("quarantine"):
                return 0
            for one in uow.confirmations.overdue(at):
                present = uow.confirmations.get(one.delivery_id, lock=True)
                row = uow.deliveries.get(one.delivery_id)
                if (
                    present is None
                    or row is None
                    or present.state not in _WAITING
                    or present.due is None
                    or present.due > at
                ):
                    continue
                uow.confirmations.move(row.id, ConfirmationState.OVERDUE, at)
                self._tell(uow, row, EventKind.UNCONFIRMED, {"state": present.state.value}, at)
                if row.state is DeliveryState.DELIVERED:
                    data = json.dumps({"processed": present.state is ConfirmationState.PROCESSED})
                    self.notices.add(uow, "unconfirmed", row.message_id, data, at)
                done += 1
        return done

    def _doubt(self, uow: UnitOfWork, row: DeliveryRow, report: Report, at: datetime) -> str:
        """Why a report does not count; empty if it does."""
        if report.found is None:
            return "unreadable"
        if report.proven is None:
            return "unsigned"
        try:
            target = Address.parse(self.columns.open(TARGET, row.id, row.target).decode())
            original = self.notices.sender(uow, row.message_id).message_id
        except IntegrityError:
            return "row"
        if not self.vouched(target, report.proven.signer, report.proven.others, at):
            return "stranger"
        if report.found.original_id not in {row.outer_message_id, original} - {""}:
            return "another message"
        return ""

    @staticmethod
    def _tell(uow: UnitOfWork, row: DeliveryRow, kind: EventKind, data: dict[str, Scalar], at: datetime) -> None:
        uow.audit.append(Event(kind, row.message_id, row.id, data=data), at)
