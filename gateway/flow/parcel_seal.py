"""The portal's proof that a worker decided what it is about to show: a MAC under a key that both derive from the look-up key.

The portal must not hold the decision's key, so a second MAC stands in the parcel's row: over parcel, delivery, decision,
basis, proof and end. It is made with the parcel, and renewed with a changed decision only if it held until then.
"""

from __future__ import annotations

from datetime import UTC

from gateway.domain.errors import IntegrityError
from gateway.domain.protected import Protected
from gateway.domain.records import DeliveryRow, ParcelRow
from gateway.domain.states import ParcelState
from gateway.flow.marks import DecisionMarks, basis_text
from gateway.ports.store import UnitOfWork
from gateway.ports.vault import Seal
from gateway.seal.columns import Mac
from gateway.seal.context import framed


class ParcelSeal:
    """Written by workers and commands, checked by the portal."""

    def __init__(self, lookup_key: Protected[bytes], installation: str) -> None:
        self._mac = Mac(lookup_key, installation, Seal.PARCEL)
        self._marks = DecisionMarks(lookup_key, installation)

    def of(self, parcel: ParcelRow, delivery: DeliveryRow) -> bytes:
        """The seal of a parcel under that decision."""
        return self._mac.tag(_bound(parcel, delivery))

    def renew(self, uow: UnitOfWork, before: DeliveryRow, after: DeliveryRow) -> None:
        """Seal the delivery's open parcel, if there is one, to its new decision; IntegrityError if the old seal is broken."""
        parcel = uow.parcels.of_delivery(after.id)
        if parcel is not None and parcel.state in {ParcelState.SEALED, ParcelState.OPENED}:
            self._holds(parcel, before)
            uow.parcels.set_seal(parcel.id, self.of(parcel, after))

    def check(self, uow: UnitOfWork, parcel: ParcelRow, delivery: DeliveryRow) -> None:
        """IntegrityError unless both rows are as a worker left them, and the decision is the last that the log knows."""
        self._holds(parcel, delivery)
        self._marks.check_last(uow, delivery)

    def _holds(self, parcel: ParcelRow, delivery: DeliveryRow) -> None:
        if not self._mac.holds(_bound(parcel, delivery), parcel.seal):
            raise IntegrityError(f"parcel {parcel.id} or its decision is not as a worker left it")


def _bound(parcel: ParcelRow, delivery: DeliveryRow) -> bytes:
    fields = (
        parcel.id, parcel.delivery_id, delivery.id, delivery.message_id, delivery.action.value, basis_text(delivery.basis),
        parcel.proof, parcel.expires_at.astimezone(UTC).isoformat(),
    )  # fmt: skip
    return framed(*(one.encode() for one in fields), delivery.mac)
