"""A portal over the real store, vault and shelf in a folder, with invented parcels; and a browser that keeps cookies."""

from __future__ import annotations

import hashlib
import http.client
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.adapters.blobs.file import FileBlobStore
from gateway.adapters.blobs.sealing import SealingVault
from gateway.adapters.metrics import PrometheusMetrics
from gateway.adapters.shelf.file import FileShelf
from gateway.adapters.sql.store import SqlStore
from gateway.domain.audit import Event, EventKind
from gateway.domain.decision import Basis
from gateway.domain.protected import Protected
from gateway.domain.records import Holder, JobKind, ObjectRow
from gateway.domain.register_rows import CodeRow, ConsentRequestRow, EpochRow
from gateway.domain.states import DeliveryState
from gateway.flow import epochs
from gateway.flow.answer import Answers
from gateway.flow.intake import Intake
from gateway.flow.keys import DoorKeys
from gateway.flow.marks import DecisionMarks
from gateway.flow.parcel_seal import ParcelSeal
from gateway.flow.pickup import Pickup
from gateway.flow.room import IntakeLimits
from gateway.flow.throttle import PickupLimits
from gateway.flow.write_back import AnswerLimits, WriteBack
from gateway.ports.vault import Seal, Sealed
from gateway.seal import hybrid, link
from gateway.seal.columns import Mac
from gateway.seal.context import context
from gateway.seal.parcel import Enclosed, Manifest
from gateway.web.app import build_app
from gateway.web.metrics import Metrics
from gateway.web.pages import Pages, Practice
from gateway.web.settings import ServerConfig, WebConfig
from tests.support.fakes import FakeClock, SeededTokens
from tests.support.served import on_loopback
from tests.support.store_rows import delivery, message, parcel, patient

INSTALLATION = "test-practice"
TEMPLATES = Path(__file__).parents[2] / "templates" / "portal"
WARNING = "E-mail can be read by others on its way.\n\nYou may say no."
LETTER = Manifest(
    subject="Your visit on Monday", sender="Dr. Jo Lee <jo.lee@practice.example.org>", to="Pat Roe <pat@example.net>", cc="",
    date="Mon, 02 Mar 2026 09:30:00 -0500", text="Dear Pat,\n\nyour results are fine.\n\nJo Lee", html="",
)  # fmt: skip


ROOM = AnswerLimits(1024**2, 3, 1000)


