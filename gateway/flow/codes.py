"""One-time codes: made by a worker when the portal asks, sent to the same mailbox or the phone on file, kept as a hash.

1 the code's hash is committed; an earlier code is worth nothing from here
2 the code has left, or was refused
3 that is committed
Killed before 3: a new code is made and sent. A code proves a mailbox or a phone; alone it opens nothing, the link's secret is needed too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.domain.address import Address
from gateway.domain.audit import Event, EventKind
from gateway.domain.errors import LeaseLost, PermanentError, SealgateError, TemporaryError
from gateway.domain.records import Job
from gateway.domain.register_rows import CodeRow
from gateway.flow.compose import Words
from gateway.flow.decisions import TARGET
from gateway.flow.keys import WorkerKeys
from gateway.flow.register import Register
from gateway.flow.requests import ConsentRequests
from gateway.mime.build import OuterHeaders, text_mail
from gateway.ports.checkpoint import Checkpoint, unobserved
from gateway.ports.clock import Clock
from gateway.ports.metrics import Limit, Metrics, uncounted
from gateway.ports.notifier import Notifier
from gateway.ports.relay import Consignment, Outcome, Relay
from gateway.ports.store import Store, UnitOfWork
from gateway.ports.tokens import Tokens
from gateway.render.mail import Renderer
from gateway.seal import link

_TRIES = 5


@dataclass(frozen=True, slots=True)
class Codes:
    """Makes and sends codes with a worker's keys."""

    store: Store
    relay: Relay
    notifier: Notifier | None
    renderer: Renderer
    register: Register
    asks: ConsentRequests
    keys: WorkerKeys = field(repr=False)
    clock: Clock
    tokens: Tokens
    words: Words
    postmaster: Address
    life: timedelta
    per_address: int
    """Codes to one mailbox or phone within an hour: code mails must not become a bomb."""
    reached: Checkpoint = unobserved
    metrics: Metrics = uncounted

    def run(self, job: Job, alive: Callable[[], bool]) -> None:
        """Send one code; the subject is `<parcel or request id>:<mailbox|phone>`. A new try is a new code.

        `alive` as in Dispatch.run: a worker whose lease is over sends none, for another's code is the good one by now.
        """
        subject_id, _, channel = job.subject_id.partition(":")
        try:
            send = self._sender(subject_id, channel)
            if send is None:
                raise PermanentError("there is nowhere to send this code")
            code = self._fresh(subject_id, channel)
            self.reached("code.1")
            if not alive():
                raise LeaseLost("the lease ran out before the code was sent")
            send(code)
            self.reached("code.2")
        except LeaseLost:
            raise
        except SealgateError as error:
            if error.temporary and job.tries < _TRIES:
                with self.store.begin() as uow:
                    uow.jobs.again(job, self.clock.now() + timedelta(seconds=15 * (job.tries + 1)))
                return
            self._finish(job, EventKind.CODE_REFUSED, channel, error.code)
            return
        self._finish(job, EventKind.CODE_SENT, channel, "")

    def for_staff(self, uow: UnitOfWork, parcel_id: str, at: datetime, actor: str) -> str:
        """A code that staff read out to a person whose identity they verified; returns it once."""
        code = self._put(uow, parcel_id, "staff", at)
        row = uow.parcels.get(parcel_id)
        data = {"parcel": parcel_id, "channel": "staff"}
        uow.audit.append(Event(EventKind.CODE_SENT, row.message_id if row else "", actor=actor, data=data), at)
        return code

    def _fresh(self, subject_id: str, channel: str) -> str:
        with self.store.begin() as uow:
            return self._put(uow, subject_id, channel, self.clock.now())

    def _put(self, uow: UnitOfWork, subject_id: str, channel: str, at: datetime) -> str:
        code, salt = self.tokens.code(), self.tokens.secret(16)
        digest = link.code_digest(self.keys.lookup, code, salt, subject_id, self.keys.installation)
        uow.parcels.put_code(CodeRow(subject_id, salt, digest, at + self.life, channel=channel))
        return code

    def _sender(self, subject_id: str, channel: str) -> Callable[[str], None] | None:
        with self.store.begin() as uow:
            parcel, ask = uow.parcels.get(subject_id), uow.register.request(subject_id)
            if parcel is not None:
                delivery = uow.deliveries.get(parcel.delivery_id)
                if delivery is None or channel not in parcel.proof.split(","):
                    return None
                to = Address.parse(self.keys.columns.open(TARGET, delivery.id, delivery.target).decode())
                if not self._room(uow, to):
                    return None
                if channel == "phone":
                    return self._by_phone(uow, to)
                return lambda code: self._by_mail(to, code)
            if ask is not None and channel == "mailbox":
                address = self.asks.address(ask)
                if not self._room(uow, address):
                    return None
                return lambda code: self._by_mail(address, code)
        return None

    def _room(self, uow: UnitOfWork, address: Address) -> bool:
        """Whether this mailbox may have another code now; counts it if so."""
        now, tag = self.clock.now(), self.keys.index.address("code", address)
        if uow.parcels.hits(tag, "code_to", now - timedelta(hours=1)) >= self.per_address:
            self.metrics.refused(Limit.CODES_PER_ADDRESS)
            return False
        uow.parcels.hit(tag, "code_to", now)
        return True

    def _by_phone(self, uow: UnitOfWork, address: Address) -> Callable[[str], None] | None:
        own, _ = self.register.at_address(uow, address)
        phones = {one.phone for one in own}
        notifier = self.notifier
        if notifier is None or len(phones) != 1 or not (phone := phones.pop()):
            return None
        return lambda code: notifier.send(phone, self._text("sms-code", code))

    def _by_mail(self, to: Address, code: str) -> None:
        rendered = self.renderer.mail("code", code=code, minutes=int(self.life.total_seconds() // 60))
        notice = self.tokens.id()
        outer = OuterHeaders(
            from_=self.postmaster, to=(to,), date=self.clock.now(), message_id=f"<{notice}@{self.words.host}>",
            subject=rendered.subject, sealgate_id=notice, auto_submitted="auto-generated",
        )  # fmt: skip
        mail = text_mail(outer, rendered.text, rendered.html or None)
        reply = self.relay.deliver(Consignment(None, None, to, [mail], smtputf8=not to.is_ascii), lambda: None)
        if reply.outcome is Outcome.TEMPORARY:
            raise TemporaryError("the code could not be sent yet")
        if reply.outcome is Outcome.PERMANENT:
            raise PermanentError("the code was refused")

    def _text(self, name: str, code: str) -> str:
        minutes = int(self.life.total_seconds() // 60)
        return self.renderer.mail(name, practice=self.words.practice, code=code, minutes=minutes).text.strip()

    def _finish(self, job: Job, kind: EventKind, channel: str, why: str) -> None:
        with self.store.begin() as uow:
            data = {"channel": channel, "why": why}
            uow.audit.append(Event(kind, job.message_id, data=data), self.clock.now())
            uow.jobs.finish(job)
        self.reached("code.3")
