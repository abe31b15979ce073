"""Direct in the policy: it makes method `smime` possible, is said where it is chosen, and its troubles never loosen anything."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import product

import pytest

from gateway.domain.address import Address
from gateway.domain.decision import Action, Method
from gateway.domain.finding import ScanReport
from gateway.domain.patient import Partner, RecipientKind
from gateway.policy.decide import decide
from gateway.policy.facts import KeyFacts, MessageFacts, RecipientFacts
from gateway.policy.law import load_law
from gateway.policy.methods import DIRECT
from gateway.policy.model import Policy
from gateway.ports.keys import KeyState

TO = Address.parse("grace@direct.birch.example.net")
PARTNER = Partner(id="p", name="Birch", kind=RecipientKind.PARTNER, scope=TO.domain, baa_date=date(2025, 1, 1))
DAY = date(2026, 3, 2)


def decided(keys: KeyFacts, *, phi: bool = True, requested: Method | None = None, policy: Policy | None = None):  # type: ignore[no-untyped-def]
    message = MessageFacts(ScanReport(phi=phi), Address.parse("dr.lee@willow.example.org"), DAY, requested=requested)
    facts = RecipientFacts(TO, RecipientKind.PARTNER, partner=PARTNER, keys=keys)
    return decide(policy or Policy(load_law()), message, facts)


def test_a_direct_certificate_alone_makes_it_possible_and_is_said() -> None:
    found = decided(KeyFacts(direct=KeyState.VALID, direct_fingerprint="aa"))
    assert (found.action, found.method, found.basis.key) == (Action.DELIVER, Method.SMIME, "aa")
    assert {"key.direct.valid", DIRECT} <= set(found.reasons)


def test_beside_an_ordinary_certificate_direct_wins_and_both_are_recorded() -> None:
    keys = KeyFacts(KeyState.VALID, "aa", direct=KeyState.VALID, direct_fingerprint="bb")
    found = decided(keys)
    assert found.basis.key == "aa,bb"
    assert DIRECT in found.reasons


@pytest.mark.parametrize("state", [KeyState.EXPIRED, KeyState.UNTRUSTED, KeyState.UNREACHABLE])
def test_trouble_is_said_and_another_protected_method_is_taken_or_it_waits(state: KeyState) -> None:
    found = decided(KeyFacts(direct=state), requested=Method.SMIME)
    assert found.action is Action.HOLD
    keys = KeyFacts(KeyState.VALID, "aa", direct=state)
    other = decided(keys)
    assert other.method is Method.SMIME
    assert f"key.direct.{state.value}" in other.reasons
    assert DIRECT not in other.reasons
    strict = decided(KeyFacts(direct=state), policy=replace(Policy(load_law()), hold_on_key_trouble=True))
    assert strict.action is Action.HOLD


def test_only_smime_goes_as_direct() -> None:
    keys = KeyFacts(direct=KeyState.VALID, direct_fingerprint="aa")
    assert DIRECT not in decided(keys, requested=Method.LINK).reasons
    clean = decided(keys, phi=False)
    assert (clean.method is Method.SMIME) is (DIRECT in clean.reasons)


def test_no_mix_of_states_sends_phi_unprotected() -> None:
    for smime, openpgp, direct, wish in product(KeyState, KeyState, KeyState, [None, *Method]):
        keys = KeyFacts(smime, "aa", "", openpgp, "bb", "", direct, "cc", "")
        found = decided(keys, requested=wish)
        assert found.action is not Action.DELIVER or (found.method is not None and found.method.protects), (keys, wish)
        assert (DIRECT in found.reasons) is (found.method is Method.SMIME and direct is KeyState.VALID)
