"""A decision rests on versions: whatever is newer before an attempt, a release or a reveal wins, and nothing weaker leaves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.config.policy_file import load_policy
from gateway.domain.address import Address
from gateway.domain.decision import HoldReason, Method
from gateway.domain.errors import PermanentError, PickupRefused
from gateway.domain.patient import (
    ConsentEvent,
    ConsentEventType,
    ConsentKind,
    Proxy,
    RecipientKind,
    Restriction,
    RestrictionKind,
)
from gateway.domain.states import DeliveryState, MessageState, ParcelState
from gateway.policy.law import load_law
from gateway.ports.relay import Outcome, Reply
from tests.support.home import GRACE, LUNCH, MARIA, OFFICE, RESULTS, TOBIAS, TOBIAS_RESULTS, Home, mail
from tests.support.people import certificate_for

LATER = Reply(Outcome.TEMPORARY, 451, "4.3.0")
SAFE = "maria.safe@example.com"


@pytest.fixture
def home(tmp_path: Path):
    with Home(tmp_path) as one:
        yield one.people()


def to_maria(home: Home) -> str:
    return home.submit(mail(MARIA, "Results", RESULTS), MARIA)


def revoked(home: Home) -> None:
    home.revoke(home.maria, MARIA)


def no_email(home: Home) -> None:
    home.restrict(home.maria, RestrictionKind.NO_EMAIL)


def harder_policy(home: Home) -> None:
    file = home.root / "policy.toml"
    rule = '[[rule]]\nname = "nobody"\nwhen = { recipient_kind = ["patient"] }\nthen = { action = "hold" }\n'
    file.write_text(file.read_text() + rule)
    home.rooms.assess.policy = load_policy(file)


def unknown_patient(home: Home) -> None:
    home.change(home.maria, emails=())


CHANGES: dict[str, tuple[Callable[[Home], None], str, HoldReason]] = {
    "consent revoked": (revoked, "consent", HoldReason.CONSENT),
    "restriction added": (no_email, "patient", HoldReason.RESTRICTION),
    "policy reloaded": (harder_policy, "policy", HoldReason.RULE),
    "address gone from the record": (unknown_patient, "patient", HoldReason.AUTHORIZATION),
}


def held_and_nothing_sent(home: Home, message: str, to: str, what: str, why: HoldReason) -> None:
    row = home.delivery(message)
    assert (row.state, row.held_for, row.method) == (DeliveryState.HELD, why, None)
    assert home.sent(to) == []
    assert what in [data.get("what") for kind, data in home.events(message) if kind == "stale"]
    assert home.message(message).state is MessageState.HELD


@pytest.mark.proves("stale.versions", "stale.reread", "stale.revocation")
@pytest.mark.parametrize("name", CHANGES)
def test_between_assess_and_the_first_attempt(home: Home, name: str) -> None:
    change, what, why = CHANGES[name]
    message = to_maria(home)
    home.assess()
    assert home.delivery(message).state is DeliveryState.READY
    change(home)
    home.run_job("dispatch")
    home.clock.advance(5)  # two policies side by side do not chase a mail at full speed
    home.run_job("assess")
    held_and_nothing_sent(home, message, MARIA, what, why)


@pytest.mark.proves("stale.reread", "stale.revocation")
@pytest.mark.parametrize("name", CHANGES)
def test_between_two_attempts(home: Home, name: str) -> None:
    change, what, why = CHANGES[name]
    home.hop.answers[MARIA] = [LATER]
    message = to_maria(home)
    home.settle()
    assert home.delivery(message).state is DeliveryState.RETRY
    change(home)
    del home.hop.answers[MARIA]
    home.clock.advance(90)
    home.run_job("dispatch")
    home.clock.advance(5)  # two policies side by side do not chase a mail at full speed
    home.run_job("assess")
    held_and_nothing_sent(home, message, MARIA, what, why)


@pytest.mark.proves("stale.revocation", "open.never-weakened")
def test_a_choice_of_clear_mail_that_is_taken_back_stops_the_retry(home: Home) -> None:
    home.consent(home.maria, MARIA, ConsentKind.EMAIL_UNENCRYPTED)
    home.hop.answers[MARIA] = [LATER]
    message = to_maria(home)
    home.settle()
    assert home.delivery(message).method is Method.PASS
    home.revoke(home.maria, MARIA)
    home.consent(home.maria, MARIA, ConsentKind.EMAIL_UNENCRYPTED, ConsentEventType.REVOKED)
    del home.hop.answers[MARIA]
    home.clock.advance(90)
    home.run_job("dispatch")
    home.clock.advance(5)  # two policies side by side do not chase a mail at full speed
    home.run_job("assess")
    held_and_nothing_sent(home, message, MARIA, "consent", HoldReason.CONSENT)


def test_a_newer_fact_that_changes_nothing_lets_it_go(home: Home) -> None:
    message = to_maria(home)
    home.assess()
    home.change(home.maria, city="Springfield")
    home.settle()
    assert home.delivery(message).state is DeliveryState.DELIVERED
    assert "stale" in home.kinds(message)
    assert len(home.sent(MARIA)) == 1


@pytest.mark.proves("stale.versions", "stale.reread")
def test_a_partner_whose_agreement_was_ended(home: Home) -> None:
    message = home.submit(mail(GRACE, "Maria Quintero", RESULTS), GRACE)
    home.assess()
    ended = {"id": home.partner.id, "version": 2, "baa_expires": date(2026, 3, 1)}
    home.put_partner("Birch Clinic", "clinic.example.net", **ended)
    home.run_job("dispatch")
    home.clock.advance(5)  # two policies side by side do not chase a mail at full speed
    home.run_job("assess")
    held_and_nothing_sent(home, message, GRACE, "partner", HoldReason.BAA_LAPSED)


@pytest.mark.proves("stale.reread")
def test_an_agreement_that_ends_by_its_date_between_two_attempts(home: Home) -> None:
    home.put_partner("Birch Clinic", "clinic.example.net", id=home.partner.id, version=2, baa_expires=date(2026, 3, 2))
    home.hop.answers[GRACE] = [LATER]
    message = home.submit(mail(GRACE, "Maria Quintero", RESULTS), GRACE)
    home.settle()
    assert home.delivery(message).state is DeliveryState.RETRY
    del home.hop.answers[GRACE]
    home.clock.advance(24 * 3600)
    home.run_job("dispatch")
    home.clock.advance(5)  # two policies side by side do not chase a mail at full speed
    home.run_job("assess")
    held_and_nothing_sent(home, message, GRACE, "day", HoldReason.BAA_LAPSED)


def test_a_new_day_alone_lets_it_go(home: Home) -> None:
    home.hop.answers[MARIA] = [LATER]
    message = to_maria(home)
    home.settle()
    del home.hop.answers[MARIA]
    home.later(timedelta(days=1))
    assert home.delivery(message).state is DeliveryState.DELIVERED
    assert len(home.sent(MARIA)) == 1


@pytest.mark.proves("stale.versions", "stale.reread")
def test_a_certificate_that_was_replaced(home: Home) -> None:
    home.add_certificate(GRACE)
    message = home.submit(mail(GRACE, "Maria Quintero", RESULTS), GRACE)
    home.assess()
    assert home.delivery(message).method is Method.SMIME
    (home.root / "certificates" / f"{GRACE}.pem").unlink()
    home.run_job("dispatch")
    home.clock.advance(5)  # two policies side by side do not chase a mail at full speed
    home.run_job("assess")
    row = home.delivery(message)
    assert row.method is Method.LINK
    assert "key" in [data.get("what") for kind, data in home.events(message) if kind == "stale"]
    assert home.sent(GRACE) == []
    home.settle()
    assert b"diabetes" not in home.sent(GRACE)[0].raw


@pytest.mark.proves("stale.release-and-pickup")
def test_a_release_from_hold_reads_the_register_again(home: Home) -> None:
    home.patient("Otto", "Fields", "MRN-7000001", "otto@example.net")
    message = home.submit(mail(TOBIAS, "Results", TOBIAS_RESULTS), TOBIAS)
    home.settle()
    row = home.delivery(message)
    assert row.held_for is HoldReason.CONSENT
    home.restrict(home.tobias, RestrictionKind.NO_EMAIL)
    with pytest.raises(PermanentError, match="restriction"):
        home.rooms.review.release(row.id, "ann", "he phoned")
    home.settle()
    assert not any("/m/" in one.text for one in home.sent(TOBIAS))


@pytest.mark.proves("stale.release-and-pickup")
def test_a_release_minds_patients_whom_only_another_recipient_brought_in(home: Home) -> None:
    payer = "claims@payer.example.net"
    home.put_partner("Payer", "payer.example.net", kind=RecipientKind.PAYER)
    text = "SSN 900-12-3456: the blood test shows diabetes; please take metformin."
    message = home.submit(
        mail([MARIA, payer], "Results", text, headers=["X-Sealgate-Purpose: treatment"]), [MARIA, payer]
    )  # fmt: skip
    home.settle()
    held = next(one for one in home.deliveries(message) if one.state is DeliveryState.HELD and one.position == 1)
    assert home.maria.id in dict(held.basis.patients)
    home.restrict(home.maria, RestrictionKind.NO_PAYER)
    with pytest.raises(PermanentError, match="restriction"):
        home.rooms.review.release(held.id, "ann", "looks fine")


@pytest.mark.proves("stale.release-and-pickup", "open.never-weakened")
def test_a_release_goes_only_by_a_protected_method_and_is_checked_at_sending(home: Home) -> None:
    message = home.submit(mail(TOBIAS, "Results", TOBIAS_RESULTS), TOBIAS)
    home.settle()
    assert home.rooms.review.release(home.delivery(message).id, "ann", "he phoned") is Method.LINK
    home.restrict(home.tobias, RestrictionKind.NO_EMAIL)
    home.settle()
    row = home.delivery(message)
    assert (row.state, row.held_for) == (DeliveryState.HELD, HoldReason.RESTRICTION)
    assert not any("/m/" in one.text for one in home.sent(TOBIAS))


@pytest.mark.proves("stale.revocation", "stale.release-and-pickup", "rest.pepper-destroyed")
def test_a_revocation_after_the_sending_closes_the_link_and_burns_its_pepper(home: Home) -> None:
    message = to_maria(home)
    home.settle()
    [sent] = home.sent(MARIA)
    [parcel] = home.inst.peppers().names()
    home.revoke(home.maria, MARIA)
    with pytest.raises(PickupRefused) as refused:
        home.prove(sent.token())
    assert refused.value.reason in {"checking", "revoked"}
    home.settle()
    with pytest.raises(PickupRefused, match="revoked"):
        home.pickup.find(sent.token())
    assert list(home.inst.peppers().names()) == []
    assert home.sql("SELECT count(*) FROM wraps WHERE kind = 'parcel'") == [(0,)]
    assert home.sql("SELECT state FROM parcels WHERE id = ?", parcel) == [(ParcelState.REVOKED.value,)]
    told = [one for one in home.sent("dr.lee@willow.example.org") if "too late" in str(one.parsed["Subject"])]
    assert len(told) == 1
    assert [one for one in home.kinds(message) if one in {"stale", "parcel_revoked"}][::-1] == [
        "stale",
        "parcel_revoked",
    ]


@pytest.mark.proves("stale.release-and-pickup")
def test_a_revocation_between_proof_and_reveal_wins(home: Home) -> None:
    to_maria(home)
    home.settle()
    cookie = home.prove(home.sent(MARIA)[0].token())
    assert "diabetes" in home.pickup.view(cookie).text
    home.revoke(home.maria, MARIA)
    with pytest.raises(PickupRefused):
        home.pickup.view(cookie)
    with pytest.raises(PickupRefused):
        home.pickup.stream(cookie, 0)


def test_a_harmless_change_keeps_the_link_open(home: Home) -> None:
    to_maria(home)
    home.settle()
    home.change(home.maria, city="Springfield")
    home.settle()
    assert "diabetes" in home.open_link(home.sent(MARIA)[0]).text


def test_a_confidential_address_given_between_two_attempts_gets_a_link_of_its_own(home: Home) -> None:
    home.hop.answers[MARIA] = [LATER]
    to_maria(home)
    home.settle()
    first = home.sql("SELECT id FROM parcels")
    home.consent(home.maria, SAFE)
    home.change(home.maria, confidential_address=Address.parse(SAFE))
    home.later(120)
    assert home.sent(MARIA) == []
    [sent] = home.sent(SAFE)
    rows = home.sql("SELECT id, state, proof FROM parcels ORDER BY created_at")
    assert [(row[0],) for row in rows[:1]] == first
    assert [row[1] for row in rows] == ["revoked", "sealed"]
    # Nobody has verified the new mailbox for her, so a code sent there proves nothing.
    assert "mailbox" in home.sql("SELECT proof FROM parcels WHERE id = ?", first[0][0])[0][0]
    assert "mailbox" not in rows[1][2]
    assert MARIA not in sent.raw.decode()


def test_a_proxy_whose_time_is_over(home: Home) -> None:
    guardian = "guardian@example.com"
    proxy = Proxy("June Quintero", Address.parse(guardian), date(2026, 1, 1), date(2026, 3, 2))
    home.change(home.maria, proxies=(proxy,))
    home.consent(home.maria, guardian)
    home.hop.answers[guardian] = [LATER]
    message = home.submit(mail(guardian, "Results", RESULTS), guardian)
    home.settle()
    assert home.delivery(message).state is DeliveryState.RETRY
    del home.hop.answers[guardian]
    home.clock.advance(24 * 3600)
    home.run_job("dispatch")
    home.clock.advance(5)  # two policies side by side do not chase a mail at full speed
    home.run_job("assess")
    assert home.delivery(message).state is DeliveryState.HELD
    assert home.sent(guardian) == []


def test_ordinary_mail_to_nobody_rests_on_the_policy_alone(home: Home) -> None:
    message = home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
    home.assess()
    assert replace(home.delivery(message).basis, policy="", day="") == type(home.delivery(message).basis)("")


def assess_again(home: Home) -> None:
    home.run_job("dispatch")
    home.clock.advance(5)
    home.run_job("assess")


def registered_only_now(home: Home, address: str) -> None:
    no_mail = (Restriction(RestrictionKind.NO_EMAIL),)
    home.patient("Ulla", "Quill", "MRN-7654321", address, restrictions=no_mail)


@pytest.mark.proves("stale.reread")
@pytest.mark.parametrize("tried", [False, True])
def test_somebody_registered_at_the_address_only_now_has_a_say(home: Home, tried: bool) -> None:
    """The decision knew of nobody there, so none of the versions that it used has changed; who the recipient is has."""
    if tried:
        home.hop.answers[OFFICE] = [LATER]
    message = home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
    (home.settle if tried else home.assess)()
    registered_only_now(home, OFFICE)
    home.hop.answers.clear()
    home.clock.advance(90)
    assess_again(home)
    held_and_nothing_sent(home, message, OFFICE, "patient", HoldReason.RESTRICTION)


@pytest.mark.proves("stale.reread")
def test_a_partner_registered_only_now_whose_agreement_is_over(home: Home) -> None:
    elements = tuple((one, "x") for one in load_law().authorization_elements)
    given = ConsentEvent(
        home.maria.id, 0, ConsentEventType.GIVEN, ConsentKind.AUTHORIZATION, OFFICE, warning_version="1", given_how="paper",
        recorded_by="desk", given_on=date(2026, 1, 2), elements=elements,
    )  # fmt: skip
    with home.store.begin() as uow:
        home.register.append_consent(uow, given, home.clock.now(), "test")
    message = home.submit(mail(OFFICE, "Maria Quintero", RESULTS), OFFICE)
    home.assess()
    assert home.delivery(message).method is Method.LINK
    home.put_partner("Office", "example.com", baa_expires=date(2026, 3, 1))
    assess_again(home)
    held_and_nothing_sent(home, message, OFFICE, "partner", HoldReason.BAA_LAPSED)


@pytest.mark.proves("stale.versions", "stale.reread")
def test_a_certificate_that_ends_within_the_day_makes_it_a_link(home: Home) -> None:
    certificate, _ = certificate_for(GRACE, home.clock.now() - timedelta(days=9), days=9)  # good for no second more
    (home.root / "certificates" / f"{GRACE}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    home.hop.answers[GRACE] = [LATER]
    message = home.submit(mail(GRACE, "Maria Quintero", RESULTS), GRACE)
    home.settle()
    assert (home.delivery(message).method, home.delivery(message).state) == (Method.SMIME, DeliveryState.RETRY)
    home.hop.answers.clear()
    home.later(120)
    assert home.delivery(message).method is Method.LINK
    assert "key" in [data.get("what") for kind, data in home.events(message) if kind == "stale"]
    assert "integrity" not in home.kinds(message)
    [sent] = home.sent(GRACE)
    assert b"diabetes" not in sent.raw
    assert "/m/" in sent.text


@pytest.mark.proves("stale.release-and-pickup")
@pytest.mark.parametrize("opened", [False, True])
def test_a_policy_loaded_after_the_sending_wins_before_the_reveal(home: Home, opened: bool) -> None:
    to_maria(home)
    home.settle()
    token = home.sent(MARIA)[0].token()
    cookie = home.prove(token) if opened else ""
    harder_policy(home)
    home.rooms.tell_policy(home.inst)
    with pytest.raises(PickupRefused):
        if opened:
            home.pickup.view(cookie)
        else:
            home.prove(token)
    home.settle()
    with pytest.raises(PickupRefused, match="revoked"):
        home.pickup.find(token)


@pytest.mark.proves("stale.release-and-pickup")
def test_a_policy_that_still_allows_it_lets_the_link_open(home: Home) -> None:
    to_maria(home)
    home.settle()
    file = home.root / "policy.toml"
    file.write_text(file.read_text().replace('open_text = "letter"', 'open_text = "notice"'))
    home.rooms.assess.policy = load_policy(file)
    home.rooms.tell_policy(home.inst)
    with pytest.raises(PickupRefused, match="checking"):
        home.prove(home.sent(MARIA)[0].token())
    home.later(60)
    assert "diabetes" in home.open_link(home.sent(MARIA)[0]).text
