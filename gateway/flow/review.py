"""Review: what staff do with mail in hand. A release is checked like a decision, and can only choose protected methods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from gateway.domain.audit import Event, EventKind, Scalar
from gateway.domain.decision import Action, Decision, HoldReason, Method, OpenText
from gateway.domain.envelope import Direction
from gateway.domain.errors import IntegrityError, PermanentError
from gateway.domain.records import STEPS, DeliveryRow, JobKind, MessageRow
from gateway.domain.states import DeliveryState, MessageState
from gateway.flow.assess import Assess
from gateway.flow.decisions import Decisions
from gateway.flow.facts import Facts
from gateway.flow.settle import Settle
from gateway.policy.facts import KeyFacts
from gateway.policy.methods import DIRECT
from gateway.policy.model import Policy
from gateway.ports.clock import Clock
from gateway.ports.keys import KeyState
from gateway.ports.store import Store, UnitOfWork

RELEASED = "released by staff"
NEVER = {
    HoldReason.RESTRICTION: "lift the restriction in the register first",
    HoldReason.SENSITIVE: "record the consent or authorization that this class of information needs first",
    HoldReason.BAA_LAPSED: "renew the partner's agreement first",
    HoldReason.INTEGRITY: "the mail or its decision was changed, or its author is not the sender's; refuse it",
}
BY_POLICY = {
    HoldReason.THREAT: "the practice's policy lets nobody release what may be harmful; have it sent again without that",
    HoldReason.UNSCANNED: "the practice's policy lets nobody release what the virus scanner has not judged; see that it answers",
}
"""What the policy may put beside them: `[threats] release = "never"`."""


def unliftable(policy: Policy, why: HoldReason | None) -> str:
    """What to do instead where no person's word lifts a hold; empty where one does."""
    if why is None:
        return ""
    return NEVER.get(why, "") or ("" if policy.threats.staff_may_release else BY_POLICY.get(why, ""))


def _strongest(policy: Policy, key: KeyFacts, *, signs: bool) -> Method:
    """To a key of the recipient's own where one serves, in the practice's order, else by link."""
    direct = key.direct is KeyState.VALID  # S/MIME too, by another certificate
    valid = {Method.SMIME: key.direct if direct else key.smime_for(signs=signs), Method.OPENPGP: key.openpgp}
    order = dict.fromkeys((*(one for one in policy.method_order if one in valid), *valid))
    return next((one for one in order if valid[one] is KeyState.VALID), Method.LINK)


