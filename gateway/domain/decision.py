"""Decisions per recipient: what policy chose, by which rule, resting on which versions."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from gateway.domain.address import Address
from gateway.domain.finding import SensitiveClass


class Action(StrEnum):
    """What becomes of one recipient's copy."""

    DELIVER = "deliver"
    HOLD = "hold"
    REFUSE = "refuse"


class Method(StrEnum):
    """How a copy travels."""

    PASS = "pass"  # noqa: S105 - a delivery method, not a password
    REDACT = "redact"
    TLS = "tls"
    SMIME = "smime"
    OPENPGP = "openpgp"
    LINK = "link"
    PDF = "pdf"

    @property
    def protects(self) -> bool:
        """Whether the content is unreadable to everyone but the recipient."""
        return self in {Method.SMIME, Method.OPENPGP, Method.LINK, Method.PDF}

    @property
    def keeps_bytes(self) -> bool:
        """Whether the sender's own bytes travel."""
        return self in {Method.PASS, Method.TLS}


class OpenText(StrEnum):
    """What the open part of a link mail shows."""

    LETTER = "letter"
    """The strictly redacted letter."""
    NOTICE = "notice"
    """The neutral notice."""


class HoldReason(StrEnum):
    """Why a copy waits. Each has a greatest age and a sentence."""

    CONSENT = "consent"
    PATIENT_NOT_RECIPIENT = "patient_not_recipient"
    NO_PATIENT = "no_patient"
    AUTHORIZATION = "authorization"
    RESTRICTION = "restriction"
    SENSITIVE = "sensitive"
    BAA_LAPSED = "baa_lapsed"
    PURPOSE = "purpose"
    NO_METHOD = "no_method"
    RULE = "rule"
    INTEGRITY = "integrity"
    INCOMPLETE = "incomplete"
    THREAT = "threat"
    UNSCANNED = "unscanned"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Basis:
    """The versions that a decision rested on; dispatch re-reads each under lock (docs/security-model.md).

    `patients` maps a patient id to its record version, `consents` to the highest consent seq, `partner` is (id, version),
    `key` the fingerprint of the recipient's key, `policy` the policy's hash; `day` is the practice's calendar day, because
    consents, proxies and agreements begin and end by date without a new version.
    """

    policy: str
    patients: tuple[tuple[str, int], ...] = ()
    consents: tuple[tuple[str, int], ...] = ()
    partner: tuple[str, int] | None = None
    key: str = ""
    day: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What policy decided for one recipient. `target` is where it goes, which may differ from the recipient written
    (confidential communications). Reasons are codes (`phi.mrn`, `consent.email.encrypted`), never text of the mail.
    """

    recipient: Address
    target: Address
    action: Action
    method: Method | None
    rule: str
    reasons: tuple[str, ...]
    basis: Basis
    held_for: HoldReason | None = None
    sensitive: tuple[SensitiveClass, ...] = ()
    open_text: OpenText = OpenText.NOTICE
    notices: tuple[str, ...] = field(default=())
    """Statements that must travel with the copy in any method (42 CFR 2.32)."""
