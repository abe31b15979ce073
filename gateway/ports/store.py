"""Port: the database. A change and its audit row commit together in one unit of work.

Every method raises StoreUnavailable when the database cannot be reached or written; nothing was promised then.
Rows are values of `domain.records`; personal fields in them are sealed bytes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from gateway.domain.audit import Event, EventKind
from gateway.domain.decision import Basis
from gateway.domain.records import (
    AttemptRow,
    DeliveryRow,
    Holder,
    Job,
    JobKind,
    MessageRow,
    ObjectRow,
    ParcelRow,
)
from gateway.domain.register_rows import (
    CodeRow,
    ConsentRequestRow,
    ConsentRow,
    EpochRow,
    NoticeRow,
    OwnKeyRow,
    PartnerRow,
    PatientIndex,
    PatientRow,
    RecipientKeyRow,
    SessionRow,
)
from gateway.domain.states import AttemptState, DeliveryState, MessageState, ParcelState
from gateway.ports.confirmations import Confirmations
from gateway.ports.desk import Desk
from gateway.ports.retention import Retention


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One row of the log. `number` counts within its message from 1; `leaf` is dense and given by the folder."""

    seq: int
    leaf: int | None
    message_id: str
    number: int
    at: datetime
    event: Event
    previous: bytes = field(repr=False)
    """Hash of the message's row before this one, zeros for the first."""
    hash: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class HeadRow:
    """A signed Merkle head over leaves 0 to size-1, RFC 9162 2.1."""

    size: int
    root: bytes
    at: datetime
    signature: bytes


@dataclass(frozen=True, slots=True)
class ChainRow:
    """What the log says of one message's chain: how many rows it has and the hash of the last, so a cut tail shows."""

    message_id: str
    count: int
    last: bytes = field(repr=False)


class Messages(Protocol):
    """Accepted messages."""

    def add(self, row: MessageRow) -> None: ...
    def get(self, message_id: str, *, lock: bool = False) -> MessageRow | None: ...
    def move(
        self,
        message_id: str,
        to: MessageState,
        at: datetime,
        *,
        held_for: str = "",
        deadline: datetime | None = None,
    ) -> None:
        """Change state by the transition table; IllegalTransition otherwise. Rises `version`."""
        ...

    def set_scan(self, message_id: str, scan: str) -> None: ...
    def set_sender(self, message_id: str, sender: bytes) -> None:
        """Sealed column: address and Message-ID of the sender, for DSN and receipts."""
        ...

    def sender(self, message_id: str) -> bytes: ...
    def reseal(self, message_id: str, epoch: str, record: bytes) -> None:
        """Replace the intake record by one sealed to another epoch; empty bytes when shredded."""
        ...

    def listed(self, states: Collection[MessageState], limit: int = 1000, after: str = "") -> list[MessageRow]: ...
    def in_epoch(self, epoch: str, limit: int = 1000) -> list[MessageRow]: ...
    def bytes_in_hand(self, sender_tag: bytes = b"") -> int:
        """Sum of sizes of messages that are not SETTLED, REFUSED or FORGOTTEN, of all senders or of one."""
        ...

    def held_count(self, sender_tag: bytes) -> int:
        """How many messages of that sender (a tag that the door made) are HELD."""
        ...

    def fullest(self) -> tuple[int, int]:
        """The bytes in hand, and the HELD messages, of the sender that has most of each."""
        ...

    def set_sender_tag(self, message_id: str, sender_tag: bytes) -> None: ...


class Deliveries(Protocol):
    """One row a recipient."""

    def add(self, row: DeliveryRow) -> None: ...
    def get(self, delivery_id: str, *, lock: bool = False) -> DeliveryRow | None: ...
    def of_message(self, message_id: str, *, lock: bool = False) -> list[DeliveryRow]:
        """All copies of a message; `lock` keeps their rows as they are until the transaction ends."""
        ...

    def move(
        self,
        delivery_id: str,
        to: DeliveryState,
        *,
        next_at: datetime | None = None,
        reply: str | None = None,
        first_try_at: datetime | None = None,
        tried: bool = False,
    ) -> None:
        """Change state by the table; `tried` adds one to `tries`. Rises `version`."""
        ...

    def redecide(self, row: DeliveryRow) -> None:
        """Replace the decision fields (action to notices, basis, mac) of a delivery that is not final."""
        ...

    def rebase(self, delivery_id: str, basis: Basis, mac: bytes) -> None:
        """Replace only the versions that the decision rests on, and its MAC."""
        ...

    def by_outer_id(self, outer_message_id: str) -> DeliveryRow | None: ...


