"""When a parcel may be shown: its own state, its delivery's, and the versions that the decision rested on."""

from __future__ import annotations

from datetime import datetime

from gateway.domain.decision import Basis
from gateway.domain.errors import IntegrityError, PickupRefused
from gateway.domain.records import ParcelRow
from gateway.domain.states import DeliveryState, ParcelState
from gateway.flow.consent_log import newest
from gateway.flow.quarantine import quarantined
from gateway.flow.register_log import check_patient, checked_partners
from gateway.ports.store import UnitOfWork

POLICY = "policy"
"""The setting with the version of the policy that a worker loaded last: the portal does not read the policy itself."""
_BY_PARCEL = {
    ParcelState.REVOKED: "revoked",
    ParcelState.EXPIRED: "expired",
    ParcelState.CLOSED: "closed",
}
_BY_DELIVERY = {
    DeliveryState.READY: "not_yet_allowed",
    DeliveryState.HELD: "not_yet_allowed",
    DeliveryState.FAILED: "closed",
    DeliveryState.REFUSED: "closed",
    DeliveryState.SUPERSEDED: "closed",
}


def proofs(row: ParcelRow) -> tuple[str, ...]:
    """What may prove this recipient: `mailbox`, `phone`, `staff`."""
    return tuple(one for one in row.proof.split(",") if one)


def known(uow: UnitOfWork, row: ParcelRow | None, now: datetime) -> ParcelRow:
    """The row if it stands; PickupRefused as `stand`, or `unknown` when there is none, after as many questions."""
    if row is None:
        uow.setting("quarantine")
        uow.deliveries.get("")
        raise PickupRefused("unknown")
    stand(uow, row, now)
    return row


def stand(uow: UnitOfWork, row: ParcelRow, now: datetime) -> None:
    """Raise PickupRefused when the parcel's time is over, it was closed, or its delivery is not (or no longer) decided."""
    if row.state in _BY_PARCEL:
        raise PickupRefused(_BY_PARCEL[row.state])
    if row.expires_at <= now:
        raise PickupRefused("expired")
    if quarantined(uow):
        raise PickupRefused("restoring")
    delivery = uow.deliveries.get(row.delivery_id)
    if delivery is None:
        raise PickupRefused("gone")
    if delivery.state in _BY_DELIVERY:
        raise PickupRefused(_BY_DELIVERY[delivery.state])


def holds(uow: UnitOfWork, basis: Basis) -> bool:
    """Whether policy, patients, consents and partner still have the versions that the decision saw; the register stands
    still until the transaction ends.
    """
    uow.register.version(lock=True)
    if uow.setting(POLICY) not in {"", basis.policy}:
        return False
    for patient_id, version in basis.patients:
        patient = uow.register.patient(patient_id, lock=True)
        if patient is None or patient.version != version:
            return False
    try:
        for patient_id, version in basis.patients:
            check_patient(uow, patient_id, version)
        if any(newest(uow, one, lock=True) != seq for one, seq in basis.consents):
            return False
        if basis.partner is not None:
            checked_partners(uow)
    except IntegrityError:
        return False  # a worker closes the link when it judges it again
    if basis.partner is not None:
        partner = uow.register.partner(basis.partner[0])
        return partner is not None and partner.version == basis.partner[1]
    return True
