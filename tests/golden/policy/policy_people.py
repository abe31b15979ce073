"""Invented people, partners and consents that the policy tables share."""

from __future__ import annotations

from datetime import date

from gateway.domain.address import Address
from gateway.domain.finding import Finding, Gap, GapReason, Kind, ScanReport, SensitiveClass
from gateway.domain.patient import (
    ConsentEvent,
    ConsentEventType,
    ConsentKind,
    Partner,
    PartnerTrust,
    RecipientKind,
    Restriction,
    RestrictionKind,
)
from gateway.policy.facts import KeyFacts, PatientFacts
from gateway.policy.law import load_law
from gateway.ports.keys import KeyState

DAY = date(2026, 6, 1)
DOCTOR = Address.parse("lee@practice.example.org")
ANA = Address.parse("ana@example.net")
ANA_WORK = Address.parse("ana.work@example.net")
MUM = Address.parse("mum@example.net")
LAB = Address.parse("results@lab.example.org")
PAYER = Address.parse("claims@payer.example.org")
NURSE = Address.parse("nurse@practice.example.org")
LAWYER = Address.parse("lawyer@example.net")

ELEMENTS = tuple((name, "given") for name in load_law().authorization_elements)


def consent(kind: str, address: str, seq: int = 1, **changes: object) -> ConsentEvent:
    values: dict[str, object] = {
        "patient_id": "p1", "seq": seq, "type": ConsentEventType.GIVEN, "kind": ConsentKind(kind), "address": address,
        "given_on": date(2026, 1, 2), **changes,
    }  # fmt: skip
    return ConsentEvent(**values)  # type: ignore[arg-type]


def email(address: Address = ANA, **changes: object) -> ConsentEvent:
    return consent("email_encrypted", address.key, **changes)


def choice(address: Address = ANA, **changes: object) -> ConsentEvent:
    return consent("email_unencrypted", address.key, **{"warning_version": "1", "seq": 2, **changes})


def authorization(address: Address = LAWYER, kind: str = "authorization", **changes: object) -> ConsentEvent:
    return consent(kind, address.key, **{"elements": ELEMENTS, "seq": 3, **changes})


def patient(*consents: ConsentEvent, **changes: object) -> PatientFacts:
    values: dict[str, object] = {
        "id": "p1", "version": 4, "consents": consents, "consent_version": len(consents), **changes,
    }  # fmt: skip
    return PatientFacts(**values)  # type: ignore[arg-type]


def ana(*consents: ConsentEvent, **changes: object) -> PatientFacts:
    return patient(*consents, is_recipient=True, **changes)


def child(*consents: ConsentEvent, **changes: object) -> PatientFacts:
    return patient(*consents, is_proxied=True, minor=True, **changes)


def no(kind: str, scope: str = "") -> Restriction:
    return Restriction(RestrictionKind(kind), scope)


def partner(kind: str = "partner", **changes: object) -> Partner:
    scope = "lab.example.org" if kind == "partner" else "payer.example.org"
    values: dict[str, object] = {
        "id": "q1", "name": "A partner", "kind": RecipientKind(kind), "scope": scope,
        "baa_date": date(2025, 1, 1), "baa_expires": date(2027, 1, 1), **changes,
    }  # fmt: skip
    return Partner(**values)  # type: ignore[arg-type]


TRUSTED = partner(trust=PartnerTrust.VERIFIED_TLS)
LAPSED = partner(baa_expires=date(2026, 5, 31))

KEY = KeyFacts(KeyState.VALID, "ab" * 32)
EXPIRED = KeyFacts(KeyState.EXPIRED, reason="expired")
UNTRUSTED = KeyFacts(KeyState.UNTRUSTED)
UNREACHABLE = KeyFacts(KeyState.UNREACHABLE)

CLEAN = ScanReport(phi=False)
PHI = ScanReport(findings=(Finding(Kind.MRN, "body.plain", 3, 9, 0.9, "mrn"),), health_context=True)
GAP = ScanReport(gaps=(Gap("attachment:a.zip", GapReason.ENCRYPTED),), phi=False)


def sensitive(*classes: str) -> ScanReport:
    found = frozenset(SensitiveClass(one) for one in classes)
    return ScanReport(findings=PHI.findings, classes=found, health_context=True)