class House:
    """Everything that the web role has, and the worker's side of it for tests."""

    def __init__(
        self, root: Path, limits: PickupLimits | None = None, config: WebConfig | None = None,
        room: AnswerLimits | None = ROOM, spool: int = 10 * 1024**2,
    ) -> None:  # fmt: skip
        self.root, self.clock, self.tokens = root, FakeClock(), SeededTokens()
        self.store = SqlStore(f"sqlite:///{root / 'db' / 'sealgate.db'}", self.tokens)
        self.store.create_schema()
        self.vault = SealingVault(FileBlobStore(root / "blobs", self.clock), INSTALLATION, self.tokens.secret)
        self.shelf = FileShelf(root / "shelf", self.tokens)
        self.lookup_key = Protected(b"L" * 32)
        parts = (INSTALLATION, self.clock, self.tokens, limits)
        self.pickup = Pickup(self.store, self.vault, self.shelf, self.lookup_key, *parts)
        self.answers = Answers(self.store, self.lookup_key, *parts)
        self.pages = Pages(
            TEMPLATES, Practice("Lakeside Family Practice", "555-0142"), lambda version: f"{WARNING} [{version}]"
        )
        self.limits = PrometheusMetrics()
        self.metrics = Metrics(self.limits.registry)
        self.config = config or WebConfig("http://localhost")
        self.back = self.write_back(room, spool)
        self.app = build_app(self.pickup, self.answers, self.back, self.pages, self.config, self.metrics, self.limits)
        with self.store.begin() as uow:
            uow.register.put_patient(patient(), [])
            change = Event(EventKind.REGISTER_CHANGED, "pat1", data={"what": "patient", "id": "pat1", "version": 1})
            uow.audit.append(change, self.clock.now())

    def write_back(self, room: AnswerLimits | None, spool: int) -> WriteBack:
        """Answers with an epoch of their own; None: nobody may answer."""
        signer = Ed25519PrivateKey.generate()
        self.epoch_key, public = hybrid.generate()
        signature = signer.sign(epochs._signed("e1", public, INSTALLATION))
        with self.store.begin() as uow:
            uow.epochs.add(
                EpochRow("e1", public, self.clock.now(), self.clock.now() + timedelta(days=1), signature, "advertised")
            )
        self.senders = Mac(self.lookup_key, INSTALLATION, Seal.INTAKE)
        keys = DoorKeys(INSTALLATION, signer.sign, signer.public_key(), self.senders)
        bounds = IntakeLimits(spool, 5 * 1024**3, spool, 100)
        intake = Intake(self.store, self.vault, keys, self.clock, self.tokens, bounds) if room else None
        return WriteBack(self.store, self.pickup, intake, room or AnswerLimits(0, 0, 0))

    def parcel(
        self, letter: Manifest = LETTER, files: tuple[tuple[str, bytes], ...] = (), *, name: str = "p1", proof: str = "mailbox",
        state: DeliveryState = DeliveryState.SENDING, basis: Basis | None = None,
    ) -> str:  # fmt: skip
        """Seal a parcel as dispatch does; returns the link's token."""
        secret = Protected(hashlib.sha256(name.encode()).digest())
        pepper = Protected(self.tokens.secret(32))
        self.shelf.put(name, pepper)
        kek = link.kek(secret, pepper, INSTALLATION, name)
        sealed = [self._sealed(f"{name}-a{number}", Seal.ATTACHMENT, data) for number, (_, data) in enumerate(files)]
        enclosed = tuple(
            Enclosed(
                one.object_id,
                file[0],
                "application/octet-stream",
                one.length,
                hashlib.sha256(file[1]).hexdigest(),
                one.commitment.hex(),
            )
            for one, file in zip(sealed, files, strict=True)
        )
        manifest = self._sealed(f"{name}-m", Seal.MANIFEST, replace(letter, enclosed=enclosed).encode())
        with self.store.begin() as uow:
            uow.messages.add(message(f"m-{name}"))
            uow.messages.set_sender(f"m-{name}", b"sealed")
            basis = basis or Basis("p", (("pat1", 1),), (("pat1", 0),))
            decided = delivery(f"d-{name}", f"m-{name}", state=state, basis=basis)
            uow.deliveries.add(decided)
            mark = DecisionMarks(self.lookup_key, INSTALLATION).mark(uow, decided)
            event = Event(EventKind.DECIDED, decided.message_id, decided.id, data={"mark": mark})
            uow.audit.append(event, self.clock.now())
            row = parcel(
                name, f"d-{name}", message_id=f"m-{name}", manifest_id=f"{name}-m", proof=proof,
                lookup=link.lookup(secret, self.lookup_key, INSTALLATION),
            )  # fmt: skip
            uow.parcels.add(replace(row, seal=ParcelSeal(self.lookup_key, INSTALLATION).of(row, decided)))
            for one in (manifest, *sealed):
                uow.objects.add(
                    ObjectRow(one.object_id, f"m-{name}", one.purpose, "", one.length, one.commitment, self.clock.now())
                )
                bound = context(INSTALLATION, Seal.WRAP, one.object_id, f"parcel:{name}")
                uow.objects.add_wrap(one.object_id, Holder("parcel", name), link.wrap(kek, one.key, bound))
        return link.token(secret)

    def request(self, name: str = "q1") -> str:
        """Add a consent request; returns the link's token."""
        secret = Protected(hashlib.sha256(name.encode()).digest())
        with self.store.begin() as uow:
            uow.messages.add(message(f"m-{name}"))
            uow.register.put_request(
                ConsentRequestRow(
                    id=name, message_id=f"m-{name}", patient_id="pat1", state="sent", epoch="", secret=b"", address=b"sealed",
                    lookup=link.lookup(secret, self.lookup_key, INSTALLATION), warning_version="w7",
                    created_at=self.clock.now(), expires_at=self.clock.now() + timedelta(days=14),
                )
            )  # fmt: skip
        return link.token(secret)

    def send_code(self, subject: str, code: str = "12345678", channel: str = "mailbox") -> str:
        """What the worker does with a SEND_CODE job, without the mail."""
        salt = self.tokens.secret(16)
        digest = link.code_digest(self.lookup_key, code, salt, subject, INSTALLATION)
        with self.store.begin() as uow:
            uow.parcels.put_code(
                CodeRow(subject, salt, digest, self.clock.now() + timedelta(minutes=10), channel=channel)
            )
        return code

    def jobs(self, kind: JobKind) -> list[str]:
        """Subjects of the queued jobs of that kind."""
        with sqlite3.connect(self.root / "db" / "sealgate.db") as database:
            return [
                row[0]
                for row in database.execute("SELECT subject_id FROM jobs WHERE kind = ? ORDER BY id", (kind.value,))
            ]

    def events(self, message_id: str = "m-p1") -> list[tuple[str, dict[str, Any]]]:
        """The message's audit rows since it was decided: kind and data."""
        with self.store.begin() as uow:
            rows = [row.event for row in uow.audit.of_message(message_id)]
        return [(one.kind.value, dict(one.data)) for one in rows if one.kind is not EventKind.DECIDED]

    def dump(self) -> str:
        """The whole database as text."""
        database = sqlite3.connect(self.root / "db" / "sealgate.db")
        try:
            return "\n".join(database.iterdump())
        finally:
            database.close()

    def _sealed(self, object_id: str, purpose: Seal, data: bytes) -> Sealed:
        writer = self.vault.create(object_id, purpose)
        writer.write(data)
        return writer.finish()


