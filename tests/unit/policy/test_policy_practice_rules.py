"""Practice rules: they ask more, never less; the acknowledged `pass` and verified TLS within their bounds."""

from __future__ import annotations

import pytest

from gateway.domain.address import Address
from gateway.domain.decision import Action, HoldReason, Method, OpenText
from gateway.domain.errors import ConfigError
from gateway.domain.finding import SensitiveClass
from gateway.domain.patient import ConsentKind, Purpose, RecipientKind
from gateway.policy.decide import decide
from gateway.policy.facts import MessageFacts, RecipientFacts
from gateway.policy.law import load_law
from gateway.policy.model import Condition, Outcome, Policy, Rule, SensitivePolicy
from tests.golden.policy.policy_people import (
    ANA,
    CLEAN,
    DAY,
    DOCTOR,
    EXPIRED,
    GAP,
    KEY,
    LAB,
    LAPSED,
    NURSE,
    PHI,
    TRUSTED,
    ana,
    choice,
    email,
    no,
    partner,
    patient,
    sensitive,
)  # fmt: skip

LAW = load_law()
NOBODY_SPECIAL = (patient(),)
HOLD = Outcome(Action.HOLD)
LAB_ONLY = Condition(recipient_domain=frozenset({"lab.example.org"}))
PASS = Outcome(Action.DELIVER, Method.PASS, i_understand="Leased line to the lab, agreed on 2 January 2026")
TLS = Outcome(Action.DELIVER, Method.TLS)


def run(rule, report=PHI, address=LAB, kind="partner", patients=NOBODY_SPECIAL, message=None, policy=None, **facts):
    if kind == "partner":
        facts.setdefault("partner", partner())
    made = Policy(LAW, (rule,) if rule else (), **(policy or {}))
    to_message = MessageFacts(report, DOCTOR, DAY, **(message or {}))
    return decide(made, to_message, RecipientFacts(address, RecipientKind(kind), tuple(patients), **facts))


def deliver(method=None, **when):
    return Rule("practice", Condition(**when), Outcome(Action.DELIVER, method))


def test_a_hold_rule_holds_what_would_have_left():
    got = run(Rule("review", LAB_ONLY, HOLD))
    assert (got.action, got.held_for, got.rule, got.method) == (Action.HOLD, HoldReason.RULE, "review", None)


def test_a_built_in_hold_keeps_its_reason_over_a_hold_or_deliver_rule():
    for then in (HOLD, Outcome(Action.DELIVER), Outcome(Action.DELIVER, Method.LINK), PASS, TLS):
        got = run(Rule("practice", LAB_ONLY, then), partner=LAPSED)
        assert (got.held_for, got.rule) == (HoldReason.BAA_LAPSED, "baa-lapsed")


def test_refuse_is_stricter_than_hold():
    got = run(Rule("never", LAB_ONLY, Outcome(Action.REFUSE)), partner=LAPSED)
    assert (got.action, got.held_for, got.rule) == (Action.REFUSE, None, "never")


def test_the_first_matching_rule_wins_and_shadows_the_next():
    rules = (Rule("lab-as-usual", LAB_ONLY, Outcome(Action.DELIVER)), Rule("hold-all", Condition(), HOLD))
    message = MessageFacts(PHI, DOCTOR, DAY)
    at_lab = RecipientFacts(LAB, RecipientKind.PARTNER, (patient(),), partner())
    at_nurse = RecipientFacts(NURSE, RecipientKind.INTERNAL, (patient(),))
    assert decide(Policy(LAW, rules), message, at_lab).method is Method.LINK
    assert decide(Policy(LAW, rules), message, at_nurse).rule == "hold-all"


@pytest.mark.parametrize(
    ("when", "hit"),
    [
        ({"recipient_kind": {RecipientKind.PARTNER}}, True),
        ({"recipient_kind": {RecipientKind.PAYER}}, False),
        ({"recipient_domain": {"results@lab.example.org"}}, True),
        ({"recipient_domain": {"example.org"}}, False),
        ({"sender": {"lee@practice.example.org"}}, True),
        ({"sender": {"@practice.example.org"}}, True),
        ({"sender": {"practice.example.org"}}, False),
        ({"purpose": {Purpose.TREATMENT}}, True),
        ({"purpose": {Purpose.PAYMENT}}, False),
        ({"classes": {SensitiveClass.HIV}}, False),
        ({"consent": {ConsentKind.EMAIL_ENCRYPTED}}, False),
        ({"attachments_over": 2}, True),
        ({"attachments_over": 3}, False),
    ],
)
def test_each_condition(when, hit):
    fixed = {key: value if isinstance(value, int) else frozenset(value) for key, value in when.items()}
    got = run(Rule("r", Condition(**fixed), HOLD), message={"attachment_count": 3})
    assert (got.rule == "r") is hit


