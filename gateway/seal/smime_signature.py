"""Detached SignedData, RFC 5652 5, computed while the content streams by, and multipart/signed round it (RFC 8551 3.5.3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.domain.errors import SealingFailed
from gateway.mime.build import base64_lines
from gateway.mime.headers import CRLF, write_parameters
from gateway.seal import cms_types as cms
from gateway.seal.smime_envelope import Random

SigningKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs: a certificate with the From address in its SAN, its key, and the certificates above it (no root needed)."""

    certificate: x509.Certificate
    key: SigningKey = field(repr=False)
    chain: tuple[x509.Certificate, ...] = ()

    def __post_init__(self) -> None:
        if self.certificate.public_key() != self.key.public_key():
            raise SealingFailed("the signing key does not belong to the certificate")


def signed_entity(chunks: Iterable[bytes], signer: Signer, at: datetime, random: Random) -> Iterator[bytes]:
    """multipart/signed over a whole MIME entity, which must already be canonical (CRLF); bounded memory.

    The boundary is 128 random bits, so that the content cannot hold it.
    """
    boundary = "=_" + random(16).hex()
    parameters = {"protocol": "application/pkcs7-signature", "micalg": "sha-256", "boundary": boundary}
    delimiter = f"--{boundary}".encode()
    yield write_parameters("Content-Type", "multipart/signed", parameters) + CRLF + delimiter + CRLF
    digest = hashes.Hash(hashes.SHA256())
    for chunk in chunks:
        digest.update(chunk)
        yield chunk
    signature = detached_signature(digest.finalize(), signer, at)
    head = write_parameters("Content-Type", "application/pkcs7-signature", {"name": "smime.p7s"})
    head += write_parameters("Content-Disposition", "attachment", {"filename": "smime.p7s"})
    head += b"Content-Transfer-Encoding: base64\r\n\r\n"
    yield b"".join([CRLF, delimiter, CRLF, head, *base64_lines((signature,)), delimiter, b"--\r\n"])


def detached_signature(digest: bytes, signer: Signer, at: datetime) -> bytes:
    """The ContentInfo of a detached SignedData over content with that SHA-256 digest."""
    attributes = asn1.SetOf(
        [
            _attribute(cms.ID_CONTENT_TYPE, asn1.encode_der(cms.ID_DATA)),
            _attribute(cms.ID_SIGNING_TIME, _signing_time(at)),
            _attribute(cms.ID_MESSAGE_DIGEST, asn1.encode_der(digest)),
        ]
    )
    sha256 = cms.algorithm(cms.ID_SHA256)
    identifier, signature = _sign(signer.key, asn1.encode_der(attributes))
    info = cms.SignerInfo(
        version=1,
        sid=cms.issuer_and_serial(signer.certificate),
        digest_algorithm=sha256,
        signed_attrs=attributes,
        signature_algorithm=identifier,
        signature=signature,
        unsigned_attrs=None,
    )
    signed = cms.SignedData(
        version=1,
        digest_algorithms=asn1.SetOf([sha256]),
        encap_content_info=cms.EncapsulatedContentInfo(e_content_type=cms.ID_DATA, e_content=None),
        certificates=asn1.SetOf(
            [cms.any_of(one.public_bytes(Encoding.DER)) for one in (signer.certificate, *signer.chain)]
        ),
        crls=None,
        signer_infos=asn1.SetOf([info]),
    )
    content = cms.any_of(asn1.encode_der(signed))
    return asn1.encode_der(cms.ContentInfo(content_type=cms.ID_SIGNED_DATA, content=content))


def _attribute(oid: x509.ObjectIdentifier, value: bytes) -> cms.Attribute:
    return cms.Attribute(attr_type=oid, attr_values=asn1.SetOf([cms.any_of(value)]))


def _signing_time(at: datetime) -> bytes:
    """UTCTime until 2049, GeneralizedTime after, RFC 5652 11.3; whole seconds."""
    if at.tzinfo is None:
        raise SealingFailed("the signing time needs its time zone")
    whole = at.astimezone(UTC).replace(microsecond=0)
    return asn1.encode_der(asn1.UTCTime(whole) if whole.year < 2050 else asn1.GeneralizedTime(whole))


def _sign(key: SigningKey, data: bytes) -> tuple[asn1.TLV, bytes]:
    if isinstance(key, rsa.RSAPrivateKey):
        return cms.algorithm(cms.RSA_ENCRYPTION, cms.NULL), key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    return cms.algorithm(cms.ECDSA_WITH_SHA256), key.sign(data, ec.ECDSA(hashes.SHA256()))
