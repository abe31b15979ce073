"""Which parts of an OpenPGP key may speak for an address."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.adapters.keydirectory.openpgp_answers import judge_openpgp_data
from gateway.domain.address import Address
from gateway.ports.keys import KeyState
from gateway.seal import openpgp_signatures as sigs
from gateway.seal.openpgp_judging import judge
from gateway.seal.openpgp_keys import ED25519, EDDSA, PublicKey, read_certificates
from gateway.seal.openpgp_packets import mpi, subpacket
from gateway.seal.openpgp_signatures import Signing
from gateway.seal.openpgp_signers import signer_key
from tests.support.openpgp import SIGNS, Maker, expires

MADE, AT = datetime(2026, 1, 5, 8, 0, tzinfo=UTC), datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ALICE = Address.parse("alice@clinic.example.net")
USER = f"Alice <{ALICE}>"
FEATURES, CERTIFIES, BOTH = subpacket(30, b"\x01"), subpacket(27, b"\x01"), subpacket(27, b"\x03")


class Part:
    """A subkey that signs, and what it says of the key that it belongs to."""

    def __init__(self, maker: Maker) -> None:
        self.secret = Ed25519PrivateKey.generate()
        point = mpi(b"\x40" + self.secret.public_key().public_bytes_raw())
        self.body = maker.body(EDDSA, bytes([len(ED25519)]) + ED25519 + point)
        self.key = PublicKey.read(self.body)

    def says(self, maker: Maker, kind: int = sigs.PRIMARY_BINDING, at: datetime = MADE, more: bytes = b"") -> bytes:
        signing = Signing(kind, self.secret.sign, self.key.fingerprint, at, more)
        signing.update(maker.key.framed + self.key.framed)
        return subpacket(sigs.EMBEDDED, signing.body())


def maker(flags: bytes = CERTIFIES) -> Maker:
    return Maker(MADE).user(USER, FEATURES + flags).part()


def signing_key(extra: bytes | None = None, flags: bytes = subpacket(27, SIGNS)) -> tuple[Maker, Part]:
    made = maker()
    part = Part(made)
    return made.part(part.body, flags + (part.says(made) if extra is None else extra)), part


def found(made: Maker, at: datetime = AT):  # type: ignore[no-untyped-def]
    return signer_key(made.whole, ALICE, at)


def test_a_primary_key_that_may_sign():
    made = maker(BOTH)
    assert found(made).parts == {made.key.fingerprint.hex()}
    assert found(made).fingerprint == made.key.fingerprint.hex()


def test_a_key_without_a_part_that_may_sign():
    assert found(maker()).refused == "the OpenPGP key has no part for signing"
    assert found(maker(b"")).refused == "the OpenPGP key has no part for signing"


def test_a_subkey_that_says_so_itself():
    made, part = signing_key()
    assert found(made).parts == {part.key.fingerprint.hex()}
    [usable] = read_certificates(found(made).usable)
    assert [one.packet.body for one in usable.subkeys] == [part.body], "the part for encryption is of no use here"


def other_says() -> bytes:
    made = maker()
    return Part(made).says(made)


@pytest.mark.parametrize(
    "extra",
    [
        b"", other_says(), subpacket(sigs.EMBEDDED, b""), subpacket(sigs.EMBEDDED, b"\x04\x19rubbish"),
    ],
)  # fmt: skip
def test_somebody_elses_subkey_is_not_hers(extra):
    """Anybody can bind a stranger's public part to their own key: only the stranger can answer."""
    made, _ = signing_key(extra)
    assert found(made).refused


@pytest.mark.parametrize(
    "how", [{"kind": 0x18}, {"at": AT + timedelta(days=1)}, {"more": subpacket(3, (60).to_bytes(4, "big"))}]
)
def test_what_it_says_must_be_that_and_in_force(how):
    made = maker()
    part = Part(made)
    made.part(part.body, subpacket(27, SIGNS) + part.says(made, **how))
    assert found(made).refused


def test_a_subkey_that_ended_was_revoked_or_has_another_use():
    made, _ = signing_key(flags=subpacket(27, SIGNS) + expires(timedelta(days=9)))
    assert found(made).refused
    assert not found(made, MADE + timedelta(days=8)).refused
    made, _ = signing_key()
    assert found(made.revoke(sigs.SUBKEY_REVOCATION)).refused
    made, _ = signing_key(flags=subpacket(27, b"\x20"))
    assert found(made).refused


def test_another_address_and_rubbish():
    assert "another e-mail address" in signer_key(maker(BOTH).whole, Address.parse("bob@example.com"), AT).refused
    assert signer_key(b"rubbish", ALICE, AT).refused == "the OpenPGP key cannot be read"
    assert signer_key(maker(BOTH).whole + maker(BOTH).whole, ALICE, AT).refused == "the OpenPGP key cannot be read"


def test_the_directory_hands_on_what_signs_and_an_engine_does_not_get_it():
    made, part = signing_key()
    answer = judge_openpgp_data(made.whole, ALICE, AT)
    assert answer.state is KeyState.VALID
    assert signer_key(answer.certificate, ALICE, AT).parts == {part.key.fingerprint.hex()}
    [handed_on] = read_certificates(answer.certificate)
    assert part.body not in judge(handed_on, ALICE, AT).usable
    assert judge(handed_on, ALICE, AT).usable == judge(read_certificates(made.whole)[0], ALICE, AT).usable
