"""The register is read in pages, as it was at one moment, whatever is written meanwhile; and nobody waits for it."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import CursorResult, Executable, RowMapping

from gateway.adapters.sql.channel import Channel
from gateway.adapters.sql.tables_register import audit, audit_chains, patient_indexes, patients
from gateway.domain.address import Address
from gateway.domain.audit import Event, EventKind
from gateway.domain.errors import IntegrityError
from gateway.domain.patient import Patient
from gateway.domain.register_rows import PatientRow
from gateway.flow.register_pages import PAGE, RegisterMoved, whole
from gateway.flow.register_records import patient_fields, to_json
from gateway.ports.store import UnitOfWork
from gateway.seal.log_hash import FIRST, canonical, row_hash
from tests.support.home import OFFICE, Home, mail

pytestmark = pytest.mark.proves("rest.sqlite")

_MOST = 2_500
"""Rows or statements of one transaction: folding the log reads up to 1,000 rows and their leaves, and nothing does more."""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home(tmp_path) as made:
        yield made


def person(number: int) -> Patient:
    letters = str(number).translate(str.maketrans("0123456789", "abcdefghij"))
    address = Address.parse(f"p{number}@mail.example.net")
    return Patient(
        f"pat{number:06}", f"MRN-{7_000_000 + number}", f"Given{letters}", f"Family{letters}", date(1950 + number % 60, 1 + number % 12, 1 + number % 28),
        emails=(address,),
    )  # fmt: skip


def fill(home: Home, count: int, start: int = 0) -> None:
    at = home.clock.now()
    for first in range(start, start + count, 200):
        with home.store.begin() as uow:
            for number in range(first, min(first + 200, start + count)):
                home.register.put_patient(uow, person(number), at, "test")


def fill_at_once(home: Home, count: int) -> None:
    """The same rows, without asking for each what was before it."""
    at, register = home.clock.now(), home.register
    for first in range(0, count, 1000):
        people = [person(number) for number in range(first, min(first + 1000, count))]
        told = [
            Event(
                EventKind.REGISTER_CHANGED, one.id, actor="test", data={"what": "patient", "id": one.id, "version": 1}
            )
            for one in people
        ]
        hashes = [row_hash(one, 1, at, FIRST) for one in told]
        sealed = [
            register.columns.seal("patient.record", f"{one.id}:1", to_json(patient_fields(one))) for one in people
        ]
        with home.store.begin() as uow:
            run = uow.audit._channel.run  # type: ignore[attr-defined]
            run(
                patients.insert(),
                [{"id": one.id, "version": 1, "sealed": row} for one, row in zip(people, sealed, strict=True)],
            )
            run(patient_indexes.insert(), [
                {"kind": row.kind, "tag": row.tag, "patient_id": one.id} for one in people for row in register._indexes(one)
            ])  # fmt: skip
            run(audit.insert(), [
                {"message_id": one.message_id, "number": 1, "at": at, "kind": one.kind, "delivery_id": "", "actor": one.actor,
                 "data": canonical(one.data), "previous": FIRST, "hash": digest}
                for one, digest in zip(told, hashes, strict=True)
            ])  # fmt: skip
            run(audit_chains.insert(), [
                {"message_id": one.message_id, "count": 1, "last": digest} for one, digest in zip(told, hashes, strict=True)
            ])  # fmt: skip
            uow.register._changed()  # type: ignore[attr-defined]


def opened_but(home: Home, deed: Callable[[], None], after: int = 4) -> Callable[[PatientRow], Patient]:
    """What opens a row, and does that once in between."""
    seen: list[str] = []

    def opened(row: PatientRow) -> Patient:
        seen.append(row.id)
        if len(seen) == after:
            deed()
        return home.register._patient(row)

    return opened


def test_what_changes_behind_the_reader_is_read_again(home: Home) -> None:
    fill(home, 12, start=10)

    def change() -> None:
        with home.store.begin() as uow:
            for number in range(10, 20):
                home.register.put_patient(
                    uow, replace(person(number), given="New", version=2), home.clock.now(), "test"
                )
        fill(home, 1)  # somebody whose place has been passed

    version, found = whole(home.store, opened_but(home, change), page=3)
    with home.store.begin() as uow:
        assert uow.register.version() == version
    assert [one.id for one in found] == ["pat000000", *(f"pat{number:06}" for number in range(10, 22))]
    assert [one.version for one in found] == [1, *([2] * 10), 1, 1]
    assert all(one.given == "New" for one in found if one.version == 2)


def test_a_record_taken_away_while_it_is_read_is_missed(home: Home) -> None:
    fill(home, 12)
    with pytest.raises(IntegrityError):
        whole(home.store, opened_but(home, lambda: home.sql("DELETE FROM patients WHERE id = 'pat000009'")), page=3)


def test_many_records_taken_away_are_missed(home: Home) -> None:
    fill(home, 12)
    home.sql("DELETE FROM patients WHERE id > 'pat000003'")
    with pytest.raises(IntegrityError):
        whole(home.store, home.register._patient, page=3)


def test_a_record_that_nobody_wrote_is_not_believed(home: Home) -> None:
    fill(home, 4)
    home.sql("INSERT INTO patients SELECT 'pat000099', version, sealed FROM patients WHERE id = 'pat000001'")
    with pytest.raises(IntegrityError):
        whole(home.store, lambda row: replace(person(1), id=row.id, version=row.version), page=3)


def test_a_register_that_never_rests_makes_the_mail_wait(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(home, 12)
    monkeypatch.setattr("gateway.flow.register_pages._ROUNDS", 0)
    with pytest.raises(RegisterMoved):
        whole(home.store, home.register._patient, page=3)


@dataclass
class Work:
    """What one transaction did: statements, rows read by them, and seconds from its beginning to its end."""

    statements: int = 0
    rows: int = 0
    seconds: float = 0.0


def watched(home: Home, monkeypatch: pytest.MonkeyPatch) -> list[Work]:
    """What each transaction does from now on. Counts, because seconds also tell of the disk and of the neighbours."""
    works: list[Work] = []
    begin, run, every = home.store.begin, Channel.run, Channel.all

    @contextmanager
    def counted() -> Iterator[UnitOfWork]:
        with begin() as uow:
            works.append(work := Work())
            begun = time.monotonic()
            yield uow
        work.seconds = time.monotonic() - begun

    def one_more(channel: Channel, statement: Executable, values: Any = None) -> CursorResult[Any]:
        if works:
            works[-1].statements += 1
        return run(channel, statement, values)

    def so_many_rows(channel: Channel, statement: Executable) -> Sequence[RowMapping]:
        found = every(channel, statement)
        if works:
            works[-1].rows += len(found)
        return found

    monkeypatch.setattr(home.store, "begin", counted)
    monkeypatch.setattr(Channel, "run", one_more)
    monkeypatch.setattr(Channel, "all", so_many_rows)
    return works


def judged(home: Home, count: int, monkeypatch: pytest.MonkeyPatch) -> list[Work]:
    fill_at_once(home, count)
    works = watched(home, monkeypatch)
    begun = time.monotonic()
    home.register.patients(home.store)
    reading = len(works)
    assert reading >= 2 * count // PAGE
    assert sum(one.rows for one in works) >= 2 * count  # the counters see what is read
    message = home.submit(mail(OFFICE, "Lunch", "Familyh comes to lunch, MRN-7000007."), OFFICE)
    home.settle()
    home.rooms.worker.do_duties()
    assert home.message(message).state.value == "held"  # the register was used: it is about a patient
    assert max(one.rows for one in works) <= _MOST < count
    assert max(one.statements for one in works) <= _MOST
    print(
        f"{count} patients: {reading} transactions to read them in {time.monotonic() - begun:.1f} s with a mail, the most "
        f"rows {max(one.rows for one in works)}, the most statements {max(one.statements for one in works)}, the longest "
        f"{max(one.seconds for one in works) * 1000:.0f} ms, {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB"
    )  # fmt: skip
    return works


def test_no_transaction_grows_with_the_register(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    judged(home, 3000, monkeypatch)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_hundred_thousand_patients(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    works = judged(home, 100_000, monkeypatch)
    assert max(one.seconds for one in works) < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1536 * 1024
