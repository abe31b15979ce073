"""The built-in small CA: it issues one signing certificate per sender address, so that the From address stands in the SAN.

Signing certificates are ECDSA P-256 (a signature takes 0.03 ms); they sign and do not receive. Where the practice has
certificates from a public authority, those are used instead and this room is not needed.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.domain.address import Address
from gateway.domain.errors import SealingFailed
from gateway.mime.headers import checked, mailbox

SENDER_DAYS = 825
_BACKDATED = timedelta(minutes=5)
"""Certificates begin a little in the past, since readers' clocks differ."""


def make_ca(name: str, at: datetime, days: int = 3650) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """A self-signed authority with that common name (64 characters at most), valid for `days` from `at`."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _common_name(name)
    builder = _builder(subject, subject, key.public_key(), at, at + timedelta(days=days))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
    return builder.sign(key, hashes.SHA256()), key


def issue_sender(
    ca_cert: x509.Certificate,
    ca_key: ec.EllipticCurvePrivateKey,
    address: Address,
    at: datetime,
    days: int = SENDER_DAYS,
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """A signing certificate for one From address; it ends with the CA at the latest.

    Raises SealingFailed if the CA is not valid at `at`, or the address cannot stand in a rfc822Name (RFC 5280: ASCII only).
    """
    if not address.is_ascii:
        raise SealingFailed("an internationalised local part cannot stand in a rfc822Name")
    if not ca_cert.not_valid_before_utc <= at < ca_cert.not_valid_after_utc:
        raise SealingFailed("the built-in CA is not valid now")
    text = mailbox(address)
    key = ec.generate_private_key(ec.SECP256R1())
    until = min(at + timedelta(days=days), ca_cert.not_valid_after_utc)
    builder = _builder(_common_name(text[:64]), ca_cert.subject, key.public_key(), at, until)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    for extension, critical in (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage(digital_signature=True), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False),
        (x509.SubjectAlternativeName([x509.RFC822Name(text)]), False),
        (issuer, False),
    ):
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(ca_key, hashes.SHA256()), key


def _common_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, checked(name, "common name"))])


def _builder(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, at: datetime, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - _BACKDATED)
        .not_valid_after(until)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )
