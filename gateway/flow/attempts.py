"""Attempts: the bookkeeping of one try to hand one copy to the next hop, whatever made the copy.

CLAIMED by `claim`, SENDING by `begin`, IN_DOUBT by `send` before the final dot, and by `record`
DELIVERED, RETRY or FAILED. What a death left open is ABANDONED by the next claim: a duplicate is possible then, and counted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.domain.audit import Event, EventKind, Scalar
from gateway.domain.decision import Method
from gateway.domain.errors import LeaseLost
from gateway.domain.records import AttemptRow, DeliveryRow, Job, JobKind, MessageRow
from gateway.domain.states import AttemptState, DeliveryState, MessageState
from gateway.flow.backoff import next_try
from gateway.flow.notices import Notices
from gateway.flow.waiting import drop_secrets
from gateway.policy.methods import DIRECT
from gateway.ports.clock import Clock
from gateway.ports.metrics import Count, Metrics, uncounted
from gateway.ports.relay import Consignment, Outcome, Relay, Reply
from gateway.ports.store import Store, UnitOfWork
from gateway.ports.tokens import Tokens

Alive = Callable[[], bool]
_SENDABLE = {DeliveryState.READY, DeliveryState.RETRY, DeliveryState.SENDING}
_OPEN_ATTEMPTS = {AttemptState.CLAIMED, AttemptState.SENDING, AttemptState.IN_DOUBT}


@dataclass(frozen=True, slots=True)
class Pace:
    """When a copy is tried again, when it is given up, how long one that was withheld waits for a person, and when the
    recipient of a link is reminded.
    """

    waits: tuple[timedelta, ...]
    give_up: timedelta
    hold: timedelta
    remind: tuple[timedelta, ...] = ()


class Attempts:
    """Shared by the steps that relay; one per worker process, thread-safe."""

    def __init__(
        self, store: Store, notices: Notices, clock: Clock, tokens: Tokens, pace: Pace, metrics: Metrics = uncounted,
        taken: Callable[[UnitOfWork, DeliveryRow, datetime], None] = lambda *_: None,
    ) -> None:  # fmt: skip
        """`taken` is told, in the same transaction, of each copy that the next hop took."""
        self._store, self._notices, self._clock, self._tokens = store, notices, clock, tokens
        self._waits, self._give_up, self._hold, self._remind = pace.waits, pace.give_up, pace.hold, pace.remind
        self._metrics, self._taken = metrics, taken

    def claim(self, job: Job) -> tuple[MessageRow, DeliveryRow, AttemptRow] | None:
        """Begin an attempt at the job's copy; None, and the job finished, if it is not to be sent (any more)."""
        at = self._clock.now()
        with self._store.begin() as uow:
            delivery = uow.deliveries.get(job.subject_id, lock=True)
            message = uow.messages.get(job.message_id)
            if delivery is None or message is None or delivery.state not in _SENDABLE or not message.record:
                uow.jobs.finish(job)
                return None
            earlier = uow.attempts.of_delivery(delivery.id)
            for one in earlier:
                if one.state in _OPEN_ATTEMPTS:
                    uow.attempts.move(one.id, AttemptState.ABANDONED, at)
                    data: dict[str, Scalar] = {"number": one.number, "was": one.state.value, "state": "abandoned"}
                    data["duplicate_possible"] = one.state is AttemptState.IN_DOUBT
                    uow.audit.append(Event(EventKind.ATTEMPT, job.message_id, delivery.id, data=data), at)
                    if one.state is AttemptState.IN_DOUBT:
                        self._metrics.count(Count.IN_DOUBT)
            attempt = AttemptRow(self._tokens.id(), delivery.id, len(earlier) + 1, job.lease, AttemptState.CLAIMED, at)
            uow.attempts.add(attempt)
        return message, delivery, attempt

    def begin(self, uow: UnitOfWork, row: DeliveryRow, attempt: AttemptRow, at: datetime, form: str = "") -> None:
        """SENDING, in the caller's transaction, which has just read again what the copy rests on: from its commit on it may leave.
        `form` says how it was sealed.
        """
        uow.attempts.move(attempt.id, AttemptState.SENDING, at)
        uow.deliveries.move(row.id, DeliveryState.SENDING, first_try_at=row.first_try_at or at, tried=True)
        data: dict[str, Scalar] = {"number": attempt.number, "state": "sending"}
        if form:
            data["form"] = form
        uow.audit.append(Event(EventKind.ATTEMPT, row.message_id, row.id, data=data), at)

    def begin_unchanged(
        self, uow: UnitOfWork, job: Job, row: DeliveryRow, attempt: AttemptRow, at: datetime, *,
        watch: Callable[[UnitOfWork], None], check: Callable[[UnitOfWork, DeliveryRow], None],
    ) -> None:  # fmt: skip
        """SENDING for a copy that rests on nothing but its own row: an answer, a mail from outside. LeaseLost, and nothing is
        written, when the job or the row is another's now; what `watch` (the log) and `check` (the row's marks) raise comes through.
        """
        if not uow.jobs.holds(job):
            raise LeaseLost("another worker has this delivery now")
        watch(uow)
        now = uow.deliveries.get(row.id, lock=True)
        if now is None or now.version != row.version:
            raise LeaseLost("this delivery has just changed")
        check(uow, row)
        self.begin(uow, row, attempt, at)

    def send(
        self, job: Job, attempt: AttemptRow, relay: Relay, consignment: Consignment, alive: Alive,
        at_the_dot: Callable[[], None],
    ) -> Reply:  # fmt: skip
        """Hand it over; `at_the_dot` is told once IN_DOUBT is committed. LeaseLost without the dot when the lease is over."""

        def before_dot() -> None:
            if not alive():
                raise LeaseLost("the lease ran out before the final dot")
            with self._store.begin() as uow:
                if not uow.jobs.holds(job):
                    raise LeaseLost("another worker has this delivery now")
                uow.attempts.move(attempt.id, AttemptState.IN_DOUBT, self._clock.now())
            at_the_dot()

        return relay.deliver(consignment, before_dot)

    def record(self, job: Job, delivery_id: str, attempt: AttemptRow, reply: Reply) -> None:
        """Commit what the relay said last, and finish the job or give it back."""
        at = self._clock.now()
        with self._store.begin() as uow:
            row = uow.deliveries.get(delivery_id, lock=True)
            if row is None or not uow.jobs.holds(job):
                raise LeaseLost("another worker has this delivery now")
            again = reply.outcome is Outcome.TEMPORARY
            wait = next_try(self._waits, row.tries, at, row.first_try_at or at, self._give_up) if again else None
            data: dict[str, Scalar] = {"number": attempt.number, "reply": reply.stored, "tls": reply.tls}
            if reply.in_doubt:
                data["duplicate_possible"] = True
            if wait is not None:
                uow.attempts.move(attempt.id, AttemptState.RETRY, at, reply.stored)
                uow.deliveries.move(delivery_id, DeliveryState.RETRY, next_at=wait, reply=reply.stored)
                data["next"] = wait.isoformat()
                uow.audit.append(Event(EventKind.RETRY, row.message_id, delivery_id, data=data), at)
                uow.jobs.again(job, wait, counts=False)
                return
            done = reply.outcome is Outcome.ACCEPTED
            uow.attempts.move(attempt.id, AttemptState.DELIVERED if done else AttemptState.FAILED, at, reply.stored)
            uow.deliveries.move(
                delivery_id, DeliveryState.DELIVERED if done else DeliveryState.FAILED, reply=reply.stored
            )
            drop_secrets(uow, delivery_id)
            kind = EventKind.DELIVERED if done else EventKind.FAILED
            data["method"] = row.method.value if row.method else ""
            if DIRECT in row.reasons:
                data["direct"] = True
            uow.audit.append(Event(kind, row.message_id, delivery_id, data=data), at)
            if done:
                self._taken(uow, row, at)
            else:
                given_up = reply.outcome is Outcome.TEMPORARY
                self._notices.failed(uow, row, "gave_up" if given_up else "relay_refused", reply.stored, at)
            for after in self._remind if done and row.method is Method.LINK else ():
                subject = f"{delivery_id}:{int(after.total_seconds())}"
                uow.jobs.add(JobKind.REMIND_RECIPIENT, row.message_id, subject, at + after)
            uow.jobs.add(JobKind.SETTLE, row.message_id, "", at)
            uow.jobs.finish(job)

    def withhold(self, job: Job, delivery: DeliveryRow, attempt: AttemptRow, code: str) -> None:
        """A seal, MAC or key does not hold, or no protected form could be made: nothing leaves, a person must look."""
        at: datetime = self._clock.now()
        with self._store.begin() as uow:
            row = uow.deliveries.get(delivery.id, lock=True)
            if row is None or not uow.jobs.holds(job):
                raise LeaseLost("another worker has this delivery now")
            for one in uow.attempts.of_delivery(delivery.id):
                if one.id == attempt.id and one.state in _OPEN_ATTEMPTS:
                    uow.attempts.move(attempt.id, AttemptState.ABANDONED, at)
            uow.deliveries.move(delivery.id, DeliveryState.HELD)
            message = uow.messages.get(delivery.message_id, lock=True)
            if message is not None and message.state is MessageState.ASSESSED:
                deadline = at + self._hold
                uow.messages.move(message.id, MessageState.HELD, at, held_for="integrity", deadline=deadline)
                uow.jobs.add(JobKind.EXPIRE, message.id, message.id, deadline)
            data: dict[str, Scalar] = {"code": code, "step": job.kind.value}
            uow.audit.append(Event(EventKind.INTEGRITY, delivery.message_id, delivery.id, data=data), at)
            self._notices.add(uow, "held", delivery.message_id, "{}", at)
            uow.jobs.finish(job)
