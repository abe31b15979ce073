"""Detached SignedData, RFC 5652 5, computed while the content streams by, and multipart/signed round it (RFC 8551 3.5.3).

Signatures: RSA PKCS#1 v1.5 and PSS (RFC 4056), ECDSA (RFC 5753), Ed25519 (RFC 8419). Each says what we read (SMIMECapabilities).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cache, lru_cache

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
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
from gateway.seal.smime_recipients import CERTIFICATES_KEPT, mgf1

SigningKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


class RsaSignature(StrEnum):
    """How an RSA key signs: PKCS#1 v1.5, which every reader verifies, or PSS."""

    PKCS1 = "pkcs1v15"
    PSS = "pss"


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


@dataclass(frozen=True, slots=True)
class Lasting:
    """What is the same in all signatures of a signer: SignerInfo up to the signed attributes, its signatureAlgorithm, and
    SignedData up to its signerInfos, in DER.
    """

    digest: _Digest
    info: bytes
    algorithm: bytes
    signed: bytes


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs: a certificate with the From address in its SAN, its key, and the certificates above it (no root needed)."""

    certificate: x509.Certificate
    key: SigningKey = field(repr=False)
    chain: tuple[x509.Certificate, ...] = ()
    rsa: RsaSignature = RsaSignature.PKCS1
    lasting: Lasting = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.certificate.public_key() != self.key.public_key():
            raise SealingFailed("the signing key does not belong to the certificate")
        try:
            lasting = _lasting(self.certificate, self.chain, self.rsa)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise SealingFailed("the signer's certificates cannot be written") from error
        object.__setattr__(self, "lasting", lasting)


@lru_cache(maxsize=CERTIFICATES_KEPT)
def _lasting(certificate: x509.Certificate, chain: tuple[x509.Certificate, ...], rsa_form: RsaSignature) -> Lasting:
    form = _digest_of(certificate)
    hashed = cms.der(cms.algorithm(form.oid))
    known = sorted(one.public_bytes(Encoding.DER) for one in (certificate, *chain))
    return Lasting(
        form,
        _VERSION_1 + asn1.encode_der(cms.issuer_and_serial(certificate)) + hashed,
        _algorithm(certificate, form, rsa_form),
        _VERSION_1 + cms.tlv(0x31, hashed) + cms.tlv(0x30, _DATA) + cms.tlv(0xA0, b"".join(known)),
    )


def _digest_of(certificate: x509.Certificate) -> _Digest:
    """The hash that fits the key: SHA-512 for Ed25519 (RFC 8419 2.3) and P-521, SHA-384 for P-384, else SHA-256."""
    public = certificate.public_key()
    if isinstance(public, ed25519.Ed25519PublicKey):
        return _SHA512
    if isinstance(public, ec.EllipticCurvePublicKey):
        return {"secp384r1": _SHA384, "secp521r1": _SHA512}.get(public.curve.name, _SHA256)
    return _SHA256


def signed_entity(chunks: Iterable[bytes], signer: Signer, at: datetime, random: Random) -> Iterator[bytes]:
    """multipart/signed over a whole MIME entity, which must already be canonical (CRLF); bounded memory.

    The boundary is 128 random bits, so that the content cannot hold it.
    """
    boundary, form = _boundary(random(16)), signer.lasting.digest
    delimiter = b"--" + boundary
    yield boundary.join(_head(form.micalg)) + CRLF + delimiter + CRLF
    digest = hashes.Hash(form.make())
    for chunk in chunks:
        digest.update(chunk)
        yield chunk
    signature = detached_signature(digest.finalize(), signer, at)
    yield b"".join([CRLF, delimiter, CRLF, _part_head(), *base64_lines((signature,)), delimiter, b"--\r\n"])


def _boundary(seed: bytes) -> bytes:
    return b"=_" + seed.hex().encode()


@cache
def _head(micalg: str) -> tuple[bytes, bytes]:
    """The Content-Type field before and behind its boundary, which is always as long."""
    stand_in = _boundary(bytes(16))
    parameters = {"protocol": "application/pkcs7-signature", "micalg": micalg, "boundary": stand_in.decode()}
    before, behind = write_parameters("Content-Type", "multipart/signed", parameters).split(stand_in)
    return before, behind


@cache
def _part_head() -> bytes:
    head = write_parameters("Content-Type", "application/pkcs7-signature", {"name": "smime.p7s"})
    head += write_parameters("Content-Disposition", "attachment", {"filename": "smime.p7s"})
    return head + b"Content-Transfer-Encoding: base64\r\n\r\n"


def detached_signature(digest: bytes, signer: Signer, at: datetime) -> bytes:
    """The ContentInfo of a detached SignedData over content with that digest, made by the hash that fits the signer's key."""
    lasting = signer.lasting
    changing = (
        _attribute(_SIGNING_TIME, _signing_time(at)), _attribute(_MESSAGE_DIGEST, cms.tlv(0x04, digest))
    )  # fmt: skip
    attributes = b"".join(sorted([*_lasting_attributes(), *changing]))  # SET OF, X.690 11.6
    signature = _sign(signer, lasting.digest, cms.tlv(0x31, attributes))
    info = cms.tlv(0x30, lasting.info + cms.tlv(0xA0, attributes) + lasting.algorithm + cms.tlv(0x04, signature))
    signed = cms.tlv(0x30, lasting.signed + cms.tlv(0x31, info))
    return cms.tlv(0x30, _SIGNED_DATA + cms.tlv(0xA0, signed))


