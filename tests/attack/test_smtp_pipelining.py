"""Commands sent before their turn: after HELO, EHLO, STARTTLS, AUTH and DATA the client must wait, or it is cut off.

What came out of turn was written for somebody else's session, or by somebody who cannot see the replies.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess

import pytest

from gateway.smtp.settings import Profile, SmarthostClient
from tests.dialogs.door_kit import Client, stand

LOCAL = SmarthostClient("local", networks=("127.0.0.0/8",), may_send_as=frozenset({"lee@practice.example"}))
PLAIN = b"AUTH PLAIN AGxlZQBvcGVuIHNlc2FtZQ=="
MAIL = b"MAIL FROM:<lee@practice.example>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n"


@pytest.mark.proves("door.pipelining")
@pytest.mark.parametrize(
    ("before", "early"),
    [
        ([], b"EHLO c\r\nMAIL FROM:<lee@practice.example>\r\n"),
        ([], b"HELO c\r\nMAIL FROM:<lee@practice.example>\r\n"),
        (["HELO c"], MAIL),
        (["HELO c"], b"NOOP\r\nNOOP\r\n"),
        (["EHLO c"], b"EHLO d\r\n" + MAIL),
        (["EHLO c"], MAIL + b"Subject: x\r\n\r\nhello\r\n.\r\n"),
        (["EHLO c"], MAIL + b"."),
        (["EHLO c"], b"STARTTLS\r\n" + MAIL),
    ],
)
async def test_out_of_turn_is_refused_and_ends_the_connection(tmp_path, before, early):
    async with stand(tmp_path, Profile.SMARTHOST, clients=(LOCAL,)) as one:
        client = await one.raw()
        await client.reply()
        for line in before:
            assert (await client.ask(line)).startswith("250")
        await client.send(early)
        said = []
        while reply := await client.reply():
            said.append(reply)
        assert said[-1].startswith("554 5.5.0")
        assert not any(reply.startswith("354") for reply in said)
    assert one.intake.begun == []


@pytest.mark.proves("door.pipelining", "door.starttls")
@pytest.mark.parametrize(
    "early", [PLAIN + b"\r\n" + MAIL, b"AUTH LOGIN\r\nbGVl\r\n", b"AUTH PLAIN\r\nAGxlZQ==\r\n", b"EHLO c\r\n" + MAIL]
)
async def test_out_of_turn_under_tls(tmp_path, early):
    async with stand(tmp_path, Profile.SUBMISSION, Profile.SUBMISSIONS) as one:
        direct = await one.raw(1, ssl=one.client_context, server_hostname="localhost")
        await direct.reply()
        await direct.ask("EHLO c")
        for client in (await one.secure(), direct):
            await client.send(early)
            assert (await client.reply()).startswith("554 5.5.0")
            assert await client.reply() == ""
        assert one.users.calls == 0


@pytest.mark.proves("door.pipelining")
async def test_what_may_be_pipelined_still_may(tmp_path):
    """RFC 2920 3.1, and a QUIT behind it all."""
    async with stand(tmp_path, Profile.SMARTHOST, clients=(LOCAL,)) as one:
        client = await one.greeted()
        await client.send(b"RSET\r\n" + MAIL)
        assert [(await client.reply())[:3] for _ in range(4)] == ["250", "250", "250", "354"]
        await client.send(b"hello\r\n.\r\n" + MAIL)
        assert [(await client.reply())[:3] for _ in range(4)] == ["250", "250", "250", "354"]
        await client.send(b"hello\r\n.\r\nQUIT\r\n")
        assert [(await client.reply())[:3] for _ in range(2)] == ["250", "221"]
        old = await one.raw()
        await old.reply()
        for line in ("HELO c", "MAIL FROM:<lee@practice.example>", "RCPT TO:<b@example.net>", "DATA"):
            assert (await old.ask(line))[0] in "23"
        await old.send(b"hello\r\n.\r\nQUIT\r\n")
        assert [(await old.reply())[:3] for _ in range(2)] == ["250", "221"]
    assert len(one.intake.mails) == 3


@pytest.mark.proves("door.starttls")
async def test_stripping_gives_no_password_and_no_mail_away(tmp_path):
    """Somebody in the middle takes STARTTLS out of the reply: then nothing is offered, nothing is taken."""
    needy = SmarthostClient(
        "local", ("127.0.0.0/8",), may_send_as=frozenset({"lee@practice.example"}), require_tls=True
    )
    async with stand(tmp_path, Profile.SUBMISSION, Profile.SMARTHOST, clients=(needy,)) as one:
        for index in (0, 1):
            client = await one.raw(index)
            await client.reply()
            offer = await client.ask("EHLO c")
            assert "STARTTLS" in offer
            assert "AUTH" not in offer
            for line in (PLAIN, b"AUTH LOGIN", b"AUTH LOGIN bGVl"):
                assert (await client.ask(line))[:3] in {"538", "502"}
            assert (await client.ask("MAIL FROM:<lee@practice.example>")).startswith("530 5.7.0")
            assert (await client.ask("STARTTLS")).startswith("220")
            await client.starttls(one.client_context)
            assert (await client.ask("MAIL FROM:<lee@practice.example>")).startswith("503"), "EHLO again"
            offer = await client.ask("EHLO c")
            assert "STARTTLS" not in offer
            assert ("AUTH PLAIN LOGIN" in offer) is (index == 0)
            assert (await client.ask("STARTTLS")).startswith("503")
        assert one.users.calls == 0


@pytest.mark.proves("door.starttls")
async def test_starttls_injection_at_every_cut(tmp_path):
    """The command and what was smuggled in behind it, cut anywhere: it is refused, or fails the handshake."""
    early = b"STARTTLS\r\nMAIL FROM:<lee@practice.example>\r\nRCPT TO:<b@example.net>\r\n"
    async with stand(tmp_path, Profile.SMARTHOST, clients=(LOCAL,)) as one:
        for cut in range(1, 24):
            client = await one.greeted()
            client.writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await client.send(early[:cut])
            await asyncio.sleep(0)
            await client.send(early[cut:])
            rest = await client.reader.read()
            assert b"250" not in rest, cut
            client.close()
        await one.left(0)  # no failed handshake keeps its place


@pytest.mark.proves("door.starttls")
async def test_a_handshake_that_the_client_gives_up_keeps_no_place(tmp_path):
    async with stand(tmp_path, Profile.SUBMISSION, Profile.SUBMISSIONS) as one:
        for way in ("fin", "abort"):
            for index in (0, 1):
                client = await one.raw(index)
                if index == 0:
                    await client.reply()
                    await client.ask("EHLO c")
                    assert (await client.ask("STARTTLS")).startswith("220")
                await asyncio.sleep(0.02)
                client.close() if way == "fin" else client.writer.transport.abort()
        await one.left(0)
        assert one.door._house.gate._total == 0


@pytest.mark.proves("door.starttls")
@pytest.mark.peer
async def test_renegotiation_is_refused(tmp_path):
    """`R` asks OpenSSL's client to negotiate anew within TLS 1.2: who is speaking must not change half-way."""
    async with stand(tmp_path, Profile.SUBMISSIONS) as one:

        def renegotiate() -> str:
            command = ["openssl", "s_client", "-connect", f"127.0.0.1:{one.door.ports[0]}", "-tls1_2", "-crlf"]
            try:
                done = subprocess.run(command, input=b"R\nEHLO c\nQUIT\n", capture_output=True, timeout=60, check=False)
            except FileNotFoundError:
                pytest.skip("NO openssl PROGRAM: renegotiation was not tried")
            return (done.stdout + done.stderr).decode(errors="replace")

        said = await asyncio.to_thread(renegotiate)
        assert "RENEGOTIATING" in said
        assert "error:" in said
        assert "250-" not in said
        assert one.door._tls.context.options & ssl.OP_NO_RENEGOTIATION


@pytest.mark.proves("door.starttls")
async def test_a_second_stream_cannot_be_put_before_the_first(tmp_path):
    """What the peer said in clear, its name included, counts for nothing under TLS."""
    async with stand(tmp_path, Profile.SUBMISSION) as one:
        client: Client = await one.greeted()
        assert (await client.ask("STARTTLS")).startswith("220")
        await client.starttls(one.client_context)
        assert (await client.ask("RSET")).startswith("250")
        (connection,) = one.door._house.connections
        assert (connection.ehlo, connection.mail, connection.identity, connection.extended) == ("", None, None, False)
        assert (await client.ask(PLAIN.decode())).startswith("503"), "EHLO first"
