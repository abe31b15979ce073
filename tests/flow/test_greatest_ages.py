"""No state but the last lasts for ever: table-driven over the enums. Whatever lost its job, kills its worker or is excused
again and again ends: nothing more is sent, the sender hears of it, and the gateway's keys to it are gone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.config.rooms import ParcelSection, RetentionSection, WorkerSection
from gateway.domain.envelope import Direction
from gateway.domain.errors import StoreUnavailable
from gateway.domain.states import ATTEMPT, DELIVERY, FINAL_DELIVERY, MESSAGE, PARCEL, DeliveryState, MessageState
from gateway.flow.ages import FINAL, GREATEST
from gateway.ports.relay import Consignment, Outcome, Reply
from tests.support.home import DOCTOR, LUNCH, MARIA, OFFICE, RESULTS, TOBIAS, TOBIAS_RESULTS, Home, mail

pytestmark = pytest.mark.proves("where.greatest-age")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Dies(BaseException):
    """A worker that is no more: nothing in it catches this."""


@pytest.fixture
def home(tmp_path: Path):
    with Home(tmp_path) as one:
        yield one.people()


def lose_jobs(home: Home) -> None:
    home.sql("DELETE FROM jobs")


def unread(home: Home) -> str:
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    lose_jobs(home)
    return message


def always_excused(home: Home) -> str:
    class NoReader:
        def read(self, *_: object) -> None:
            raise StoreUnavailable("the box for documents cannot be started")

    home.rooms.assess._reader = NoReader()  # type: ignore[assignment]
    return home.submit(mail(MARIA, "Results", RESULTS), MARIA)


def bounce_unread(home: Home) -> str:
    home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
    message = home.submit(
        mail(DOCTOR, "Undelivered", "x", sender=OFFICE), DOCTOR, sender=None, direction=Direction.INBOUND
    )
    home.sql("DELETE FROM jobs WHERE message_id = ?", message)
    return message


def ready(home: Home) -> str:
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.assess()
    lose_jobs(home)
    return message


def sending(home: Home) -> str:
    def dies(_: Consignment) -> None:
        raise Dies

    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.assess()
    home.hop.before = dies
    with pytest.raises(Dies):
        home.work()
    home.hop.before = lambda _: None
    assert home.delivery(message).state is DeliveryState.SENDING
    lose_jobs(home)
    return message


def deferred(home: Home) -> str:
    home.hop.answers[MARIA] = [Reply(Outcome.TEMPORARY, 451, "4.3.0")]
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()
    assert home.delivery(message).state is DeliveryState.RETRY
    lose_jobs(home)
    return message


def held(home: Home) -> str:
    message = home.submit(mail(TOBIAS, "Results", TOBIAS_RESULTS), TOBIAS)
    home.settle()
    lose_jobs(home)
    return message


def without_deadline(home: Home) -> str:
    message = held(home)
    home.sql("UPDATE messages SET deadline = NULL WHERE id = ?", message)
    return message


def stuck(home: Home) -> str:
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.sql("UPDATE objects SET commitment = zeroblob(32) WHERE id = ?", message)
    home.settle()
    lose_jobs(home)
    return message


def sender_tampered_with(home: Home) -> str:
    message = held(home)
    home.sql("UPDATE messages SET sender = x'01ff' WHERE id = ?", message)
    return message


def refused(home: Home) -> str:
    message = home.submit(mail(TOBIAS, "Results", TOBIAS_RESULTS), TOBIAS)
    home.settle()
    home.rooms.review.refuse(message, "ann", "wrong person")
    lose_jobs(home)
    return message


def no_archive_possible(home: Home) -> str:
    """Delivered, and then the wrap that the archive's would be made from is broken."""
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.assess()
    home.run_job("dispatch")
    home.sql("UPDATE wraps SET sealed = x'00' WHERE object_id = ? AND kind = 'epoch'", message)
    return message


CASES: list[tuple[MessageState, Callable[[Home], str], timedelta, str]] = [
    (MessageState.RECEIVED, unread, 7 * DAY + HOUR, DOCTOR),
    (MessageState.RECEIVED, always_excused, 7 * DAY + HOUR, DOCTOR),
    (MessageState.RECEIVED, bounce_unread, 7 * DAY + HOUR, ""),
    (MessageState.ASSESSED, ready, 9 * DAY + HOUR, DOCTOR),
    (MessageState.ASSESSED, sending, 9 * DAY + HOUR, DOCTOR),
    (MessageState.ASSESSED, deferred, 9 * DAY + HOUR, DOCTOR),
    (MessageState.HELD, held, 14 * DAY + 2 * HOUR, DOCTOR),
    (MessageState.HELD, without_deadline, 2 * HOUR, DOCTOR),
    (MessageState.HELD, sender_tampered_with, 14 * DAY + 2 * HOUR, "sealgate@willow.example.org"),
    (MessageState.STUCK, stuck, 7 * DAY + 2 * HOUR, "sealgate@willow.example.org"),
    (MessageState.REFUSED, refused, 2 * HOUR, ""),
]


