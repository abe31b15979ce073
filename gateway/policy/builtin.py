"""The built-in rules: one table, first match wins, and the last one withholds.

Each rule looks at a case and answers with a verdict, or None for "not mine". The order is the argument: what the law
forbids stands before what it allows, and whatever nobody allowed is held.
"""

from __future__ import annotations

from collections.abc import Callable

from gateway.domain.decision import Action, HoldReason, Method
from gateway.domain.finding import ScanReport
from gateway.domain.patient import ConsentKind, Purpose, RecipientKind, RestrictionKind
from gateway.policy.authorization import defect
from gateway.policy.case import Case
from gateway.policy.facts import PatientFacts
from gateway.policy.methods import key_reasons, possible, protect
from gateway.policy.model import ThreatPolicy
from gateway.policy.sensitive import sensitive
from gateway.policy.verdict import Verdict, hold

Test = Callable[[Case], Verdict | None]

_PERSONS = (RecipientKind.PATIENT, RecipientKind.PROXY)
_PARTNERS = (RecipientKind.PARTNER, RecipientKind.PAYER)


def threat(case: Case) -> Verdict | None:
    """Something in the mail that may harm whoever opens it; or the virus scan that policy requires was not made."""
    return harmful(case.policy.threats, case.message.report)


def harmful(policy: ThreatPolicy, report: ScanReport) -> Verdict | None:
    """The same for what comes in: a recipient's answer."""
    held = policy.held(report)
    if held:
        return hold("threat", HoldReason.THREAT, *(f"threat.{one.value}" for one in held))
    if policy.unscanned(report):
        return hold("unscanned", HoldReason.UNSCANNED, "threat.unscanned")
    return None


def purpose_not_allowed(case: Case) -> Verdict | None:
    """A claimed purpose that this sender, or mail to this kind of recipient, may not have."""
    claimed = case.message.purpose
    if claimed is None:
        return None
    if case.message.purpose_allowed and claimed in case.policy.purposes_for(case.kind):
        return None
    return hold("purpose", HoldReason.PURPOSE, "purpose.not_allowed")


def one_target(case: Case) -> Verdict | None:
    """A confidential address serves only a message that is about those who asked for it, 164.522(b)."""
    targets = case.targets
    if targets <= {None}:
        return None
    if len(targets) == 1 and (case.only_the_patient() or not case.protected):
        return None
    return hold("confidential-address", HoldReason.RESTRICTION, "restriction.target_conflict")


def no_email(case: Case) -> Verdict | None:
    """A patient who asked for no e-mail: none to them, and none about them to anybody outside."""
    for patient in case.patients:
        concerns = patient.is_recipient or (case.protected and case.kind is not RecipientKind.INTERNAL)
        if concerns and _restricted(case, patient, RestrictionKind.NO_EMAIL):
            return hold("no-email", HoldReason.RESTRICTION, "restriction.no_email")
    return None


def clean(case: Case) -> Verdict | None:
    """A complete scan that found no PHI."""
    if case.protected:
        return None
    return Verdict("clean", Action.DELIVER, Method.PASS, reasons=("scan.clean",))


def restrictions(case: Case) -> Verdict | None:
    """Restrictions that the practice agreed to, 164.522(a); they beat every purpose."""
    for patient in case.patients:
        if case.kind is RecipientKind.PAYER and _restricted(case, patient, RestrictionKind.NO_PAYER):
            return hold("restriction", HoldReason.RESTRICTION, "restriction.no_payer")
        for one in patient.restrictions:
            if one.kind is not RestrictionKind.NO_PARTNER or patient.is_recipient:
                continue
            general = not one.scope and case.kind in (*_PARTNERS, RecipientKind.OTHER)
            if general or (one.scope and one.covers(case.recipient.recipient)):
                return hold("restriction", HoldReason.RESTRICTION, "restriction.no_partner")
    return None


