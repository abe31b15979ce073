"""Rows as frozen values: what the store hands out. Personal fields are sealed bytes here; only workers open them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gateway.domain.decision import Action, Basis, HoldReason, Method, OpenText
from gateway.domain.envelope import Direction
from gateway.domain.states import AttemptState, ConfirmationState, DeliveryState, MessageState, ParcelState


class JobKind(StrEnum):
    """Steps that a worker runs."""

    ASSESS = "assess"
    ASSESS_LONG = "assess_long"
    """Assess for mails whose documents take long to open: a queue and threads of its own, so that letters do not wait."""
    DISPATCH = "dispatch"
    SETTLE = "settle"
    REMIND = "remind"
    REMIND_RECIPIENT = "remind_recipient"
    EXPIRE = "expire"
    INBOUND = "inbound"
    SEND_CODE = "send_code"
    SEND_NOTICE = "send_notice"
    RECHECK = "recheck"
    CONSENT_ANSWER = "consent_answer"
    DESK = "desk"
    ANSWER = "answer"
    """An answer by secure link: with no subject it is taken in, with a delivery as subject carried to the letter's sender."""


STEPS = {Direction.INBOUND: JobKind.INBOUND, Direction.ANSWER: JobKind.ANSWER}
"""Roads with a step of their own, which takes a message in and, with a delivery as its subject, hands that over."""


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed piece of work. `lease` is the number that settling must still find."""

    id: str
    kind: JobKind
    message_id: str
    subject_id: str
    """What the step works on beside the message: a delivery, a parcel or a notice; empty if nothing."""
    run_at: datetime
    tries: int
    lease: int
    lease_until: datetime
    excused: int = 0
    """How many of the tries were temporary failures, which make nothing STUCK."""


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One accepted message. `record` is the intake record, sealed to the epoch and signed by the door."""

    id: str
    direction: Direction
    state: MessageState
    state_since: datetime
    received_at: datetime
    size: int
    epoch: str
    object_id: str
    record: bytes = field(repr=False)
    scan: str = ""
    """JSON of kinds, counts, gap reasons and classes; never text or names."""
    held_for: str = ""
    deadline: datetime | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One recipient's copy. `recipient` and `target` are sealed columns; `mac` is the worker's MAC over the decision."""

    id: str
    message_id: str
    position: int
    recipient: bytes = field(repr=False)
    target: bytes = field(repr=False)
    action: Action
    method: Method | None
    rule: str
    reasons: tuple[str, ...]
    basis: Basis
    mac: bytes = field(repr=False)
    state: DeliveryState
    held_for: HoldReason | None = None
    open_text: OpenText = OpenText.NOTICE
    sensitive: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    outer_message_id: str = ""
    tries: int = 0
    next_at: datetime | None = None
    first_try_at: datetime | None = None
    expires_after: int = 0
    """Seconds a parcel lives; 0 means the configured default."""
    reply: str = ""
    """Code and enhanced status of the relay's last answer, never its text."""
    version: int = 1


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One attempt to relay one delivery under one lease."""

    id: str
    delivery_id: str
    number: int
    lease: int
    state: AttemptState
    at: datetime
    reply: str = ""


@dataclass(frozen=True, slots=True)
class ConfirmationRow:
    """What a copy that was sent as Direct still waits for; `due` None where it waits for nothing."""

    delivery_id: str
    message_id: str
    state: ConfirmationState
    at: datetime
    due: datetime | None
    dispatched_by: datetime


@dataclass(frozen=True, slots=True)
class Holder:
    """Who can open an object: `kind` is epoch, parcel, archive or session; `id` says which."""

    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class ObjectRow:
    """One sealed object. `commitment` binds salt and plaintext hash; `length` is of the plaintext, in bytes."""

    id: str
    message_id: str
    purpose: str
    part: str
    length: int
    commitment: bytes = field(repr=False)
    at: datetime


@dataclass(frozen=True, slots=True)
class ParcelRow:
    """One secure link. `lookup` is what the token's hash must meet; nothing here opens it."""

    id: str
    delivery_id: str
    message_id: str
    state: ParcelState
    lookup: bytes = field(repr=False)
    manifest_id: str
    created_at: datetime
    expires_at: datetime
    first_opened_at: datetime | None = None
    codes_sent: int = 0
    code_next_at: datetime | None = None
    failures: int = 0
    failure_until: datetime | None = None
    proof: str = "mailbox"
    """What proves the recipient: `mailbox` (address the practice verified), `phone`, or `staff`."""
    seal: bytes = field(default=b"", repr=False)
    """MAC by which the portal knows the decision for a worker's."""
    answered: int = 0
    """Bytes of all answers that were written through this link."""
    version: int = 1
