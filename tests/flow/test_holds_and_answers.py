"""Mail that waits: every wait has an end, every end is told, and what was not sent is said to be not sent."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.decision import HoldReason, Method
from gateway.domain.errors import PermanentError, PickupRefused
from gateway.domain.patient import ConsentEventType, RestrictionKind
from gateway.domain.records import JobKind
from gateway.domain.states import DeliveryState, MessageState
from gateway.flow.story import story
from tests.support.home import DOCTOR, LUNCH, MARIA, OFFICE, RESULTS, TOBIAS, TOBIAS_RESULTS, Home, Sent, mail

DAY = timedelta(days=1)


@pytest.fixture
def home(tmp_path: Path):
    with Home(tmp_path) as one:
        yield one.people()


def waiting(home: Home) -> str:
    message = home.submit(mail(TOBIAS, "Results for Tobias", TOBIAS_RESULTS), TOBIAS)
    home.settle()
    assert home.delivery(message).held_for is HoldReason.CONSENT
    return message


def subjects(home: Home, to: str = DOCTOR) -> list[str]:
    return [str(one.parsed["Subject"]) for one in home.sent(to)]


def says_nothing_was_sent(sent: Sent, message: str) -> None:
    assert sent.envelope_sender == ""
    assert sent.parsed.get_content_type() == "multipart/report"
    assert "not sent" in str(sent.parsed["Subject"])
    assert message in sent.text
    assert "client-1@willow.example.org" in sent.raw.decode()
    assert TOBIAS in sent.text
    for word in ("diabetes", "Hartwell", "Results for", "metformin", "5589001"):
        assert word not in sent.raw.decode()


def forgotten(home: Home, message: str) -> None:
    row = home.message(message)
    assert (row.state, row.record, row.epoch) == (MessageState.SETTLED, b"", "")
    assert home.sql("SELECT count(*) FROM wraps WHERE object_id = ?", message) == [(0,)]
    assert not list((home.root / "data" / "blobs").rglob(message))


def test_a_yes_lets_the_message_leave(home: Home) -> None:
    message = waiting(home)
    [ask] = home.sent(TOBIAS)
    assert b"diabetes" not in ask.raw
    assert b"Hartwell" not in ask.raw
    home.answer_consent(ask, yes=True)
    home.settle()
    assert home.delivery(message).method is Method.LINK
    sent = next(one for one in home.sent(TOBIAS) if "/m/" in one.text)
    assert "diabetes" in home.open_link(sent).text
    with home.store.begin() as uow:
        [event] = home.register.consents(uow, home.tobias.id)
    assert (event.type, event.address, event.recorded_by) == (ConsentEventType.GIVEN, TOBIAS, "portal")
    assert event.warning_text
    assert event.warning_version
    assert home.message(message).state is MessageState.SETTLED


def test_a_no_ends_it_and_the_sender_learns_that_nothing_was_sent(home: Home) -> None:
    message = waiting(home)
    home.answer_consent(home.sent(TOBIAS)[0], yes=False)
    home.settle()
    assert home.delivery(message).state is DeliveryState.REFUSED
    says_nothing_was_sent(home.sent(DOCTOR)[-1], message)
    assert not any("/m/" in one.text for one in home.sent(TOBIAS))
    forgotten(home, message)


def test_an_answer_counts_once_and_the_link_is_over_then(home: Home) -> None:
    waiting(home)
    [ask] = home.sent(TOBIAS)
    home.answer_consent(ask, yes=True)
    home.settle()
    with pytest.raises(PickupRefused):
        home.answers.find(ask.token("c"))


def test_the_consent_request_keeps_no_way_back_to_its_link(home: Home) -> None:
    waiting(home)
    [(secret,)] = home.sql("SELECT secret FROM consent_requests")
    assert secret == b""


def test_one_request_for_one_message_however_often_it_is_assessed(home: Home) -> None:
    message = waiting(home)
    home.restrict(home.maria, RestrictionKind.NO_PAYER)
    with home.store.begin() as uow:
        uow.jobs.add(JobKind.ASSESS, message, "", home.clock.now())
    home.settle()
    assert len(home.sent(TOBIAS)) == 1
    assert home.kinds(message).count("consent_requested") == 1
    assert subjects(home) == [f"Your mail is waiting ({message})"]


@pytest.mark.proves("where.greatest-age")
def test_a_hold_is_reminded_of_and_ends_with_its_deadline(home: Home) -> None:
    message = waiting(home)
    deadline = home.message(message).deadline
    assert deadline == home.clock.now() + timedelta(days=14)
    home.later(DAY + timedelta(minutes=1))
    home.later(2 * DAY)
    assert subjects(home)[1:] == [f"Your mail is still waiting ({message})"] * 2
    home.later(10 * DAY)
    assert home.message(message).state is MessageState.HELD
    home.later(DAY)
    says_nothing_was_sent(home.sent(DOCTOR)[-1], message)
    assert home.delivery(message).state is DeliveryState.REFUSED
    forgotten(home, message)
    assert home.pending() == {}


def test_reminders_stop_when_it_has_left(home: Home) -> None:
    waiting(home)
    home.answer_consent(home.sent(TOBIAS)[0], yes=True)
    home.settle()
    home.later(15 * DAY)
    assert not any("waiting" in one for one in subjects(home)[1:])


def test_assessing_again_does_not_put_the_deadline_off(home: Home) -> None:
    message = waiting(home)
    deadline = home.message(message).deadline
    home.later(3 * DAY)
    with home.store.begin() as uow:
        uow.jobs.add(JobKind.ASSESS, message, "", home.clock.now())
    home.settle()
    assert home.message(message).deadline == deadline


def test_staff_refuse(home: Home) -> None:
    message = waiting(home)
    home.rooms.review.refuse(message, "ann", "wrong person")
    home.settle()
    says_nothing_was_sent(home.sent(DOCTOR)[-1], message)
    forgotten(home, message)
    with pytest.raises(PermanentError):
        home.rooms.review.refuse(message, "ann", "again")


def test_staff_release_by_link_with_the_neutral_notice(home: Home) -> None:
    message = waiting(home)
    home.rooms.review.release(home.delivery(message).id, "ann", "he phoned")
    home.settle()
    sent = next(one for one in home.sent(TOBIAS) if "/m/" in one.text)
    assert b"[name]" not in sent.raw
    assert "diabetes" in home.open_link(sent).text
    lines = [line.row.event for line in story(home.store, message, home.keys.columns)]
    assert [one.actor for one in lines if one.data.get("reason") == "he phoned"] == ["ann"]
    with pytest.raises(PermanentError, match="not held"):
        home.rooms.review.release(home.delivery(message).id, "ann", "again")


def test_staff_stop_what_has_not_begun_to_leave(home: Home) -> None:
    message = home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
    home.assess()
    assert home.rooms.review.hold(message, "ann", "let me look") == 1
    home.settle()
    assert home.sent(OFFICE) == []
    assert home.message(message).state is MessageState.HELD
    home.later(6 * DAY)
    assert home.delivery(message).state is DeliveryState.REFUSED
    assert home.sent(OFFICE) == []


def test_mail_that_no_person_wrote_gets_no_receipt(home: Home) -> None:
    message = home.submit(mail(TOBIAS, "Results", TOBIAS_RESULTS, headers=["Auto-Submitted: auto-generated"]), TOBIAS)
    home.settle()
    home.later(2 * DAY)
    assert home.message(message).state is MessageState.HELD
    assert home.sent(DOCTOR) == []
    # That it was never sent is told all the same: nothing is dropped silently.
    home.later(13 * DAY)
    says_nothing_was_sent(home.sent(DOCTOR)[0], message)


@pytest.mark.proves("door.loops")
def test_the_null_reverse_path_is_never_answered(home: Home) -> None:
    home.submit(mail(MARIA, "Results", RESULTS, headers=["Auto-Submitted: auto-replied"]), MARIA, sender=None)
    home.settle()
    for sent in home.sent(MARIA):
        home.open_link(sent)
    home.settle()
    assert home.sent(DOCTOR) == []


def test_the_sender_hears_once_that_a_link_was_opened(home: Home) -> None:
    home.submit(mail(MARIA, "Your results, Maria", RESULTS), MARIA)
    home.settle()
    [sent] = home.sent(MARIA)
    home.open_link(sent)
    home.settle()
    home.clock.advance(600)
    home.open_link(sent)
    home.settle()
    [told] = home.sent(DOCTOR)
    assert "was opened" in str(told.parsed["Subject"])
    assert told.envelope_sender == ""
    assert told.parsed["Auto-Submitted"]
    for word in ("Quintero", "diabetes", "Your results"):
        assert word not in told.raw.decode()


@pytest.mark.proves("where.greatest-age")
def test_a_step_that_never_works_is_stuck_and_then_told(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = type(home.rooms.assess._reader)

    def broken(*_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(reader, "read", broken)
    message = home.submit(mail(TOBIAS, "Results", TOBIAS_RESULTS), TOBIAS)
    for _ in range(14):
        home.later(310)
    assert home.message(message).state is MessageState.STUCK
    assert home.sent() == []
    home.later(8 * DAY)
    [told] = home.sent(DOCTOR)
    assert message in told.text
    assert "not sent" in str(told.parsed["Subject"])
    forgotten(home, message)
    assert home.pending() == {}


def test_a_message_that_no_key_opens_is_told_to_the_practice(home: Home) -> None:
    message = home.submit(mail(TOBIAS, "Results", TOBIAS_RESULTS), TOBIAS)
    home.sql("UPDATE messages SET record = zeroblob(2000) WHERE id = ?", message)
    home.settle()
    assert home.message(message).state is MessageState.STUCK
    home.later(8 * DAY)
    assert message in home.sent("sealgate@willow.example.org")[-1].text
    forgotten(home, message)
