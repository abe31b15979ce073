"""A door for tests: a fake intake, fake users, certificates made on the spot, and a raw send/expect client."""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import trustme

from gateway.adapters.metrics import PrometheusMetrics
from gateway.domain.address import Address
from gateway.domain.envelope import Envelope, Identity
from gateway.domain.errors import StoreUnavailable
from gateway.smtp.limits import DoorLimits
from gateway.smtp.server import Door, serve_door
from gateway.smtp.settings import DoorConfig, Listener, Profile
from gateway.smtp.tls import ServerTls, TlsFiles
from tests.support.patience import until_so

LEE = Identity("lee", "auth", frozenset({"lee@practice.example", "@team.example"}))


class FakeClock:
    def __init__(self) -> None:
        self.moved = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC)

    def boot(self) -> float:
        return time.monotonic() + self.moved


class FakeUsers:
    def __init__(self) -> None:
        self.calls = 0
        self.hold = threading.Event()
        self.hold.set()
        self.broken = False

    def authenticate(self, name: str, password: str) -> Identity | None:
        self.calls += 1
        self.hold.wait(60)
        if self.broken:
            raise OSError("password file")
        return LEE if (name, password) == ("lee", "open sesame") else None


@dataclass
class Taken:
    envelope: Envelope
    intake: FakeIntake
    parts: list[bytes] = field(default_factory=list)
    state: str = "open"

    def write(self, chunk: bytes) -> None:
        if self.intake.fail_write is not None:
            raise self.intake.fail_write
        self.parts.append(chunk)

    def finish(self) -> str:
        self.intake.finishers += 1
        self.intake.finishing.wait(60)
        if self.intake.fail_finish is not None:
            raise self.intake.fail_finish
        self.state = "finished"
        self.intake.mails.append(self)
        return f"id{len(self.intake.mails)}"

    def abort(self) -> None:
        self.state = "aborted"

    @property
    def content(self) -> bytes:
        return b"".join(self.parts)


class FakeIntake:
    def __init__(self) -> None:
        self.begun: list[Taken] = []
        self.mails: list[Taken] = []
        self.is_ready = True
        self.fail_admit: Exception | None = None
        self.recipient_bytes = 5 * 1024**3
        self.fail_begin: Exception | None = None
        self.fail_write: Exception | None = None
        self.fail_finish: Exception | None = None
        self.finishing = threading.Event()
        self.finishing.set()
        self.finishers = 0
        """How many have come to be made durable."""

    def admit(self, identity: Identity, size: int) -> None:
        if self.fail_admit is not None:
            raise self.fail_admit

    def fits(self, recipients: int, size: int) -> bool:
        return recipients * size <= self.recipient_bytes

    def begin(self, envelope: Envelope) -> Taken:
        if self.fail_begin is not None:
            raise self.fail_begin
        self.begun.append(Taken(envelope, self))
        return self.begun[-1]

    def ready(self) -> bool:
        return self.is_ready

    def break_disk(self) -> None:
        self.fail_finish = StoreUnavailable("fsync failed")


