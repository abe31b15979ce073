"""What others seal to the practice's own keys is opened: each key, each content encryption, each way of the key."""

from __future__ import annotations

import base64
from itertools import product
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519

from gateway.seal import smime
from gateway.seal.cms_open import NotOpened, Why
from gateway.seal.cms_verify import Verdict
from gateway.seal.smime_signature import RsaSignature, Signer
from tests.support.sealed_mail import Owner, crlf, entity, opened, openssl, own, sealed_by_us, wrapped, write_owner
from tests.unit.seal.certificates import recipient, rsa_key, usage

PAYLOAD = entity("Content-Type: text/plain; charset=utf-8\nSubject: Results\n", "Grüße, the blood test is fine.\n")
BODY = crlf("Grüße, the blood test is fine.\n")
SIGNS = usage(digital_signature=True)


def owner(key) -> Owner:  # type: ignore[no-untyped-def]
    return recipient("gate@willow.example.org", key, extra=[key_id(key)]), key


def key_id(key) -> tuple[x509.ExtensionType, bool]:  # type: ignore[no-untyped-def]
    return x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False


OWNERS = {
    "rsa": owner(rsa_key()), "p256": owner(ec.generate_private_key(ec.SECP256R1())),
    "p384": owner(ec.generate_private_key(ec.SECP384R1())), "x25519": owner(x25519.X25519PrivateKey.generate()),
}  # fmt: skip
STRANGER = owner(ec.generate_private_key(ec.SECP256R1()))
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()
SIGNERS = {
    "ecdsa": Signer(recipient("alice@clinic.example.net", EC, key_usage=SIGNS), EC),
    "rsa": Signer(recipient("alice@clinic.example.net", rsa_key(), key_usage=SIGNS), rsa_key()),
    "pss": Signer(recipient("alice@clinic.example.net", rsa_key(), key_usage=SIGNS), rsa_key(), rsa=RsaSignature.PSS),
    "ed25519": Signer(recipient("alice@clinic.example.net", ED, key_usage=SIGNS), ED),
}


@pytest.mark.parametrize(("name", "content"), list(product(OWNERS, (smime.AES_256_CBC, smime.AES_256_GCM))))
def test_each_kind_of_own_key_opens_what_we_write(name: str, content: str) -> None:
    form = smime.Form(content, smime.KeyTransport.OAEP if content == smime.AES_256_GCM else smime.KeyTransport.PKCS1)
    recipients = [STRANGER[0], OWNERS[name][0]]
    found = opened(sealed_by_us(PAYLOAD, SIGNERS["ecdsa"], recipients, form), own(OWNERS[name]))
    assert found.ciphers == (content,)
    assert found.signature is not None
    assert (found.signature.verdict, found.authentic) == (Verdict.GOOD, True)
    assert BODY in found.body
    assert found.payload.first("subject") is not None


@pytest.mark.parametrize("name", SIGNERS)
def test_each_signature_is_verified_and_a_changed_letter_breaks_it(name: str) -> None:
    mail = sealed_by_us(PAYLOAD, SIGNERS[name], [OWNERS["p256"][0]], smime.Form())
    inside = opened(mail, own(OWNERS["p256"]))
    assert inside.signature is not None
    assert inside.signature.verdict is Verdict.GOOD
    assert "aes-256-gcm" in inside.signature.capabilities
    signed = b"".join(one.raw for one in inside.block.fields) + b"\r\n" + inside.body
    changed = opened(signed.replace(b"is fine", b"is foul"), own())
    assert changed.signature is not None
    assert changed.signature.verdict is Verdict.BAD


def test_a_triple_wrap_is_opened_and_only_its_inner_signature_counts() -> None:
    mail = sealed_by_us(PAYLOAD, SIGNERS["ecdsa"], [OWNERS["rsa"][0]], smime.Form(triple=True))
    found = opened(mail, own(OWNERS["rsa"]))
    assert found.outer is not None
    assert found.signature is not None
    assert (found.outer.verdict, found.signature.verdict) == (Verdict.GOOD, Verdict.GOOD)


OPENSSL_FORMS = {
    "rsa 3des": ("rsa", ["-des3"]), "rsa aes128": ("rsa", ["-aes128"]), "rsa gcm": ("rsa", ["-aes-256-gcm"]),
    "rsa oaep": ("rsa", ["-aes256"]), "p256 sha1 kdf": ("p256", ["-aes256"]), "p384 gcm": ("p384", ["-aes-128-gcm"]),
    "rsa keyid": ("rsa", ["-aes256", "-keyid"]), "rsa der": ("rsa", ["-aes256", "-nostream"]),
    "p256 keyid": ("p256", ["-aes256", "-keyid"]),
}  # fmt: skip
KEYOPT = {"rsa oaep": ["-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha384"],
          "p384 gcm": ["-keyopt", "ecdh_kdf_md:sha384"]}  # fmt: skip


