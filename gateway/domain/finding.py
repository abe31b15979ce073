"""What the detector reports: findings and gaps, with kind and place, never the text itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from gateway.domain.threat import Threat


class Kind(StrEnum):
    """Kinds of findings, as `sealgate scan --json` names them."""

    NAME = "name"
    LOCATION = "location"
    DATE = "date"
    AGE = "age"
    PHONE = "phone"
    FAX = "fax"
    EMAIL = "email"
    SSN = "ssn"
    MRN = "mrn"
    HEALTH_PLAN = "health_plan"
    ACCOUNT = "account"
    LICENSE = "license"
    VEHICLE = "vehicle"
    DEVICE = "device"
    URL = "url"
    IP = "ip"
    BIOMETRIC = "biometric"
    PHOTO = "photo"
    OTHER_ID = "other_id"
    HEALTH_TERM = "health_term"
    PAYMENT_CARD = "payment_card"
    ORGANIZATION = "organization"

    @property
    def letter(self) -> str | None:
        """The Safe Harbor letter, 45 CFR 164.514(b)(2)(i)(A)-(R), or None."""
        return _LETTERS.get(self)

    @property
    def identifies(self) -> bool:
        """Whether a finding of this kind is an identifier of a person."""
        return self in _LETTERS or self is Kind.PAYMENT_CARD


_LETTERS: dict[Kind, str] = {
    Kind.NAME: "A", Kind.LOCATION: "B", Kind.DATE: "C", Kind.AGE: "C", Kind.PHONE: "D", Kind.FAX: "E",
    Kind.EMAIL: "F", Kind.SSN: "G", Kind.MRN: "H", Kind.HEALTH_PLAN: "I", Kind.ACCOUNT: "J", Kind.LICENSE: "K",
    Kind.VEHICLE: "L", Kind.DEVICE: "M", Kind.URL: "N", Kind.IP: "O", Kind.BIOMETRIC: "P", Kind.PHOTO: "Q",
    Kind.OTHER_ID: "R",
}  # fmt: skip


class Mode(StrEnum):
    """How the detector weighs doubt: `strict` reports more, and is wrong more often."""

    BALANCED = "balanced"
    STRICT = "strict"


class SensitiveClass(StrEnum):
    """Classes of information that law treats more strictly than the rest."""

    SUBSTANCE_USE = "substance_use"
    PSYCHOTHERAPY = "psychotherapy"
    MENTAL_HEALTH = "mental_health"
    HIV = "hiv"
    REPRODUCTIVE = "reproductive"
    GENETIC = "genetic"
    MINOR = "minor"


class GapReason(StrEnum):
    """Why some part of a message could not be judged. Every gap counts as PHI."""

    TOO_LARGE = "too_large"
    TOO_MANY_PARTS = "too_many_parts"
    TOO_DEEP = "too_deep"
    MALFORMED = "malformed"
    AMBIGUOUS = "ambiguous"
    ENCRYPTED = "encrypted"
    UNKNOWN_TYPE = "unknown_type"
    UNDECODABLE = "undecodable"
    NO_TEXT = "no_text"
    CRASHED = "crashed"
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    BOMB = "bomb"
    SCANNER_FAILED = "scanner_failed"
    NOT_SCANNED = "not_scanned"
    """The virus scanner that policy requires did not answer."""
    BEYOND_SCANNER = "beyond_scanner"
    """It is more than the virus scanner looks at, so its "clean" says nothing."""


@dataclass(frozen=True, slots=True)
class TextPart:
    """Text for the detector, and the name of its place (`subject`, `body.plain`, `attachment:NAME/…`).

    `trace` marks what programs write into header fields (ids, boundaries): only what is certain there counts.
    """

    part: str
    text: str = field(repr=False)
    trace: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One span. `start` and `end` are Unicode code points in the part's text, end exclusive; `score` is 0 to 1.

    `by` names the recogniser; `patient` is the register's id when the known-patient matcher found it.
    """

    kind: Kind
    part: str
    start: int
    end: int
    score: float
    by: str
    patient: str | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that could not be judged: the place and the reason, nothing of the content."""

    part: str
    reason: GapReason


@dataclass(frozen=True, slots=True)
class ScanReport:
    """The whole verdict on one message. `phi` is the rule for mail, not merely 'some finding'."""

    findings: tuple[Finding, ...] = ()
    gaps: tuple[Gap, ...] = ()
    classes: frozenset[SensitiveClass] = frozenset()
    patients: frozenset[str] = frozenset()
    health_context: bool = False
    phi: bool = True
    threats: tuple[Threat, ...] = ()
    virus_checked: bool = False
    """The virus scanner looked at all of it; False too where it was not asked."""

    @property
    def complete(self) -> bool:
        """Whether everything was judged."""
        return not self.gaps

    @property
    def clean(self) -> bool:
        """Whether this scan alone allows a plain send: complete, and no PHI."""
        return self.complete and not self.phi
