"""Where a patient's consent log ends: the audit log says it too, so that a revocation cut off at the end is missed.

Each patient's consent events are in one chain of the audit log, named by the patient's id: finding the last is cheap.
"""

from __future__ import annotations

from gateway.domain.errors import IntegrityError
from gateway.ports.store import UnitOfWork
from gateway.seal.told import greatest


def newest(uow: UnitOfWork, patient_id: str, *, lock: bool = False) -> int:
    """The highest seq of that patient, 0 for none; IntegrityError when the audit log knows another."""
    seq = uow.register.consent_version(patient_id, lock=lock)
    if greatest(uow.audit, patient_id, "seq") != seq:
        raise IntegrityError(f"the consent log of patient {patient_id} does not end where the audit log says")
    return seq
