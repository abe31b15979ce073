"""Register files into the register: new rows get ids, known ones are changed only where the file says something else.

What the file does not speak of stays: restrictions, proxies, the confidential address, verified addresses on record.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from gateway.app.register_files import ConsentLine
from gateway.domain.errors import ConfigError, PermanentError
from gateway.domain.patient import ConsentEvent, Partner, Patient
from gateway.flow.register import Register
from gateway.ports.clock import Clock
from gateway.ports.store import Store, UnitOfWork
from gateway.ports.tokens import Tokens

_BATCH = 50
"""Rows of one transaction, so that mail is not kept waiting."""
_PARTNERS = 20
"""Partners of one: each of them has all partners read."""


@dataclass(slots=True)
class Counts:
    """What an import did."""

    added: int = 0
    changed: int = 0
    same: int = 0


@dataclass(frozen=True, slots=True)
class Importer:
    """Writes with the workers' register keys; `actor` is named in the log."""

    store: Store
    register: Register
    clock: Clock
    tokens: Tokens
    actor: str

    def patients(self, found: Sequence[Patient], *, verified: bool = False) -> Counts:
        """Add or change patients, by record number, or by name and birth date where there is none."""
        counts = Counts()
        unnumbered = self._unnumbered() if any(not one.mrn for one in found) else {}
        for start in range(0, len(found), _BATCH):
            with self.store.begin() as uow:
                for one in found[start : start + _BATCH]:
                    before = self._known(uow, one) if one.mrn else unnumbered.get(_who(one))
                    self._patient(uow, one, before, counts, verified=verified)
        return counts

    def partners(self, found: Iterable[Partner]) -> Counts:
        """Add or change partners, by domain or address."""
        counts, left = Counts(), list(found)
        with self.store.begin() as uow:
            known = {one.scope: one for one in self.register.partners(uow)}
        for start in range(0, len(left), _PARTNERS):
            with self.store.begin() as uow:
                for one in left[start : start + _PARTNERS]:
                    self._partner(uow, one, known, counts)
        return counts

    def consents(self, lines: Sequence[ConsentLine]) -> Counts:
        """Append consents, after all lines were found to be of patients on record. One that the log's end says already is
        not repeated, so that after an interruption the same file goes on where it ended.
        """
        counts = Counts()
        for write in (False, True):
            for start in range(0, len(lines), _BATCH):
                with self.store.begin() as uow:
                    for line in lines[start : start + _BATCH]:
                        patient = self.numbered(uow, line.mrn)
                        if patient is None:
                            raise line.row.wrong("mrn", "is nobody's on record; import the patient first")
                        if write:
                            self._consent(uow, replace(line.event, patient_id=patient.id), counts)
        return counts

    def numbered(self, uow: UnitOfWork, mrn: str) -> Patient | None:
        """The one patient with that record number; PermanentError when the register has it twice."""
        found = self.register.by_mrn(uow, mrn)
        if len(found) > 1:
            raise PermanentError("the register has this record number for two patients; give each its own")
        return found[0] if found else None

    def change(self, uow: UnitOfWork, before: Patient, after: Patient) -> None:
        """Write a changed patient under the next version."""
        self.register.put_patient(uow, replace(after, version=before.version + 1), self.clock.now(), self.actor)

    def _patient(
        self, uow: UnitOfWork, one: Patient, before: Patient | None, counts: Counts, *, verified: bool
    ) -> None:  # fmt: skip
        keys = frozenset(each.key for each in one.emails)
        if before is None:
            fresh = replace(one, id=self.tokens.id(), verified_addresses=keys if verified else frozenset())
            self.register.put_patient(uow, fresh, self.clock.now(), self.actor)
            counts.added += 1
            return
        kept = before.verified_addresses & keys
        after = replace(
            one, id=before.id, version=before.version, restrictions=before.restrictions, proxies=before.proxies,
            confidential_address=before.confidential_address, phrase=before.phrase,
            verified_addresses=keys if verified else kept,
        )  # fmt: skip
        if after == before:
            counts.same += 1
            return
        self.change(uow, before, after)
        counts.changed += 1

    def _partner(self, uow: UnitOfWork, one: Partner, known: dict[str, Partner], counts: Counts) -> None:
        before = known.get(one.scope)
        if before is None:
            after = replace(one, id=self.tokens.id())
            counts.added += 1
        else:
            after = replace(one, id=before.id, version=before.version)
            if after == before:
                counts.same += 1
                return
            after = replace(after, version=before.version + 1)
            counts.changed += 1
        known[after.scope] = after
        self.register.put_partner(uow, after, self.clock.now(), self.actor)

    def _consent(self, uow: UnitOfWork, event: ConsentEvent, counts: Counts) -> None:
        log = self.register.consents(uow, event.patient_id)
        last = next((one for one in reversed(log) if one.same_subject(event)), None)
        if last is not None and replace(last, seq=0, at=None) == event:
            counts.same += 1
            return
        self.register.append_consent(uow, event, self.clock.now(), self.actor)
        counts.added += 1

    def _known(self, uow: UnitOfWork, one: Patient) -> Patient | None:
        return self.numbered(uow, one.mrn)

    def _unnumbered(self) -> dict[tuple[object, ...], Patient]:
        found: dict[tuple[object, ...], Patient] = {}
        for one in self.register.patients(self.store)[1]:
            if not one.mrn:
                if _who(one) in found:
                    raise ConfigError("the register has two patients of one name and birth date without record number")
                found[_who(one)] = one
        return found


def _who(one: Patient) -> tuple[object, ...]:
    return one.given.casefold(), one.family.casefold(), one.birth_date
