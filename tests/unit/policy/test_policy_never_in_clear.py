"""Whatever the facts: `decide` answers, and PHI goes in clear only by the patient's choice or an acknowledged rule."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.address import Address
from gateway.domain.decision import Action, Method, OpenText
from gateway.domain.errors import ConfigError
from gateway.domain.finding import Finding, Gap, GapReason, Kind, ScanReport, SensitiveClass
from gateway.domain.patient import (
    ConsentEvent,
    ConsentEventType,
    ConsentKind,
    Partner,
    PartnerTrust,
    Purpose,
    RecipientKind,
    Restriction,
    RestrictionKind,
)
from gateway.policy.decide import decide
from gateway.policy.explain import explain, sentence
from gateway.policy.facts import KeyFacts, MessageFacts, PatientFacts, RecipientFacts
from gateway.policy.law import load_law
from gateway.policy.model import Condition, Outcome, Policy, Rule, SensitivePolicy
from gateway.policy.sentences import SENTENCES
from gateway.policy.strength import weaker
from gateway.ports.keys import KeyState

LAW = load_law()
DAY = date(2026, 6, 1)
ADDRESSES = [Address.parse(one) for one in ("a@example.net", "b@example.net", "c@example.org")]
SCOPES = ["", "*", *(one.key for one in ADDRESSES), "example.net", "example.org"]

any_address = st.sampled_from(ADDRESSES)
any_date = st.none() | st.sampled_from([date(2025, 1, 1), DAY, date(2027, 1, 1)])
restriction = st.builds(Restriction, st.sampled_from(RestrictionKind), st.sampled_from(SCOPES))
event = st.builds(
    ConsentEvent, st.just("p"), st.integers(1, 9), st.sampled_from(ConsentEventType), st.sampled_from(ConsentKind),
    st.sampled_from(SCOPES), st.sampled_from(["*", "individual", "treatment", "other"]),
    st.sampled_from(["*", "link", "smime", "pass"]), st.sampled_from(["", "1"]), expires_on=any_date, given_on=any_date,
    elements=st.sampled_from([(), tuple((one, "x") for one in LAW.authorization_elements)]),
)  # fmt: skip
patient = st.builds(
    PatientFacts, st.sampled_from(["p", "q"]), st.integers(1, 3), st.lists(restriction, max_size=1).map(tuple),
    st.lists(event, max_size=4).map(tuple), st.integers(0, 9), st.booleans(), st.booleans(), st.none() | any_address,
    st.booleans(),
)  # fmt: skip
partner = st.builds(
    Partner, st.just("q1"), st.just("A partner"), st.sampled_from([RecipientKind.PARTNER, RecipientKind.PAYER]),
    st.sampled_from(["example.net", "example.org"]), any_date, any_date, st.sampled_from(PartnerTrust),
)  # fmt: skip
recipient = st.builds(
    RecipientFacts, any_address, st.sampled_from(RecipientKind), st.lists(patient, max_size=3).map(tuple),
    st.none() | partner, st.builds(KeyFacts, st.sampled_from(KeyState), st.just("ab")), st.booleans(), st.booleans(),
)  # fmt: skip
report = st.builds(
    ScanReport, st.lists(st.builds(Finding, st.sampled_from(Kind), st.just("text"), st.just(0), st.just(1), st.just(1.0), st.just("x")), max_size=2).map(tuple),
    st.lists(st.builds(Gap, st.just("text"), st.sampled_from(GapReason)), max_size=1).map(tuple),
    st.frozensets(st.sampled_from(SensitiveClass), max_size=2), st.frozensets(st.just("p")), st.booleans(), st.booleans(),
)  # fmt: skip
message = st.builds(
    MessageFacts, report, any_address, st.just(DAY), st.none() | st.sampled_from(Purpose), st.booleans(),
    st.none() | st.sampled_from(Method), st.booleans(), st.integers(0, 5),
)  # fmt: skip
condition = st.builds(
    Condition, st.frozensets(st.sampled_from(RecipientKind), max_size=2), st.frozensets(st.sampled_from(["example.net", "example.org"]), max_size=1),
    phi=st.none() | st.booleans(), complete=st.none() | st.booleans(),
)  # fmt: skip
outcome = st.builds(
    Outcome,
    st.sampled_from(Action),
    st.none() | st.sampled_from(Method),
    st.none() | st.sampled_from(OpenText),
    st.sampled_from(["", "agreed"]),
    st.booleans(),
)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    rules = []
    for number in range(draw(st.integers(0, 3))):
        try:
            rules.append(Rule(f"rule-{number}", draw(condition), draw(outcome)))
        except ConfigError:
            continue
    classes = st.frozensets(st.sampled_from(SensitiveClass), max_size=2)
    return Policy(
        LAW, tuple(rules), draw(st.sampled_from(OpenText)), hold_on_key_trouble=draw(st.booleans()),
        sensitive=SensitivePolicy(draw(classes), draw(classes)),
    )  # fmt: skip


@pytest.mark.proves("open.pass-by-decide", "open.never-weakened", "clear.whole-space")
@settings(max_examples=500, deadline=None)
@given(policies(), message, recipient)
def test_no_facts_send_phi_in_clear_unsaid(policy, facts, to):
    got = decide(policy, facts, to)
    assert (got.method is None) == (got.action is not Action.DELIVER)
    assert all(code in SENTENCES for code in got.reasons), got.reasons
    assert explain(got)
    assert got == decide(policy, facts, to)
    if facts.report.classes or not facts.report.complete:
        assert got.open_text is OpenText.NOTICE
    if facts.requested is not None and got.method is not None and facts.requested.protects:
        assert got.method.protects
    if facts.secure_tag and got.method is not None:
        assert got.method.protects
    if got.method is Method.REDACT:
        assert not to.unredactable
        assert facts.report.complete
        assert not facts.report.classes
    if facts.report.clean:
        return
    if got.method is Method.PASS:
        assert facts.report.complete
        assert not facts.report.classes
        named = next((one for one in policy.rules if one.name == got.rule), None)
        if named is None:
            assert got.rule == "patient-chose-unencrypted"
            assert all(one.is_recipient for one in to.patients)
            kinds = {(one.kind, one.address) for patient in to.patients for one in patient.consents}
            assert (ConsentKind.EMAIL_UNENCRYPTED, got.target.key) in kinds
        elif "consent.email.unencrypted" not in got.reasons:
            assert named.then.i_understand
            assert not any(one.restrictions for one in to.patients)
    elif got.method is Method.TLS:
        assert to.tls_trusted or "consent.email.unencrypted" in got.reasons
        assert to.partner is not None
        assert to.partner.trust is PartnerTrust.VERIFIED_TLS
    elif got.method is Method.REDACT:
        named = next((one for one in policy.rules if one.name == got.rule), None)
        if named is None or named.then.method is not Method.REDACT:
            assert facts.requested is Method.REDACT
            assert {"consent.email.unencrypted", "rule.pass"} & set(got.reasons), "what might go in clear goes masked"
        elif "consent.email.unencrypted" not in got.reasons:
            assert named.when.recipient_domain or named.when.recipient_kind
            assert not any(one.restrictions for one in to.patients)
            assert not {"authorization.refused", "authorization.ended"} & set(got.reasons)
    elif got.method is not None:
        assert not weaker(got.method, Method.LINK)
    if to.keys.smime is not KeyState.VALID:
        assert got.method is not Method.SMIME


def test_an_unknown_code_is_named_and_not_lost():
    assert "from.later" in sentence("from.later")
