"""Shared counters, the password pool, and the input of a connection."""

from __future__ import annotations

import asyncio

import pytest

from gateway.smtp.gate import Busy, Gate
from gateway.smtp.inlet import Inlet, LineTooLong
from gateway.smtp.limits import DoorLimits
from tests.dialogs.door_kit import FakeClock, FakeUsers


def test_connections_in_all_and_per_address():
    gate = Gate(DoorLimits(connections=3, connections_per_address=2), FakeUsers(), FakeClock())
    assert [gate.enter("a"), gate.enter("a"), gate.enter("a")] == [True, True, False]
    gate.leave("a")
    assert [gate.enter("b"), gate.enter("c")] == [True, False]
    for address in "aabc":
        gate.leave(address)
    assert (gate._total, dict(gate._by_address)) == (0, {})
    gate.close()


async def test_wrong_passwords_count_for_a_while():
    clock = FakeClock()
    gate = Gate(DoorLimits(auth_failures_per_address=2, auth_window_seconds=60), FakeUsers(), clock)
    for _ in range(2):
        assert not gate.guessed_too_often("a")
        assert await gate.authenticate("a", "lee", "wrong") is None
    assert gate.guessed_too_often("a")
    assert not gate.guessed_too_often("b")
    assert await gate.authenticate("b", "lee", "open sesame") is not None
    clock.moved = 61
    assert not gate.guessed_too_often("a")
    assert gate._failures == {}
    gate.close()


async def test_password_checks_are_bounded():
    users = FakeUsers()
    gate = Gate(DoorLimits(password_checks=1, password_queue=1), users, FakeClock())
    users.hold.clear()
    waiting = [asyncio.create_task(gate.authenticate("a", "lee", "open sesame")) for _ in range(2)]
    await asyncio.sleep(0.05)
    with pytest.raises(Busy):
        await gate.authenticate("a", "lee", "open sesame")
    assert users.calls == 1
    users.hold.set()
    assert all(await asyncio.gather(*waiting))
    assert await gate.authenticate("a", "lee", "open sesame") is not None
    gate.close()


class Throttle:
    def __init__(self) -> None:
        self.log: list[str] = []

    def pause_reading(self) -> None:
        self.log.append("pause")

    def resume_reading(self) -> None:
        self.log.append("resume")


async def test_inlet_holds_the_sender_back():
    inlet, transport = Inlet(), Throttle()
    inlet.attach(transport)
    inlet.feed(b"x" * 200_000)
    inlet.feed(b"x" * 100_000)
    inlet.feed(b"x")
    assert transport.log == ["pause"]
    assert len(await inlet.chunk()) == 300_001
    assert transport.log == ["pause", "resume"]


async def test_inlet_lines():
    inlet = Inlet()
    inlet.feed(b"one\r\ntw")
    assert await inlet.line(10) == b"one\r\n"
    waiting = asyncio.create_task(inlet.line(10))
    await asyncio.sleep(0)
    inlet.feed(b"o\n")
    assert await waiting == b"two\n"
    inlet.feed(b"x" * 50)
    waiting = asyncio.create_task(inlet.line(10))
    await asyncio.sleep(0)
    assert inlet.waiting == 0
    inlet.feed(b"xxx\r\nok\r\n")
    with pytest.raises(LineTooLong):
        await waiting
    assert await inlet.line(10) == b"ok\r\n"
    inlet.put_back(b"back\r\n")
    assert inlet.waiting == 6
    assert await inlet.line(10) == b"back\r\n"
    inlet.feed(b"left")
    inlet.feed_eof()
    assert await inlet.line(10) is None
    assert await inlet.chunk() == b"left"
    assert await inlet.chunk() == b""
