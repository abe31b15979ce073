"""Dispatch: one attempt to hand one recipient's copy to the next hop.

1 the attempt is CLAIMED; what an earlier, dead attempt left is ABANDONED (a duplicate is possible then, and counted)
2 the copy is composed; then one transaction re-reads, under lock, everything that the decision rested on and commits
  SENDING. Anything newer: assess again. From here a revocation is too late for this attempt.
3 after the last byte, before the final dot: the lease is checked on the boot clock and IN_DOUBT committed
4 the relay's last reply is here
5 it is recorded: DELIVERED, RETRY or FAILED, and the link's secret forgotten if it is final
No error of 1 to 3 can send: without the dot there is no mail. A MAC or seal that does not hold is HELD with an alert.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.domain.address import Address
from gateway.domain.audit import Event, EventKind
from gateway.domain.decision import Action, Method
from gateway.domain.errors import IntegrityError, KeyMissing, LeaseLost, LimitExceeded, MalformedMail, SealingFailed
from gateway.domain.records import AttemptRow, Job, JobKind, MessageRow
from gateway.domain.states import AttemptState, DeliveryState
from gateway.flow.assess import Assess
from gateway.flow.attempts import Alive, Attempts
from gateway.flow.compose import Case, Compose, form_of
from gateway.flow.consent_log import newest
from gateway.flow.custody import Custody
from gateway.flow.decisions import Decided, Decisions
from gateway.flow.facts import Facts
from gateway.flow.notices import Notices
from gateway.flow.reading import Reader
from gateway.flow.register_log import check_patient
from gateway.flow.scratch import Scratch
from gateway.flow.sealed_direct import goes_direct
from gateway.ports.checkpoint import Checkpoint, unobserved
from gateway.ports.clock import Clock
from gateway.ports.relay import Consignment, Relay, Reply
from gateway.ports.store import Store, UnitOfWork
from gateway.ports.tokens import Tokens
from gateway.ports.vault import Vault
from gateway.seal.record import IntakeRecord

_OTHER_POLICY = timedelta(seconds=5)
"""Pause before assessing again while workers with two policies run side by side, or the mail goes to and fro at full speed."""


@dataclass(frozen=True, slots=True)
class Key:
    """What the key directory said just before SENDING."""

    fingerprint: str
    """Of the recipient's keys; empty too when they are there and serve no more."""
    imported: frozenset[tuple[str, int]]
    """The certificates in the database that it chose from."""


