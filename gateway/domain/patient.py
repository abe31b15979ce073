"""The register: patients with their restrictions and proxies, partners, and consent as a log of events."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from gateway.domain.address import Address, normal_domain
from gateway.domain.errors import InvalidAddress
from gateway.domain.protected import Protected


class Purpose(StrEnum):
    """Why a message is sent; the sender's claim, recorded as claimed (`X-Sealgate-Purpose`)."""

    TREATMENT = "treatment"
    PAYMENT = "payment"
    OPERATIONS = "operations"
    INDIVIDUAL = "individual"
    AUTHORIZATION = "authorization"
    RESEARCH = "research"
    PUBLIC_HEALTH = "public_health"
    REQUIRED_BY_LAW = "required_by_law"
    JUDICIAL = "judicial"
    LAW_ENFORCEMENT = "law_enforcement"
    OVERSIGHT = "oversight"
    WORKERS_COMP = "workers_comp"
    OTHER = "other"


class RecipientKind(StrEnum):
    """Who a recipient is, as the register knows them."""

    PATIENT = "patient"
    PROXY = "proxy"
    PARTNER = "partner"
    PAYER = "payer"
    INTERNAL = "internal"
    OTHER = "other"


class RestrictionKind(StrEnum):
    """Restrictions on record, 45 CFR 164.522."""

    NO_PAYER = "no_payer"
    """Paid in full out of pocket: nothing to a health plan, 164.522(a)(1)(vi)."""
    NO_EMAIL = "no_email"
    """The patient asked for no e-mail at all."""
    NO_PARTNER = "no_partner"
    """Not to the address or domain in `scope`."""


@dataclass(frozen=True, slots=True)
class Restriction:
    """One agreed restriction. `scope`: an address, a domain, or empty for all; `version` rises with each change."""

    kind: RestrictionKind
    scope: str = ""
    version: int = 1

    def covers(self, address: Address) -> bool:
        """Whether it speaks of this address."""
        return self.scope in ("", address.key, address.domain)


@dataclass(frozen=True, slots=True)
class Proxy:
    """Somebody who acts for a patient (parent, guardian, holder of a power of attorney), for a dated time."""

    name: str = field(repr=False)
    address: Address
    valid_from: date
    valid_until: date | None = None

    def acts_on(self, day: date) -> bool:
        """Whether the proxy is in force on that day."""
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)


@dataclass(frozen=True, slots=True)
class Phrase:
    """The password of encrypted files that the practice agreed on with a patient; `generated` by Sealgate, or chosen."""

    text: Protected[str]
    agreed_on: date
    generated: bool = False


@dataclass(frozen=True, slots=True)
class Patient:
    """A registered patient. Personal fields never appear in a repr.

    `confidential_address` is the address that beats the To: header (confidential communications, 164.522(b));
    `verified_addresses` are those the practice verified as this person's mailbox (portal codes go only there).
    """

    id: str
    given: str = field(repr=False)
    family: str = field(repr=False)
    other_names: tuple[str, ...] = field(default=(), repr=False)
    birth_date: date | None = field(default=None, repr=False)
    mrn: str = field(default="", repr=False)
    emails: tuple[Address, ...] = field(default=(), repr=False)
    verified_addresses: frozenset[str] = field(default=frozenset(), repr=False)
    phone: str = field(default="", repr=False)
    address: str = field(default="", repr=False)
    city: str = field(default="", repr=False)
    state: str = field(default="", repr=False)
    zip: str = field(default="", repr=False)
    restrictions: tuple[Restriction, ...] = ()
    proxies: tuple[Proxy, ...] = field(default=(), repr=False)
    confidential_address: Address | None = field(default=None, repr=False)
    phrase: Phrase | None = field(default=None, repr=False)
    version: int = 1

    def has_address(self, address: Address) -> bool:
        """Whether this address is on record for the patient."""
        return address.key in {one.key for one in self.emails}


class PartnerTrust(StrEnum):
    """How the last hop to a partner is protected, `tls` only where docs/security-model.md allows it."""

    NONE = "none"
    VERIFIED_TLS = "verified_tls"


