"""Slow, many and rude clients: the door stays open to others, and its memory bounded.

Crowds come from 127.0.0.0/8, an address for each fifty. The door of the crowd is a process of its own with the default limits.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gateway.smtp.limits import DoorLimits
from gateway.smtp.settings import Profile, SmarthostClient
from tests.dialogs.door_kit import Client, Stand, stand
from tests.dialogs.test_smtp_memory import peak

pytestmark = pytest.mark.proves("door.slow-and-many")

ROOT = Path(__file__).parents[2]
LOCAL = SmarthostClient("local", networks=("127.0.0.0/8",), may_send_as=frozenset({"lee@practice.example"}))
HONEST = "127.200.0.1"


def honest_mail(port: int, source: str = HONEST) -> str:
    """A small mail from an address of its own; the reply to its end."""
    with socket.create_connection(("127.0.0.1", port), timeout=60, source_address=(source, 0)) as sock:
        file = sock.makefile("rb")
        said = file.readline()
        for command in (b"EHLO c", b"MAIL FROM:<lee@practice.example>", b"RCPT TO:<b@example.net>", b"DATA",
                        b"Subject: x\r\n\r\nhello\r\n."):  # fmt: skip
            assert said[:1] in b"23", said
            sock.sendall(command + b"\r\n")
            said = file.readline()
            while said[3:4] == b"-":
                said = file.readline()
        file.close()
        return said.decode()


@contextlib.contextmanager
def more_files(count: int):
    """This process may have so many sockets, if the machine allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        if hard < count:
            pytest.skip(f"THE HARD LIMIT of open files here is {hard}, {count} are needed")
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def crowd_at_the_door(count: int) -> tuple[list[float], int]:
    """So many idle connections; how long honest mails took meanwhile, and by how many KiB the door grew at its peak."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.dialogs.door_process", "uvloop"],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with more_files(count + 200), contextlib.ExitStack() as idle:
        try:
            port = int(process.stdout.readline())
            assert honest_mail(port).startswith("250")
            before, took = peak(process.pid), []
            for number in range(count):
                sock = idle.enter_context(socket.socket())
                sock.bind((f"127.1.{number // 50 // 250}.{number // 50 % 250 + 1}", 0))
                sock.connect(("127.0.0.1", port))
                if number % (count // 5) == count // 5 - 1:
                    started = time.monotonic()
                    assert honest_mail(port).startswith("250")
                    took.append(time.monotonic() - started)
            return took, peak(process.pid) - before
        finally:
            idle.close()
            process.communicate("\n", timeout=60)
            assert process.returncode == 0


def test_a_crowd_of_idlers_leaves_the_door_open():
    took, grown = crowd_at_the_door(800)
    assert max(took) < 10
    assert grown < 64 * 1024


@pytest.mark.long
def test_ten_thousand_idle_connections_leave_the_door_open():
    took, grown = crowd_at_the_door(10_000)
    print(
        f"10000 idle connections: honest mails took {[round(one, 3) for one in took]} s, the door grew by {grown} KiB"
    )
    assert max(took) < 10
    assert grown < 64 * 1024


async def test_who_never_begins_tls_is_counted_like_everybody(tmp_path):
    limits = DoorLimits(connections=10, connections_per_address=8, handshake_seconds=20)
    async with stand(tmp_path, Profile.SUBMISSIONS, limits=limits) as one:
        mute = []
        for number in range(40):
            mute.append(await one.raw(local_addr=(f"127.3.0.{number // 8 + 1}", 0)))
            await asyncio.sleep(0)
        assert one.door.connections <= 11
        client = await one.raw(local_addr=(HONEST, 0), ssl=one.client_context, server_hostname="localhost")
        assert (await client.reply()).startswith("220")
        # The mute are told nothing in clear.
        for other in mute:
            other.close()
        assert one.refused("connections_per_address") == 0
        assert one.refused("connections") > 0


async def test_a_stranger_that_says_much_and_sends_nothing_must_go(tmp_path):
    """At the inbound door any MAIL is taken, so only a recipient that nobody can guess wins time."""
    async with stand(tmp_path, Profile.INBOUND, limits=DoorLimits(greeting_seconds=3.0)) as one:
        peer = await one.greeted()
        await peer.talk("C: MAIL FROM:<>\nS: 250\nC: RCPT TO:<own@gate.example>\nS: 250")
        stranger = await one.greeted()
        assert (await stranger.ask("MAIL FROM:<a@evil.example>")).startswith("250")
        await one.hear_out(stranger)
        assert one.door.connections == 1
        assert (await peer.ask("NOOP")).startswith("250")
        assert one.refused("silence") == 1


async def others_are_served(one: Stand) -> None:
    client = await one.raw()
    assert (await client.reply()).startswith("220")
    assert (await asyncio.wait_for(client.ask("NOOP"), 60)).startswith("250")
    client.close()


async def in_data_under_tls(one: Stand) -> Client:
    client = await one.logged_in()
    await client.talk(
        "C: MAIL FROM:<lee@practice.example>\nS: 250\nC: RCPT TO:<b@example.net>\nS: 250\nC: DATA\nS: 354"
    )
    await client.send(b"Subject: x\r\n\r\nhalf a message\r\n")
    await asyncio.sleep(0.05)
    return client


@pytest.mark.parametrize("way", ["close_notify", "fin without close_notify", "reset", "garbage"])
async def test_tls_that_ends_in_the_middle_leaves_no_message(tmp_path, way):
    """A cut line must not pass for an end (truncation): only the final dot makes a message."""
    async with stand(tmp_path, Profile.SUBMISSION) as one:
        client = await in_data_under_tls(one)
        sock = client.writer.get_extra_info("socket")
        raw = socket.socket(fileno=socket.dup(sock.fileno()))
        if way == "close_notify":
            client.writer.close()
        elif way == "fin without close_notify":
            raw.shutdown(socket.SHUT_WR)
        elif way == "reset":
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.writer.transport.abort()
        else:
            raw.send(b"\r\n.\r\nQUIT\r\n")
        raw.close()
        await one.left(0)
        assert [taken.state for taken in one.intake.begun] == ["aborted"]
        await others_are_served(one)
        client.writer.transport.abort()


async def test_a_client_that_shuts_one_half_of_tls_is_not_kept(tmp_path):
    async with stand(tmp_path, Profile.SUBMISSION) as one:
        clients = [await one.secure() for _ in range(5)]
        for client in clients:
            client.writer.get_extra_info("socket")
            raw = socket.socket(fileno=socket.dup(client.writer.get_extra_info("socket").fileno()))
            raw.shutdown(socket.SHUT_WR)
            raw.close()
        await one.left(0)
        await others_are_served(one)
        for client in clients:
            client.writer.transport.abort()


async def test_resets_in_data_by_the_hundred(tmp_path):
    async with stand(tmp_path, Profile.SMARTHOST, clients=(LOCAL,)) as one:
        for _ in range(100):
            client = await one.at_data()
            await client.send(b"half")
            client.writer.transport.abort()
        await one.left(0)
        assert {taken.state for taken in one.intake.begun} == {"aborted"}
        await others_are_served(one)


async def test_a_flood_of_commands_on_many_lines_leaves_others_served(tmp_path):
    limits = DoorLimits(commands_per_minute=500)
    async with stand(tmp_path, Profile.SMARTHOST, clients=(LOCAL,), limits=limits) as one:
        rude = [await one.greeted() for _ in range(20)]
        for client in rude:
            client.writer.write(b"NOOP\r\n" * 20_000)
        await others_are_served(one)
        await one.left(0)
        assert one.refused("commands_per_minute") == 20


async def test_a_command_that_never_ends_costs_no_memory(tmp_path):
    async with stand(tmp_path, Profile.SMARTHOST, clients=(LOCAL,), limits=DoorLimits(command_seconds=2.0)) as one:
        client = await one.greeted()
        started = time.monotonic()
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - started < 30 and one.door.connections:
                await client.send(b"x" * 65_536)
                assert all(each.inlet.waiting <= 2**20 for each in one.door._house.connections)
                await asyncio.sleep(0)
        await one.left(0)
        await others_are_served(one)


@pytest.mark.parametrize("first", [b"GET / HTTP/1.1", b"POST / HTTP/1.1", b"CONNECT x:25 HTTP/1.1", b"PRI * HTTP/2.0"])
async def test_a_browser_that_was_sent_here_gives_no_commands(tmp_path, first):
    """A page may make a browser inside the network post to any port: its request must not hand in mail."""
    async with stand(tmp_path, Profile.SMARTHOST, clients=(LOCAL,)) as one:
        client = await one.raw()
        await client.reply()
        await client.send(
            first + b"\r\nHost: gate\r\nContent-Type: text/plain\r\n\r\nEHLO c\r\nMAIL FROM:<lee@practice.example>\r\n"
            b"RCPT TO:<b@example.net>\r\nDATA\r\n"
        )
        said = [await client.reply() for _ in range(2)]
        assert said[0].startswith("554 5.5.0")
        assert said[1] == ""
        assert one.intake.begun == []
