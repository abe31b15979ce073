"""Audit events: what happened, to which id, without personal data.

`data` holds ids, codes, counts and salted commitments only: what a person wrote as `reason` is `commitment:` and a hash,
its words are sealed beside the log (`flow.reasons`). A `mark` is a keyed hash over a decision's MAC.
`Event.message_id` is empty for events of the installation (start, policy loaded), and names the chain for others: the
patient's id for a patient's record and consents, `partners`, `certificates:` or `signer:` with the address's blind index.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Scalar = str | int | bool | None


class EventKind(StrEnum):
    """Every kind of row in the log, with the fields of its `data`; `docs/reference/events.md` is generated from it."""

    RECEIVED = "received"
    """A mail is durable and its sender got 250. `size` in bytes, `recipients` how many, `tls`."""
    REFUSED_AT_DOOR = "refused_at_door"
    """The door refused something to a sender who proved who they are: reply `code`, keyed hash of the `sender`, and
    `last_of_hour` where more of the hour are not written. What strangers are refused is counted, never written."""
    ASSESSED = "assessed"
    """A mail was read and judged: `phi`, `complete`, `kinds`, `classes`, `gaps`, `threats`,
    `virus_checked`, and the number of `patients`."""
    DECIDED = "decided"
    """Policy decided for one recipient: `action`, `method`, `rule`, `reasons`, `policy`, `held_for`, `redirected`, `mark`."""
    HELD = "held"
    """Copies of a mail wait: `for` which reasons, how many `copies`; by staff, one copy with their `reason` and its `mark`."""
    RELEASED = "released"
    """A person let a held copy go: `method`, what it `was` held for, `reason`, `mark`."""
    RENEWED = "renewed"
    """An open link was judged again on newer versions and stays open: `mark` of its decision."""
    REMINDED = "reminded"
    """Somebody was reminded: the sender that a mail still waits, or (`whom`) the recipient of a link nobody opened."""
    CONSENT_REQUESTED = "consent_requested"
    """A patient is asked for consent, at an address on record: `patient`, `request`, `warning` version."""
    STALE = "stale"
    """What a decision rested on has changed: `what`; or a link was closed over it: `why`, `had_been_opened`."""
    ATTEMPT = "attempt"
    """One try to relay one copy: `number`, `state`, the `form` in which it was sealed (algorithms); `was` and `duplicate_possible` for a try that a death left open."""
    DELIVERED = "delivered"
    """The next hop took a copy: `reply` code and status, `tls` version, `method`."""
    RETRY = "retry"
    """The next hop did not take a copy yet: `reply`, and when it is tried `next`."""
    FAILED = "failed"
    """A copy will not be delivered: `reply`, `method`."""
    UNSEALED = "unsealed"
    """A mail from outside is about to go inside: whether it was `decrypted` (`cipher`, `authentic`) or `why` not, its
    `signature`, `trust` in its signer and whether that is the `same` address as its author's; `apart` as a file."""
    BOUNCED = "bounced"
    """A report about a copy came back: its `action` and `status`."""
    REFUSED = "refused"
    """A copy or mail was ended without being sent: `for` which reason."""
    SIGNED_IN = "signed_in"
    """A person of the staff signed in to the review page: id of the `session`."""
    REVIEWED = "reviewed"
    """A person asked for `what` on the review page (`read`: the mail was shown to that session alone): `request`."""
    STUCK = "stuck"
    """A step fails for no reason that trying helps: `code`, `step`. A person must look."""
    DSN = "dsn"
    """A delivery report to the sender ended in `state`, with the relay's `reply`."""
    RECEIPT = "receipt"
    """Another mail of the gateway to sender or patient: `kind`, `state`, `reply`."""
    SETTLED = "settled"
    """A mail is done: every copy has ended."""
    ARCHIVED = "archived"
    """The archive's holders can open the `object`; nobody on a server can."""
    SHREDDED = "shredded"
    """The gateway's own keys to `what` were dropped."""
    PARCEL_SEALED = "parcel_sealed"
    """A secure link was made: `parcel`, how many `enclosed`, which `proof`, good `until`; `instead_of` which lost one."""
    CODE_SENT = "code_sent"
    """A one-time code was sent by `channel`, or read out by the staff member named as actor; `what` tells that it was a PDF's password."""
    CODE_REFUSED = "code_refused"
    """A one-time code was asked for and not sent: `channel`, `why`; or a PDF's password, `what`, was refused by the provider."""
    PARCEL_OPENED = "parcel_opened"
    """A recipient proved themselves and opened a link: `parcel`, whether the `first` time, `by` which channel, `failures` before."""
    PARCEL_DOWNLOAD = "parcel_download"
    """An attachment (`index`), or the letter, was downloaded from a `parcel`."""
    ANSWERED = "answered"
    """A recipient answered on a link's page: `parcel`, message id of the `answer`, how many `files`; or, in the answer's own
    story, the message that it is an answer `to`, and whether its `sender` or the `postmaster` gets it."""
    PARCEL_REVOKED = "parcel_revoked"
    """A link was closed before its time: `parcel`."""
    PARCEL_EXPIRED = "parcel_expired"
    """A link's time is over: `parcel`."""
    PARCEL_EXTENDED = "parcel_extended"
    """Staff let a link open for longer: `parcel`, `until`."""
    CONSENT_GIVEN = "consent_given"
    """A patient agreed: on the page (`request`, `warning`), or as a row of the register (`patient`, `seq`, `kind`)."""
    CONSENT_REFUSED = "consent_refused"
    """A patient said no; fields as for `consent_given`."""
    CONSENT_REVOKED = "consent_revoked"
    """A consent was taken back; fields as for `consent_given`."""
    REGISTER_CHANGED = "register_changed"
    """A patient or partner was added or changed: `what`, id, `version`."""
    POLICY_LOADED = "policy_loaded"
    """A worker goes by the policy of that `version` from now on."""
    CLOCK_JUMPED = "clock_jumped"
    """The system's clock jumped and is not believed yet: `ahead` by how many seconds, `state` doubted or over."""
    POLICY_REJECTED = "policy_rejected"
    """A policy file was wrong and was passed over; the old policy stays."""
    KEY_MADE = "key_made"
    """A private key was made: its `name`, or `what` it is; for an own mail key its id as `key`, `until` when its certificate
    is good (0 while one is asked for), `version` of that name's keys."""
    KEY_IMPORTED = "key_imported"
    """A certificate was taken for an own mail `key`, brought along or waiting: `until`, `version`."""
    KEY_RETIRED = "key_retired"
    """An own mail `key` signs no more and is kept for reading, since another one took its place: `version`."""
    KEY_REVOKED = "key_revoked"
    """An own mail `key` was revoked, with a code as `why`: it signs nothing any more. `version`."""
    EPOCH_OPENED = "epoch_opened"
    """A new key for mail in hand: `epoch`."""
    EPOCH_DESTROYED = "epoch_destroyed"
    """The private half of an `epoch` was destroyed: nothing live needed it."""
    INTEGRITY = "integrity"
    """ALERT: a seal, signature, MAC or commitment did not hold; nothing was sent or shown. `code` and `step`, or `parcel`, `object` and `where`."""
    BACKED_UP = "backed_up"
    """A sealed backup was made: its id as `backup`, whether with the `shelf`."""
    RESTORED = "restored"
    """This database came out of a `backup`; so many `rows` of the journal were put back, `held` mails wait and `lost` ones are gone."""
    QUARANTINE_ENDED = "quarantine_ended"
    """A person confirmed the restored system: `reason`. Doors and parcels open again."""
    STARTED = "started"
    """A role began its work: `role`, `version` of the program, `config` as the SHA-256 of its file."""
    STOPPED = "stopped"
    """A role ended its work, as it was told to: `role`."""
    LOG_ACCEPTED = "log_accepted"
    """A person accepted a log of that `size` as the one from now on, though heads outside told of more: `reason`."""
    ARCHIVE_OPENED = "archive_opened"
    """Somebody opened an archived mail with the offline key."""
    FORGOTTEN = "forgotten"
    """A settled mail's addresses, decisions, links and notices were deleted; this log and the archive stay."""
    ARCHIVE_ENDED = "archive_ended"
    """An archived mail met its end: the archive's keys to the `object` were dropped."""
    LEGAL_HOLD = "legal_hold"
    """Something must be kept until a person says otherwise: `hold`, `on` a message or a patient, its `subject`, `reason`."""
    LEGAL_HOLD_ENDED = "legal_hold_ended"
    """A person ended a legal `hold`: `on`, `subject`, `reason`."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event, to be written in the same transaction as the change that it tells of."""

    kind: EventKind
    message_id: str = ""
    delivery_id: str = ""
    actor: str = ""
    data: Mapping[str, Scalar] = field(default_factory=dict)
