"""Replay: the rows of the log that a backup lacks are put back from the journal, and what they tell of is done again.

The log's rows come back as they were, in the order of leaves; `done_again` does what each one tells of. Then the register
and its consents are brought forward. A row that does not follow on the log is listed, and what it tells of stays for
`restored` to hold or shut.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

from gateway.domain.errors import IntegrityError
from gateway.flow.done_again import Again
from gateway.flow.journal import Entry, Journal
from gateway.flow.known import Known
from gateway.flow.parcels import Parcels
from gateway.flow.register import Register
from gateway.ports.store import Store, UnitOfWork

_BATCH = 100
_CONSENTS = 100


@dataclass(frozen=True, slots=True)
class Replay:
    """Does again what the journal tells, with a worker's keys."""

    store: Store
    journal: Journal
    again: Again
    parcels: Parcels
    register: Register

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
            self.again.row(uow, entry, known)
        return None if expected is None else expected + 1

    def _bring_forward(self, known: Known) -> None:
        """The register's records and consents, as they were last; sealed to versions that the log tells of."""
        for patient in known.patients.values():
            with self.store.begin() as uow:
                back = self.register.put_back_patient(uow, patient)
            if not back:
                known.unreplayed.append(
                    f"the record of patient {patient.id}, of which the journal has an older one only"
                )
        for partner in known.partners.values():
            with self.store.begin() as uow:
                self.register.put_back_partner(uow, partner)
        consents = iter(known.consents)
        while batch := list(islice(consents, _CONSENTS)):
            with self.store.begin() as uow:
                for consent in batch:
                    if consent.seq != uow.register.consent_version(consent.patient_id, lock=True) + 1:
                        known.broken.add(consent.patient_id)
                        continue
                    uow.register.append_consent(consent)
        for chain in sorted(known.broken):
            known.unreplayed.append(f"the chain of {chain or 'the installation'} has a hole")