def test_conditions_on_phi_and_completeness():
    assert run(Rule("r", Condition(phi=False), HOLD), report=CLEAN, patients=()).rule == "r"
    assert run(Rule("r", Condition(phi=False), HOLD), report=GAP).rule == "partner-treatment"
    assert run(Rule("r", Condition(complete=False), HOLD), report=GAP).rule == "r"
    assert run(Rule("r", Condition(complete=True), HOLD), report=GAP).rule != "r"


def test_a_condition_on_consent_needs_it_of_every_patient():
    rule = Rule("r", Condition(consent=frozenset({ConsentKind.EMAIL_ENCRYPTED})), HOLD)
    assert run(rule, address=ANA, kind="patient", patients=(ana(email()),)).rule == "r"
    assert run(rule, address=ANA, kind="patient", patients=(ana(email()), ana(id="p2"))).rule != "r"
    assert run(rule, patients=()).rule != "r"


def test_pass_is_refused_at_load_unless_acknowledged_for_named_domains():
    with pytest.raises(ConfigError, match="i_understand"):
        Rule("open", LAB_ONLY, Outcome(Action.DELIVER, Method.PASS))
    with pytest.raises(ConfigError, match="recipient_domain"):
        Rule("open", Condition(), PASS)
    with pytest.raises(ConfigError, match="only"):
        Rule("open", LAB_ONLY, Outcome(Action.DELIVER, Method.LINK, i_understand="x"))
    Rule("open", LAB_ONLY, PASS)
    Rule("clean", Condition(phi=False), Outcome(Action.DELIVER, Method.PASS))


def test_hold_takes_no_method_and_research_goes_with_redact_only():
    with pytest.raises(ConfigError):
        Rule("r", Condition(), Outcome(Action.HOLD, Method.LINK))
    with pytest.raises(ConfigError):
        Rule("r", Condition(), Outcome(Action.DELIVER, Method.LINK, research=True))
    Rule("r", Condition(), Outcome(Action.DELIVER, Method.REDACT, research=True))


def test_the_acknowledged_pass_within_its_bounds():
    rule = Rule("lab-line", LAB_ONLY, PASS)
    got = run(rule)
    assert (got.method, got.rule, "rule.pass" in got.reasons) == (Method.PASS, "lab-line", True)
    for changes in (
        {"report": GAP},
        {"report": sensitive("hiv")},
        {"patients": (patient(restrictions=(no("no_payer"),)),)},
        {"message": {"secure_tag": True}},
        {"message": {"requested": Method.LINK}},
    ):
        assert run(rule, **changes).method is Method.LINK, changes


def test_the_acknowledged_pass_lifts_no_consent_of_a_patient():
    rule = Rule("r", Condition(recipient_domain=frozenset({"example.net"})), PASS)
    got = run(rule, address=ANA, kind="patient", patients=(ana(email()),))
    assert (got.method, got.rule) == (Method.LINK, "patient-consented")
    assert run(rule, address=ANA, kind="patient", patients=(ana(),)).held_for is HoldReason.CONSENT


def test_a_sealed_letter_of_nobody_known_stays_sealed():
    for then in (PASS, TLS, Outcome(Action.DELIVER, Method.LINK)):
        got = run(Rule("r", LAB_ONLY, then), patients=(), keys=KEY, partner=TRUSTED, tls_trusted=True)
        assert got.method in (Method.SMIME, None)


