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


def bought(home: Home, days: int) -> OwnKey:
    """Give the doctor a certificate of another authority that ends so soon."""
    ca, ca_key = make_ca("A Public CA", home.clock.now() - timedelta(days=3))
    made = home.inst.own().signers().new(LEE, home.clock.now())
    public = made.certificate.public_key()
    begin = home.clock.now() - timedelta(days=2)
    certificate = issue(Issuer(ca, ca_key), LEE, public, Purpose.SIGN, begin, days + 2)  # type: ignore[arg-type]
    key = replace(made, chain=(certificate, ca), built_in=False)
    keys: OwnKeys = home.inst.own().keys()
    with home.store.begin() as uow:
        keys.activate(uow, keys.ring(uow, LEE), key, EventKind.KEY_IMPORTED, home.clock.now())
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
