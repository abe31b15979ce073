"""Nothing that was accepted waits for ever, and its sender is told: holds, stuck mail, mail that never could be read."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.records import JobKind
from gateway.domain.states import DeliveryState, MessageState
from gateway.flow.assess import RegisterMoved
from tests.support.home import DOCTOR, MARIA, OFFICE, RESULTS, TOBIAS, TOBIAS_RESULTS, Home, mail


@pytest.fixture
def home(tmp_path: Path):
    with Home(tmp_path) as one:
        yield one.people()


def _dsn(home: Home) -> list[str]:
    return [one.text for one in home.sent(DOCTOR) if one.parsed.get_content_type() == "multipart/report"]


def test_a_hold_ends_with_its_deadline_and_the_sender_learns_that_nothing_was_sent(home: Home) -> None:
    message = home.submit(mail(TOBIAS, "Results", TOBIAS_RESULTS), TOBIAS)
    home.settle()
    assert home.message(message).state is MessageState.HELD
    home.later(timedelta(days=14, minutes=1))
    assert home.delivery(message).state is DeliveryState.REFUSED
    assert home.message(message).state is MessageState.SETTLED
    assert "othing" in _dsn(home)[-1]
    assert JobKind.EXPIRE.value not in home.pending()


def test_mail_that_cannot_be_opened_ends_and_its_sender_is_told(home: Home) -> None:
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    [blob] = [one for one in home.root.rglob(f"*{message}*") if one.is_file()]
    data = bytearray(blob.read_bytes())
    data[-5] ^= 1
    blob.chmod(0o600)
    blob.write_bytes(bytes(data))
    home.settle()
    assert home.message(message).state is MessageState.STUCK
    home.later(timedelta(days=7, minutes=1))
    assert home.message(message).state is MessageState.SETTLED
    assert [one.recipient for one in home.sent()] == [DOCTOR]


def test_stuck_mail_whose_copy_may_have_left_is_not_called_unsent(home: Home) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("the next hop's library fails")

    home.hop.before = broken
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    for _ in range(14):
        home.later(timedelta(minutes=10))
    assert home.message(message).state is MessageState.STUCK
    home.hop.before = lambda _: None
    home.later(timedelta(days=8))
    assert home.message(message).state is MessageState.SETTLED
    assert home.delivery(message).state is DeliveryState.FAILED
    assert len(_dsn(home)) == 1
    assert "othing was sent" not in _dsn(home)[0]


def test_a_patient_who_says_no_does_not_end_what_staff_are_looking_at(home: Home) -> None:
    message = home.submit(mail([TOBIAS, OFFICE], "Results", TOBIAS_RESULTS), [TOBIAS, OFFICE])
    home.settle()
    [asked] = home.sent(TOBIAS)
    home.answer_consent(asked, yes=False)
    home.settle()
    assert [one.state for one in home.deliveries(message)] == [DeliveryState.HELD, DeliveryState.HELD]
    assert home.message(message).deadline is not None
    home.later(timedelta(days=14, minutes=1))
    assert home.message(message).state is MessageState.SETTLED


def test_a_patient_who_says_no_ends_a_wait_for_nothing_else(home: Home) -> None:
    message = home.submit(mail(TOBIAS, "Results", TOBIAS_RESULTS), TOBIAS)
    home.settle()
    [asked] = home.sent(TOBIAS)
    home.answer_consent(asked, yes=False)
    home.settle()
    assert home.message(message).state is MessageState.SETTLED


def test_what_ends_a_message_is_never_given_up(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the archive cannot be written")

    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    with monkeypatch.context() as patched:
        patched.setattr("gateway.flow.custody.Custody.forget", broken)
        for _ in range(30):
            home.later(timedelta(days=1))
    for _ in range(10):
        home.later(timedelta(days=1))
    assert home.message(message).state is MessageState.SETTLED
    assert not home.message(message).record


def test_a_receipt_that_cannot_be_written_does_not_stop_the_mail(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a template is broken")

    message = home.submit(mail(TOBIAS, "Results", TOBIAS_RESULTS), TOBIAS)
    with monkeypatch.context() as patched:
        patched.setattr("gateway.flow.tell.Tell._receipt", broken)
        for _ in range(20):
            home.later(timedelta(minutes=10))
    assert home.message(message).state is MessageState.HELD
    assert {one.state for one in home.notices(message) if one.kind == "held"} == {"failed"}
    home.answer_consent(home.sent(TOBIAS)[0], yes=True)
    home.settle()
    assert home.delivery(message).state is DeliveryState.DELIVERED


def test_a_register_that_never_rests_keeps_no_mail_for_ever(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def moved(*_: object) -> None:
        raise RegisterMoved("again")

    monkeypatch.setattr("gateway.flow.assess.Assess._settle_on", moved)
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    for _ in range(45):
        home.later(timedelta(minutes=10))
    assert home.message(message).state is MessageState.STUCK
    home.later(timedelta(days=8))
    assert home.message(message).state is MessageState.SETTLED
    assert [one.recipient for one in home.sent()] == [DOCTOR]