class Dispatch:
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
        assess: Assess,
        compose: Compose,
        relay: Relay,
        attempts: Attempts,
        notices: Notices,
        clock: Clock,
        tokens: Tokens,
        bounce_address: Callable[[str], str | None],
        direct_address: Callable[[Case], str] | None = None,
        watch: Callable[[UnitOfWork], None] = lambda _: None,
        reached: Checkpoint = unobserved,
    ) -> None:
        self._store, self._vault, self._custody, self._decisions = store, vault, custody, decisions
        self._reader, self._facts, self._assess, self._compose = reader, facts, assess, compose
        self._relay, self._notices, self._clock, self._tokens = relay, notices, clock, tokens
        self._attempts, self._bounce_address, self._direct_address = attempts, bounce_address, direct_address
        self._watch, self._reached = watch, reached

    def run(self, job: Job, alive: Alive) -> None:
        """Try once. `alive` says whether this worker still has the lease, by the boot clock."""
        begun = self._attempts.claim(job)
        if begun is None:
            return
        message, delivery, attempt = begun
        self._reached("dispatch.1")
        try:
            record = self._custody.record(message)
            decided = self._decisions.verified(delivery, record.commitment)
            if decided.row.action is not Action.DELIVER:
                raise SealingFailed("this copy was decided not to leave")
            # Before composing too: a copy for a key or place that is past must not be made, nor be called a failed seal.
            if not self._still_stands(job, decided, attempt, begin=False):
                return
            with Scratch(self._vault, self._tokens) as sink:
                case = self._case(decided, message, record, sink)
                body = self._compose.body(case)
                if not self._still_stands(job, decided, attempt, begin=True, form=form_of(body)):
                    return
                self._reached("dispatch.2")
                reply = self._send(job, decided, record, case, body, attempt, alive)
        except (IntegrityError, KeyMissing, SealingFailed, MalformedMail, LimitExceeded) as error:
            self._attempts.withhold(job, delivery, attempt, error.code)
            return
        self._reached("dispatch.4")
        self._attempts.record(job, delivery.id, attempt, reply)
        self._reached("dispatch.5")

    def _case(self, decided: Decided, message: MessageRow, record: IntakeRecord, sink: Scratch) -> Case:
        at = self._clock.now()

        def chunks() -> Iterator[bytes]:
            return self._custody.content(message, record)

        read = self._reader.split(chunks(), sink)
        author = read.claims.author or record.envelope.sender
        if author is None and decided.row.method not in {Method.PASS, Method.TLS}:
            raise SealingFailed("a mail without an author cannot be sealed")
        with self._store.begin() as uow:
            standing = self._facts.standing(uow, decided.recipient, self._facts.day(at))
        _, known = self._assess.known_patients()
        author = author or self._notices.postmaster
        return Case(decided, read, standing, author, at, message.received_at, chunks, known)

    def _still_stands(self, job: Job, decided: Decided, attempt: AttemptRow, *, begin: bool, form: str = "") -> bool:
        """Re-read what the decision rested on; `begin` commits SENDING and tells the copy's form. Otherwise the message goes back to be assessed."""
        at, row = self._clock.now(), decided.row
        key = self._key(decided.target, at) if row.basis.key else None
        with self._store.begin() as uow:
            if not uow.jobs.holds(job):
                raise LeaseLost("another worker has this delivery now")
            self._watch(uow)
            now = uow.deliveries.get(row.id, lock=True)
            changed = now is None or now.version != row.version
            stale = "decision" if changed else self.stale(uow, decided, key, at)
            if stale:
                uow.attempts.move(attempt.id, AttemptState.ABANDONED, at)
                uow.audit.append(Event(EventKind.STALE, row.message_id, row.id, data={"what": stale}), at)
                if now is not None and now.state is DeliveryState.SENDING:
                    uow.deliveries.move(row.id, DeliveryState.RETRY)
                wait = _OTHER_POLICY if stale == "policy" else timedelta(0)
                uow.jobs.add(JobKind.ASSESS, row.message_id, "", at + wait)
                uow.jobs.finish(job)
                return False
            self._decisions.marks.check_sendable(uow, row)  # what was read and composed, not what stands there by now
            if not begin:
                return True
            self._attempts.begin(uow, row, attempt, at, form)
        return True

    def _key(self, target: Address, at: datetime) -> Key:
        """The recipient's certificate. What was imported is read first: a change during the look-up shows at SENDING."""
        with self._store.begin() as uow:
            imported = self._facts.imported(uow, target)
        answer = self._facts.key(target, at)
        return Key(answer.rested_on, imported)

    def stale(self, uow: UnitOfWork, decided: Decided, key: Key | None, at: datetime) -> str:
        """What a decision rested on that is newer now; empty if nothing is.

        The register stands still from here to the commit, so that nobody can come in between. Who the recipient is counts
        too: a patient or partner whom nobody had on record when the copy was decided has a say now.
        """
        basis = decided.row.basis
        uow.register.version(lock=True)
        if basis.day != self._facts.day(at).isoformat():
            return "day"
        if basis.policy != self._assess.policy.version:
            return "policy"
        if basis.key != (key.fingerprint if key else ""):
            return "key"
        if key is not None and self._facts.imported(uow, decided.target) != key.imported:
            return "key"
        for patient_id, version in basis.patients:
            row = uow.register.patient(patient_id, lock=True)
            if row is None or row.version != version:
                return "patient"
            check_patient(uow, patient_id, version)
        for patient_id, seq in basis.consents:
            if newest(uow, patient_id, lock=True) != seq:
                return "consent"
        standing = self._facts.standing(uow, decided.recipient, self._facts.day(at))
        if not {one.id for one in standing.own} <= {patient_id for patient_id, _ in basis.patients}:
            return "patient"
        partner = standing.partner
        if basis.partner != ((partner.id, partner.version) if partner is not None else None):
            return "partner"
        return ""

    def _send(
        self, job: Job, decided: Decided, record: IntakeRecord, case: Case, body: Iterable[bytes], attempt: AttemptRow,
        alive: Alive,
    ) -> Reply:  # fmt: skip
        consignment = Consignment(
            sender=record.envelope.sender,
            sender_text=self._reverse_path(case) if record.envelope.sender else None,
            recipient=decided.target, body=body, smtputf8=record.envelope.smtputf8 or not case.author.is_ascii,
            require_tls=decided.row.method is Method.TLS,
        )  # fmt: skip
        return self._attempts.send(job, attempt, self._relay, consignment, alive, lambda: self._reached("dispatch.3"))

    def _reverse_path(self, case: Case) -> str | None:
        if self._direct_address is not None and goes_direct(case):
            return self._direct_address(case)
        return self._bounce_address(case.decided.row.id)
