"""The register's files: patients, partners and consents as CSV into the domain's values, and back out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from gateway.app.csvrows import Row, read_rows
from gateway.domain.address import Address
from gateway.domain.decision import Method
from gateway.domain.errors import ConfigError
from gateway.domain.patient import (
    ConsentEvent,
    ConsentEventType,
    ConsentKind,
    Partner,
    PartnerTrust,
    Patient,
    Purpose,
    RecipientKind,
    normal_scope,
)
from gateway.render.consent import warning
from gateway.seal.columns import normal_mrn

PATIENTS = (
    "given", "family", "other_names", "birth_date", "mrn", "email", "phone", "address", "city", "state", "zip",
)  # fmt: skip
PARTNERS = ("name", "kind", "domain_or_address", "baa_date", "baa_expires", "trust")
CONSENTS = (
    "mrn", "kind", "address", "purpose", "method", "warning_version", "given_how", "recorded_by", "given_on", "expires_on",
)  # fmt: skip
_WARNED = {ConsentKind.EMAIL_UNENCRYPTED}
"""Kinds that count only with the warning that was read: 78 FR 5634."""


@dataclass(frozen=True, slots=True)
class ConsentLine:
    """One consent of a file: whose, and the event without patient and number."""

    row: Row
    mrn: str
    event: ConsentEvent


def read_patients(data: bytes) -> list[Patient]:
    """Patients without ids; `other_names` and `email` may hold several, divided by `;`."""
    found: list[Patient] = []
    numbers: set[str] = set()
    for row in read_rows(data, PATIENTS, ("family",)):
        patient = Patient(
            id="",
            given=row.text("given"),
            family=row.text("family", required=True),
            other_names=row.texts("other_names"),
            birth_date=row.day("birth_date"),
            mrn=row.text("mrn"),
            emails=row.each(row.texts("email"), "email", Address.parse, "an e-mail address"),
            phone=row.read("phone", _phone, "a telephone number"),
            address=row.text("address"),
            city=row.text("city"),
            state=row.text("state"),
            zip=row.text("zip"),
        )
        number = normal_mrn(patient.mrn)
        if patient.mrn and not number:
            raise row.wrong("mrn", "has no letter or digit")
        if number in numbers:
            raise row.wrong("mrn", "is there twice in this file")
        numbers |= {number} - {""}
        found.append(patient)
    return found


def read_partners(data: bytes) -> list[Partner]:
    """Partners without ids."""
    return [_partner(row) for row in read_rows(data, PARTNERS, ("name", "kind", "domain_or_address"))]


def _partner(row: Row) -> Partner:
    return Partner(
        id="",
        name=row.text("name", required=True),
        kind=row.read("kind", _partner_kind, "partner or payer"),
        scope=row.read("domain_or_address", normal_scope, "a domain or an e-mail address"),
        baa_date=row.day("baa_date"),
        baa_expires=row.day("baa_expires"),
        trust=row.read("trust", PartnerTrust, "none or verified_tls", default="none"),
    )


def read_consents(data: bytes, today: date, recorded_by: str) -> Iterator[ConsentLine]:
    """Consents that were given; `*` (or empty) in address, purpose and method means any."""
    for row in read_rows(data, CONSENTS, ("mrn", "kind", "given_on")):
        given = row.day("given_on", required=True)
        expires = row.day("expires_on")
        if given is not None and given > today:
            raise row.wrong("given_on", "is in the future")
        if given is not None and expires is not None and expires < given:
            raise row.wrong("expires_on", "is before given_on")
        kind = row.read("kind", ConsentKind, f"one of {', '.join(ConsentKind)}")
        version = row.text("warning_version")
        if kind in _WARNED and not version:
            raise row.wrong("warning_version", "is empty; e-mail in clear needs the warning that the patient read")
        event = ConsentEvent(
            patient_id="",
            seq=0,
            type=ConsentEventType.GIVEN,
            kind=kind,
            address=row.read("address", address_or_any, "an e-mail address or *", default="*"),
            purpose=row.read("purpose", purpose_or_any, f"* or one of {', '.join(Purpose)}", default="*"),
            method=row.read("method", method_or_any, f"* or one of {', '.join(Method)}", default="*"),
            warning_version=version,
            warning_text=warning_text(version),
            given_how=row.text("given_how"),
            recorded_by=row.text("recorded_by") or recorded_by,
            given_on=given,
            expires_on=expires,
        )
        yield ConsentLine(row, row.text("mrn", required=True), event)


def address_or_any(text: str) -> str:
    """The normal key of an address, or `*`."""
    return "*" if text == "*" else Address.parse(text).key


def purpose_or_any(text: str) -> str:
    """A purpose, or `*`."""
    return "*" if text == "*" else Purpose(text).value


def method_or_any(text: str) -> str:
    """A method, or `*`."""
    return "*" if text == "*" else Method(text).value


def warning_text(version: str) -> str:
    """The words of a warning of ours; empty for the practice's own paper form, whose version is kept as it is named."""
    try:
        return warning(version) if version else ""
    except ConfigError:
        return ""


def _partner_kind(text: str) -> RecipientKind:
    kind = RecipientKind(text)
    if kind not in {RecipientKind.PARTNER, RecipientKind.PAYER}:
        raise ValueError("neither partner nor payer")
    return kind


def _phone(text: str) -> str:
    if text and sum(one.isdigit() for one in text) < 7:
        raise ValueError("too few digits")
    return text
