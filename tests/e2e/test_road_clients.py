"""The whole road with other people's clients: swaks, msmtp, a mail server of the practice, a mail as Thunderbird writes it."""

from __future__ import annotations

import email
import email.policy
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.domain.decision import Method
from gateway.domain.states import DeliveryState, MessageState
from tests.support.live import LETTER, MARIA, OFFICE, PASSWORD, SENDER, TOBIAS, Captured, Live, letter, living, until

pytestmark = [pytest.mark.e2e, pytest.mark.peer]

THUNDERBIRD = (
    "Message-ID: <6a1f0c9e-2b7d-4c55-9a63-0f5a7c1d2e3f@willow.example.org>\r\nDate: Mon, 23 Nov 2026 10:14:07 -0500\r\nMIME-Version: 1.0\r\n"
    "User-Agent: Mozilla Thunderbird\r\nContent-Language: en-US\r\nTo: {to}\r\nFrom: \"Dr. Lee\" <dr.lee@willow.example.org>\r\nSubject: Lunch on Friday\r\n"
    'Autocrypt: addr=dr.lee@willow.example.org; keydata=AAAA\r\nContent-Type: multipart/mixed; boundary="------------0Q5u8tXqJvK9iR2mYbL3wZcE"\r\n\r\n'
    "This is a multi-part message in MIME format.\r\n--------------0Q5u8tXqJvK9iR2mYbL3wZcE\r\n"
    'Content-Type: multipart/alternative;\r\n boundary="------------7PqR1sTuVwXyZ0aBcDeFgHiJ"\r\n\r\n--------------7PqR1sTuVwXyZ0aBcDeFgHiJ\r\n'
    "Content-Type: text/plain; charset=UTF-8; format=flowed\r\nContent-Transfer-Encoding: 8bit\r\n\r\nHello,\r\n\r\nthe caf\u00e9 has a table for us on Friday. The list of what they \r\n"
    "cook is enclosed.\r\n\r\n-- \r\nAnn\r\n\r\n--------------7PqR1sTuVwXyZ0aBcDeFgHiJ\r\nContent-Type: text/html; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    "<!DOCTYPE html>\r\n<html><head><meta http-equiv=\"content-type\" content=\"text/html; charset=UTF-8\"></head><body><p>Hello,</p><p>the caf\u00e9 has a table for us"
    " on Friday. The list of what they cook is enclosed.</p><div class=\"moz-signature\">-- <br>Ann</div></body></html>\r\n\r\n--------------7PqR1sTuVwXyZ0aBcDeFgHiJ--\r\n"
    '--------------0Q5u8tXqJvK9iR2mYbL3wZcE\r\nContent-Type: text/csv; charset=UTF-8; name="menu.csv"\r\nContent-Disposition: attachment; filename="menu.csv"\r\n'
    "Content-Transfer-Encoding: base64\r\n\r\nZGlzaCxwcmljZQ0Kc291cCw0DQpicmVhZCwyDQo=\r\n\r\n--------------0Q5u8tXqJvK9iR2mYbL3wZcE--\r\n"
)  # fmt: skip


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with living(tmp_path_factory.mktemp("clients") / "gate", "worker", "smtp") as running:
        yield running


def needed(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} IS MISSING: install it (apt-get install {program}) to run this test")
    return path


def run(*command: str, text: bytes = b"") -> tuple[int, str]:
    done = subprocess.run(
        command, input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=120
    )
    return done.returncode, done.stdout.decode(errors="replace")


def id_in(told: str) -> str:
    found = [line.split()[-1] for line in told.splitlines() if " 250 2.0.0 " in line and "@" not in line]
    assert found, told
    return found[-1]


@pytest.mark.parametrize(("door", "tls"), [("submission", "--tls"), ("submissions", "--tls-on-connect")])
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_swaks_submits_and_a_patient_gets_a_link(live: Live, door: str, tls: str, mechanism: str) -> None:
    status, told = run(
        needed("swaks"), "--server", "localhost", "--port", str(live.ports[door]), tls, "--from", SENDER, "--to", MARIA,
        "--auth", mechanism, "--auth-user", "lee", "--auth-password", PASSWORD, "--data", letter(MARIA).decode().replace("\r\n", "\n"),
    )  # fmt: skip
    assert status == 0, told
    message = id_in(told)
    (copy,) = live.settled(message)
    assert (copy.state, copy.method) == (DeliveryState.DELIVERED, Method.LINK)
    (mail,) = live.relayed(message)
    assert mail.recipient == MARIA
    assert f"http://localhost:{live.portal}/m/".encode() in mail.raw
    for word in (b"Maria", b"Quintero", b"diabetes", b"metformin", b"4471203"):
        assert word not in mail.raw


