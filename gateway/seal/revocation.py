"""What a revocation list (RFC 5280 6.3) or an OCSP answer (RFC 6960) says about one certificate. Nothing is fetched here.

Three answers: good, revoked, unknown with its reason. Whatever cannot be judged (a wrong signer, SHA-1, an old list, an
indirect or partial one, another certificate's answer, a replayed nonce) is unknown, and never good.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

_WEAK = frozenset({"md5", "sha1"})
_SKEW = timedelta(minutes=5)
_WITHOUT_END = timedelta(days=1)
"""How long an OCSP answer without nextUpdate counts."""
_PLACES = 4


class Standing(StrEnum):
    """Whether a certificate still holds."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


class Unusable(ValueError):
    """A list that says nothing; the message is a clause for people."""


@dataclass(frozen=True, slots=True)
class Said:
    """One answer; `until` is when it is to be asked again at the latest."""

    standing: Standing
    reason: str = ""
    until: datetime | None = None


def crl_places(certificate: x509.Certificate) -> list[str]:
    """Web addresses of its issuer's lists (RFC 5280 4.2.1.13); lists of other issuers and partial ones are passed over."""
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    whole = (one for one in points if one.crl_issuer is None and one.reasons is None)
    return _http(name for one in whole for name in one.full_name or ())


def ocsp_places(certificate: x509.Certificate) -> list[str]:
    """Web addresses of its responders (RFC 5280 4.2.2.1)."""
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    return _http(one.access_location for one in access if one.access_method == AuthorityInformationAccessOID.OCSP)


def _http(names: Iterator[x509.GeneralName]) -> list[str]:
    found = (one.value for one in names if isinstance(one, x509.UniformResourceIdentifier))
    return [one for one in found if one.lower().startswith(("http://", "https://"))][:_PLACES]


def tells_where(certificate: x509.Certificate) -> bool:
    """Whether it says at all where its revocation can be asked for, in whatever way, readable here or not."""
    try:
        found = {one.oid: one.value for one in certificate.extensions}
    except ValueError:
        return True
    access = found.get(x509.AuthorityInformationAccess.oid)
    asks = isinstance(access, x509.AuthorityInformationAccess) and any(
        one.access_method == AuthorityInformationAccessOID.OCSP for one in access
    )
    return asks or x509.CRLDistributionPoints.oid in found


def read_crl(der: bytes, issuer: x509.Certificate) -> x509.CertificateRevocationList:
    """The list, if that authority has signed it and it is a whole one; Unusable otherwise."""
    try:
        crl = x509.load_der_x509_crl(der)
        usage = _usage(issuer)
        if crl.issuer != issuer.subject or (usage is not None and not usage.crl_sign):
            raise Unusable("its authority's revocation list is signed by somebody else")
        if crl.signature_hash_algorithm is not None and crl.signature_hash_algorithm.name in _WEAK:
            raise Unusable("its authority's revocation list is signed with a broken hash")
        key = issuer.public_key()
        if not isinstance(key, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey, ed25519.Ed25519PublicKey)):
            raise Unusable("its authority's revocation list has a signature of an unknown kind")
        if not crl.is_signature_valid(key):
            raise Unusable("its authority's revocation list is signed by somebody else")
        _check_whole(crl)
    except Unusable:
        raise
    except (UnsupportedAlgorithm, TypeError, ValueError):
        raise Unusable("its authority's revocation list cannot be read") from None
    return crl


def _check_whole(crl: x509.CertificateRevocationList) -> None:
    for one in crl.extensions:
        if isinstance(one.value, x509.IssuingDistributionPoint):
            if one.value.indirect_crl or one.value.only_some_reasons or one.value.only_contains_attribute_certs:
                raise Unusable("its authority's revocation list is a partial one")
        elif isinstance(one.value, x509.DeltaCRLIndicator) or (
            one.critical and not isinstance(one.value, (x509.AuthorityKeyIdentifier, x509.CRLNumber))
        ):
            raise Unusable("its authority's revocation list is a partial one")


def by_crl(crl: x509.CertificateRevocationList, certificate: x509.Certificate, at: datetime) -> Said:
    """What a list that `read_crl` took says at that time."""
    if crl.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None:
        return Said(Standing.REVOKED, until=crl.next_update_utc)  # whatever its age: nobody is taken off a list
    if at + _SKEW < crl.last_update_utc or crl.next_update_utc is None or at > crl.next_update_utc:
        return Said(Standing.UNKNOWN, "its authority's revocation list is out of date")
    if not _covers(crl, certificate):
        return Said(Standing.UNKNOWN, "its authority's revocation list does not cover it")
    return Said(Standing.GOOD, until=crl.next_update_utc)


