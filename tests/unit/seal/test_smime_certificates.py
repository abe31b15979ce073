"""Which certificates are sealed to, for whom, and in which words the others are turned down; the built-in CA."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.domain.address import Address
from gateway.domain.errors import SealingFailed
from gateway.ports.keys import KeyState
from gateway.seal import ca
from gateway.seal.smime_certificates import (
    SMTP_UTF8_MAILBOX,
    addresses_of,
    check_recipient_certificate,
    judged,
    trust_reasons,
)
from tests.unit.seal.certificates import AT, CA, CA_KEY, CLINIC, recipient, rsa_key, usage

BOB = Address.parse("Bob@Example.NET")
P256 = ec.generate_private_key(ec.SECP256R1())


def test_good_rsa_and_ec_certificates_pass() -> None:
    for key in (rsa_key(), P256, ec.generate_private_key(ec.SECP384R1())):
        certificate = recipient("bob@example.net", key)
        assert check_recipient_certificate(certificate, BOB, AT) == []
        assert judged(certificate, BOB, AT, anchors=[CA])[:2] == (KeyState.VALID, [])


@pytest.mark.parametrize("san", ["BOB@example.net", "bob@EXAMPLE.NET", "bob@example.net"])
def test_case_does_not_matter_in_the_san(san: str) -> None:
    assert check_recipient_certificate(recipient("x", P256, san=[x509.RFC822Name(san)]), BOB, AT) == []


def test_internationalised_names_match() -> None:
    utf8 = x509.OtherName(SMTP_UTF8_MAILBOX, asn1.encode_der("jürgen@example.net"))
    certificate = recipient("x", P256, san=[x509.RFC822Name("bob@xn--bcher-kva.example"), utf8])
    assert check_recipient_certificate(certificate, Address.parse("bob@Bücher.example"), AT) == []
    assert check_recipient_certificate(certificate, Address.parse("jürgen@example.net"), AT) == []


BAD = [
    ("names no e-mail address", {"san": []}),
    ("names no e-mail address", {"san": [x509.DNSName("example.net")]}),
    ("names another e-mail address", {"san": [x509.RFC822Name("bob@example.net.evil.example")]}),
    ("names another e-mail address", {"san": [x509.RFC822Name("bob+tag@example.net")]}),
    ("has expired", {"end": AT - timedelta(seconds=1)}),
    ("not valid yet", {"start": AT + timedelta(seconds=1)}),
    ("fewer than 2048 bits", {"key": rsa_key(1024)}),
    ("keyEncipherment", {"key": rsa_key(), "key_usage": usage(digital_signature=True)}),
    ("keyAgreement", {"key_usage": usage(digital_signature=True)}),
    ("decipherOnly", {"key_usage": usage(key_agreement=True, decipher_only=True)}),
    ("emailProtection", {"eku": [ExtendedKeyUsageOID.SERVER_AUTH]}),
    ("cannot seal to", {"key": ed25519.Ed25519PrivateKey.generate()}),
    ("curve", {"key": ec.generate_private_key(ec.SECP256K1())}),
    ("authority's", {"authority": True}),
    ("critical extension", {"extra": [(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)]}),
]  # fmt: skip


@pytest.mark.parametrize(("words", "change"), BAD)
def test_each_fault_has_its_words_and_never_a_valid_state(words: str, change: dict) -> None:  # type: ignore[type-arg]
    certificate = recipient("bob@example.net", **({"key": P256} | change))
    reasons = check_recipient_certificate(certificate, BOB, AT)
    assert len(reasons) == 1
    assert words in reasons[0]
    assert "bob" not in reasons[0].lower()
    state, told, _ = judged(certificate, BOB, AT)
    assert told == reasons
    assert state is (KeyState.EXPIRED if words == "has expired" else KeyState.UNTRUSTED)


def test_the_subject_never_counts_as_an_address() -> None:
    certificate = recipient("bob@example.net", P256, san=[x509.RFC822Name("mallory@example.net")])
    assert check_recipient_certificate(certificate, BOB, AT) == ["the certificate's SAN names another e-mail address"]


def test_paths_to_an_anchor() -> None:
    middle_key = ec.generate_private_key(ec.SECP256R1())
    root, root_key = ca.make_ca("Other Root", AT - timedelta(days=1))
    signing = usage(key_cert_sign=True)
    middle = recipient("Middle", middle_key, san=[], key_usage=signing, authority=True, issuer=(root, root_key))
    leaf = recipient("bob@example.net", P256, issuer=(middle, middle_key))
    other_ca, _ = ca.make_ca("Example Test CA", AT)  # the same name, another key

    def state(
        certificate: x509.Certificate, anchors: list[x509.Certificate], between: tuple[x509.Certificate, ...] = ()
    ) -> KeyState:
        return judged(certificate, BOB, AT, anchors=anchors, intermediates=between)[0]

    direct = recipient("bob@example.net", P256)
    assert state(direct, [CA]) is KeyState.VALID
    assert state(direct, [other_ca]) is KeyState.UNTRUSTED
    assert state(direct, []) is KeyState.UNTRUSTED
    assert state(leaf, [middle]) is KeyState.VALID
    assert state(leaf, [CA]) is KeyState.UNTRUSTED
    # Our CAs have path length 0: nothing they issue may be an authority.
    assert state(leaf, [root], (middle,)) is KeyState.UNTRUSTED
    person = recipient("eve@example.net", middle_key, key_usage=usage(key_agreement=True, digital_signature=True))
    forged = recipient("bob@example.net", P256, issuer=(person, middle_key))
    assert state(forged, [CA], (person,)) is KeyState.UNTRUSTED


def test_a_longer_path_and_a_loop_end() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    signing = usage(key_cert_sign=True)
    loop = recipient("loop", key, san=[], key_usage=signing, authority=True)
    own = x509.CertificateBuilder(
        loop.subject, loop.subject, key.public_key(), 7, loop.not_valid_before_utc, loop.not_valid_after_utc
    )
    for extension in loop.extensions:
        own = own.add_extension(extension.value, extension.critical)
    looped = own.sign(key, loop.signature_hash_algorithm)  # type: ignore[arg-type]
    leaf = recipient("bob@example.net", P256, issuer=(looped, key))
    assert judged(leaf, BOB, AT, anchors=[looped])[0] is KeyState.VALID
    assert judged(leaf, BOB, AT, anchors=[CA], intermediates=[looped])[0] is KeyState.UNTRUSTED


def test_sender_certificates_sign_only_and_name_the_from_address() -> None:
    certificate, key = ca.issue_sender(CA, CA_KEY, CLINIC, AT)
    assert addresses_of(certificate) == [CLINIC]
    certificate.verify_directly_issued_by(CA)
    assert certificate.public_key() == key.public_key()
    assert any("keyAgreement" in one for one in check_recipient_certificate(certificate, CLINIC, AT))
    assert certificate.not_valid_before_utc < AT
    late = CA.not_valid_after_utc - timedelta(days=1)
    assert ca.issue_sender(CA, CA_KEY, CLINIC, late)[0].not_valid_after_utc == CA.not_valid_after_utc


def test_the_ca_refuses_what_it_cannot_vouch_for() -> None:
    with pytest.raises(SealingFailed):
        ca.issue_sender(CA, CA_KEY, Address.parse("jürgen@example.org"), AT)
    with pytest.raises(SealingFailed):
        ca.issue_sender(CA, CA_KEY, CLINIC, CA.not_valid_after_utc + timedelta(days=1))
    with pytest.raises(SealingFailed):
        ca.issue_sender(CA, CA_KEY, Address("a\r\nb", "example.org"), AT)
    with pytest.raises(SealingFailed):
        ca.make_ca("a\nb", AT)


@pytest.mark.parametrize(("issuer", "fits"), [("bob", True), ("somebody else", False)])
def test_a_persons_own_self_signed_certificate_may_say_ca_true_an_issued_one_may_not(issuer: str, fits: bool) -> None:
    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    builder = x509.CertificateBuilder(name(issuer), name("bob"), P256.public_key(), 7, AT, AT + timedelta(days=9))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.RFC822Name("bob@example.net")]), critical=False)
    reasons = check_recipient_certificate(builder.sign(P256, hashes.SHA256()), BOB, AT)
    assert (reasons == []) is fits


def test_what_was_worked_out_for_one_certificate_serves_no_other_and_no_other_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(x509, "random_serial_number", lambda: 4711)
    good = recipient("bob@example.net", P256)
    bad = recipient("bob@example.net", P256, key_usage=usage(digital_signature=True))
    assert (good.issuer, good.serial_number) == (bad.issuer, bad.serial_number)
    refused = ["the key usage does not allow encryption (keyAgreement)"]
    for _ in range(2):
        assert trust_reasons(good, AT) == []
        assert trust_reasons(bad, AT) == refused
        assert trust_reasons(good, AT + timedelta(days=101)) == ["the certificate has expired"]
        assert trust_reasons(bad, AT - timedelta(days=2)) == ["the certificate is not valid yet", *refused]
