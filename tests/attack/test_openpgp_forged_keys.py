"""Keys that somebody made up or changed, to have mail for another encrypted to themselves."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from gateway.adapters.keydirectory import OpenPgpFolder
from gateway.domain.address import Address
from gateway.ports.keys import KeyKind, KeyState
from gateway.seal.openpgp_judging import judge
from gateway.seal.openpgp_keys import read_certificates
from gateway.seal.openpgp_packets import Tag, mpi, packet, packets, subpacket
from tests.support.home import GRACE, Home
from tests.support.openpgp import Maker, person

MADE = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
VICTIM = Address.parse(GRACE)
USER = f"Grace <{GRACE}>"


def pieces(whole):
    return [one.written() for one in packets(whole)]


def verdict(whole):
    [key] = read_certificates(whole)
    return judge(key, VICTIM, AT)


def refused(whole):
    found = verdict(whole)
    return found.state is KeyState.UNTRUSTED and found.reason and not found.usable


def key(user=USER):
    return Maker(MADE).user(user).part().whole


def test_a_part_of_another_key_cannot_be_grafted_on():
    primary, user, certified, _, _ = pieces(key())
    *_, part, bound = pieces(key("Mallory <mallory@example.org>"))
    assert refused(primary + user + certified + part + bound)


def test_a_grafted_part_beside_the_true_one_is_not_taken_though_it_is_newer():
    mine = key()
    later = Maker(MADE + timedelta(days=1))
    *_, part, bound = pieces(later.user("Mallory <mallory@example.org>").part().whole)
    assert verdict(mine + part + bound).part == verdict(mine).part
    assert part not in verdict(mine + part + bound).usable


def test_a_user_id_cannot_be_added_by_another():
    mallory = key("Mallory <mallory@example.org>")
    _, user, certified, *_ = pieces(key())
    primary, *rest = pieces(mallory)
    assert refused(primary + user + certified + b"".join(rest))


def test_a_third_party_s_certification_binds_nothing():
    mallory, friend = Maker(MADE).user("Mallory <mallory@example.org>"), Maker(MADE)
    name = USER.encode()
    data = mallory.key.framed + b"\xb4" + len(name).to_bytes(4, "big") + name
    mallory.whole += packet(Tag.USER_ID, name) + friend.signature(0x10, data[len(mallory.key.framed) :])
    assert refused(mallory.part().whole)


def test_a_certification_cannot_be_used_for_another_user_id():
    primary, _, certified, *rest = pieces(key(f"Grace <{GRACE}.example.org>"))
    _, user, *_ = pieces(key())
    assert refused(primary + user + certified + b"".join(rest))


def test_a_binding_cannot_be_made_to_say_more_by_what_is_not_signed():
    """A part for signing stays one, whatever is written beside its signature."""
    made = Maker(MADE).user(USER)
    made.part(extra=subpacket(27, b"\x02"))
    *first, last = list(packets(made.whole))
    hashed = 6 + int.from_bytes(last.body[4:6], "big")
    size = int.from_bytes(last.body[hashed : hashed + 2], "big")
    more = subpacket(27, b"\x0c")
    body = (
        last.body[:hashed]
        + (size + len(more)).to_bytes(2, "big")
        + last.body[hashed + 2 : hashed + 2 + size]
        + more
        + last.body[hashed + 2 + size :]
    )
    found = verdict(b"".join(one.written() for one in first) + packet(Tag.SIGNATURE, body))
    assert found.reason == "has no part for encryption, only for signing"


@pytest.mark.parametrize("seed", range(4))
def test_no_single_octet_of_what_counts_can_be_changed(seed):
    """Any change leaves the true part, or nothing: never one that its owner did not bind."""
    whole, chance = bytearray(key()), random.Random(seed)
    true = verdict(bytes(whole))
    for _ in range(60):
        at, bit = chance.randrange(len(whole)), 1 << chance.randrange(8)
        whole[at] ^= bit
        try:
            found = [judge(one, VICTIM, AT) for one in read_certificates(bytes(whole))]
        except ValueError:
            found = []
        assert all(
            one.part == true.part and one.fingerprint == true.fingerprint
            for one in found
            if one.state is KeyState.VALID
        )
        whole[at] ^= bit


def test_a_file_with_the_address_as_its_name_and_another_key_in_it_serves_nobody(tmp_path):
    (tmp_path / f"{GRACE}.asc").write_bytes(key("Mallory <mallory@example.org>"))
    answer = OpenPgpFolder(tmp_path).find(VICTIM, AT, KeyKind.OPENPGP)
    assert (answer.state, answer.reason) == (KeyState.UNTRUSTED, "the OpenPGP key names another e-mail address")


def test_a_key_put_back_into_the_database_behind_our_back_is_none(tmp_path):
    with Home(tmp_path).people() as home:
        at, directory = home.clock.now(), home.inst.imported_keys()
        [first] = read_certificates(person(GRACE, at).public)
        with home.store.begin() as uow:
            directory.put_openpgp(uow, first, VICTIM, at, "test")
        assert directory.find(VICTIM, at, KeyKind.OPENPGP).fingerprint == first.fingerprint
        assert directory.find(VICTIM, at).state is KeyState.NONE
        kept = home.sql("select * from recipient_keys")
        with home.store.begin() as uow:
            assert directory.remove(uow, first.fingerprint, at, "test") == 1
        assert directory.find(VICTIM, at, KeyKind.OPENPGP).state is KeyState.NONE
        marks = ",".join("?" for _ in kept[0])
        home.sql(f"insert into recipient_keys values ({marks})", *kept[0])
        answer = directory.find(VICTIM, at, KeyKind.OPENPGP)
        assert (answer.state, answer.reason) == (
            KeyState.UNTRUSTED,
            "an imported OpenPGP key was changed in the database",
        )


@pytest.mark.parametrize(("modulus", "exponent"), [(16384, 65537), (3072, 2**3000 + 1), (8193, 3)])
def test_a_key_that_takes_long_to_check_is_not_begun_with(modulus, exponent):
    """Thousands of signatures of an odd RSA key kept a processor for a minute."""
    maker = Maker(MADE)
    number = random.Random(5).getrandbits(modulus) | 1 << (modulus - 1) | 1
    body = maker.body(1, mpi(number) + mpi(exponent))
    found = verdict(packet(Tag.PUBLIC_KEY, body) + b"".join(maker.signature(0x20, b"") for _ in range(3)))
    assert (found.state, found.reason) == (KeyState.UNTRUSTED, "has an RSA part of a size that nobody uses")
