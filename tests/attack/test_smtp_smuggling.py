"""SMTP smuggling: nothing but CRLF.CRLF ends a message, and whatever else looks like it makes the message unfit.

https://sec-consult.com/blog/detail/smtp-smuggling-spoofing-e-mails-worldwide/: a second message hidden behind an end of
data that only one of two servers sees.
"""

from __future__ import annotations

import asyncio

import pytest

from gateway.smtp.settings import Profile, SmarthostClient
from tests.dialogs.door_kit import stand
from tests.support.patience import until_so

pytestmark = pytest.mark.proves("door.end-of-data")

LOCAL = SmarthostClient("local", networks=("127.0.0.0/8",), may_send_as=frozenset({"lee@practice.example"}))

FALSE_ENDS = [
    b"\n.\n",
    b"\r\n.\n",
    b"\n.\r\n",
    b"\r.\r",
    b"\r\n.\r",
    b"\r.\r\n",
    b"\n.\r",
    b"\r.\n",
    b"\r\n\x00.\n",
    b"\r\r\n.\r\r\n",
    b"\n\n.\n\n",
    b"\r\n.\r\r\n",
    b"\r\n.\n\r\n",
    b"\r\n..\r\n.\n",
]
SMUGGLED = b"MAIL FROM:<ceo@practice.example>\r\nRCPT TO:<v@example.net>\r\nDATA\r\nevil\r\n"


def wire(false_end: bytes) -> bytes:
    return b"Subject: x\r\n\r\nhello" + false_end + SMUGGLED + b"\r\n.\r\n"


@pytest.mark.parametrize("false_end", FALSE_ENDS, ids=repr)
async def test_a_false_end_is_no_end_and_the_message_is_refused_at_every_cut(tmp_path, false_end):
    message = wire(false_end)
    start = message.index(b"hello") + 4
    cuts = [0, *range(start, start + len(false_end) + 3)]
    async with stand(tmp_path, Profile.SMARTHOST, clients=(LOCAL,)) as one:
        client = await one.greeted()
        for cut in cuts:
            await client.talk(
                "C: MAIL FROM:<lee@practice.example>\nS: 250\nC: RCPT TO:<b@example.net>\nS: 250\nC: DATA\nS: 354"
            )
            await client.send(message[:cut])
            await asyncio.sleep(0.002)
            await client.send(message[cut:])
            assert (await client.reply()).startswith("550 5.6.0"), cut
            assert (await client.ask("NOOP")).startswith("250"), cut
    assert one.intake.mails == []
    assert {mail.state for mail in one.intake.begun} == {"aborted"}


async def test_byte_by_byte(tmp_path):
    async with stand(tmp_path, Profile.SMARTHOST, clients=(LOCAL,)) as one:
        client = await one.at_data()
        for byte in b"Subject: x\r\n\r\n..a\r\nb\n.\nc\r\n.\r\n":
            await client.send(bytes([byte]))
            await asyncio.sleep(0)
        assert (await client.reply()).startswith("550 5.6.0")
        client = await one.at_data()
        for byte in b"Subject: x\r\n\r\n..a\r\n..\r\n.\r\n":
            await client.send(bytes([byte]))
            await asyncio.sleep(0)
        assert (await client.reply()).startswith("250")
    assert one.intake.mails[0].content == b"Subject: x\r\n\r\n.a\r\n.\r\n"


@pytest.mark.parametrize("text", [b"a\nb", b"a\rb", b"\n", b"\r", b"\n\r", b"a\r\r\nb"], ids=repr)
async def test_bare_line_ends_anywhere_are_refused(tmp_path, text):
    async with stand(tmp_path, Profile.SMARTHOST, clients=(LOCAL,)) as one:
        for mail in (
            text + b"\r\n\r\nbody",
            b"Subject: x\r\n\r\n" + text,
            b"Subject: x\r\n\r\n" + b"y" * 300_000 + text,
        ):
            client = await one.at_data()
            await client.send(mail + b"\r\n.\r\n")
            assert (await client.reply()).startswith("550 5.6.0")
    assert one.intake.mails == []


async def test_what_follows_the_true_end_runs_as_this_clients_commands_and_no_more(tmp_path):
    async with stand(tmp_path, Profile.SMARTHOST, clients=(LOCAL,)) as one:
        client = await one.at_data()
        await client.send(b"Subject: x\r\n\r\nhello\r\n.\r\nMAIL FROM:<ceo@practice.example>\r\nRSET\r\n")
        assert (await client.reply()).startswith("250 2.0.0 id1")
        assert (await client.reply()).startswith("550 5.7.1")
        assert (await client.reply()).startswith("250")


async def test_refused_body_cannot_turn_into_commands(tmp_path):
    """The rest of a refused message is swallowed up to its true end."""
    async with stand(tmp_path, Profile.SMARTHOST, clients=(LOCAL,)) as one:
        client = await one.at_data()
        await client.send(b"From: ceo@practice.example\r\n\r\nx\r\n")
        await client.send(b"RSET\r\nMAIL FROM:<lee@practice.example>\r\nQUIT\r\n")
        await until_so(lambda: one.intake.begun[0].state == "aborted")
        await client.send(b".\r\nNOOP\r\n")
        assert (await client.reply()).startswith("550 5.7.1")
        assert (await client.reply()).startswith("250")
