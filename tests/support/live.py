"""A running gateway: real role processes on free loopback ports, with invented users, patients, consents and partners.

Every process is ended by its own id. What a test wants to know of the store it reads through an installation of its own.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.adapters.clock import SystemClock
from gateway.adapters.tokens import SystemTokens
from gateway.app.created import create
from gateway.app.installation import Installation
from gateway.config.starter import starter_policy
from gateway.domain.address import Address
from gateway.domain.patient import ConsentEvent, ConsentEventType, ConsentKind, Partner, Patient, RecipientKind
from gateway.domain.records import DeliveryRow, MessageRow
from gateway.domain.states import FINAL_DELIVERY, DeliveryState, MessageState
from tests.support import patience

ROOT = Path(__file__).parents[2]
SENDER = "dr.lee@willow.example.org"
PASSWORD = "correct horse battery"
MARIA = "maria.q@example.net"  # a patient who agreed, at an address that the practice verified
TOBIAS = "tobias@example.com"  # a patient who was never asked
COLLEAGUE = "kim@clinic.example.net"  # a treatment partner with a certificate
NEW_COLLEAGUE = "sam@clinic.example.net"  # the same partner, no certificate
OFFICE = "office@supplies.example.com"  # nobody in the register
LETTER = "Dear Maria Quintero,\r\n\r\nyour blood test of March 3, 2026 shows diabetes (MRN-4471203). Please take metformin.\r\n\r\nDr Lee\r\n"

_CONFIG = """
[practice]
id = "willow"
name = "Willow Clinic"
own_domains = ["willow.example.org"]
postmaster = "sealgate@willow.example.org"
portal_url = "http://localhost:{portal}"
time_zone = "America/New_York"
[smtp]
hostname = "gate.willow.example.org"
submission = ["127.0.0.1:0"]
submissions = ["127.0.0.1:0"]
smarthost = ["127.0.0.1:0"]
tls_certificate = "keys/tls.pem"
tls_key = "keys/tls.key"
[[smtp.clients]]
name = "mailserver"
networks = ["127.0.0.0/8"]
may_send_as = ["@willow.example.org"{may_send_as}]
null_sender = true
[smtp.limits]
commands_per_minute = 100000
messages_per_connection = 100000
errors_per_connection = 10000
[inbound]
listen = ["127.0.0.1:0"]
domain = "secure.willow.example.org"
[web]
listen = "127.0.0.1:{portal}"
[worker]
poll = "1s"
backoff = ["1s"]
threads = {threads}
[store]
[blobs]
[shelf]
[relay]
url = "{relay}"
{relay_more}
[notifier]
url = "capture:///./data/texts"
[keys]
recipients = "certificates"
archive_public = ["keys/archive-practice.pub", "keys/archive-escrow.pub"]
[archive]
enabled = true
[policy]
[users]
[audit]
[sandbox]
mode = "weak"
[limits]
held_per_sender = 100000
spool_bytes_per_sender = "10GiB"
"""


@dataclass(frozen=True)
class Captured:
    """One mail of the capture folder."""

    recipient: str
    sender: str
    raw: bytes

    @property
    def head(self) -> bytes:
        return self.raw.partition(b"\r\n\r\n")[0]


_given: set[int] = set()


def free_port() -> int:
    """A port that nobody has now, below those that the system hands out by itself: it stays free until we listen. No other
    process of the same test run is given it, nor anybody in this one a second time.
    """
    ours, processes = (os.environ.get(f"PYTEST_XDIST_WORKER{name}", "") for name in ("", "_COUNT"))
    ports = range(20000 + int(ours.removeprefix("gw") or 0), 32000, int(processes or 1))
    while True:
        port = random.choice(ports)
        with socket.socket() as sock, suppress(OSError):
            sock.bind(("127.0.0.1", port))
            if port not in _given:
                _given.add(port)
                return port


def role_command(role: str, config: Path) -> list[str]:
    """As `sealgate serve` starts a role."""
    return [sys.executable, "-m", "gateway", "role", role, "--config", str(config)]


def until(what: Callable[[], patience.T | None], seconds: float = 120.0, why: str = "") -> patience.T:
    """As patience.until, of processes, which take longer."""
    return patience.until(what, seconds, why, pause=0.1)


class Live:
    """An installation in `folder`; `start` runs roles, `stop` ends them."""

    def __init__(
        self, folder: Path, *, relay: str = "capture:///./data/outbox", relay_more: str = "", may_send_as: str = "",
        threads: int = 2, edit: Callable[[str], str] = lambda text: text, policy: str | None = None,
    ) -> None:  # fmt: skip
        self.folder, self.config = folder, folder / "sealgate.toml"
        self.portal = free_port()
        text = edit(
            _CONFIG.format(
                portal=self.portal, relay=relay, relay_more=relay_more, may_send_as=may_send_as, threads=threads
            )
        )
        (folder / "certificates").mkdir(parents=True)
        create(
            folder, lambda: text, policy or starter_policy(), clock=SystemClock(), tokens=SystemTokens(), self_signed=True
        )  # fmt: skip
        self.home = Installation.load(self.config)
        self.ports: dict[str, int] = {}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._people()

    # -- processes

    def start(self, *roles: str) -> None:
        """As `sealgate serve` does: all at once."""
        for role in roles:
            self.launch(role)
        for role in roles:
            self.ready(role)

    def launch(self, role: str) -> None:
        """Begin a role without waiting for it; `ready` waits."""
        self.run(role, role_command(role, self.config))

    def run(self, name: str, command: Sequence[str]) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
        self.processes[name] = process
        return process

    def event(self, name: str, seconds: float = 120.0) -> dict[str, Any]:
        """The next JSON line that a process says on standard output."""
        process, line = self.processes[name], b""
        assert process.stdout is not None
        # Past the buffer of `stdout`: it would take the lines of roles that are ready at once, and select not tell of them.
        out, end = process.stdout.fileno(), time.monotonic() + seconds
        while not line.endswith(b"\n"):
            if not select.select([out], [], [], max(0.0, end - time.monotonic()))[0]:
                raise AssertionError(f"{name} says nothing: {self.log(name)}")
            piece = os.read(out, 1)
            if not piece:
                raise AssertionError(f"{name} ended with {process.wait(60)}: {self.log(name)}")
            line += piece
        return dict(json.loads(line))

    def ready(self, name: str) -> None:
        """Wait until a role says that it listens."""
        said = self.event(name)
        assert said["event"] == "ready"
        self.ports |= {profile: ports[0] for profile, ports in said["ports"].items()}

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def end(self, name: str, number: int = signal.SIGTERM) -> int:
        process = self.processes.pop(name)
        process.send_signal(number)
        try:
            return process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        finally:
            if process.stdout is not None:
                process.stdout.close()

    def stop(self) -> None:
        for name in list(self.processes):
            with suppress(ProcessLookupError):
                self.end(name)
        self.home.close()

    # -- people

    def _people(self) -> None:
        home = self.home
        home.users().add("lee", PASSWORD, [SENDER], ["treatment", "payment"])
        register, now, one_id = home.register(), home.clock.now(), home.tokens.id
        maria = Patient(
            id=one_id(), given="Maria", family="Quintero", birth_date=date(1971, 3, 4), mrn="MRN-4471203",
            emails=(Address.parse(MARIA),), verified_addresses=frozenset({MARIA}), phone="(555) 555-0142",
        )  # fmt: skip
        tobias = Patient(
            id=one_id(), given="Tobias", family="Hartwell", birth_date=date(1980, 5, 6), mrn="MRN-5589001",
            emails=(Address.parse(TOBIAS),), verified_addresses=frozenset({TOBIAS}),
        )  # fmt: skip
        with home.store().begin() as uow:
            for one in (maria, tobias):
                register.put_patient(uow, one, now, "test")
            given = ConsentEvent(
                maria.id, 0, ConsentEventType.GIVEN, ConsentKind.EMAIL_ENCRYPTED, MARIA, warning_version="1",
                given_how="paper", recorded_by="front desk", given_on=date(2026, 1, 2),
            )  # fmt: skip
            register.append_consent(uow, given, now, "test")
            partner = Partner(
                one_id(), "Riverside Clinic", RecipientKind.PARTNER, "clinic.example.net", baa_date=date(2026, 1, 1)
            )
            register.put_partner(uow, partner, now, "test")

    def certify(self, address: str = COLLEAGUE, **options: Any) -> tuple[Path, rsa.RSAPrivateKey]:
        """Put a certificate for an address into the key directory; the PEM with its key for the recipient's own use."""
        from tests.unit.seal.certificates import recipient

        key = rsa.generate_private_key(65537, 2048)
        certificate: x509.Certificate = recipient(address, key, **options)
        pem = certificate.public_bytes(Encoding.PEM)
        (self.folder / "certificates" / f"{address}.pem").write_bytes(pem)
        own = self.folder / f"{address}.own.pem"
        own.write_bytes(pem + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return own, key

    # -- sending

    def client(self) -> smtplib.SMTP:
        """A submission client that has logged in under TLS."""
        session = smtplib.SMTP("localhost", self.ports["submission"], timeout=120)
        session.starttls(context=ssl.create_default_context(cafile=str(self.folder / "keys" / "tls.pem")))
        session.login("lee", PASSWORD)
        return session

    def submit(self, mail: bytes, *recipients: str, sender: str = SENDER) -> str:
        """Send by submission; the message's id."""
        with self.client() as session:
            return accepted(session, mail, recipients, sender)

    def hand_over(self, mail: bytes, *recipients: str, sender: str = SENDER) -> str:
        """Send by the smarthost listener; the message's id."""
        with smtplib.SMTP("127.0.0.1", self.ports["smarthost"], timeout=120) as session:
            return accepted(session, mail, recipients, sender)

    # -- looking

    def message(self, message_id: str) -> MessageRow:
        with self.home.store().begin() as uow:
            found = uow.messages.get(message_id)
        assert found is not None
        return found

    def deliveries(self, message_id: str) -> list[DeliveryRow]:
        with self.home.store().begin() as uow:
            return uow.deliveries.of_message(message_id)

    def events(self, message_id: str) -> list[dict[str, Any]]:
        """The log's rows of one message, as plain values."""
        with self.home.store().begin() as uow:
            return [{"kind": row.event.kind.value, **row.event.data} for row in uow.audit.of_message(message_id)]

    def rested(self, message_id: str) -> bool:
        """Whether a message is in a state that no step will change by itself soon."""
        row = self.message(message_id)
        if row.state in {MessageState.SETTLED, MessageState.HELD, MessageState.STUCK, MessageState.FORGOTTEN}:
            copies = self.deliveries(message_id)
            return all(one.state in FINAL_DELIVERY or one.state is DeliveryState.HELD for one in copies)
        return False

    def settled(self, message_id: str, seconds: float = 120.0) -> list[DeliveryRow]:
        """Wait until nothing moves any more; its deliveries."""
        until(lambda: self.rested(message_id), seconds, f"{message_id} is {self.message(message_id).state}")
        return self.deliveries(message_id)

    def relayed(self, message_id: str) -> list[Captured]:
        """What the capture folder has of one message."""
        return [one for one in self.captured() if f"X-Sealgate-Id: {message_id}\r\n".encode() in one.head + b"\r\n"]

    def captured(self) -> Iterator[Captured]:
        for path in sorted(
            (self.folder / "data" / "outbox").glob("*.eml"), key=lambda one: int(one.name.split("-")[0])
        ):
            envelope = json.loads(path.with_suffix(".json").read_text())
            yield Captured(envelope["recipient"], envelope["sender"], path.read_bytes())


def accepted(session: smtplib.SMTP, mail: bytes, recipients: Sequence[str], sender: str) -> str:
    """One transaction whose every step must succeed; the id that the 250 names."""
    session.ehlo_or_helo_if_needed()
    code, text = session.mail(sender, ["BODY=8BITMIME"])
    assert code == 250, text
    for one in recipients:
        code, text = session.rcpt(one)
        assert code == 250, text
    code, text = session.data(mail)
    assert code == 250, text
    words = text.decode().split()
    assert words[0] == "2.0.0", text
    return words[1]


def letter(
    to: str, body: str = LETTER, *, subject: str = "Your results", extra: str = "", author: str = SENDER
) -> bytes:
    """A plain mail as a client writes it."""
    return (
        f"From: Dr Lee <{author}>\r\nTo: {to}\r\nSubject: {subject}\r\nDate: Mon, 23 Nov 2026 10:00:00 -0500\r\n"
        f"Message-ID: <{os.urandom(8).hex()}@willow.example.org>\r\nMIME-Version: 1.0\r\n{extra}"
        f"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{body}"
    ).encode()


@contextmanager
def living(folder: Path, *roles: str, **options: Any) -> Iterator[Live]:
    """A gateway that runs for a `with`."""
    live = Live(folder, **options)
    try:
        live.start(*(roles or ("worker", "smtp")))
        yield live
    finally:
        live.stop()
