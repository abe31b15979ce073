"""Inside screen: what was decrypted of a mail from outside is looked through for threats, as mail that goes out is.

Whatever filter stands in front of the gateway saw it sealed. A threat, or a virus scan that policy requires and nobody made,
holds the copy before a byte of it goes inside, and is told to its recipient; no person's word lets it go. It is judged at
each try, by what that try has opened, and a copy that waits for the scanner is tried again by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from gateway.domain.audit import Event, EventKind
from gateway.domain.decision import HoldReason
from gateway.domain.errors import LeaseLost
from gateway.domain.finding import ScanReport
from gateway.domain.records import AttemptRow, DeliveryRow, Job, JobKind, MessageRow
from gateway.domain.states import AttemptState, DeliveryState, MessageState
from gateway.flow.decisions import Decided, Decisions
from gateway.flow.notices import INSIDE_HELD, Notices
from gateway.flow.reading import Reader
from gateway.flow.scratch import Scratch
from gateway.flow.screening import wait_for_scanner
from gateway.policy.builtin import harmful
from gateway.policy.model import ThreatPolicy
from gateway.policy.verdict import Verdict
from gateway.ports.clock import Clock
from gateway.ports.store import Store, UnitOfWork
from gateway.ports.tokens import Tokens
from gateway.ports.vault import Vault
from gateway.seal.opening import Opened
from gateway.seal.record import IntakeRecord

_OURS = frozenset({HoldReason.THREAT, HoldReason.UNSCANNED})


@dataclass(frozen=True, slots=True)
class Found:
    """Why what was opened may not go inside now."""

    verdict: Verdict
    report: ScanReport


@dataclass(frozen=True, slots=True)
class InsideScreen:
    """One per worker process, thread-safe."""

    store: Store
    vault: Vault
    decisions: Decisions
    reader: Reader
    notices: Notices
    threats: Callable[[], ThreatPolicy]
    hold_time: timedelta
    clock: Clock
    tokens: Tokens

    def judge(self, opened: Opened | None) -> Found | None:
        """What speaks against what was decrypted; None for what was not: a filter outside can look at that itself."""
        if opened is None or not opened.encrypted:
            return None
        head = b"".join(one.raw for one in opened.block.fields) + b"\r\n"
        with Scratch(self.vault, self.tokens) as sink:
            read = self.reader.read([head, opened.body], sink, asked=self.threats())
        report = ScanReport(gaps=read.gaps, threats=read.threats, virus_checked=read.virus_checked)
        verdict = harmful(self.threats(), report)
        return Found(verdict, report) if verdict is not None else None

    def hold(
        self, job: Job, decided: Decided, message: MessageRow, attempt: AttemptRow, record: IntakeRecord, found: Found
    ) -> None:
        """HELD in place of sent, and the job finished; LeaseLost when the job or the copy is another's now."""
        at, why = self.clock.now(), (found.verdict.held_for or HoldReason.DEFAULT).value
        with self.store.begin() as uow:
            copy = uow.deliveries.get(decided.row.id, lock=True)
            if copy is None or copy.version != decided.row.version or not uow.jobs.holds(job):
                raise LeaseLost("another worker has this delivery now")
            uow.attempts.move(attempt.id, AttemptState.ABANDONED, at)
            self.decisions.screened(uow, copy, record.commitment, found.verdict, at)
            uow.deliveries.move(copy.id, DeliveryState.HELD)
            now = uow.messages.get(message.id, lock=True)
            if (now is not None and now.state is MessageState.ASSESSED) or attempt.number == 1:
                self.notices.add_to(uow, INSIDE_HELD, message.id, copy.id, decided.target, "{}", at)
            if now is not None and now.state is MessageState.ASSESSED:
                deadline = at + self.hold_time
                uow.messages.move(message.id, MessageState.HELD, at, held_for=why, deadline=deadline)
                uow.jobs.add(JobKind.EXPIRE, message.id, message.id, deadline)
                uow.audit.append(Event(EventKind.HELD, message.id, data={"for": why, "copies": 1}), at)
            again = wait_for_scanner(found.verdict.held_for, found.report, at - message.received_at)
            if again is not None:
                uow.jobs.add(JobKind.INBOUND, message.id, "", at + again)
            uow.jobs.finish(job)

    def try_again(self, uow: UnitOfWork, message: MessageRow, record: IntakeRecord) -> None:
        """Let the copies that wait for the scanner be tried, before their time is over; the message stays held until one goes."""
        at = self.clock.now()
        if message.deadline is not None and message.deadline <= at:
            return
        for one in uow.deliveries.of_message(message.id, lock=True):
            if one.state is DeliveryState.HELD and one.held_for is HoldReason.UNSCANNED:
                self.anew(uow, one, record)
                uow.deliveries.move(one.id, DeliveryState.READY)
                uow.jobs.add(JobKind.INBOUND, message.id, one.id, at)

    def anew(self, uow: UnitOfWork, copy: DeliveryRow, record: IntakeRecord) -> None:
        """Take back the hold of a copy that is about to be tried, and so judged, again."""
        if copy.held_for in _OURS:
            self.decisions.screened(uow, copy, record.commitment, None, self.clock.now())

    def goes(self, uow: UnitOfWork, message_id: str) -> None:
        """A copy goes: the message waits no more, unless another copy of it does."""
        row = uow.messages.get(message_id, lock=True)
        held = any(one.state is DeliveryState.HELD for one in uow.deliveries.of_message(message_id))
        if row is not None and waits(row) and not held:
            uow.messages.move(message_id, MessageState.ASSESSED, self.clock.now())
            uow.jobs.drop(JobKind.EXPIRE, message_id)


def waits(message: MessageRow) -> bool:
    """Whether a message is held for the virus scanner alone."""
    return message.state is MessageState.HELD and message.held_for == HoldReason.UNSCANNED.value