@pytest.mark.parametrize(("door", "starttls"), [("submission", "on"), ("submissions", "off")])
def test_msmtp_submits_over_verified_tls(live: Live, door: str, starttls: str) -> None:
    command = (
        needed("msmtp"), "--file=/dev/null", "--host=localhost", f"--port={live.ports[door]}", "--tls=on", f"--tls-starttls={starttls}",
        f"--tls-trust-file={live.folder}/keys/tls.pem", "--auth=on", "--user=lee", f"--from={SENDER}", "--domain=laptop.example.org",
    )  # fmt: skip
    before = {one.raw for one in live.captured()}

    def new() -> list[Captured]:
        return [one for one in live.captured() if one.recipient == OFFICE and one.raw not in before]

    mail = letter(OFFICE, f"Lunch on Friday? {door}\r\n", subject="Lunch").replace(b"\r\n", b"\n")
    status, told = run(*command, f"--passwordeval=echo {PASSWORD}", OFFICE, text=mail)
    assert status == 0, told
    (found,) = until(new)
    assert found.raw.endswith(f"\r\n\r\nLunch on Friday? {door}\r\n".encode())
    status, told = run(*command, "--passwordeval=echo wrong", OFFICE, text=mail)
    assert status != 0


def test_the_door_refuses_what_it_must(live: Live) -> None:
    swaks = needed("swaks")
    common = (swaks, "--server", "localhost", "--from", SENDER, "--to", OFFICE, "--body", "x")
    submission = ("--port", str(live.ports["submission"]))
    login = ("--auth", "PLAIN", "--auth-user", "lee", "--auth-password", PASSWORD)
    status, told = run(*common, *submission, *login)
    assert status != 0, "a password may not be offered before TLS"
    assert " 235 " not in told
    status, told = run(*common, *submission)
    assert status != 0
    assert "530 5.7.0" in told
    status, told = run(*common, *submission, "--tls")
    assert status != 0
    assert "530 5.7.0" in told
    status, told = run(*common, *submission, "--tls", *login[:-1], "wrong")
    assert status == 28
    assert "535 5.7.8" in told
    other = tuple("other@willow.example.org" if one == SENDER else one for one in common)
    status, told = run(*other, *submission, "--tls", *login)
    assert status != 0
    assert "5.7.1" in told


def test_another_author_in_the_header_is_refused(live: Live) -> None:
    with live.client() as session:
        session.mail(SENDER)
        session.rcpt(OFFICE)
        code, text = session.data(letter(OFFICE, "hello\r\n", author="other@willow.example.org"))
    assert (code, text.split()[0]) == (550, b"5.7.1")


def test_a_mail_server_of_the_practice_uses_the_smarthost_listener(live: Live) -> None:
    swaks = needed("swaks")
    common = (swaks, "--server", "127.0.0.1", "--port", str(live.ports["smarthost"]), "--to")
    status, told = run(
        *common,
        TOBIAS,
        "--from",
        SENDER,
        "--data",
        letter(TOBIAS, "Dear Tobias Hartwell, your blood test was fine.\n").decode().replace("\r\n", "\n"),
    )
    assert status == 0, told
    message = id_in(told)
    (copy,) = live.settled(message)
    assert copy.state is DeliveryState.HELD
    assert copy.held_for is not None
    assert copy.held_for.value == "consent"
    assert live.message(message).state is MessageState.HELD
    status, told = run(*common, TOBIAS, "--from", "stranger@elsewhere.example.com", "--body", "x")
    assert status != 0
    assert "5.7.1" in told


def test_an_ordinary_thunderbird_mail_travels_untouched(live: Live) -> None:
    source = THUNDERBIRD.format(to=OFFICE).encode()
    message = live.submit(source, OFFICE)
    (copy,) = live.settled(message)
    assert (copy.state, copy.method) == (DeliveryState.DELIVERED, Method.PASS)
    (mail,) = live.relayed(message)
    assert mail.raw.partition(b"\r\n\r\n")[2] == source.partition(b"\r\n\r\n")[2]
    for line in source.partition(b"\r\n\r\n")[0].split(b"\r\n"):
        assert line in mail.head
    read = email.message_from_bytes(mail.raw, policy=email.policy.default)
    (menu,) = read.iter_attachments()
    assert menu.get_content() == "dish,price\r\nsoup,4\r\nbread,2\r\n"


def test_a_thunderbird_mail_with_results_goes_by_link_with_its_attachment(live: Live) -> None:
    source = THUNDERBIRD.format(to=MARIA).replace(
        "Hello,", "Dear Maria Quintero, your diabetes results (MRN-4471203) came."
    )
    message = live.submit(source.replace("Lunch on Friday", "Your results").encode(), MARIA)
    (copy,) = live.settled(message)
    assert (copy.state, copy.method) == (DeliveryState.DELIVERED, Method.LINK)
    (mail,) = live.relayed(message)
    for word in (b"Quintero", b"diabetes", b"4471203", b"menu.csv", b"Autocrypt", b"Thunderbird"):
        assert word not in mail.raw
    sealed = next(one for one in live.events(message) if one["kind"] == "parcel_sealed")
    assert sealed["enclosed"] == 1
    assert os.sep not in sealed["parcel"]
    assert Path(live.folder / "data").exists()
    assert LETTER.encode() not in mail.raw