@dataclass(frozen=True, slots=True)
class Partner:
    """A colleague, insurer or provider with its business-associate dates, 45 CFR 164.504(e).

    `scope` is an address or a domain; `kind` is PARTNER (treatment) or PAYER.
    """

    id: str
    name: str
    kind: RecipientKind
    scope: str
    baa_date: date | None = None
    baa_expires: date | None = None
    trust: PartnerTrust = PartnerTrust.NONE
    version: int = 1

    def covers(self, address: Address) -> bool:
        """Whether it speaks of this address."""
        if "@" in self.scope:
            return self.scope == address.key
        return self.scope == address.domain

    def lapsed(self, day: date) -> bool:
        """Whether its agreement is over on that day."""
        return self.baa_expires is not None and self.baa_expires < day


def normal_scope(text: str) -> str:
    """The normal form of `domain_or_address`; raise InvalidAddress when it is neither."""
    if "@" in text:
        return Address.parse(text).key
    domain = normal_domain(text)
    if "." not in domain:
        raise InvalidAddress("a partner's domain needs at least one dot")
    return domain


class ConsentKind(StrEnum):
    """What a consent event is about; every kind that law knows."""

    EMAIL_ENCRYPTED = "email_encrypted"
    """E-mail by a protected method (link, S/MIME, OpenPGP, PDF)."""
    EMAIL_UNENCRYPTED = "email_unencrypted"
    """E-mail in clear after being told of the risk, 78 FR 5634: only to that individual at that address."""
    AUTHORIZATION = "authorization"
    """Disclosure to somebody else, 45 CFR 164.508."""
    PART2 = "part2"
    """Substance-use records, 42 CFR 2.31."""
    PSYCHOTHERAPY = "psychotherapy"
    """Psychotherapy notes need an authorization of their own, 164.508(a)(2)."""
    GENETIC = "genetic"
    STATE = "state"
    """A State's stricter form (HIV, mental health, reproductive), 45 CFR 160.203."""


class ConsentEventType(StrEnum):
    """What happened to the consent."""

    GIVEN = "given"
    REVOKED = "revoked"
    REFUSED = "refused"
    REQUESTED = "requested"


@dataclass(frozen=True, slots=True)
class ConsentEvent:
    """One row of the append-only consent log: per patient, address, purpose and method.

    `address` is the normal key of the mailbox (or of the recipient, for authorizations), '*' for any on record;
    `purpose` and `method` '*' for any. `seq` rises per patient and is the version that decisions record.
    """

    patient_id: str
    seq: int
    type: ConsentEventType
    kind: ConsentKind
    address: str = field(repr=False)
    purpose: str = "*"
    method: str = "*"
    warning_version: str = ""
    warning_text: str = field(default="", repr=False)
    given_how: str = ""
    recorded_by: str = ""
    given_on: date | None = None
    expires_on: date | None = None
    at: datetime | None = None
    elements: tuple[tuple[str, str], ...] = ()
    """For authorizations: the elements of 164.508(c) by name."""

    def same_subject(self, other: ConsentEvent) -> bool:
        """Whether both rows speak of the same consent, so that the later one counts."""
        return (self.patient_id, self.kind, self.address, self.purpose, self.method) == (
            other.patient_id, other.kind, other.address, other.purpose, other.method)  # fmt: skip


def in_force(events: tuple[ConsentEvent, ...], day: date) -> tuple[ConsentEvent, ...]:
    """The consents that count on that day: for each subject its last given/revoked/refused row, if given and not expired.

    A revocation or refusal with '*' in address, purpose or method ends every narrower consent of its kind before it.
    """
    result: list[ConsentEvent] = []
    for event in sorted(events, key=lambda one: one.seq):
        if event.type is ConsentEventType.REQUESTED:
            continue
        if event.type is ConsentEventType.GIVEN:
            result = [one for one in result if not one.same_subject(event)]
            result.append(event)
        else:
            result = [one for one in result if not _ends(event, one)]
    return tuple(
        one for one in result
        if (one.given_on is None or one.given_on <= day) and (one.expires_on is None or day <= one.expires_on)
    )  # fmt: skip


def _ends(revocation: ConsentEvent, given: ConsentEvent) -> bool:
    if revocation.patient_id != given.patient_id or revocation.kind is not given.kind:
        return False
    pairs = (
        (revocation.address, given.address),
        (revocation.purpose, given.purpose),
        (revocation.method, given.method),
    )
    return all(end in ("*", start) for end, start in pairs)
