"""A mail that goes by S/MIME when its sender's key was revoked, replaced, is over, was put back, or does not answer: nothing leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.app.checkup import Checkup
from gateway.app.own_ends import own_key_warnings
from gateway.app.own_work import OwnWork
from gateway.domain.address import Address
from gateway.domain.audit import EventKind
from gateway.domain.decision import Method
from gateway.domain.envelope import Identity
from gateway.domain.states import DeliveryState
from gateway.flow.own_keys import OwnKeys
from gateway.seal.ca import Issuer, issue, make_ca
from gateway.seal.own_keys import OwnKey, Purpose
from gateway.seal.private_keys import KeyAlgorithm
from tests.support.home import DOCTOR, GRACE, RESULTS, Home, mail

LEE = Address.parse(DOCTOR)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home(tmp_path) as one:
        one.people()
        one.add_certificate(GRACE)
        yield one


def key_of(home: Home) -> OwnKey:
    [ring] = OwnWork(home.inst, "test").rings()
    return ring.keys[-1]


def bought(home: Home, days: int, name: Address = LEE) -> OwnKey:
    """Give the doctor, or another, a certificate of another authority that ends so soon."""
    ca, ca_key = make_ca("A Public CA", home.clock.now() - timedelta(days=3))
    made = home.inst.own().signers().new(name, home.clock.now())
    public = made.certificate.public_key()
    begin = home.clock.now() - timedelta(days=2)
    certificate = issue(Issuer(ca, ca_key), name, public, Purpose.SIGN, begin, days + 2)  # type: ignore[arg-type]
    key = replace(made, chain=(certificate, ca), built_in=False)
    keys: OwnKeys = home.inst.own().keys()
    with home.store.begin() as uow:
        keys.activate(uow, keys.ring(uow, name), key, EventKind.KEY_IMPORTED, home.clock.now())
    return key


def revoked(home: Home) -> None:
    OwnWork(home.inst, "test").generate(LEE, Purpose.SIGN, KeyAlgorithm.EC_P256, "sealed")
    OwnWork(home.inst, "test").revoke(key_of(home).id, "keyCompromise")


def over(home: Home) -> None:
    bought(home, -1)


def put_back(home: Home) -> None:
    bought(home, 100)
    [(version, sealed)] = home.sql("SELECT version, sealed FROM own_keys")
    OwnWork(home.inst, "test").revoke(key_of(home).id, "keyCompromise")
    home.sql("UPDATE own_keys SET version = ?, sealed = ?", version, sealed)


def out_of_reach(home: Home) -> None:
    OwnWork(home.inst, "test").generate(LEE, Purpose.SIGN, KeyAlgorithm.EC_P256, "file")
    [path] = (home.root / "keys" / "mail").iterdir()
    path.rename(path.with_suffix(".gone"))
    home.inst.own().places._opened.clear()


@pytest.mark.parametrize("trouble", [revoked, over, put_back, out_of_reach])
def test_nothing_leaves(home: Home, trouble: Callable[[Home], None]) -> None:
    trouble(home)
    message = home.submit(mail(GRACE, "Maria Quintero", RESULTS), GRACE)
    home.settle()
    assert home.sent(GRACE) == []
    assert "delivered" not in home.kinds(message)


def test_with_a_good_key_it_leaves(home: Home) -> None:
    bought(home, 100)
    home.submit(mail(GRACE, "Maria Quintero", RESULTS), GRACE)
    home.settle()
    assert len(home.sent(GRACE)) == 1


def test_check_tells_an_end_thirty_days_before_and_a_place_that_does_not_answer(home: Home) -> None:
    def said() -> list[str]:
        found = Checkup()
        found.warnings += own_key_warnings(home.inst)
        return found.warnings

    home.inst.own().signers().signer(LEE, home.clock.now())
    assert said() == [], "the built-in authority renews it by itself"
    key = bought(home, 31)
    assert said() == []
    home.clock.advance(2 * 86400)
    [one] = said()
    assert key.id[:16] in one
    assert "keys request" in one
    home.clock.advance(40 * 86400)
    assert "is over" in said()[0]
    out_of_reach(home)
    assert "is missing" in said()[-1]


HOLD = '\n[[rule]]\nname = "stop"\nwhen = { recipient_kind = ["partner"] }\nthen = { action = "hold" }\n'
FOREIGN = "dr.moe@visiting.example.net"


def from_outside(home: Home, to: str = GRACE) -> str:
    """A mail that a server inside sends on in the name of an author outside."""
    server = Identity("mail server", "network", frozenset({"@visiting.example.net"}), frozenset({"treatment"}))
    return home.submit(mail(to, "Maria Quintero", RESULTS, sender=FOREIGN), to, sender=FOREIGN, identity=server)


def test_for_an_author_outside_nobody_signs_and_a_link_serves(home: Home) -> None:
    message = from_outside(home)
    home.settle()
    row = home.delivery(message)
    assert (row.state, row.method) == (DeliveryState.DELIVERED, Method.LINK)
    assert "key.smime.unsigned" in row.reasons
    [sent] = home.sent(GRACE)
    assert b"pkcs7" not in sent.raw
    assert b"/m/" in sent.raw


def test_an_author_outside_with_a_key_here_signs(home: Home) -> None:
    bought(home, 100, Address.parse(FOREIGN))  # of a domain that was the practice's then
    message = from_outside(home)
    home.settle()
    row = home.delivery(message)
    assert (row.state, row.method) == (DeliveryState.DELIVERED, Method.SMIME)
    assert "key.smime.unsigned" not in row.reasons


def test_staff_release_what_nobody_signs_by_link(home: Home) -> None:
    policy = home.root / "policy.toml"
    policy.write_text(policy.read_text() + HOLD)
    home.start()
    message = from_outside(home)
    home.settle()
    assert home.delivery(message).state is DeliveryState.HELD
    home.rooms.review.release(home.delivery(message).id, "ann", "he asked for it")
    home.settle()
    assert (home.delivery(message).state, home.delivery(message).method) == (DeliveryState.DELIVERED, Method.LINK)


def test_without_the_built_in_authority_an_author_without_a_certificate_is_lacking(home: Home) -> None:
    at, signers = home.clock.now(), home.inst.own().signers()
    alone = replace(signers, issues=False)
    assert not signers.lacking(LEE, at)
    assert alone.lacking(LEE, at)
    bought(home, 100)
    assert not alone.lacking(LEE, at)
    home.clock.advance(101 * 86400)
    assert not alone.lacking(LEE, home.clock.now()), "it is over: the mail waits for the next one, and says so"
