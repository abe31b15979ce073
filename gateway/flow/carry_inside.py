"""Carry inside: mail from outside, from the spool to the practice's own server.

1 a try is claimed
2 the mail is opened, verified and marked (`unsealing`); where the practice has it so, what was decrypted is looked through
  for threats, and held if there are any (`inside_screen`); the certificate of a verified author is kept; one transaction
  commits SENDING
3 after the last byte, before the final dot: the lease is checked and IN_DOUBT committed
4 the relay's last reply is here
5 it is recorded: DELIVERED, RETRY or FAILED
Rules: it goes to the recipient that the door took, one of the practice's own, by `relay.internal` and nowhere else. What
was decrypted leaves with our own reverse-path, so that no server inside ever returns it to the outside. A mail that cannot
be handed over is told to the postmaster: to whoever it says it is from would be backscatter.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.serialization import Encoding

from gateway.domain.address import Address
from gateway.domain.audit import Event, EventKind, Scalar
from gateway.domain.decision import Action, Basis
from gateway.domain.envelope import Direction
from gateway.domain.errors import (
    IntegrityError,
    KeyMissing,
    LimitExceeded,
    MalformedMail,
    SealgateError,
    SealingFailed,
)
from gateway.domain.records import AttemptRow, DeliveryRow, Job, JobKind, MessageRow
from gateway.domain.states import FINAL_DELIVERY, DeliveryState
from gateway.flow.attempts import Alive, Attempts
from gateway.flow.custody import Custody
from gateway.flow.decisions import Decided, Decisions, carried
from gateway.flow.inside_mark import Result, verdict_word
from gateway.flow.inside_screen import InsideScreen
from gateway.flow.unsealing import Inside, Unsealing
from gateway.ports.checkpoint import Checkpoint, unobserved
from gateway.ports.clock import Clock
from gateway.ports.keys import KeyHarvest
from gateway.ports.relay import Consignment, Relay
from gateway.ports.store import Store, UnitOfWork
from gateway.ports.tokens import Tokens
from gateway.seal.record import IntakeRecord

RULE = "mail from outside"
"""The rule of every such decision: the door took the address, nobody judged the content."""
_WITHHOLD = (IntegrityError, KeyMissing, SealingFailed, MalformedMail, LimitExceeded)


@dataclass(frozen=True, slots=True)
class CarryInside:
    """The step; one per worker process, thread-safe."""

    store: Store
    custody: Custody
    decisions: Decisions
    unsealing: Unsealing
    attempts: Attempts
    relay: Relay
    bounce_address: Callable[[str], str | None]
    harvest: KeyHarvest | None
    screen: InsideScreen
    screens: bool
    """Whether what was decrypted is looked through before it goes inside."""
    clock: Clock
    tokens: Tokens
    watch: Callable[[UnitOfWork], None] = field(default=lambda _: None, repr=False)
    reached: Checkpoint = unobserved

    def place(self, uow: UnitOfWork, row: MessageRow, record: IntakeRecord, recipients: tuple[Address, ...]) -> None:
        """One delivery for each recipient, in the caller's transaction, which takes the mail in; or those that it has."""
        at = self.clock.now()
        copies = uow.deliveries.of_message(row.id, lock=True)
        if not copies:
            copies = [self._copy(uow, row, record, position, to) for position, to in enumerate(recipients)]
        for one in copies:
            if one.state in FINAL_DELIVERY:
                continue
            if one.state is DeliveryState.HELD:  # released by a person after a restore
                self.screen.anew(uow, one, record)
                uow.deliveries.move(one.id, DeliveryState.READY)
            uow.jobs.add(JobKind.INBOUND, row.id, one.id, at)
        uow.jobs.drop(JobKind.EXPIRE, row.id)

    def _copy(
        self, uow: UnitOfWork, row: MessageRow, record: IntakeRecord, position: int, to: Address
    ) -> DeliveryRow:  # fmt: skip
        decision = carried(to, to, RULE, Basis(policy=""))
        made = self.decisions.row(
            decision, message_id=row.id, delivery_id=self.tokens.id(), position=position, commitment=record.commitment,
            outer_message_id="",
        )  # fmt: skip
        uow.deliveries.add(made)
        self.decisions.tell(uow, made, self.clock.now())
        return made

    def carry(self, job: Job, alive: Alive) -> None:
        """Try once to hand over the job's copy."""
        begun = self.attempts.claim(job)
        if begun is None:
            return
        message, delivery, attempt = begun
        self.reached("inside.1")
        try:
            record = self.custody.record(message)
            if record.envelope.direction is not Direction.INBOUND:
                raise IntegrityError("this is no mail from outside")
            decided = self.decisions.verified(delivery, record.commitment)
            if decided.row.action is not Action.DELIVER:
                raise SealingFailed("this mail was decided not to be passed on")
            inside = self.unsealing.inside(self.custody.content(message, record), message.id, message.received_at)
            found = self.screen.judge(inside.result.opened) if self.screens else None
            if found is not None:
                self.screen.hold(job, decided, message, attempt, record, found)
                return
            self._keep(inside.result)
            self._begin(job, decided, attempt, inside.result)
            self.reached("inside.2")
            at_the_dot = lambda: self.reached("inside.3")  # noqa: E731
            consignment = self._consignment(decided, record, inside)
            reply = self.attempts.send(job, attempt, self.relay, consignment, alive, at_the_dot)
        except _WITHHOLD as error:
            self.attempts.withhold(job, delivery, attempt, error.code)
            return
        self.reached("inside.4")
        self.attempts.record(job, delivery.id, attempt, reply)
        self.reached("inside.5")

    def _consignment(self, decided: Decided, record: IntakeRecord, inside: Inside) -> Consignment:
        opened, sender = inside.result.opened, record.envelope.sender
        ours = sender is not None and opened is not None and opened.encrypted
        return Consignment(
            sender=sender, sender_text=self.bounce_address(decided.row.id) if ours else None, recipient=decided.target,
            body=inside.body, smtputf8=record.envelope.smtputf8 or not decided.target.is_ascii,
        )  # fmt: skip

    def _begin(self, job: Job, decided: Decided, attempt: AttemptRow, result: Result) -> None:
        at, row = self.clock.now(), decided.row
        with self.store.begin() as uow:
            check = self.decisions.marks.check_sendable
            self.attempts.begin_unchanged(uow, job, row, attempt, at, watch=self.watch, check=check)
            self.screen.goes(uow, row.message_id)
            uow.audit.append(Event(EventKind.UNSEALED, row.message_id, row.id, data=_told(result)), at)

    def _keep(self, result: Result) -> None:
        """The certificate of a verified author, for mail to them. What cannot be kept now is in the next mail too."""
        author = result.author
        if self.harvest is None or not author.vouched or author.certificate is None or author.address is None:
            return
        along = (
            result.opened.signature.others if result.opened is not None and result.opened.signature is not None else ()
        )
        certificates = [one.public_bytes(Encoding.DER) for one in dict.fromkeys((author.certificate, *along))]
        with suppress(SealgateError, ValueError):
            self.harvest.keep(certificates, author.address, author.capabilities, self.clock.now())


def _told(result: Result) -> dict[str, Scalar]:
    opened = result.opened
    return {
        "decrypted": opened is not None and opened.encrypted,
        "cipher": "+".join(opened.ciphers) if opened is not None else "",
        "authentic": opened.authentic if opened is not None and opened.encrypted else None,
        "signature": verdict_word(result),
        "trust": result.author.trust.value,
        "same": result.author.same,
        "why": result.why.value if result.why is not None else "",
        "apart": result.apart,
    }
