"""SIGTERM ends a role within a stated time, whatever it does; what it had in hand goes on elsewhere, whole and once.

Real processes, with shorter times to drain than the real ones (30 s to finish, 38 s to the end).
"""

from __future__ import annotations

import signal
import smtplib
import sqlite3
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from gateway.adapters.clock import SystemClock
from gateway.app import signals, supervisor
from gateway.domain.states import AttemptState, DeliveryState, MessageState
from gateway.worker.loop import Pace
from tests.support.home import DOCTOR, LUNCH, OFFICE, Home, mail
from tests.support.killed_role import Nursery
from tests.support.next_hop import NextHop
from tests.support.patience import until

PASSWORD = "correct horse battery"
SHORT = {"DRAIN_SECONDS": 0.6, "END_SECONDS": 2.0}
LATEST = 20.0
"""Seconds from SIGTERM until a role with SHORT times must be gone, on a busy machine."""
PACE = {"worker": {"poll": 0.02, "backoff": [0.1], "threads": 1}}


class House:
    """One practice, its next hop, and processes of its gateway."""

    def __init__(self, root: Path) -> None:
        self.hop = NextHop()
        capture = f"capture://{root}/outbox"
        self.home = Home(
            root, clock=SystemClock(), config=lambda text: text.replace(capture, f"smtp://127.0.0.1:{self.hop.port}")
        )
        self.home.inst.users().add("lee", PASSWORD, [DOCTOR], ["treatment"])
        self.one = Nursery(root / "one.err")
        self.err = root / "one.err"

    def worker(self, **seconds: float) -> None:
        self.one.start("worker", self.home.root / "sealgate.toml", sections=PACE, seconds=SHORT | seconds, silent=1.0)
        self.one.ready()

    def submit(self) -> str:
        return self.home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)

    def ends(self) -> float:
        """SIGTERM; the seconds until it ended, in order."""
        began = time.monotonic()
        assert self.one.stop() == 0
        return time.monotonic() - began

    def attempts(self, message: str) -> list[AttemptState]:
        return [one.state for one in self.home.attempts(self.home.delivery(message).id)]

    def delivered(self, message: str) -> None:
        """Another worker goes on with it."""
        self.worker()
        until(lambda: self.home.message(message).state is MessageState.SETTLED)
        assert self.home.delivery(message).state is DeliveryState.DELIVERED
        assert self.ends() < LATEST

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Somebody else holds SQLite's one lock."""
        path = self.home.inst.store()._file
        assert path is not None
        other = sqlite3.connect(path, isolation_level=None, timeout=30)
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")
            other.close()

    def close(self) -> None:
        self.one.close()
        self.hop.close()
        self.home.close()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    one = House(tmp_path_factory.mktemp("drain"))
    yield one
    one.close()


@pytest.fixture(autouse=True)
def open_hop(house: House) -> Iterator[None]:
    yield
    for one in (house.hop.pause_at_data, house.hop.verdict):
        one.set()
    house.hop.taken.clear()


def test_the_stated_times_fit_into_each_other() -> None:
    units = Path(__file__).parents[2] / "deploy" / "systemd"
    stops = {
        int(line.partition("=")[2]) for path in units.glob("*.service") for line in path.read_text().splitlines()
        if line.startswith("TimeoutStopSec=")
    }  # fmt: skip
    assert Pace(1, 1.0, 1.0, 1.0).drain == signals.DRAIN_SECONDS < signals.END_SECONDS < supervisor._STOP_SECONDS
    assert min(stops) > supervisor._STOP_SECONDS


@pytest.mark.parametrize("order", [(signal.SIGTERM, signal.SIGCONT), (signal.SIGCONT, signal.SIGTERM)])
@pytest.mark.proves("lost.sigstop")
def test_a_worker_that_was_stopped_ends_when_it_wakes(house: House, order: tuple[signal.Signals, ...]) -> None:
    """After SIGCONT the kernel gives SIGTERM to any thread; a main thread that waits for others never ran its handler."""
    house.worker()
    house.one.kill(signal.SIGSTOP)
    time.sleep(0.05)
    began = time.monotonic()
    for number in order:
        house.one.kill(number)
    assert house.one.ended() == 0
    assert time.monotonic() - began < LATEST


@pytest.mark.proves("lost.relay-stalls")
def test_a_next_hop_that_stalls_in_data_gets_no_dot_and_another_worker_goes_on(house: House) -> None:
    house.hop.pause_at_data.clear()
    begun = house.hop.bodies_begun
    message = house.submit()
    house.worker(END_SECONDS=60.0)  # as long as it takes to give the mail back
    until(lambda: house.hop.bodies_begun > begun)
    assert house.ends() < LATEST
    # It had the time to give the mail back: nobody waits for its lease.
    assert house.attempts(message) == [AttemptState.RETRY]
    house.hop.pause_at_data.set()
    house.delivered(message)
    assert len(house.hop.taken) == 1


