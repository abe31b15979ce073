"""A whole installation in a folder, with invented people, and all its steps in this process: no sockets, no waiting.

    home = Home(tmp_path)
    message = home.submit(mail(MARIA, "Results", "..."), [MARIA])
    home.settle()
    [sent] = home.sent()
    letter = home.open_link(sent)

The clock stands still until a test moves it. Everything is the real thing (database, vault, shelf, keys, scanner); only
the clock, the next hop (a folder, which can be told to answer otherwise) and, unless asked for, the inspector are not.
"""

from __future__ import annotations

import email
import email.policy
import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.adapters.inspector import BoxedInspector, BoxLimits
from gateway.adapters.relay import RelayOptions
from gateway.adapters.relay.capture import CaptureRelay
from gateway.adapters.tokens import SystemTokens
from gateway.app import worker_role
from gateway.app.created import create
from gateway.app.installation import Installation
from gateway.app.web_role import pickup_limits, write_back
from gateway.app.worker_role import Rooms
from gateway.config.model import Settings
from gateway.config.starter import starter_config, starter_policy
from gateway.domain.address import Address
from gateway.domain.envelope import Direction, Envelope, Identity
from gateway.domain.finding import Gap, GapReason
from gateway.domain.patient import (
    ConsentEvent,
    ConsentEventType,
    ConsentKind,
    Partner,
    Patient,
    RecipientKind,
    Restriction,
    RestrictionKind,
)
from gateway.domain.records import AttemptRow, DeliveryRow, MessageRow
from gateway.domain.register_rows import NoticeRow
from gateway.flow.answer import Answers
from gateway.flow.decisions import TARGET
from gateway.flow.intake import Intake
from gateway.flow.pickup import Pickup
from gateway.ports.checkpoint import Checkpoint, unobserved
from gateway.ports.inspector import Edit, Inspection, Specimen
from gateway.ports.relay import Consignment, Reply
from gateway.seal.parcel import Manifest
from tests.support.fakes import FakeClock

PRACTICE = "willow.example.org"
DOCTOR = "dr.lee@willow.example.org"
MARIA = "maria.q@example.net"
"""A patient with consent to e-mail, her mailbox verified."""
TOBIAS = "tobias@example.com"
"""A patient nobody has asked yet."""
GRACE = "grace@clinic.example.net"
"""A colleague at a partner for treatment; `add_certificate(GRACE)` gives her a certificate."""
OFFICE = "office@example.com"
"""Nobody that the practice knows."""
MARIA_MRN, TOBIAS_MRN = "MRN-4471203", "MRN-5589001"
RESULTS = (
    "Dear Maria Quintero,\r\n\r\nyour blood test of March 3, 2026 shows diabetes. MRN-4471203. Please take metformin."
    "\r\n\r\nDr Lee"
)
TOBIAS_RESULTS = "Dear Tobias Hartwell,\r\n\r\nyour blood test shows diabetes. MRN-5589001. Please take metformin."
LUNCH = "Lunch on Friday? The new place at the corner. Best, Ann"
NETWORK = "192.0.2.7"


