"""Consent requests: a page on which a patient answers yes or no; it goes only to an address on the patient's record.

1 the answer's job is taken, nothing is written yet
2 one transaction: consent or refusal in the log, the message to be assessed again or refused
The link's token is sealed to the epoch until the mail with it is sent, then only the patient has it. The answer is
written by the portal as a state, and turned into a consent by a worker, who can seal it.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

from gateway.domain.address import Address
from gateway.domain.audit import Event, EventKind
from gateway.domain.decision import HoldReason
from gateway.domain.errors import IntegrityError
from gateway.domain.patient import ConsentEvent, ConsentEventType, ConsentKind
from gateway.domain.protected import Protected
from gateway.domain.records import Job, JobKind
from gateway.domain.register_rows import ConsentRequestRow, NoticeRow
from gateway.domain.states import DeliveryState
from gateway.flow import epochs
from gateway.flow.facts import Standing
from gateway.flow.keys import WorkerKeys
from gateway.flow.notices import Notices
from gateway.flow.register import Register
from gateway.ports.checkpoint import Checkpoint, unobserved
from gateway.ports.clock import Clock
from gateway.ports.store import Store, UnitOfWork
from gateway.ports.tokens import Tokens
from gateway.ports.vault import Seal
from gateway.seal import link
from gateway.seal.context import context

_ADDRESS = "consent_request.address"


class ConsentRequests:
    """Opens requests and takes answers. `day` is the practice's calendar day, by which consents begin."""

    def __init__(
        self, store: Store, keys: WorkerKeys, register: Register, notices: Notices, clock: Clock, tokens: Tokens,
        life: timedelta, warning_version: str, warning: Callable[[str], str], day: Callable[[datetime], date],
        reached: Checkpoint = unobserved,
    ) -> None:  # fmt: skip
        self._reached = reached
        self._store, self._keys, self._register, self._notices = store, keys, register, notices
        self._clock, self._tokens, self._life = clock, tokens, life
        self._version, self._warning, self._day = warning_version, warning, day

    def open(self, uow: UnitOfWork, message_id: str, standing: Standing, at: datetime) -> None:
        """Ask each patient whose address it is, once per message."""
        asked = {one.patient_id for one in uow.register.requests_of(message_id)}
        for patient in standing.own:
            if patient.id not in asked:
                self._ask(uow, message_id, patient.id, standing.address, at)

    def secret(self, row: ConsentRequestRow) -> Protected[bytes]:
        """The token's secret while the request is not sent yet."""
        bound = context(self._keys.installation, Seal.LINK, row.id, "consent", row.epoch)
        return epochs.private(self._keys, row.epoch).open(row.secret, bound)

    def address(self, row: ConsentRequestRow) -> Address:
        """Where the request goes."""
        return Address.parse(self._keys.columns.open(_ADDRESS, _bound(row), row.address).decode())

    def take_answer(self, job: Job) -> None:
        """Write the consent or refusal into the log and have the message assessed again; may run twice."""
        at = self._clock.now()
        self._reached("consent.1")
        with self._store.begin() as uow:
            row = uow.register.request(job.subject_id, lock=True)
            if row is not None and row.state in {"answered_yes", "answered_no"}:
                tag = link.answer_tag(
                    self._keys.lookup, self._keys.installation, row.id, row.patient_id, row.state
                )  # fmt: skip
                if not hmac.compare_digest(tag, row.secret):
                    raise IntegrityError("the answer to a consent request was not given at the portal")
                yes = row.state == "answered_yes"
                self._register.append_consent(uow, self._event(row, at, yes), at, "patient")
                uow.register.put_request(_with(row, state="closed"))
                held = [one for one in uow.deliveries.of_message(row.message_id) if one.state is DeliveryState.HELD]
                if yes or any(one.held_for is not HoldReason.CONSENT for one in held):
                    uow.jobs.add(JobKind.ASSESS, row.message_id, "", at)
                else:
                    uow.jobs.add(JobKind.EXPIRE, row.message_id, row.message_id, at)
            uow.jobs.finish(job)
        self._reached("consent.2")

    def _ask(self, uow: UnitOfWork, message_id: str, patient_id: str, address: Address, at: datetime) -> None:
        request_id, secret = self._tokens.id(), Protected(self._tokens.secret(link.SECRET_BYTES))
        installation = self._keys.installation
        epoch, public = epochs.current(uow, self._keys.calendar, installation)
        row = ConsentRequestRow(
            id=request_id, message_id=message_id, patient_id=patient_id, state="new",
            lookup=link.lookup(secret, self._keys.lookup, installation), epoch=epoch,
            secret=public.seal(secret.reveal(), context(installation, Seal.LINK, request_id, "consent", epoch)),
            address=b"", warning_version=self._version, created_at=at, expires_at=at + self._life,
        )  # fmt: skip
        uow.register.put_request(
            replace(row, address=self._keys.columns.seal(_ADDRESS, _bound(row), str(address).encode()))
        )
        self._notices.add_to(uow, "consent-request", message_id, request_id, address, "{}", at)
        data = {"patient": patient_id, "request": request_id, "warning": self._version}
        uow.audit.append(Event(EventKind.CONSENT_REQUESTED, message_id, data=data), at)

    def _event(self, row: ConsentRequestRow, at: datetime, yes: bool) -> ConsentEvent:
        return ConsentEvent(
            patient_id=row.patient_id, seq=0, type=ConsentEventType.GIVEN if yes else ConsentEventType.REFUSED,
            kind=ConsentKind.EMAIL_ENCRYPTED, address=self.address(row).key, warning_version=row.warning_version,
            warning_text=self._warning(row.warning_version), given_how="consent page, one-time code to this mailbox",
            recorded_by="portal", given_on=self._day(at),
        )  # fmt: skip


def _bound(row: ConsentRequestRow) -> str:
    """What the address is sealed to: this request, about this patient and message, with this warning."""
    return ":".join((row.id, row.patient_id, row.message_id, row.warning_version))


def _with(row: ConsentRequestRow, *, state: str) -> ConsentRequestRow:
    return replace(row, state=state, secret=b"")


def sent(uow: UnitOfWork, row: ConsentRequestRow) -> None:
    """The mail with the link has left: the gateway forgets the token."""
    if row.state == "new":
        uow.register.put_request(_with(row, state="sent"))


def let_go(uow: UnitOfWork, notice: NoticeRow) -> None:
    """A notice has ended, sent or not: the secret that it was to carry is forgotten with it, in the same transaction."""
    if notice.kind == "consent-request":
        ask = uow.register.request(notice.subject_id, lock=True)
        if ask is not None:
            sent(uow, ask)
    elif notice.kind == "link-again":
        uow.objects.drop_secret(notice.subject_id)