class Attempts(Protocol):
    """Tries to relay."""

    def add(self, row: AttemptRow) -> None: ...
    def move(self, attempt_id: str, to: AttemptState, at: datetime, reply: str = "") -> None: ...
    def of_delivery(self, delivery_id: str) -> list[AttemptRow]: ...


class Jobs(Protocol):
    """The queue: a table with leases."""

    def add(self, kind: JobKind, message_id: str, subject_id: str, run_at: datetime) -> str:
        """Queue one job; one that is queued already for the same kind and subject is kept, with the earlier time.
        Returns its id.
        """
        ...

    def claim(self, kinds: Collection[JobKind], now: datetime, lease: float, limit: int = 1) -> list[Job]:
        """Lease due jobs (or those whose lease ran out) for `lease` seconds; each claim gets a new lease number."""
        ...

    def holds(self, job: Job) -> bool:
        """Whether the lease number is still this job's; locks the row."""
        ...

    def finish(self, job: Job) -> None:
        """Remove it; LeaseLost when somebody else holds it."""
        ...

    def again(self, job: Job, run_at: datetime, *, counts: bool = True, excused: bool = False) -> None:
        """Give the lease back and run later; `tries` rises if it `counts`, `excused` if the failure was temporary.
        LeaseLost when somebody else holds it.
        """
        ...

    def pull_in(self, kinds: Collection[JobKind], latest: datetime, to: datetime) -> int:
        """Move jobs that are due after `latest` to `to`; how many."""
        ...

    def shorten(self, latest: datetime, to: datetime) -> int:
        """Move leases that end after `latest` to `to`; how many."""
        ...

    def drop(self, kind: JobKind, subject_id: str) -> None: ...
    def clear(self) -> None:
        """Remove every job, whoever holds it: after a restore each is asked for anew."""
        ...

    def pending(self) -> dict[str, int]:
        """How many jobs wait, by kind, for the metrics."""
        ...


class Objects(Protocol):
    """Sealed objects, the wraps of their data keys, and link secrets."""

    def add(self, row: ObjectRow) -> None:
        """Claim the object's name; PermanentError if the sweeper won it."""
        ...

    def get(self, object_id: str) -> ObjectRow | None: ...
    def of_message(self, message_id: str) -> list[ObjectRow]: ...
    def add_wrap(self, object_id: str, holder: Holder, sealed: bytes) -> None: ...
    def wrap(self, object_id: str, holder: Holder) -> bytes | None: ...
    def wraps(self, object_id: str) -> list[tuple[Holder, bytes]]: ...
    def move_wrap(self, object_id: str, old: Holder, new: Holder, sealed: bytes) -> bool:
        """Replace a holder's wrap by another holder's; False, and nothing happens, when the old one is forgotten by now."""
        ...

    def drop_wraps(self, holder: Holder, object_ids: Sequence[str] | None = None) -> None:
        """Forget the holder's wraps, of all objects or of those named."""
        ...

    def drop_kind(self, kind: str, object_ids: Sequence[str]) -> None:
        """Forget every wrap of that kind of holder for those objects."""
        ...

    def held_by(self, holder: Holder, limit: int = 1000) -> list[str]: ...
    def unwrapped(self, after: str = "", window: int = 2000) -> tuple[list[str], str]:
        """Of the next `window` objects after that one, those that nobody can open any more: their blobs may go. And the last
        one that was looked at, empty when there was none.
        """
        ...

    def unwrapped_of(self, message_id: str) -> list[str]:
        """The same of one message's objects."""
        ...

    def forget(self, object_id: str) -> None:
        """Remove the row of an object whose blob is gone."""
        ...

    def sweep(self, object_id: str) -> bool:
        """Try to win an orphaned blob's name; True: no row has it or ever will, delete the blob."""
        ...

    def put_secret(self, delivery_id: str, epoch: str, sealed: bytes) -> None:
        """The link secret of a delivery, sealed to the epoch; replaces."""
        ...

    def move_secret(self, delivery_id: str, old: str, new: str, sealed: bytes) -> bool:
        """The same secret, sealed to another epoch; False, and nothing happens, when it is forgotten by now."""
        ...

    def secret(self, delivery_id: str) -> tuple[str, bytes] | None: ...
    def drop_secret(self, delivery_id: str) -> None: ...
    def secrets_in_epoch(self, epoch: str, limit: int = 1000) -> list[tuple[str, bytes]]: ...


