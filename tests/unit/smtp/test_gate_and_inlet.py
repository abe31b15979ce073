"""Shared counters, the password pool, and the input of a connection."""

from __future__ import annotations

import asyncio

import pytest

from gateway.smtp.gate import Busy, Gate, Throttled, origin
from gateway.smtp.inlet import Inlet, LineTooLong
from gateway.smtp.limits import DoorLimits
from tests.dialogs.door_kit import FakeClock, FakeUsers
from tests.support.patience import until_so


class Idle:
    def __init__(self) -> None:
        self.gone = False

    def displace(self) -> None:
        self.gone = True


@pytest.mark.proves("door.slow-and-many")
def test_connections_in_all_and_per_address():
    gate = Gate(DoorLimits(connections=3, connections_per_address=2), FakeUsers(), FakeClock())
    ones = [Idle() for _ in range(6)]
    assert [gate.enter("192.0.2.1", one) for one in ones[:3]] == ["", "", "limit.connections_per_address"]
    gate.leave("192.0.2.1", ones[2])
    assert gate.enter("192.0.2.2", ones[3]) == ""
    gate.proven("192.0.2.1", ones[0])
    gate.proven("192.0.2.1", ones[1])
    # Who has shown something stays, and who takes no more than the newcomer would.
    assert gate.enter("192.0.2.3", ones[4]) == "limit.connections"
    assert not any(one.gone for one in ones)
    gate.leave("192.0.2.3", ones[4])
    assert gate.enter("2001:db8::1", ones[5]) == "limit.connections"
    for address, one in zip(
        ("192.0.2.1", "192.0.2.1", "192.0.2.2", "2001:db8::1"), (*ones[:2], ones[3], ones[5]), strict=True
    ):
        gate.leave(address, one)
    assert (gate._total, dict(gate._by_origin), gate._idle) == (0, {}, {})
    gate.close()


@pytest.mark.proves("door.slow-and-many")
def test_when_the_door_is_full_the_greediest_makes_room():
    gate = Gate(DoorLimits(connections=4, connections_per_address=4), FakeUsers(), FakeClock())
    many, honest = [Idle() for _ in range(4)], Idle()
    assert [gate.enter("192.0.2.1", one) for one in many] == [""] * 4
    assert gate.enter("198.51.100.1", honest) == ""
    assert [one.gone for one in many] == [True, False, False, False]
    gate.leave("192.0.2.1", many[0])
    assert gate.enter("192.0.2.1", Idle()) == "limit.connections", "it would take more than anybody else"
    gate.close()


@pytest.mark.proves("door.auth")
def test_one_machine_has_all_addresses_of_its_network():
    assert origin("2001:db8:1:2::1") == origin("2001:db8:1:2:ffff::9") != origin("2001:db8:1:3::1")
    assert origin("::ffff:192.0.2.7") == origin("192.0.2.7")
    assert origin("fe80::1%eth0") == "fe80::/64"
    assert origin("") == ""
    gate = Gate(DoorLimits(connections_per_address=1), FakeUsers(), FakeClock())
    assert gate.enter("2001:db8::1", Idle()) == ""
    assert gate.enter("2001:db8::2", Idle()) == "limit.connections_per_address"
    gate.close()


@pytest.mark.proves("door.auth")
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


@pytest.mark.proves("door.auth")
async def test_guessing_one_account_from_many_places_ends_and_its_owner_gets_in():
    clock, users = FakeClock(), FakeUsers()
    gate = Gate(DoorLimits(auth_failures_per_account=3, auth_window_seconds=60), users, clock)
    assert await gate.authenticate("192.0.2.1", "lee", "open sesame") is not None
    for name in ("lee", "Lee", "LEE"):
        assert await gate.authenticate(f"198.51.100.{len(name)}", name, "guess") is None
    checked = users.calls
    with pytest.raises(Throttled):
        await gate.authenticate("198.51.100.9", "lee", "open sesame")
    assert users.calls == checked, "not even looked at"
    assert await gate.authenticate("192.0.2.1", "lee", "open sesame") is not None
    # An account that is none is treated the same: nothing tells which there are.
    for n in range(3):
        assert await gate.authenticate(f"198.51.100.{n}", "nobody", "guess") is None
    with pytest.raises(Throttled):
        await gate.authenticate("198.51.100.9", "nobody", "guess")
    clock.moved = 61
    assert await gate.authenticate("198.51.100.9", "lee", "open sesame") is not None
    gate.close()


async def test_what_is_remembered_of_guessers_is_bounded(monkeypatch):
    monkeypatch.setattr("gateway.smtp.gate._REMEMBERED", 3)
    gate = Gate(DoorLimits(), FakeUsers(), FakeClock())
    for n in range(9):
        await gate.authenticate(f"192.0.2.{n}", f"user{n}", "guess")
    assert (len(gate._failures), len(gate._guessed)) == (3, 3)
    gate.close()


@pytest.mark.proves("limits.passwords")
async def test_password_checks_are_bounded():
    users = FakeUsers()
    gate = Gate(DoorLimits(password_checks=1, password_queue=1), users, FakeClock())
    users.hold.clear()
    waiting = [asyncio.create_task(gate.authenticate("a", "lee", "open sesame")) for _ in range(2)]
    await until_so(lambda: users.calls == 1)  # in its thread, and the other waits for that
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


@pytest.mark.proves("door.slow-and-many")
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
