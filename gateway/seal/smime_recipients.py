"""The content key for each recipient: RSA key transport, and ECDH key agreement with an ephemeral key each.

RFC 5652 6.2.1 and 6.2.2, RFC 4055 (OAEP), RFC 5753 (EC). No key is ever shared between two recipients' infos.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes, keywrap
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.domain.errors import SealingFailed
from gateway.seal import cms_types as cms

_CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
_CONTEXT_1 = 0xA1
"""The tag [1] IMPLICIT of a SEQUENCE: the kari choice of RecipientInfo."""


class KeyTransport(StrEnum):
    """How a content key goes to an RSA key. PKCS#1 v1.5 is what every reader opens; OAEP only where asked for."""

    PKCS1 = "rsa-pkcs1v15"
    OAEP = "rsa-oaep-sha256"


def recipient_infos(
    certificates: Sequence[x509.Certificate], key: bytes, transport: KeyTransport
) -> tuple[int, list[bytes]]:
    """The EnvelopedData version (RFC 5652 6.1) and each recipient's RecipientInfo in DER, in SET OF order.

    Raises SealingFailed for an empty list or a key of another kind.
    """
    if not certificates:
        raise SealingFailed("no recipient to seal to")
    infos, version = [], 0
    for certificate in certificates:
        public = certificate.public_key()
        if isinstance(public, rsa.RSAPublicKey):
            infos.append(_key_transport(certificate, public, key, transport))
        elif isinstance(public, ec.EllipticCurvePublicKey) and isinstance(public.curve, _CURVES):
            infos.append(_key_agreement(certificate, public, key))
            version = 2
        else:
            raise SealingFailed("a recipient's key is of a kind that Sealgate does not seal to")
    return version, sorted(infos)


def _key_transport(
    certificate: x509.Certificate, public: rsa.RSAPublicKey, key: bytes, transport: KeyTransport
) -> bytes:
    if transport is KeyTransport.OAEP:
        identifier = cms.algorithm(cms.ID_RSAES_OAEP, _oaep_parameters())
        sealed = public.encrypt(key, padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None))
    else:
        identifier = cms.algorithm(cms.RSA_ENCRYPTION, cms.NULL)
        sealed = public.encrypt(key, padding.PKCS1v15())
    info = cms.KeyTransRecipientInfo(
        version=0,
        rid=cms.issuer_and_serial(certificate),
        key_encryption_algorithm=identifier,
        encrypted_key=sealed,
    )
    return asn1.encode_der(info)


def _oaep_parameters() -> bytes:
    sha256 = cms.AlgorithmIdentifier(algorithm=cms.ID_SHA256, parameters=cms.any_of(cms.NULL))
    mgf1 = cms.AlgorithmIdentifier(algorithm=cms.ID_MGF1, parameters=cms.any_of(asn1.encode_der(sha256)))
    return asn1.encode_der(cms.RsaesOaepParams(hash_func=sha256, mask_gen_func=mgf1, p_source_func=None))


def _key_agreement(certificate: x509.Certificate, public: ec.EllipticCurvePublicKey, key: bytes) -> bytes:
    ephemeral = ec.generate_private_key(public.curve)
    wrap = cms.algorithm(cms.ID_AES256_WRAP)
    shared_info = cms.EccCmsSharedInfo(key_info=wrap, entity_u_info=None, supp_pub_info=(256).to_bytes(4, "big"))
    secret = ephemeral.exchange(ec.ECDH(), public)
    wrapping_key = X963KDF(hashes.SHA256(), 32, asn1.encode_der(shared_info)).derive(secret)
    point = ephemeral.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    originator = cms.OriginatorPublicKey(
        algorithm=cms.algorithm(cms.ID_EC_PUBLIC_KEY), public_key=asn1.BitString(point, 0)
    )
    info = cms.KeyAgreeRecipientInfo(
        version=3,
        originator=originator,
        ukm=None,
        key_encryption_algorithm=cms.algorithm(cms.STD_DH_SHA256_KDF, cms.der(wrap)),
        recipient_encrypted_keys=[
            cms.RecipientEncryptedKey(
                rid=cms.issuer_and_serial(certificate), encrypted_key=keywrap.aes_key_wrap(wrapping_key, key)
            )
        ],
    )
    encoded = asn1.encode_der(info)
    return bytes([_CONTEXT_1]) + encoded[1:]
