"""Who can write the database, but has no key of a worker or the portal, turns no hold into a send."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.decision import Method
from gateway.domain.errors import IntegrityError, PickupRefused
from gateway.domain.patient import ConsentEventType, RestrictionKind
from gateway.domain.protected import Protected
from gateway.domain.records import JobKind
from gateway.domain.register_rows import SessionRow
from gateway.domain.states import DeliveryState
from gateway.ports.vault import Seal
from gateway.seal import link
from gateway.seal.context import context
from tests.support.home import GRACE, MARIA, OFFICE, RESULTS, TOBIAS, TOBIAS_RESULTS, Home, mail


@pytest.fixture
def home(tmp_path: Path):
    with Home(tmp_path) as one:
        yield one.people()


def _held(home: Home) -> tuple[str, str]:
    message = home.submit(mail(TOBIAS, "Results", TOBIAS_RESULTS), TOBIAS)
    home.settle()
    assert home.delivery(message).state is DeliveryState.HELD
    with home.store.begin() as uow:
        [ask] = uow.register.requests_of(message)
    return message, ask.id


def _no_link(home: Home, to: str) -> None:
    assert not [one for one in home.sent(to) if "/m/" in one.text]


def test_an_older_record_does_not_open_under_a_newer_version(home: Home) -> None:
    with home.store.begin() as uow:
        old = uow.register.patient(home.maria.id)
    assert old is not None
    home.restrict(home.maria, RestrictionKind.NO_EMAIL)
    home.sql("update patients set sealed = ? where id = ?", old.sealed, home.maria.id)
    home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()
    _no_link(home, MARIA)


def test_an_older_agreement_does_not_open_under_a_newer_version(home: Home) -> None:
    with home.store.begin() as uow:
        old = uow.register.partner(home.partner.id)
    assert old is not None
    home.put_partner("Birch Clinic", "clinic.example.net", id=home.partner.id, version=2, baa_expires=None)
    home.sql("update partners set sealed = ? where id = ?", old.sealed, home.partner.id)
    with home.store.begin() as uow, pytest.raises(IntegrityError):
        home.register.partners(uow)


def test_a_patient_cannot_be_given_another_ones_address(home: Home) -> None:
    home.sql(
        "update patient_indexes set patient_id = ? where patient_id = ? and kind = 'email'",
        home.maria.id,
        home.tobias.id,
    )
    message = home.submit(mail(TOBIAS, "Results", RESULTS), TOBIAS)
    home.settle()
    _no_link(home, TOBIAS)
    assert not home.deliveries(message)


def test_a_patients_address_cannot_be_made_a_strangers(home: Home) -> None:
    home.sql("delete from patient_indexes where patient_id = ?", home.tobias.id)
    message = home.submit(mail(TOBIAS, "Hello", "The rapid HIV test kits have arrived."), TOBIAS)
    home.settle()
    assert not home.sent(TOBIAS)
    assert not home.deliveries(message)


def test_a_refusal_cut_out_of_the_log_is_seen(home: Home) -> None:
    home.revoke(home.maria, MARIA)
    home.consent(home.maria, OFFICE)
    home.sql("delete from consents where patient_id = ? and type = ?", home.maria.id, ConsentEventType.REVOKED.value)
    home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()
    _no_link(home, MARIA)


def test_an_answer_written_into_the_database_is_none(home: Home) -> None:
    message, ask = _held(home)
    home.sql("update consent_requests set state = 'answered_yes' where id = ?", ask)
    with home.store.begin() as uow:
        uow.jobs.add(JobKind.CONSENT_ANSWER, message, ask, home.clock.now())
    home.later(timedelta(minutes=1))
    assert home.delivery(message).state is DeliveryState.HELD
    _no_link(home, TOBIAS)


def test_a_session_of_the_consent_page_cannot_be_made_from_nothing(home: Home) -> None:
    _, ask = _held(home)
    cookie, now = Protected(bytes(range(32))), home.clock.now()
    installation = home.inst.id
    sealed = link.wrap(
        link.session_key(cookie, installation, ask),
        Protected(b"consent"),
        context(installation, Seal.SESSION, ask, "sealed"),
    )
    later = now + timedelta(hours=1)
    with home.store.begin() as uow:
        uow.parcels.add_session(SessionRow(link.session_id(cookie, installation), ask, sealed, later, later))
    with pytest.raises(PickupRefused):
        home.answers.answer(link.token(cookie), yes=True)


def test_a_consent_link_goes_to_nobody_but_the_patient(home: Home) -> None:
    message = home.submit(mail(TOBIAS, "Results", TOBIAS_RESULTS), TOBIAS)
    home.assess()
    notices = home.notices(message)
    [ask] = [one for one in notices if one.kind == "consent-request"]
    [own] = [one for one in notices if one.kind == "held"]
    home.sql("update notices set kind = 'consent-request', subject_id = ? where id = ?", ask.subject_id, own.id)
    home.settle()
    assert [one.recipient for one in home.sent() if "/c/" in one.text] in ([TOBIAS], [])


def test_a_request_cannot_be_turned_to_another_patient(home: Home) -> None:
    _, ask = _held(home)
    home.sql("update consent_requests set patient_id = ? where id = ?", home.maria.id, ask)
    with home.store.begin() as uow:
        row = uow.register.request(ask)
    assert row is not None
    with pytest.raises(IntegrityError):
        home.rooms.codes.asks.address(row)


def test_the_honest_road_still_goes(home: Home) -> None:
    message, _ = _held(home)
    home.answer_consent(home.sent(TOBIAS)[0], yes=True)
    home.settle()
    assert home.delivery(message).state is DeliveryState.DELIVERED
    partner = home.submit(mail(GRACE, "Maria Quintero", RESULTS), GRACE)
    home.settle()
    assert home.delivery(partner).method is Method.LINK
