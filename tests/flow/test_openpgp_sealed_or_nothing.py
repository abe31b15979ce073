"""For every state of an OpenPGP key and everything that may break on the way to PGP/MIME: what leaves is sealed, or nothing does."""

from __future__ import annotations

import email
import email.policy
import shutil
from unittest import mock

import pytest

from gateway.adapters.keydirectory.openpgp_answers import judge_openpgp_data
from gateway.domain.address import Address
from gateway.domain.decision import Method
from gateway.domain.errors import IntegrityError, KeyMissing, StoreUnavailable
from gateway.ports.keys import KeyAnswer, KeyKind, KeyState
from tests.support.clear_faults import swapped
from tests.support.home import GRACE, MARIA, RESULTS, TOBIAS, TOBIAS_RESULTS, Home, mail
from tests.support.openpgp import Maker, person
from tests.support.readable import marks_in
from tests.unit.seal.test_openpgp_keys_judged import FLAWS

pytestmark = [pytest.mark.peer, pytest.mark.skipif(shutil.which("gpg") is None, reason="NO GPG: nothing is sent")]
MARKS = ["Quintero", "4471203", "metformin", "diabetes", "Hartwell"]
PLAIN = b"Maria Quintero has diabetes, MRN-4471203"
BREAKS = {
    "gateway.flow.sealed_openpgp.protected_payload": ValueError, "gateway.flow.sealed_openpgp.checked": IndexError,
    "gateway.flow.sealed_openpgp.pgp_mail": KeyMissing, "gateway.flow.sealed_openpgp.judge": RuntimeError,
    "gateway.flow.sealed_openpgp.read_certificates": ValueError, "gateway.adapters.openpgp.gpg.signed_message": StoreUnavailable,
    "gateway.adapters.openpgp.gpg._Gpg.encrypt_to_file": OSError, "gateway.adapters.openpgp.gpg._Gpg._open_subprocess": MemoryError,
    "gateway.adapters.openpgp.gpg.tempfile.TemporaryDirectory": OSError, "gateway.seal.openpgp_own.Signing.update": IntegrityError,
    "gateway.seal.openpgp_own.Signing.body": RuntimeError, "gateway.seal.pgp_mime.armoured": ValueError,
}  # fmt: skip
ENGINES = {
    "gives the text back": lambda content, *_, **__: content,
    "gives nothing": lambda *_, **__: iter(()),
    "raises at once": mock.Mock(side_effect=RuntimeError("broken")),
    "gives text and a head": lambda content, *_, **__: iter([b"\xd2\x05", *content]),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    with Home(tmp_path_factory.mktemp("house")).people() as found:
        yield found


@pytest.fixture(autouse=True)
def folder(home):
    yield home.root / "certificates"
    for one in (home.root / "certificates").iterdir():
        one.unlink()
    (home.root / "policy.toml").touch()


def send(home, to=GRACE, text=RESULTS, **more):
    """Send one mail; what left for the recipient, and how."""
    before = {one.name for one in home.sent()}
    message = home.submit(mail(to, "Diabetes of somebody", text, **more), [to])
    home.settle()
    left = [one for one in home.sent(to) if one.name not in before]
    for one in left:
        assert not marks_in(one.raw, MARKS), "in the open"
        assert email.message_from_bytes(one.raw, policy=email.policy.default)["Subject"] != "Diabetes of somebody"
    return next(iter(home.deliveries(message)), None), left


def put(home, whole, name=f"{GRACE}.asc"):
    (home.root / "certificates" / name).write_bytes(whole)


def good(home, address=GRACE):
    return person(address, home.clock.now()).public


FEW = ("expired", "part revoked", "user id by SHA-1", "only signs")


@pytest.mark.parametrize("flaw", [one if one in FEW else pytest.param(one, marks=pytest.mark.long) for one in FLAWS])
def test_a_key_that_does_not_serve_means_another_method_and_says_why(home, flaw):
    make, state, _ = FLAWS[flaw]
    put(home, make().whole)
    row, left = send(home)
    assert (row.method.value, len(left)) == ("link", 1)
    assert f"key.openpgp.{state.value}" in row.reasons


@pytest.mark.parametrize("content", [b"", b"not a key", b"\x99\x01", PLAIN])
def test_a_file_that_holds_no_key_means_another_method(home, content):
    put(home, content)
    row, left = send(home)
    assert (row.method.value, len(left)) == ("link", 1)


@pytest.mark.parametrize("to", [GRACE, MARIA])
def test_a_key_that_serves_is_used_for_partner_and_patient(home, to):
    put(home, good(home, to), f"{to}.asc")
    row, [sent] = send(home, to)
    assert (row.method.value, row.reasons[-1]) == ("openpgp", "key.openpgp.valid")
    assert b"-----BEGIN PGP MESSAGE-----" in sent.raw


def test_consent_counts_for_openpgp_too(home):
    put(home, good(home, TOBIAS), f"{TOBIAS}.asc")
    row, left = send(home, TOBIAS, TOBIAS_RESULTS)
    assert row.held_for.value == "consent"
    assert [one for one in left if b"PGP" in one.raw] == []


@pytest.mark.parametrize("target", BREAKS)
def test_whatever_breaks_on_the_way_nothing_leaves(home, target):
    put(home, good(home))
    with mock.patch(target, side_effect=BREAKS[target]("broken")):
        _, left = send(home)
    assert left == []


@pytest.mark.parametrize("ill", ENGINES)
def test_an_engine_that_went_wrong_sends_nothing(home, ill):
    put(home, good(home))
    with mock.patch("gateway.adapters.openpgp.gpg.GpgEngine.seal", ENGINES[ill]):
        _, left = send(home)
    assert left == []


class Answers:
    """A directory that says what it is told, each time it is asked for an OpenPGP key."""

    def __init__(self, said):
        self.said = list(said)

    def find(self, address, at, kind=KeyKind.SMIME):
        if kind is not KeyKind.OPENPGP:
            return KeyAnswer(KeyState.NONE)
        one = self.said.pop(0) if len(self.said) > 1 else self.said[0]
        if isinstance(one, Exception):
            raise one
        return one

    def peek(self, address, at, kind=KeyKind.SMIME):
        return self.find(address, at, kind)


def answers(home):
    """What a directory may say, with a lie among it."""
    at, grace = home.clock.now(), Address.parse(GRACE)
    valid = judge_openpgp_data(good(home), grace, at)
    other = judge_openpgp_data(good(home, "mallory@example.org"), Address.parse("mallory@example.org"), at)
    weak = Maker(at).user(f"Grace <{GRACE}>", b"").part()
    return {
        "none": KeyAnswer(KeyState.NONE), "valid": valid, "expired": KeyAnswer(KeyState.EXPIRED, reason="expired"),
        "unreachable": KeyAnswer(KeyState.UNREACHABLE), "another's, called valid": other,
        "weak, called valid": KeyAnswer(KeyState.VALID, weak.whole, weak.key.fingerprint.hex()),
        "rubbish, called valid": KeyAnswer(KeyState.VALID, b"rubbish", "ab" * 20),
        "another's under this name": KeyAnswer(KeyState.VALID, other.certificate, valid.fingerprint),
        "raises": RuntimeError("fell over"), "times out": TimeoutError(),
    }  # fmt: skip


LIES = (
    "valid",
    "another's, called valid",
    "weak, called valid",
    "rubbish, called valid",
    "another's under this name",
    "raises",
)


@pytest.mark.parametrize("first", [LIES[0], *(pytest.param(one, marks=pytest.mark.long) for one in LIES[1:])])
def test_whatever_the_directory_says_and_however_it_changes_its_mind_the_copy_is_sealed_or_stays(home, first):
    said, sealed = answers(home), set()
    facts, sealer = home.rooms.assess._facts, home.rooms.dispatch._compose._table[Method.OPENPGP].args[0]
    for then in said:
        directory = Answers([said[first], said[then]])
        with swapped(facts, "directory", directory), swapped(sealer, "directory", directory):
            _, left = send(home)
        sealed |= {then for one in left if b"BEGIN PGP MESSAGE" in one.raw}
    assert sealed == ({"valid"} if first == "valid" else sealed & {"valid"})
