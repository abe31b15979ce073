"""Patients, partners and the consent log. Requests and certificates are in `contacts`.

Every change raises one number, under which readers may keep what they have read.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import cast, delete, func, select, update
from sqlalchemy.types import Integer, Text

from gateway.adapters.sql.channel import value_from, values_from, values_of
from gateway.adapters.sql.contacts import SqlContacts
from gateway.adapters.sql.tables import settings
from gateway.adapters.sql.tables_register import consents, partners, patient_indexes, patients
from gateway.domain.errors import PermanentError
from gateway.domain.register_rows import ConsentRow, PartnerRow, PatientIndex, PatientRow

_VERSION = "register_version"


class SqlRegister(SqlContacts):
    """The Register port."""

    def version(self, *, lock: bool = False) -> int:
        """Rises with every change of patients, partners or consents; `lock` makes writers wait, but not other readers."""
        statement = select(settings.c.value).where(settings.c.name == _VERSION)
        if lock:
            self._channel.added(settings, {"name": _VERSION, "value": "0"}, ["name"])  # what is not there is not locked
        return int(self._channel.value(statement.with_for_update(read=True) if lock else statement) or 0)

    def alone(self) -> None:
        """Stand in line with the register's other writers, before any row of it is locked."""
        self._channel.added(settings, {"name": _VERSION, "value": "0"}, ["name"])
        self._channel.run(select(settings.c.value).where(settings.c.name == _VERSION).with_for_update())

    def put_patient(self, row: PatientRow, indexes: Sequence[PatientIndex]) -> None:
        """Add or replace; PermanentError unless the version is one above the present one (1 when new)."""
        self._changed()
        present = self.patient(row.id, lock=True)
        follows = 1 if present is None else present.version + 1
        if row.version != follows:
            raise PermanentError(f"patient {row.id}: version {row.version} does not follow, {follows} would")
        self._channel.put(patients, values_of(row))
        self._channel.run(delete(patient_indexes).where(patient_indexes.c.patient_id == row.id))
        for kind, tag in dict.fromkeys((index.kind, index.tag) for index in indexes):
            self._channel.run(patient_indexes.insert().values(kind=kind, tag=tag, patient_id=row.id))

    def patient(self, patient_id: str, *, lock: bool = False) -> PatientRow | None:
        """The patient; `lock` keeps the row until the transaction ends."""
        statement = select(patients).where(patients.c.id == patient_id)
        row = self._channel.one(statement.with_for_update() if lock else statement)
        return None if row is None else value_from(PatientRow, row)

    def patients(self, after: str = "", limit: int = 1000) -> list[PatientRow]:
        """Patients by id, from the one after `after`."""
        statement = select(patients).where(patients.c.id > after).order_by(patients.c.id).limit(limit)
        return values_from(PatientRow, self._channel.all(statement))

    def find_patients(self, index: PatientIndex) -> list[PatientRow]:
        """Patients with that blind index."""
        statement = (
            select(patients)
            .join(patient_indexes, patient_indexes.c.patient_id == patients.c.id)
            .where(patient_indexes.c.kind == index.kind, patient_indexes.c.tag == index.tag)
            .order_by(patients.c.id)
        )
        return values_from(PatientRow, self._channel.all(statement))

    def put_partner(self, row: PartnerRow) -> None:
        """Add or replace."""
        self._changed()
        self._channel.put(partners, values_of(row))

    def partner(self, partner_id: str) -> PartnerRow | None:
        """The partner, or None."""
        row = self._channel.one(select(partners).where(partners.c.id == partner_id))
        return None if row is None else value_from(PartnerRow, row)

    def partners(self) -> list[PartnerRow]:
        """All partners by id."""
        return values_from(PartnerRow, self._channel.all(select(partners).order_by(partners.c.id)))

    def append_consent(self, row: ConsentRow) -> int:
        """Add to the patient's log; returns the number it got. PermanentError for an unknown patient."""
        self._changed()
        if self.patient(row.patient_id, lock=True) is None:
            raise PermanentError(f"no patient {row.patient_id} to record a consent of")
        seq = self.consent_version(row.patient_id) + 1
        self._channel.add(consents, values_of(row) | {"seq": seq})
        return seq

    def consents(self, patient_id: str) -> list[ConsentRow]:
        """The patient's log in order."""
        statement = select(consents).where(consents.c.patient_id == patient_id).order_by(consents.c.seq)
        return values_from(ConsentRow, self._channel.all(statement))

    def consent_version(self, patient_id: str, *, lock: bool = False) -> int:
        """The highest number of that patient, 0 for none; `lock` keeps anybody from adding until the transaction ends."""
        if lock:
            self.patient(patient_id, lock=True)
        statement = select(func.coalesce(func.max(consents.c.seq), 0)).where(consents.c.patient_id == patient_id)
        return int(self._channel.value(statement))

    def _changed(self) -> None:
        # The row stays locked until the end, so the register's writers stand in line and each number is one change.
        self._channel.added(settings, {"name": _VERSION, "value": "0"}, ["name"])
        risen = cast(cast(settings.c.value, Integer) + 1, Text)
        self._channel.run(update(settings).where(settings.c.name == _VERSION).values(value=risen))
