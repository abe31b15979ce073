"""Certificates from another authority: the request that is sent there (PKCS #10, RFC 2986), and whether its answer fits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway.domain.address import Address
from gateway.seal.ca import extensions_for, subject_of
from gateway.seal.own_keys import OwnKey, OwnName
from gateway.seal.private_keys import SigningPrivateKey, can_sign, key_id, signing_hash
from gateway.seal.smime_certificates import addresses_of

_LONGEST = 8


def request(name: OwnName, key: SigningPrivateKey, wanted: OwnKey) -> x509.CertificateSigningRequest:
    """A request for a certificate of that name and purpose, signed by its key."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject_of(name))
    for extension, critical in extensions_for(name, key.public_key(), wanted.purpose):
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(key, signing_hash(key))


def answer_for(key: OwnKey, certificates: Sequence[x509.Certificate]) -> x509.Certificate | None:
    """The certificate over that key, if there is one among them."""
    return next((one for one in certificates if key_id(one.public_key()) == key.id), None)


def misfit(name: OwnName, key: OwnKey, certificate: x509.Certificate, at: datetime) -> str:
    """Why a certificate does not serve that key and name, as a clause; empty if it does."""
    if key_id(certificate.public_key()) != key.id:
        return "the certificate is for another key"
    if at > certificate.not_valid_after_utc:
        return "the certificate has expired"
    if isinstance(name, Address):
        if name.key not in {one.key for one in addresses_of(certificate)}:
            return "the certificate's SAN does not name this address"
    elif name not in _domains(certificate):
        return "the certificate's SAN does not name this domain"
    return _usage_misfit(key, certificate)


def chain_of(certificate: x509.Certificate, others: Sequence[x509.Certificate]) -> tuple[x509.Certificate, ...] | None:
    """The certificate and those above it, in order, as far as they are there; None when nobody above it is, and it is not
    its own authority.
    """
    found = [certificate]
    while len(found) < _LONGEST and found[-1].issuer != found[-1].subject:
        above = next((one for one in others if one not in found and _issued(found[-1], one)), None)
        if above is None:
            break
        found.append(above)
    return tuple(found) if len(found) > 1 or certificate.issuer == certificate.subject else None


def _usage_misfit(key: OwnKey, certificate: x509.Certificate) -> str:
    if not can_sign(certificate.public_key()):
        return "its key is too short, or of a kind that Sealgate does not use"
    for one in certificate.extensions:
        value = one.value
        if isinstance(value, x509.KeyUsage):
            if key.purpose.signs and not value.digital_signature:
                return "the certificate's key usage does not allow signing (digitalSignature)"
            wraps = isinstance(certificate.public_key(), rsa.RSAPublicKey)
            if key.purpose.reads and not (value.key_encipherment if wraps else value.key_agreement):
                return "the certificate's key usage does not allow encryption to it"
        elif isinstance(value, x509.ExtendedKeyUsage):
            if not {ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE} & set(value):
                return "the certificate's extended key usage does not allow mail (emailProtection)"
        elif isinstance(value, x509.BasicConstraints) and value.ca:
            return "the certificate is an authority's"
    return ""


def _domains(certificate: x509.Certificate) -> set[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    plain = {one.casefold() for one in names.get_values_for_type(x509.DNSName)}
    # A domain's signature may name it as the domain part of a role's address (RFC 3183 4.1).
    return plain | {one.domain for one in addresses_of(certificate) if one.local.casefold().startswith("domain-")}


def _issued(child: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        child.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
