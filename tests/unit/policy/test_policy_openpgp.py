"""OpenPGP among the methods: when it is chosen, what is said of the key, and what it never becomes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.domain.decision import Action, HoldReason, Method
from gateway.domain.patient import Purpose, RecipientKind
from gateway.flow.review import _strongest
from gateway.policy.decide import decide
from gateway.policy.explain import explain
from gateway.policy.facts import KeyFacts, MessageFacts, RecipientFacts
from gateway.policy.law import load_law
from gateway.policy.model import Policy
from gateway.ports.keys import KeyState
from tests.golden.policy.policy_people import ANA, DAY, DOCTOR, LAB, PHI, ana, consent, partner

POLICY = Policy(load_law())
STATES = list(KeyState)
FINGERPRINT = "cd" * 20


def keys(openpgp, smime=KeyState.NONE):
    return KeyFacts(
        smime,
        "ab" * 32 if smime is KeyState.VALID else "",
        "",
        openpgp,
        FINGERPRINT if openpgp is KeyState.VALID else "",
        "",
    )


def to_ana(which, policy=POLICY, method="*", **message):
    facts = RecipientFacts(
        ANA, RecipientKind.PATIENT, (ana(consent("email_encrypted", ANA.key, method=method)),), None, which
    )
    return decide(policy, MessageFacts(PHI, DOCTOR, DAY, **message), facts)


def to_lab(which, policy=POLICY, **message):
    facts = RecipientFacts(LAB, RecipientKind.PARTNER, (), partner(), which)
    return decide(policy, MessageFacts(PHI, DOCTOR, DAY, **({"purpose": Purpose.TREATMENT} | message)), facts)


@pytest.mark.parametrize("smime", STATES)
@pytest.mark.parametrize("openpgp", STATES)
@pytest.mark.parametrize("hold", [False, True])
def test_the_best_key_that_serves_is_used_and_no_trouble_is_a_plain_send(smime, openpgp, hold):
    made = to_ana(keys(openpgp, smime), replace(POLICY, hold_on_key_trouble=hold))
    valid, none = KeyState.VALID, KeyState.NONE
    expected = Method.SMIME if smime is valid else Method.OPENPGP if openpgp is valid else Method.LINK
    if hold and valid not in {smime, openpgp} and {smime, openpgp} != {none}:
        assert (made.action, made.held_for) == (Action.HOLD, HoldReason.NO_METHOD)
    else:
        assert (made.action, made.method) == (Action.DELIVER, expected)
    for kind, state in (("smime", smime), ("openpgp", openpgp)):
        assert (f"key.{kind}.{state.value}" in made.reasons) == (state is not none)
    assert made.method is None or made.method.protects


def test_the_decision_rests_on_the_key_and_says_so_in_words():
    made = to_ana(keys(KeyState.VALID))
    assert made.basis.key == FINGERPRINT
    said = explain(made)
    assert "The recipient has a valid OpenPGP key." in said
    assert "It is sent encrypted to the recipient's OpenPGP key." in said


def test_a_practice_may_order_otherwise_or_leave_it_out():
    both = keys(KeyState.VALID, KeyState.VALID)
    assert to_ana(both, replace(POLICY, method_order=(Method.OPENPGP, Method.LINK))).method is Method.OPENPGP
    assert to_ana(keys(KeyState.VALID), replace(POLICY, method_order=(Method.LINK,))).method is Method.LINK


def test_a_sender_may_ask_for_it_and_does_not_get_it_without_a_key():
    assert to_ana(keys(KeyState.VALID, KeyState.VALID), requested=Method.OPENPGP).method is Method.OPENPGP
    held = to_ana(keys(KeyState.NONE, KeyState.VALID), requested=Method.OPENPGP)
    assert (held.action, held.held_for) == (Action.HOLD, HoldReason.NO_METHOD)


@pytest.mark.parametrize(
    ("agreed", "expected"), [("openpgp", Method.OPENPGP), ("link", Method.LINK), ("*", Method.OPENPGP)]
)
def test_what_the_patient_agreed_to_counts(agreed, expected):
    assert to_ana(keys(KeyState.VALID), method=agreed).method is expected


def test_phi_of_nobody_we_know_goes_to_a_treatment_partner_only_to_a_key_of_theirs():
    assert to_lab(keys(KeyState.VALID)).method is Method.OPENPGP
    assert to_lab(keys(KeyState.VALID)).reasons[-1] == "key.openpgp.valid"
    assert to_lab(keys(KeyState.VALID, KeyState.VALID)).method is Method.SMIME
    assert to_lab(keys(KeyState.VALID, KeyState.VALID), requested=Method.OPENPGP).method is Method.OPENPGP
    for state in set(STATES) - {KeyState.VALID}:
        assert to_lab(keys(state)).action is Action.HOLD
    for other in (Method.LINK, Method.PDF):
        assert to_lab(keys(KeyState.VALID), requested=other).action is Action.HOLD
    assert to_lab(keys(KeyState.VALID), requested=Method.SMIME).action is Action.HOLD


def test_a_build_without_it_never_chooses_it():
    bare = replace(POLICY, available=POLICY.available - {Method.OPENPGP})
    assert to_ana(keys(KeyState.VALID), bare).method is Method.LINK
    assert to_lab(keys(KeyState.VALID), bare).action is Action.HOLD


@pytest.mark.parametrize("smime", STATES)
@pytest.mark.parametrize("openpgp", STATES)
def test_staff_release_to_a_key_where_one_serves(smime, openpgp):
    chosen = _strongest(POLICY, keys(openpgp, smime), signs=True)
    valid = KeyState.VALID
    assert chosen is (Method.SMIME if smime is valid else Method.OPENPGP if openpgp is valid else Method.LINK)
    turned = replace(POLICY, method_order=(Method.OPENPGP, Method.SMIME, Method.LINK))
    if openpgp is valid:
        assert _strongest(turned, keys(openpgp, smime), signs=True) is Method.OPENPGP


TROUBLE = (KeyState.EXPIRED, KeyState.UNTRUSTED, KeyState.UNREACHABLE)


@pytest.mark.parametrize("openpgp", TROUBLE)
def test_a_certificate_that_nobody_may_sign_for_does_not_hide_another_keys_trouble(openpgp):
    strict = replace(POLICY, hold_on_key_trouble=True)
    both = keys(openpgp, KeyState.VALID)
    assert to_ana(both, strict).method is Method.SMIME
    held = to_ana(both, strict, signs=False)
    assert (held.action, held.held_for) == (Action.HOLD, HoldReason.NO_METHOD)
    assert to_ana(keys(KeyState.NONE, KeyState.VALID), strict, signs=False).method is Method.LINK


def test_without_a_signature_nothing_weaker_goes_than_was_asked_for_agreed_or_allowed():
    valid = keys(KeyState.NONE, KeyState.VALID)
    assert to_ana(valid, signs=False).method is Method.LINK
    for held in (
        to_ana(valid, signs=False, requested=Method.SMIME),
        to_ana(valid, signs=False, method="smime"),
        to_ana(valid, replace(POLICY, method_order=(Method.SMIME,)), signs=False),
        to_lab(valid, signs=False),
    ):
        assert held.action is Action.HOLD
    direct = KeyFacts(KeyState.VALID, "ab" * 32, direct=KeyState.VALID, direct_fingerprint="ef" * 32)
    assert to_ana(direct, signs=False).method is Method.SMIME
    assert to_lab(keys(KeyState.VALID, KeyState.VALID), signs=False).method is Method.OPENPGP
