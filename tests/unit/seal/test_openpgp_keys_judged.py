"""Each state that a recipient's OpenPGP key may be in has an answer of its own, with the reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gateway.domain.address import Address
from gateway.ports.keys import KeyState
from gateway.seal import openpgp_signatures as sigs
from gateway.seal.openpgp_judging import addresses_of, judge
from gateway.seal.openpgp_keys import PublicKey, read_certificates
from gateway.seal.openpgp_packets import Tag, packet, subpacket
from tests.support.openpgp import SIGNS, Maker, armour, dsa, expires, person

MADE = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
GRACE = Address.parse("grace@clinic.example.net")
DAY = timedelta(days=1)
USER = f"Grace Hopper <{GRACE}>"
FEATURES = subpacket(30, b"\x01")
AES = subpacket(11, bytes([9, 7]))


def verdict(whole, at=AT, address=GRACE):
    [key] = read_certificates(whole)
    return judge(key, address, at)


def part_of(whole, number):
    return PublicKey.read(read_certificates(whole)[0].subkeys[number].packet.body).key_id


def maker(at=MADE, **more):
    return Maker(at, **more)


def test_a_key_that_serves_is_handed_on_without_what_others_hung_on_it():
    made = maker().user("Somebody <other@example.org>").user(USER).part()
    found = verdict(made.whole)
    assert (found.state, found.reason, found.until) == (KeyState.VALID, "", None)
    [usable] = read_certificates(found.usable)
    assert [one.key for one in addresses_of(usable)] == [GRACE.key]
    assert verdict(found.usable) == found
    assert found.part == part_of(made.whole, 0)


@pytest.mark.parametrize("text", [USER, str(GRACE), f"<{GRACE}>", "Grace <GRACE@Clinic.Example.NET>"])
def test_the_address_is_found_however_its_user_id_is_written(text):
    assert verdict(maker().user(text).part().whole).state is KeyState.VALID


@pytest.mark.parametrize(
    "text", [f"{GRACE} <mallory@example.org>", f"<{GRACE}> <mallory@example.org>", "Grace", f"{GRACE}.example.org", f"x{GRACE}", ""]
)  # fmt: skip
def test_a_user_id_that_holds_another_address_or_two_is_not_for_this_one(text):
    found = verdict(maker().user(text).part().whole)
    assert (found.state, found.reason) == (KeyState.UNTRUSTED, "names another e-mail address")


def test_the_newest_part_for_encryption_counts():
    old = maker().user(USER).part()
    late = Maker(MADE + DAY)
    old.part(late.curve(), at=MADE + DAY)
    assert verdict(old.whole).part == part_of(old.whole, 1)


FLAWS = {
    "expired": (lambda: maker().user(USER, FEATURES + expires(10 * DAY)).part(), KeyState.EXPIRED, "expired on 2026-01-15"),
    "part expired": (lambda: maker().user(USER).part(extra=subpacket(27, b"\x0c") + expires(9 * DAY)), KeyState.EXPIRED, "part for encryption that expired on 2026-01-14"),
    "begins later": (lambda: maker(AT + DAY).user(USER).part(), KeyState.UNTRUSTED, "begins in the future"),
    "user certified later": (lambda: maker().user(USER, at=AT + DAY).part(), KeyState.UNTRUSTED, "begins in the future"),
    "part revoked": (lambda: maker().user(USER).part().revoke(sigs.SUBKEY_REVOCATION), KeyState.UNTRUSTED, "part for encryption that its owner revoked"),
    "only signs": (lambda: maker().user(USER).part(extra=subpacket(27, SIGNS)), KeyState.UNTRUSTED, "only for signing"),
    "no part at all": (lambda: maker().user(USER), KeyState.UNTRUSTED, "only for signing"),
    "no user id": (lambda: maker().part(), KeyState.UNTRUSTED, "names another e-mail address"),
    "weak RSA part": (lambda: (one := maker()).user(USER).part(one.rsa(1024)), KeyState.UNTRUSTED, "only 1024 bits"),
    "ElGamal part": (lambda: (one := maker()).user(USER).part(one.elgamal()), KeyState.UNTRUSTED, "ElGamal"),
    "weak RSA primary": (lambda: Maker(MADE, maker().rsa(1024)).user(USER).part(), KeyState.UNTRUSTED, "only 1024 bits"),
    "DSA primary": (lambda: Maker(MADE, dsa(MADE)).user(USER).part(), KeyState.UNTRUSTED, "rests on DSA"),
    "old version": (lambda: maker(version=3).user(USER).part(), KeyState.UNTRUSTED, "version 3"),
    "new version": (lambda: maker(version=6).user(USER).part(), KeyState.UNTRUSTED, "version 6"),
    "user id by SHA-1": (lambda: maker().user(USER, sha1=True).part(), KeyState.UNTRUSTED, "its user id by SHA-1 or weaker only"),
    "part by SHA-1": (lambda: maker().user(USER).part(sha1=True), KeyState.UNTRUSTED, "a part of it by SHA-1 or weaker only"),
    "no authenticated encryption": (lambda: maker().user(USER, subpacket(30, b"\0") + subpacket(11, bytes([2, 3]))).part(), KeyState.UNTRUSTED, "no authenticated encryption"),
    "nothing announced": (lambda: maker().user(USER, b"").part(), KeyState.UNTRUSTED, "no authenticated encryption"),
    "unknown critical subpacket": (lambda: maker().user(USER, FEATURES + subpacket(0x80 | 99, b"x")).part(), KeyState.UNTRUSTED, "no valid signature"),
    "certification expired": (lambda: maker().user(USER, FEATURES + subpacket(3, (86400).to_bytes(4, "big"))).part(), KeyState.UNTRUSTED, "no valid signature"),
    "broken part": (lambda: (one := maker()).user(USER).part(one.body(1, b"\xff\xff\x01")), KeyState.UNTRUSTED, "cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize("flaw", FLAWS)
def test_each_flaw_has_its_own_answer(flaw):
    make, state, reason = FLAWS[flaw]
    found = verdict(make().whole)
    assert found.state is state, found
    assert reason in found.reason
    assert (found.usable, found.part) == (b"", b"")


def test_a_revoked_key_serves_no_more():
    one = maker()
    revocation = one.signature(sigs.KEY_REVOCATION, b"", at=MADE + DAY)
    found = verdict(one.whole + revocation + maker_tail(one))
    assert (found.state, found.reason) == (KeyState.UNTRUSTED, "was revoked by its owner")


def maker_tail(one):
    head = len(one.whole)
    return one.user(USER).part().whole[head:]


def test_a_revocation_by_somebody_named_for_that_withholds_though_it_cannot_be_verified():
    one, other = maker(), maker()
    named = one.signature(sigs.DIRECT, b"", FEATURES + subpacket(12, b"\x80\x16" + other.key.fingerprint))
    foreign = other.signature(sigs.KEY_REVOCATION, b"", at=MADE + DAY)
    assert "may have been revoked" in verdict(one.whole + named + foreign + maker_tail(one)).reason


def test_a_revocation_by_a_stranger_is_none():
    one, other = maker(), maker()
    foreign = other.signature(sigs.KEY_REVOCATION, b"", at=MADE + DAY)
    assert verdict(one.whole + foreign + maker_tail(one)).state is KeyState.VALID


def test_a_revoked_address_serves_again_when_it_is_certified_anew():
    revoked = maker().user(USER).revoke(sigs.CERTIFICATION_REVOCATION).part()
    assert verdict(revoked.whole).reason == "was revoked by its owner for this address"
    again = maker().user(USER)
    data = again.last
    again.revoke(sigs.CERTIFICATION_REVOCATION)
    again.whole += again.signature(0x13, data, FEATURES, at=MADE + DAY)
    assert verdict(again.part().whole).state is KeyState.VALID


def test_the_end_of_the_key_or_of_its_part_is_told_whichever_is_first():
    made = maker().user(USER, FEATURES + expires(400 * DAY)).part(extra=subpacket(27, b"\x0c") + expires(300 * DAY))
    assert verdict(made.whole).until == MADE + 300 * DAY
    renewed = maker().user(USER, FEATURES + expires(10 * DAY))
    renewed.whole += renewed.signature(0x13, renewed.last, FEATURES + expires(500 * DAY), at=MADE + DAY)
    assert verdict(renewed.part().whole).until == MADE + 500 * DAY


def test_either_sign_of_authenticated_encryption_is_enough():
    for extra in (FEATURES, AES, subpacket(30, b"\x08")):
        assert verdict(maker().user(USER, extra).part().whole).state is KeyState.VALID, extra


def test_files_hold_public_keys_and_nothing_else():
    own = person(str(GRACE), MADE)
    assert len(read_certificates(armour("PUBLIC KEY BLOCK", own.public) * 2)) == 2
    for data, why in (
        (own.secret.reveal(), "secret key"), (b"-----BEGIN PGP MESSAGE-----\n\nAAAA\n-----END PGP MESSAGE-----", "no openpgp public"),
        (b"", "no openpgp public"), (packet(Tag.USER_ID, b"x"), "does not begin"), (own.public[:40], "cut off"), (bytes(2**20 + 1), "1 MiB"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=f"(?i){why}"):
            read_certificates(data)