def test_tls_only_to_a_trusted_partner_and_only_by_a_rule():
    rule = Rule("lab-tls", LAB_ONLY, TLS)
    assert run(rule, partner=TRUSTED, tls_trusted=True).method is Method.TLS
    assert run(rule, partner=TRUSTED, tls_trusted=False).method is Method.LINK
    assert run(rule, partner=partner(), tls_trusted=True).method is Method.LINK
    assert run(rule, report=GAP, partner=TRUSTED, tls_trusted=True).method is Method.LINK
    assert run(rule, report=sensitive("genetic"), partner=TRUSTED, tls_trusted=True).method is Method.LINK
    assert run(rule, report=CLEAN, partner=TRUSTED, tls_trusted=True).method is Method.TLS
    assert run(rule, report=CLEAN, partner=TRUSTED).method is Method.LINK


def test_a_rule_may_demand_a_method_and_holds_where_it_is_impossible():
    assert run(deliver(Method.SMIME), keys=KEY).method is Method.SMIME
    assert run(deliver(Method.LINK), keys=KEY).method is Method.LINK
    got = run(deliver(Method.SMIME), keys=EXPIRED)
    assert (got.held_for, "key.smime.expired" in got.reasons) == (HoldReason.NO_METHOD, True)
    assert run(deliver(Method.LINK), report=CLEAN).method is Method.LINK


def test_a_rule_cannot_choose_a_method_that_the_patient_did_not_agree_to():
    agreed = (ana(email(method="smime")),)
    got = run(deliver(Method.LINK), address=ANA, kind="patient", patients=agreed, keys=KEY)
    assert (got.held_for, got.method) == (HoldReason.CONSENT, None)


def test_a_rule_may_protect_what_the_patient_would_have_open():
    got = run(deliver(Method.LINK), address=ANA, kind="patient", patients=(ana(choice()),))
    assert got.method is Method.LINK


def test_open_text_only_gets_stricter():
    notice = Rule("r", Condition(), Outcome(Action.DELIVER, open_text=OpenText.NOTICE))
    letter = Rule("r", Condition(), Outcome(Action.DELIVER, open_text=OpenText.LETTER))
    assert run(None).open_text is OpenText.LETTER
    assert run(notice).open_text is OpenText.NOTICE
    assert run(letter, policy={"open_text": OpenText.NOTICE}).open_text is OpenText.NOTICE
    assert run(letter, report=GAP).open_text is OpenText.NOTICE


def test_settings_of_the_practice():
    assert run(None, keys=EXPIRED, policy={"hold_on_key_trouble": True}).held_for is HoldReason.NO_METHOD
    asks = SensitivePolicy(need_consent=frozenset({SensitiveClass.HIV}))
    assert run(None, report=sensitive("hiv"), policy={"sensitive": asks}).rule == "state-consent"
    holds = SensitivePolicy(hold=frozenset({SensitiveClass.HIV}))
    held = run(None, report=sensitive("hiv"), policy={"sensitive": holds})
    assert (held.rule, held.held_for) == ("practice-sensitive", HoldReason.RULE), (
        "a person's look is asked for, and suffices"
    )
    to_ana = {"address": ANA, "kind": "patient", "patients": (ana(email()),)}
    for both in (asks, holds):
        assert run(None, report=sensitive("hiv"), policy={"sensitive": both}, **to_ana).method is Method.LINK
    only = {RecipientKind.PARTNER: frozenset({Purpose.TREATMENT})}
    refused = run(None, message={"purpose": Purpose.PAYMENT}, policy={"purposes": only})
    assert refused.held_for is HoldReason.PURPOSE


def test_the_version_changes_with_every_setting_and_not_with_order():
    base = Policy(LAW)
    assert base.version == Policy(load_law()).version
    others = [
        Policy(LAW, (Rule("a", Condition(), HOLD),)),
        Policy(LAW, (Rule("b", Condition(), HOLD),)),
        Policy(LAW, open_text=OpenText.NOTICE),
        Policy(LAW, hold_on_key_trouble=True),
        Policy(LAW, method_order=(Method.LINK,)),
    ]
    assert len({base.version, *(one.version for one in others)}) == 6
    pair = [
        Rule("a", Condition(recipient_domain=frozenset(names)), HOLD)
        for names in (("x.example", "y.example"), ("y.example", "x.example"))
    ]
    assert Policy(LAW, (pair[0],)).version == Policy(LAW, (pair[1],)).version


