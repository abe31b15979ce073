"""Patients from FHIR R4 JSON: a Patient resource, or a Bundle of them (other resources in a Bundle are passed over).

Messages name the entry and the element, never a value.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

from gateway.domain.address import Address
from gateway.domain.errors import ConfigError, InvalidAddress
from gateway.domain.patient import Patient

_USES = ("official", "usual", "")


def read_fhir(data: bytes) -> list[Patient]:
    """Patients without ids; ConfigError for what is no FHIR R4 Patient or Bundle."""
    try:
        read = json.loads(data)
    except (ValueError, RecursionError):
        raise ConfigError("the file is not JSON; export a FHIR R4 Bundle or Patient as JSON") from None
    kind = read.get("resourceType") if isinstance(read, dict) else None
    if kind == "Patient":
        return [_patient(read, "Patient")]
    if kind != "Bundle":
        raise ConfigError("resourceType must be Bundle or Patient (FHIR R4)")
    entries = [_table(one, f"entry {number}") for number, one in enumerate(_list(read, "entry", "Bundle"), start=1)]
    found = []
    for number, entry in enumerate(entries, start=1):
        resource = _table(entry.get("resource", {}), f"entry {number}: resource")
        if resource.get("resourceType") == "Patient":
            found.append(_patient(resource, f"entry {number}"))
    if not found:
        raise ConfigError("the Bundle holds no Patient")
    return found


def _patient(one: dict[str, Any], where: str) -> Patient:
    names = sorted(_tables(one, "name", where), key=lambda name: _rank(name.get("use", "")))
    if not names or not _text(names[0], "family", where):
        raise ConfigError(f"{where}: name.family is missing")
    telecom = _tables(one, "telecom", where)
    address = next(iter(_tables(one, "address", where)), {})
    return Patient(
        id="",
        given=" ".join(_words(names[0], "given", where)),
        family=_text(names[0], "family", where),
        other_names=tuple(dict.fromkeys(_others(names, where))),
        birth_date=_birth(one, where),
        mrn=_mrn(_tables(one, "identifier", where), where),
        emails=tuple(_addresses(telecom, where)),
        phone=_phone(telecom, where),
        address=", ".join(_words(address, "line", where)),
        city=_text(address, "city", where),
        state=_text(address, "state", where),
        zip=_text(address, "postalCode", where),
    )


def _others(names: list[dict[str, Any]], where: str) -> Iterator[str]:
    """Other names on record: each name's own parts, so that a maiden name and a nickname are found."""
    first = names[0]
    for name in names[1:]:
        family, given = _text(name, "family", where), " ".join(_words(name, "given", where))
        full = f"{given} {family}".strip()
        if full and (family, given) != (_text(first, "family", where), " ".join(_words(first, "given", where))):
            yield full


def _mrn(identifiers: list[dict[str, Any]], where: str) -> str:
    """The identifier of type MR (HL7 table 0203), else the one for usual use."""
    for one in identifiers:
        kinds = _tables(_table(one.get("type", {}), f"{where}: identifier.type"), "coding", where)
        if any(kind.get("code") == "MR" for kind in kinds):
            return _text(one, "value", where)
    usual = [one for one in identifiers if one.get("use") == "usual"]
    return _text(usual[0], "value", where) if len(usual) == 1 else ""


def _addresses(telecom: list[dict[str, Any]], where: str) -> Iterator[Address]:
    for one in telecom:
        if one.get("system") == "email" and one.get("use") != "old":
            try:
                yield Address.parse(_text(one, "value", where))
            except InvalidAddress:
                raise ConfigError(f"{where}: telecom.value is not an e-mail address") from None


def _phone(telecom: list[dict[str, Any]], where: str) -> str:
    phones = [one for one in telecom if one.get("system") in {"phone", "sms"} and one.get("use") != "old"]
    phones.sort(key=lambda one: one.get("use") != "mobile")
    return _text(phones[0], "value", where) if phones else ""


def _birth(one: dict[str, Any], where: str) -> date | None:
    """A whole date; FHIR allows a year or month alone, which identifies nobody here."""
    text = _text(one, "birthDate", where)
    if len(text) in {4, 7}:
        return None
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise ConfigError(f"{where}: birthDate is not a date such as 1980-01-31") from None


def _rank(use: object) -> int:
    return _USES.index(use) if use in _USES else len(_USES)


def _text(one: dict[str, Any], key: str, where: str) -> str:
    value = one.get(key, "")
    if not isinstance(value, str) or any(not char.isprintable() for char in value):
        raise ConfigError(f"{where}: {key} is not a line of text")
    return value.strip()


def _words(one: dict[str, Any], key: str, where: str) -> list[str]:
    return [_text({key: value}, key, where) for value in _list(one, key, where)]


def _list(one: dict[str, Any], key: str, where: str) -> list[Any]:
    value = one.get(key, [])
    if not isinstance(value, list):
        raise ConfigError(f"{where}: {key} is not a list")
    return value


def _table(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError(f"{where}: is not an object")
    return value


def _tables(one: dict[str, Any], key: str, where: str) -> list[dict[str, Any]]:
    return [_table(value, f"{where}: {key}") for value in _list(one, key, where)]