def test_every_state_is_final_or_has_a_greatest_age() -> None:
    assert set(GREATEST) == set(MessageState)
    assert {state for state, how in GREATEST.items() if how == FINAL} == {one for one in MESSAGE if not MESSAGE[one]}
    tried = {state for state, *_ in CASES} | {MessageState.SETTLED}
    assert tried == {one for one in MessageState if MESSAGE[one]}
    assert {one for one in DELIVERY if not DELIVERY[one]} <= FINAL_DELIVERY


def test_the_ages_are_those_that_are_promised() -> None:
    times = WorkerSection()
    assert (times.hold, times.consent, times.stuck, times.give_up) == (5 * DAY, 14 * DAY, 7 * DAY, 2 * DAY)
    assert times.reminders == (DAY, 3 * DAY)
    assert (ParcelSection().expiry, ParcelSection().max_expiry) == (14 * DAY, 90 * DAY)
    assert RetentionSection().messages == 30 * DAY


@pytest.mark.parametrize(("state", "how", "age", "told"), CASES, ids=[how.__name__ for _, how, *_ in CASES])
def test_what_waits_ends(
    home: Home, state: MessageState, how: Callable[[Home], str], age: timedelta, told: str
) -> None:
    message = how(home)
    assert home.message(message).state is state
    tried = len(home.hop.tried)
    before = {one.name for one in home.sent()}
    home.later(age - HOUR)
    home.later(HOUR)
    home.later(HOUR)
    assert home.message(message).state in {MessageState.SETTLED, MessageState.FORGOTTEN}
    assert not [to for to in home.hop.tried[tried:] if to in {MARIA, TOBIAS}], "nothing more was sent"
    assert all(one.state in FINAL_DELIVERY for one in home.deliveries(message))
    forgotten(home, message)
    said = [one for one in home.sent() if one.name not in before and one.recipient == told and message in one.text]
    reports = [one for one in said if "Undelivered" in str(one.parsed["Subject"]) or "Action: failed" in one.text]
    assert len(said) >= bool(told), said
    if told and how is not sending:
        assert any("nothing" in one.text.lower() for one in (reports or said)), [one.text for one in said]
    assert home.sql("SELECT count(*) FROM jobs WHERE message_id = ? AND kind IN ('assess', 'dispatch')", message) == [
        (0,)
    ]


def forgotten(home: Home, message: str) -> None:
    """Nothing that the servers hold opens it: no record, no wrap of theirs, no link secret, no blob, no open try."""
    assert home.message(message).record == b""
    assert home.sql(
        "SELECT count(*) FROM wraps w JOIN objects o ON o.id = w.object_id WHERE o.message_id = ?", message
    ) == [(0,)]  # fmt: skip
    assert home.sql("SELECT count(*) FROM secrets") == [(0,)]
    assert message not in {name for name, _ in home.vault.names()}
    open_tries = [one.value for one in ATTEMPT if ATTEMPT[one]]
    marks = ",".join("?" * len(open_tries))
    assert home.sql(f"SELECT count(*) FROM attempts WHERE state IN ({marks})", *open_tries) == [(0,)]
    open_links = [one.value for one in PARCEL if PARCEL[one]]
    assert home.sql("SELECT count(*) FROM parcels WHERE state IN (?, ?)", *open_links) == [(0,)]
    assert list(home.inst.peppers().names()) == []


def test_a_mail_that_no_archive_can_take_is_not_kept_for_that(home: Home) -> None:
    message = no_archive_possible(home)
    for _ in range(12):
        home.later(HOUR)
    assert home.message(message).state is MessageState.STUCK
    home.later(8 * DAY)
    home.later(8 * DAY)
    assert home.message(message).state is MessageState.SETTLED
    assert home.message(message).record == b""
    assert message not in {name for name, _ in home.vault.names()}
    assert ("integrity", {"code": "integrity", "step": "settle"}) in home.events(message)


def test_one_link_secret_that_does_not_open_keeps_nobody_else_in_an_old_epoch(home: Home) -> None:
    home.hop.answers[MARIA] = [Reply(Outcome.TEMPORARY, 451, "4.3.0")]
    broken = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    waits = home.submit(mail(TOBIAS, "Results", TOBIAS_RESULTS, number=2), TOBIAS)
    home.settle()
    first = home.message(waits).epoch
    home.sql("UPDATE secrets SET sealed = x'00'")
    home.later(DAY + HOUR)
    home.later(60)
    assert home.message(waits).epoch != first
    home.later(6 * DAY)
    home.later(60)
    assert home.message(broken).state is MessageState.SETTLED
    assert first not in set(home.keys.epochs.names())


def test_an_epoch_does_not_live_for_a_consent_request_that_could_not_be_sent(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> bytes:
        raise ValueError("no template")

    home.submit(mail(TOBIAS, "Results", TOBIAS_RESULTS), TOBIAS)
    home.assess()
    first = set(home.keys.epochs.names())
    assert home.sql("SELECT count(*) FROM consent_requests WHERE length(secret) > 0") == [(1,)]
    with monkeypatch.context() as patch:
        patch.setattr("gateway.flow.tell.Tell._consent", breaks)
        for _ in range(24):
            home.later(HOUR)
    assert home.sql("SELECT state, length(secret) FROM consent_requests") == [("sent", 0)]
    home.later(DAY)
    home.later(60)
    assert not first & set(home.keys.epochs.names())
