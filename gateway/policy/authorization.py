"""Authorizations, 45 CFR 164.508: valid only with every element, for that recipient, in force that day."""

from __future__ import annotations

from gateway.domain.patient import ConsentEvent, ConsentKind
from gateway.policy.case import Case
from gateway.policy.facts import PatientFacts


def defect(case: Case, patient: PatientFacts, kind: ConsentKind) -> str:
    """Why this patient has no valid authorization of that kind for this recipient; empty if there is one."""
    found = case.consents(patient, kind, any_address=False)
    if any(not missing_elements(case, one) for one in found):
        return ""
    if found:
        return "authorization.defective"
    return f"authorization.{case.last_word(patient, kind, any_address=False)}"


def missing_elements(case: Case, event: ConsentEvent) -> tuple[str, ...]:
    """The elements of 164.508(c) that the authorization lacks; a dated row needs no second `expiry`."""
    present = {name for name, value in event.elements if value.strip()}
    if event.expires_on is not None:
        present.add("expiry")
    return tuple(one for one in case.policy.law.authorization_elements if one not in present)
