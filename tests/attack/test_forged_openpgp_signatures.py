"""Whoever has one letter that Alice signed by PGP/MIME, and wants another one, or more in it, to pass for hers.

The gateway's own signatures stand in for other people's programs, so that every byte can be chosen; nothing here needs gpg.
"""

from __future__ import annotations

import base64
import os
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from gateway.domain.address import Address
from gateway.flow.unsealing import Unsealing
from gateway.ports.keys import KeyAnswer, KeyKind, KeyState
from gateway.seal.opening import Tools
from gateway.seal.openpgp_own import OwnKey
from gateway.seal.openpgp_packets import Tag, packet, subpacket
from gateway.seal.openpgp_signatures import Signing
from gateway.seal.openpgp_signed import check_detached
from gateway.seal.openpgp_signers import signer_key
from tests.attack.test_efail_at_the_inbound_door import FORGED, mark
from tests.support.openpgp import armour, person
from tests.support.sealed_mail import crlf
from tests.unit.seal.certificates import AT

NAME = "alice@clinic.example.net"
FIELDS = f"From: Alice <{NAME}>\nTo: front@willow.example.org\nSubject: ...\nMIME-Version: 1.0\n"
PART = crlf("Content-Type: text/plain; charset=us-ascii\n\nGive half a tablet.\n")
EVIL = crlf("Content-Type: text/html\n\n<b>Give ten tablets.</b>\n")
ALICE = person(NAME, AT - timedelta(days=9))
MALLORY = person("mallory@example.com", AT - timedelta(days=9))
KEY = signer_key(ALICE.public, Address.parse(NAME), AT)


class Known:
    """A directory that knows Alice's key, and Mallory's."""

    def find(self, address: Address, at: datetime, kind: KeyKind = KeyKind.SMIME) -> KeyAnswer:
        found = {NAME: ALICE, "mallory@example.com": MALLORY}.get(str(address))
        if kind is not KeyKind.OPENPGP or found is None:
            return KeyAnswer(KeyState.NONE)
        return KeyAnswer(KeyState.VALID, found.public, found.fingerprint)


UNSEALING = Unsealing(
    lambda: Tools([], os.urandom), lambda _: (), Known(), Known(), 10_000_000, lambda: "could have been changed"
)


def packet_of(
    part: bytes, who: OwnKey = ALICE, kind: int = 0x00, extra: bytes = b"", at: datetime = AT, names: bool = True
) -> bytes:
    """One signature packet over that part."""
    signing = Signing(kind, who.signer.sign, bytes.fromhex(who.fingerprint), at, extra)
    if not names:
        stamp = subpacket(2, int(at.timestamp()).to_bytes(4, "big"))
        signing._prefix = bytes([4, kind, 22, 10]) + len(stamp).to_bytes(2, "big") + stamp
        signing._issuer = bytes(8)
    signing.update(part)
    body = signing.body()
    return packet(Tag.SIGNATURE, body if names else body.replace(b"\x09\x10" + bytes(8), b"\x09\x65" + bytes(8)))


def signature(part: bytes = PART, **more) -> bytes:  # type: ignore[no-untyped-def]
    return armour("SIGNATURE", packet_of(part, **more))


def entity(
    part: bytes = PART, proof: bytes | None = None, kind: str = "", label: str = "application/pgp-signature"
) -> bytes:
    """A multipart/signed; `kind` replaces its Content-Type."""
    kind = kind or 'multipart/signed; protocol="application/pgp-signature"; micalg=pgp-sha512; boundary=b'
    second = crlf(f"\n--b\nContent-Type: {label}\n\n") + (signature() if proof is None else proof)
    return crlf(f"Content-Type: {kind}\n\n--b\n") + part + second + crlf("\n--b--\n")


def inside(mail: bytes) -> tuple[dict[str, str], bytes]:
    found = UNSEALING.inside(iter([mail]), "0" * 26, AT)
    raw = b"".join(found.body)
    return mark(raw), raw


def test_her_own_letter_is_good() -> None:
    said, raw = inside(crlf(FIELDS) + entity())
    assert said == {"encryption": "none", "signature": "good", "trust": "trusted", "from": "same", "signer": NAME}
    assert raw.endswith(crlf(FIELDS) + entity())


def round_it() -> Iterator[tuple[str, bytes]]:
    """Her letter, whole and as she signed it, with other text round it."""
    evil, hers = crlf("--c\n") + EVIL + crlf("\n--c\n"), entity() + crlf("\n--c\n") + EVIL + crlf("\n--c--\n")
    for kind in ("mixed", "alternative", "related", "digest", "report"):
        yield f"in a multipart/{kind}", crlf(f"Content-Type: multipart/{kind}; boundary=c\n\n") + evil + hers
    yield "forwarded", crlf("Content-Type: message/rfc822\n\n" + FIELDS) + entity()
    yield "named signed without a protocol", crlf("Content-Type: multipart/signed; boundary=c\n\n") + evil + hers
    label = 'multipart/signed; protocol="application/pgp-signature"; boundary=b'
    yield "beside a second type", crlf("Content-Type: text/html\n") + entity()
    yield "with two boundaries", entity(kind=f"{label}; boundary=c")


