"""One transition table per state machine. A change that a table lacks is an error, never a shrug."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from gateway.domain.errors import IllegalTransition


class MessageState(StrEnum):
    """Life of an accepted message."""

    RECEIVED = "received"
    ASSESSED = "assessed"
    HELD = "held"
    STUCK = "stuck"
    REFUSED = "refused"
    SETTLED = "settled"
    FORGOTTEN = "forgotten"


class DeliveryState(StrEnum):
    """Life of one recipient's copy."""

    READY = "ready"
    HELD = "held"
    SENDING = "sending"
    RETRY = "retry"
    DELIVERED = "delivered"
    FAILED = "failed"
    REFUSED = "refused"
    SUPERSEDED = "superseded"


class AttemptState(StrEnum):
    """Life of one attempt to relay, docs/security-model.md 'At least once'."""

    CLAIMED = "claimed"
    SENDING = "sending"
    IN_DOUBT = "in_doubt"
    DELIVERED = "delivered"
    RETRY = "retry"
    FAILED = "failed"
    ABANDONED = "abandoned"


class ParcelState(StrEnum):
    """Life of a secure link."""

    SEALED = "sealed"
    OPENED = "opened"
    REVOKED = "revoked"
    EXPIRED = "expired"
    CLOSED = "closed"


class ConfirmationState(StrEnum):
    """What the recipient's system has said of a copy that was sent as Direct, after the next hop took it."""

    AWAITED = "awaited"
    PROCESSED = "processed"
    """It has decrypted the mail and checked who signed it."""
    DISPATCHED = "dispatched"
    """The mail has reached its destination."""
    OVERDUE = "overdue"
    """Its time was over before it said so; the sender was told. It may still come."""
    FAILED = "failed"


MESSAGE: Mapping[MessageState, frozenset[MessageState]] = {
    MessageState.RECEIVED: frozenset({MessageState.ASSESSED, MessageState.HELD, MessageState.STUCK, MessageState.REFUSED}),
    MessageState.ASSESSED: frozenset({MessageState.SETTLED, MessageState.STUCK, MessageState.HELD, MessageState.REFUSED}),
    MessageState.HELD: frozenset({MessageState.RECEIVED, MessageState.ASSESSED, MessageState.REFUSED, MessageState.STUCK, MessageState.SETTLED}),
    MessageState.STUCK: frozenset({MessageState.RECEIVED, MessageState.REFUSED, MessageState.SETTLED}),
    MessageState.REFUSED: frozenset({MessageState.SETTLED}),
    MessageState.SETTLED: frozenset({MessageState.FORGOTTEN}),
    MessageState.FORGOTTEN: frozenset(),
}  # fmt: skip

DELIVERY: Mapping[DeliveryState, frozenset[DeliveryState]] = {
    DeliveryState.READY: frozenset({DeliveryState.SENDING, DeliveryState.HELD, DeliveryState.REFUSED, DeliveryState.FAILED, DeliveryState.SUPERSEDED}),
    DeliveryState.HELD: frozenset({DeliveryState.READY, DeliveryState.REFUSED, DeliveryState.SUPERSEDED}),
    DeliveryState.SENDING: frozenset({DeliveryState.SENDING, DeliveryState.RETRY, DeliveryState.DELIVERED, DeliveryState.FAILED, DeliveryState.HELD}),
    DeliveryState.RETRY: frozenset({DeliveryState.SENDING, DeliveryState.FAILED, DeliveryState.HELD, DeliveryState.REFUSED, DeliveryState.SUPERSEDED}),
    DeliveryState.DELIVERED: frozenset({DeliveryState.FAILED}),
    DeliveryState.FAILED: frozenset(),
    DeliveryState.REFUSED: frozenset(),
    DeliveryState.SUPERSEDED: frozenset(),
}  # fmt: skip

ATTEMPT: Mapping[AttemptState, frozenset[AttemptState]] = {
    AttemptState.CLAIMED: frozenset({AttemptState.SENDING, AttemptState.ABANDONED}),
    AttemptState.SENDING: frozenset({AttemptState.IN_DOUBT, AttemptState.RETRY, AttemptState.FAILED, AttemptState.ABANDONED}),
    AttemptState.IN_DOUBT: frozenset({AttemptState.DELIVERED, AttemptState.RETRY, AttemptState.FAILED, AttemptState.ABANDONED}),
    AttemptState.DELIVERED: frozenset(),
    AttemptState.RETRY: frozenset(),
    AttemptState.FAILED: frozenset(),
    AttemptState.ABANDONED: frozenset(),
}  # fmt: skip

PARCEL: Mapping[ParcelState, frozenset[ParcelState]] = {
    ParcelState.SEALED: frozenset({ParcelState.OPENED, ParcelState.REVOKED, ParcelState.EXPIRED, ParcelState.CLOSED}),
    ParcelState.OPENED: frozenset({ParcelState.REVOKED, ParcelState.EXPIRED, ParcelState.CLOSED}),
    ParcelState.REVOKED: frozenset(),
    ParcelState.EXPIRED: frozenset(),
    ParcelState.CLOSED: frozenset(),
}  # fmt: skip

CONFIRMATION: Mapping[ConfirmationState, frozenset[ConfirmationState]] = {
    ConfirmationState.AWAITED: frozenset({ConfirmationState.PROCESSED, ConfirmationState.DISPATCHED, ConfirmationState.OVERDUE, ConfirmationState.FAILED}),
    ConfirmationState.PROCESSED: frozenset({ConfirmationState.DISPATCHED, ConfirmationState.OVERDUE, ConfirmationState.FAILED}),
    ConfirmationState.OVERDUE: frozenset({ConfirmationState.PROCESSED, ConfirmationState.DISPATCHED, ConfirmationState.FAILED}),
    ConfirmationState.DISPATCHED: frozenset(),
    ConfirmationState.FAILED: frozenset(),
}  # fmt: skip

FINAL_DELIVERY = frozenset(
    {DeliveryState.DELIVERED, DeliveryState.FAILED, DeliveryState.REFUSED, DeliveryState.SUPERSEDED}
)

S = TypeVar("S", bound=StrEnum)


def step(table: Mapping[S, frozenset[S]], now: S, then: S) -> S:
    """Return `then` if the table allows the change from `now`; raise IllegalTransition otherwise."""
    if then not in table[now]:
        raise IllegalTransition(f"{now.value} -> {then.value}")
    return then