@pytest.mark.peer
@pytest.mark.parametrize("form", OPENSSL_FORMS)
def test_what_openssl_encrypts_is_opened(tmp_path: Path, form: str) -> None:
    name, options = OPENSSL_FORMS[form]
    write_owner(tmp_path, "own", OWNERS[name])
    stream = [] if "-nostream" in options else ["-stream"]
    options = [one for one in options if one != "-nostream"]
    cms = openssl(
        tmp_path, "-encrypt", "-binary", "-outform", "DER", *stream, *options, "-recip", "own.crt", *KEYOPT.get(form, []),
        data=PAYLOAD * 300,
    )  # fmt: skip
    found = opened(wrapped(cms), own(STRANGER, OWNERS[name]))
    assert found.authentic is ("gcm" in form)
    assert found.signature is None
    assert found.body.endswith(BODY)


@pytest.mark.peer
@pytest.mark.parametrize(
    "options", [["-nodetach"], ["-nodetach", "-stream"], [], ["-nodetach", "-keyid"], ["-nodetach", "-noattr"]]
)
def test_what_openssl_signs_is_verified(tmp_path: Path, options: list[str]) -> None:
    certificate = recipient("alice@clinic.example.net", rsa_key(), key_usage=SIGNS, extra=[key_id(rsa_key())])
    signer = (certificate, rsa_key())
    write_owner(tmp_path, "alice", signer)
    mail = openssl(
        tmp_path, "-sign", "-md", "sha256", *options, "-signer", "alice.crt", "-inkey", "alice.key", data=PAYLOAD
    )
    found = opened(crlf(mail), own())
    assert found.signature is not None
    assert (found.signature.verdict, found.encrypted) == (Verdict.GOOD, False)
    assert found.signature.certificate == signer[0]


@pytest.mark.peer
def test_sha1_is_no_proof_and_compression_stays_closed(tmp_path: Path) -> None:
    signer = (recipient("alice@clinic.example.net", rsa_key(), key_usage=SIGNS), rsa_key())
    write_owner(tmp_path, "alice", signer)
    mail = openssl(
        tmp_path, "-sign", "-md", "sha1", "-nodetach", "-signer", "alice.crt", "-inkey", "alice.key", data=PAYLOAD
    )
    found = opened(crlf(mail), own())
    assert found.signature is not None
    assert found.signature.verdict is Verdict.WEAK


@pytest.mark.parametrize(
    ("cms", "why"),
    [
        (bytes.fromhex("3011060b2a864886f70d0109100109a0020500"), Why.COMPRESSED),
        (bytes.fromhex("300f06092a864886f70d010705a0020500"), Why.ALGORITHM),
        (b"", Why.DAMAGED), (b"\x30\x80", Why.DAMAGED), (b"not asn.1 at all", Why.DAMAGED),
    ],
    ids=["compressed", "digested", "empty", "endless", "text"],
)  # fmt: skip
def test_what_is_not_read_is_refused_by_name(cms: bytes, why: Why) -> None:
    with pytest.raises(NotOpened) as refused:
        opened(wrapped(cms), own(*OWNERS.values()))
    assert refused.value.why is why


def test_a_mail_to_somebody_else_stays_closed() -> None:
    mail = sealed_by_us(PAYLOAD, SIGNERS["ecdsa"], [STRANGER[0]], smime.Form())
    with pytest.raises(NotOpened) as refused:
        opened(mail, own(*OWNERS.values()))
    assert refused.value.why is Why.NO_KEY


def test_layers_have_an_end() -> None:
    mail = PAYLOAD
    for _ in range(8):
        mail = sealed_by_us(mail, SIGNERS["ecdsa"], [OWNERS["p256"][0]], smime.Form())
    with pytest.raises(NotOpened) as refused:
        opened(mail, own(OWNERS["p256"]))
    assert refused.value.why is Why.NESTED


@pytest.mark.parametrize("coding", ["binary", "8bit", "7bit", "", "x-unknown"])
def test_the_transfer_encoding_is_what_it_says(coding: str) -> None:
    mail = sealed_by_us(PAYLOAD, SIGNERS["ecdsa"], [OWNERS["p256"][0]], smime.Form())
    head, _, body = mail.partition(b"\r\n\r\n")
    plain = head.replace(b"base64", coding.encode()) + b"\r\n\r\n" + base64.b64decode(body)
    if coding == "x-unknown":
        with pytest.raises(NotOpened, match="unreadable"):
            opened(plain, own(OWNERS["p256"]))
    else:
        assert BODY in opened(plain, own(OWNERS["p256"])).body