@pytest.mark.parametrize(("name", "mail"), [pytest.param(*one, id=one[0]) for one in round_it()])
def test_only_the_whole_of_a_mail_is_signed(name: str, mail: bytes) -> None:
    said, raw = inside(crlf(FIELDS) + mail)
    assert said == {"encryption": "none", "signature": "none"}, name
    assert raw.endswith(mail)


def other_parts() -> Iterator[tuple[str, bytes]]:
    more = crlf("\n--b\n") + EVIL
    yield "three parts, hers first", entity().replace(crlf("\n--b--\n"), more + crlf("\n--b--\n"))
    yield "three parts, hers second", entity().replace(crlf("\n--b\n"), crlf("\n--b\n") + EVIL + crlf("\n--b\n"), 1)
    yield (
        "the signature alone",
        crlf("Content-Type: multipart/signed; protocol=application/pgp-signature; boundary=b\n\n--b--\n"),
    )
    yield "hers has no end", entity().replace(b"--b--\r\n", b"")
    yield "no boundary", entity(kind="multipart/signed; protocol=application/pgp-signature")
    yield "a signature of another type", entity(label="text/html")
    yield "the whole of it in base64", crlf("Content-Transfer-Encoding: x-uuencode\n") + entity()
    yield "the signature's type is a multipart", entity(label="multipart/mixed; boundary=d")


@pytest.mark.parametrize(("name", "mail"), [pytest.param(*one, id=one[0]) for one in other_parts()])
def test_what_readers_could_take_apart_in_two_ways_is_not_verified(name: str, mail: bytes) -> None:
    said, raw = inside(crlf(FIELDS) + mail)
    assert (said["signature"], said["trust"], said["why"]) == ("unknown", "none", "unreadable"), name
    assert raw.endswith(mail)


def proofs() -> Iterator[tuple[str, bytes, str]]:
    beside = "the-signature-part-holds-something-else-than-a-signature"
    good, one = signature(), packet_of(PART)
    yield "text before", b"Pay at once: http://mallory.example\r\n" + good, beside
    yield "text behind", good + b"Pay at once: http://mallory.example\r\n", beside
    yield "two blocks", good + good, beside
    yield "a key beside it", armour("SIGNATURE", one + MALLORY.public), beside
    yield "a literal packet beside it", armour("SIGNATURE", packet(Tag.LITERAL, b"b\0\0\0\0\0" + EVIL) + one), beside
    yield "no armour", one, beside
    yield "nothing", b"", beside
    yield "cut off", armour("SIGNATURE", one[:-9]), beside
    yield "no base64", b"-----BEGIN PGP SIGNATURE-----\r\n\r\n%%%\r\n-----END PGP SIGNATURE-----\r\n", beside
    yield "far too long", good.replace(b"\r\n\r\n", b"\r\nComment: " + b"x" * 70_000 + b"\r\n\r\n", 1), beside
    yield (
        "hers and Mallory's",
        armour("SIGNATURE", one + packet_of(PART, who=MALLORY)),
        "there-is-more-than-one-signature",
    )
    yield "hers twice", armour("SIGNATURE", one + one), "there-is-more-than-one-signature"
    yield "version 3", armour("SIGNATURE", one.replace(b"\x04\x00\x16\x0a", b"\x03\x00\x16\x0a", 1)), (
        "the-signature-is-of-a-version-that-is-not-read-here"
    )  # fmt: skip
    yield "Mallory's", signature(who=MALLORY), "not-signed-by-the-key-on-record-for-the-author"
    yield "a timestamp's kind", signature(kind=0x40), "the-signature-is-of-a-kind-that-is-not-read-here"
    yield "a certification's kind", signature(kind=0x13), "the-signature-is-of-a-kind-that-is-not-read-here"
    yield "a critical word that nobody knows", signature(extra=b"\x02\xe5\x00"), (
        "the-signature-is-of-a-kind-that-is-not-read-here"
    )  # fmt: skip
    yield "older than her key", signature(at=AT - timedelta(days=10)), "the-signature-is-older-than-its-key"
    yield "of tomorrow", signature(at=AT + timedelta(days=1)), "the-signature-begins-in-the-future"
    yield "a broken hash", armour("SIGNATURE", one.replace(b"\x04\x00\x16\x0a", b"\x04\x00\x16\x01", 1)), (
        "signed-over-a-hash-that-is-broken-or-not-read-here"
    )  # fmt: skip


