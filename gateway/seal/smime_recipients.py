"""The content key for each recipient: RSA key transport, ECDH key agreement with an ephemeral key each, ML-KEM.

RFC 5652 6.2, RFC 4055 (OAEP), RFC 5753 (P-256, P-384, P-521), RFC 8418 (X25519), RFC 9629 and 9936 (ML-KEM-768). No key is
ever shared between two recipients' infos. A message for ML-KEM has no other recipient: beside a classical one its key
would be no better kept than that one's.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes, keywrap
from cryptography.hazmat.primitives.asymmetric import ec, mlkem, padding, rsa, x25519
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.domain.errors import SealingFailed
from gateway.seal import cms_types as cms

CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
_KEK = 32
"""Bytes of a key-encryption key: AES-256 wrap."""
CERTIFICATES_KEPT = 1024
"""For so many certificates what is always the same is worked out once; about as many correspondents are busy at a time."""


class KeyTransport(StrEnum):
    """How a content key goes to an RSA key. PKCS#1 v1.5 is what every reader opens; OAEP only where it is known to be read."""

    PKCS1 = "rsa-pkcs1v15"
    OAEP = "rsa-oaep-sha256"


def is_ml_kem(certificate: x509.Certificate) -> bool:
    """Whether the certificate is for ML-KEM-768."""
    return isinstance(certificate.public_key(), mlkem.MLKEM768PublicKey)


def way_of(certificate: x509.Certificate, transport: KeyTransport) -> str:
    """The name, for the log, of how a content key goes to that certificate; SealingFailed for a key of another kind."""
    public = certificate.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        return transport.value
    if isinstance(public, ec.EllipticCurvePublicKey) and isinstance(public.curve, CURVES):
        return f"ecdh-p{public.curve.key_size}"
    if isinstance(public, x25519.X25519PublicKey):
        return "x25519"
    if isinstance(public, mlkem.MLKEM768PublicKey):
        return "ml-kem-768-only"
    raise SealingFailed("a recipient's key is of a kind that Sealgate does not seal to")


def recipient_infos(
    certificates: Sequence[x509.Certificate], key: bytes, transport: KeyTransport
) -> tuple[int, list[bytes]]:
    """The EnvelopedData version (RFC 5652 6.1) and each recipient's RecipientInfo in DER, in SET OF order.

    Raises SealingFailed for an empty list, a key of another kind, or ML-KEM beside classical recipients.
    """
    if not certificates:
        raise SealingFailed("no recipient to seal to")
    if len({is_ml_kem(one) for one in certificates}) > 1:
        raise SealingFailed("ML-KEM and classical recipients do not share a message")
    infos = [_info(one, key, transport) for one in certificates]
    version = max({cms.KARI: 2, cms.ORI: 3}.get(one[0], 0) for one in infos)
    return version, sorted(infos)


def _info(certificate: x509.Certificate, key: bytes, transport: KeyTransport) -> bytes:
    public = certificate.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        return _key_transport(certificate, public, key, transport)
    if isinstance(public, ec.EllipticCurvePublicKey) and isinstance(public.curve, CURVES):
        return _elliptic(certificate, public, key)
    if isinstance(public, x25519.X25519PublicKey):
        return _x25519(certificate, public, key)
    if isinstance(public, mlkem.MLKEM768PublicKey):
        return _ml_kem(certificate, public, key)
    raise SealingFailed("a recipient's key is of a kind that Sealgate does not seal to")


def _key_transport(
    certificate: x509.Certificate, public: rsa.RSAPublicKey, key: bytes, transport: KeyTransport
) -> bytes:
    """KeyTransRecipientInfo, RFC 5652 6.2.1."""
    if transport is KeyTransport.OAEP:
        sealed = public.encrypt(key, padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None))
    else:
        sealed = public.encrypt(key, padding.PKCS1v15())
    return cms.tlv(0x30, _VERSION_0 + _name_of(certificate) + _TRANSPORTS[transport] + cms.tlv(0x04, sealed))


@lru_cache(maxsize=CERTIFICATES_KEPT)
def _name_of(certificate: x509.Certificate) -> bytes:
    """The IssuerAndSerialNumber that names a recipient, in DER."""
    return asn1.encode_der(cms.issuer_and_serial(certificate))


def mgf1(digest: x509.ObjectIdentifier) -> cms.AlgorithmIdentifier:
    """MGF1 with that hash, RFC 4055 2.2."""
    inner = cms.AlgorithmIdentifier(algorithm=digest, parameters=cms.any_of(cms.NULL))
    return cms.AlgorithmIdentifier(algorithm=cms.ID_MGF1, parameters=cms.any_of(asn1.encode_der(inner)))


