"""STARTTLS injection (CVE-2011-0411 and kin): what came in clear is never carried out under TLS."""

from __future__ import annotations

import ssl
import warnings

import pytest

from gateway.smtp.settings import Profile, SmarthostClient
from tests.dialogs.door_kit import stand

pytestmark = pytest.mark.proves("door.starttls")

LOCAL = SmarthostClient("local", networks=("127.0.0.0/8",), may_send_as=frozenset({"lee@practice.example"}))


@pytest.mark.parametrize("extra", [b"NOOP\r\n", b"EHLO evil\r\n", b"\r\n", b"x"], ids=repr)
async def test_bytes_in_the_same_segment_close_the_connection(tmp_path, extra):
    async with stand(tmp_path, Profile.SUBMISSION) as one:
        client = await one.greeted()
        await client.send(b"STARTTLS\r\n" + extra)
        assert (await client.reply()).startswith("554 5.5.0")
        assert await client.reply() == ""


async def test_bytes_in_a_later_segment_go_to_the_handshake_and_fail_it(tmp_path):
    async with stand(tmp_path, Profile.SMARTHOST, clients=(LOCAL,)) as one:
        client = await one.greeted()
        assert (await client.ask("STARTTLS")).startswith("220 2.0.0")
        await client.send(b"MAIL FROM:<lee@practice.example>\r\nRCPT TO:<b@example.net>\r\n")
        rest = await client.reader.read()
        assert b"250" not in rest
        await one.left(0)


async def test_state_from_before_is_forgotten(tmp_path):
    async with stand(tmp_path, Profile.SMARTHOST, clients=(LOCAL,)) as one:
        client = await one.greeted()
        await client.talk("C: MAIL FROM:<lee@practice.example>\nS: 250\nC: RCPT TO:<b@example.net>\nS: 250")
        assert (await client.ask("STARTTLS")).startswith("220")
        await client.starttls(one.client_context)
        await client.talk(
            "C: DATA\nS: 503\nC: RCPT TO:<b@example.net>\nS: 503\nC: MAIL FROM:<lee@practice.example>\nS: 503 5.5.1 Send EHLO"
        )


async def test_failed_handshake_does_not_fall_back_to_clear_text(tmp_path):
    async with stand(tmp_path, Profile.SUBMISSION) as one:
        client = await one.greeted()
        assert (await client.ask("STARTTLS")).startswith("220")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await client.starttls(ssl.create_default_context())
        await one.left(0)


async def test_old_tls_versions_are_refused(tmp_path):
    async with stand(tmp_path, Profile.SUBMISSIONS) as one:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        one.ca.configure_trust(context)
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await one.raw(ssl=context, server_hostname="localhost")
