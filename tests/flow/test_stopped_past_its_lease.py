"""SIGSTOP: a worker that sleeps in the middle of a try, past its lease, and wakes when another has taken over.

Real processes and a real next hop. Before the dot the sleeper leaves without it; after the dot there is one more copy, with
the same Message-ID and its line in the log; what the sleeper would settle counts for nothing.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.adapters.clock import SystemClock
from gateway.config.load import load
from gateway.domain.errors import ConfigError
from gateway.domain.states import AttemptState, DeliveryState, MessageState
from tests.support.home import LUNCH, OFFICE, Home, mail
from tests.support.killed_role import Nursery
from tests.support.next_hop import NextHop
from tests.support.patience import until

LEASE, FINAL = 4.0, 1.0


class Two:
    """Two workers, a next hop, and one mail on its way."""

    def __init__(self, root: Path) -> None:
        self.hop = NextHop()
        capture = f"capture://{root}/outbox"
        self.home = Home(
            root, clock=SystemClock(), config=lambda text: text.replace(capture, f"smtp://127.0.0.1:{self.hop.port}")
        )
        self.home.rooms.calendar.leave()
        self.sleeper, self.other = Nursery(root / "sleeper.err"), Nursery(root / "other.err")
        self.message = self.home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)

    def start(self, one: Nursery) -> None:
        # The sleeper has no other work: stopped in the midst of a transaction it would hold SQLite's one lock.
        one.start(
            "worker", self.home.root / "sealgate.toml", duties=600.0,
            sections={"worker": {"lease": LEASE, "poll": 600.0 if one is self.sleeper else 0.1, "threads": 1},
                      "relay": {"final": FINAL}},
        )  # fmt: skip
        one.ready()

    def attempts(self) -> list[AttemptState]:
        return [one.state for one in self.home.attempts(self.home.delivery(self.message).id)]

    def take_over(self, states: list[AttemptState]) -> None:
        """Stop the sleeper where it is, wake it when the other has ended the mail, and give it time to act."""
        self.sleeper.kill(signal.SIGSTOP)
        time.sleep(LEASE)
        self.hop.gate.set()
        self.hop.verdict.set()
        self.start(self.other)
        until(lambda: self.home.message(self.message).state is MessageState.SETTLED)
        before = self.home.events(self.message)
        self.sleeper.kill(signal.SIGCONT)
        time.sleep(3.0)  # to do what it would
        self.sleeper.kill()
        self.sleeper.ended()
        assert self.home.events(self.message) == before, "the sleeper's settling counted"
        assert self.attempts() == states
        assert self.home.delivery(self.message).state is DeliveryState.DELIVERED

    def doubts(self) -> int:
        return sum(bool(data.get("duplicate_possible")) for _, data in self.home.events(self.message))

    def close(self) -> None:
        for one in (self.sleeper, self.other):
            if one.pid:
                one.kill(signal.SIGCONT)
            one.close()
        self.hop.close()
        self.home.close()


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    one = Two(tmp_path)
    yield one
    one.close()


@pytest.mark.long
@pytest.mark.proves("lost.sigstop", "once.lease-before-dot", "once.lease-number")
def test_stopped_in_the_middle_of_data_it_leaves_without_the_dot(two: Two) -> None:
    # The hop holds its 354 back for nothing but the moment in which the worker is stopped.
    two.hop.pause_at_data.clear()
    two.start(two.sleeper)
    until(lambda: two.hop.bodies_begun == 1)
    two.sleeper.kill(signal.SIGSTOP)
    two.hop.pause_at_data.set()
    two.take_over([AttemptState.ABANDONED, AttemptState.DELIVERED])
    assert len(two.hop.taken) == 1, "the sleeper sent its dot"
    assert two.doubts() == 0


@pytest.mark.long
@pytest.mark.proves("lost.sigstop", "once.in-doubt", "once.lease-number")
def test_stopped_between_the_dot_and_its_answer_there_is_one_copy_more_and_the_log_says_so(two: Two) -> None:
    two.hop.verdict.clear()
    two.start(two.sleeper)
    until(lambda: len(two.hop.taken) == 1)
    assert two.attempts() == [AttemptState.IN_DOUBT], "committed before the dot"
    two.take_over([AttemptState.ABANDONED, AttemptState.DELIVERED])
    first, second = two.hop.taken
    assert (first.message_id, first.raw) == (second.message_id, second.raw)
    assert two.doubts() == 1


@pytest.mark.proves("once.lease-outlives")
@pytest.mark.parametrize(("worker", "relay", "fits"), [
    ('lease = "33m"', "", True), ('lease = "32m"', "", False), ('lease = "45m"', 'timeout = "10m"', False),
    ('lease = "8m"', 'timeout = "1m"\nfinal = "1m"', True), ('lease = "7m"', 'timeout = "1m"\nfinal = "1m"', False),
    ('lease = "45m"', 'final = "30m"', False),
])  # fmt: skip
def test_a_lease_shorter_than_the_relays_time_outs_is_refused(
    tmp_path: Path, worker: str, relay: str, fits: bool
) -> None:
    with Home(tmp_path) as home:
        path = home.root / "sealgate.toml"
        text = path.read_text().replace("[relay]\n", f"[relay]\n{relay}\n")
        path.write_text(
            text + f"\n[worker]\n{worker}\n"
            if "[worker]" not in text
            else text.replace("[worker]\n", f"[worker]\n{worker}\n")
        )
        if fits:
            settings = load(path)
            assert settings.worker.lease >= settings.relay.longest
            return
        with pytest.raises(ConfigError, match=r"worker\.lease must be at least"):
            load(path)