@contextmanager
def served(house: House, server: ServerConfig | None = None) -> Iterator[int]:
    """Serve the house's portal on a loopback port of its own, on a loop in a thread; the house ends with it."""
    try:
        with on_loopback(house.app, server) as port:
            yield port
    finally:
        house.store.close()


@dataclass
class Answer:
    """One HTTP answer."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


MARK = "----WebKitFormBoundary7MA4YWxkTrZu0gW"


def form_data(fields: dict[str, str], files: tuple[tuple[str, bytes], ...] = ()) -> bytes:
    """As browsers write it (RFC 7578); no file chosen is one without a name."""
    parts = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode() for name, value in fields.items()]
    for name, data in files or (("", b""),):
        coded = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
        head = f'Content-Disposition: form-data; name="files"; filename="{coded}"\r\nContent-Type: application/octet-stream\r\n\r\n'
        parts.append(head.encode() + data)
    return b"".join(b"--%s\r\n%s\r\n" % (MARK.encode(), one) for one in parts) + f"--{MARK}--\r\n".encode()


@dataclass
class Browser:
    """As much of a browser as the portal needs: cookies, and forms with their hidden fields."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    page: str = ""

    def go(self, method: str, path: str, form: dict[str, str] | None = None, **headers: str) -> Answer:
        """One request; keeps cookies and the page."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        body = None
        if form is not None:
            body = urlencode(form)
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read())
        finally:
            connection.close()
        for line in answer.headers.get_all("set-cookie") or []:
            name, value = line.partition(";")[0].split("=", 1)
            if "Max-Age=0" in line:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        if answer.headers.get("content-type", "").startswith("text/html"):
            self.page = answer.text
        return answer

    def get(self, path: str) -> Answer:
        """GET, following redirects."""
        answer = self.go("GET", path)
        return self.get(answer.headers["location"]) if answer.status == 303 else answer

    def post(self, path: str, **form: str) -> Answer:
        """POST with the hidden token of the page before; does not follow."""
        found = re.search(r'name="form" value="([0-9a-f]+)"', self.page)
        return self.go("POST", path, {"form": found.group(1) if found else ""} | form)

    def answer(
        self,
        text: str = "Thank you.",
        files: tuple[tuple[str, bytes], ...] = (),
        *,
        token: str | None = None,
        **headers: str,
    ) -> Answer:
        """Write back, as the form of the answer's page does."""
        if token is None:
            found = re.search(r'name="form" value="([0-9a-f]+)"', self.go("GET", "/letter/write").text)
            token = found.group(1) if found else ""
        body = form_data({"form": token, "text": text}, files)
        return self.upload(body, **headers)

    def upload(self, body: bytes, kind: str = f'multipart/form-data; boundary="{MARK}"', **headers: str) -> Answer:
        """That body, whatever it is."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        sent = {"Content-Type": kind, "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        try:
            connection.request(
                "POST", "/letter/answer", body, sent | {k.replace("_", "-"): v for k, v in headers.items()}
            )
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def open_letter(self, house: House, token: str, parcel_id: str = "p1") -> Answer:
        """The whole road to the letter."""
        self.get(f"/m/{token}")
        self.post("/letter/code", channel="mailbox")
        self.get("/letter/enter?by=mailbox")
        answer = self.post("/letter/open", code=house.send_code(parcel_id))
        return self.get(answer.headers["location"]) if answer.status == 303 else answer
