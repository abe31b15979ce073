"""Detached SignedData, RFC 5652 5, computed while the content streams by, and multipart/signed round it (RFC 8551 3.5.3).

Signatures: RSA PKCS#1 v1.5 and PSS (RFC 4056), ECDSA (RFC 5753), Ed25519 (RFC 8419). Each says what we read (SMIMECapabilities).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.domain.errors import SealingFailed
from gateway.mime.build import base64_lines
from gateway.mime.headers import CRLF, write_parameters
from gateway.seal import cms_types as cms
from gateway.seal.smime_capabilities import own_capabilities
from gateway.seal.smime_envelope import Random
from gateway.seal.smime_recipients import mgf1

SigningKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


class RsaSignature(StrEnum):
    """How an RSA key signs: PKCS#1 v1.5, which every reader verifies, or PSS."""

    PKCS1 = "pkcs1v15"
    PSS = "pss"


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs: a certificate with the From address in its SAN, its key, and the certificates above it (no root needed)."""

    certificate: x509.Certificate
    key: SigningKey = field(repr=False)
    chain: tuple[x509.Certificate, ...] = ()
    rsa: RsaSignature = RsaSignature.PKCS1

    def __post_init__(self) -> None:
        if self.certificate.public_key() != self.key.public_key():
            raise SealingFailed("the signing key does not belong to the certificate")


@dataclass(frozen=True, slots=True)
class _Digest:
    oid: x509.ObjectIdentifier
    micalg: str
    make: type[hashes.SHA256] | type[hashes.SHA384] | type[hashes.SHA512]


_SHA256 = _Digest(cms.ID_SHA256, "sha-256", hashes.SHA256)
_SHA384 = _Digest(cms.ID_SHA384, "sha-384", hashes.SHA384)
_SHA512 = _Digest(cms.ID_SHA512, "sha-512", hashes.SHA512)
_ECDSA = {
    cms.ID_SHA256: cms.ECDSA_WITH_SHA256,
    cms.ID_SHA384: cms.ECDSA_WITH_SHA384,
    cms.ID_SHA512: cms.ECDSA_WITH_SHA512,
}


def _digest_of(signer: Signer) -> _Digest:
    """The hash that fits the key: SHA-512 for Ed25519 (RFC 8419 2.3) and P-521, SHA-384 for P-384, else SHA-256."""
    public = signer.certificate.public_key()
    if isinstance(public, ed25519.Ed25519PublicKey):
        return _SHA512
    if isinstance(public, ec.EllipticCurvePublicKey):
        return {"secp384r1": _SHA384, "secp521r1": _SHA512}.get(public.curve.name, _SHA256)
    return _SHA256


def signed_entity(chunks: Iterable[bytes], signer: Signer, at: datetime, random: Random) -> Iterator[bytes]:
    """multipart/signed over a whole MIME entity, which must already be canonical (CRLF); bounded memory.

    The boundary is 128 random bits, so that the content cannot hold it.
    """
    boundary = "=_" + random(16).hex()
    form = _digest_of(signer)
    parameters = {"protocol": "application/pkcs7-signature", "micalg": form.micalg, "boundary": boundary}
    delimiter = f"--{boundary}".encode()
    yield write_parameters("Content-Type", "multipart/signed", parameters) + CRLF + delimiter + CRLF
    digest = hashes.Hash(form.make())
    for chunk in chunks:
        digest.update(chunk)
        yield chunk
    signature = detached_signature(digest.finalize(), signer, at)
    yield b"".join([CRLF, delimiter, CRLF, _part_head(), *base64_lines((signature,)), delimiter, b"--\r\n"])


@cache
def _part_head() -> bytes:
    head = write_parameters("Content-Type", "application/pkcs7-signature", {"name": "smime.p7s"})
    head += write_parameters("Content-Disposition", "attachment", {"filename": "smime.p7s"})
    return head + b"Content-Transfer-Encoding: base64\r\n\r\n"


def detached_signature(digest: bytes, signer: Signer, at: datetime) -> bytes:
    """The ContentInfo of a detached SignedData over content with that digest, made by the hash that fits the signer's key."""
    attributes = asn1.SetOf(
        [
            _attribute(cms.ID_CONTENT_TYPE, asn1.encode_der(cms.ID_DATA)),
            _attribute(cms.ID_SIGNING_TIME, _signing_time(at)),
            _attribute(cms.ID_MESSAGE_DIGEST, asn1.encode_der(digest)),
            _attribute(cms.SMIME_CAPABILITIES, own_capabilities()),
        ]
    )
    form = _digest_of(signer)
    hashed = cms.algorithm(form.oid)
    identifier, signature = _sign(signer, form, asn1.encode_der(attributes))
    info = cms.SignerInfo(
        version=1,
        sid=cms.issuer_and_serial(signer.certificate),
        digest_algorithm=hashed,
        signed_attrs=attributes,
        signature_algorithm=identifier,
        signature=signature,
        unsigned_attrs=None,
    )
    known = (signer.certificate, *signer.chain)
    signed = cms.SignedData(
        version=1,
        digest_algorithms=asn1.SetOf([hashed]),
        encap_content_info=cms.EncapsulatedContentInfo(e_content_type=cms.ID_DATA, e_content=None),
        certificates=asn1.SetOf([cms.any_of(one.public_bytes(Encoding.DER)) for one in known]),
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


def _sign(signer: Signer, form: _Digest, data: bytes) -> tuple[asn1.TLV, bytes]:
    """The signature's AlgorithmIdentifier and value."""
    key = signer.key
    if isinstance(key, rsa.RSAPrivateKey):
        if signer.rsa is RsaSignature.PSS:
            scheme = padding.PSS(padding.MGF1(form.make()), form.make.digest_size)
            return cms.algorithm(cms.ID_RSASSA_PSS, _pss_parameters(form)), key.sign(data, scheme, form.make())
        return cms.algorithm(cms.RSA_ENCRYPTION, cms.NULL), key.sign(data, padding.PKCS1v15(), form.make())
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return cms.algorithm(cms.ID_ED25519), key.sign(data)
    return cms.algorithm(_ECDSA[form.oid]), key.sign(data, ec.ECDSA(form.make()))


def _pss_parameters(form: _Digest) -> bytes:
    """RSASSA-PSS-params, RFC 4055 3.1: the same hash for the mask, a salt as long as the hash."""
    hashed = cms.AlgorithmIdentifier(algorithm=form.oid, parameters=cms.any_of(cms.NULL))
    return asn1.encode_der(
        cms.RsassaPssParams(
            hash_algorithm=hashed,
            mask_gen_algorithm=mgf1(form.oid),
            salt_length=form.make.digest_size,
            trailer_field=None,
        )
    )
