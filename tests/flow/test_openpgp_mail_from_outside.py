"""Encrypted and signed OpenPGP mail to the practice: whose signature it bears is judged by the key on record for its author."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.adapters.openpgp.gpg import GpgEngine
from gateway.app.keyfiles import KeyFiles
from gateway.domain.address import Address
from gateway.seal.openpgp_keys import read_certificates
from gateway.seal.openpgp_own import OwnKey, signed_message
from gateway.seal.openpgp_packets import armoured
from tests.attack.test_efail_at_the_inbound_door import mark
from tests.flow.test_mail_from_outside import ALICE, FRONT, build, come_in
from tests.support.home import Home
from tests.support.openpgp import Gpg, Maker, gpg_at, person
from tests.support.sealed_mail import crlf, entity

pytestmark = [pytest.mark.peer, pytest.mark.skipif(shutil.which("gpg") is None, reason="NO GPG: nothing is opened")]
HEAD = (
    'MIME-Version: 1.0\nContent-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b\n\n'
    "--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n\n--b\nContent-Type: application/octet-stream\n\n"
)
UNKNOWN = ("unknown", "untrusted", "other")
NOT_BY_IT = "not-signed-by-the-key-on-record-for-the-author"


def letter(author: str = ALICE) -> bytes:
    return entity(f'From: {author}\nSubject: Results\nContent-Type: text/plain; hp="cipher"\n', "diabetes\n")


@dataclass
class House:
    """The practice, and what correspondents have: a gpg of their own with its key."""

    home: Home
    gpg: Gpg
    own: OwnKey

    def knows(self, public: bytes, address: str = ALICE) -> None:
        [key] = read_certificates(public)
        at = self.home.clock.now()
        with self.home.store.begin() as uow:
            self.home.inst.imported_keys().put_openpgp(uow, key, Address.parse(address), at, "test")

    def written(self, *options: str, content: bytes | None = None) -> bytes:
        """Encrypted to the practice by gpg, with those options."""
        file = self.gpg.home / "practice.pgp"
        file.write_bytes(self.own.public)
        more = ("--trust-model", "always", "--armor", "--recipient-file", str(file), *options, "--encrypt")
        done = self.gpg.run(*more, data=content or letter())
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def wrapped(self, message: bytes) -> bytes:
        """OpenPGP packets, encrypted to the practice as they are."""
        engine = GpgEngine(self.own)
        sealed = engine._sealed(iter([message]), self.own.public, self.home.clock.now(), hidden=False)
        return b"".join(armoured("MESSAGE", sealed))

    def marked(self, message: bytes, author: str = ALICE) -> dict[str, str]:
        """The marks with which a mail of that author goes inside."""
        fields = f"From: {author}\nTo: {FRONT}\nSubject: ...\nMessage-ID: <1@clinic.example.net>\n"
        come_in(self.home, crlf(fields + HEAD) + crlf(message) + b"\r\n--b--\r\n", sender=author)
        self.home.settle()
        [sent] = self.home.sent(FRONT)
        assert "diabetes" in sent.text or "Diabetes" in sent.text, "a signature that is not good withholds nothing"
        return mark(sent.raw)


def told(found: dict[str, str]) -> tuple[str, str, str]:
    return found["signature"], found["trust"], found["from"]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with build(tmp_path) as home, gpg_at(tmp_path / "alice", home.clock.now()) as gpg:
        yield House(home, gpg, KeyFiles(home.inst.settings.keys.dir).openpgp())


@pytest.fixture
def alice(house: House) -> OwnKey:
    """Known to the practice, with her secret in her own gpg."""
    one = person(ALICE, house.home.clock.now())
    house.gpg.take(one.secret.reveal())
    house.knows(one.public)
    return one


def test_a_good_signature_by_the_key_on_record(house: House, alice: OwnKey) -> None:
    found = house.marked(house.written("--sign", "--local-user", alice.fingerprint))
    assert found == {
        "encryption": "openpgp", "decrypted": "yes", "cipher": "openpgp", "content": "authentic", "signature": "good",
        "trust": "trusted", "from": "same", "signer": ALICE,
    }  # fmt: skip
    assert house.home.sent(FRONT)[0].parsed["Subject"] == "Results"


def test_what_is_not_signed_has_no_signature(house: House, alice: OwnKey) -> None:
    del alice
    assert house.marked(house.written())["signature"] == "none"


def test_without_a_key_on_record_it_is_unknown(house: House) -> None:
    one = person(ALICE, house.home.clock.now())
    house.gpg.take(one.secret.reveal())
    found = house.marked(house.written("--sign"))
    assert told(found) == ("unknown", "none", "other")
    assert "signer" not in found


def test_another_key_under_her_name_is_not_hers(house: House, alice: OwnKey) -> None:
    del alice
    forger = person(ALICE, house.home.clock.now())  # her address in the user id
    house.gpg.take(forger.secret.reveal())
    found = house.marked(house.written("--sign", "--local-user", forger.fingerprint))
    assert (told(found), found["why"]) == (UNKNOWN, NOT_BY_IT)


def test_a_person_on_record_does_not_sign_for_another(house: House, alice: OwnKey) -> None:
    del alice
    mallory = person("mallory@example.com", house.home.clock.now())
    house.gpg.take(mallory.secret.reveal())
    house.knows(mallory.public, "mallory@example.com")
    found = house.marked(house.written("--sign", "--local-user", mallory.fingerprint))
    assert (told(found), found["why"]) == (UNKNOWN, NOT_BY_IT)


def test_the_practices_own_key_signs_for_nobody_else(house: House, alice: OwnKey) -> None:
    """It lies in the same directory, so gpg calls its signature good."""
    del alice
    message = b"".join(signed_message([letter()], house.own, house.home.clock.now()))
    assert told(house.marked(house.wrapped(message))) == UNKNOWN


def test_an_author_inside_who_is_not_the_one_outside_is_not_vouched_for(house: House, alice: OwnKey) -> None:
    message = house.written("--sign", "--local-user", alice.fingerprint, content=letter("bob@example.com"))
    found = house.marked(message)
    assert told(found) == ("good", "trusted", "other")
    assert "bob@" not in house.home.sent(FRONT)[0].parsed["From"]


def test_content_changed_under_her_signature_is_bad(house: House, alice: OwnKey) -> None:
    message = b"".join(signed_message([letter()], alice, house.home.clock.now()))
    assert message.count(b"diabetes") == 1
    changed = house.wrapped(message.replace(b"diabetes", b"Diabetes"))
    assert told(house.marked(changed)) == ("bad", "untrusted", "other")


def test_her_signature_as_it_was_in_the_same_wrapping_is_good(house: House, alice: OwnKey) -> None:
    message = b"".join(signed_message([letter()], alice, house.home.clock.now()))
    assert told(house.marked(house.wrapped(message))) == ("good", "trusted", "same")


def test_two_signatures_are_not_one(house: House, alice: OwnKey) -> None:
    second = person("second@example.com", house.home.clock.now())
    house.gpg.take(second.secret.reveal())
    message = house.written("--sign", "--local-user", alice.fingerprint, "--local-user", second.fingerprint)
    assert told(house.marked(message)) == UNKNOWN


def made_by_gpg(house: House, *kinds: str, ends: str = "never") -> str:
    """A key of Alice's with a part for encryption and those subkeys; its fingerprint."""
    house.gpg.run("--quick-generate-key", f"Alice <{ALICE}>", "rsa2048", "cert" if "sign" in kinds else "sign", ends)
    [line] = [one for one in house.gpg.run("--list-keys", "--with-colons").stdout.splitlines() if one[:4] == b"fpr:"]
    fingerprint = line.decode().split(":")[9]
    for kind in ("encr", *kinds):
        done = house.gpg.run("--quick-add-key", fingerprint, "cv25519" if kind == "encr" else "ed25519", kind, ends)
        assert done.returncode == 0, done.stderr.decode()
    house.knows(house.gpg.run("--export", fingerprint).stdout)
    return fingerprint


