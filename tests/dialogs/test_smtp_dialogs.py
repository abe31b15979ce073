"""SMTP dialogs with each profile of the door, as send/expect scripts."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
import ssl
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.domain.envelope import Direction
from gateway.domain.errors import ConfigError, LimitExceeded, MailRefused, StoreUnavailable
from gateway.smtp.limits import DoorLimits
from gateway.smtp.server import serve_door
from gateway.smtp.settings import DoorConfig, Listener, Profile, SmarthostClient
from tests.dialogs.door_kit import FakeIntake, FakeUsers, stand

LOCAL = SmarthostClient(
    "printer",
    networks=("127.0.0.0/8",),
    may_send_as=frozenset({"lee@practice.example"}),
    purposes=frozenset({"treatment"}),
)
MAIL = b"From: Lee <lee@practice.example>\r\nTo: b@example.net\r\nSubject: hi\r\n\r\nhello\r\n..dot\r\n.\r\n"


async def test_submission_from_banner_to_250(tmp_path):
    async with stand(tmp_path, Profile.SUBMISSION) as one:
        client = await one.raw()
        banner = await client.reply()
        assert banner == "220 gate.example ESMTP"
        offer = await client.ask("EHLO c.example")
        assert {line[4:] for line in offer.splitlines()} == {
            "gate.example", "PIPELINING", "SIZE 157286400", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "STARTTLS", "HELP",
        }  # fmt: skip
        await client.talk("""
            C: MAIL FROM:<lee@practice.example>
            S: 530 5.7.0
            C: AUTH PLAIN AGxlZQBvcGVuIHNlc2FtZQ==
            S: 538 5.7.11
            C: STARTTLS
            S: 220 2.0.0
        """)
        await client.starttls(one.client_context)
        await client.talk("C: MAIL FROM:<lee@practice.example>\nS: 503 5.5.1")
        offer = await client.ask("EHLO c.example")
        assert "AUTH PLAIN LOGIN" in offer
        assert "STARTTLS" not in offer
        await client.talk("""
            C: MAIL FROM:<lee@practice.example>
            S: 530 5.7.0 Authentication required
            C: STARTTLS
            S: 503 5.5.1
            C: AUTH PLAIN AGxlZQBvcGVuIHNlc2FtZQ==
            S: 235 2.7.0
            C: AUTH PLAIN AGxlZQBvcGVuIHNlc2FtZQ==
            S: 503 5.5.1
            C: RCPT TO:<b@example.net>
            S: 503 5.5.1
            C: DATA
            S: 503 5.5.1
            C: MAIL FROM:<other@practice.example>
            S: 550 5.7.1
            C: MAIL FROM:<>
            S: 550 5.7.1
            C: MAIL FROM:<lee@practice.example> SIZE=1000 BODY=8BITMIME
            S: 250 2.1.0
            C: MAIL FROM:<lee@practice.example>
            S: 503 5.5.1
            C: DATA
            S: 554 5.5.1
            C: MAIL FROM: <anyone@team.example>
            S: 250 2.1.0
            C: RCPT TO:<b@example.net>
            S: 250 2.1.5
            C: RCPT TO:<B@EXAMPLE.net>
            S: 250 2.1.5
            C: RCPT TO:<c@example.net> NOTIFY=NEVER
            S: 555 5.5.4
            C: DATA
            S: 354 End
        """)
        await client.send(MAIL)
        assert await client.reply() == "250 2.0.0 id1"
        await client.talk("C: QUIT\nS: 221 2.0.0")
        assert await client.reply() == ""
    (mail,) = one.intake.mails
    assert mail.content == MAIL[:-3].replace(b"\r\n..dot", b"\r\n.dot")
    assert mail.envelope.direction is Direction.OUTBOUND
    assert str(mail.envelope.sender) == "anyone@team.example"
    assert [str(to) for to in mail.envelope.recipients] == ["b@example.net"]
    assert (mail.envelope.identity.name, mail.envelope.tls, mail.envelope.client) == ("lee", True, "127.0.0.1")
    assert mail.envelope.received_at is not None


async def test_implicit_tls_and_auth_login(tmp_path):
    async with stand(tmp_path, Profile.SUBMISSIONS) as one:
        client = await one.raw(ssl=one.client_context, server_hostname="localhost")
        assert (await client.reply()).startswith("220 ")
        offer = await client.ask("EHLO c.example")
        assert "AUTH PLAIN LOGIN" in offer
        name, password = (base64.b64encode(text).decode() for text in (b"lee", b"open sesame"))
        await client.talk(f"""
            C: AUTH LOGIN
            S: 334 VXNlcm5hbWU6
            C: {name}
            S: 334 UGFzc3dvcmQ6
            C: *
            S: 501 5.7.0
            C: AUTH LOGIN {name}
            S: 334 UGFzc3dvcmQ6
            C: {password}
            S: 235 2.7.0
            C: MAIL FROM:<lee@practice.example>
            S: 250
            C: RCPT TO:<b@example.net>
            S: 250
            C: DATA
            S: 354
        """)
        await client.send(MAIL)
        assert await client.reply() == "250 2.0.0 id1"


async def test_clear_text_on_the_tls_port_is_no_smtp(tmp_path):
    async with stand(tmp_path, Profile.SUBMISSIONS) as one:
        client = await one.raw()
        await client.send(b"EHLO c.example\r\n")
        assert not (await client.reader.read()).startswith(b"220")
        assert one.door.connections == 0


async def test_smarthost_by_network_and_its_own_sender_list(tmp_path):
    async with stand(tmp_path, Profile.SMARTHOST, clients=(LOCAL,)) as one:
        client = await one.greeted()
        await client.talk("""
            C: AUTH PLAIN AGxlZQBvcGVuIHNlc2FtZQ==
            S: 502 5.5.1
            C: MAIL FROM:<x@practice.example>
            S: 550 5.7.1
            C: MAIL FROM:<>
            S: 550 5.7.1
            C: MAIL FROM:<lee@practice.example>
            S: 250
            C: RCPT TO:<b@example.net>
            S: 250
            C: DATA
            S: 354
        """)
        await client.send(MAIL)
        assert await client.reply() == "250 2.0.0 id1"
    identity = one.intake.mails[0].envelope.identity
    assert (identity.name, identity.how, identity.purposes) == ("printer", "network", frozenset({"treatment"}))


async def test_smarthost_refuses_machines_that_are_not_listed(tmp_path):
    elsewhere = replace(LOCAL, networks=("192.0.2.0/24",))
    async with stand(tmp_path, Profile.SMARTHOST, clients=(elsewhere,)) as one:
        client = await one.greeted()
        assert (await client.ask("MAIL FROM:<lee@practice.example>")).startswith("550 5.7.1")
        secure = await one.secure()
        assert (await secure.ask("MAIL FROM:<lee@practice.example>")).startswith("550 5.7.1")


@pytest.mark.parametrize("by", ["fingerprint", "san"])
async def test_smarthost_by_client_certificate(tmp_path, by):
    async with stand(tmp_path, Profile.SMARTHOST, client_ca=True) as one:
        certificate = one.client_ca.issue_cert("ehr.practice.example")
        pem = certificate.cert_chain_pems[0].bytes()
        pin = hashlib.sha256(x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)).hexdigest()
        entry = SmarthostClient(
            "ehr", fingerprints=(pin.upper(),) if by == "fingerprint" else (),
            sans=("EHR.practice.example",) if by == "san" else (), may_send_as=frozenset({"@practice.example"}),
        )  # fmt: skip
        one.door._house.config = replace(one.door._house.config, clients=(entry,))
        context = ssl.create_default_context()
        one.ca.configure_trust(context)
        certificate.configure_cert(context)
        client = await one.secure(context=context)
        assert (await client.ask("MAIL FROM:<ward3@practice.example>")).startswith("250")
        unshown = await one.secure()
        assert (await unshown.ask("MAIL FROM:<ward3@practice.example>")).startswith("550 5.7.1")
        stranger = ssl.create_default_context()
        one.ca.configure_trust(stranger)
        other = one.client_ca.issue_cert("somebody.example")
        other.configure_cert(stranger)
        client = await one.secure(context=stranger)
        assert (await client.ask("MAIL FROM:<ward3@practice.example>")).startswith("550 5.7.1")


@pytest.mark.proves("door.loops")
async def test_inbound_takes_only_our_own_addresses(tmp_path):
    async with stand(tmp_path, Profile.INBOUND) as one:
        client = await one.greeted()
        await client.talk("""
            C: MAIL FROM:<>
            S: 250 2.1.0
            C: RCPT TO:<b@example.net>
            S: 550 5.1.1
            C: RCPT TO:<OWN@gate.example>
            S: 250 2.1.5
            C: RCPT TO:<PostMaster>
            S: 250 2.1.5
            C: DATA
            S: 354
        """)
        await client.send(b"From: <a@x.example>\r\nFrom: <b@x.example>\r\n\r\nbounce\r\n.\r\n")
        assert await client.reply() == "250 2.0.0 id1"
    envelope = one.intake.mails[0].envelope
    assert (envelope.direction, envelope.sender, envelope.identity.how) == (Direction.INBOUND, None, "peer")
    assert [str(to) for to in envelope.recipients] == ["OWN@gate.example", "postmaster@gate.example"]


async def test_small_talk_names_no_product(tmp_path):
    async with stand(tmp_path, Profile.SMARTHOST, clients=(LOCAL,)) as one:
        client = await one.raw()
        said = [await client.reply()]
        for line in ("HELP", "VRFY lee", "EXPN all", "NOOP x", "RSET", "RSET x", "HELO", "EHLO", "BDAT 3", "WHAT", "HELO c",
                     "MAIL FROM:<lee@practice.example> SIZE=3", "STARTTLS now", "QUIT now"):  # fmt: skip
            said.append(await client.ask(line))
        assert [text[:3] for text in said] == [
            "220", "214", "252", "502", "250", "250", "501", "501", "501", "502", "500", "250", "555", "501", "501",
        ]  # fmt: skip
        everything = " ".join(said).lower()
        assert not any(word in everything for word in ("sealgate", "python", "aiosmtp", "postfix"))


async def test_command_lines_must_be_clean(tmp_path):
    async with stand(tmp_path, Profile.SMARTHOST, clients=(LOCAL,)) as one:
        client = await one.greeted()
        for raw in (b"NOOP\n", b"NOOP\r\r\n", b"NO\x00OP\r\n", b"MAIL FROM:<lee@practice.example>\rRCPT TO:<b@c.example>\r\n",
                    b"\xff\xfe\r\n"):  # fmt: skip
            await client.send(raw)
            assert (await client.reply()).startswith("500 5.5.2"), raw
        await client.send(b"NOOP " + b"x" * 5000 + b"\r\n")
        assert (await client.reply()).startswith("500 5.5.6")
        await client.send(b"NOOP " + b"x" * 3_000_000 + b"\r\nNOOP\r\n")
        assert (await client.reply()).startswith("500 5.5.6")
        assert (await client.reply()).startswith("250")


async def test_pipelined_commands_are_answered_in_order(tmp_path):
    async with stand(tmp_path, Profile.SMARTHOST, clients=(LOCAL,)) as one:
        client = await one.greeted()
        await client.send(b"MAIL FROM:<lee@practice.example>\r\nRCPT TO:<bad\r\nRCPT TO:<b@example.net>\r\nDATA\r\n")
        assert [(await client.reply())[:3] for _ in range(4)] == ["250", "501", "250", "354"]
        await client.send(MAIL + b"MAIL FROM:<lee@practice.example>\r\nRSET\r\nQUIT\r\n")
        assert [(await client.reply())[:3] for _ in range(4)] == ["250", "250", "250", "221"]


@pytest.mark.proves("door.pipelining")
async def test_body_before_354_is_refused(tmp_path):
    async with stand(tmp_path, Profile.SMARTHOST, clients=(LOCAL,)) as one:
        client = await one.greeted()
        await client.send(b"MAIL FROM:<lee@practice.example>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n" + MAIL)
        assert [(await client.reply())[:9] for _ in range(4)] == ["250 2.1.0", "250 2.1.5", "554 5.5.0", ""]
    assert one.intake.begun == []


async def test_half_closed_client_is_served_to_its_end(tmp_path):
    async with stand(tmp_path, Profile.SMARTHOST, clients=(LOCAL,)) as one:
        client = await one.at_data()
        await client.send(MAIL + b"NOOP\r\n")
        client.writer.write_eof()
        assert await client.reply() == "250 2.0.0 id1"
        assert (await client.reply()).startswith("250")
        assert await client.reply() == ""
        cut = await one.at_data()
        await cut.send(b"Subject: half\r\n\r\nhalf a mess")
        cut.writer.write_eof()
        assert await cut.reply() == ""
    assert [mail.state for mail in one.intake.begun] == ["finished", "aborted"]


@pytest.mark.parametrize(
    ("where", "error", "reply"),
    [
        ("fail_begin", LimitExceeded("spool_bytes", "full"), "452 4.3.1"),
        ("fail_begin", StoreUnavailable("gone"), "451 4.3.0"),
        ("fail_write", StoreUnavailable("full"), "451 4.3.0"),
        ("fail_write", MailRefused("message.loop", "own id"), "554 5.4.6"),
        ("fail_write", LimitExceeded("message_bytes", "recipients x size"), "552 5.3.4"),
        ("fail_write", RuntimeError("bug"), "451 4.3.0"),
        ("fail_finish", StoreUnavailable("fsync"), "451 4.3.0"),
        ("fail_finish", MailRefused("something.else", "no"), "550 5.6.0"),
        ("fail_finish", RuntimeError("bug"), "451 4.3.0"),
    ],
)
async def test_failures_of_intake_become_replies(tmp_path, where, error, reply):
    async with stand(tmp_path, Profile.SMARTHOST, clients=(LOCAL,)) as one:
        setattr(one.intake, where, error)
        client = await one.greeted()
        await client.talk("C: MAIL FROM:<lee@practice.example>\nS: 250\nC: RCPT TO:<b@example.net>\nS: 250")
        answer = await client.ask("DATA")
        if where != "fail_begin":
            await client.send(MAIL)
            answer = await client.reply()
        assert answer.startswith(reply)
        assert (await client.ask("NOOP")).startswith("250")
        assert all(mail.state == "aborted" for mail in one.intake.begun)
        setattr(one.intake, where, None)
        await client.talk(
            "C: MAIL FROM:<lee@practice.example>\nS: 250\nC: RCPT TO:<b@example.net>\nS: 250\nC: DATA\nS: 354"
        )
        await client.send(MAIL)
        assert await client.reply() == "250 2.0.0 id1"


async def test_not_ready_says_421_and_451(tmp_path):
    async with stand(tmp_path, Profile.SMARTHOST, clients=(LOCAL,)) as one:
        client = await one.greeted()
        one.intake.is_ready = False
        assert (await client.ask("MAIL FROM:<lee@practice.example>")).startswith("451 4.3.0")
        late = await one.raw()
        assert (await late.reply()).startswith("421 4.3.2")
        assert await late.reply() == ""


async def test_no_250_before_finish_has_returned(tmp_path):
    async with stand(tmp_path, Profile.SMARTHOST, clients=(LOCAL,)) as one:
        one.intake.finishing.clear()
        client = await one.at_data()
        await client.send(MAIL)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.reader.read(1), 0.2)
        # The loop is free meanwhile: finish blocks in a thread.
        other = await one.greeted()
        assert (await other.ask("NOOP")).startswith("250")
        one.intake.finishing.set()
        assert await client.reply() == "250 2.0.0 id1"


async def test_drain_finishes_data_and_dismisses_the_idle(tmp_path):
    async with stand(tmp_path, Profile.SMARTHOST, clients=(LOCAL,)) as one:
        idle = await one.greeted()
        busy = await one.at_data()
        await busy.send(MAIL[:40])
        await asyncio.sleep(0.05)
        draining = asyncio.create_task(one.door.drain(60))
        assert (await idle.reply()).startswith("421 4.3.2")
        assert await idle.reply() == ""
        with pytest.raises(ConnectionError):
            await one.raw()
        await busy.send(MAIL[40:])
        assert await busy.reply() == "250 2.0.0 id1"
        assert (await busy.reply()).startswith("421 4.3.2")
        assert await draining


async def test_drain_cuts_what_does_not_end(tmp_path):
    async with stand(tmp_path, Profile.SMARTHOST, clients=(LOCAL,)) as one:
        stuck = await one.at_data()
        assert not await one.door.drain(0.1)
        assert await stuck.reply() == ""
    assert one.intake.begun[0].state == "aborted"


async def test_certificate_is_reloaded_and_a_bad_file_keeps_the_old_one(tmp_path):
    async with stand(tmp_path, Profile.SUBMISSION) as one:

        async def shown() -> bytes:
            client = await one.secure()
            return client.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)

        first = await shown()
        new = one.ca.issue_cert("localhost")
        one.files.certificate.write_text("rubbish")
        with pytest.raises(ConfigError):
            one.door.reload_tls()
        assert await shown() == first
        new.private_key_pem.write_to_path(one.files.key)
        new.cert_chain_pems[0].write_to_path(one.files.certificate)
        one.door.reload_tls()
        assert await shown() != first


async def test_unsafe_configurations_do_not_open(tmp_path):
    with pytest.raises(ConfigError, match="tls"):
        await serve_door(DoorConfig("h", (Listener(Profile.SUBMISSION),)), FakeIntake(), FakeUsers(), None, None)
    with pytest.raises(ConfigError, match="listener"):
        await serve_door(DoorConfig("h", ()), FakeIntake(), FakeUsers(), None, None)
    with pytest.raises(ConfigError, match="network"):
        SmarthostClient("x", networks=("10.0.0.0/99",))


async def test_nothing_of_a_mail_is_logged_even_at_debug(tmp_path, caplog):
    logging.getLogger("mail.log").setLevel(logging.NOTSET)
    with caplog.at_level(logging.DEBUG):
        async with stand(tmp_path, Profile.SUBMISSION, limits=DoorLimits(errors_per_connection=3)) as one:
            client = await one.logged_in()
            await client.talk("""
                C: MAIL FROM:<lee@practice.example>
                S: 250
                C: RCPT TO:<secretname@example.net>
                S: 250
                C: DATA
                S: 354
            """)
            await client.send(b"Subject: secretword\r\n\r\nsecretword\r\n.\r\n")
            assert (await client.reply()).startswith("250")
            one.intake.fail_finish = RuntimeError("secretword")
            await client.talk(
                "C: MAIL FROM:<lee@practice.example>\nS: 250\nC: RCPT TO:<secretname@example.net>\nS: 250\nC: DATA\nS: 354"
            )
            await client.send(b"\r\nsecretword\r\n.\r\n")
            assert (await client.reply()).startswith("451")
            for _ in range(4):
                await client.ask("secretword")
            one.intake.fail_finish = None
    assert logging.getLogger("mail.log").level == logging.WARNING
    assert "RuntimeError" in caplog.text
    for word in ("secret", "practice.example", "sesame", "AGxlZ"):
        assert word not in caplog.text
