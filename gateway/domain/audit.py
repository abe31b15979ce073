"""Audit events: what happened, to which id, without personal data.

`data` holds ids, codes, counts and salted commitments only. `Event.message_id` is empty for events of the
installation (start, policy loaded, key made).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Scalar = str | int | bool | None


class EventKind(StrEnum):
    """Every kind of row in the log; `docs/reference/events.md` is generated from it."""

    RECEIVED = "received"
    REFUSED_AT_DOOR = "refused_at_door"
    ASSESSED = "assessed"
    DECIDED = "decided"
    HELD = "held"
    RELEASED = "released"
    REMINDED = "reminded"
    CONSENT_REQUESTED = "consent_requested"
    STALE = "stale"
    ATTEMPT = "attempt"
    DELIVERED = "delivered"
    RETRY = "retry"
    FAILED = "failed"
    BOUNCED = "bounced"
    REFUSED = "refused"
    STUCK = "stuck"
    DSN = "dsn"
    RECEIPT = "receipt"
    SETTLED = "settled"
    ARCHIVED = "archived"
    SHREDDED = "shredded"
    PARCEL_SEALED = "parcel_sealed"
    CODE_SENT = "code_sent"
    CODE_REFUSED = "code_refused"
    PARCEL_OPENED = "parcel_opened"
    PARCEL_DOWNLOAD = "parcel_download"
    PARCEL_REVOKED = "parcel_revoked"
    PARCEL_EXPIRED = "parcel_expired"
    CONSENT_GIVEN = "consent_given"
    CONSENT_REFUSED = "consent_refused"
    CONSENT_REVOKED = "consent_revoked"
    REGISTER_CHANGED = "register_changed"
    POLICY_LOADED = "policy_loaded"
    POLICY_REJECTED = "policy_rejected"
    KEY_MADE = "key_made"
    EPOCH_OPENED = "epoch_opened"
    EPOCH_DESTROYED = "epoch_destroyed"
    INTEGRITY = "integrity"
    STARTED = "started"
    STOPPED = "stopped"
    ARCHIVE_OPENED = "archive_opened"


@dataclass(frozen=True, slots=True)
class Event:
    """One event, to be written in the same transaction as the change that it tells of."""

    kind: EventKind
    message_id: str = ""
    delivery_id: str = ""
    actor: str = ""
    data: Mapping[str, Scalar] = field(default_factory=dict)