def test_the_basis_names_every_version_used():
    got = run(None, keys=KEY)
    assert got.basis.patients == (("p1", 4),)
    assert got.basis.consents == (("p1", 0),)
    assert got.basis.partner == ("q1", 1)
    assert got.basis.key == KEY.fingerprint
    assert got.basis.policy == Policy(LAW).version
    assert run(None, keys=EXPIRED).basis.key == ""


REDACT = Outcome(Action.DELIVER, Method.REDACT)
STRANGER = Address.parse("lab@research.example.com")
TO_STRANGER = Condition(recipient_domain=frozenset({"research.example.com"}))


def to_stranger(then=REDACT, when=TO_STRANGER, **more):
    return run(Rule("masked", when, then), address=STRANGER, kind="other", **more)


def test_a_masked_copy_needs_no_authorization_and_a_named_recipient():
    got = to_stranger()
    assert (got.action, got.method, got.rule) == (Action.DELIVER, Method.REDACT, "masked")
    assert {"rule.redact", "authorization.missing"} <= set(got.reasons)
    assert "rule.research" in to_stranger(Outcome(Action.DELIVER, Method.REDACT, research=True)).reasons
    assert to_stranger(when=Condition()).held_for is HoldReason.AUTHORIZATION
    assert to_stranger(when=Condition(recipient_kind=frozenset({RecipientKind.OTHER}))).method is Method.REDACT
    assert to_stranger(patients=()).method is Method.REDACT, "PHI of nobody known, masked, is nobody's"
    assert to_stranger(report=CLEAN, patients=()).method is Method.REDACT
    assert to_stranger(report=CLEAN, patients=(), when=Condition()).method is Method.REDACT, (
        "more than nothing needs no name"
    )


@pytest.mark.parametrize(
    ("changes", "held_for"),
    [
        ({"report": GAP}, HoldReason.AUTHORIZATION), ({"report": sensitive("hiv")}, HoldReason.AUTHORIZATION),
        ({"unredactable": True}, HoldReason.AUTHORIZATION), ({"patients": (patient(restrictions=(no("no_payer"),)),)}, HoldReason.AUTHORIZATION),
        ({"patients": (patient(restrictions=(no("no_email"),)),)}, HoldReason.RESTRICTION), ({"report": GAP, "patients": ()}, HoldReason.INCOMPLETE),
        ({"message": {"secure_tag": True}}, HoldReason.AUTHORIZATION), ({"message": {"requested": Method.LINK}}, HoldReason.AUTHORIZATION),
        ({"message": {"requested": Method.TLS}}, HoldReason.AUTHORIZATION), ({"message": {"purpose": Purpose.RESEARCH, "purpose_allowed": False}}, HoldReason.PURPOSE),
    ],
)  # fmt: skip
def test_a_hold_with_another_reason_stays_and_the_letter_itself_never_takes_its_place(changes, held_for):
    got = to_stranger(**changes)
    assert (got.action, got.held_for) == (Action.HOLD, held_for), got


def test_a_masked_copy_in_the_place_of_a_protected_one():
    rule = Rule("masked", LAB_ONLY, REDACT)
    assert run(rule).method is Method.REDACT
    for changes in (
        {"report": GAP}, {"report": sensitive("hiv")}, {"unredactable": True}, {"message": {"secure_tag": True}},
        {"patients": (patient(restrictions=(no("no_payer"),)),)}, {"message": {"requested": Method.LINK}}, {"message": {"requested": Method.TLS}},
    ):  # fmt: skip
        assert run(rule, **changes).method is Method.LINK, changes
    assert run(rule, report=CLEAN, patients=(), unredactable=True).method is Method.LINK
    got = run(
        Rule("masked", Condition(recipient_kind=frozenset({RecipientKind.PATIENT})), REDACT),
        address=ANA,
        kind="patient",
        patients=(ana(email()),),
    )
    assert got.method is Method.LINK, "what the patient agreed to is not exchanged"


def test_two_rules_of_one_name_are_refused():
    with pytest.raises(ConfigError, match="two rules"):
        Policy(LAW, (Rule("a", Condition(), HOLD), Rule("a", Condition(), HOLD)))


def test_only_the_normal_form_of_an_address_counts():
    rule = Rule("r", Condition(recipient_domain=frozenset({"results@lab.example.org"})), HOLD)
    assert run(rule, address=Address.parse("Results@LAB.example.org")).rule == "r"
