"""Which form a recipient gets, what a signature says of us, ML-KEM alone in its message, and the triple wrap."""

from __future__ import annotations

import email
import os
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mlkem, padding, x25519

from gateway.domain.address import Address
from gateway.domain.errors import SealingFailed
from gateway.ports.keys import KeyState
from gateway.seal import ca, smime
from gateway.seal import cms_types as cms
from gateway.seal.smime_capabilities import (
    capabilities_of,
    certificate_capabilities,
    own_capabilities,
)
from gateway.seal.smime_certificates import check_recipient_certificate, judged
from gateway.seal.smime_forms import FormRules, Wishes
from tests.support.cms_forms import ContentInfo, signed_data
from tests.unit.seal.certificates import AT, CA, CA_KEY, CLINIC, AnyKey, recipient, rsa_key, usage
from tests.unit.seal.cms_reader import decrypt
from tests.unit.seal.test_smime import PAYLOAD, signed_parts

GCM, OAEP = "aes-256-gcm", "rsa-oaep-sha256"


@pytest.fixture(scope="module")
def signer() -> smime.Signer:
    certificate, key = ca.issue_sender(CA, CA_KEY, CLINIC, AT)
    return smime.Signer(certificate, key, (CA,))


def seal(
    signer: smime.Signer, people: list[tuple[x509.Certificate, AnyKey]], form: smime.Form
) -> tuple[smime.Form, bytes]:
    used, entity = smime.seal(
        [PAYLOAD], signer=signer, recipients=[one for one, _ in people], at=AT, random=os.urandom, form=form
    )
    return used, b"".join(entity)


def cms_of(entity: bytes) -> bytes:
    return email.message_from_bytes(entity).get_payload(decode=True)  # type: ignore[return-value]


def test_the_strongest_form_that_all_recipients_read_and_settings_count_more() -> None:
    none: frozenset[str] = frozenset()
    transport, rules = smime.KeyTransport.OAEP, FormRules()
    assert rules.form_for("example.net", []) == rules.form_for("example.net", [none]) == smime.Form("aes-256-cbc")
    assert rules.form_for("example.net", [frozenset({GCM, OAEP})]) == smime.Form(GCM, transport)
    assert rules.form_for("example.net", [frozenset({GCM, OAEP}), frozenset({GCM})]) == smime.Form(GCM)
    assert rules.form_for("example.net", [frozenset({GCM}), none]) == smime.Form()
    assert rules.form_for("example.net", [frozenset({"aes-128-gcm", "auth-enveloped"})]) == smime.Form()
    rules = FormRules({"example.net": Wishes(GCM, OAEP)}, Wishes("aes-256-cbc", "rsa-pkcs1v15"), triple=True)
    assert rules.form_for("example.net", [none]) == smime.Form(GCM, transport, triple=True)
    assert rules.form_for("example.org", [frozenset({GCM, OAEP})]) == smime.Form(triple=True)


