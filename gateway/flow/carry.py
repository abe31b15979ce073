"""Carry: a recipient's answer, from the spool to whoever wrote the letter.

1 the answer is taken in: its record was signed by the portal, the parcel that it names was opened and sealed by a worker;
  it is looked through for threats, as mail that goes out is; one transaction makes its one delivery, to the letter's
  sender by the practice's own relay, or holds it
2 the mail is composed anew from its decoded parts; one transaction commits SENDING
3 after the last byte, before the final dot: the lease is checked and IN_DOUBT committed
4 the relay's last reply is here
5 it is recorded: DELIVERED, RETRY or FAILED
Rules: it goes to an address of the practice's own domains and nowhere else, to the postmaster where the sender has none;
nothing of the spooled mail's header is copied; what does not hold is HELD or STUCK with an alert. A threat, or a virus scan
that policy requires and nobody made, holds it and is told to the letter's sender; no person's word lets such an answer go,
and one that waits for the scanner is looked at again by itself. A bounce, or an answer that ends undelivered, is told to
the postmaster.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from gateway.domain.address import Address
from gateway.domain.audit import Event, EventKind, Scalar
from gateway.domain.decision import Action, HoldReason
from gateway.domain.envelope import Direction
from gateway.domain.errors import IntegrityError, KeyMissing, LimitExceeded, MalformedMail, SealingFailed
from gateway.domain.finding import ScanReport
from gateway.domain.records import AttemptRow, DeliveryRow, Job, JobKind, MessageRow
from gateway.domain.states import DeliveryState, MessageState
from gateway.flow.attempts import Alive, Attempts
from gateway.flow.compose import Words
from gateway.flow.custody import Custody
from gateway.flow.decisions import TARGET, Decided, Decisions, carried
from gateway.flow.keys import WorkerKeys
from gateway.flow.notices import ANSWER_HELD, Notices, Sender
from gateway.flow.parcel_seal import ParcelSeal
from gateway.flow.quarantine import held_by_restore
from gateway.flow.reading import Reader
from gateway.flow.scratch import Scratch
from gateway.flow.screening import wait_for_scanner
from gateway.flow.settle import Settle
from gateway.flow.write_back import HOW
from gateway.mime.build import OuterHeaders, text_or_html
from gateway.mime.build_answer import answer_mail
from gateway.mime.filename import safe_name
from gateway.mime.headers import is_message_id
from gateway.mime.tree import Part, Tree, content
from gateway.policy.builtin import harmful
from gateway.policy.model import ThreatPolicy
from gateway.policy.verdict import Verdict
from gateway.ports.checkpoint import Checkpoint, unobserved
from gateway.ports.clock import Clock
from gateway.ports.relay import Consignment, Relay
from gateway.ports.store import Store, UnitOfWork
from gateway.ports.tokens import Tokens
from gateway.ports.vault import Vault
from gateway.render.mail import Renderer
from gateway.seal.record import IntakeRecord

RULE = "answer by link "
"""Followed by the id of the delivery whose link it was written through: under the decision's MAC."""
_WITHHOLD = (IntegrityError, KeyMissing, SealingFailed, MalformedMail, LimitExceeded)
_TEXT_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Letter:
    """The message that is answered, as far as it is still known."""

    id: str
    at: datetime
    recipient: Address = field(repr=False)
    sender: Sender = field(repr=False)