def agreement_lapsed(case: Case) -> Verdict | None:
    """A partner whose business-associate agreement is over, 164.504(e)."""
    partner = case.recipient.partner
    if partner is None or not partner.lapsed(case.message.day):
        return None
    return hold("baa-lapsed", HoldReason.BAA_LAPSED, "partner.baa_lapsed")


def patient_not_recipient(case: Case) -> Verdict | None:
    """Mail to a patient or proxy that is also about somebody else."""
    if case.kind not in _PERSONS or all(one.is_recipient or one.is_proxied for one in case.patients):
        return None
    return hold("patient-not-recipient", HoldReason.PATIENT_NOT_RECIPIENT, "patient.not_recipient")


def nobody_identified(case: Case) -> Verdict | None:
    """PHI of nobody we know: held, except sealed to a treatment partner."""
    if case.patients or case.kind is RecipientKind.INTERNAL:
        return None
    sealed = _sealed(case) if _treating(case) else ()
    if sealed:
        return Verdict(
            "sealed-to-treatment-partner", Action.DELIVER, sealed[0],
            reasons=("patient.none", "partner.treatment", *key_reasons(case)), allowed=frozenset(sealed),
        )  # fmt: skip
    # What was not read counts as PHI; without health context in the rest, that alone is why it waits.
    report = case.message.report
    unread = not report.phi or not (report.complete or report.health_context)
    why = HoldReason.INCOMPLETE if unread else HoldReason.NO_PATIENT
    return hold("no-patient", why, "scan.incomplete" if unread else "patient.none")


_OPEN = (Method.PASS, Method.REDACT, Method.TLS)
_TO_A_KEY = (Method.SMIME, Method.OPENPGP)


def _sealed(case: Case) -> tuple[Method, ...]:
    """The possible methods that seal to the recipient's own key, the best first; only the one that was asked for, if one was."""
    asked = case.message.requested
    if asked is not None and asked not in (*_TO_A_KEY, *_OPEN):
        return ()
    order = [one for one in case.policy.method_order if one in _TO_A_KEY]
    ordered = dict.fromkeys((*order, *_TO_A_KEY)) if asked not in _TO_A_KEY else (asked,)
    return tuple(one for one in ordered if one is not None and possible(case, one))


def chose_unencrypted(case: Case) -> Verdict | None:
    """The patient's recorded choice of e-mail in clear, 78 FR 5634: only to that individual at that address.

    It needs the version of the warning that was shown, and does not reach what the warning did not speak of: a
    sensitive class, or a scan that could not read everything (somebody else might be in there).
    """
    if case.kind is not RecipientKind.PATIENT or not case.only_the_patient():
        return None
    if case.classes or not case.message.report.complete:
        return None
    if not all(_choices(case, one) for one in case.patients):
        return None
    return Verdict("patient-chose-unencrypted", Action.DELIVER, Method.PASS, reasons=("consent.email.unencrypted",))


def person_consented(case: Case) -> Verdict | None:
    """A patient or proxy at an address on record, with e-mail consent of every patient concerned."""
    if case.kind not in _PERSONS or not case.patients:
        return None
    methods = [_consented_methods(case, one) for one in case.patients]
    if not all(methods):
        return None
    rule = "patient-consented" if case.kind is RecipientKind.PATIENT else "proxy-consented"
    return protect(case, rule, "consent.email.encrypted", consented=frozenset.intersection(*methods))


def person_without_consent(case: Case) -> Verdict | None:
    """A patient or proxy who has not agreed to e-mail: held while consent is asked for."""
    if case.kind not in _PERSONS or not case.patients:
        return None
    missing = [one for one in case.patients if not _consented_methods(case, one)]
    codes = {case.last_word(one, ConsentKind.EMAIL_ENCRYPTED) for one in missing}
    return hold("no-consent", HoldReason.CONSENT, *sorted(f"consent.email.{code}" for code in codes))


