"""Assess: from a sealed mail in the spool to one decision per recipient.

1 the record is opened and the door's signature checked
2 the mail is read: split, text, inspected, scanned against the register; where a rule wants a masked copy, one is tried
3 one transaction: facts as of now, decisions, deliveries, jobs, notices, or HELD / REFUSED
The scan rests on the register's version; if that changed before 3, the scan is made again. A step that cannot be done
becomes a state: an integrity failure STUCK with an alert, never a send.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.domain.address import Address
from gateway.domain.audit import Event, EventKind, Scalar
from gateway.domain.decision import Action, Decision, HoldReason
from gateway.domain.envelope import Direction, Identity
from gateway.domain.errors import IntegrityError, KeyMissing
from gateway.domain.finding import ScanReport
from gateway.domain.records import DeliveryRow, Job, JobKind, MessageRow
from gateway.domain.states import DeliveryState, MessageState
from gateway.flow.custody import Custody
from gateway.flow.decisions import STOPPED, Decisions
from gateway.flow.facts import Facts, Standing, mail_context
from gateway.flow.notices import Notices, Sender
from gateway.flow.quarantine import held_by_restore
from gateway.flow.reading import Quick, Read, Reader, TakesLong
from gateway.flow.redacting import Redacting
from gateway.flow.register_pages import RegisterMoved
from gateway.flow.requests import ConsentRequests
from gateway.flow.scratch import Scratch
from gateway.flow.screening import look_again
from gateway.flow.summary import Asked, Summary, asked, held_by_trouble
from gateway.phi.known_patients import KnownPatients
from gateway.policy.decide import decide, lasting_obstacle
from gateway.policy.facts import KeyFacts
from gateway.policy.model import Policy
from gateway.ports.checkpoint import Checkpoint, unobserved
from gateway.ports.clock import Clock
from gateway.ports.keys import KeyState
from gateway.ports.metrics import Count, Limit, Metrics, uncounted
from gateway.ports.store import Store, UnitOfWork
from gateway.ports.tokens import Tokens
from gateway.ports.vault import Vault
from gateway.seal.record import IntakeRecord

_OPEN = {MessageState.RECEIVED, MessageState.HELD, MessageState.ASSESSED}
_CHANGEABLE = {DeliveryState.READY, DeliveryState.RETRY, DeliveryState.HELD}
_ROUNDS = 3
_PATIENCE = 40
"""Tries, some hours, after which a register that never rests makes a mail STUCK: then it has a deadline."""


@dataclass(frozen=True, slots=True)
class Times:
    """Greatest ages of what waits."""

    hold: timedelta
    consent: timedelta
    stuck: timedelta
    reminders: tuple[timedelta, ...]


class Assess:
    """The step; one per worker process, thread-safe."""

    def __init__(
        self,
        *,
        store: Store,
        vault: Vault,
        custody: Custody,
        decisions: Decisions,
        reader: Reader,
        facts: Facts,
        policy: Policy,
        notices: Notices,
        requests: ConsentRequests,
        redacting: Redacting,
        lacks_signer: Callable[[Address, datetime], bool],
        clock: Clock,
        tokens: Tokens,
        times: Times,
        host: str,
        quick: Quick | None = None,
        reached: Checkpoint = unobserved,
        metrics: Metrics = uncounted,
    ) -> None:
        self._store, self._vault, self._custody, self._decisions = store, vault, custody, decisions
        self._reader, self._facts, self.policy, self._notices, self._requests = reader, facts, policy, notices, requests
        self._clock, self._tokens, self._times, self._host, self._reached = clock, tokens, times, host, reached
        self._quick, self._metrics, self._redacting, self._lacks_signer = quick, metrics, redacting, lacks_signer
        self._known: tuple[int, KnownPatients] | None = None
        self._building = threading.Lock()  # one reads the whole register, the others wait for what it makes of it

    def run(self, job: Job) -> None:
        """Assess the job's message, or assess it again; finishing the job is part of the transaction. A mail that takes
        long goes to the queue of those that do.
        """
        with self._store.begin() as uow:
            row = uow.messages.get(job.message_id)
            if row is None or row.state not in _OPEN or not row.record or held_by_restore(row):
                uow.jobs.finish(job)
                return
        try:
            record = self._custody.record(row)
            if record.envelope.direction is not Direction.OUTBOUND:
                raise IntegrityError("only the practice's own mail is assessed")
            self._reached("assess.1")
            with Scratch(self._vault, self._tokens) as sink:
                quick = self._quick if job.kind is JobKind.ASSESS else None
                read = self._reader.read(self._custody.content(row, record), sink, quick, self.policy.threats)
                bare = self._tried(record, read, hurried=quick is not None)
        except TakesLong:
            self._queue_apart(job)
            return
        except (IntegrityError, KeyMissing) as error:
            self._stuck(job, error.code)
            return
        self._reached("assess.2")
        for _ in range(_ROUNDS):
            try:
                self._settle_on(job, row, record, read, bare)
            except RegisterMoved:
                continue
            except (IntegrityError, KeyMissing) as error:
                self._stuck(job, error.code)
                return
            self._reached("assess.3")
            return
        if job.tries >= _PATIENCE:
            self._stuck(job, RegisterMoved.code)
            return
        raise RegisterMoved("the register keeps changing; the mail waits")

    def _queue_apart(self, job: Job) -> None:
        self._metrics.refused(Limit.LONG_INSPECTIONS)
        with self._store.begin() as uow:
            uow.jobs.finish(job)
            uow.jobs.add(JobKind.ASSESS_LONG, job.message_id, "", self._clock.now())

    @property
    def postmaster(self) -> Address:
        """The practice's own sender, where a mail's author is not known any more."""
        return self._notices.postmaster

    def known_patients(self) -> tuple[int, KnownPatients]:
        """The register's version and its matcher, built when the version changes."""
        with self._store.begin() as uow:
            version = uow.register.version()
        with self._building:
            if self._known is None or self._known[0] != version:
                version, patients = self._facts.register.patients(self._store)
                self._known = (version, KnownPatients.build(patients))
            return self._known

    def summary(
        self, read: Read, identity: Identity, author: Address, known: KnownPatients, standings: Sequence[Standing],
        keys: Sequence[KeyFacts],
    ) -> Summary:  # fmt: skip
        """The scan with what the envelope tells, and what the sender asked for and may have."""
        at = self._clock.now()
        report = self._reader.judge(read, known, mail_context(standings, self._facts.day(at)))
        unsigned = any(one.smime is KeyState.VALID for one in keys) and self._lacks_signer(author, at)
        return Summary(report, replace(asked(read, identity), signs=not unsigned))

    def decide(
        self, uow: UnitOfWork, summary: Summary, tags: Sequence[str], sender: Address, standings: Sequence[Standing],
        keys: Sequence[KeyFacts], at: datetime, bare: frozenset[str] = frozenset(),
    ) -> list[Decision]:  # fmt: skip
        """One decision per recipient, on facts as of this transaction. `bare` are those of whom `unredactable` told."""
        day = self._facts.day(at)
        people = self._facts.patients(uow, summary.report.patients, tags, standings)
        message = summary.facts(sender, day)
        found = []
        for standing, key in zip(standings, keys, strict=True):
            facts = self._facts.recipient(uow, standing, people, key, day)
            decision = decide(self.policy, message, replace(facts, unredactable=standing.address.key in bare))
            found.append(held_by_trouble(decision, summary.asked.trouble))
        return found

    def unredactable(
        self, read: Read, summary: Summary, author: Address, known: KnownPatients, standings: Sequence[Standing],
        keys: Sequence[KeyFacts], *, hurried: bool = False,
    ) -> frozenset[str]:  # fmt: skip
        """The recipients who would be sent a masked copy, and none can be made. TakesLong as `Redacting.impossible`."""
        at, tags = self._clock.now(), read.claims.patient_tags
        with self._store.begin() as uow:
            drafts = self.decide(uow, summary, tags, author, standings, keys, at)
        return self._redacting.impossible(
            read, author, known, zip(standings, drafts, strict=True), at, self._facts.day(at), hurried=hurried
        )  # fmt: skip

    def lasting_obstacle(
        self, uow: UnitOfWork, summary: Summary, standing: Standing, at: datetime
    ) -> HoldReason | None:
        """What no person's word lifts from one copy, even where something else is what holds it first."""
        day = self._facts.day(at)
        people = self._facts.patients(uow, summary.report.patients, (), [standing])
        facts = self._facts.recipient(uow, standing, people, KeyFacts(), day)
        return lasting_obstacle(self.policy, summary.facts(self._notices.postmaster, day), facts)

    def _tried(self, record: IntakeRecord, read: Read, *, hurried: bool) -> frozenset[str]:
        """`unredactable`, where policy may want a masked copy at all; the mail is at hand only now."""
        if not self.policy.may_redact(read.claims.requested):
            return frozenset()
        at, (_, known) = self._clock.now(), self.known_patients()
        with self._store.begin() as uow:
            standings = [
                self._facts.standing(uow, one, self._facts.day(at)) for one in _once(record.envelope.recipients)
            ]
        keys = [self._facts.key(one.target, at) for one in standings]
        author = read.claims.author or record.envelope.sender or self._notices.postmaster
        summary = self.summary(read, record.envelope.identity, author, known, standings, keys)
        return self.unredactable(read, summary, author, known, standings, keys, hurried=hurried)

    def _settle_on(self, job: Job, row: MessageRow, record: IntakeRecord, read: Read, bare: frozenset[str]) -> None:
        at, envelope = self._clock.now(), record.envelope
        version, known = self.known_patients()
        with self._store.begin() as uow:
            standings = [self._facts.standing(uow, one, self._facts.day(at)) for one in _once(envelope.recipients)]
        keys = [self._facts.key(one.target, at) for one in standings]
        author = read.claims.author or record.envelope.sender or self._notices.postmaster
        summary = self.summary(read, envelope.identity, author, known, standings, keys)
        report = summary.report
        with self._store.begin() as uow:
            if uow.register.version() != version:
                raise RegisterMoved("the register changed during a scan")
            standings = [self._facts.standing(uow, one.address, self._facts.day(at)) for one in standings]
            for one in standings:
                if known.with_address(one.address.key) != {each.id for each in one.own}:
                    raise IntegrityError("the index of addresses does not fit the patients' records")
            found = self.decide(uow, summary, read.claims.patient_tags, author, standings, keys, at, bare)
            uow.messages.set_scan(row.id, self._decisions.keep_scan(row.id, summary, record.commitment))
            who = Sender(envelope.sender, read.claims.message_id, read.claims.automatic)
            self._notices.remember(uow, row.id, who)
            self._audit(uow, row.id, report, at)
            self._write(uow, row, record, found, summary.asked, standings, at)
            uow.jobs.finish(job)
            if (again := look_again(found, report, at - row.received_at)) is not None:
                uow.jobs.add(JobKind.ASSESS_LONG, row.id, "", at + again)
        for kind in {one.kind.value for one in report.threats}:
            self._metrics.count(Count.THREATS, kind)

    def _write(
        self, uow: UnitOfWork, row: MessageRow, record: IntakeRecord, found: Sequence[Decision], asked: Asked,
        standings: Sequence[Standing], at: datetime,
    ) -> None:  # fmt: skip
        rows = uow.deliveries.of_message(row.id, lock=True)
        self._decisions.marks.check_all(uow, row.id, rows, _CHANGEABLE)
        present = {one.position: one for one in rows}
        fresh_holds: list[DeliveryRow] = []
        for position, (decision, standing) in enumerate(zip(found, standings, strict=True)):
            before = present.get(position)
            if before is not None and (before.state not in _CHANGEABLE or _stopped(before)):
                if before.state in {DeliveryState.READY, DeliveryState.RETRY}:
                    uow.deliveries.move(before.id, DeliveryState.HELD)
                continue
            delivery_id = before.id if before else self._tokens.id()
            delivery = self._decisions.row(
                decision, message_id=row.id, delivery_id=delivery_id, position=position, commitment=record.commitment,
                outer_message_id=f"<{delivery_id}@{self._host}>", expires=asked.expires,
            )  # fmt: skip
            self._place(uow, before, delivery)
            if delivery.state is DeliveryState.HELD:
                if before is None or before.held_for is not decision.held_for:
                    fresh_holds.append(delivery)
                if decision.held_for is HoldReason.CONSENT:
                    self._requests.open(uow, row.id, standing, at)
            redirected = decision.target.key != decision.recipient.key
            self._decisions.tell(uow, delivery, at, policy=decision.basis.policy, redirected=redirected)
            if delivery.state is DeliveryState.REFUSED:
                self._notices.withheld(uow, row.id, [delivery_id], "refused_by_rule", at)
        self._conclude(uow, row, fresh_holds, at)

    def _place(self, uow: UnitOfWork, before: DeliveryRow | None, delivery: DeliveryRow) -> None:
        if before is None:
            uow.deliveries.add(delivery)
        else:
            self._decisions.redecide(uow, before, delivery)
            keeps = before.state is DeliveryState.RETRY and delivery.state is DeliveryState.READY
            if not keeps and before.state is not delivery.state:
                uow.deliveries.move(delivery.id, delivery.state)
        if delivery.state is DeliveryState.READY:
            uow.jobs.add(JobKind.DISPATCH, delivery.message_id, delivery.id, self._clock.now())
        else:
            uow.jobs.drop(JobKind.DISPATCH, delivery.id)

    def _conclude(self, uow: UnitOfWork, row: MessageRow, fresh_holds: list[DeliveryRow], at: datetime) -> None:
        now = uow.deliveries.of_message(row.id)
        held = [one for one in now if one.state is DeliveryState.HELD]
        if held:
            consent = any(one.held_for is HoldReason.CONSENT for one in held)
            deadline = row.deadline or at + (self._times.consent if consent else self._times.hold)
            if row.state is not MessageState.HELD:
                uow.messages.move(row.id, MessageState.HELD, at, held_for=_reasons(held), deadline=deadline)
            uow.jobs.add(JobKind.EXPIRE, row.id, row.id, deadline)
            if fresh_holds:
                uow.audit.append(Event(EventKind.HELD, row.id, data={"for": _reasons(held), "copies": len(held)}), at)
                self._notices.add(uow, "held", row.id, "{}", at)
                for wait in self._times.reminders:
                    uow.jobs.add(JobKind.REMIND, row.id, f"{row.id}:{int(wait.total_seconds())}", at + wait)
            return
        if row.state is not MessageState.ASSESSED:
            uow.messages.move(row.id, MessageState.ASSESSED, at)
        uow.jobs.drop(JobKind.EXPIRE, row.id)
        if all(one.state not in {DeliveryState.READY, DeliveryState.RETRY, DeliveryState.SENDING} for one in now):
            uow.jobs.add(JobKind.SETTLE, row.id, "", at)

    def _audit(self, uow: UnitOfWork, message_id: str, report: ScanReport, at: datetime) -> None:
        kinds = sorted({one.kind.value for one in report.findings})
        data: dict[str, Scalar] = {
            "phi": report.phi, "complete": report.complete, "kinds": ",".join(kinds),
            "classes": ",".join(sorted(report.classes)), "patients": len(report.patients),
            "gaps": ",".join(sorted({one.reason.value for one in report.gaps})),
            "threats": ",".join(sorted({one.kind.value for one in report.threats})),
            "virus_checked": report.virus_checked,
        }  # fmt: skip
        uow.audit.append(Event(EventKind.ASSESSED, message_id, data=data), at)

    def _stuck(self, job: Job, code: str) -> None:
        at = self._clock.now()
        with self._store.begin() as uow:
            row = uow.messages.get(job.message_id, lock=True)
            if row is not None and row.state in _OPEN:
                deadline = at + self._times.stuck
                uow.messages.move(row.id, MessageState.STUCK, at, held_for=code, deadline=deadline)
                uow.audit.append(Event(EventKind.INTEGRITY, row.id, data={"code": code, "step": "assess"}), at)
                uow.jobs.add(JobKind.EXPIRE, row.id, row.id, deadline)
            uow.jobs.finish(job)


def _once(recipients: Sequence[Address]) -> list[Address]:
    """Each mailbox once, in the order written: two spellings of one address get one copy."""
    first: dict[str, Address] = {}
    for one in recipients:
        first.setdefault(one.key, one)
    return list(first.values())


def _stopped(row: DeliveryRow) -> bool:
    """Whether a person holds this copy back."""
    return row.action is Action.HOLD and STOPPED in row.reasons


def _reasons(held: Sequence[DeliveryRow]) -> str:
    return ",".join(sorted({one.held_for.value for one in held if one.held_for is not None}))
