"""The door's limits, each met on purpose: size, recipients, connections, commands, errors, time."""

from __future__ import annotations

import asyncio
import contextlib
import time

import pytest

from gateway.smtp.limits import DoorLimits
from gateway.smtp.settings import Profile, SmarthostClient
from tests.dialogs.door_kit import stand
from tests.support.patience import until_so

LOCAL = SmarthostClient("local", networks=("127.0.0.0/8",), may_send_as=frozenset({"lee@practice.example"}))
OPEN = "C: MAIL FROM:<lee@practice.example>\nS: 250\nC: RCPT TO:<b@example.net>\nS: 250\nC: DATA\nS: 354"


def door(tmp_path, **limits):
    return stand(tmp_path, Profile.SMARTHOST, clients=(LOCAL,), limits=DoorLimits(**limits))


async def test_announced_size_is_refused_at_mail(tmp_path):
    async with door(tmp_path, message_bytes=1000) as one:
        client = await one.greeted()
        await client.talk("""
            C: MAIL FROM:<lee@practice.example> SIZE=1001
            S: 552 5.3.4
            C: MAIL FROM:<lee@practice.example> SIZE=99999999999999999999
            S: 552 5.3.4
            C: MAIL FROM:<lee@practice.example> SIZE=999999999999999999999999999999999
            S: 501
            C: MAIL FROM:<lee@practice.example> SIZE=-1
            S: 501
            C: MAIL FROM:<lee@practice.example> SIZE=x
            S: 501
            C: MAIL FROM:<lee@practice.example> SIZE
            S: 501
            C: MAIL FROM:<lee@practice.example> BODY=BINARYMIME
            S: 501
            C: MAIL FROM:<lee@practice.example> SIZE=1000
            S: 250
        """)


async def test_size_is_enforced_while_reading_whatever_was_announced(tmp_path):
    async with door(tmp_path, message_bytes=1000) as one:
        client = await one.greeted()
        await client.talk(OPEN.replace("practice.example>", "practice.example> SIZE=10", 1))
        await client.send(b"Subject: x\r\n\r\n" + b"y" * 986 + b"\r\n.\r\n")
        assert (await client.reply()).startswith("552 5.3.4")
        await client.talk(OPEN)
        await client.send(b"Subject: x\r\n\r\n" + b"y" * 984 + b"\r\n.\r\n")
        assert (await client.reply()).startswith("250")
        await client.talk(OPEN)
        # Stuffed dots are not part of the message (RFC 1870 5).
        await client.send(b"Subject: x\r\n\r\n" + b"..\r\n" * 328 + b"\r\n.\r\n")
        assert (await client.reply()).startswith("250")
    assert [len(mail.content) for mail in one.intake.mails] == [1000, 1000]
    assert one.intake.begun[0].state == "aborted"


async def test_a_sender_that_goes_on_after_the_limit_is_cut(tmp_path):
    async with door(tmp_path, message_bytes=1000, swallow_bytes=100_000) as one:
        client = await one.greeted()
        await client.talk(OPEN)
        sent = 0
        with pytest.raises(ConnectionError):
            while sent < 50_000_000:
                await client.send(b"y" * 78 + b"\r\n" + b"z" * 65_536)
                sent += 65_616
        assert sent < 20_000_000
    assert one.intake.begun[0].state == "aborted"


async def test_a_line_of_a_megabyte_is_content(tmp_path):
    async with door(tmp_path) as one:
        client = await one.greeted()
        await client.talk(OPEN)
        line = b"y" * 1_000_000
        await client.send(b"Subject: x\r\n\r\n" + line + b"\r\nhi\r\n.\r\n")
        assert (await client.reply()).startswith("250")
    assert one.intake.mails[0].content == b"Subject: x\r\n\r\n" + line + b"\r\nhi\r\n"


async def test_thousands_of_recipients(tmp_path):
    async with door(tmp_path) as one:
        client = await one.greeted()
        await client.send(
            b"MAIL FROM:<lee@practice.example>\r\n"
            + b"".join(b"RCPT TO:<b%d@example.net>\r\n" % n for n in range(2500))
        )
        assert (await client.reply()).startswith("250")
        answers = [(await client.reply())[:9] for _ in range(2500)]
        assert answers == ["250 2.1.5"] * 100 + ["452 4.5.3"] * 2400
        # One that is there already is no new one, and the hundred get their mail.
        assert (await client.ask("RCPT TO:<b7@example.net>")).startswith("250")
        assert (await client.ask("DATA")).startswith("354")
        await client.send(b"x\r\n.\r\n")
        assert (await client.reply()).startswith("250")
    assert len(one.intake.mails[0].envelope.recipients) == 100


@pytest.mark.proves("door.slow-and-many")
async def test_connections_per_address(tmp_path):
    async with door(tmp_path, connections_per_address=2) as one:
        first, second = await one.greeted(), await one.greeted()
        third = await one.raw()
        assert (await third.reply()).startswith("421 4.7.0 Too many connections")
        assert await third.reply() == ""
        first.close()
        await one.left(1)
        fourth = await one.greeted()
        assert (await fourth.ask("NOOP")).startswith("250")
        assert (await second.ask("NOOP")).startswith("250")


