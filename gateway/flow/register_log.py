"""What the log tells of the register: which version of each record is the newest, so that an older one counts no more.

A patient's record and consents are one chain of the log, named by the patient's id; partners share one chain. A record is
sealed to its version (`register`), so nothing but a change by somebody with the keys brings another one in force.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gateway.domain.audit import Scalar
from gateway.domain.errors import IntegrityError
from gateway.domain.register_rows import PartnerRow
from gateway.ports.store import AuditRow, UnitOfWork
from gateway.seal.told import greatest

PARTNERS = "partners"
"""The chain of partners' changes."""


def check_patient(uow: UnitOfWork, patient_id: str, version: int) -> None:
    """IntegrityError unless that is the newest version of the patient's record that the log knows."""
    if greatest(uow.audit, patient_id, "version") != version:
        raise IntegrityError(f"the record of patient {patient_id} is not the last one that was written")


def raise_patients(found: dict[str, int], rows: Iterable[AuditRow]) -> set[str]:
    """Bring the newest version of every patient up to what those rows of the log tell; returns of whom they tell."""
    told = [row.event.data for row in rows if row.event.data.get("what") == "patient"]
    for data in told:
        _raise_to(found, data)
    return {str(data["id"]) for data in told}


def partner_versions(uow: UnitOfWork) -> dict[str, int]:
    """The newest version of every partner that was ever registered."""
    found: dict[str, int] = {}
    for row in uow.audit.of_message(PARTNERS):
        _raise_to(found, row.event.data)
    return found


def checked_partners(uow: UnitOfWork) -> list[PartnerRow]:
    """Every partner's row; IntegrityError when one is missing or not the last one that was written."""
    rows = uow.register.partners()
    if {row.id: row.version for row in rows} != partner_versions(uow):
        raise IntegrityError("the partners are not those that were written last")
    return rows


def _raise_to(found: dict[str, int], data: Mapping[str, Scalar]) -> None:
    try:
        one, version = str(data["id"]), int(data["version"] or 0)
    except (KeyError, TypeError, ValueError) as error:
        raise IntegrityError("the log has a change of the register that cannot be read") from error
    found[one] = max(version, found.get(one, 0))
