"""The register as workers see it: sealed rows in, patients, partners and consents out; and the only writer of them.

Everything personal is one sealed column per row. Look-ups go by blind index: address, proxy's address, phone, number.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from gateway.domain.address import Address
from gateway.domain.audit import Event, EventKind, Scalar
from gateway.domain.errors import IntegrityError
from gateway.domain.patient import (
    ConsentEvent,
    ConsentEventType,
    ConsentKind,
    Partner,
    Patient,
)
from gateway.domain.records import JobKind
from gateway.domain.register_rows import ConsentRow, PartnerRow, PatientIndex, PatientRow
from gateway.flow.consent_log import newest
from gateway.flow.register_log import PARTNERS, check_patient, checked_partners, partner_versions
from gateway.flow.register_pages import whole
from gateway.flow.register_records import (
    consent_fields,
    partner_fields,
    patient_fields,
    read_day,
    read_json,
    read_partner,
    read_patient,
    to_json,
)
from gateway.ports.store import Store, UnitOfWork
from gateway.seal.columns import BlindIndex, Columns, normal_mrn
from gateway.seal.told import greatest

_PATIENT, _PARTNER, _CONSENT = "patient.record", "partner.record", "consent.event"


@dataclass(frozen=True, slots=True)
class Register:
    """Reads and writes the register with the workers' column and index keys."""

    columns: Columns = field(repr=False)
    index: BlindIndex = field(repr=False)

    def put_patient(self, uow: UnitOfWork, patient: Patient, at: datetime, actor: str) -> None:
        """Add or replace a patient, with every blind index; an audit row goes with it."""
        sealed = self.columns.seal(_PATIENT, _versioned(patient), to_json(patient_fields(patient)))
        uow.register.put_patient(PatientRow(patient.id, patient.version, sealed), self._indexes(patient))
        data: dict[str, Scalar] = {"what": "patient", "id": patient.id, "version": patient.version}
        uow.audit.append(Event(EventKind.REGISTER_CHANGED, patient.id, actor=actor, data=data), at)
        check_patient(uow, patient.id, patient.version)
        if patient.version > 1:
            check_parcels(uow, patient.id, at)

    def put_back_patient(self, uow: UnitOfWork, row: PatientRow) -> bool:
        """After a restore, whose log tells of it already: a patient's record as it was last, in the version that the log
        tells. False when the record is an older one than that; then nobody's is used.
        """
        newest_version, present = greatest(uow.audit, row.id, "version"), uow.register.patient(row.id, lock=True)
        if row.version < newest_version:
            return False
        patient = self._patient(row)
        for version in range((present.version if present else 0) + 1, newest_version + 1):
            again = replace(patient, version=version)
            sealed = self.columns.seal(_PATIENT, _versioned(again), to_json(patient_fields(again)))
            uow.register.put_patient(PatientRow(row.id, version, sealed), self._indexes(again))
        return True

    def put_back_partner(self, uow: UnitOfWork, row: PartnerRow) -> None:
        """The same for a partner."""
        told = partner_versions(uow).get(row.id, 0)
        if row.version >= told:
            again = replace(self._partner(row), version=told)
            sealed = self.columns.seal(_PARTNER, _versioned(again), to_json(partner_fields(again)))
            uow.register.put_partner(PartnerRow(row.id, told, sealed))

    def patient(self, uow: UnitOfWork, patient_id: str) -> Patient | None:
        """One patient by id."""
        row = uow.register.patient(patient_id)
        return self._last(uow, row) if row else None

    def patients(self, store: Store) -> tuple[int, list[Patient]]:
        """The register's version and all its patients, in many short transactions of its own; IntegrityError when one is
        missing or not the last one that was written, RegisterMoved when it does not stand still.
        """
        return whole(store, self._patient)

    def at_address(self, uow: UnitOfWork, address: Address) -> tuple[list[Patient], list[Patient]]:
        """Those whose address it is, and those for whom the person at that address is on record as a proxy."""
        uow.register.version(lock=True)  # a record that changes between this and the look into the log is no forgery
        own = uow.register.find_patients(PatientIndex("email", self.index.address("email", address)))
        proxied = uow.register.find_patients(PatientIndex("proxy_email", self.index.address("proxy_email", address)))
        owners, wards = [self._last(uow, row) for row in own], [self._last(uow, row) for row in proxied]
        if any(address.key not in {each.key for each in one.emails} for one in owners):
            raise IntegrityError("the index names a patient whose record does not have this address")
        if any(address.key not in {each.address.key for each in one.proxies} for one in wards):
            raise IntegrityError("the index names a patient whose record does not have this proxy")
        return owners, wards

    def by_mrn(self, uow: UnitOfWork, mrn: str) -> list[Patient]:
        """Patients with that record number."""
        rows = uow.register.find_patients(PatientIndex("mrn", self.index.mrn(mrn)))
        found = [self._last(uow, row) for row in rows]
        if any(normal_mrn(one.mrn) != normal_mrn(mrn) for one in found):
            raise IntegrityError("the index names a patient whose record does not have this number")
        return found

    def put_partner(self, uow: UnitOfWork, partner: Partner, at: datetime, actor: str) -> None:
        """Add or replace a partner."""
        sealed = self.columns.seal(_PARTNER, _versioned(partner), to_json(partner_fields(partner)))
        uow.register.put_partner(PartnerRow(partner.id, partner.version, sealed))
        data: dict[str, Scalar] = {"what": "partner", "id": partner.id, "version": partner.version}
        uow.audit.append(Event(EventKind.REGISTER_CHANGED, PARTNERS, actor=actor, data=data), at)
        checked_partners(uow)

    def partners(self, uow: UnitOfWork) -> list[Partner]:
        """All partners; IntegrityError when one is missing or not the last one that was written."""
        return [self._partner(row) for row in checked_partners(uow)]

    def partner_for(self, uow: UnitOfWork, address: Address) -> Partner | None:
        """The partner that covers an address; an entry for the whole address beats one for its domain."""
        found = [one for one in self.partners(uow) if one.covers(address)]
        return min(found, key=lambda one: "@" not in one.scope, default=None)

    def append_consent(self, uow: UnitOfWork, event: ConsentEvent, at: datetime, actor: str) -> int:
        """Add an event to the consent log; returns its seq."""
        uow.register.alone()
        seq = newest(uow, event.patient_id, lock=True) + 1
        sealed = self.columns.seal(_CONSENT, f"{event.patient_id}:{seq}", to_json(consent_fields(event)))
        row = ConsentRow(event.patient_id, seq, event.type.value, event.kind.value, at, sealed)
        given = uow.register.append_consent(row)
        if given != seq:
            raise IntegrityError("the consent log gave another number than it announced")
        kind = {
            ConsentEventType.GIVEN: EventKind.CONSENT_GIVEN,
            ConsentEventType.REVOKED: EventKind.CONSENT_REVOKED,
            ConsentEventType.REFUSED: EventKind.CONSENT_REFUSED,
            ConsentEventType.REQUESTED: EventKind.CONSENT_REQUESTED,
        }[event.type]
        data: dict[str, Scalar] = {"patient": event.patient_id, "seq": seq, "kind": event.kind.value}
        uow.audit.append(Event(kind, event.patient_id, actor=actor, data=data), at)
        check_parcels(uow, event.patient_id, at)
        return seq

    def consents(self, uow: UnitOfWork, patient_id: str) -> tuple[ConsentEvent, ...]:
        """The whole consent log of a patient, oldest first; IntegrityError when a row was taken out or off its end."""
        rows = uow.register.consents(patient_id)
        if [row.seq for row in rows] != list(range(1, newest(uow, patient_id) + 1)):
            raise IntegrityError("a consent log has a hole")
        return tuple(self._consent(row) for row in rows)

    def _indexes(self, patient: Patient) -> list[PatientIndex]:
        found = [PatientIndex("email", self.index.address("email", one), patient.id) for one in patient.emails]
        found += [
            PatientIndex("proxy_email", self.index.address("proxy_email", one.address), patient.id)
            for one in patient.proxies
        ]
        if patient.phone:
            found.append(PatientIndex("phone", self.index.phone(patient.phone), patient.id))
        if patient.mrn:
            found.append(PatientIndex("mrn", self.index.mrn(patient.mrn), patient.id))
        return list(dict.fromkeys(found))

    def _last(self, uow: UnitOfWork, row: PatientRow) -> Patient:
        check_patient(uow, row.id, row.version)
        return self._patient(row)

    def _patient(self, row: PatientRow) -> Patient:
        return replace(
            read_patient(row.id, self.columns.open(_PATIENT, _versioned(row), row.sealed)), version=row.version
        )

    def _partner(self, row: PartnerRow) -> Partner:
        return replace(
            read_partner(row.id, self.columns.open(_PARTNER, _versioned(row), row.sealed)), version=row.version
        )

    def _consent(self, row: ConsentRow) -> ConsentEvent:
        read = read_json(self.columns.open(_CONSENT, f"{row.patient_id}:{row.seq}", row.sealed))
        try:
            event = ConsentEvent(
                patient_id=row.patient_id,
                seq=row.seq,
                type=ConsentEventType(str(read.pop("type"))),
                kind=ConsentKind(str(read.pop("kind"))),
                given_on=read_day(read.pop("given_on")),
                expires_on=read_day(read.pop("expires_on")),
                elements=tuple((str(name), str(value)) for name, value in read.pop("elements")),
                at=row.at,
                **read,
            )
        except (TypeError, ValueError, KeyError) as error:
            raise IntegrityError("a consent cannot be read") from error
        if (event.type.value, event.kind.value) != (row.type, row.kind):
            raise IntegrityError("a consent's row and its sealed record differ")
        return event


def _versioned(one: Patient | Partner | PatientRow | PartnerRow) -> str:
    """What a record is sealed to: an older record does not open in the row of a newer version."""
    return f"{one.id}:{one.version}"


def check_parcels(uow: UnitOfWork, patient_id: str, at: datetime) -> None:
    """Have every open link that rests on this patient's record judged again."""
    for row in uow.parcels.resting_on(patient_id):
        delivery = uow.deliveries.get(row.delivery_id)
        if delivery is not None and patient_id in {one for one, _ in delivery.basis.patients}:
            uow.jobs.add(JobKind.RECHECK, row.message_id, row.id, at)
