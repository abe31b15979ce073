"""Whole older rows of the register, of certificates and of signing keys, put back with their true seals: none is in force."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.address import Address
from gateway.domain.audit import Event, EventKind
from gateway.domain.envelope import Identity
from gateway.domain.errors import IntegrityError, PickupRefused, StoreUnavailable
from gateway.domain.patient import RestrictionKind
from gateway.domain.records import JobKind
from gateway.domain.states import DeliveryState
from gateway.flow.signers import Signers
from gateway.ports.vault import Seal
from gateway.seal.context import context
from tests.support.home import DOCTOR, GRACE, MARIA, RESULTS, Home, mail
from tests.support.vandal import put_back, table_rows

pytestmark = pytest.mark.proves("clear.store-writer-pass")


@pytest.fixture
def home(tmp_path: Path):
    with Home(tmp_path) as one:
        yield one.people()


def nothing_sent(home: Home, message: str) -> None:
    assert home.sent(MARIA) == []
    assert "integrity" in home.kinds(message)


def test_a_whole_older_record_is_not_in_force(home: Home) -> None:
    old = table_rows(home, "patients", id=home.maria.id)
    home.restrict(home.maria, RestrictionKind.NO_EMAIL)
    put_back(home, "patients", old)
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()
    nothing_sent(home, message)
    with home.store.begin() as uow, pytest.raises(IntegrityError):
        home.register.patient(uow, home.maria.id)


def test_a_record_put_back_after_the_decision_stops_the_copy(home: Home) -> None:
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.assess()
    old = table_rows(home, "patients", id=home.maria.id)
    home.restrict(home.maria, RestrictionKind.NO_EMAIL)
    put_back(home, "patients", old)
    home.settle()
    nothing_sent(home, message)


def test_a_patient_taken_out_of_the_register_is_missed(home: Home) -> None:
    for table in ("patient_indexes", "consents"):
        home.sql(f"DELETE FROM {table} WHERE patient_id = ?", home.maria.id)
    home.sql("DELETE FROM patients WHERE id = ?", home.maria.id)
    home.start()
    message = home.submit(mail(MARIA, "Hello", "The rapid HIV test kits have arrived."), MARIA)
    home.settle()
    nothing_sent(home, message)


def test_a_row_added_to_the_log_brings_no_older_record_back(home: Home) -> None:
    old = table_rows(home, "patients", id=home.maria.id)
    home.restrict(home.maria, RestrictionKind.NO_EMAIL)
    put_back(home, "patients", old)
    data = {"what": "patient", "id": home.maria.id, "version": old[0]["version"]}
    with home.store.begin() as uow:
        uow.audit.append(Event(EventKind.REGISTER_CHANGED, home.maria.id, data=data), home.clock.now())
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()
    nothing_sent(home, message)


def test_a_row_added_to_the_log_brings_no_older_decision_back(home: Home) -> None:
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.assess()
    old = table_rows(home, "deliveries", message_id=message)
    [first] = [data["mark"] for _, data in home.events(message) if "mark" in data]
    home.rooms.review.hold(message, "ann", "wrong patient")
    put_back(home, "deliveries", old)
    held = home.delivery(message).id
    with home.store.begin() as uow:
        uow.audit.append(Event(EventKind.DECIDED, message, held, data={"mark": first}), home.clock.now())
        uow.jobs.add(JobKind.DISPATCH, message, held, home.clock.now())
    home.settle()
    nothing_sent(home, message)
    assert home.delivery(message).state is DeliveryState.HELD


def test_a_whole_older_agreement_is_not_in_force(home: Home) -> None:
    old = table_rows(home, "partners", id=home.partner.id)
    home.put_partner("Birch Clinic", "clinic.example.net", id=home.partner.id, version=2, baa_expires=None)
    put_back(home, "partners", old)
    message = home.submit(mail(GRACE, "Maria Quintero", RESULTS), GRACE)
    home.settle()
    assert home.sent(GRACE) == []
    assert "integrity" in home.kinds(message)
    with home.store.begin() as uow, pytest.raises(IntegrityError):
        home.register.partners(uow)
    home.sql("DELETE FROM partners")
    with home.store.begin() as uow, pytest.raises(IntegrityError):
        home.register.partners(uow)


def test_the_link_of_a_patient_whose_record_was_put_back_stays_shut(home: Home) -> None:
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()
    token, old = home.sent(MARIA)[0].token(), table_rows(home, "patients", id=home.maria.id)
    home.sql("CREATE TRIGGER quiet BEFORE INSERT ON jobs WHEN new.kind = 'recheck' BEGIN SELECT RAISE(IGNORE); END")
    home.restrict(home.maria, RestrictionKind.NO_EMAIL)
    put_back(home, "patients", old)
    with pytest.raises(PickupRefused):
        home.prove(token)
    assert "parcel_opened" not in home.kinds(message)


def signers(home: Home) -> Signers:
    return home.inst.own().signers()


@pytest.mark.proves("clear.store-writer-mouth")
def test_a_replaced_signing_key_signs_nothing_any_more(home: Home) -> None:
    doctor = Address.parse(DOCTOR)
    first = signers(home).signer(doctor, home.clock.now())
    old = table_rows(home, "own_keys")
    later = first.certificate.not_valid_after_utc - timedelta(days=10)
    second = signers(home).signer(doctor, later)
    assert second.certificate.serial_number != first.certificate.serial_number
    for row in old:
        row["version"] += 10
    put_back(home, "own_keys", old)
    third = signers(home).signer(doctor, later)
    assert third.certificate.serial_number not in {first.certificate.serial_number, second.certificate.serial_number}
    assert ("integrity", {"code": "integrity", "step": "sender certificate"}) in home.events()
    assert signers(home).signer(doctor, later).certificate == third.certificate


def test_who_submitted_cannot_be_guessed_from_the_database(home: Home) -> None:
    envelope = home.envelope([MARIA])
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    [(tag,)] = home.sql("SELECT sender_tag FROM messages WHERE id = ?", message)
    assert tag == home.intake().sender_tag(envelope.identity)
    who = f"{envelope.identity.how}:{envelope.identity.name}"
    assert tag != hashlib.sha256(context(home.inst.id, Seal.INTAKE, "sender", who)).digest()
    other = home.intake().sender_tag(Identity("mei", "auth", frozenset(), frozenset()))
    assert len(tag) == len(other) == 32
    assert tag != other
    intake = home.intake()
    intake.keys = replace(intake.keys, senders=home.keys.decision)
    assert intake.sender_tag(envelope.identity) != tag, "without the door's key the name does not give the tag"


def test_temporary_failures_stay_excused_over_a_restart(home: Home) -> None:
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)

    def refuse(*_: object) -> None:
        raise StoreUnavailable("not now")

    for _ in range(15):
        home.rooms.worker._steps = {**home.rooms.worker._steps, JobKind.ASSESS: refuse}
        home.later(timedelta(hours=2))
        home.start()
    assert home.sql("SELECT tries, excused FROM jobs WHERE kind = 'assess'") == [(15, 15)]

    def fail(*_: object) -> None:
        raise ValueError

    home.rooms.worker._steps = {**home.rooms.worker._steps, JobKind.ASSESS: fail}
    home.later(timedelta(hours=2))
    assert home.message(message).state.value == "received", "one failure without reason does not make it stuck"