class Parcels(Protocol):
    """Secure links, their codes and sessions, and counters against guessing."""

    def add(self, row: ParcelRow) -> None: ...
    def get(self, parcel_id: str, *, lock: bool = False) -> ParcelRow | None: ...
    def by_lookup(self, lookup: bytes) -> ParcelRow | None: ...
    def of_delivery(self, delivery_id: str) -> ParcelRow | None: ...
    def listed(self, states: Collection[ParcelState], limit: int = 1000, after: str = "") -> list[ParcelRow]: ...
    def resting_on(self, patient_id: str) -> list[ParcelRow]:
        """Links that open and whose decision may rest on that patient: none that does is left out."""
        ...

    def move(self, parcel_id: str, to: ParcelState, at: datetime) -> None:
        """Change state by the table; OPENED sets `first_opened_at`."""
        ...

    def set_expiry(self, parcel_id: str, expires_at: datetime) -> None: ...
    def set_seal(self, parcel_id: str, seal: bytes) -> None:
        """Replace the MAC by which the portal knows that a worker decided this."""
        ...

    def throttle(
        self,
        parcel_id: str,
        *,
        codes_sent: int | None = None,
        code_next_at: datetime | None = None,
        failures: int | None = None,
        failure_until: datetime | None = None,
    ) -> None: ...
    def count_answer(self, parcel_id: str, size: int) -> None:
        """Add the bytes of an answer to what came through that link."""
        ...

    def expired(self, now: datetime, limit: int = 1000) -> list[ParcelRow]:
        """SEALED or OPENED parcels past their time."""
        ...

    def put_code(self, row: CodeRow) -> None:
        """The live code of a parcel or consent request; replaces the one before."""
        ...

    def code(self, subject_id: str, *, lock: bool = False) -> CodeRow | None: ...
    def count_code_try(self, subject_id: str) -> None: ...
    def drop_code(self, subject_id: str) -> None: ...
    def add_session(self, row: SessionRow) -> None: ...
    def session(self, session_id: bytes) -> SessionRow | None: ...
    def touch_session(self, session_id: bytes, idle_until: datetime) -> None: ...
    def drop_session(self, session_id: bytes) -> None: ...
    def drop_sessions(self, *, parcel_id: str = "", before: datetime | None = None) -> None:
        """Forget the sessions of a parcel, or all that ended before that time."""
        ...

    def hits(self, network: bytes, action: str, since: datetime) -> int:
        """How often that (keyed hash of a) network did that since then."""
        ...

    def hit(self, network: bytes, action: str, at: datetime) -> None: ...


class Register(Protocol):
    """Patients, partners, the consent log, consent requests and certificates."""

    def version(self, *, lock: bool = False) -> int:
        """Rises with every change of patients, partners or consents; `lock` keeps anybody from changing one until the
        transaction ends.
        """
        ...

    def alone(self) -> None:
        """Stand in line with everybody else who changes the register, before any row of it is locked."""
        ...

    def put_patient(self, row: PatientRow, indexes: Sequence[PatientIndex]) -> None:
        """Add or replace; `row.version` must be one above the present one (1 when new), else PermanentError."""
        ...

    def patient(self, patient_id: str, *, lock: bool = False) -> PatientRow | None: ...
    def patients(self, after: str = "", limit: int = 1000) -> list[PatientRow]: ...
    def find_patients(self, index: PatientIndex) -> list[PatientRow]:
        """Patients with that blind index (its `patient_id` is ignored)."""
        ...

    def put_partner(self, row: PartnerRow) -> None: ...
    def partner(self, partner_id: str) -> PartnerRow | None: ...
    def partners(self) -> list[PartnerRow]: ...
    def append_consent(self, row: ConsentRow) -> int:
        """Add to the log with the next seq of that patient (`row.seq` is ignored); returns the seq."""
        ...

    def consents(self, patient_id: str) -> list[ConsentRow]: ...
    def consent_version(self, patient_id: str, *, lock: bool = False) -> int:
        """The highest seq of that patient, 0 for none."""
        ...

    def put_request(self, row: ConsentRequestRow) -> None:
        """Add or replace a consent request."""
        ...

    def request(self, request_id: str, *, lock: bool = False) -> ConsentRequestRow | None: ...
    def request_by_lookup(self, lookup: bytes) -> ConsentRequestRow | None: ...
    def requests_of(self, message_id: str) -> list[ConsentRequestRow]: ...
    def put_own_keys(self, row: OwnKeyRow) -> None: ...
    def own_keys(self, tag: bytes) -> OwnKeyRow | None: ...
    def all_own_keys(self) -> list[OwnKeyRow]: ...
    def put_recipient_key(self, row: RecipientKeyRow) -> None: ...
    def recipient_keys(self, tag: bytes | None = None) -> list[RecipientKeyRow]: ...
    def drop_recipient_key(self, fingerprint: str) -> bool: ...


