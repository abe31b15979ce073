"""Whether a certificate may be sealed to: RFC 8550 (S/MIME certificates), RFC 5480 (EC key usage), RFC 8551 4.

A certificate belongs to an address only by a rfc822Name or SmtpUTF8Mailbox in its SAN, never by its Subject. Every
reason is a short sentence without personal data, for `explain` and KeyAnswer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, mlkem, rsa, x25519
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway.domain.address import Address
from gateway.ports.keys import KeyState
from gateway.seal.certificate_names import SMTP_UTF8_MAILBOX, addresses_of, domains_of
from gateway.seal.certificate_path import CertificatePath, find_path
from gateway.seal.smime_recipients import CERTIFICATES_KEPT, CURVES

__all__ = [
    "SMTP_UTF8_MAILBOX",
    "addresses_of",
    "check_recipient_certificate",
    "judged",
    "trust_reasons",
    "validity_reasons",
]
_WEAK_HASHES = frozenset({"md5", "sha1"})
_EXTENSIONS_READ = (x509.KeyUsage, x509.ExtendedKeyUsage, x509.SubjectAlternativeName, x509.BasicConstraints)
EXPIRED = "the certificate has expired"
_Kind = TypeVar("_Kind", bound=x509.ExtensionType)


def check_recipient_certificate(
    certificate: x509.Certificate,
    address: Address,
    at: datetime,
    *,
    ml_kem: bool = False,
    domain_bound: bool = False,
) -> list[str]:
    """Why not to seal mail for `address` to this certificate at that time; empty if nothing speaks against it.

    `ml_kem` lets the preview's keys count. With `domain_bound` a certificate of the address's whole domain serves too (a
    dNSName in its SAN), as in Direct.
    """
    reasons = trust_reasons(certificate, at, ml_kem=ml_kem)
    names = addresses_of(certificate)
    # One that names people is theirs, whatever domains it names besides.
    if domain_bound and not names and address.domain in domains_of(certificate):
        return reasons
    if not names:
        reasons.append("the certificate names no e-mail address in its SAN")
    elif not any(address.same_mailbox(name) for name in names):
        reasons.append("the certificate's SAN names another e-mail address")
    return reasons


def judged(
    certificate: x509.Certificate,
    address: Address,
    at: datetime,
    *,
    anchors: Sequence[x509.Certificate] | None = None,
    intermediates: Sequence[x509.Certificate] = (),
    ml_kem: bool = False,
    domain_bound: bool = False,
) -> tuple[KeyState, list[str], CertificatePath]:
    """The directory's answer for one certificate, its reasons, and the path to an anchor, of which revocation is asked for.

    `anchors` None means that the practice trusts this very certificate (it lies in its folder); otherwise a chain to one of the
    anchors is asked for.
    """
    reasons = check_recipient_certificate(certificate, address, at, ml_kem=ml_kem, domain_bound=domain_bound)
    path = CertificatePath()
    if anchors is not None and reasons in ([], [EXPIRED]):
        path = find_path(certificate, anchors, intermediates, at)
        reasons += [] if path else [path.reason]
    if not reasons:
        return KeyState.VALID, [], path
    return (KeyState.EXPIRED if reasons == [EXPIRED] else KeyState.UNTRUSTED), reasons, path


def trust_reasons(certificate: x509.Certificate, at: datetime, *, ml_kem: bool = False) -> list[str]:
    """What speaks against the certificate itself, whoever it belongs to: time, key, usage, hash."""
    try:
        return [*validity_reasons(certificate, at), *_lasting_reasons(certificate, ml_kem)]
    except (ValueError, UnsupportedAlgorithm):
        return ["the certificate cannot be read"]


@lru_cache(maxsize=CERTIFICATES_KEPT)
def _lasting_reasons(certificate: x509.Certificate, ml_kem: bool) -> tuple[str, ...]:
    """What speaks against the certificate at any time; the same bytes always have the same answer."""
    return (*_key_reasons(certificate, ml_kem), *_usage_reasons(certificate))


def validity_reasons(certificate: x509.Certificate, at: datetime) -> list[str]:
    """Whether `at` lies outside of notBefore and notAfter."""
    if at < certificate.not_valid_before_utc:
        return ["the certificate is not valid yet"]
    return [EXPIRED] if at > certificate.not_valid_after_utc else []


def _key_reasons(certificate: x509.Certificate, ml_kem: bool) -> Iterator[str]:
    public = certificate.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        if public.key_size < 2048:
            yield "the RSA key has fewer than 2048 bits"
    elif isinstance(public, ec.EllipticCurvePublicKey):
        if not isinstance(public.curve, CURVES):
            yield "the key's curve is none of P-256, P-384, P-521"
    elif isinstance(public, mlkem.MLKEM768PublicKey):
        if not ml_kem:
            yield "the key is for ML-KEM, a preview that is switched off (seal.ml_kem_preview)"
    elif not isinstance(public, x25519.X25519PublicKey):
        yield "the key is of a kind that Sealgate cannot seal to"
    signed_with = certificate.signature_hash_algorithm
    if signed_with is not None and signed_with.name in _WEAK_HASHES and certificate.issuer != certificate.subject:
        yield "the certificate is signed with a broken hash"


def _usage_reasons(certificate: x509.Certificate) -> Iterator[str]:
    """Key usage where it is stated: keyEncipherment for RSA and ML-KEM, keyAgreement for elliptic curves; emailProtection if
    there is an EKU.
    """
    usage = _extension(certificate, x509.KeyUsage)
    if usage is not None:
        if isinstance(certificate.public_key(), (rsa.RSAPublicKey, mlkem.MLKEM768PublicKey)):
            if not usage.key_encipherment:
                yield "the key usage does not allow encryption (keyEncipherment)"
        elif not usage.key_agreement:
            yield "the key usage does not allow encryption (keyAgreement)"
        elif usage.decipher_only:
            yield "the key usage does not allow encryption (decipherOnly)"
    extended = _extension(certificate, x509.ExtendedKeyUsage)
    allowed = {ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
    if extended is not None and not allowed & set(extended):
        yield "the extended key usage does not allow mail (emailProtection)"
    basic = _extension(certificate, x509.BasicConstraints)
    # `openssl req -x509` makes a person's self-signed certificate with CA:TRUE; an issued one with it is an authority's.
    if basic is not None and basic.ca and certificate.issuer != certificate.subject:
        yield "the certificate is an authority's, not a person's"
    known = {kind.oid for kind in _EXTENSIONS_READ}
    if any(one.critical and one.oid not in known | _HARMLESS for one in certificate.extensions):
        yield "the certificate has a critical extension that Sealgate does not know"


_HARMLESS = frozenset({x509.CertificatePolicies.oid, x509.AuthorityKeyIdentifier.oid, x509.SubjectKeyIdentifier.oid})


def _extension(certificate: x509.Certificate, kind: type[_Kind]) -> _Kind | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