def _covers(crl: x509.CertificateRevocationList, certificate: x509.Certificate) -> bool:
    """RFC 5280 6.3.3 (b): a list for a part of the certificates names the certificate's kind, and its place."""
    try:
        part = crl.extensions.get_extension_for_class(x509.IssuingDistributionPoint).value
    except x509.ExtensionNotFound:
        return True
    try:
        authority = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        authority = False
    if (part.only_contains_ca_certs and not authority) or (part.only_contains_user_certs and authority):
        return False
    names = {one.value for one in part.full_name or () if isinstance(one, x509.UniformResourceIdentifier)}
    return part.relative_name is None and (part.full_name is None or bool(names & set(crl_places(certificate))))


def ocsp_question(certificate: x509.Certificate, issuer: x509.Certificate, nonce: bytes) -> ocsp.OCSPRequest:
    """A question with a nonce (RFC 9654: 32 bytes). SHA-1 only names the issuer there; it is what responders know (RFC 5019)."""
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1())  # noqa: S303
    return builder.add_extension(x509.OCSPNonce(nonce), critical=False).build()


def by_ocsp(der: bytes, asked: ocsp.OCSPRequest, nonce: bytes, issuer: x509.Certificate, at: datetime) -> Said:
    """What a responder's answer to that question says; unknown when it is not the issuer's word, fresh, and about this one."""
    try:
        answer = ocsp.load_der_ocsp_response(der)
        if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return Said(Standing.UNKNOWN, "its authority's OCSP responder refuses to answer")
        if not _signed(answer, issuer, at):
            return Said(Standing.UNKNOWN, "its authority's OCSP answer is signed by somebody else")
        for one in answer.extensions:
            if isinstance(one.value, x509.OCSPNonce) and one.value.nonce != nonce:
                return Said(Standing.UNKNOWN, "its authority's OCSP answer is to another question")
        same = (asked.serial_number, asked.issuer_name_hash, asked.issuer_key_hash)
        for each in answer.responses:
            if (each.serial_number, each.issuer_name_hash, each.issuer_key_hash) == same:
                return _single(each, at)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return Said(Standing.UNKNOWN, "its authority's OCSP answer cannot be read")
    return Said(Standing.UNKNOWN, "its authority's OCSP answer is about another certificate")


def _single(one: ocsp.OCSPSingleResponse, at: datetime) -> Said:
    ends = one.next_update_utc or one.this_update_utc + _WITHOUT_END
    if at + _SKEW < one.this_update_utc or at > ends:
        return Said(Standing.UNKNOWN, "its authority's OCSP answer is out of date")
    if one.certificate_status is ocsp.OCSPCertStatus.REVOKED:
        return Said(Standing.REVOKED, until=ends)
    if one.certificate_status is ocsp.OCSPCertStatus.GOOD:
        return Said(Standing.GOOD, until=ends)
    return Said(Standing.UNKNOWN, "its authority's OCSP responder does not know it")


def _signed(answer: ocsp.OCSPResponse, issuer: x509.Certificate, at: datetime) -> bool:
    """RFC 6960 4.2.2.2: by the issuer, or by whom the issuer itself has certified for that (id-kp-OCSPSigning)."""
    return any(
        _verifies(answer, one)
        for one in (issuer, *(each for each in answer.certificates if _delegated(each, issuer, at)))
    )


def _delegated(one: x509.Certificate, issuer: x509.Certificate, at: datetime) -> bool:
    try:
        usages = one.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        one.verify_directly_issued_by(issuer)
    except (x509.ExtensionNotFound, ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    hashed = one.signature_hash_algorithm
    broken = hashed is not None and hashed.name in _WEAK
    current = one.not_valid_before_utc <= at <= one.not_valid_after_utc
    return ExtendedKeyUsageOID.OCSP_SIGNING in usages and current and not broken


def _verifies(answer: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    by_name = answer.responder_name is not None and answer.responder_name == signer.subject
    by_key = answer.responder_key_hash == x509.SubjectKeyIdentifier.from_public_key(signer.public_key()).digest
    hashed, key = answer.signature_hash_algorithm, signer.public_key()
    if not (by_name or by_key) or (hashed is not None and hashed.name in _WEAK):
        return False
    try:
        if isinstance(key, rsa.RSAPublicKey) and hashed is not None and key.key_size >= 2048:
            key.verify(answer.signature, answer.tbs_response_bytes, padding.PKCS1v15(), hashed)
        elif isinstance(key, ec.EllipticCurvePublicKey) and hashed is not None:
            key.verify(answer.signature, answer.tbs_response_bytes, ec.ECDSA(hashed))
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(answer.signature, answer.tbs_response_bytes)
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _usage(certificate: x509.Certificate) -> x509.KeyUsage | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return None


def question_der(asked: ocsp.OCSPRequest) -> bytes:
    """The question in DER, as it is posted."""
    return asked.public_bytes(Encoding.DER)
