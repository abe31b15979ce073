"""Mail that is only signed by PGP/MIME: verified by the key on record for its author, marked, and not changed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.app.keyfiles import KeyFiles
from gateway.domain.address import Address
from gateway.ports.keys import KeyState
from gateway.seal.openpgp_keys import read_certificates
from gateway.seal.openpgp_own import OwnKey
from tests.attack.test_efail_at_the_inbound_door import mark
from tests.flow.test_mail_from_outside import ALICE, FRONT, build, come_in
from tests.flow.test_openpgp_mail_from_outside import HEAD, NOT_BY_IT, UNKNOWN, House, made_by_gpg, told
from tests.support.home import Home
from tests.support.openpgp import Maker, gpg_at, person
from tests.support.sealed_mail import crlf

pytestmark = [pytest.mark.peer, pytest.mark.skipif(shutil.which("gpg") is None, reason="NO GPG: nobody signs")]
GOOD = {"encryption": "none", "signature": "good", "trust": "trusted", "from": "same", "signer": ALICE}
PART = crlf(
    "Content-Type: multipart/mixed; boundary=inner\n\n--inner\nContent-Type: text/plain; charset=utf-8\n"
    "Content-Transfer-Encoding: 8bit\n\nGrüße. The diabetes is better. \n-- \nAlice\n\n--inner\n"
    "Content-Type: application/pdf\nContent-Transfer-Encoding: base64\n\nJVBERi0xLjcK\n\n--inner--\n"
)


def fields(author: str = ALICE) -> bytes:
    return crlf(f"From: Alice <{author}>\nTo: {FRONT}\nSubject: Results\nMessage-ID: <1@clinic.example.net>\n")


def signed(signature: bytes, part: bytes = PART, micalg: str = "; micalg=pgp-sha512") -> bytes:
    """An entity as mail programs make it, words for programs without MIME in front."""
    kind = f'Content-Type: multipart/signed; protocol="application/pgp-signature"{micalg}; boundary=outer\n'
    head = crlf(f"MIME-Version: 1.0\n{kind}\nThis is an OpenPGP/MIME signed message (RFC 4880 and 3156)\n--outer\n")
    middle = crlf("\n--outer\nContent-Type: application/pgp-signature; name=signature.asc\n\n")
    return head + part + middle + crlf(signature) + b"\r\n--outer--\r\n"


def detached(house: House, *options: str, part: bytes = PART, digest: str = "SHA512") -> bytes:
    """A signature by gpg."""
    words = ("--digest-algo", digest, *options, "--armor", "--detach-sign")
    done = house.gpg.run(*words, data=part)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def goes_in(house: House, entity: bytes, author: str = ALICE, head: bytes = b"") -> dict[str, str]:
    """The marks of a mail that must go inside as it came."""
    raw = (head or fields(author)) + entity
    come_in(house.home, raw, sender=author)
    house.home.settle()
    [sent] = house.home.sent(FRONT)
    assert sent.raw.endswith(raw), "nothing of it is changed"
    front = sent.raw[: -len(raw)]
    assert all(one.startswith((b"X-Sealgate-", b" ")) for one in front.splitlines()), "and only our marks are in front"
    assert sent.envelope_sender == author
    return mark(sent.raw)


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


@pytest.mark.parametrize(("digest", "mode"), [("SHA256", ()), ("SHA384", ("--textmode",)), ("SHA512", ("--textmode",))])
def test_a_good_signature_by_the_key_on_record(house: House, alice: OwnKey, digest: str, mode: tuple[str, ...]) -> None:
    del alice
    found = goes_in(house, signed(detached(house, *mode, digest=digest), micalg=f"; micalg=pgp-{digest.lower()}"))
    assert found == GOOD
    [told_of] = [data for kind, data in house.home.events(_only(house.home)) if kind == "unsealed"]
    assert (told_of["decrypted"], told_of["signature"], told_of["trust"]) == (False, "good", "trusted")


def _only(home: Home) -> str:
    return str(home.sql("SELECT id FROM messages")[0][0])


def test_neither_the_practices_own_key_nor_gpg_is_needed(house: House, alice: OwnKey) -> None:
    del alice
    off = house.home.inst.settings.openpgp.model_copy(update={"enabled": False})
    house.home.inst.settings = house.home.inst.settings.model_copy(update={"openpgp": off})
    assert goes_in(house, signed(detached(house)))["signature"] == "good"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"better", b"worse!"), (b"better. \r\n", b"better.\r\n"), (b"\r\n-- \r\n", b"\r\n--\r\n"),
        (b"application/pdf", b"application/xxx"), (b"\r\nContent-Type: text/plain", b"\r\nX-A: b\r\nContent-Type: text/plain"),
        (b"\r\n--inner--\r\n", b"\r\n--inner--\r\n\r\n"), (b"Alice\r\n", b"Alice \r\n"),
    ],
)  # fmt: skip
def test_content_changed_under_her_signature_is_bad(house: House, alice: OwnKey, old: bytes, new: bytes) -> None:
    """Blanks at the end of a line, the part's own header and its last line end are signed too."""
    del alice
    changed = PART.replace(old, new)
    assert changed != PART
    found = goes_in(house, signed(detached(house), changed))
    assert (told(found), found["why"]) == (("bad", "untrusted", "other"), "the-content-is-not-what-was-signed")
    assert "signer" not in found


