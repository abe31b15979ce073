"""Sensitive classes: what law asks for them beyond the rules for all PHI. The patient's own access is not blocked.

The exception are psychotherapy notes: 45 CFR 164.524(a)(1)(i) leaves them out of the right of access, and 164.508(a)(2)
asks for an authorization of their own, so they wait for staff even on their way to the patient.
"""

from __future__ import annotations

from gateway.domain.decision import HoldReason
from gateway.domain.finding import SensitiveClass
from gateway.domain.patient import ConsentKind, RecipientKind
from gateway.policy.authorization import defect
from gateway.policy.case import Case
from gateway.policy.verdict import Verdict, hold


def sensitive(case: Case) -> Verdict | None:
    """Hold for the first sensitive class that may not go to this recipient; None where all may."""
    checks = (
        ("psychotherapy", _psychotherapy(case)),
        ("substance-use", _substance_use(case)),
        ("genetic-payer", _genetic(case)),
        ("minor-proxy", _minor(case)),
        ("state-consent", _state(case)),
    )
    for rule, code in checks:
        if code:
            return hold(rule, HoldReason.SENSITIVE, code)
    if code := _practice(case):
        # The practice asks for a person's look, so a person's word releases it; where law asks for a consent, none does.
        return hold("practice-sensitive", HoldReason.RULE, code)
    return None


def part2_notices(case: Case) -> tuple[str, ...]:
    """The 42 CFR 2.32 statement and the scope of the consent, for everyone but the patient."""
    if SensitiveClass.SUBSTANCE_USE not in case.classes or not case.protected or case.only_the_patient():
        return ()
    scopes = {
        event.purpose for patient in case.patients if not patient.is_recipient
        for event in case.consents(patient, ConsentKind.PART2)
    }  # fmt: skip
    return ("part2_2024", *(f"part2_scope.{'any' if one == '*' else one}" for one in sorted(scopes)))


def _psychotherapy(case: Case) -> str:
    if SensitiveClass.PSYCHOTHERAPY not in case.classes:
        return ""
    if not case.patients:
        return "sensitive.psychotherapy.authorization"
    for patient in case.patients:
        if defect(case, patient, ConsentKind.PSYCHOTHERAPY):
            return "sensitive.psychotherapy.authorization"
    return ""


def _substance_use(case: Case) -> str:
    """42 CFR 2.31 and 2.33; 2.12(c)(3) leaves out those within the program who need it; 2.23 the patient."""
    if SensitiveClass.SUBSTANCE_USE not in case.classes or case.kind is RecipientKind.INTERNAL:
        return ""
    return "" if _each_consented(case, ConsentKind.PART2) else "sensitive.substance_use.consent"


def _genetic(case: Case) -> str:
    """45 CFR 164.502(a)(5)(i): nothing genetic for underwriting, so nothing to a payer without staff."""
    if SensitiveClass.GENETIC in case.classes and case.kind is RecipientKind.PAYER:
        return "sensitive.genetic.payer"
    return ""


def _minor(case: Case) -> str:
    """45 CFR 164.502(g)(3): the parent may not be the personal representative for these."""
    if not case.classes & case.policy.law.minor_confidential:
        return ""
    for patient in case.patients:
        kept = patient.minor and patient.is_proxied and not patient.is_recipient
        if kept and not case.consents(patient, ConsentKind.STATE):
            return "sensitive.minor.proxy"
    return ""


def _state(case: Case) -> str:
    if not case.classes & case.policy.sensitive.need_consent or case.kind is RecipientKind.INTERNAL:
        return ""
    return "" if _each_consented(case, ConsentKind.STATE) else "sensitive.state.consent"


def _practice(case: Case) -> str:
    if case.classes & case.policy.sensitive.hold and not case.only_the_patient():
        return "sensitive.practice"
    return ""


def _each_consented(case: Case, kind: ConsentKind) -> bool:
    """Whether every patient is the recipient in person or gave this consent; nobody known gave none."""
    return bool(case.patients) and all(one.is_recipient or case.consents(one, kind) for one in case.patients)
