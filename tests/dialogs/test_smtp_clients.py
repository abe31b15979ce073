"""Other people's clients: swaks and msmtp over STARTTLS and implicit TLS, with a right and a wrong password."""

from __future__ import annotations

import asyncio
import shutil

import pytest

from gateway.smtp.settings import Profile, SmarthostClient
from tests.dialogs.door_kit import stand

pytestmark = [pytest.mark.e2e, pytest.mark.peer]


def needed(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} IS MISSING: install it (apt-get install {program}) to run this test")
    return path


async def run(*command: str, text: bytes = b"") -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    out, _ = await asyncio.wait_for(process.communicate(text), 30)
    return process.returncode or 0, out.decode(errors="replace")


@pytest.mark.parametrize(("index", "tls"), [(0, "--tls"), (1, "--tls-on-connect")])
async def test_swaks(tmp_path, index, tls):
    swaks = needed("swaks")
    async with stand(tmp_path, Profile.SUBMISSION, Profile.SUBMISSIONS) as one:
        common = (
            swaks, "--server", "127.0.0.1", "--port", str(one.door.ports[index]), tls, "--from", "lee@practice.example",
            "--to", "b@example.net,c@example.net", "--header", "Subject: caf\u00e9", "--body", ".dot\n..two\nend",
        )  # fmt: skip
        status, out = await run(*common)
        if "TLS not available" in out:
            pytest.skip("swaks IS WITHOUT TLS: install libnet-ssleay-perl to run this test")
        assert "530 5.7.0" in out
        for mechanism in ("PLAIN", "LOGIN"):
            status, out = await run(
                *common, "--auth", mechanism, "--auth-user", "lee", "--auth-password", "open sesame"
            )
            assert status == 0, out
        status, out = await run(*common, "--auth", "PLAIN", "--auth-user", "lee", "--auth-password", "wrong")
        assert status == 28, out
    assert len(one.intake.mails) == 2
    assert b"\r\n.dot\r\n..two\r\nend\r\n" in one.intake.mails[0].content
    assert len(one.intake.mails[0].envelope.recipients) == 2


async def test_swaks_as_a_smarthost_client(tmp_path):
    swaks = needed("swaks")
    client = SmarthostClient("local", networks=("127.0.0.0/8",), may_send_as=frozenset({"lee@practice.example"}))
    async with stand(tmp_path, Profile.SMARTHOST, clients=(client,)) as one:
        common = (
            swaks,
            "--server",
            "127.0.0.1",
            "--port",
            str(one.door.ports[0]),
            "--from",
            "lee@practice.example",
            "--to",
        )
        status, out = await run(*common, "b@example.net", "--pipeline", "--body", ".dot\nend")
        assert status == 0, out
        assert "250 2.0.0 id1" in out
        status, out = await run(*common, "a b@example.net")
        assert status == 24, out


@pytest.mark.parametrize(("index", "starttls"), [(0, "on"), (1, "off")])
async def test_msmtp_with_a_verified_certificate(tmp_path, index, starttls):
    msmtp = needed("msmtp")
    async with stand(tmp_path, Profile.SUBMISSION, Profile.SUBMISSIONS) as one:
        one.ca.cert_pem.write_to_path(tmp_path / "ca.pem")
        command = (
            msmtp, "--file=/dev/null", "--host=localhost", f"--port={one.door.ports[index]}", "--tls=on", f"--tls-starttls={starttls}",
            f"--tls-trust-file={tmp_path}/ca.pem", "--auth=plain", "--user=lee", "--from=lee@practice.example", "--domain=c.example",
        )  # fmt: skip
        mail = b"From: Lee <lee@practice.example>\nTo: b@example.net\nSubject: x\n\n.dot\nhello\n"
        status, out = await run(*command, "--passwordeval=echo open sesame", "b@example.net", text=mail)
        assert status == 0, out
        status, out = await run(*command, "--passwordeval=echo wrong", "b@example.net", text=mail)
        assert status != 0
    assert one.intake.mails[0].content.endswith(b"\r\n\r\n.dot\r\nhello\r\n")
    assert len(one.intake.mails) == 1