class Notices(Protocol):
    """Mails that the gateway writes itself."""

    def add(self, row: NoticeRow) -> None: ...
    def get(self, notice_id: str) -> NoticeRow | None: ...
    def of_message(self, message_id: str) -> list[NoticeRow]: ...
    def in_state(self, state: str, limit: int = 1000, after: str = "") -> list[NoticeRow]:
        """Notices in that state, by id, from the one after `after`."""
        ...

    def finish(self, notice_id: str, state: str, reply: str) -> None: ...


class Epochs(Protocol):
    """The calendar of epoch keys and who has confirmed them."""

    def add(self, row: EpochRow) -> None: ...
    def get(self, epoch: str) -> EpochRow | None: ...
    def all(self) -> list[EpochRow]: ...
    def keeps(self, epoch: str, state: str) -> bool:
        """Whether it is in that state, and stays in it until the transaction ends."""
        ...

    def move(self, epoch: str, state: str) -> None: ...
    def seen(self, worker: str, at: datetime) -> None: ...
    def workers(self, since: datetime) -> list[str]: ...
    def forget_worker(self, worker: str) -> None: ...
    def confirm(self, epoch: str, worker: str) -> None: ...
    def confirmed(self, epoch: str) -> list[str]: ...
    def in_use(self, epoch: str) -> bool:
        """Whether any wrap, intake record, link secret or consent request still needs its private half."""
        ...


class AuditLog(Protocol):
    """The log; tamper-evident by chains per message and signed Merkle heads."""

    def append(self, event: Event, at: datetime) -> None:
        """Add a row, chained to its message's last one."""
        ...

    def of_message(self, message_id: str, after: int = 0) -> list[AuditRow]:
        """The message's rows in order, from the number after `after`."""
        ...

    def chains(self, after: str | None = None, limit: int = 1000) -> list[ChainRow]:
        """Chains by message id, those after `after`; the installation's own events form the chain ''."""
        ...

    def of_kind(self, kind: EventKind, after_seq: int = 0, limit: int = 1000) -> list[AuditRow]:
        """Rows of one kind, from the one after `after_seq`; quick for REGISTER_CHANGED only, which has an index."""
        ...

    def keep_words(self, name: str, sealed: bytes) -> None:
        """Keep the sealed words that a row's commitment of that name stands for."""
        ...

    def words(self, name: str) -> bytes | None:
        """The sealed words of that name."""
        ...

    def rows(self, after_seq: int = 0, limit: int = 1000) -> list[AuditRow]: ...
    def leaves(self, start: int, limit: int = 10000) -> list[AuditRow]:
        """Rows by leaf number from `start`."""
        ...

    def fold(self, limit: int = 1000) -> list[AuditRow]:
        """Give dense leaf numbers to rows that have none, whatever their seq; returns them in leaf order."""
        ...

    def size(self) -> int:
        """How many leaves there are."""
        ...

    def put_back(self, row: AuditRow) -> bool:
        """After a restore: a row that the journal kept, with its leaf number if it has one. False: the log has it already.
        IntegrityError when another row stands in its place, or when it does not follow on its chain's last one.
        """
        ...

    def add_head(self, row: HeadRow) -> None: ...
    def heads(self, limit: int = 1000, before: int | None = None) -> list[HeadRow]:
        """Latest first; only those smaller than `before` leaves, if given."""
        ...


class UnitOfWork(Protocol):
    """One transaction over all tables. Leaving the `with` commits; an exception rolls back."""

    messages: Messages
    deliveries: Deliveries
    attempts: Attempts
    jobs: Jobs
    objects: Objects
    parcels: Parcels
    register: Register
    notices: Notices
    epochs: Epochs
    audit: AuditLog
    retention: Retention
    desk: Desk
    confirmations: Confirmations

    def setting(self, name: str) -> str:
        """A value of the installation's own small table (`quarantine`, `fold_lease`), empty if unset."""
        ...

    def set_setting(self, name: str, value: str) -> None: ...


class Store(Protocol):
    """The database."""

    def begin(self) -> AbstractContextManager[UnitOfWork]:
        """A write transaction (BEGIN IMMEDIATE on SQLite). Thread-safe: each thread its own."""
        ...

    def after_shredding(self) -> None:
        """Make deletions unreadable: on SQLite a TRUNCATE checkpoint of the WAL."""
        ...

    def problems(self) -> tuple[str, ...]:
        """Settings of the server under which an accepted message may be lost (fsync=off, synchronous_commit=off): refused."""
        ...

    def warnings(self) -> tuple[str, ...]:
        """What else weakens promise 1, for a person to know: a fail-over without a synchronous standby, a file that others read."""
        ...

    def close(self) -> None: ...