def test_the_label_must_name_the_hash(house: House, alice: OwnKey) -> None:
    del alice
    found = goes_in(house, signed(detached(house), micalg="; micalg=pgp-sha256"))
    assert (told(found), found["why"]) == (UNKNOWN, "the-label-names-another-hash-than-the-signature")


def test_a_label_that_is_missing_names_no_other_hash(house: House, alice: OwnKey) -> None:
    del alice
    assert goes_in(house, signed(detached(house), micalg=""))["signature"] == "good"


def test_without_a_key_on_record_it_is_unknown(house: House) -> None:
    house.gpg.take(person(ALICE, house.home.clock.now()).secret.reveal())
    found = goes_in(house, signed(detached(house)))
    assert found == {
        "encryption": "none", "signature": "unknown", "trust": "none", "why": "no-openpgp-key-of-the-author-is-known",
        "from": "other",
    }  # fmt: skip


def test_a_directory_that_does_not_answer_is_another_word(house: House, alice: OwnKey) -> None:
    del alice
    entity = signed(detached(house))
    house.home.sql("ALTER TABLE recipient_keys RENAME TO gone")
    found = goes_in(house, entity)
    assert (told(found), found["why"]) == (UNKNOWN, "the-key-directories-did-not-answer")


def test_another_key_under_her_name_is_not_hers(house: House, alice: OwnKey) -> None:
    del alice
    forger = person(ALICE, house.home.clock.now())
    house.gpg.take(forger.secret.reveal())
    found = goes_in(house, signed(detached(house, "--local-user", forger.fingerprint)))
    assert (told(found), found["why"]) == (UNKNOWN, NOT_BY_IT)


def test_a_person_on_record_does_not_sign_for_another(house: House, alice: OwnKey) -> None:
    """The signer is not the one in From."""
    del alice
    mallory = person("mallory@example.com", house.home.clock.now())
    house.gpg.take(mallory.secret.reveal())
    house.knows(mallory.public, "mallory@example.com")
    found = goes_in(house, signed(detached(house, "--local-user", mallory.fingerprint)))
    assert (told(found), found["why"]) == (UNKNOWN, NOT_BY_IT)


def test_two_authors_are_nobody(house: House, alice: OwnKey) -> None:
    del alice
    two = fields().replace(b"From: ", b"From: mallory@example.com, ")
    found = goes_in(house, signed(detached(house)), head=two)
    assert (told(found), found["why"]) == (("unknown", "none", "other"), "from-does-not-name-one-author")


def test_two_signatures_are_not_one(house: House, alice: OwnKey) -> None:
    second = person("second@example.com", house.home.clock.now())
    house.gpg.take(second.secret.reveal())
    both = detached(house, "--local-user", alice.fingerprint, "--local-user", second.fingerprint)
    found = goes_in(house, signed(both))
    assert (told(found), found["why"]) == (UNKNOWN, "there-is-more-than-one-signature")


def test_a_subkey_that_signs_is_hers_too(house: House) -> None:
    made_by_gpg(house, "sign")
    assert goes_in(house, signed(detached(house))) == GOOD


def test_a_signature_over_sha_1_is_weak(house: House) -> None:
    made_by_gpg(house)
    found = goes_in(house, signed(detached(house, digest="SHA1"), micalg="; micalg=pgp-sha1"))
    assert found["signature"] == "weak"


def test_a_signature_over_md5_proves_nothing(house: House) -> None:
    made_by_gpg(house)
    entity = signed(detached(house, "--allow-weak-digest-algos", digest="MD5"), micalg="; micalg=pgp-md5")
    found = goes_in(house, entity)
    assert (told(found), found["why"]) == (UNKNOWN, "signed-over-a-hash-that-is-broken-or-not-read-here")


