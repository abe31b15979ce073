"""Addresses that two readers take differently never get a 250: in MAIL, in RCPT, in the From header."""

from __future__ import annotations

import pytest

from gateway.smtp.settings import Profile, SmarthostClient
from tests.dialogs.door_kit import stand

pytestmark = pytest.mark.proves("door.addresses", "door.who-sends")

LOCAL = SmarthostClient("local", networks=("127.0.0.0/8",), may_send_as=frozenset({"@practice.example"}))

BAD_PATHS = [
    "<bad", "bad>", "<>", "<a b@c.example>", "<@>", "<a@>", "<@c.example>", "b@example.net", "<b@example.net>x", "<b@example.net> x=",
    "<<b@example.net>>", "<b@example.net>,<c@example.net>", "<b@example.net,c@example.net>", "<@evil.example:b@example.net>",
    "<@a.example,@b.example:c@d.example>", '<"b@practice.example"@evil.example>', '<"b c"@example.net>', "<b(x)@example.net>",
    "<b@example.net(x)>", "<b@[127.0.0.1]>", "<b@example..net>", "<.b@example.net>", "<b.@example.net>", "<b..c@example.net>",
    "<b@-example.net>", "<b%evil.example@>", "<evil!b>", "<b;c@example.net>", "<b:c@example.net>", "<b\\@c@example.net>",
    "<b@c@example.net>", "<b@exa mple.net>", "<" + "b" * 65 + "@example.net>", "<b@" + "e" * 250 + ".net>", "Bea <b@example.net>",
    "<b@example.net\t>", "< b@example.net>", "<b@example.net >",
]  # fmt: skip


@pytest.mark.parametrize("path", BAD_PATHS)
async def test_bad_paths(tmp_path, path):
    async with stand(tmp_path, Profile.SMARTHOST, clients=(LOCAL,)) as one:
        client = await one.greeted()
        assert (await client.ask("MAIL FROM:" + path.replace("example.net", "practice.example")))[0] == "5"
        await client.talk("C: MAIL FROM:<lee@practice.example>\nS: 250")
        assert (await client.ask("RCPT TO:" + path))[:2] in {"50", "55"}
        assert (await client.ask("DATA")).startswith("554 5.5.1")


async def test_good_paths(tmp_path):
    async with stand(tmp_path, Profile.SMARTHOST, clients=(LOCAL,)) as one:
        client = await one.greeted()
        await client.talk("""
            C: mail from:<Lee.O'Neil+tag@PRACTICE.example> body=8bitmime size=100
            S: 250
            C: rcpt to:<b#$&*/=?^_`{|}~-@example.net>
            S: 250
            C: RCPT TO: <c@sub.example.net>
            S: 250
        """)


async def test_smtputf8_is_asked_for(tmp_path):
    async with stand(tmp_path, Profile.SMARTHOST, clients=(LOCAL,)) as one:
        client = await one.greeted()
        await client.talk("""
            C: MAIL FROM:<josé@practice.example>
            S: 553 5.6.7
            C: MAIL FROM:<lee@practice.example>
            S: 250
            C: RCPT TO:<josé@example.net>
            S: 553 5.6.7
            C: RSET
            S: 250
            C: MAIL FROM:<josé@practice.example> SMTPUTF8=1
            S: 501
            C: MAIL FROM:<josé@practice.example> SMTPUTF8 SMTPUTF8
            S: 555
            C: MAIL FROM:<josé@practice.example> SMTPUTF8
            S: 250
            C: RCPT TO:<anna@bücher.example>
            S: 250
            C: DATA
            S: 354
        """)
        await client.send("From: José <josé@practice.example>\r\n\r\nx\r\n.\r\n".encode())
        assert (await client.reply()).startswith("250")
    envelope = one.intake.mails[0].envelope
    assert envelope.smtputf8
    assert [str(to) for to in envelope.recipients] == ["anna@xn--bcher-kva.example"]


@pytest.mark.parametrize(
    "domain", ["practice.example.evil.example", "evilpractice.example", "practice.example.", "xn--prctice-4fb.example"]
)
async def test_send_as_is_for_the_whole_domain_name(tmp_path, domain):
    async with stand(tmp_path, Profile.SMARTHOST, clients=(LOCAL,)) as one:
        client = await one.greeted()
        answer = await client.ask(f"MAIL FROM:<lee@{domain}>")
        assert answer.startswith("250" if domain == "practice.example." else "550 5.7.1")


@pytest.mark.parametrize(
    ("header", "reply"),
    [
        (b"From: ceo@evil.example", "550 5.7.1"),
        (b"From: lee@practice.example\r\nFrom: ceo@evil.example", "550 5.7.1"),
        (b"From: ceo@evil.example <lee@practice.example>", "550 5.6.0"),
        (b"From: =?utf-8?q?ceo?= <lee@practice.example", "550 5.6.0"),
        (b"From: lee@practice.example\r\nSender: ceo@evil.example", "550 5.7.1"),
        (b"From: Lee <lee@practice.example>", "250 2.0.0"),
    ],
)
async def test_from_header_must_be_the_senders_own(tmp_path, header, reply):
    async with stand(tmp_path, Profile.SMARTHOST, clients=(LOCAL,)) as one:
        client = await one.at_data()
        await client.send(header + b"\r\nSubject: x\r\n\r\n" + b"y\r\n" * 100_000 + b".\r\n")
        assert (await client.reply()).startswith(reply)
        assert (await client.ask("NOOP")).startswith("250")