def _oaep_sha256() -> bytes:
    sha256 = cms.AlgorithmIdentifier(algorithm=cms.ID_SHA256, parameters=cms.any_of(cms.NULL))
    mask = mgf1(cms.ID_SHA256)
    return asn1.encode_der(cms.RsaesOaepParams(hash_func=sha256, mask_gen_func=mask, p_source_func=None))


OAEP_SHA256 = _oaep_sha256()
"""RSAES-OAEP-params with SHA-256 throughout, in DER."""
_VERSION_0, _VERSION_3 = asn1.encode_der(0), asn1.encode_der(3)
_TRANSPORTS = {
    KeyTransport.PKCS1: cms.der(cms.algorithm(cms.RSA_ENCRYPTION, cms.NULL)),
    KeyTransport.OAEP: cms.der(cms.algorithm(cms.ID_RSAES_OAEP, OAEP_SHA256)),
}
_WRAP = cms.der(cms.algorithm(cms.ID_AES256_WRAP))
_X963_SHA256 = cms.der(cms.algorithm(cms.STD_DH_SHA256_KDF, _WRAP))
_HKDF_SHA256 = cms.der(cms.algorithm(cms.STD_DH_HKDF_SHA256, _WRAP))
_ON_CURVE, _ON_X25519 = cms.der(cms.algorithm(cms.ID_EC_PUBLIC_KEY)), cms.der(cms.algorithm(cms.ID_X25519))


def _shared_info() -> bytes:
    bits = (8 * _KEK).to_bytes(4, "big")
    return asn1.encode_der(cms.EccCmsSharedInfo(key_info=cms.any_of(_WRAP), entity_u_info=None, supp_pub_info=bits))


_SHARED_INFO = _shared_info()


def _elliptic(certificate: x509.Certificate, public: ec.EllipticCurvePublicKey, key: bytes) -> bytes:
    ephemeral = ec.generate_private_key(public.curve)
    kek = X963KDF(hashes.SHA256(), _KEK, _SHARED_INFO).derive(ephemeral.exchange(ec.ECDH(), public))
    point = ephemeral.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return _key_agreement(certificate, _ON_CURVE, point, _X963_SHA256, keywrap.aes_key_wrap(kek, key))


def _x25519(certificate: x509.Certificate, public: x25519.X25519PublicKey, key: bytes) -> bytes:
    """RFC 8418 with HKDF-SHA256, as RFC 8551 2.3 asks for; without ukm there is no salt. An all-zero secret raises ValueError."""
    ephemeral = x25519.X25519PrivateKey.generate()
    kek = HKDF(hashes.SHA256(), _KEK, salt=None, info=_SHARED_INFO).derive(ephemeral.exchange(public))
    point = ephemeral.public_key().public_bytes_raw()
    return _key_agreement(certificate, _ON_X25519, point, _HKDF_SHA256, keywrap.aes_key_wrap(kek, key))


def _key_agreement(certificate: x509.Certificate, curve: bytes, point: bytes, scheme: bytes, sealed: bytes) -> bytes:
    """KeyAgreeRecipientInfo, RFC 5652 6.2.2, with one recipient and an ephemeral originatorKey; no ukm."""
    originator = cms.tlv(0xA0, cms.tlv(0xA1, curve + cms.tlv(0x03, b"\0" + point)))
    holder = cms.tlv(0x30, _name_of(certificate) + cms.tlv(0x04, sealed))
    return cms.tlv(cms.KARI, _VERSION_3 + originator + scheme + cms.tlv(0x30, holder))


def _ml_kem(certificate: x509.Certificate, public: mlkem.MLKEM768PublicKey, key: bytes) -> bytes:
    """RFC 9936 2.2: HKDF-SHA256 without salt over CMSORIforKEMOtherInfo, AES-256 wrap."""
    wrap = cms.algorithm(cms.ID_AES256_WRAP)
    secret, ciphertext = public.encapsulate()
    bound = asn1.encode_der(cms.CMSORIforKEMOtherInfo(wrap=wrap, kek_length=_KEK, ukm=None))
    kek = HKDF(hashes.SHA256(), _KEK, salt=None, info=bound).derive(secret)
    info = cms.KEMRecipientInfo(
        version=0,
        rid=cms.issuer_and_serial(certificate),
        kem=cms.algorithm(cms.ID_ALG_ML_KEM_768),
        kemct=ciphertext,
        kdf=cms.algorithm(cms.ID_ALG_HKDF_WITH_SHA256),
        kek_length=_KEK,
        ukm=None,
        wrap=wrap,
        encrypted_key=keywrap.aes_key_wrap(kek, key),
    )
    other = cms.OtherRecipientInfo(ori_type=cms.ID_ORI_KEM, ori_value=cms.any_of(asn1.encode_der(info)))
    return bytes([cms.ORI]) + asn1.encode_der(other)[1:]
