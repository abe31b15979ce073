"""Decisions as rows that only a worker can make: sealed addresses, and a MAC over everything that was decided.

Dispatch and release check the MAC before they act, and that no later decision was made (`marks`); the portal checks a
MAC of its own (`parcel_seal`). A row that does not hold is HELD with an alert.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.domain.address import Address
from gateway.domain.audit import Event, EventKind, Scalar
from gateway.domain.decision import Action, Basis, Decision, HoldReason
from gateway.domain.errors import IntegrityError
from gateway.domain.records import DeliveryRow, MessageRow
from gateway.domain.states import DeliveryState
from gateway.flow import reasons
from gateway.flow.keys import WorkerKeys
from gateway.flow.marks import DecisionMarks, basis_text
from gateway.flow.parcel_seal import ParcelSeal
from gateway.flow.summary import Summary
from gateway.policy.verdict import Verdict
from gateway.ports.store import UnitOfWork
from gateway.seal.context import framed

RECIPIENT, TARGET = "delivery.recipient", "delivery.target"
STOPPED = "held.staff"
"""The reason of a copy that a person stopped: no new fact lets it go, only a person."""
_STATE = {Action.DELIVER: DeliveryState.READY, Action.HOLD: DeliveryState.HELD, Action.REFUSE: DeliveryState.REFUSED}


@dataclass(frozen=True, slots=True)
class Decided:
    """A verified delivery with its addresses opened."""

    row: DeliveryRow
    recipient: Address
    target: Address


class Decisions:
    """Writes and verifies delivery rows with the worker's keys."""

    def __init__(self, keys: WorkerKeys) -> None:
        self._keys, self._parcels = keys, ParcelSeal(keys.lookup, keys.installation)
        self.marks = DecisionMarks(keys.lookup, keys.installation)

    def row(
        self,
        decision: Decision,
        *,
        message_id: str,
        delivery_id: str,
        position: int,
        commitment: bytes,
        outer_message_id: str,
        expires: timedelta | None = None,
    ) -> DeliveryRow:
        """The row of a decision, sealed and with its MAC."""
        columns = self._keys.columns
        row = DeliveryRow(
            id=delivery_id, message_id=message_id, position=position,
            recipient=columns.seal(RECIPIENT, delivery_id, str(decision.recipient).encode()),
            target=columns.seal(TARGET, delivery_id, str(decision.target).encode()),
            action=decision.action, method=decision.method, rule=decision.rule, reasons=decision.reasons,
            basis=decision.basis, mac=b"", state=_STATE[decision.action], held_for=decision.held_for,
            open_text=decision.open_text, sensitive=tuple(one.value for one in decision.sensitive),
            notices=decision.notices, outer_message_id=outer_message_id,
            expires_after=int(expires.total_seconds()) if expires else 0,
        )  # fmt: skip
        return replace(row, mac=self._mac(row, decision.recipient, decision.target, commitment))

    def verified(self, row: DeliveryRow, commitment: bytes) -> Decided:
        """Open the addresses and check the MAC; IntegrityError when anything was changed, moved or made elsewhere."""
        recipient = Address.parse(self._keys.columns.open(RECIPIENT, row.id, row.recipient).decode())
        target = Address.parse(self._keys.columns.open(TARGET, row.id, row.target).decode())
        if not self._keys.decision.holds(self._bound(row, recipient, target, commitment), row.mac):
            raise IntegrityError(f"the decision of delivery {row.id} was not made by a worker")
        return Decided(row, recipient, target)

    def stopped(self, decided: Decided, commitment: bytes) -> DeliveryRow:
        """The row of a copy that staff stopped; only their release lets it go."""
        row = decided.row
        decision = Decision(
            recipient=decided.recipient, target=decided.target, action=Action.HOLD, method=None, rule="held by staff",
            reasons=(*row.reasons, STOPPED), basis=row.basis, held_for=HoldReason.RULE,
        )  # fmt: skip
        return self.row(
            decision, message_id=row.message_id, delivery_id=row.id, position=row.position, commitment=commitment,
            outer_message_id=row.outer_message_id,
            expires=timedelta(seconds=row.expires_after) if row.expires_after else None,
        )  # fmt: skip

    def keep_reason(self, uow: UnitOfWork, words: str) -> str:
        """Seal what a person wrote; returns the commitment for the row of the log (`reasons`)."""
        return reasons.keep(uow, self._keys.columns, words)

    def keep_scan(self, message_id: str, summary: Summary, commitment: bytes) -> str:
        """What is kept of a scan, with the content's commitment, under a MAC: nobody else can make a mail look clean."""
        text = f"{commitment.hex()}{summary.dump()}"
        return f"{self._keys.decision.tag(self._scan_bound(message_id, text)).hex()}{text}"

    def kept_scan(self, message: MessageRow) -> tuple[Summary, bytes]:
        """The summary and the content's commitment; IntegrityError when it is missing or not as a worker wrote it."""
        tag, text = message.scan[:64], message.scan[64:]
        try:
            held = self._keys.decision.holds(self._scan_bound(message.id, text), bytes.fromhex(tag))
        except ValueError:
            held = False
        if not held or not text:
            raise IntegrityError(f"the scan of message {message.id} was not written by a worker")
        return Summary.load(text[64:]), bytes.fromhex(text[:64])

    def redecide(self, uow: UnitOfWork, before: DeliveryRow, row: DeliveryRow) -> None:
        """Put a fresh decision into its row, and seal an open parcel to it. The caller's audit row carries its mark."""
        uow.deliveries.redecide(row)
        self._parcels.renew(uow, before, row)

    def tell(self, uow: UnitOfWork, row: DeliveryRow, at: datetime, **more: Scalar) -> None:
        """The row of the log that a decision needs, with its mark."""
        data: dict[str, Scalar] = {
            "action": row.action.value, "method": row.method.value if row.method else "", "rule": row.rule,
            "reasons": ",".join(row.reasons), "held_for": row.held_for.value if row.held_for else "",
            "mark": self.marks.mark(uow, row), **more,
        }  # fmt: skip
        uow.audit.append(Event(EventKind.DECIDED, row.message_id, row.id, data=data), at)

    def screened(
        self, uow: UnitOfWork, before: DeliveryRow, commitment: bytes, harm: Verdict | None, at: datetime
    ) -> DeliveryRow:
        """Decide a copy that is carried into the practice anew, by what was found in it; it has no method. Its state is the caller's."""
        decided = self.verified(before, commitment)
        self.marks.check_last(uow, before)
        decision = carried(decided.recipient, decided.target, before.rule, before.basis, harm)
        made = self.row(
            decision, message_id=before.message_id, delivery_id=before.id, position=before.position,
            commitment=commitment, outer_message_id=before.outer_message_id,
        )  # fmt: skip
        self.redecide(uow, before, made)
        self.tell(uow, made, at)
        return replace(made, state=before.state)

    def rebase(self, uow: UnitOfWork, decided: Decided, basis: Basis, commitment: bytes) -> DeliveryRow:
        """Renew what a decision rests on, and seal an open parcel to it; returns the row, whose mark is the caller's."""
        row = replace(decided.row, basis=basis)
        row = replace(row, mac=self._mac(row, decided.recipient, decided.target, commitment))
        uow.deliveries.rebase(row.id, basis, row.mac)
        self._parcels.renew(uow, decided.row, row)
        return row

    def _mac(self, row: DeliveryRow, recipient: Address, target: Address, commitment: bytes) -> bytes:
        return self._keys.decision.tag(self._bound(row, recipient, target, commitment))

    @staticmethod
    def _scan_bound(message_id: str, text: str) -> bytes:
        return framed(b"scan", message_id.encode(), text.encode())

    @staticmethod
    def _bound(row: DeliveryRow, recipient: Address, target: Address, commitment: bytes) -> bytes:
        fields = (
            row.message_id, row.id, str(row.position), recipient.key, target.key, row.action.value,
            row.method.value if row.method else "", row.rule, ",".join(row.reasons), basis_text(row.basis),
            row.held_for.value if row.held_for else "", row.open_text.value, ",".join(row.sensitive),
            ",".join(row.notices), row.outer_message_id, str(row.expires_after),
        )  # fmt: skip
        return framed(*(one.encode() for one in fields), commitment)


def carried(recipient: Address, target: Address, rule: str, basis: Basis, harm: Verdict | None = None) -> Decision:
    """The decision on a copy that is carried into the practice, an answer or a mail from outside: it has no method, and goes
    unless something harmful was found in it.
    """
    return Decision(
        recipient=recipient, target=target, action=Action.DELIVER if harm is None else harm.action, method=None, rule=rule,
        reasons=harm.reasons if harm is not None else (), basis=basis, held_for=harm.held_for if harm is not None else None,
    )  # fmt: skip