def test_a_signature_that_has_ended_is_not_good(house: House, alice: OwnKey) -> None:
    del alice
    entity = signed(detached(house, "--default-sig-expire", "1d"))
    house.home.clock.advance(timedelta(days=2).total_seconds())
    found = goes_in(house, entity)
    assert (told(found), found["why"]) == (UNKNOWN, "the-signature-has-expired")


def test_a_clock_that_is_a_little_fast_does_no_harm_and_a_later_day_does(house: House, alice: OwnKey) -> None:
    del alice
    house.gpg.at += timedelta(minutes=5)
    assert goes_in(house, signed(detached(house)))["signature"] == "good"
    for path in house.home.hop_folder.glob("*"):
        path.unlink()
    house.gpg.at += timedelta(days=1)
    assert goes_in(house, signed(detached(house)))["why"] == "the-signature-begins-in-the-future"


def test_a_key_that_has_ended_signs_nothing(house: House) -> None:
    made_by_gpg(house, ends="10d")
    entity = signed(detached(house))
    house.home.clock.advance(timedelta(days=11).total_seconds())
    found = goes_in(house, entity)
    assert told(found) == UNKNOWN
    assert found["why"].startswith("the-openpgp-key-expired-on-")


def test_a_key_that_was_revoked_signs_nothing(house: House, alice: OwnKey) -> None:
    entity = signed(detached(house))
    signs = Maker(house.home.clock.now())
    signs.key, signs._signer = read_certificates(alice.public)[0].primary, alice.signer
    size = 2 + len(signs.key.body)
    house.knows(alice.public[:size] + signs.signature(0x20, b"") + alice.public[size:])
    found = goes_in(house, entity)
    assert (told(found), found["why"]) == (UNKNOWN, "the-openpgp-key-was-revoked-by-its-owner")


def test_text_signed_inline_is_passed_on_and_never_verified(house: House, alice: OwnKey) -> None:
    """Which of its lines are signed is anybody's guess: the mark is that of mail without a signature."""
    del alice
    done = house.gpg.run("--clear-sign", data=b"The diabetes is better.\n")
    assert b"-----BEGIN PGP SIGNED MESSAGE-----" in done.stdout
    found = goes_in(house, crlf(b"Content-Type: text/plain\n\n" + done.stdout))
    assert found == {"encryption": "none", "signature": "none"}


def test_a_large_mail_streams_by_unverified(tmp_path: Path) -> None:
    def small(one):  # type: ignore[no-untyped-def]
        return one.model_copy(update={"inbound": one.inbound.model_copy(update={"open_bytes": 2000})})

    with build(tmp_path, settings=small) as home, gpg_at(tmp_path / "alice", home.clock.now()) as gpg:
        house = House(home, gpg, KeyFiles(home.inst.settings.keys.dir).openpgp())
        one = person(ALICE, home.clock.now())
        gpg.take(one.secret.reveal())
        house.knows(one.public)
        large = PART.replace(b"better", b"better" * 1000)
        found = goes_in(house, signed(detached(house, part=large), large))
    assert found == {"encryption": "none", "signature": "unknown", "trust": "none", "why": "too-large", "from": "other"}


def test_what_was_signed_before_it_was_encrypted_is_verified_too(house: House, alice: OwnKey) -> None:
    """RFC 3156 6.1: two layers, each in MIME."""
    del alice
    message = house.written(content=signed(detached(house)))
    come_in(house.home, fields() + crlf(HEAD) + crlf(message) + b"\r\n--b--\r\n")
    house.home.settle()
    [sent] = house.home.sent(FRONT)
    assert mark(sent.raw) == {
        "encryption": "openpgp", "decrypted": "yes", "cipher": "openpgp", "content": "authentic",
        **{name: GOOD[name] for name in ("signature", "trust", "from", "signer")},
    }  # fmt: skip
    assert PART in sent.raw
    assert b"This is an OpenPGP/MIME" not in sent.raw, "what the signature does not cover is made anew"


def test_no_openpgp_key_is_taken_from_mail(house: House, alice: OwnKey) -> None:
    del alice
    count = house.home.sql("SELECT count(*) FROM recipient_keys")
    assert goes_in(house, signed(detached(house)))["signature"] == "good"
    assert house.home.sql("SELECT count(*) FROM recipient_keys") == count
    known = house.home.inst.key_directory().find(Address.parse(ALICE), house.home.clock.now())
    assert known.state is KeyState.NONE, "nor is her OpenPGP key one for S/MIME"
