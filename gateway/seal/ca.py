"""The built-in small CA: it issues one signing certificate per sender address, so that the From address stands in the SAN.

Certificates for reading, for both, and for a whole domain are issued on request. What the CA took back stands in its
revocation list. Where the practice has certificates from a public authority, those are used instead (`gateway/seal/requests.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.domain.address import Address
from gateway.domain.errors import SealingFailed
from gateway.mime.headers import checked, mailbox
from gateway.seal.own_keys import OwnName, Purpose
from gateway.seal.private_keys import SigningPrivateKey, SigningPublicKey, signing_hash

SENDER_DAYS = 825
CA_DAYS = 3650
LIST_DAYS = 30
"""How long a revocation list is good; whoever reads it wants the next one by then."""
_BACKDATED = timedelta(minutes=5)
"""Certificates begin a little in the past, since readers' clocks differ."""


@dataclass(frozen=True, slots=True)
class Revoked:
    """One certificate that was taken back, RFC 5280 5.3."""

    serial: int
    at: datetime
    reason: x509.ReasonFlags = x509.ReasonFlags.unspecified


@dataclass(frozen=True, slots=True)
class Issuer:
    """An authority that can issue: certificate and key, and where its revocation list will be found, if anywhere."""

    certificate: x509.Certificate
    key: SigningPrivateKey = field(repr=False)
    crl_url: str | None = None


def make_ca(name: str, at: datetime, days: int = CA_DAYS) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """A self-signed authority with a new key and that common name (64 characters at most), valid for `days` from `at`."""
    key = ec.generate_private_key(ec.SECP256R1())
    return certify_ca(name, key, at, days), key


def certify_ca(name: str, key: SigningPrivateKey, at: datetime, days: int = CA_DAYS) -> x509.Certificate:
    """The self-signed certificate of an authority whose key is there, in a file or in a token."""
    subject = _common_name(name)
    builder = _builder(subject, subject, key.public_key(), at, at + timedelta(days=days))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
    return builder.sign(key, signing_hash(key))


def issue_sender(
    ca_cert: x509.Certificate,
    ca_key: SigningPrivateKey,
    address: Address,
    at: datetime,
    days: int = SENDER_DAYS,
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """A signing certificate with a new ECDSA P-256 key for one From address: see `issue`."""
    key = ec.generate_private_key(ec.SECP256R1())
    return issue(Issuer(ca_cert, ca_key), address, key.public_key(), Purpose.SIGN, at, days), key


def issue(
    ca: Issuer, name: OwnName, public: SigningPublicKey, purpose: Purpose, at: datetime, days: int = SENDER_DAYS
) -> x509.Certificate:
    """A certificate for an own address or domain; it ends with the CA at the latest.

    Raises SealingFailed if the CA is not valid at `at`, or the address cannot stand in a rfc822Name (RFC 5280: ASCII only).
    """
    if not ca.certificate.not_valid_before_utc <= at < ca.certificate.not_valid_after_utc:
        raise SealingFailed("the built-in CA is not valid now")
    until = min(at + timedelta(days=days), ca.certificate.not_valid_after_utc)
    builder = _builder(subject_of(name), ca.certificate.subject, public, at, until)
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key())
    for extension, critical in (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        *extensions_for(name, public, purpose),
        (identifier, False),
    ):
        builder = builder.add_extension(extension, critical=critical)
    if ca.crl_url:
        point = x509.DistributionPoint([x509.UniformResourceIdentifier(ca.crl_url)], None, None, None)
        builder = builder.add_extension(x509.CRLDistributionPoints([point]), critical=False)
    return builder.sign(ca.key, signing_hash(ca.key))


def revocation_list(ca: Issuer, revoked: Iterable[Revoked], at: datetime) -> x509.CertificateRevocationList:
    """The authority's list, RFC 5280 5; its number is the second in which it was made, so that it rises (5.2.3)."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(ca.certificate.subject)
        .last_update(at)
        .next_update(at + timedelta(days=LIST_DAYS))
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key()), critical=False)
        .add_extension(x509.CRLNumber(int(at.timestamp())), critical=False)
    )
    for one in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(one.serial).revocation_date(one.at)
        if one.reason is not x509.ReasonFlags.unspecified:  # RFC 5280 5.3.1: absent rather than unspecified
            entry = entry.add_extension(x509.CRLReason(one.reason), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(ca.key, signing_hash(ca.key))


def subject_of(name: OwnName) -> x509.Name:
    """The Subject for an own name. SealingFailed for an address that no rfc822Name can hold."""
    return _common_name(_written(name)[:64])


def extensions_for(
    name: OwnName, public: SigningPublicKey, purpose: Purpose
) -> tuple[tuple[x509.ExtensionType, bool], ...]:
    """What a certificate for that name and purpose says, or asks for: usage (RFC 8550 4.4.2), emailProtection, SAN."""
    wraps, agrees = purpose.reads and isinstance(public, rsa.RSAPublicKey), purpose.reads
    usage = _usage(
        digital_signature=purpose.signs, key_encipherment=wraps, key_agreement=agrees and not wraps
    )  # fmt: skip
    text = _written(name)
    general: x509.GeneralName = x509.RFC822Name(text) if isinstance(name, Address) else x509.DNSName(text)
    return (
        (usage, True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False),
        (x509.SubjectAlternativeName([general]), False),
    )


def _written(name: OwnName) -> str:
    if not isinstance(name, Address):
        return name
    if not name.is_ascii:
        raise SealingFailed("an internationalised local part cannot stand in a rfc822Name")
    return mailbox(name)


def _common_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, checked(name, "common name"))])


def _builder(
    subject: x509.Name, issuer: x509.Name, public: SigningPublicKey, at: datetime, until: datetime
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


def _usage(
    *,
    digital_signature: bool = False,
    key_encipherment: bool = False,
    key_agreement: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=key_encipherment,
        data_encipherment=False,
        key_agreement=key_agreement,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )
