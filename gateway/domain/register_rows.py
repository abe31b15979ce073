"""Rows of the register, the portal and the key calendar as frozen values; personal fields are sealed bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PatientRow:
    """One patient: the whole record as one sealed column, and the version that decisions record."""

    id: str
    version: int
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class PatientIndex:
    """A blind index: `kind` is email, proxy_email, phone or mrn; `tag` an HMAC under that column's index key."""

    kind: str
    tag: bytes = field(repr=False)
    patient_id: str = ""


@dataclass(frozen=True, slots=True)
class PartnerRow:
    """One partner, sealed whole."""

    id: str
    version: int
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """One event of the consent log. `type` and `kind` are ConsentEventType and ConsentKind values; the rest is sealed."""

    patient_id: str
    seq: int
    type: str
    kind: str
    at: datetime
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ConsentRequestRow:
    """A page on which a patient answers yes or no. `secret` is the link's token sealed to `epoch`, until sent.

    `state` is new, sent, answered_yes, answered_no, closed; `address` a sealed column.
    """

    id: str
    message_id: str
    patient_id: str
    state: str
    lookup: bytes = field(repr=False)
    epoch: str
    secret: bytes = field(repr=False)
    address: bytes = field(repr=False)
    warning_version: str
    created_at: datetime
    expires_at: datetime
    codes_sent: int = 0
    code_next_at: datetime | None = None
    failures: int = 0
    failure_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class CodeRow:
    """The live one-time code of a parcel or consent request: a salted hash, its end and its wrong tries."""

    subject_id: str
    salt: bytes = field(repr=False)
    digest: bytes = field(repr=False)
    expires_at: datetime
    tries: int = 0
    channel: str = "mailbox"


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A browser that proved itself. `id` is a hash of the cookie's secret, `sealed` the parcel's kek under that secret."""

    id: bytes = field(repr=False)
    parcel_id: str
    sealed: bytes = field(repr=False)
    expires_at: datetime
    idle_until: datetime


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """A mail that the gateway writes itself (receipt, DSN, consent request, reminder, code). Rendered only when sent.

    `kind` names the template; `to` is a sealed column; `data` JSON of codes and times; `state` new, sent, failed, dropped,
    or held by a restore.
    """

    id: str
    kind: str
    message_id: str
    subject_id: str
    to: bytes = field(repr=False)
    data: str
    created_at: datetime
    state: str = "new"
    reply: str = ""


@dataclass(frozen=True, slots=True)
class EpochRow:
    """A period of keys for mail in hand. `state`: new, advertised, retired, destroyed; `public` is signed by a worker."""

    id: str
    public: bytes = field(repr=False)
    created_at: datetime
    ends_at: datetime
    signature: bytes = field(repr=False)
    state: str = "new"


@dataclass(frozen=True, slots=True)
class OwnKeyRow:
    """All S/MIME keys of one of the practice's own addresses or domains, with their certificates, as one sealed column.

    `tag` is the blind index of the name; `version` rises with every change, and the log tells it.
    """

    tag: bytes = field(repr=False)
    version: int
    sealed: bytes = field(repr=False)


RECIPIENT_KEY = "recipient_key"
"""The kind of blind index that finds an address's certificates."""
RECIPIENT_OPENPGP = "recipient_openpgp"
"""The kind that finds its OpenPGP keys."""
RECIPIENT_HARVEST = "recipient_harvest"
"""The same for those out of signed mail."""


@dataclass(frozen=True, slots=True)
class RecipientKeyRow:
    """A recipient's certificate or OpenPGP key, sealed to tag and version; `tag` blind index of the address, `fingerprint`
    hex SHA-256 of the DER, or the key's own. `version` rises with every import and removal.
    """

    fingerprint: str
    tag: bytes = field(repr=False)
    certificate: bytes = field(repr=False)
    source: str
    added_at: datetime
    version: int = 1
