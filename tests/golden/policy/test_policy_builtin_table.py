"""The built-in rules, one golden case a row: facts on the left, what must come out on the right."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.domain.decision import Method
from gateway.domain.patient import ConsentEventType, Purpose, RecipientKind
from gateway.domain.threat import Threat, ThreatKind
from gateway.policy import builtin
from gateway.policy.decide import decide
from gateway.policy.explain import explain
from gateway.policy.facts import KeyFacts, MessageFacts, RecipientFacts
from gateway.policy.law import load_law
from gateway.policy.model import Policy
from tests.golden.policy.policy_people import (
    ANA,
    ANA_WORK,
    CLEAN,
    DAY,
    DOCTOR,
    EXPIRED,
    GAP,
    KEY,
    LAB,
    LAPSED,
    LAWYER,
    MUM,
    NURSE,
    PAYER,
    PHI,
    TRUSTED,
    UNREACHABLE,
    UNTRUSTED,
    ana,
    authorization,
    child,
    choice,
    consent,
    email,
    no,
    partner,
    patient,
    sensitive,
)  # fmt: skip

POLICY = Policy(load_law())
DEFAULT_KIND = {ANA: "patient", MUM: "proxy", LAB: "partner", PAYER: "payer", NURSE: "internal", LAWYER: "other"}
OUT = ConsentEventType.REVOKED


def gone(kind: str, address: object = ANA) -> object:
    return consent(kind, address.key, seq=9, type=OUT, given_on=None)


# name, report, recipient, patients, changes of message/recipient, expected: outcome, rule, a reason
ROWS = [
    # -- what may harm
    ("a program in clean mail", replace(CLEAN, threats=(Threat(ThreatKind.EXECUTABLE, "attachment:a.exe"),)), LAWYER, [], {}, "hold:threat", "threat", "threat.executable"),
    ("a macro in a letter to a patient", replace(PHI, threats=(Threat(ThreatKind.MACRO, "attachment:a.docm"),)), ANA, [ana(email())], {}, "hold:threat", "threat", "threat.macro"),
    # -- mail without PHI
    ("clean to anybody", CLEAN, LAWYER, [], {}, "pass", "clean", "scan.clean"),
    ("clean to a patient", CLEAN, ANA, [ana()], {}, "pass", "clean", "scan.clean"),
    ("clean, [secure]", CLEAN, LAWYER, [], {"secure_tag": True}, "link", "clean", "request.secure"),
    ("clean, [secure], certificate", CLEAN, LAWYER, [], {"secure_tag": True, "keys": KEY}, "smime", "clean", "request.secure"),
    ("clean, link asked", CLEAN, LAWYER, [], {"requested": Method.LINK}, "link", "clean", "request.method"),
    ("clean, S/MIME asked, no certificate", CLEAN, LAWYER, [], {"requested": Method.SMIME}, "hold:no_method", "clean", "method.impossible"),
    ("clean, PDF asked, not built", CLEAN, LAWYER, [], {"requested": Method.PDF}, "hold:no_method", "clean", "method.impossible"),
    ("clean, TLS asked, trusted", CLEAN, LAB, [], {"requested": Method.TLS, "partner": TRUSTED, "tls_trusted": True}, "tls", "clean", "request.method"),
    ("clean, TLS asked, not trusted", CLEAN, LAB, [], {"requested": Method.TLS, "partner": TRUSTED}, "hold:no_method", "clean", "method.impossible"),
    ("clean, purpose not the sender's", CLEAN, LAWYER, [], {"purpose": Purpose.RESEARCH, "purpose_allowed": False}, "hold:purpose", "purpose", "purpose.not_allowed"),
    ("clean, but a sensitive word to a patient", CLEAN.__class__(phi=False, classes=sensitive("hiv").classes), ANA, [ana()], {}, "hold:consent", "no-consent", "class.hiv"),
    ("clean talk of substance use carries no statement", CLEAN.__class__(phi=False, classes=sensitive("substance_use").classes), LAWYER, [], {}, "pass", "clean", "scan.clean"),
    # -- patients
    ("consent, no certificate", PHI, ANA, [ana(email())], {}, "link", "patient-consented", "consent.email.encrypted"),
    ("consent, certificate", PHI, ANA, [ana(email())], {"keys": KEY}, "smime", "patient-consented", "key.smime.valid"),
    ("consent for any address", PHI, ANA, [ana(consent("email_encrypted", "*"))], {}, "link", "patient-consented", "consent.email.encrypted"),
    ("consent for another address", PHI, ANA, [ana(email(ANA_WORK))], {}, "hold:consent", "no-consent", "consent.email.missing"),
    ("consent for another purpose", PHI, ANA, [ana(email(purpose="payment"))], {}, "hold:consent", "no-consent", "consent.email.ended"),
    ("consent for link only, certificate", PHI, ANA, [ana(email(method="link"))], {"keys": KEY}, "link", "patient-consented", "consent.email.encrypted"),
    ("consent for S/MIME only, none there", PHI, ANA, [ana(email(method="smime"))], {}, "hold:consent", "patient-consented", "consent.method"),
    ("no consent", PHI, ANA, [ana()], {}, "hold:consent", "no-consent", "consent.email.missing"),
    ("consent revoked", PHI, ANA, [ana(email(), gone("email_encrypted"))], {}, "hold:consent", "no-consent", "consent.email.ended"),
    ("consent refused", PHI, ANA, [ana(email(type=ConsentEventType.REFUSED))], {}, "hold:consent", "no-consent", "consent.email.refused"),
    ("consent expired", PHI, ANA, [ana(email(expires_on=DAY.replace(month=5)))], {}, "hold:consent", "no-consent", "consent.email.ended"),
    ("consent, certificate, an author who cannot sign", PHI, ANA, [ana(email())], {"keys": KEY, "signs": False}, "link", "patient-consented", "key.smime.unsigned"),
    ("S/MIME asked, an author who cannot sign", PHI, ANA, [ana(email())], {"keys": KEY, "signs": False, "requested": Method.SMIME}, "hold:no_method", "patient-consented", "method.impossible"),
    ("certificate expired", PHI, ANA, [ana(email())], {"keys": EXPIRED}, "link", "patient-consented", "key.smime.expired"),
    ("certificate untrusted", PHI, ANA, [ana(email())], {"keys": UNTRUSTED}, "link", "patient-consented", "key.smime.untrusted"),
    ("directory unreachable", PHI, ANA, [ana(email())], {"keys": UNREACHABLE}, "link", "patient-consented", "key.smime.unreachable"),
    ("S/MIME asked, certificate expired", PHI, ANA, [ana(email())], {"keys": EXPIRED, "requested": Method.SMIME}, "hold:no_method", "patient-consented", "method.impossible"),
    ("link asked, certificate there", PHI, ANA, [ana(email())], {"keys": KEY, "requested": Method.LINK}, "link", "patient-consented", "request.method"),
    ("pass asked", PHI, ANA, [ana(email())], {"requested": Method.PASS}, "link", "patient-consented", "request.weaker"),
    ("no e-mail at all", PHI, ANA, [ana(email(), restrictions=(no("no_email"),))], {}, "hold:restriction", "no-email", "restriction.no_email"),
    ("no e-mail at all, clean", CLEAN, ANA, [ana(restrictions=(no("no_email"),))], {}, "hold:restriction", "no-email", "restriction.no_email"),
    # -- the patient's choice
    ("chose unencrypted", PHI, ANA, [ana(choice())], {}, "pass", "patient-chose-unencrypted", "consent.email.unencrypted"),
    ("chose unencrypted, [secure]", PHI, ANA, [ana(choice())], {"secure_tag": True}, "link", "patient-chose-unencrypted", "request.secure"),
    ("chose unencrypted, no warning on record", PHI, ANA, [ana(choice(warning_version=""))], {}, "hold:consent", "no-consent", "consent.email.missing"),
    ("chose unencrypted, elsewhere", PHI, ANA, [ana(choice(ANA_WORK))], {}, "hold:consent", "no-consent", "consent.email.missing"),
    ("chose unencrypted, any address", PHI, ANA, [ana(consent("email_unencrypted", "*", warning_version="1"))], {}, "hold:consent", "no-consent", "consent.email.missing"),
    ("chose unencrypted, unread part", GAP, ANA, [ana(choice())], {}, "link", "patient-consented", "scan.gap.encrypted"),
    ("chose unencrypted, sensitive class", sensitive("hiv"), ANA, [ana(choice())], {}, "link", "patient-consented", "class.hiv"),
    ("chose unencrypted, also about her child", PHI, ANA, [ana(choice()), child(choice(), id="p2")], {}, "hold:consent", "no-consent", "consent.email.missing"),
    ("the proxy cannot choose", PHI, MUM, [child(choice(MUM))], {}, "hold:consent", "no-consent", "consent.email.missing"),
    # -- somebody else's information
    ("another patient inside", PHI, ANA, [ana(email()), patient(id="p2")], {}, "hold:patient_not_recipient", "patient-not-recipient", "patient.not_recipient"),
    ("proxy, consent", PHI, MUM, [child(email(MUM))], {}, "link", "proxy-consented", "consent.email.encrypted"),
    ("proxy, no consent", PHI, MUM, [child()], {}, "hold:consent", "no-consent", "consent.email.missing"),
    ("proxy, also another patient", PHI, MUM, [child(email(MUM)), patient(id="p2")], {}, "hold:patient_not_recipient", "patient-not-recipient", "patient.not_recipient"),
    ("proxy of two, one consent", PHI, MUM, [child(email(MUM)), child(id="p2")], {}, "hold:consent", "no-consent", "consent.email.missing"),
    # -- confidential communications
    ("confidential address, consent there", PHI, ANA, [ana(email(ANA_WORK), target=ANA_WORK)], {}, "link", "patient-consented", "target.confidential"),
    ("confidential address, consent only here", PHI, ANA, [ana(email(), target=ANA_WORK)], {}, "hold:consent", "no-consent", "target.confidential"),
    ("confidential address, clean", CLEAN, ANA, [ana(target=ANA_WORK)], {}, "pass", "clean", "target.confidential"),
    ("confidential address, shared mailbox", PHI, ANA, [ana(email(ANA_WORK), target=ANA_WORK), ana(email(), id="p2")], {}, "hold:restriction", "confidential-address", "restriction.target_conflict"),
    ("confidential address, also her child", PHI, ANA, [ana(email(ANA_WORK), target=ANA_WORK), child(id="p2")], {}, "hold:restriction", "confidential-address", "restriction.target_conflict"),
    # -- partners and payers
    ("treatment partner", PHI, LAB, [patient()], {"partner": partner()}, "link", "partner-treatment", "partner.treatment"),
    ("treatment partner, certificate", PHI, LAB, [patient()], {"partner": partner(), "keys": KEY}, "smime", "partner-treatment", "partner.treatment"),
    ("treatment partner, TLS alone is no rule", PHI, LAB, [patient()], {"partner": TRUSTED, "tls_trusted": True}, "link", "partner-treatment", "partner.treatment"),
    ("partner, payment", PHI, LAB, [patient()], {"partner": partner(), "purpose": Purpose.PAYMENT}, "link", "partner-payment", "partner.payment"),
    ("partner, research", PHI, LAB, [patient()], {"partner": partner(), "purpose": Purpose.RESEARCH}, "hold:authorization", "no-authorization", "authorization.missing"),
    ("partner, operations", PHI, LAB, [patient()], {"partner": partner(), "purpose": Purpose.OPERATIONS}, "hold:authorization", "no-authorization", "authorization.missing"),
    ("partner whose agreement lapsed", PHI, LAB, [patient()], {"partner": LAPSED}, "hold:baa_lapsed", "baa-lapsed", "partner.baa_lapsed"),
    ("partner nobody registered", PHI, LAB, [patient()], {}, "hold:authorization", "no-authorization", "authorization.missing"),
    ("partner that the patient excluded", PHI, LAB, [patient(restrictions=(no("no_partner", "lab.example.org"),))], {"partner": partner()}, "hold:restriction", "restriction", "restriction.no_partner"),
    ("partner, another one excluded", PHI, LAB, [patient(restrictions=(no("no_partner", "example.com"),))], {"partner": partner()}, "link", "partner-treatment", "partner.treatment"),
    ("partner, second patient excluded it", PHI, LAB, [patient(), patient(id="p2", restrictions=(no("no_partner"),))], {"partner": partner()}, "hold:restriction", "restriction", "restriction.no_partner"),
    ("payer for payment", PHI, PAYER, [patient()], {"partner": partner("payer")}, "link", "payer-payment", "payer.payment"),
    ("payer for treatment", PHI, PAYER, [patient()], {"partner": partner("payer"), "purpose": Purpose.TREATMENT}, "hold:purpose", "purpose", "purpose.not_allowed"),
    ("payer, paid out of pocket", PHI, PAYER, [patient(restrictions=(no("no_payer"),))], {"partner": partner("payer")}, "hold:restriction", "restriction", "restriction.no_payer"),
    ("payer, genetic", sensitive("genetic"), PAYER, [patient()], {"partner": partner("payer")}, "hold:sensitive", "genetic-payer", "sensitive.genetic.payer"),
    ("partner, genetic", sensitive("genetic"), LAB, [patient()], {"partner": partner()}, "link", "partner-treatment", "class.genetic"),
    # -- sensitive classes
    ("substance use to the patient", sensitive("substance_use"), ANA, [ana(email())], {}, "link", "patient-consented", "class.substance_use"),
    ("substance use to a partner, no consent", sensitive("substance_use"), LAB, [patient()], {"partner": partner()}, "hold:sensitive", "substance-use", "sensitive.substance_use.consent"),
    ("substance use to a partner, consent", sensitive("substance_use"), LAB, [patient(consent("part2", LAB.key, purpose="treatment"))], {"partner": partner()}, "link+part2_2024+part2_scope.treatment", "partner-treatment", "partner.treatment"),
    ("substance use to a partner, consent for payment", sensitive("substance_use"), LAB, [patient(consent("part2", LAB.key, purpose="payment"))], {"partner": partner()}, "hold:sensitive", "substance-use", "sensitive.substance_use.consent"),
    ("substance use of nobody known", sensitive("substance_use"), LAB, [], {"partner": partner(), "keys": KEY}, "hold:sensitive", "substance-use", "sensitive.substance_use.consent"),
    ("substance use of a child to the parent", sensitive("substance_use"), MUM, [child(email(MUM), consent("part2", MUM.key, seq=2))], {}, "hold:sensitive", "minor-proxy", "sensitive.minor.proxy"),
    ("substance use to a colleague", sensitive("substance_use"), NURSE, [patient()], {}, "link+part2_2024", "internal", "recipient.internal"),
    ("psychotherapy notes to a partner", sensitive("psychotherapy"), LAB, [patient()], {"partner": partner()}, "hold:sensitive", "psychotherapy", "sensitive.psychotherapy.authorization"),
    ("psychotherapy notes to the patient", sensitive("psychotherapy"), ANA, [ana(email())], {}, "hold:sensitive", "psychotherapy", "sensitive.psychotherapy.authorization"),
    ("psychotherapy notes, general authorization", sensitive("psychotherapy"), LAWYER, [patient(authorization())], {}, "hold:sensitive", "psychotherapy", "sensitive.psychotherapy.authorization"),
    ("psychotherapy notes, their own", sensitive("psychotherapy"), LAB, [patient(authorization(LAB, "psychotherapy"))], {"partner": partner()}, "link", "partner-treatment", "partner.treatment"),
    ("HIV to the patient", sensitive("hiv"), ANA, [ana(email())], {}, "link", "patient-consented", "class.hiv"),
    # -- others
    ("lawyer, no authorization", PHI, LAWYER, [patient()], {}, "hold:authorization", "no-authorization", "authorization.missing"),
    ("lawyer, authorization", PHI, LAWYER, [patient(authorization())], {}, "link", "authorized", "authorization.valid"),
    ("lawyer, one element missing", PHI, LAWYER, [patient(authorization(elements=authorization().elements[1:]))], {}, "hold:authorization", "no-authorization", "authorization.defective"),
    ("lawyer, authorization expired", PHI, LAWYER, [patient(authorization(expires_on=DAY.replace(month=5)))], {}, "hold:authorization", "no-authorization", "authorization.ended"),
    ("lawyer, authorization revoked", PHI, LAWYER, [patient(authorization(), gone("authorization", LAWYER))], {}, "hold:authorization", "no-authorization", "authorization.ended"),
    ("lawyer, authorization for any recipient", PHI, LAWYER, [patient(consent("authorization", "*", elements=authorization().elements))], {}, "hold:authorization", "no-authorization", "authorization.missing"),
    ("lawyer, one of two patients", PHI, LAWYER, [patient(authorization()), patient(id="p2")], {}, "hold:authorization", "no-authorization", "authorization.missing"),
    ("lawyer, claimed public health lifts nothing", PHI, LAWYER, [patient()], {"purpose": Purpose.PUBLIC_HEALTH}, "hold:authorization", "no-authorization", "authorization.missing"),
    # -- nobody identified
    ("PHI of nobody known", PHI, LAWYER, [], {}, "hold:no_patient", "no-patient", "patient.none"),
    ("PHI of nobody known, partner", PHI, LAB, [], {"partner": partner()}, "hold:no_patient", "no-patient", "patient.none"),
    ("PHI of nobody known, sealed to a partner", PHI, LAB, [], {"partner": partner(), "keys": KEY}, "smime", "sealed-to-treatment-partner", "patient.none"),
    ("PHI of nobody known, link asked", PHI, LAB, [], {"partner": partner(), "keys": KEY, "requested": Method.LINK}, "hold:no_patient", "no-patient", "patient.none"),
    ("PHI of nobody known, payer", PHI, PAYER, [], {"partner": partner("payer"), "keys": KEY}, "hold:no_patient", "no-patient", "patient.none"),
    ("PHI of nobody known, certificate expired", PHI, LAB, [], {"partner": partner(), "keys": EXPIRED}, "hold:no_patient", "no-patient", "patient.none"),
    ("unread part to a stranger", GAP, LAWYER, [], {}, "hold:incomplete", "no-patient", "scan.gap.encrypted"),
    ("unread part to a patient", GAP, ANA, [ana(email())], {}, "link", "patient-consented", "scan.gap.encrypted"),
    ("unread part sealed to a partner", GAP, LAB, [], {"partner": partner(), "keys": KEY}, "smime", "sealed-to-treatment-partner", "scan.gap.encrypted"),
    # -- internal
    ("colleague", PHI, NURSE, [patient()], {}, "link", "internal", "recipient.internal"),
    ("colleague, certificate, nobody known", PHI, NURSE, [], {"keys": KEY}, "smime", "internal", "recipient.internal"),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_built_in_rule(row):
    _, report, address, patients, changes, outcome, rule, reason = row
    to_recipient = {key: changes[key] for key in ("partner", "keys", "tls_trusted") if key in changes}
    to_message = {key: value for key, value in changes.items() if key not in to_recipient}
    to_recipient.setdefault("keys", KeyFacts())
    recipient = RecipientFacts(address, RecipientKind(DEFAULT_KIND[address]), tuple(patients), **to_recipient)
    decision = decide(POLICY, MessageFacts(report, DOCTOR, DAY, **to_message), recipient)
    said = (
        f"hold:{decision.held_for.value}" if decision.held_for else "+".join((decision.method.value, *decision.notices))
    )
    assert (said, decision.rule) == (outcome, rule), decision.reasons
    assert reason in decision.reasons
    assert (decision.method is None) == (decision.action.value != "deliver")
    if report.classes or not report.complete:
        assert decision.open_text.value == "notice"
    elif decision.method is not None:
        assert decision.open_text.value == "letter"
    assert not any("does not know" in line for line in explain(decision))


def test_every_built_in_rule_has_a_row():
    room = Path(__file__).parents[3] / "gateway/policy"
    named = set()
    for file in ("builtin.py", "sensitive.py"):
        text = (room / file).read_text()
        named |= set(re.findall(r'(?:hold\(|Verdict\(\s*|protect\(case, )"([a-z-]+)"', text))
        named |= set(re.findall(r'^ +\("([a-z-]+)", _', text, re.MULTILINE))
    assert len(named) > 18
    settings_of_the_practice = {"state-consent", "practice-sensitive", "unscanned"}
    assert named - {row[6] for row in ROWS} - settings_of_the_practice == {"withhold"}


def test_what_no_rule_claims_is_withheld(monkeypatch):
    monkeypatch.setattr(builtin, "BUILT_IN", ())
    got = decide(POLICY, MessageFacts(CLEAN, None, DAY), RecipientFacts(LAWYER, RecipientKind.OTHER))
    assert (got.action.value, got.held_for.value, got.rule, got.method) == ("hold", "default", "withhold", None)
