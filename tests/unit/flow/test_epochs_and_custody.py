"""Epochs turn, mail in hand moves with them, and a key that nobody needs dies."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.decision import Method
from gateway.domain.errors import IntegrityError, KeyMissing
from gateway.domain.protected import Protected
from gateway.domain.states import DeliveryState, MessageState
from gateway.flow import epochs
from gateway.flow.epochs import ADVERTISED, DESTROYED, NEW, RETIRED, Calendar
from gateway.ports.relay import Outcome, Reply
from tests.support.home import GRACE, LUNCH, MARIA, OFFICE, RESULTS, TOBIAS, TOBIAS_RESULTS, Home, mail

LATER = Reply(Outcome.TEMPORARY, 451, "4.3.0")
DAY = timedelta(days=1)


@pytest.fixture
def home(tmp_path: Path):
    with Home(tmp_path) as one:
        yield one.people()


def states(home: Home) -> list[str]:
    return [one for (one,) in home.sql("SELECT state FROM epochs ORDER BY created_at, id")]


def calendar(home: Home, worker: str) -> Calendar:
    return Calendar(home.store, home.keys, home.clock, home.tokens, worker, DAY)


@pytest.mark.proves("rest.epochs", "rest.epoch-ends")
def test_a_day_turns_the_epoch_and_destroys_the_idle_key(home: Home) -> None:
    [first] = home.keys.epochs.names()
    home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
    home.settle()
    assert states(home) == [ADVERTISED]
    home.later(DAY)
    home.later(10)
    assert states(home) == [DESTROYED, ADVERTISED]
    assert first not in set(home.keys.epochs.names())
    assert {"epoch_opened", "epoch_destroyed"} <= set(home.kinds())
    with pytest.raises(KeyMissing):
        epochs.private(home.keys, first)


@pytest.mark.proves("rest.epoch-confirmed")
def test_every_living_worker_must_confirm(home: Home) -> None:
    second = calendar(home, "second")
    second.tick()
    home.later(DAY - timedelta(minutes=1))
    second.tick()
    home.clock.advance(61)
    home.rooms.calendar.tick()
    assert states(home)[-1] == NEW
    second.tick()
    assert states(home)[-1] == ADVERTISED


@pytest.mark.proves("rest.epoch-confirmed")
def test_a_worker_that_cannot_read_the_key_does_not_confirm(home: Home) -> None:
    home.later(DAY - timedelta(minutes=1))
    second = calendar(home, "second")
    second.tick()
    home.clock.advance(61)
    home.rooms.calendar.tick()
    assert states(home)[-1] == NEW
    name = home.sql("SELECT id FROM epochs WHERE state = 'new'")[0][0]
    secret = home.keys.epochs.get(name)
    assert secret is not None
    home.keys.epochs.destroy(name)
    second.tick()
    assert states(home)[-1] == NEW
    home.keys.epochs.put(name, Protected(secret.reveal()))
    second.tick()
    assert states(home)[-1] == ADVERTISED


def test_a_silent_or_departed_worker_is_not_waited_for(home: Home) -> None:
    calendar(home, "dead").tick()
    left = calendar(home, "left")
    left.tick()
    left.leave()
    home.later(DAY)
    assert states(home)[-1] == ADVERTISED


@pytest.mark.proves("rest.epoch-ends")
def test_held_mail_moves_on_and_its_old_key_dies(home: Home) -> None:
    message = home.submit(mail(TOBIAS, "Results", TOBIAS_RESULTS), TOBIAS)
    home.settle()
    before = home.message(message)
    assert before.state is MessageState.HELD
    for _ in range(3):
        home.later(DAY)
        home.later(10)
    now = home.message(message)
    assert now.epoch != before.epoch
    assert now.record != before.record
    assert list(home.keys.epochs.names()) == [now.epoch]
    assert home.rooms.assess._custody.record(now).message_id == message
    assert home.sql("SELECT holder FROM wraps WHERE object_id = ?", message) == [(now.epoch,)]
    home.answer_consent(home.sent(TOBIAS)[0], yes=True)
    home.settle()
    sent = next(one for one in home.sent(TOBIAS) if "/m/" in one.text)
    assert "diabetes" in home.open_link(sent).text


@pytest.mark.proves("rest.link-secret", "rest.epoch-ends")
def test_a_link_secret_in_hand_moves_on_too_and_the_link_stays_the_same(home: Home) -> None:
    tokens: list[str] = []
    home.hop.answers[MARIA] = [LATER]
    home.hop.before = lambda one: tokens.append(b"".join(one.body).decode().split("/m/")[1][:43])
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()
    [(old, _)] = [(epoch, sealed) for _, epoch, sealed in home.sql("SELECT delivery_id, epoch, sealed FROM secrets")]
    for _ in range(8):
        home.later(timedelta(hours=4))
    [(new,)] = home.sql("SELECT epoch FROM secrets")
    assert new != old
    assert old not in set(home.keys.epochs.names())
    home.hop.answers.clear()
    home.hop.before = lambda _: None
    home.later(timedelta(hours=5))
    assert home.delivery(message).state is DeliveryState.DELIVERED
    assert set(tokens) == {home.sent(MARIA)[0].token()}
    assert home.sql("SELECT count(*) FROM secrets") == [(0,)]


@pytest.mark.proves("rest.link-secret")
def test_the_secret_dies_with_the_relays_last_reply(home: Home) -> None:
    home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.assess()
    home.hop.before = lambda _: _seen(home)
    home.settle()
    assert SECRETS == [1]
    assert home.sql("SELECT count(*) FROM secrets") == [(0,)]


SECRETS: list[int] = []


def _seen(home: Home) -> None:
    SECRETS.append(home.sql("SELECT count(*) FROM secrets")[0][0])


@pytest.mark.parametrize("to", [MARIA, GRACE, OFFICE])
def test_an_epoch_that_turns_during_an_attempt_is_no_alarm(home: Home, to: str) -> None:
    """Housekeeping runs beside the steps: what a step has in hand may be wrapped anew under its eyes."""
    home.add_certificate(GRACE)

    def turns(point: str) -> None:
        if point in {"assess.1", "dispatch.1", "dispatch.2"}:
            home.sql("UPDATE epochs SET state = 'retired' WHERE state = 'advertised'")
            home.rooms.calendar._begin()
            home.rooms.retain.rewrap()
            home.rooms.calendar.destroy_idle()

    home.reached = turns
    home.start()
    message = home.submit(mail(to, "Results", LUNCH if to == OFFICE else RESULTS), to)
    home.settle()
    assert home.delivery(message).state is DeliveryState.DELIVERED
    assert "integrity" not in home.kinds(message)
    assert states(home).count(DESTROYED) >= 2
    if to == MARIA:
        assert home.delivery(message).method is Method.LINK
        assert "diabetes" in home.open_link(home.sent(MARIA)[0]).text


@pytest.mark.proves("rest.epoch-ends")
def test_destroying_is_not_done_while_a_wrap_needs_the_key(home: Home) -> None:
    message = home.submit(mail(TOBIAS, "Results", TOBIAS_RESULTS), TOBIAS)
    home.settle()
    home.sql("UPDATE epochs SET state = ? WHERE state = ?", RETIRED, ADVERTISED)
    assert home.rooms.calendar.destroy_idle() == []
    assert home.rooms.assess._custody.record(home.message(message)).message_id == message


def test_a_rewrapped_data_key_is_still_bound_to_its_message(home: Home) -> None:
    first = home.submit(mail(TOBIAS, "Results", TOBIAS_RESULTS), TOBIAS)
    second = home.submit(mail(TOBIAS, "Results", TOBIAS_RESULTS), TOBIAS)
    home.settle()
    home.later(DAY)
    home.later(10)
    rows = home.sql("SELECT object_id, sealed FROM wraps WHERE kind = 'epoch'")
    home.sql("UPDATE wraps SET sealed = CASE object_id WHEN ? THEN ? ELSE ? END", rows[0][0], rows[1][1], rows[0][1])
    for message in (first, second):
        row = home.message(message)
        with pytest.raises(IntegrityError):
            record = home.rooms.assess._custody.record(row)
            b"".join(home.rooms.assess._custody.content(row, record))