@dataclass(frozen=True, slots=True)
class Carry:
    """The step; one per worker process, thread-safe."""

    store: Store
    vault: Vault
    custody: Custody
    decisions: Decisions
    reader: Reader
    keys: WorkerKeys = field(repr=False)
    notices: Notices
    attempts: Attempts
    settle: Settle
    relay: Relay
    renderer: Renderer
    words: Words
    zone: ZoneInfo
    own_domains: frozenset[str]
    bounce_address: Callable[[str], str | None]
    threats: Callable[[], ThreatPolicy]
    hold_time: timedelta
    clock: Clock
    tokens: Tokens
    watch: Callable[[UnitOfWork], None] = lambda _: None
    reached: Checkpoint = unobserved

    def run(self, job: Job, alive: Alive) -> None:
        """Take the answer in, or, with a delivery as the job's subject, try once to hand it over."""
        if job.subject_id:
            self._try(job, alive)
        else:
            self._take_in(job)

    def _take_in(self, job: Job) -> None:
        with self.store.begin() as uow:
            row = uow.messages.get(job.message_id)
            if row is None or not _to_be_taken(row) or not row.record or held_by_restore(row):
                uow.jobs.finish(job)
                return
        try:
            record = self.custody.record(row)
            if record.envelope.direction is not Direction.ANSWER:
                raise IntegrityError("this is no answer")
            report = self._looked_through(row, record)
            with self.store.begin() as uow:
                self._place(uow, row, record, report)
                uow.jobs.finish(job)
        except (IntegrityError, KeyMissing) as error:
            self._stuck(job, error)
            return
        self.reached("carry.1")

    def _looked_through(self, row: MessageRow, record: IntakeRecord) -> ScanReport:
        """What may harm whoever opens it, by the same looks that outgoing mail is given."""
        with Scratch(self.vault, self.tokens) as sink:
            read = self.reader.read(self.custody.content(row, record), sink, asked=self.threats())
        return ScanReport(gaps=read.gaps, threats=read.threats, virus_checked=read.virus_checked)

    def _place(self, uow: UnitOfWork, row: MessageRow, record: IntakeRecord, report: ScanReport) -> None:
        at, why = self.clock.now(), harmful(self.threats(), report)
        copies = uow.deliveries.of_message(row.id, lock=True)
        copies = [self._decided_again(uow, one, record, why, at) for one in copies] or [
            self._deliver(uow, row, record, why, at)
        ]
        if why is None:
            for one in copies:
                if one.state is DeliveryState.HELD:  # released by a person after a restore
                    uow.deliveries.move(one.id, DeliveryState.READY)
                uow.jobs.add(JobKind.ANSWER, row.id, one.id, at)
            uow.messages.move(row.id, MessageState.ASSESSED, at)
            uow.jobs.drop(JobKind.EXPIRE, row.id)
            return
        reason = (why.held_for or HoldReason.DEFAULT).value
        if row.state is not MessageState.HELD:
            deadline = at + self.hold_time
            uow.messages.move(row.id, MessageState.HELD, at, held_for=reason, deadline=deadline)
            uow.jobs.add(JobKind.EXPIRE, row.id, row.id, deadline)
            uow.audit.append(Event(EventKind.HELD, row.id, data={"for": reason, "copies": len(copies)}), at)
        if (again := wait_for_scanner(why.held_for, report, at - row.received_at)) is not None:
            uow.jobs.add(JobKind.ANSWER, row.id, "", at + again)

    def _decided_again(
        self, uow: UnitOfWork, one: DeliveryRow, record: IntakeRecord, why: Verdict | None, at: datetime
    ) -> DeliveryRow:
        """The copy of an answer that was held for what it carries, or that a restore held, as it is judged now."""
        now = why.held_for if why is not None else None
        if one.held_for is now or (one.held_for not in {HoldReason.THREAT, HoldReason.UNSCANNED} and why is None):
            return one
        return self.decisions.screened(uow, one, record.commitment, why, at)

    def _deliver(
        self, uow: UnitOfWork, row: MessageRow, record: IntakeRecord, why: Verdict | None, at: datetime
    ) -> DeliveryRow:
        about = self._answered(uow, record)
        letter = self._letter(uow, about.id)
        to = letter.sender.address
        home = to is not None and to.domain in self.own_domains
        address = to if to is not None and home else self.notices.postmaster
        decision = carried(address, address, f"{RULE}{about.id}", about.basis, why)
        made = self.decisions.row(
            decision, message_id=row.id, delivery_id=self.tokens.id(), position=0, commitment=record.commitment,
            outer_message_id=f"<{row.id}@{self.words.host}>",
        )  # fmt: skip
        uow.deliveries.add(made)
        data: dict[str, Scalar] = {"to": letter.id, "for": "sender" if home else "postmaster"}
        uow.audit.append(Event(EventKind.ANSWERED, row.id, made.id, data=data), at)
        self.decisions.tell(uow, made, at)
        if why is not None:
            self.notices.add_to(uow, ANSWER_HELD, row.id, made.id, address, json.dumps({"letter": letter.id}), at)
        return made

    def _try(self, job: Job, alive: Alive) -> None:
        begun = self.attempts.claim(job)
        if begun is None:
            return
        message, delivery, attempt = begun
        try:
            record = self.custody.record(message)
            if record.envelope.direction is not Direction.ANSWER:
                raise IntegrityError("this is no answer")
            decided = self.decisions.verified(delivery, record.commitment)
            if decided.row.action is not Action.DELIVER:
                raise SealingFailed("this answer was decided not to be passed on")
            with self.store.begin() as uow:
                letter = self._letter(uow, decided.row.rule.removeprefix(RULE))
            with Scratch(self.vault, self.tokens) as sink:
                tree = self.reader.split(self.custody.content(message, record), sink).tree
                body = self._mail(decided, message, letter, tree)
                self._begin(job, decided, attempt)
                self.reached("carry.2")
                consignment = Consignment(
                    sender=self.notices.postmaster, sender_text=self.bounce_address(delivery.id), recipient=decided.target,
                    body=body, smtputf8=not decided.target.is_ascii,
                )  # fmt: skip
                at_the_dot = lambda: self.reached("carry.3")  # noqa: E731
                reply = self.attempts.send(job, attempt, self.relay, consignment, alive, at_the_dot)
        except _WITHHOLD as error:
            self.attempts.withhold(job, delivery, attempt, error.code)
            return
        self.reached("carry.4")
        self.attempts.record(job, delivery.id, attempt, reply)
        self.reached("carry.5")

    def _begin(self, job: Job, decided: Decided, attempt: AttemptRow) -> None:
        at, row = self.clock.now(), decided.row
        with self.store.begin() as uow:
            check = self.decisions.marks.check_sendable
            self.attempts.begin_unchanged(uow, job, row, attempt, at, watch=self.watch, check=check)

    def _answered(self, uow: UnitOfWork, record: IntakeRecord) -> DeliveryRow:
        """The delivery whose link the answer was written through; IntegrityError unless a worker made it and it was opened."""
        who = record.envelope.identity
        parcel = uow.parcels.get(who.name) if who.how == HOW else None
        delivery = uow.deliveries.get(parcel.delivery_id) if parcel else None
        if parcel is None or delivery is None or parcel.message_id != delivery.message_id:
            raise IntegrityError("an answer names a link that is not there")
        if parcel.first_opened_at is None:
            raise IntegrityError("an answer names a link that nobody has opened")
        ParcelSeal(self.keys.lookup, self.keys.installation).check(uow, parcel, delivery)
        return delivery

    def _letter(self, uow: UnitOfWork, delivery_id: str) -> _Letter:
        delivery = uow.deliveries.get(delivery_id)
        message = uow.messages.get(delivery.message_id) if delivery else None
        if delivery is None or message is None:
            raise IntegrityError("an answer names a letter that is not there")
        recipient = Address.parse(self.keys.columns.open(TARGET, delivery.id, delivery.target).decode())
        return _Letter(message.id, message.received_at, recipient, self.notices.sender(uow, message.id))

    def _mail(self, decided: Decided, message: MessageRow, letter: _Letter, tree: Tree) -> Iterable[bytes]:
        text, files = _parts(tree)
        original = letter.sender.message_id if is_message_id(letter.sender.message_id) else ""
        to_sender = letter.sender.address is not None and decided.target.key == letter.sender.address.key
        day = f"{letter.at.astimezone(self.zone):%d %B %Y}"
        rendered = self.renderer.mail(
            "answer", day=day, id=message.id, recipient=str(letter.recipient), files=len(files), to_sender=to_sender,
            message_id=original or "(none)", text=text,
        )  # fmt: skip
        outer = OuterHeaders(
            from_=self.notices.postmaster, to=(decided.target,), date=message.received_at,
            message_id=decided.row.outer_message_id, subject=rendered.subject, sealgate_id=message.id, answer=True,
            in_reply_to=original, references=(original,) if original else (),
        )  # fmt: skip
        entity = text_or_html(rendered.text, rendered.html, f"{outer.message_id} text")
        return answer_mail(outer, entity, ((safe_name(one.file_name), _chunks(one)) for one in files))

    def _stuck(self, job: Job, error: IntegrityError | KeyMissing) -> None:
        at = self.clock.now()
        data: dict[str, Scalar] = {"code": error.code, "step": job.kind.value}
        with self.store.begin() as uow:
            uow.audit.append(Event(EventKind.INTEGRITY, job.message_id, data=data), at)
        self.settle.stick(job, error.code, self.settle.patience)


def _to_be_taken(row: MessageRow) -> bool:
    """Whether it is new, or waits for the virus scanner."""
    waits = row.state is MessageState.HELD and row.held_for == HoldReason.UNSCANNED.value
    return row.state is MessageState.RECEIVED or waits


def _parts(tree: Tree) -> tuple[str, list[Part]]:
    """Text and files of a spooled answer; IntegrityError for a mail of any other shape, which no portal of ours writes."""
    parts = tree.root.children
    shaped = tree.root.media_type == "multipart/mixed" and parts and parts[0].media_type == "text/plain"
    if not shaped or tree.gaps or tree.margins or any(one.children or one.body is None for one in parts):
        raise IntegrityError("an answer is not as the portal writes it")
    words, whole = content(parts[0].body, _TEXT_BYTES)
    if not whole:
        raise IntegrityError("an answer's text is longer than any page takes")
    return words.decode("utf-8", "replace").rstrip("\r\n"), list(parts[1:])


def _chunks(part: Part) -> Iterator[bytes]:
    if part.body is not None:
        yield from part.body.chunks()
