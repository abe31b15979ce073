"""Encrypted PDF only with a password that its reader can have; large attachments by link or not at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.address import Address
from gateway.domain.decision import Action, HoldReason, Method, OpenText
from gateway.domain.finding import Finding, Kind, ScanReport, SensitiveClass
from gateway.domain.patient import ConsentEvent, ConsentEventType, ConsentKind, RecipientKind
from gateway.policy.decide import decide
from gateway.policy.explain import explain
from gateway.policy.facts import KeyFacts, MessageFacts, PasswordWay, PatientFacts, RecipientFacts
from gateway.policy.law import load_law
from gateway.policy.model import Condition, Outcome, PdfPolicy, Policy, Rule
from gateway.ports.keys import KeyState
from tests.unit.policy.test_policy_never_in_clear import message, recipient

LAW, DAY, ANA = load_law(), date(2026, 6, 1), Address.parse("ana@example.net")
PHI = ScanReport(
    (Finding(Kind.MRN, "text", 0, 1, 1.0, "x"),), (), frozenset(), frozenset({"p"}), health_context=True, phi=True
)
NO_KEYS = KeyFacts()
ORDER = (Method.PDF, Method.LINK)


def run(
    policy: Policy,
    *,
    way: PasswordWay = PasswordWay.PHRASE,
    consented: str = "*",
    keys: KeyFacts = NO_KEYS,
    **mail: object,
):
    event = ConsentEvent("p", 1, ConsentEventType.GIVEN, ConsentKind.EMAIL_ENCRYPTED, "*", method=consented)
    about = PatientFacts("p", 1, consents=(event,), consent_version=1, is_recipient=True)
    facts = RecipientFacts(ANA, RecipientKind.PATIENT, (about,), keys=keys, password=way)
    return decide(policy, replace(MessageFacts(PHI, Address.parse("lee@example.org"), DAY), **mail), facts)


@pytest.mark.parametrize(
    ("way", "texts", "portal", "method", "code"),
    [
        (PasswordWay.PHRASE, True, True, Method.PDF, "pdf.phrase"), (PasswordWay.SMS, True, True, Method.PDF, "pdf.sms"),
        (PasswordWay.PHRASE, False, False, Method.PDF, "pdf.phrase"), (PasswordWay.SMS, False, False, Method.LINK, ""),
        (PasswordWay.SMS, False, True, Method.PDF, "pdf.portal"), (PasswordWay.PORTAL, True, True, Method.PDF, "pdf.portal"),
        (PasswordWay.PORTAL, True, False, Method.LINK, ""), (PasswordWay.NONE, True, True, Method.LINK, ""),
    ],
)  # fmt: skip
def test_the_way_of_the_password_decides(way, texts, portal, method, code):
    got = run(Policy(LAW, method_order=ORDER, pdf=PdfPolicy(text_messages=texts, portal=portal)), way=way)
    assert (got.action, got.method) == (Action.DELIVER, method)
    assert {one for one in got.reasons if one.startswith("pdf.")} == ({code} if code else set())
    assert "encrypted PDF" in " ".join(explain(got)) or method is Method.LINK


def test_a_request_for_a_pdf_without_a_password_is_held():
    got = run(Policy(LAW), way=PasswordWay.NONE, requested=Method.PDF)
    assert (got.action, got.held_for) == (Action.HOLD, HoldReason.NO_METHOD)
    assert run(Policy(LAW), requested=Method.PDF).method is Method.PDF


def test_a_rule_may_choose_it_and_consent_has_to_cover_it():
    rule = Rule("r", Condition(), Outcome(Action.DELIVER, Method.PDF))
    assert run(Policy(LAW, (rule,))).method is Method.PDF
    assert run(Policy(LAW, (rule,)), consented="link").held_for is HoldReason.CONSENT
    assert run(Policy(LAW, method_order=ORDER), consented="pdf").method is Method.PDF
    assert run(Policy(LAW, method_order=ORDER), consented="link").method is Method.LINK


@pytest.mark.parametrize(
    ("pdf", "packed"),
    [(PdfPolicy(), False), (PdfPolicy(archive=True), True), (PdfPolicy(archive_for=frozenset({"ana@example.net"})), True),
     (PdfPolicy(archive_for=frozenset({"example.net"})), True), (PdfPolicy(archive_for=frozenset({"example.org"})), False)],
)  # fmt: skip
def test_an_archive_is_for_those_who_asked(pdf, packed):
    assert ("pdf.archive" in run(Policy(LAW, method_order=ORDER, pdf=pdf)).reasons) is packed


@pytest.mark.parametrize("keys", [KeyFacts(), KeyFacts(KeyState.VALID, "ab")])
@pytest.mark.parametrize("requested", [None, Method.PDF, Method.SMIME, Method.LINK])
def test_large_attachments_go_by_link_whatever_the_method(keys, requested):
    policy = Policy(LAW, method_order=ORDER, link_over=1000)
    small = run(policy, keys=keys, requested=requested, attachment_bytes=1000)
    large = run(policy, keys=keys, requested=requested, attachment_bytes=1001)
    assert "attachments.large" not in small.reasons
    if large.method is not None:
        assert large.method is Method.LINK
        assert ("attachments.large" in large.reasons) is (small.method is not Method.LINK)
    held = run(policy, consented="pdf", attachment_bytes=1001)
    assert (held.action, held.held_for) == (Action.HOLD, HoldReason.NO_METHOD)
    assert {"attachments.large", "attachments.no_link"} <= set(held.reasons)


def test_mail_without_phi_keeps_its_size():
    clean = ScanReport((), (), frozenset(), frozenset(), health_context=False, phi=False)
    assert run(Policy(LAW, link_over=10), report=clean, attachment_bytes=99).method is Method.PASS
    # Unless its sender asked for protection: a PDF is made whole in memory, whatever is in it.
    asked = run(Policy(LAW, method_order=ORDER, link_over=10), report=clean, attachment_bytes=99, secure_tag=True)
    assert asked.method is Method.LINK
    assert "attachments.large" in asked.reasons
    small = run(Policy(LAW, method_order=ORDER, link_over=99), report=clean, attachment_bytes=99, secure_tag=True)
    assert small.method is Method.PDF


@pytest.mark.parametrize(
    ("general", "rule", "classes", "shown"),
    [
        (OpenText.LETTER, None, frozenset(), OpenText.LETTER), (OpenText.NOTICE, None, frozenset(), OpenText.NOTICE),
        (OpenText.LETTER, OpenText.NOTICE, frozenset(), OpenText.NOTICE), (OpenText.NOTICE, OpenText.LETTER, frozenset(), OpenText.NOTICE),
        (OpenText.LETTER, OpenText.LETTER, frozenset({SensitiveClass.HIV}), OpenText.NOTICE),
    ],
)  # fmt: skip
def test_what_the_open_mail_shows_is_chosen_by_policy_and_rule(general, rule, classes, shown):
    rules = (
        (Rule("r", Condition(recipient_domain=frozenset({"example.net"})), Outcome(Action.DELIVER, None, rule)),)
        if rule
        else ()
    )
    got = run(Policy(LAW, rules, open_text=general), report=replace(PHI, classes=classes))
    assert (got.method, got.open_text) == (Method.LINK, shown)


@settings(max_examples=400, deadline=None)
@given(
    message, recipient, st.sampled_from(PasswordWay), st.booleans(), st.booleans(), st.permutations([Method.PDF, Method.SMIME, Method.OPENPGP, Method.LINK]),
    st.integers(0, 4), st.integers(0, 3000),
)  # fmt: skip
def test_no_state_sends_a_pdf_without_a_password_or_large_ones_by_mail(mail, to, way, texts, portal, order, kept, size):
    policy = Policy(
        LAW, method_order=tuple(order)[: kept or 1], pdf=PdfPolicy(text_messages=texts, portal=portal), link_over=1000
    )
    got = decide(policy, replace(mail, attachment_bytes=size), replace(to, password=way))
    if got.method is Method.PDF:
        told = {PasswordWay.PHRASE: "phrase", PasswordWay.NONE: "", PasswordWay.PORTAL: "portal" if portal else ""}
        told[PasswordWay.SMS] = "sms" if texts else told[PasswordWay.PORTAL]
        assert told[way]
        assert f"pdf.{told[way]}" in got.reasons
    protected = got.method is not None and got.method.protects
    assert not protected or size <= 1000 or got.method is Method.LINK