def treatment_or_payment(case: Case) -> Verdict | None:
    """A registered partner for treatment, or a payer for payment: no consent needed, 164.506."""
    if case.kind not in _PARTNERS or not _without_consent(case):
        return None
    if case.kind is RecipientKind.PAYER:
        return protect(case, "payer-payment", "payer.payment")
    code = "partner.treatment" if case.purpose is Purpose.TREATMENT else "partner.payment"
    return protect(case, f"partner-{case.purpose.value}", code)


def internal(case: Case) -> Verdict | None:
    """Colleagues at the practice's own domains: protected; in clear only by an acknowledged practice rule."""
    if case.kind is not RecipientKind.INTERNAL:
        return None
    return protect(case, "internal", "recipient.internal")


def authorized(case: Case) -> Verdict | None:
    """Anybody else: only with an authorization of every patient concerned, 164.508."""
    if not case.patients or case.kind in (*_PERSONS, RecipientKind.INTERNAL):
        return None
    for patient in case.patients:
        why = defect(case, patient, ConsentKind.AUTHORIZATION)
        if why:
            return hold("no-authorization", HoldReason.AUTHORIZATION, why)
    return protect(case, "authorized", "authorization.valid")


def withhold(case: Case) -> Verdict:  # noqa: ARG001 - the last rule asks nothing
    """The last rule: what nobody allowed does not leave."""
    return hold("withhold", HoldReason.DEFAULT, "rule.default")


BUILT_IN: tuple[Test, ...] = (
    threat,
    purpose_not_allowed,
    one_target,
    no_email,
    clean,
    restrictions,
    agreement_lapsed,
    patient_not_recipient,
    sensitive,
    nobody_identified,
    chose_unencrypted,
    person_consented,
    person_without_consent,
    treatment_or_payment,
    internal,
    authorized,
)


def built_in(case: Case) -> Verdict:
    """The verdict of the first built-in rule that has one."""
    for test in BUILT_IN:
        verdict = test(case)
        if verdict is not None:
            return verdict
    return withhold(case)


def forbidden(case: Case) -> HoldReason | None:
    """What holds this copy and no person's word can lift, whatever else holds it too."""
    always: tuple[Test, ...] = (one_target, no_email)
    if not case.policy.threats.staff_may_release:
        always = (threat, *always)
    for test in (*always, restrictions, agreement_lapsed, sensitive) if case.protected else always:
        verdict = test(case)
        if verdict is not None and verdict.action is not Action.DELIVER:
            return verdict.held_for
    return None


def _restricted(case: Case, patient: PatientFacts, kind: RestrictionKind) -> bool:
    addresses = (case.recipient.recipient, case.target)
    return any(one.kind is kind and any(one.covers(at) for at in addresses) for one in patient.restrictions)


def _without_consent(case: Case) -> bool:
    registered = case.recipient.partner is not None and case.recipient.partner.kind is case.kind
    return registered and case.purpose in case.policy.law.without_consent[case.kind]


def _treating(case: Case) -> bool:
    return case.kind is RecipientKind.PARTNER and case.purpose is Purpose.TREATMENT and _without_consent(case)


def _choices(case: Case, patient: PatientFacts) -> bool:
    found = case.consents(patient, ConsentKind.EMAIL_UNENCRYPTED, any_address=False)
    return any(one.warning_version and one.method in ("*", Method.PASS.value) for one in found)


def _consented_methods(case: Case, patient: PatientFacts) -> frozenset[Method]:
    """The protected methods that this patient agreed to; who chose e-mail in clear agreed to e-mail."""
    protecting = frozenset(one for one in Method if one.protects)
    found: set[Method] = set()
    for event in case.consents(patient, ConsentKind.EMAIL_ENCRYPTED):
        found |= protecting if event.method == "*" else {one for one in protecting if one.value == event.method}
    if patient.is_recipient and _choices(case, patient):
        found |= protecting
    return frozenset(found)
