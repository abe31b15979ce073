"""The disk refuses a running role: a sync that fails, no room, read-only. Each ends in a named state, and recovers.

Real processes; the shim makes the system calls under one path fail for as long as the test says.

- At the door: 451, and nothing was promised. After a failed sync this process takes no more mail (it cannot know what the
  system dropped); after a disk that was full or read-only it goes on as soon as there is room.
- At the worker: nothing leaves; the copy waits (READY, RETRY or SENDING) and leaves once when the disk is well again.
"""

from __future__ import annotations

import errno
import smtplib
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from gateway.adapters.clock import SystemClock
from gateway.domain.states import DeliveryState, MessageState
from tests.power.recording import compiled
from tests.power.scenario import PASSWORD, results
from tests.power.test_power_cut import submit
from tests.support.home import DOCTOR, MARIA, Home
from tests.support.killed_role import Nursery

BLOB, SHARD, DATABASE, PEPPERS = "/blobs/unfinished/", "/data/blobs/", "/sealgate.db", "/peppers"
SYNC = {
    "sync-of-a-blob": ("s", errno.EIO, BLOB), "sync-of-a-blob's-directory": ("s", errno.EIO, SHARD),
    "sync-of-the-database": ("s", errno.EIO, DATABASE),
}  # fmt: skip
FULL = {"no-room-for-blobs": ("w", errno.ENOSPC, BLOB), "no-room-in-the-database": ("w", errno.ENOSPC, DATABASE)}
READ_ONLY = {"blobs-read-only": ("w", errno.EROFS, BLOB), "database-read-only": ("w", errno.EROFS, DATABASE)}
SHELF = {
    "sync-of-the-shelf": ("s", errno.EIO, PEPPERS), "no-room-on-the-shelf": ("w", errno.ENOSPC, PEPPERS),
    "shelf-read-only": ("w", errno.EROFS, PEPPERS),
}  # fmt: skip
Fault = tuple[str, int, str]
pytestmark = pytest.mark.proves("lost.fsync-error", "lost.disk-full", "lost.read-only")


class Disk:
    """Refuses what it is told to, in roles that the nursery started."""

    def __init__(self, file: Path) -> None:
        self._file, self._met = file, file.with_name(f"{file.name}.met")

    def fail(self, fault: Fault) -> None:
        self._met.unlink(missing_ok=True)
        beside = self._file.with_suffix(".new")
        beside.write_text(" ".join(str(one) for one in fault))
        beside.rename(self._file)

    def met(self) -> bool:
        """Whether anything was refused since then."""
        return self._met.exists()

    def mend(self) -> None:
        self._file.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with Home(tmp_path_factory.mktemp("failing"), clock=SystemClock()) as one:
        one.people()
        one.inst.users().add("lee", PASSWORD, [DOCTOR], ["treatment"])
        yield one


@pytest.fixture(scope="module")
def nursery(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    beside = tmp_path_factory.mktemp("shim")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "LD_PRELOAD": compiled(beside), "POWER_ROOT": home.root, "POWER_LOG": beside / "deeds",
            "POWER_FAULT": home.root.parent / "fault",
        }.items():  # fmt: skip
            patch.setenv(name, str(value))
        one = Nursery(beside / "stderr")
    yield one
    one.close()


@pytest.fixture
def disk(home: Home) -> Iterator[Disk]:
    one = Disk(home.root.parent / "fault")
    yield one
    one.mend()


class Role:
    """One role at a time, ended with the test at the latest."""

    def __init__(self, home: Home, nursery: Nursery) -> None:
        self._home, self._nursery, self._running = home, nursery, False

    def start(self, role: str) -> dict[str, list[int]]:
        self._nursery.start(role, self._home.root / "sealgate.toml")
        self._running = True
        return self._nursery.ready()

    def stop(self) -> None:
        if self._running:
            self._running = False
            assert self._nursery.stop() == 0


@pytest.fixture
def role(home: Home, nursery: Nursery) -> Iterator[Role]:
    one = Role(home, nursery)
    yield one
    one.stop()


def some(faults: Mapping[str, Fault], *fast: str) -> list[Any]:
    """The faults by name; all but a few only in `make long`."""
    return [pytest.param(one, id=name, marks=() if name in fast else pytest.mark.long) for name, one in faults.items()]


def delivered(home: Home, message: str) -> None:
    """A healthy worker takes over: the copy leaves once."""
    home.sql("UPDATE jobs SET lease_until = NULL, run_at = 1")
    home.settle()
    home.sql("UPDATE jobs SET run_at = 1")
    home.settle()
    assert home.delivery(message).state is DeliveryState.DELIVERED
    assert home.message(message).state is MessageState.SETTLED
    assert len([one for one in home.sent(MARIA) if message in one.name]) == 1


@pytest.mark.proves("once.fsync", "lost.fsync-error", "lost.disk-full", "lost.read-only")
@pytest.mark.parametrize(
    "fault", some(SYNC | FULL | READ_ONLY, "sync-of-a-blob", "sync-of-the-database", "no-room-for-blobs")
)
def test_at_the_door(home: Home, disk: Disk, role: Role, fault: Fault) -> None:
    port = role.start("smtp")["submission"][0]
    before = submit(port, MARIA, results(1))
    disk.fail(fault)
    with pytest.raises((AssertionError, smtplib.SMTPResponseException)) as refused:
        submit(port, MARIA, results(2))
    assert disk.met()
    assert "4.3." in str(refused.value)
    disk.mend()
    rows = {row for (row,) in home.sql("SELECT id FROM messages")}
    if fault[0] == "s":
        for _ in range(2):
            with pytest.raises((AssertionError, smtplib.SMTPResponseException), match=r"4\.3\."):
                submit(port, MARIA, results(3))  # never tried again, though the disk is well
        assert {row for (row,) in home.sql("SELECT id FROM messages")} == rows
    else:
        delivered(home, submit(port, MARIA, results(3)))
    role.stop()
    delivered(home, before)


@pytest.mark.parametrize("fault", some(SYNC | FULL | READ_ONLY | SHELF, "sync-of-the-shelf", "database-read-only"))
def test_at_the_worker(home: Home, disk: Disk, role: Role, fault: Fault) -> None:
    message = home.submit(results(4), MARIA)
    home.assess()
    home.sql("UPDATE jobs SET run_at = 9e15")
    role.start("worker")
    disk.fail(fault)
    home.sql("UPDATE jobs SET run_at = 1")
    until = time.monotonic() + 120
    while not disk.met() and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(0.2)
    assert disk.met()
    row = home.delivery(message)
    sent = [one for one in home.sent(MARIA) if message in one.name]
    disk.mend()
    role.stop()
    if DATABASE not in fault[2]:
        assert row.state in {DeliveryState.READY, DeliveryState.RETRY, DeliveryState.SENDING}
        assert sent == []
    delivered(home, message)