def test_a_subkey_that_signs_is_hers_too(house: House) -> None:
    made_by_gpg(house, "sign")
    assert told(house.marked(house.written("--sign"))) == ("good", "trusted", "same")


def test_a_signature_over_sha_1_is_weak(house: House) -> None:
    made_by_gpg(house)
    found = house.marked(house.written("--sign", "--digest-algo", "SHA1"))
    assert found["signature"] == "weak"


def test_a_signature_that_has_ended_is_not_good(house: House, alice: OwnKey) -> None:
    message = house.written("--sign", "--local-user", alice.fingerprint, "--default-sig-expire", "1d")
    house.home.clock.advance(timedelta(days=2).total_seconds())
    assert told(house.marked(message)) == UNKNOWN


def test_a_key_that_has_ended_signs_nothing(house: House) -> None:
    made_by_gpg(house, ends="10d")
    message = house.written("--sign")
    house.home.clock.advance(timedelta(days=11).total_seconds())
    found = house.marked(message)
    assert told(found) == UNKNOWN
    assert found["why"].startswith("the-openpgp-key-expired-on-")


def test_a_key_that_was_revoked_signs_nothing(house: House, alice: OwnKey) -> None:
    message = house.written("--sign", "--local-user", alice.fingerprint)
    signs = Maker(house.home.clock.now())
    signs.key, signs._signer = read_certificates(alice.public)[0].primary, alice.signer
    size = 2 + len(signs.key.body)
    house.knows(alice.public[:size] + signs.signature(0x20, b"") + alice.public[size:])
    found = house.marked(message)
    assert (told(found), found["why"]) == (UNKNOWN, "the-openpgp-key-was-revoked-by-its-owner")