@pytest.mark.proves("lost.relay-stalls", "once.in-doubt")
def test_a_next_hop_that_does_not_answer_the_dot_may_get_one_copy_more_and_the_log_says_so(house: House) -> None:
    house.hop.verdict.clear()
    message = house.submit()
    house.worker()
    until(lambda: house.hop.taken)
    assert house.ends() < LATEST
    house.hop.verdict.set()
    house.home.sql("UPDATE jobs SET lease_until = 1 WHERE lease_until IS NOT NULL")
    house.delivered(message)
    first, second = house.hop.taken
    assert (first.message_id, first.raw) == (second.message_id, second.raw)
    assert sum(bool(data.get("duplicate_possible")) for _, data in house.home.events(message)) == 1


def test_an_inspection_that_does_not_end_is_left_and_another_worker_goes_on(house: House) -> None:
    house.worker()
    [launcher] = psutil.Process(house.one.pid).children()
    launcher.suspend()
    paper = ("paper.pdf", "application/pdf", b"%PDF-1.4\n%%EOF\n")
    message = house.home.submit(mail(OFFICE, "Lunch", LUNCH, files=[paper]), OFFICE)
    until(lambda: house.home.sql("SELECT 1 FROM jobs WHERE lease_until IS NOT NULL AND message_id = ?", message))
    assert house.ends() < LATEST
    assert "the time to drain is over" in house.err.read_text()
    assert house.home.message(message).state is MessageState.RECEIVED
    launcher.resume()
    until(lambda: not launcher.is_running() or launcher.status() == psutil.STATUS_ZOMBIE)
    house.home.sql("UPDATE jobs SET lease_until = 1 WHERE lease_until IS NOT NULL")
    house.worker()
    until(lambda: house.home.message(message).state is not MessageState.RECEIVED)
    assert house.ends() < LATEST


def test_a_store_that_somebody_else_keeps_locked_does_not_keep_a_worker(house: House) -> None:
    house.worker()
    with house.locked():
        time.sleep(1.0)  # its threads wait at the lock
        assert house.ends() < LATEST
    assert "not all ended in time" in house.err.read_text()
    house.delivered(house.submit())


def test_a_store_that_somebody_else_keeps_locked_does_not_keep_a_door(house: House) -> None:
    house.one.start("smtp", house.home.root / "sealgate.toml", seconds=SHORT)
    client = at_data(house.one.ready()["submission"][0])
    with house.locked():
        client.send(mail(OFFICE, "Lunch", LUNCH) + b"\r\n.\r\n")
        time.sleep(0.2)
        assert house.ends() < LATEST
    client.close()


def at_data(port: int) -> smtplib.SMTP:
    """A client that was told to send its mail."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    client = smtplib.SMTP("127.0.0.1", port, timeout=60)
    client.starttls(context=context)
    client.login("lee", PASSWORD)
    client.mail(DOCTOR)
    client.rcpt(OFFICE)
    assert client.docmd("DATA")[0] == 354
    return client


_HOLDER = """
import sqlite3, sys
store = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
store.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read(1)
store.execute("COMMIT")
"""


@pytest.mark.proves("lost.sigstop")
def test_a_process_stopped_within_a_transaction_keeps_all_others_from_writing_until_it_wakes(house: House) -> None:
    """Inherent to SQLite's one lock: they wait out their patience, the door says 421 and 451, and all goes on after."""
    door = Nursery(house.home.root / "door.err")
    patience = {"PATIENCE": 2.0}
    try:
        door.start("smtp", house.home.root / "sealgate.toml", seconds=patience)
        port = door.ready()["submission"][0]
        client = at_data(port)
        house.worker(**patience)
        path = house.home.inst.store()._file
        holder = subprocess.Popen(
            [sys.executable, "-c", _HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert holder.stdin is not None
        assert holder.stdout is not None
        try:
            assert holder.stdout.readline() == b"held\n"
            holder.send_signal(signal.SIGSTOP)
            with pytest.raises(smtplib.SMTPConnectError, match="421"):
                smtplib.SMTP("127.0.0.1", port, timeout=60)
            client.send(mail(OFFICE, "Lunch", LUNCH) + b"\r\n.\r\n")
            code, words = client.getreply()
            assert (code, words[:5]) == (451, b"4.3.0")
            until(lambda: '"store not available"' in house.err.read_text())
            assert house.one.lives()
        finally:
            holder.send_signal(signal.SIGCONT)
            holder.communicate(b"x", timeout=60)
        client.mail(DOCTOR)
        client.rcpt(OFFICE)
        code, words = client.data(mail(OFFICE, "Lunch", LUNCH))
        assert code == 250
        client.close()
        message = words.decode().split()[1]
        until(lambda: house.home.message(message).state is MessageState.SETTLED)
        assert house.ends() < LATEST
        assert door.stop() == 0
    finally:
        door.close()