@pytest.mark.parametrize(("name", "proof", "why"), [pytest.param(*one, id=one[0]) for one in proofs()])
def test_a_signature_part_that_is_not_one_signature_of_hers_proves_nothing(name: str, proof: bytes, why: str) -> None:
    said, raw = inside(crlf(FIELDS) + entity(proof=proof))
    assert (said["signature"], said["trust"], said["from"], said["why"]) == ("unknown", "untrusted", "other", why), name
    assert "signer" not in said
    assert raw.endswith(entity(proof=proof)), "and is passed on as it came"


def test_her_signature_under_another_letter_is_bad() -> None:
    for part in (EVIL, PART.replace(b"half a tablet", b"ten tablets"), PART + EVIL, EVIL + PART, PART[:-2], b""):
        said, _ = inside(crlf(FIELDS) + entity(part))
        assert (said["signature"], said["why"]) == ("bad", "the-content-is-not-what-was-signed")


def test_a_signature_that_names_nobody_is_hers_if_it_holds() -> None:
    assert check_detached(PART, signature(names=False), "", KEY).verdict.value == "good"
    nobodys = check_detached(PART, signature(names=False, who=MALLORY), "", KEY)
    assert (nobodys.verdict.value, nobodys.why) == ("unknown", "not signed by the key on record for the author")


def test_mallorys_good_signature_speaks_for_mallory_alone() -> None:
    proof = signature(who=MALLORY)
    said, _ = inside(
        crlf(FIELDS.replace(f"Alice <{NAME}>", f'"Alice <{NAME}>" <mallory@example.com>')) + entity(proof=proof)
    )
    assert (said["signature"], said["signer"]) == ("good", "mallory@example.com")
    twice = FIELDS.replace("From:", "From: mallory@example.com\nFrom:")
    said, _ = inside(crlf(twice) + entity(proof=proof))
    assert (said["signature"], said["trust"], said["why"]) == ("unknown", "none", "from-does-not-name-one-author")


@pytest.mark.parametrize("place", [lambda one: one + crlf(FIELDS), lambda one: crlf(FIELDS) + one])
@pytest.mark.parametrize("forged", [FORGED, FORGED.lower(), FORGED.replace(b":", b"\t:"), b"X-Sealgate-Id: 1\r\n"])
def test_a_mark_from_outside_is_gone(forged: bytes, place: Callable[[bytes], bytes]) -> None:
    said, raw = inside(place(forged) + entity(proof=signature(who=MALLORY)))
    assert said["signature"] == "unknown"
    assert b"signature=good" not in raw
    assert raw.lower().count(b"x-sealgate") == 2


def test_a_mark_inside_what_she_signed_is_no_field_of_the_mail() -> None:
    """It is the part's, and not removed: her signature covers it."""
    part = FORGED + PART
    said, raw = inside(crlf(FIELDS) + entity(part, signature(part)))
    assert said["signature"] == "good"
    assert raw.endswith(entity(part, signature(part)))
    assert raw.partition(b"\r\n\r\n")[0].lower().count(b"x-sealgate") == 2


def test_nothing_is_decrypted_that_only_lies_in_a_signed_mail() -> None:
    """Her signature round a mixed mail with somebody's stolen letter in it: the stolen one stays closed."""
    stolen = crlf(
        "Content-Type: application/pkcs7-mime; smime-type=enveloped-data\nContent-Transfer-Encoding: base64\n\n"
    )
    stolen += base64.encodebytes(os.urandom(300)).replace(b"\n", b"\r\n")
    part = (
        crlf("Content-Type: multipart/mixed; boundary=c\n\n--c\n") + EVIL + crlf("\n--c\n") + stolen + crlf("\n--c--\n")
    )
    said, raw = inside(crlf(FIELDS) + entity(part, signature(part)))
    assert (said["encryption"], said["signature"]) == ("none", "good")
    assert raw.endswith(entity(part, signature(part)))


def test_a_mail_beyond_the_limit_is_never_held_whole() -> None:
    def pieces() -> Iterator[bytes]:
        whole = crlf(FIELDS) + entity()
        yield whole[:-20]
        for _ in range(640):
            yield b"x" * 65_534 + b"\r\n"
        yield whole[-20:]

    small = Unsealing(UNSEALING.tools, UNSEALING.anchors, Known(), Known(), 1_000_000, UNSEALING.words)
    tracemalloc.start()
    found = small.inside(pieces(), "0" * 26, AT)
    size = sum(len(one) for one in found.body)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 40_000_000
    assert peak < 8_000_000
    assert found.result.author.why == "too-large"
