"""The JSON forms of the register's sealed columns."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from gateway.domain.address import Address
from gateway.domain.errors import IntegrityError, InvalidAddress
from gateway.domain.patient import (
    ConsentEvent,
    Partner,
    PartnerTrust,
    Patient,
    Phrase,
    Proxy,
    RecipientKind,
    Restriction,
    RestrictionKind,
)
from gateway.domain.protected import Protected


def to_json(fields: dict[str, object]) -> bytes:
    """Canonical bytes of a record."""
    return json.dumps(fields, sort_keys=True, ensure_ascii=False).encode()


def read_json(data: bytes) -> dict[str, Any]:
    """A record's fields; IntegrityError if it is none."""
    read = json.loads(data)
    if not isinstance(read, dict):
        raise IntegrityError("a register row cannot be read")
    return read


def read_day(text: object) -> date | None:
    """A date, or None for the empty text."""
    return date.fromisoformat(str(text)) if text else None


def _text(day: date | None) -> str:
    return day.isoformat() if day else ""


def patient_fields(one: Patient) -> dict[str, object]:
    """A patient as a record, without id and version."""
    return {
        "given": one.given, "family": one.family, "other_names": list(one.other_names), "birth_date": _text(one.birth_date),
        "mrn": one.mrn, "emails": [str(each) for each in one.emails], "verified": sorted(one.verified_addresses),
        "phone": one.phone, "address": one.address, "city": one.city, "state": one.state, "zip": one.zip,
        "restrictions": [[each.kind.value, each.scope, each.version] for each in one.restrictions],
        "proxies": [[each.name, str(each.address), _text(each.valid_from), _text(each.valid_until)] for each in one.proxies],
        "confidential": str(one.confidential_address) if one.confidential_address else "",
        **({"phrase": [one.phrase.text.reveal(), _text(one.phrase.agreed_on), one.phrase.generated]} if one.phrase else {}),
    }  # fmt: skip


def read_patient(patient_id: str, data: bytes) -> Patient:
    """A patient from a record; version 1."""
    read = json.loads(data)
    try:
        return Patient(
            id=patient_id, given=read["given"], family=read["family"], other_names=tuple(read["other_names"]),
            birth_date=read_day(read["birth_date"]), mrn=read["mrn"],
            emails=tuple(Address.parse(each) for each in read["emails"]), verified_addresses=frozenset(read["verified"]),
            phone=read["phone"], address=read["address"], city=read["city"], state=read["state"], zip=read["zip"],
            restrictions=tuple(Restriction(RestrictionKind(k), scope, version) for k, scope, version in read["restrictions"]),
            proxies=tuple(_read_proxy(*each) for each in read["proxies"]),
            confidential_address=Address.parse(read["confidential"]) if read["confidential"] else None,
            phrase=_read_phrase(*read["phrase"]) if read.get("phrase") else None,
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, InvalidAddress) as error:
        raise IntegrityError("a patient's record cannot be read") from error


def _read_phrase(text: str, agreed_on: str, generated: bool) -> Phrase:
    return Phrase(Protected(text), date.fromisoformat(agreed_on), generated is True)


def _read_proxy(name: str, address: str, valid_from: str, valid_until: str) -> Proxy:
    return Proxy(name, Address.parse(address), date.fromisoformat(valid_from), read_day(valid_until))


def partner_fields(one: Partner) -> dict[str, object]:
    """A partner as a record."""
    return {
        "name": one.name, "kind": one.kind.value, "scope": one.scope, "baa_date": _text(one.baa_date),
        "baa_expires": _text(one.baa_expires), "trust": one.trust.value,
    }  # fmt: skip


def read_partner(partner_id: str, data: bytes) -> Partner:
    """A partner from a record; version 1."""
    read = json.loads(data)
    try:
        return Partner(
            partner_id, read["name"], RecipientKind(read["kind"]), read["scope"], read_day(read["baa_date"]),
            read_day(read["baa_expires"]), PartnerTrust(read["trust"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise IntegrityError("a partner's record cannot be read") from error


def consent_fields(one: ConsentEvent) -> dict[str, object]:
    """A consent event as a record."""
    return {
        "type": one.type.value, "kind": one.kind.value, "address": one.address, "purpose": one.purpose,
        "method": one.method, "warning_version": one.warning_version, "warning_text": one.warning_text,
        "given_how": one.given_how, "recorded_by": one.recorded_by, "given_on": _text(one.given_on),
        "expires_on": _text(one.expires_on), "elements": [list(each) for each in one.elements],
    }  # fmt: skip
