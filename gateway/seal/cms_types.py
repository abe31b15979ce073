"""ASN.1 of the Cryptographic Message Syntax under the RFCs' own names: RFC 5652, 5753, 4055, 5754.

Only what Sealgate writes, in DER. The BER shell round streamed content is in smime_envelope, since this declarative
ASN.1 knows no indefinite lengths.
"""

from __future__ import annotations

from typing import Annotated

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.x509 import ObjectIdentifier

ID_DATA = ObjectIdentifier("1.2.840.113549.1.7.1")
ID_SIGNED_DATA = ObjectIdentifier("1.2.840.113549.1.7.2")
ID_ENVELOPED_DATA = ObjectIdentifier("1.2.840.113549.1.7.3")
ID_CONTENT_TYPE = ObjectIdentifier("1.2.840.113549.1.9.3")
ID_MESSAGE_DIGEST = ObjectIdentifier("1.2.840.113549.1.9.4")
ID_SIGNING_TIME = ObjectIdentifier("1.2.840.113549.1.9.5")
ID_SHA256 = ObjectIdentifier("2.16.840.1.101.3.4.2.1")
ID_MGF1 = ObjectIdentifier("1.2.840.113549.1.1.8")
RSA_ENCRYPTION = ObjectIdentifier("1.2.840.113549.1.1.1")
ID_RSAES_OAEP = ObjectIdentifier("1.2.840.113549.1.1.7")
ECDSA_WITH_SHA256 = ObjectIdentifier("1.2.840.10045.4.3.2")
ID_EC_PUBLIC_KEY = ObjectIdentifier("1.2.840.10045.2.1")
STD_DH_SHA256_KDF = ObjectIdentifier("1.3.132.1.11.1")
"""dhSinglePass-stdDH-sha256kdf-scheme, RFC 5753 7.1.4."""
ID_AES256_WRAP = ObjectIdentifier("2.16.840.1.101.3.4.1.45")
ID_AES256_CBC = ObjectIdentifier("2.16.840.1.101.3.4.1.42")


def any_of(der: bytes) -> asn1.TLV:
    """One finished DER value as the content of a field that holds ANY."""
    return asn1.decode_der(asn1.TLV, der)


@asn1.sequence
class AlgorithmIdentifier:
    """RFC 5280 4.1.1.2, with parameters."""

    algorithm: ObjectIdentifier
    parameters: asn1.TLV


@asn1.sequence
class BareAlgorithm:
    """An AlgorithmIdentifier whose parameters are absent."""

    algorithm: ObjectIdentifier


def algorithm(oid: ObjectIdentifier, parameters: bytes | None = None) -> asn1.TLV:
    """An AlgorithmIdentifier; `parameters` is DER, or None where they are absent."""
    if parameters is None:
        return any_of(asn1.encode_der(BareAlgorithm(algorithm=oid)))
    return any_of(asn1.encode_der(AlgorithmIdentifier(algorithm=oid, parameters=any_of(parameters))))


def der(value: asn1.TLV) -> bytes:
    """The DER bytes of a finished value."""
    return bytes(asn1.encode_der(value))


NULL = b"\x05\x00"


@asn1.sequence
class IssuerAndSerialNumber:
    """RFC 5652 10.2.4."""

    issuer: x509.Name
    serial_number: int


@asn1.sequence
class KeyTransRecipientInfo:
    """RFC 5652 6.2.1 with issuerAndSerialNumber, so version 0."""

    version: int
    rid: IssuerAndSerialNumber
    key_encryption_algorithm: asn1.TLV
    encrypted_key: bytes


@asn1.sequence
class RsaesOaepParams:
    """RFC 4055 4.1; pSourceAlgorithm stays at its default."""

    hash_func: Annotated[AlgorithmIdentifier, asn1.Explicit(0)]
    mask_gen_func: Annotated[AlgorithmIdentifier, asn1.Explicit(1)]


@asn1.sequence
class OriginatorPublicKey:
    """RFC 5652 6.2.2; the algorithm's parameters are absent, as RFC 5753 3.1.1 lets them be."""

    algorithm: BareAlgorithm
    public_key: asn1.BitString


@asn1.sequence
class OriginatorKey:
    """The body of originator [0] EXPLICIT OriginatorIdentifierOrKey with the choice originatorKey [1]."""

    originator_key: Annotated[OriginatorPublicKey, asn1.Implicit(1)]


@asn1.sequence
class RecipientEncryptedKey:
    """RFC 5652 6.2.2."""

    rid: IssuerAndSerialNumber
    encrypted_key: bytes


@asn1.sequence
class KeyAgreeRecipientInfo:
    """RFC 5652 6.2.2, version 3. `originator` is OriginatorKey under [0]: the explicit tag of a SEQUENCE of one choice
    differs from it only in the outer tag, so it is given as IMPLICIT.
    """

    version: int
    originator: Annotated[OriginatorKey, asn1.Implicit(0)]
    ukm: Annotated[bytes | None, asn1.Explicit(1)]
    key_encryption_algorithm: asn1.TLV
    recipient_encrypted_keys: list[RecipientEncryptedKey]


@asn1.sequence
class EccCmsSharedInfo:
    """RFC 5753 7.2: what the key derivation is bound to."""

    key_info: BareAlgorithm
    entity_u_info: Annotated[bytes | None, asn1.Explicit(0)]
    supp_pub_info: Annotated[bytes, asn1.Explicit(2)]


@asn1.sequence
class Attribute:
    """RFC 5652 5.3."""

    attr_type: ObjectIdentifier
    attr_values: asn1.SetOf[asn1.TLV]


@asn1.sequence
class EncapsulatedContentInfo:
    """RFC 5652 5.2 of a detached signature: eContent is absent."""

    e_content_type: ObjectIdentifier


@asn1.sequence
class SignerInfo:
    """RFC 5652 5.3, version 1."""

    version: int
    sid: IssuerAndSerialNumber
    digest_algorithm: asn1.TLV
    signed_attrs: Annotated[asn1.SetOf[Attribute], asn1.Implicit(0)]
    signature_algorithm: asn1.TLV
    signature: bytes


@asn1.sequence
class SignedData:
    """RFC 5652 5.1, version 1."""

    version: int
    digest_algorithms: asn1.SetOf[asn1.TLV]
    encap_content_info: EncapsulatedContentInfo
    certificates: Annotated[asn1.SetOf[x509.Certificate], asn1.Implicit(0)]
    signer_infos: asn1.SetOf[SignerInfo]


@asn1.sequence
class SignedContentInfo:
    """RFC 5652 3."""

    content_type: ObjectIdentifier
    content: Annotated[SignedData, asn1.Explicit(0)]


def issuer_and_serial(certificate: x509.Certificate) -> IssuerAndSerialNumber:
    """How a CMS names a certificate."""
    return IssuerAndSerialNumber(issuer=certificate.issuer, serial_number=certificate.serial_number)
