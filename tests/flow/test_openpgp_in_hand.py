"""PGP/MIME while mail is in hand: released by staff, decided on a key that then goes, recipients hidden, the method off."""

from __future__ import annotations

import shutil

import pytest

from gateway.adapters.keydirectory.openpgp_answers import judge_openpgp_data
from gateway.app.checkup import examine
from gateway.domain.address import Address
from gateway.domain.decision import Method
from gateway.ports.keys import KeyAnswer, KeyKind, KeyState
from gateway.seal.openpgp_keys import read_certificates
from gateway.seal.openpgp_packets import dearmoured
from tests.support.clear_faults import swapped
from tests.support.home import GRACE, RESULTS, Home, mail
from tests.support.openpgp import person

pytestmark = [pytest.mark.peer, pytest.mark.skipif(shutil.which("gpg") is None, reason="NO GPG: nothing is sent")]
HOLD = '\n[[rule]]\nname = "stop"\nwhen = { recipient_kind = ["partner"] }\nthen = { action = "hold" }\n'


@pytest.fixture
def home(tmp_path):
    with Home(tmp_path).people() as found:
        yield found


def imported(home, address=GRACE):
    one, at = person(address, home.clock.now()), home.clock.now()
    [key] = read_certificates(one.public)
    with home.store.begin() as uow:
        home.inst.imported_keys().put_openpgp(uow, key, Address.parse(address), at, "test")
    return key.fingerprint


def submit(home):
    return home.submit(mail(GRACE, "News", RESULTS), [GRACE])


def test_staff_release_a_copy_to_the_key(home):
    (home.root / "policy.toml").write_text((home.root / "policy.toml").read_text() + HOLD)
    home.start()
    imported(home)
    message = submit(home)
    home.settle()
    held = home.delivery(message)
    assert home.rooms.review.release(held.id, "ann", "called them") is Method.OPENPGP
    home.settle()
    assert b"BEGIN PGP MESSAGE" in home.sent(GRACE)[0].raw


def test_a_key_that_was_removed_before_sending_is_not_used(home):
    fingerprint = imported(home)
    message = submit(home)
    home.assess()
    assert (home.delivery(message).method, home.delivery(message).basis.key) == (Method.OPENPGP, fingerprint)
    with home.store.begin() as uow:
        home.inst.imported_keys().remove(uow, fingerprint, home.clock.now(), "test")
    home.settle()
    assert home.delivery(message).method is Method.LINK
    assert not any(b"BEGIN PGP" in one.raw for one in home.sent(GRACE))


def test_a_key_that_was_replaced_before_sending_is_decided_on_anew(home):
    first = imported(home)
    message = submit(home)
    home.assess()
    home.clock.advance(60)
    second = imported(home)
    home.settle()
    assert home.delivery(message).basis.key == second != first


class Says:
    """A directory that has one OpenPGP key for everybody."""

    def __init__(self, home):
        self.answer = judge_openpgp_data(person(GRACE, home.clock.now()).public, Address.parse(GRACE), home.clock.now())

    def find(self, address, at, kind=KeyKind.SMIME):
        return self.answer if kind is KeyKind.OPENPGP else KeyAnswer(KeyState.NONE)


def test_a_key_that_turns_up_while_it_is_sealed_is_not_sealed_to(home):
    """It is Grace's and serves, but nobody decided on it: the decision was on the key that stood there a moment before."""
    facts, sealer = home.rooms.assess._facts, home.rooms.dispatch._compose._table[Method.OPENPGP].args[0]
    decided_on, turned_up = Says(home), Says(home)
    with swapped(facts, "directory", decided_on), swapped(sealer, "directory", turned_up):
        message = submit(home)
        home.settle()
        assert home.delivery(message).basis.key == decided_on.answer.fingerprint
    assert home.sent(GRACE) == []


def test_a_key_that_stays_is_sealed_to(home):
    facts, sealer = home.rooms.assess._facts, home.rooms.dispatch._compose._table[Method.OPENPGP].args[0]
    says = Says(home)
    with swapped(facts, "directory", says), swapped(sealer, "directory", says):
        submit(home)
        home.settle()
    assert b"BEGIN PGP MESSAGE" in home.sent(GRACE)[0].raw


def session_key(raw):
    return dearmoured(raw, "MESSAGE")[:13]


def test_the_recipient_is_named_unless_the_practice_hides_who_it_is(tmp_path):
    for hidden in (False, True):
        text = f"\n[openpgp]\nhidden_recipients = {str(hidden).lower()}\n"
        with Home(tmp_path / str(hidden), config=lambda one, more=text: one + more).people() as home:
            imported(home)
            submit(home)
            home.settle()
            assert (bytes(8) in session_key(home.sent(GRACE)[0].raw)) == hidden


@pytest.mark.parametrize("why", ["switched off", "no key", "no program"])
def test_where_it_cannot_be_made_it_is_no_method_and_check_says_so(tmp_path, why):
    more = {"switched off": "enabled = false", "no key": "", "no program": 'program = "no-such-gpg"'}[why]
    with Home(tmp_path, config=lambda one: f"{one}\n[openpgp]\n{more}\n").people() as home:
        if why == "no key":
            (home.root / "keys" / "openpgp.key").unlink()
            home.start()
        imported(home)
        message = submit(home)
        home.settle()
        assert home.delivery(message).method is Method.LINK
        told = any("OpenPGP is not offered" in one for one in examine(home.inst).warnings)
        assert told == (why != "switched off")


def test_a_broken_own_key_keeps_the_worker_from_starting(home):
    path = home.root / "keys" / "openpgp.key"
    path.write_text("nothing\n")
    assert any("openpgp.key" in one for one in examine(home.inst).problems)