def test_a_changed_bit_of_gcm_content_opens_nothing(signer: smime.Signer) -> None:
    certificate = recipient("bob@example.net", rsa_key())
    _, entity = seal(signer, [(certificate, rsa_key())], smime.Form(GCM))
    assert b"smime-type=authEnveloped-data" in entity.replace(b'"', b"")
    sealed = cms_of(entity)
    assert PAYLOAD in decrypt(sealed, certificate.serial_number, rsa_key())
    for at in (-8, -30, len(sealed) // 2 + 300):
        broken = bytearray(sealed)
        broken[at - 10] ^= 1
        with pytest.raises((InvalidTag, AssertionError, ValueError, IndexError)):
            decrypt(bytes(broken), certificate.serial_number, rsa_key())


def test_what_we_say_of_ourselves_is_read_by_our_own_reader(signer: smime.Signer) -> None:
    certificate = recipient("bob@example.net", rsa_key())
    _, entity = seal(signer, [(certificate, rsa_key())], smime.Form())
    content, signature = signed_parts(decrypt(cms_of(entity), certificate.serial_number, rsa_key()))
    assert content == PAYLOAD
    (who,) = signed_data(signature).signer_infos.as_list()
    ours = {GCM, OAEP, "aes-128-gcm", "aes-256-cbc", "aes-128-cbc", "auth-enveloped"}
    (said,) = [one.attr_values for one in who.signed_attrs.as_list() if one.attr_type == cms.SMIME_CAPABILITIES]  # type: ignore[union-attr]
    assert capabilities_of(cms.der(said.as_list()[0])) == capabilities_of(own_capabilities()) == ours
    assert isinstance(who.sid, cms.IssuerAndSerialNumber)
    assert who.sid.serial_number == signer.certificate.serial_number


def test_capabilities_of_a_certificate_and_broken_ones() -> None:
    said = cms.tlv(0x30, cms.der(cms.algorithm(cms.ID_AES256_GCM)) + cms.der(cms.algorithm(cms.ID_ALG_ML_KEM_768)))
    extension = x509.UnrecognizedExtension(cms.SMIME_CAPABILITIES, said)
    with_them = recipient("bob@example.net", rsa_key(), extra=[(extension, False)])
    assert certificate_capabilities(with_them) == {GCM, "auth-enveloped", "ml-kem-768"}
    assert certificate_capabilities(recipient("bob@example.net", rsa_key())) == frozenset()
    assert check_recipient_certificate(with_them, Address.parse("bob@example.net"), AT) == []
    for broken in (b"", b"\x30\x03\x02\x01", b"\x31\x00", said[:-1], said + b"\x00", b"\x30\x80" + said + b"\x00\x00",
                   cms.tlv(0x30, cms.tlv(0x30, b"\x04\x00")), said * 4000):  # fmt: skip
        assert capabilities_of(broken) == frozenset(), broken[:20]
    sha1 = cms.tlv(0x30, cms.der(cms.algorithm(cms.ID_RSAES_OAEP, b"\x30\x00")))
    assert capabilities_of(sha1) == frozenset()  # SHA-1 by default: another form than ours


def test_ml_kem_travels_alone_in_gcm_and_only_when_switched_on(signer: smime.Signer) -> None:
    key = mlkem.MLKEM768PrivateKey.generate()
    pq = recipient("bob@example.net", key)
    on = smime.Form(ml_kem=True)
    used, entity = seal(signer, [(pq, key)], on)
    assert used.told([pq]) == "aes-256-gcm ml-kem-768-only"
    assert PAYLOAD in decrypt(cms_of(entity), pq.serial_number, key)
    classical = recipient("carol@example.net", rsa_key())
    for people, form in (
        ([(pq, key)], smime.Form(GCM)),
        ([(pq, key), (classical, rsa_key())], smime.Form(GCM, ml_kem=True)),
    ):
        with pytest.raises(SealingFailed):
            seal(signer, people, form)
    with pytest.raises(SealingFailed):
        smime.sign_and_encrypt([PAYLOAD], signer=signer, recipients=[pq], at=AT, random=os.urandom, ml_kem=True)
    bob = Address.parse("bob@example.net")
    assert judged(pq, bob, AT)[0] is KeyState.UNTRUSTED
    assert judged(pq, bob, AT, ml_kem=True)[:2] == (KeyState.VALID, [])
    wrong = recipient("bob@example.net", key, key_usage=usage(key_agreement=True))
    assert judged(wrong, bob, AT, ml_kem=True)[0] is KeyState.UNTRUSTED


def test_x25519_is_a_key_to_seal_to() -> None:
    key = x25519.X25519PrivateKey.generate()
    bob = Address.parse("bob@example.net")
    assert check_recipient_certificate(recipient("bob@example.net", key), bob, AT) == []
    wrong = recipient("bob@example.net", key, key_usage=usage(key_encipherment=True))
    assert check_recipient_certificate(wrong, bob, AT) == ["the key usage does not allow encryption (keyAgreement)"]


def test_a_triple_wrap_is_a_signature_round_the_envelope(signer: smime.Signer) -> None:
    certificate = recipient("bob@example.net", rsa_key())
    used, entity = seal(signer, [(certificate, rsa_key())], smime.Form(triple=True))
    assert used.told([certificate]) == "aes-256-cbc rsa-pkcs1v15 triple"
    inner, outer_signature = signed_parts(entity)
    assert b"Biopsy" not in entity + cms_of(inner)
    assert signed_parts(decrypt(cms_of(inner), certificate.serial_number, rsa_key()))[0] == PAYLOAD
    _verified(inner, outer_signature, signer.certificate)


def _verified(content: bytes, signature: bytes, certificate: x509.Certificate) -> str:
    """Check a detached signature with the primitives alone; the name of its algorithm."""
    signed = signed_data(signature)
    assert (
        asn1.encode_der(ContentInfo(content_type=cms.ID_SIGNED_DATA, content=cms.any_of(asn1.encode_der(signed))))
        == signature
    )
    (who,) = signed.signer_infos.as_list()
    make = {cms.ID_SHA256: hashes.SHA256, cms.ID_SHA384: hashes.SHA384, cms.ID_SHA512: hashes.SHA512}[
        cms.algorithm_of(who.digest_algorithm)[0]
    ]
    digest = hashes.Hash(make())
    digest.update(content)
    said = {one.attr_type: cms.der(one.attr_values.as_list()[0]) for one in who.signed_attrs.as_list()}  # type: ignore[union-attr]
    assert said[cms.ID_MESSAGE_DIGEST] == cms.tlv(4, digest.finalize())
    data = cms.tlv(0x31, b"".join(sorted(asn1.encode_der(one) for one in who.signed_attrs.as_list())))  # type: ignore[union-attr]
    public, (oid, parameters) = certificate.public_key(), cms.algorithm_of(who.signature_algorithm)
    if oid == cms.ID_ED25519:
        public.verify(who.signature, data)  # type: ignore[call-arg,union-attr]
    elif oid == cms.ID_RSASSA_PSS:
        assert parameters is not None
        assert asn1.decode_der(cms.RsassaPssParams, parameters).salt_length == make.digest_size
        public.verify(who.signature, data, padding.PSS(padding.MGF1(make()), make.digest_size), make())  # type: ignore[call-arg,union-attr,arg-type]
    elif oid == cms.RSA_ENCRYPTION:
        public.verify(who.signature, data, padding.PKCS1v15(), make())  # type: ignore[call-arg,union-attr,arg-type]
    else:
        public.verify(who.signature, data, ec.ECDSA(make()))  # type: ignore[call-arg,union-attr,arg-type]
    return f"{make.name} {oid.dotted_string}"


def signers() -> dict[str, smime.Signer]:
    found = {}
    for name, key in (
        ("p256", ec.generate_private_key(ec.SECP256R1())), ("p384", ec.generate_private_key(ec.SECP384R1())),
        ("p521", ec.generate_private_key(ec.SECP521R1())), ("ed25519", ed25519.Ed25519PrivateKey.generate()),
        ("pkcs1v15", rsa_key()), ("pss", rsa_key()),
    ):  # fmt: skip
        certificate = recipient(str(CLINIC), key, key_usage=usage(digital_signature=True), start=AT - timedelta(days=1))
        found[name] = smime.Signer(certificate, key, (CA,))
    return found


SIGNED = {
    "p256": "sha256 1.2.840.10045.4.3.2", "p384": "sha384 1.2.840.10045.4.3.3", "p521": "sha512 1.2.840.10045.4.3.4",
    "ed25519": "sha512 1.3.101.112", "pkcs1v15": "sha256 1.2.840.113549.1.1.1", "pss": "sha256 1.2.840.113549.1.1.10",
}  # fmt: skip


def test_every_kind_of_signing_key_signs_by_the_hash_that_fits_it() -> None:
    bob = recipient("bob@example.net", rsa_key())
    for name, one in signers().items():
        how = smime.RsaSignature.PSS if name == "pss" else smime.RsaSignature.PKCS1
        _, entity = seal(one, [(bob, rsa_key())], smime.Form(GCM, smime.KeyTransport.OAEP, rsa=how))
        opened = decrypt(cms_of(entity), bob.serial_number, rsa_key())
        micalg = email.message_from_bytes(opened).get_param("micalg")
        assert str(micalg).replace("-", "") == SIGNED[name].split()[0]
        content, signature = signed_parts(opened)
        assert _verified(content, signature, one.certificate) == SIGNED[name]