@pytest.mark.proves("door.slow-and-many")
async def test_commands_a_minute_and_errors_and_messages(tmp_path):
    async with door(tmp_path, commands_per_minute=5) as one:
        client = await one.greeted()
        assert [(await client.ask("NOOP"))[:3] for _ in range(5)] == ["250"] * 4 + ["421"]
        assert await client.reply() == ""
    async with door(tmp_path, errors_per_connection=3) as one:
        client = await one.greeted()
        await client.send(b"BOGUS\r\n" * 4)
        assert [(await client.reply())[:3] for _ in range(6)] == ["500"] * 4 + ["421", ""]
    async with door(tmp_path, messages_per_connection=1) as one:
        client = await one.greeted()
        await client.talk(OPEN)
        await client.send(b"x\r\n.\r\n")
        assert (await client.reply()).startswith("250")
        assert (await client.ask("MAIL FROM:<lee@practice.example>")).startswith("421")
        assert await client.reply() == ""


@pytest.mark.proves("door.slow-and-many")
async def test_slow_command_lines(tmp_path):
    async with door(tmp_path, command_seconds=2.0) as one:
        client = await one.greeted()
        started = time.monotonic()
        # Listened for from the start: a reset that answers the last byte may overtake what is read only then.
        said = asyncio.create_task(client.reply())
        # A byte now and then does not help: the time is for the whole line.
        with contextlib.suppress(ConnectionError):
            for byte in b"NOOP " * 200:
                await client.send(bytes([byte]))
                await asyncio.wait([said], timeout=0.05)
                if said.done():
                    break
        assert (await said).startswith("421 4.4.2")
        # Far below the default of five minutes, far above what a busy machine makes of two seconds.
        assert time.monotonic() - started < 30
        await one.left(0)


@pytest.mark.proves("door.slow-and-many")
async def test_a_client_that_never_mails_is_sent_away(tmp_path):
    async with door(tmp_path, greeting_seconds=3.0) as one:
        proven = await one.greeted()
        assert (await proven.ask("MAIL FROM:<lee@practice.example>")).startswith("250")
        idle = await one.greeted()
        await one.hear_out(idle)
        assert one.door.connections == 1
        assert (await proven.ask("NOOP")).startswith("250")


@pytest.mark.proves("door.slow-and-many")
async def test_slow_data_is_cut_and_leaves_nothing(tmp_path):
    async with door(tmp_path, data_grace_seconds=0.3, data_bytes_per_second=1000) as one:
        client = await one.greeted()
        started = time.monotonic()
        await client.talk(OPEN)
        for _ in range(1000):
            if client.reader.at_eof() or one.door.connections == 0:
                break
            await client.send(b"y\r\n")
            await asyncio.sleep(0.03)
        assert 0.2 < time.monotonic() - started < 15
        # A reset may overtake the reply when the client goes on sending.
        assert (await client.reply())[:9] in {"421 4.4.2", ""}
    assert one.intake.begun[0].state == "aborted"


async def test_steady_data_above_the_least_rate_is_served(tmp_path):
    # Longer than the grace alone lets it, and each piece pays for a second: time that a busy machine may take.
    async with door(tmp_path, data_grace_seconds=2.0, data_bytes_per_second=1000) as one:
        client = await one.greeted()
        await client.talk(OPEN)
        for _ in range(12):
            await client.send(b"y" * 998 + b"\r\n")
            await asyncio.sleep(0.2)
        await client.send(b".\r\n")
        assert (await client.reply()).startswith("250")


@pytest.mark.proves("door.slow-and-many")
async def test_data_in_all_has_an_end(tmp_path):
    async with door(tmp_path, data_seconds=1.0) as one:
        client = await one.greeted()
        await client.talk(OPEN)
        said = asyncio.create_task(client.reply())  # listened for before a reset can overtake it
        with contextlib.suppress(ConnectionError):
            await client.send(b"y" * 1_000_000)
        assert (await said).startswith("421 4.4.2")


@pytest.mark.proves("door.slow-and-many")
async def test_handshake_that_never_comes(tmp_path):
    async with stand(tmp_path, Profile.SUBMISSIONS, limits=DoorLimits(handshake_seconds=0.3)) as one:
        client = await one.raw()
        assert await asyncio.wait_for(client.reader.read(), 60) == b""
        await one.left(0)


@pytest.mark.proves("door.slow-and-many")
async def test_client_that_does_not_read_its_replies(tmp_path):
    async with door(tmp_path, command_seconds=2.0, commands_per_minute=10**9) as one:
        client = await one.greeted()
        client.reader._transport.pause_reading()
        for _ in range(400):
            if one.door.connections == 0:
                break
            client.writer.write(b"NOOP\r\n" * 5000)
            await asyncio.sleep(0.01)
        await one.left(0)
        client.writer.transport.abort()


@pytest.mark.proves("door.slow-and-many")
async def test_reset_in_the_middle_of_data(tmp_path):
    async with door(tmp_path) as one:
        client = await one.greeted()
        await client.talk(OPEN)
        await client.send(b"half")
        await asyncio.sleep(0.02)
        client.writer.transport.abort()
        await one.left(0)
    assert one.intake.begun[0].state == "aborted"


async def test_client_gone_while_the_message_is_made_durable(tmp_path):
    async with door(tmp_path) as one:
        one.intake.finishing.clear()
        client = await one.greeted()
        await client.talk(OPEN)
        await client.send(b"x\r\n.\r\n")
        await until_so(lambda: one.intake.finishers)
        client.writer.transport.abort()
        await asyncio.sleep(0.05)
        one.intake.finishing.set()
        await until_so(lambda: one.intake.begun[0].state != "open")
        # Not aborted under the hands of `finish`: a duplicate at worst, never half a message.
        assert one.intake.begun[0].state == "finished"