class Client:
    """Raw bytes out, replies in."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def reply(self) -> str:
        """One whole reply, lines joined with newlines; empty at the end of the connection."""
        lines = []
        while True:
            try:
                line = await asyncio.wait_for(self.reader.readline(), 60)
            except (ConnectionError, ssl.SSLError):
                return ""
            if not line:
                return "\n".join(lines)
            lines.append(line.decode().rstrip("\r\n"))
            if line[3:4] != b"-":
                return "\n".join(lines)

    async def ask(self, line: str | bytes) -> str:
        await self.send((line.encode() if isinstance(line, str) else line) + b"\r\n")
        return await self.reply()

    async def talk(self, script: str) -> None:
        """A dialog: `C:` lines are sent, `S:` lines are beginnings of replies."""
        for raw in script.strip().splitlines():
            who, _, text = raw.strip().partition(": ")
            if who == "C":
                await self.send(text.encode() + b"\r\n")
            elif who == "S":
                got = await self.reply()
                assert got.startswith(text), f"expected {text!r}, got {got!r}"
            else:
                raise AssertionError(raw)

    async def starttls(self, context: ssl.SSLContext) -> None:
        await self.writer.start_tls(context, server_hostname="localhost")

    def close(self) -> None:
        self.writer.close()


class Stand:
    """A running door with everything round it."""

    def __init__(self, directory: Path, *, client_ca: bool = False) -> None:
        self.ca = trustme.CA()
        self.directory = directory
        certificate = self.ca.issue_cert("localhost", "127.0.0.1")
        self.files = TlsFiles(
            directory / "door.pem", directory / "door.key", directory / "clients.pem" if client_ca else None
        )
        certificate.private_key_pem.write_to_path(self.files.key)
        certificate.cert_chain_pems[0].write_to_path(self.files.certificate)
        self.client_ca = trustme.CA()
        self.client_ca.cert_pem.write_to_path(directory / "clients.pem")
        self.client_context = ssl.create_default_context()
        self.ca.configure_trust(self.client_context)
        self.intake = FakeIntake()
        self.users = FakeUsers()
        self.clock = FakeClock()
        self.metrics = PrometheusMetrics()
        self.door: Door | None = None
        self.told: list[tuple[str, str]] = []
        """Refusals to senders with an identity: who, and the reply's code."""
        self.own = {"own@gate.example", "postmaster@gate.example"}

    async def open(self, *profiles: Profile, limits: DoorLimits | None = None, clients: tuple = ()) -> None:
        config = DoorConfig("gate.example", tuple(Listener(one) for one in profiles), clients, limits or DoorLimits())
        self.door = await serve_door(
            config, self.intake, self.users, ServerTls(self.files), self.clock, self.accepts, self.metrics,
            lambda who, code: self.told.append((who.name, code)),
        )  # fmt: skip

    def refused(self, limit: str) -> float:
        """How often that limit was met."""
        return self.metrics.registry.get_sample_value("sealgate_limit_refused_total", {"limit": limit}) or 0.0

    async def left(self, connections: int) -> None:
        """Wait until no more connections than these are open."""
        assert self.door is not None
        door = self.door
        await until_so(lambda: door.connections <= connections)

    async def hear_out(self, talker: Client) -> None:
        """Let a client talk on, for a minute at most, until one connection is left."""
        assert self.door is not None
        with suppress(ConnectionError):
            for _ in range(600):
                await asyncio.sleep(0.1)
                if self.door.connections == 1:
                    break
                await talker.send(b"NOOP\r\n")

    def in_vain(self, action: str) -> float:
        """What clients without an identity did in vain."""
        return self.metrics.registry.get_sample_value("sealgate_unauthenticated_total", {"action": action}) or 0.0

    def accepts(self, address: Address) -> bool:
        return address.key in self.own

    async def raw(self, index: int = 0, **kwargs) -> Client:
        assert self.door is not None
        return Client(*await asyncio.open_connection("127.0.0.1", self.door.ports[index], limit=2**20, **kwargs))

    async def greeted(self, index: int = 0) -> Client:
        client = await self.raw(index)
        assert (await client.reply()).startswith("220 ")
        assert (await client.ask("EHLO c.example")).startswith("250-")
        return client

    async def secure(self, index: int = 0, context: ssl.SSLContext | None = None) -> Client:
        """EHLO, STARTTLS, EHLO."""
        client = await self.greeted(index)
        assert (await client.ask("STARTTLS")).startswith("220 ")
        await client.starttls(context or self.client_context)
        assert (await client.ask("EHLO c.example")).startswith("250-")
        return client

    async def logged_in(self, index: int = 0) -> Client:
        client = await self.secure(index)
        assert (await client.ask("AUTH PLAIN AGxlZQBvcGVuIHNlc2FtZQ==")).startswith("235 ")
        return client

    async def at_data(self, index: int = 0) -> Client:
        """Logged in (submission) or plain (smarthost), 354 said."""
        client = await self.greeted(index)
        await client.talk(
            "C: MAIL FROM:<lee@practice.example>\nS: 250\nC: RCPT TO:<b@example.net>\nS: 250\nC: DATA\nS: 354"
        )
        return client


@asynccontextmanager
async def stand(directory: Path, *profiles: Profile, limits: DoorLimits | None = None, clients: tuple = (), **kwargs):
    """A stand with an open door, closed at the end."""
    one = Stand(directory, **kwargs)
    await one.open(*profiles, limits=limits, clients=clients)
    try:
        yield one
    finally:
        one.intake.finishing.set()
        one.users.hold.set()
        assert one.door is not None
        await one.door.drain(0.2)
