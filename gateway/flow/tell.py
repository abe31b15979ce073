"""Sending the gateway's own mail: rendered when it leaves, through the internal relay, with the null reverse-path.

1 the notice is composed
2 before the final dot: the lease is checked, and the notice marked as in doubt
3 the relay has answered
4 the answer is committed: sent, failed, or tried again with the same Message-ID
One table kind -> words. A notice that cannot be delivered is tried again for days and then given up; nothing answers it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from gateway.domain.address import Address
from gateway.domain.audit import Event, EventKind, Scalar
from gateway.domain.decision import HoldReason
from gateway.domain.errors import IntegrityError, KeyMissing, LeaseLost
from gateway.domain.records import DeliveryRow, Job, MessageRow
from gateway.domain.register_rows import NoticeRow
from gateway.domain.states import DeliveryState, ParcelState
from gateway.flow.backoff import next_try
from gateway.flow.compose import Words
from gateway.flow.decisions import RECIPIENT, TARGET
from gateway.flow.head_mail import KIND
from gateway.flow.keys import WorkerKeys
from gateway.flow.notices import ANSWER_HELD, INSIDE_HELD, MASKED, Notices
from gateway.flow.parcels import Parcels
from gateway.flow.reissue import LINK_AGAIN, REMINDER
from gateway.flow.requests import ConsentRequests, let_go
from gateway.mime.build import OuterHeaders, RecipientStatus, dsn, text_mail
from gateway.mime.headers import is_message_id
from gateway.policy.explain import receipt_reason, what_to_do
from gateway.ports.checkpoint import Checkpoint, unobserved
from gateway.ports.clock import Clock
from gateway.ports.relay import Consignment, Outcome, Relay, Reply
from gateway.ports.store import Store, UnitOfWork
from gateway.render.mail import RenderedMail, Renderer
from gateway.seal import link

_WHY = {
    "gave_up": ("The next mail server could not be reached, or did not take it, for too long.", "4.4.7"),
    "relay_refused": ("The next mail server refused it for good.", "5.0.0"),
    "hold_expired": ("It waited for an answer or a person until its time was over.", "5.7.1"),
    "stuck": ("The gateway could not read it safely.", "5.6.0"),
    "refused_by_rule": ("A rule of the practice refuses it.", "5.7.1"),
    "refused_by_staff": ("A person at the practice refused it.", "5.7.1"),
    "bounced": ("A mail server further on returned it.", "5.0.0"),
    "direct_failed": ("The recipient's system said that it could not process or deliver it.", "5.0.0"),
    "restored": ("The gateway was restored from a backup and cannot tell whether it had been sent before.", "5.3.0"),
    "lost": ("The gateway was restored from a backup, and its copy of your mail is gone. It may or may not have been sent.", "5.3.0"),
    "link_lost": ("It was sent as a secure link, which no longer opens since the gateway was restored from a backup.", "5.3.0"),
}  # fmt: skip
_TODO = {
    "gave_up": "Check the address, or reach the recipient another way.",
    "relay_refused": "Check the address; the status tells your administrator more.",
    "bounced": "Check the address; the status tells your administrator more.",
    "direct_failed": "Ask the recipient, or reach them another way; their administrator can see why.",
    "stuck": "Send it again in another form, or ask your administrator.",
    "restored": "Ask the recipient, and send it again if it did not arrive.",
    "lost": "Ask the recipient, and send it again if it did not arrive.",
    "link_lost": "Send it again: the recipient gets a fresh link.",
}  # fmt: skip

_ANSWER_TODO = {
    HoldReason.THREAT: "Nobody can let it go. Tell the recipient that it did not come, and ask for the files in another form (a plain PDF or a picture).",
    HoldReason.UNSCANNED: "Wait: it is tried again by itself. If it was very large, ask the recipient to send it in smaller parts; else tell the administrator that the virus scanner does not answer.",
}

_INSIDE_TODO = {
    HoldReason.THREAT: "Nobody can let it go. Ask whoever sent it for the files in another form (a plain PDF or a picture).",
    HoldReason.UNSCANNED: "Wait: it is tried again by itself. If it does not come, ask for it in smaller parts, or tell the administrator that the virus scanner does not answer.",
}


NEW, IN_DOUBT = "new", "in_doubt"
"""A notice that waits; and one whose last try nobody knows the end of."""
_OPEN_PARCEL = {ParcelState.SEALED, ParcelState.OPENED}


class Told(Exception):
    """There is nothing left to tell."""


@dataclass(frozen=True, slots=True)
class Tell:
    """Sends notices with a worker's keys."""

    store: Store
    relay: Relay
    renderer: Renderer
    notices: Notices
    asks: ConsentRequests
    parcels: Parcels
    keys: WorkerKeys = field(repr=False)
    clock: Clock
    words: Words
    zone: ZoneInfo
    waits: tuple[timedelta, ...]
    give_up: timedelta
    reached: Checkpoint = unobserved

    def run(self, job: Job, alive: Callable[[], bool]) -> None:
        """Send the job's notice; `opened:<parcel>` first becomes one. `alive` as in Dispatch.run."""
        if job.subject_id.startswith("opened:"):
            self._opened(job)
            return
        with self.store.begin() as uow:
            row = uow.notices.get(job.subject_id)
            if row is None or row.state not in {NEW, IN_DOUBT}:
                uow.jobs.finish(job)
                return
            if row.state == IN_DOUBT:
                self._note_duplicate(uow, row)
        try:
            mail = self._compose(row)
            self.reached("notice.1")
            reply = self._deliver(job, row, mail, alive)
            self.reached("notice.3")
        except (Told, KeyMissing, IntegrityError):
            self._finish(job, row, "dropped", None)
            return
        wait = None
        if reply.outcome is Outcome.TEMPORARY:
            wait = next_try(self.waits, job.tries + 1, self.clock.now(), row.created_at, self.give_up)
        if wait is not None:
            with self.store.begin() as uow:
                if not reply.in_doubt:
                    uow.notices.finish(row.id, NEW, reply.stored)
                uow.jobs.again(job, wait)
            return
        self._finish(job, row, "sent" if reply.outcome is Outcome.ACCEPTED else "failed", reply)

    def _opened(self, job: Job) -> None:
        at = self.clock.now()
        with self.store.begin() as uow:
            self.notices.add(uow, "opened", job.message_id, "{}", at)
            uow.audit.append(Event(EventKind.RECEIPT, job.message_id, data={"kind": "opened"}), at)
            uow.jobs.finish(job)

    def _finish(self, job: Job, row: NoticeRow, state: str, reply: Reply | None) -> None:
        at = self.clock.now()
        with self.store.begin() as uow:
            uow.notices.finish(row.id, state, reply.stored if reply else "")
            let_go(uow, row)
            kind = EventKind.DSN if row.kind == "dsn" else EventKind.RECEIPT
            data = {"kind": row.kind, "state": state, "reply": reply.stored if reply else ""}
            uow.audit.append(Event(kind, row.message_id, data=data), at)
            uow.jobs.finish(job)
        self.reached("notice.4")

    def _note_duplicate(self, uow: UnitOfWork, row: NoticeRow) -> None:
        """Nobody knows whether the last try arrived; said once a take-over, so that duplicates can be counted."""
        uow.notices.finish(row.id, NEW, row.reply)
        kind = EventKind.DSN if row.kind == "dsn" else EventKind.RECEIPT
        data: dict[str, Scalar] = {"kind": row.kind, "state": "abandoned", "duplicate_possible": True}
        uow.audit.append(Event(kind, row.message_id, data=data), self.clock.now())

    def _deliver(self, job: Job, row: NoticeRow, mail: bytes, alive: Callable[[], bool]) -> Reply:
        def before_dot() -> None:
            if not alive():
                raise LeaseLost("the lease ran out before the final dot")
            with self.store.begin() as uow:
                if not uow.jobs.holds(job):
                    raise LeaseLost("another worker has this notice now")
                uow.notices.finish(row.id, IN_DOUBT, row.reply)
            self.reached("notice.2")

        to = self.notices.to(row)
        consignment = Consignment(None, None, to, [mail], smtputf8=not to.is_ascii)
        return self.relay.deliver(consignment, before_dot)

    def _compose(self, row: NoticeRow) -> bytes:
        table: dict[str, Callable[[UnitOfWork, NoticeRow, dict[str, Any]], bytes]]
        table = {
            "dsn": self._dsn, "consent-request": self._consent, KIND: self._head, LINK_AGAIN: self._to_recipient, REMINDER: self._to_recipient,
        }  # fmt: skip
        with self.store.begin() as uow:
            return table.get(row.kind, self._receipt)(uow, row, json.loads(row.data))

    def _receipt(self, uow: UnitOfWork, row: NoticeRow, data: dict[str, Any]) -> bytes:
        message = uow.messages.get(row.message_id)
        if message is None:
            raise Told
        values = self._common(uow, row, message)
        if row.kind in {"held", "reminder"}:
            deliveries = uow.deliveries.of_message(row.message_id)
            held = [one for one in deliveries if one.state is DeliveryState.HELD]
            if not held:
                raise Told
            why = sorted({one.held_for or HoldReason.DEFAULT for one in held})
            values |= {
                "practice": self.words.practice, "deadline": self._when(message.deadline), "recipients": len(held),
                "recipients_all": len(deliveries), "reason": " ".join(receipt_reason(one) for one in why),
                "what_to_do": " ".join(what_to_do(one) for one in why),
            }  # fmt: skip
        if row.kind == ANSWER_HELD:
            values |= self._answer_held(uow, row, message, data)
        if row.kind == INSIDE_HELD:
            values |= self._inside_held(uow, row, message)
        if row.kind == MASKED:
            copies = uow.deliveries.of_message(row.message_id)
            values |= {"recipients": data["copies"], "recipients_all": max(len(copies), data["copies"])}
        return self._mail(row, self.renderer.mail(row.kind, **{**data, **values}))

    def _answer_held(
        self, uow: UnitOfWork, row: NoticeRow, message: MessageRow, data: dict[str, Any]
    ) -> dict[str, object]:
        copy = uow.deliveries.get(row.subject_id)
        if copy is None or copy.state is not DeliveryState.HELD or copy.held_for is None:
            raise Told
        try:
            original = self.notices.sender(uow, data["letter"]).message_id
        except IntegrityError:
            original = ""
        return {
            "message_id": original if is_message_id(original) else "(none)", "deadline": self._when(message.deadline),
            "reason": receipt_reason(copy.held_for), "what_to_do": _ANSWER_TODO[copy.held_for],
        }  # fmt: skip

    def _inside_held(self, uow: UnitOfWork, row: NoticeRow, message: MessageRow) -> dict[str, object]:
        copy = uow.deliveries.get(row.subject_id)
        if copy is None or copy.state is not DeliveryState.HELD or copy.held_for not in _INSIDE_TODO:
            raise Told
        why = receipt_reason(copy.held_for)
        return {"deadline": self._when(message.deadline), "reason": why, "what_to_do": _INSIDE_TODO[copy.held_for]}

    def _head(self, uow: UnitOfWork, row: NoticeRow, data: dict[str, Any]) -> bytes:
        del uow
        values = {"practice": self.words.practice, "time": self._when(row.created_at), "size": data["size"]}
        return self._mail(row, self.renderer.mail(KIND, **values, head=data["head"]))

    def _consent(self, uow: UnitOfWork, row: NoticeRow, data: dict[str, Any]) -> bytes:
        del data
        ask = uow.register.request(row.subject_id)
        if ask is None or ask.state != "new":
            raise Told
        if self.notices.to(row).key != self.asks.address(ask).key:
            raise IntegrityError("a consent request would go to somebody else")
        url = f"{self.words.portal}/c/{link.token(self.asks.secret(ask))}"
        values = {"practice": self.words.practice, "phone": self.words.phone, "link": url}
        return self._mail(row, self.renderer.mail(row.kind, **values, expires=self._when(ask.expires_at)))

    def _to_recipient(self, uow: UnitOfWork, row: NoticeRow, data: dict[str, Any]) -> bytes:
        """To the recipient of a link: a new link, or a reminder without one; both in the thread of our first mail."""
        del data
        delivery, parcel = uow.deliveries.get(row.subject_id), uow.parcels.of_delivery(row.subject_id)
        message = uow.messages.get(row.message_id)
        if delivery is None or parcel is None or message is None or parcel.state not in _OPEN_PARCEL:
            raise Told
        if row.kind == REMINDER and parcel.state is ParcelState.OPENED:
            raise Told
        target = Address.parse(self.keys.columns.open(TARGET, delivery.id, delivery.target).decode())
        if target.key != self.notices.to(row).key:
            raise IntegrityError("a notice to a recipient would go to somebody else")
        values: dict[str, object] = {
            "practice": self.words.practice, "phone": self.words.phone, "expires": self._day(parcel.expires_at),
        }  # fmt: skip
        if row.kind == REMINDER:
            # The Date that our mail bears is that of the sender's handing it in (compose.Compose.outer).
            rendered = self.renderer.mail("reminder-recipient", **values, sent=self._day(message.received_at))
        else:
            token = self.parcels.waiting_token(uow, delivery.id)
            if token is None:
                raise Told
            rendered = self.renderer.mail("link-notice", **values, link=f"{self.words.portal}/m/{token}")
        return self._mail(row, rendered, thread=delivery.outer_message_id)

    def _day(self, at: datetime) -> str:
        return at.astimezone(self.zone).strftime("%d %B %Y")

    def _dsn(self, uow: UnitOfWork, row: NoticeRow, data: dict[str, Any]) -> bytes:
        message = uow.messages.get(row.message_id)
        if message is None:
            raise Told
        deliveries = uow.deliveries.of_message(row.message_id)
        told = [one for one in deliveries if one.id in data["deliveries"]]
        why, status = _WHY[data["reason"]]
        stored = data["reply"].split(" ", 1)
        status = stored[1] if len(stored) == 2 and data["reason"] in {"relay_refused", "bounced"} else status
        values = self._common(uow, row, message) | {
            "reason": why, "what_to_do": _TODO.get(data["reason"], ""), "nothing_sent": bool(data.get("nothing_sent")),
            "status": data["reply"], "recipients": len(told), "recipients_all": max(len(deliveries), 1),
        }  # fmt: skip
        rendered = self.renderer.mail("dsn", **values)
        statuses = [
            RecipientStatus(final_recipient=self._recipient(one), action="failed", status=status) for one in told
        ]
        if not statuses:
            return self._mail(row, rendered)
        return dsn(
            self._outer(row, rendered.subject, "auto-replied"), reporting_mta=self.words.host,
            original_message_id=self._original(uow, row), recipients=statuses,
            text=rendered.text, arrived=message.received_at,
        )  # fmt: skip

    def _recipient(self, one: DeliveryRow) -> Address:
        return Address.parse(self.keys.columns.open(RECIPIENT, one.id, one.recipient).decode())

    def _common(self, uow: UnitOfWork, row: NoticeRow, message: MessageRow) -> dict[str, object]:
        original = self._original(uow, row)
        shown = original if is_message_id(original) else "(none)"  # whatever else stands there may be anything
        return {"id": message.id, "message_id": shown, "time": self._when(row.created_at)}

    def _original(self, uow: UnitOfWork, row: NoticeRow) -> str:
        """The sender's Message-ID; empty where it cannot be read, which must not keep the practice from being told."""
        try:
            return self.notices.sender(uow, row.message_id).message_id
        except IntegrityError:
            return ""

    def _mail(self, row: NoticeRow, rendered: RenderedMail, thread: str = "") -> bytes:
        outer = self._outer(row, rendered.subject, "auto-generated", thread)
        return text_mail(outer, rendered.text, rendered.html or None)

    def _outer(self, row: NoticeRow, subject: str, automatic: str, thread: str = "") -> OuterHeaders:
        return OuterHeaders(
            from_=self.notices.postmaster, to=(self.notices.to(row),), date=row.created_at,
            message_id=f"<{row.id}@{self.words.host}>", subject=subject, sealgate_id=row.id, auto_submitted=automatic,
            in_reply_to=thread, references=(thread,) if thread else (),
        )  # fmt: skip

    def _when(self, at: datetime | None) -> str:
        return at.astimezone(self.zone).strftime("%d %B %Y, %H:%M") if at else ""