_SIGNING_TIME, _MESSAGE_DIGEST, _DATA, _SIGNED_DATA = (
    asn1.encode_der(one) for one in (cms.ID_SIGNING_TIME, cms.ID_MESSAGE_DIGEST, cms.ID_DATA, cms.ID_SIGNED_DATA)
)
_VERSION_1 = asn1.encode_der(1)


@cache
def _lasting_attributes() -> tuple[bytes, bytes]:
    """The attributes contentType and SMIMECapabilities."""
    return (
        _attribute(asn1.encode_der(cms.ID_CONTENT_TYPE), _DATA),
        _attribute(asn1.encode_der(cms.SMIME_CAPABILITIES), own_capabilities()),
    )


def _attribute(oid: bytes, value: bytes) -> bytes:
    """An Attribute with one value, RFC 5652 5.3."""
    return cms.tlv(0x30, oid + cms.tlv(0x31, value))


def _signing_time(at: datetime) -> bytes:
    """UTCTime until 2049, GeneralizedTime after, RFC 5652 11.3; whole seconds."""
    if at.tzinfo is None:
        raise SealingFailed("the signing time needs its time zone")
    moment = at.utctimetuple()
    written = b"%04d%02d%02d%02d%02d%02dZ" % moment[:6]
    return cms.tlv(0x17, written[2:]) if moment.tm_year < 2050 else cms.tlv(0x18, written)


def _algorithm(certificate: x509.Certificate, form: _Digest, rsa_form: RsaSignature) -> bytes:
    """The AlgorithmIdentifier of a signature."""
    public = certificate.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        if rsa_form is RsaSignature.PSS:
            return cms.der(cms.algorithm(cms.ID_RSASSA_PSS, _pss_parameters(form)))
        return cms.der(cms.algorithm(cms.RSA_ENCRYPTION, cms.NULL))
    if isinstance(public, ed25519.Ed25519PublicKey):
        return cms.der(cms.algorithm(cms.ID_ED25519))
    return cms.der(cms.algorithm(_ECDSA[form.oid]))


def _sign(signer: Signer, form: _Digest, data: bytes) -> bytes:
    """The signature's value, by the algorithm that _algorithm names."""
    key = signer.key
    if isinstance(key, rsa.RSAPrivateKey):
        if signer.rsa is RsaSignature.PSS:
            scheme = padding.PSS(padding.MGF1(form.make()), form.make.digest_size)
            return key.sign(data, scheme, form.make())
        return key.sign(data, padding.PKCS1v15(), form.make())
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(data)
    return key.sign(data, ec.ECDSA(form.make()))


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