@dataclass(frozen=True, slots=True)
class Review:
    """Staff's side of mail in hand; used by the command and, later, by the review page."""

    store: Store
    assess: Assess
    decisions: Decisions
    settle: Settle
    facts: Facts
    clock: Clock
    hold_time: timedelta

    def release(self, delivery_id: str, by: str, reason: str) -> Method:
        """Let a held copy go by a protected method, on a person's word; PermanentError where no word suffices, and
        IntegrityError, with an alert in the log, where the decision is not as a worker left it.
        """
        try:
            return self._release(delivery_id, by, reason)
        except IntegrityError as error:
            with self.store.begin() as uow:
                row = uow.deliveries.get(delivery_id)
                data: dict[str, Scalar] = {"code": error.code, "step": "release"}
                event = Event(EventKind.INTEGRITY, row.message_id if row else "", delivery_id, actor=by, data=data)
                uow.audit.append(event, self.clock.now())
            raise

    def _release(self, delivery_id: str, by: str, reason: str) -> Method:
        at = self.clock.now()
        row, message, commitment = self._held(delivery_id)
        if instead := unliftable(self.assess.policy, row.held_for):
            raise PermanentError(f"delivery {delivery_id} cannot be released: {instead}")
        decided = self.decisions.verified(row, commitment)
        key = self.facts.key(decided.target, at)
        with self.store.begin() as uow:
            standing = self.facts.standing(uow, decided.recipient, self.facts.day(at))
            summary, _ = self.decisions.kept_scan(message)
            author = self.assess.postmaster
            about = summary.about(one for one, _ in row.basis.patients)
            fresh = self.assess.decide(uow, about, (), author, [standing], [key], at)[0]
            for why in (fresh.held_for, self.assess.lasting_obstacle(uow, about, standing, at)):
                if instead := unliftable(self.assess.policy, why):
                    raise PermanentError(f"delivery {delivery_id} cannot be released: {instead}")
            now = uow.deliveries.get(delivery_id, lock=True)
            if now is None or now.version != row.version:
                raise PermanentError(f"delivery {delivery_id} has just changed; look at it again")
            self.decisions.marks.check_last(uow, now)
            large = summary.asked.attachment_bytes > self.assess.policy.link_over
            method = Method.LINK if large else _strongest(self.assess.policy, key, signs=summary.asked.signs)
            basis = replace(fresh.basis, key="" if method is Method.LINK else key.rested_on)
            released = Decision(
                recipient=decided.recipient, target=fresh.target, action=Action.DELIVER, method=method,
                rule=RELEASED, reasons=(*_kept(row.reasons, method, key), "released.staff"), basis=basis,
                sensitive=fresh.sensitive, open_text=OpenText.NOTICE, notices=fresh.notices,
            )  # fmt: skip
            fresh_row = self.decisions.row(
                released, message_id=row.message_id, delivery_id=row.id, position=row.position, commitment=commitment,
                outer_message_id=row.outer_message_id,
                expires=timedelta(seconds=row.expires_after) if row.expires_after else None,
            )  # fmt: skip
            self.decisions.redecide(uow, row, fresh_row)
            uow.deliveries.move(row.id, DeliveryState.READY)
            uow.jobs.drop(JobKind.ASSESS_LONG, row.message_id)  # what waits for the virus scanner, no more
            uow.jobs.add(JobKind.DISPATCH, row.message_id, row.id, at)
            data = {"method": method.value, "was": row.held_for.value if row.held_for else "", "reason": self.decisions.keep_reason(uow, reason),
                    "mark": self.decisions.marks.mark(uow, fresh_row)}  # fmt: skip
            uow.audit.append(Event(EventKind.RELEASED, row.message_id, row.id, actor=by, data=data), at)
            self._if_none_held(uow, message)
        return method

    def refuse(self, message_id: str, by: str, reason: str) -> None:
        """End every held copy of a message: nothing is sent, the sender gets a DSN."""
        with self.store.begin() as uow:
            row = uow.messages.get(message_id, lock=True)
            if row is None or row.state not in {MessageState.HELD, MessageState.STUCK}:
                raise PermanentError(f"message {message_id} is not held")
            data = {"for": "staff", "reason": self.decisions.keep_reason(uow, reason)}
            uow.audit.append(Event(EventKind.REFUSED, message_id, actor=by, data=data), self.clock.now())
            self.settle.refuse(uow, row, "refused_by_staff", by)
            uow.jobs.drop(JobKind.EXPIRE, message_id)

    def retry(self, delivery_id: str) -> None:
        """Try a waiting copy now."""
        with self.store.begin() as uow:
            row = uow.deliveries.get(delivery_id)
            if row is None or row.state not in {DeliveryState.READY, DeliveryState.RETRY}:
                raise PermanentError(f"delivery {delivery_id} does not wait for a retry")
            message = uow.messages.get(row.message_id)
            step = STEPS.get(message.direction, JobKind.DISPATCH) if message is not None else JobKind.DISPATCH
            uow.jobs.add(step, row.message_id, row.id, self.clock.now())

    def hold(self, message_id: str, by: str, reason: str) -> int:
        """Stop every copy that has not begun to leave; returns how many."""
        at = self.clock.now()
        with self.store.begin() as uow:
            message = uow.messages.get(message_id, lock=True)
            rows = uow.deliveries.of_message(message_id, lock=True)
            waiting = [one for one in rows if one.state in {DeliveryState.READY, DeliveryState.RETRY}]
            if message is None or not waiting:
                raise PermanentError(f"message {message_id} has no copy that could be stopped")
            _, commitment = self.decisions.kept_scan(message)
            for row in waiting:
                stopped = self.decisions.stopped(self.decisions.verified(row, commitment), commitment)
                self.decisions.redecide(uow, row, stopped)
                uow.deliveries.move(row.id, DeliveryState.HELD)
                uow.jobs.drop(JobKind.DISPATCH, row.id)
                data: dict[str, Scalar] = {
                    "for": "staff",
                    "reason": self.decisions.keep_reason(uow, reason),
                    "mark": self.decisions.marks.mark(uow, stopped),
                }
                uow.audit.append(Event(EventKind.HELD, message_id, row.id, actor=by, data=data), at)
            deadline = at + self.hold_time
            if message.state is MessageState.ASSESSED:
                uow.messages.move(message_id, MessageState.HELD, at, held_for="staff", deadline=deadline)
            uow.jobs.add(JobKind.EXPIRE, message_id, message_id, deadline)
        return len(waiting)

    def _held(self, delivery_id: str) -> tuple[DeliveryRow, MessageRow, bytes]:
        with self.store.begin() as uow:
            row = uow.deliveries.get(delivery_id)
            if row is None or row.state is not DeliveryState.HELD:
                raise PermanentError(f"delivery {delivery_id} is not held")
            message = uow.messages.get(row.message_id)
        if message is not None and message.direction is Direction.ANSWER:
            raise PermanentError(
                f"delivery {delivery_id} is a recipient's answer: refuse it, and ask them to send it again"
            )
        if message is not None and message.direction is Direction.INBOUND:
            raise PermanentError(f"delivery {delivery_id} is mail from outside: refuse it, and ask for it again")
        if message is None or not message.record:
            raise PermanentError(f"the message of delivery {delivery_id} is gone")
        return row, message, self.decisions.kept_scan(message)[1]

    def _if_none_held(self, uow: UnitOfWork, message: MessageRow) -> None:
        rows: Sequence[DeliveryRow] = uow.deliveries.of_message(message.id)
        if message.state is MessageState.HELD and not any(one.state is DeliveryState.HELD for one in rows):
            uow.messages.move(message.id, MessageState.ASSESSED, self.clock.now())
            uow.jobs.drop(JobKind.EXPIRE, message.id)


def _kept(reasons: Sequence[str], method: Method, key: KeyFacts) -> tuple[str, ...]:
    """The reasons of before, and of how it goes what holds now."""
    direct = method is Method.SMIME and key.direct is KeyState.VALID
    return (*(one for one in reasons if one != DIRECT), *((DIRECT,) if direct else ()))