def mail(
    to: str | Sequence[str], subject: str, body: str, *, sender: str = DOCTOR, headers: Sequence[str] = (),
    files: Sequence[tuple[str, str, bytes]] = (), number: int = 1,
) -> bytes:  # fmt: skip
    """One mail as a client writes it. `files` are (name, media type, content)."""
    written = to if isinstance(to, str) else ", ".join(to)
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"] = f"Dr Lee <{sender}>"
    message["To"] = written
    message["Subject"] = subject
    message["Date"] = "Mon, 02 Mar 2026 09:00:00 +0000"
    message["Message-ID"] = f"<client-{number}@{PRACTICE}>"
    message.set_content(body.replace("\r\n", "\n"))
    for name, media_type, content in files:
        main, _, sub = media_type.partition("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    extra = "".join(f"{one}\r\n" for one in headers).encode()
    return extra + message.as_bytes()


@dataclass(frozen=True)
class Sent:
    """One mail that the next hop took."""

    name: str
    """File name without its ending; several workers number for themselves."""
    envelope_sender: str
    recipient: str
    raw: bytes = field(repr=False)

    @property
    def parsed(self) -> EmailMessage:
        """As Python's own parser reads it."""
        found = email.message_from_bytes(self.raw, policy=email.policy.default)
        assert isinstance(found, EmailMessage)
        return found

    @property
    def message_id(self) -> str:
        return str(self.parsed["Message-ID"])

    @property
    def text(self) -> str:
        """Everything readable in it, decoded."""
        parts = []
        for part in self.parsed.walk():
            if part.get_content_maintype() == "text":
                parts.append(str(part.get_content()))
            elif part.get_content_type() == "message/delivery-status":
                parts += [str(block) for block in part.get_payload()]
        return "\n".join(parts)

    def token(self, kind: str = "m") -> str:
        """The secret of its link: `m` of a parcel, `c` of a consent request."""
        found = re.search(rf"/{kind}/([A-Za-z0-9_-]{{43}})", self.text)
        assert found is not None, "this mail has no link"
        return found[1]


class Hop:
    """The next hop: a folder, unless a test puts another answer here. `answers` maps a recipient to its next replies."""

    def __init__(self, folder: Path) -> None:
        self.inner = CaptureRelay(f"capture://{folder}", RelayOptions(hostname=PRACTICE))
        self.answers: dict[str, list[Reply]] = {}
        self.before: Callable[[Consignment], None] = lambda _: None
        self.tried: list[str] = []

    def deliver(self, consignment: Consignment, before_dot: Callable[[], None]) -> Reply:
        to = str(consignment.recipient)
        self.tried.append(to)
        self.before(consignment)
        scripted = self.answers.get(to) or self.answers.get("*")
        if scripted:
            for _ in consignment.body:
                pass
            before_dot()
            return scripted.pop(0) if len(scripted) > 1 else scripted[0]
        return self.inner.deliver(consignment, before_dot)

    def close(self) -> None:
        self.inner.close()


class NoInspector:
    """Opens nothing: every attachment that needs the sandbox is a gap, as when the sandbox is broken."""

    def inspect(self, specimens: Iterable[Specimen], seconds: float | None = None) -> Inspection:
        return Inspection(gaps=tuple(Gap(one.part, GapReason.CRASHED) for one in specimens))

    def units(self, specimen: Specimen) -> Inspection:
        return Inspection(gaps=(Gap(specimen.part, GapReason.CRASHED),))

    def rewrite(self, specimen: Specimen, edits: Sequence[Edit]) -> bytes | None:
        return None

    def layers(self) -> tuple[str, ...]:
        return ()

    def instruments(self) -> frozenset[str]:
        return frozenset()

    def close(self) -> None:
        """Nothing runs."""


@cache
def real_inspector() -> BoxedInspector:
    """One sandbox for the whole test run."""
    return BoxedInspector.start(BoxLimits(start_seconds=120.0))


class Home:
    """One practice with its gateway. Keyword arguments change `sealgate.toml`'s text or the settings read from it."""

    def __init__(
        self,
        root: Path,
        *,
        clock: FakeClock | None = None,
        sandbox: bool = False,
        config: Callable[[str], str] = lambda text: text,
        policy: str | None = None,
        settings: Callable[[Settings], Settings] = lambda one: one,
        reached: Checkpoint = unobserved,
    ) -> None:
        self.root, self.clock, self.reached = root / "sealgate", clock or FakeClock(), reached
        self._settings, self._sandbox = settings, sandbox
        self.tokens = SystemTokens(self.clock)
        self.hop = Hop(root / "outbox")
        text = starter_config(
            "Willow Clinic", PRACTICE, portal_url="http://localhost:18443", ports=(0, 0, 0, 0), phone="555-0100",
            time_zone="UTC", relay=f"capture://{root}/outbox", notifier=f"capture://{root}/texts", sandbox="weak",
        ).replace('# recipients = "certificates"', 'recipients = "certificates"')  # fmt: skip
        create(
            self.root, lambda: config(text), policy or starter_policy(), clock=self.clock, tokens=self.tokens,
            self_signed=True,
        )  # fmt: skip
        (self.root / "certificates").mkdir(exist_ok=True)
        self.start()

    def start(self) -> None:
        """Build every role's steps anew from what is on disk, as after a restart."""
        if hasattr(self, "rooms"):
            self.rooms.calendar.leave()
        loaded = Installation.load(self.root / "sealgate.toml")
        self.inst = Installation(
            self._settings(loaded.settings), loaded.config, clock=self.clock, tokens=self.tokens
        )  # fmt: skip
        self.inst._built["inspector"] = real_inspector() if self._sandbox else NoInspector()
        with mock.patch.object(worker_role, "relays", return_value=(self.hop, self.hop)):
            self.rooms: Rooms = worker_role.build(self.inst, self.reached)
        self.register = self.inst.register()
        self.store, self.vault, self.keys = self.inst.store(), self.inst.vault(), self.inst.worker_keys()
        limits = pickup_limits(self.inst)
        at_portal = (self.inst.id, self.clock, self.tokens, limits)
        self.pickup = Pickup(self.store, self.vault, self.inst.peppers(), self.inst.lookup_key(), *at_portal)
        self.answers = Answers(self.store, self.inst.lookup_key(), *at_portal)
        self.back = write_back(self.inst, self.pickup)
        self.rooms.worker.do_duties()

    def close(self) -> None:
        """Let go of the database; the shared sandbox stays."""
        self.inst._built.pop("inspector", None)
        self.inst.close()

    def __enter__(self) -> Home:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # People

    def people(self) -> Home:
        """Maria with consent, Tobias without, and Grace's clinic as a partner for treatment."""
        self.maria = self.patient(
            "Maria", "Quintero", MARIA_MRN, MARIA, birth_date=date(1971, 3, 4), phone="(555) 555-0142"
        )  # fmt: skip
        self.tobias = self.patient("Tobias", "Hartwell", TOBIAS_MRN, TOBIAS, birth_date=date(1980, 5, 6))
        self.consent(self.maria, MARIA)
        self.partner = self.put_partner("Birch Clinic", "clinic.example.net")
        return self

    def patient(self, given: str, family: str, mrn: str, address: str, **more: Any) -> Patient:
        """Register a patient whose mailbox is verified."""
        made = Patient(
            id=self.tokens.id(), given=given, family=family, mrn=mrn, emails=(Address.parse(address),),
            **({"verified_addresses": frozenset({Address.parse(address).key})} | more),
        )  # fmt: skip
        with self.store.begin() as uow:
            self.register.put_patient(uow, made, self.clock.now(), "test")
        return made

    def change(self, patient: Patient, **fields: Any) -> Patient:
        """Change a registered patient's record."""
        with self.store.begin() as uow:
            present = self.register.patient(uow, patient.id)
            assert present is not None
            made = replace(present, **fields, version=present.version + 1)
            self.register.put_patient(uow, made, self.clock.now(), "test")
        return made

    def restrict(self, patient: Patient, kind: RestrictionKind, scope: str = "") -> None:
        """Record a restriction."""
        self.change(patient, restrictions=(Restriction(kind, scope),))

    def consent(
        self, patient: Patient, address: str, kind: ConsentKind = ConsentKind.EMAIL_ENCRYPTED,
        what: ConsentEventType = ConsentEventType.GIVEN,
    ) -> None:  # fmt: skip
        """Append to a patient's consent log."""
        event = ConsentEvent(
            patient.id, 0, what, kind, Address.parse(address).key, warning_version="1", given_how="paper",
            recorded_by="front desk", given_on=date(2026, 1, 2),
        )  # fmt: skip
        with self.store.begin() as uow:
            self.register.append_consent(uow, event, self.clock.now(), "test")

    def revoke(self, patient: Patient, address: str) -> None:
        """The patient takes the consent back."""
        self.consent(patient, address, what=ConsentEventType.REVOKED)

    def put_partner(self, name: str, scope: str, **more: Any) -> Partner:
        """Register a partner for treatment, or change one (`id`, `version`)."""
        given = {"id": self.tokens.id(), "kind": RecipientKind.PARTNER, "baa_date": date(2025, 1, 1)} | more
        made = Partner(name=name, scope=scope, **given)
        with self.store.begin() as uow:
            self.register.put_partner(uow, made, self.clock.now(), "test")
        return made

    def add_certificate(self, address: str) -> rsa.RSAPrivateKey:
        """Put a certificate of that address into the folder of recipients; returns its key."""
        from tests.support.people import certificate_for

        certificate, key = certificate_for(address, self.clock.now())
        (self.root / "certificates" / f"{address}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        return key

    def import_certificate(self, address: str) -> str:
        """Import a certificate of that address as staff do; returns its fingerprint."""
        from tests.support.people import certificate_for

        at, one = self.clock.now(), Address.parse(address)
        certificate, _ = certificate_for(address, at)
        with self.store.begin() as uow:
            return self.inst.imported_keys().put(uow, certificate, one, "import", at, "test")

    def remove_certificate(self, fingerprint: str) -> int:
        """Remove an imported certificate as staff do; returns from how many addresses."""
        with self.store.begin() as uow:
            return self.inst.imported_keys().remove(uow, fingerprint, self.clock.now(), "test")

    # The road

    def intake(self, reached: Checkpoint = unobserved, **limits: int) -> Intake:
        """The door's step, with the door's keys only."""
        bounds = replace(self.inst.intake_limits(), **limits)
        return Intake(self.store, self.vault, self.inst.door_keys(), self.clock, self.tokens, bounds, reached)

    def envelope(self, recipients: Sequence[str], sender: str | None = DOCTOR, **more: Any) -> Envelope:
        """What the door knows after RCPT."""
        who = Identity("lee", "auth", frozenset({DOCTOR}), frozenset({"treatment", "payment"}))
        given: dict[str, Any] = {
            "direction": Direction.OUTBOUND, "identity": who, "sender": Address.parse(sender) if sender else None,
            "recipients": tuple(Address.parse(one) for one in recipients), "client": NETWORK, "tls": True,
        }  # fmt: skip
        return Envelope(**(given | more))

    def submit(
        self, raw: bytes, recipients: str | Sequence[str], *, intake: Intake | None = None, sender: str | None = DOCTOR,
        **more: Any,
    ) -> str:  # fmt: skip
        """Hand a mail in as the door does; returns the message's id."""
        to = [recipients] if isinstance(recipients, str) else recipients
        acceptance = (intake or self.intake()).begin(self.envelope(to, sender, **more))
        try:
            for start in range(0, len(raw), 65536):
                acceptance.write(raw[start : start + 65536])
            return acceptance.finish()
        except BaseException:
            acceptance.abort()
            raise

    def work(self, limit: int = 200) -> int:
        """Run every job that is due now; returns how many."""
        done = 0
        while self.rooms.worker.work_once():
            done += 1
            assert done < limit, "the queue does not come to rest"
        return done

    def settle(self) -> None:
        """Duties, every due job, duties."""
        self.rooms.worker.do_duties()
        self.work()
        self.rooms.worker.do_duties()

    def later(self, after: timedelta | float) -> None:
        """Let time pass, then run what is due."""
        self.clock.advance(after.total_seconds() if isinstance(after, timedelta) else after)
        self.settle()

    def assess(self) -> None:
        """Run what is due of assess alone: what it decided is not sent yet."""
        self.run_job("assess")

    def run_job(self, kind: str) -> None:
        """Claim and run the due jobs of one kind only."""
        worker = self.rooms.worker
        steps = worker._steps
        worker._steps = {one: step for one, step in steps.items() if one.value == kind}
        try:
            assert self.work() > 0, f"no {kind} job is due"
        finally:
            worker._steps = steps

    # What can be seen

    def sent(self, to: str = "") -> list[Sent]:
        """What the next hop took, in order; only to that recipient, if given."""
        found = []
        for path in sorted(self.hop_folder.glob("*.eml"), key=lambda one: (one.stat().st_mtime_ns, one.name)):
            beside = json.loads(path.with_suffix(".json").read_text())
            found.append(Sent(path.stem, beside["sender"], beside["recipient"], path.read_bytes()))
        return [one for one in found if not to or one.recipient == to]

    @property
    def hop_folder(self) -> Path:
        return self.root.parent / "outbox"

    def texts(self) -> list[str]:
        """Text messages that were sent."""
        return [one.read_text() for one in sorted((self.root.parent / "texts").glob("*")) if one.is_file()]

    def message(self, message_id: str) -> MessageRow:
        with self.store.begin() as uow:
            row = uow.messages.get(message_id)
        assert row is not None
        return row

    def deliveries(self, message_id: str) -> list[DeliveryRow]:
        with self.store.begin() as uow:
            return uow.deliveries.of_message(message_id)

    def delivery(self, message_id: str) -> DeliveryRow:
        [row] = self.deliveries(message_id)
        return row

    def address(self, row: DeliveryRow) -> Address:
        """Where a copy goes."""
        return Address.parse(self.keys.columns.open(TARGET, row.id, row.target).decode())

    def attempts(self, delivery_id: str) -> list[AttemptRow]:
        with self.store.begin() as uow:
            return uow.attempts.of_delivery(delivery_id)

    def notices(self, message_id: str) -> list[NoticeRow]:
        with self.store.begin() as uow:
            return uow.notices.of_message(message_id)

    def events(self, message_id: str = "") -> list[tuple[str, dict[str, Any]]]:
        """Kind and data of the message's audit rows."""
        with self.store.begin() as uow:
            return [(row.event.kind.value, dict(row.event.data)) for row in uow.audit.of_message(message_id)]

    def kinds(self, message_id: str = "") -> list[str]:
        return [kind for kind, _ in self.events(message_id)]

    def pending(self) -> dict[str, int]:
        with self.store.begin() as uow:
            return uow.jobs.pending()

    # The other side

    def prove(self, token: str, channel: str = "mailbox") -> str:
        """Ask for a code, read it where it was sent, and exchange it for a session; returns the cookie."""
        before = {one.name for one in self.sent()}
        self.pickup.request_code(token, channel, NETWORK)
        self.run_job("send_code")
        source = self._new(before).text if channel == "mailbox" else self.texts()[-1]
        return self.pickup.prove(token, code_in(source), NETWORK)

    def open_link(self, sent: Sent) -> Manifest:
        """The letter behind the link of a relayed mail."""
        return self.pickup.view(self.prove(sent.token()))

    def enclosed(self, sent: Sent) -> list[bytes]:
        """The attachments behind the link of a relayed mail."""
        cookie = self.prove(sent.token())
        count = len(self.pickup.view(cookie).enclosed)
        return [b"".join(self.pickup.stream(cookie, index).chunks) for index in range(count)]

    def write_back(self, cookie: str, text: str, files: Sequence[tuple[str, bytes]] = ()) -> str:
        """Answer on the page of an opened link; returns the answer's message id."""
        (writing := self.back.begin(cookie, 0)).text(text)
        for name, data in files:
            writing.file(name)
            writing.write(data)
        return writing.finish()

    def answer_consent(self, sent: Sent, *, yes: bool) -> None:
        """Answer the consent page whose link a relayed mail carries."""
        token, before = sent.token("c"), {one.name for one in self.sent()}
        self.answers.request_code(token, NETWORK)
        self.run_job("send_code")
        cookie = self.answers.prove(token, code_in(self._new(before).text), NETWORK)
        self.answers.answer(cookie, yes=yes)

    def _new(self, before: set[str]) -> Sent:
        [one] = [one for one in self.sent() if one.name not in before]
        return one

    # The thief and the vandal

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Change the database behind the gateway's back."""
        database = sqlite3.connect(self.root / "data" / "sealgate.db", timeout=60)
        try:
            rows = database.execute(statement, values).fetchall()
            database.commit()
            return rows
        finally:
            database.close()


def code_in(text: str) -> str:
    """The one-time code in a mail or text message."""
    found = re.search(r"\b(\d{8}|\d{4}[ -]\d{4})\b", text)
    assert found is not None, "there is no code in it"
    return found[1].replace(" ", "").replace("-", "")
