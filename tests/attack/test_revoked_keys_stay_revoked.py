"""A revocation that anybody told counts, whoever still offers the key without it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gateway.adapters.keydirectory import FirstOf, OpenPgpFolder
from gateway.adapters.keydirectory.openpgp_answers import judge_openpgp_data
from gateway.adapters.keydirectory.resolver import Place, Resolver
from gateway.domain.address import Address
from gateway.ports.keys import KeyAnswer, KeyKind, KeyState
from tests.support.home import GRACE
from tests.support.openpgp import Maker

MADE = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
VICTIM = Address.parse(GRACE)


class Gives:
    """A directory that has one file of OpenPGP keys."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def find(self, address: Address, at: datetime, kind: KeyKind = KeyKind.SMIME) -> KeyAnswer:
        return judge_openpgp_data(self.data, address, at)


def made(at: datetime = MADE) -> tuple[bytes, bytes]:
    """One key, as it was and with its owner's revocation."""
    maker = Maker(at)
    revocation = maker.signature(0x20, b"", at=at + timedelta(days=1))
    bare = len(maker.whole)
    whole = maker.user(f"Grace <{GRACE}>").part().whole
    return whole, whole[:bare] + revocation + whole[bare:]


def asked(*given: bytes) -> list[KeyState]:
    """The answers of a resolver and of FirstOf over directories with those keys."""
    directories = [Gives(one) for one in given]
    resolver = Resolver([Place(str(number), one) for number, one in enumerate(directories)])
    return [one.find(VICTIM, AT, KeyKind.OPENPGP).state for one in (resolver, FirstOf(directories))]


def test_an_old_copy_in_another_directory_brings_no_revoked_key_back() -> None:
    good, revoked = made()
    assert asked(good) == [KeyState.VALID] * 2
    assert asked(revoked, good) == [KeyState.UNTRUSTED] * 2


def test_another_key_of_the_same_person_still_serves() -> None:
    _, revoked = made()
    fresh, _ = made(MADE + timedelta(days=9))
    assert asked(revoked, fresh) == [KeyState.VALID] * 2


def test_two_copies_in_one_place_are_one_key() -> None:
    good, revoked = made()
    assert asked(good + revoked) == [KeyState.UNTRUSTED] * 2
    assert asked(revoked + good) == [KeyState.UNTRUSTED] * 2


def test_two_files_of_the_folder_are_one_key(tmp_path) -> None:  # type: ignore[no-untyped-def]
    good, revoked = made()
    (tmp_path / "a.pgp").write_bytes(good)
    assert OpenPgpFolder(tmp_path).find(VICTIM, AT, KeyKind.OPENPGP).state is KeyState.VALID
    (tmp_path / "b.pgp").write_bytes(revoked)
    assert OpenPgpFolder(tmp_path).find(VICTIM, AT, KeyKind.OPENPGP).state is KeyState.UNTRUSTED
