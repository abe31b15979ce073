"""The wall clock jumps, by days or a year, forth and back, at any step: nothing ends early, nothing lives for ever.

Every deadline is read from the steady clock (gateway/adapters/clock.py). What the tests move is the system's wall clock
(`jump`), or time itself (`advance`, which moves the boot clock too).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.adapters.clock import PATIENCE, TOLERANCE, Anchor, SteadyClock
from gateway.domain.records import JobKind
from gateway.domain.states import AttemptState, DeliveryState, MessageState
from gateway.flow.timekeeping import ANCHOR
from gateway.ports.relay import Outcome, Reply
from gateway.ports.store import AuditRow
from tests.support.fakes import START, FakeClock
from tests.support.home import GRACE, LUNCH, MARIA, OFFICE, RESULTS, TOBIAS, TOBIAS_RESULTS, Home, mail

pytestmark = pytest.mark.proves("lost.clock-jumps")
DAY, YEAR = 86_400.0, 365 * 86_400.0


class Steady(SteadyClock):
    """A steady clock over one that tests move."""

    def __init__(self, machine: str = "m1") -> None:
        self.system = FakeClock()
        super().__init__(self.system, machine)

    def advance(self, seconds: float) -> None:
        self.system.advance(seconds)

    def jump(self, seconds: float) -> None:
        self.system.jump(seconds)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home(tmp_path, clock=Steady()) as one:  # type: ignore[arg-type]
        yield one.people()


# The clock itself


@pytest.mark.parametrize("by", [YEAR, -YEAR, DAY, -3600.0])
def test_a_jump_that_is_set_right_again_changes_nothing(by: float) -> None:
    clock = Steady()
    clock.jump(by)
    assert clock.now() == START
    assert clock.off == timedelta(seconds=by)
    clock.advance(PATIENCE.total_seconds() - 1)
    assert clock.now() == START + PATIENCE - timedelta(seconds=1)
    clock.jump(-by)
    assert clock.off == timedelta(0)
    assert clock.now() == START + PATIENCE - timedelta(seconds=1)


@pytest.mark.parametrize("by", [YEAR, -YEAR])
def test_a_jump_that_stays_for_an_hour_is_believed(by: float) -> None:
    clock = Steady()
    clock.jump(by)
    clock.now()
    clock.advance(PATIENCE.total_seconds())
    assert clock.now() == START + PATIENCE + timedelta(seconds=by)
    assert clock.off == timedelta(0)


def test_a_clock_that_jumps_again_is_doubted_anew() -> None:
    clock = Steady()
    for _ in range(10):
        clock.jump(DAY)
        clock.now()
        clock.advance(PATIENCE.total_seconds() / 2)
    assert clock.now() == START + 5 * PATIENCE


def test_small_corrections_are_followed_at_once() -> None:
    clock = Steady()
    clock.jump(-TOLERANCE.total_seconds())
    assert clock.now() == START - TOLERANCE
    assert clock.off == timedelta(0)


def test_the_next_process_goes_on_from_what_the_last_knew() -> None:
    clock = Steady()
    anchor = Anchor.read(str(clock.anchor()))
    assert anchor is not None
    clock.advance(600)
    clock.jump(YEAR)
    later = SteadyClock(clock.system, "m1")
    later.remember(anchor)
    assert later.now() == START + timedelta(seconds=600)
    assert Anchor.read("") is Anchor.read("nonsense 1 2 3") is None


@pytest.mark.parametrize(("by", "believed"), [(20 * DAY, True), (YEAR, False), (-DAY, False), (0.0, True)])
def test_after_another_start_of_the_machine_only_a_plausible_time_is_believed_at_once(
    by: float, believed: bool
) -> None:
    anchor = Anchor(START, 1000.0, "m0")
    clock = Steady("m1")
    clock.jump(by)
    clock.remember(anchor)
    assert clock.now() == START + timedelta(seconds=by if believed else 0)


# The gateway on it


@pytest.mark.parametrize("by", [YEAR, -YEAR])
def test_nothing_ends_early_and_no_key_dies_while_the_clock_is_wrong(home: Home, by: float) -> None:
    held = home.submit(mail(TOBIAS, "Results", TOBIAS_RESULTS), TOBIAS)
    link = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()
    [letter] = home.sent(MARIA)
    epochs, peppers = set(home.inst.epoch_keys().names()), set(home.inst.peppers().names())
    waiting = home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
    home.clock.jump(by)
    for _ in range(2):
        home.later(1500)
    assert home.message(held).state is MessageState.HELD
    assert home.delivery(waiting).state is DeliveryState.DELIVERED
    assert set(home.inst.epoch_keys().names()) == epochs
    assert set(home.inst.peppers().names()) == peppers
    home.clock.jump(-by)
    home.later(600)
    assert "diabetes" in home.open_link(letter).text
    assert home.message(link).state is MessageState.SETTLED
    said = [row.event.data for row in whole_log(home) if row.event.kind.value == "clock_jumped"]
    assert [(one["state"], one["ahead"]) for one in said] == [("doubted", by), ("over", by)]
    # And what was to end ends when its time has really come.
    home.later(timedelta(days=15))
    assert home.message(held).state is not MessageState.HELD


def whole_log(home: Home) -> list[AuditRow]:
    with home.store.begin() as uow:
        return uow.audit.leaves(0, 10_000)


def test_a_clock_that_really_was_wrong_is_followed_after_an_hour_and_mail_in_hand_outlives_its_epoch(
    home: Home,
) -> None:
    held = home.submit(mail(TOBIAS, "Results", TOBIAS_RESULTS), TOBIAS)
    home.settle()
    home.clock.jump(2 * DAY)
    for _ in range(3):
        home.later(PATIENCE / 2 + timedelta(minutes=1))
    assert home.clock.now() > START + timedelta(days=2)
    row = home.message(held)
    assert row.state is MessageState.HELD
    assert home.rooms.review.release(home.delivery(held).id, "ann", "he phoned")
    home.settle()
    assert any("/m/" in one.text for one in home.sent(TOBIAS))


def test_what_a_wrong_year_left_in_the_queue_does_not_wait_for_a_year(home: Home) -> None:
    """The clock was a year ahead and believed; mail was deferred, held and claimed by a worker that died. It is set right."""
    home.clock.jump(YEAR)
    home.settle()
    home.later(PATIENCE + timedelta(minutes=1))
    assert home.clock.now() > START + timedelta(days=365)
    home.hop.answers[OFFICE] = [Reply(Outcome.TEMPORARY, 451, "4.3.0")]
    deferred = home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
    held = home.submit(mail(TOBIAS, "Results", TOBIAS_RESULTS), TOBIAS)
    home.settle()
    dead = home.submit(mail(OFFICE, "Lunch", LUNCH, number=2), OFFICE)
    with home.store.begin() as uow:
        assert uow.jobs.claim({JobKind.ASSESS}, home.clock.now(), 2700.0)
    epoch = home.message(dead).epoch
    home.hop.answers.clear()
    home.clock.jump(-YEAR)
    home.settle()
    home.later(PATIENCE + timedelta(minutes=1))
    assert home.clock.now() < START + timedelta(days=1)
    home.later(timedelta(minutes=2))
    assert home.delivery(deferred).state is DeliveryState.DELIVERED
    home.later(timedelta(hours=2))
    assert home.delivery(dead).state is DeliveryState.DELIVERED
    assert home.message(home.submit(mail(OFFICE, "Lunch", LUNCH, number=3), OFFICE)).epoch != epoch
    home.later(timedelta(days=91))
    assert home.message(held).state is MessageState.SETTLED
    assert epoch not in set(home.inst.epoch_keys().names())


def test_a_process_that_starts_while_the_clock_is_wrong_knows_better(home: Home) -> None:
    held = home.submit(mail(TOBIAS, "Results", TOBIAS_RESULTS), TOBIAS)
    home.settle()
    home.later(120)
    home.clock.jump(YEAR)
    with home.store.begin() as uow:
        known = Anchor.read(uow.setting(ANCHOR))
    assert known is not None
    fresh = SteadyClock(home.clock.system, "m1")  # type: ignore[attr-defined]
    fresh.remember(known)
    assert fresh.now() - home.clock.now() < timedelta(seconds=1)
    assert home.message(held).state is MessageState.HELD


@pytest.mark.parametrize("seed", range(3))
def test_jumps_at_every_step_of_the_road_change_no_end(tmp_path: Path, seed: int) -> None:
    """Each checkpoint moves the wall clock by days, one way or the other; it comes right in the end."""
    dice, clock, offset = random.Random(seed), Steady(), 0.0

    def reached(_: str) -> None:
        nonlocal offset
        by = dice.choice([-400, -2, 2, 400]) * DAY
        offset += by
        clock.jump(by)

    with Home(tmp_path, clock=clock, reached=reached) as home:  # type: ignore[arg-type]
        home.people().add_certificate(GRACE)
        ends = {}
        for to, body in ((MARIA, RESULTS), (GRACE, RESULTS), (OFFICE, LUNCH), (TOBIAS, TOBIAS_RESULTS)):
            ends[to] = home.submit(mail(to, "Results", body), to)
        for _ in range(2):
            home.settle()
            clock.advance(60)
        clock.jump(-offset)
        home.settle()
        for to in (MARIA, GRACE, OFFICE):
            assert home.delivery(ends[to]).state is DeliveryState.DELIVERED
            assert [one.state for one in home.attempts(home.delivery(ends[to]).id)] == [AttemptState.DELIVERED]
        assert home.message(ends[TOBIAS]).state is MessageState.HELD
        [letter] = home.sent(MARIA)
        assert "diabetes" in home.open_link(letter).text
