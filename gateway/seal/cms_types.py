"""ASN.1 of the Cryptographic Message Syntax under the RFCs' own names: RFC 5652, 5083, 5753, 4055, 5754, 8419, 9629, 8551.

Only what we write, and all of it DER; foreign CMS is BER and read by cms_read. Types stand here for what is made once and
kept: what changes from message to message is put together with `tlv` round finished DER, which costs a tenth, and tests
hold it against types of its own. An optional ANY has no type: algorithm identifiers are whole values, read by `algorithm_of`.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.x509 import ObjectIdentifier

ID_DATA = ObjectIdentifier("1.2.840.113549.1.7.1")
ID_SIGNED_DATA = ObjectIdentifier("1.2.840.113549.1.7.2")
ID_ENVELOPED_DATA = ObjectIdentifier("1.2.840.113549.1.7.3")
ID_CT_AUTH_ENVELOPED_DATA = ObjectIdentifier("1.2.840.113549.1.9.16.1.23")
ID_CONTENT_TYPE = ObjectIdentifier("1.2.840.113549.1.9.3")
ID_MESSAGE_DIGEST = ObjectIdentifier("1.2.840.113549.1.9.4")
ID_SIGNING_TIME = ObjectIdentifier("1.2.840.113549.1.9.5")
SMIME_CAPABILITIES = ObjectIdentifier("1.2.840.113549.1.9.15")  # RFC 8551 2.5.2, RFC 4262
ID_SHA256 = ObjectIdentifier("2.16.840.1.101.3.4.2.1")
ID_SHA384 = ObjectIdentifier("2.16.840.1.101.3.4.2.2")
ID_SHA512 = ObjectIdentifier("2.16.840.1.101.3.4.2.3")
ID_MGF1 = ObjectIdentifier("1.2.840.113549.1.1.8")
RSA_ENCRYPTION = ObjectIdentifier("1.2.840.113549.1.1.1")
ID_RSAES_OAEP = ObjectIdentifier("1.2.840.113549.1.1.7")
ID_RSASSA_PSS = ObjectIdentifier("1.2.840.113549.1.1.10")
ECDSA_WITH_SHA256 = ObjectIdentifier("1.2.840.10045.4.3.2")
ECDSA_WITH_SHA384 = ObjectIdentifier("1.2.840.10045.4.3.3")
ECDSA_WITH_SHA512 = ObjectIdentifier("1.2.840.10045.4.3.4")
ID_ED25519 = ObjectIdentifier("1.3.101.112")
ID_X25519 = ObjectIdentifier("1.3.101.110")
ID_EC_PUBLIC_KEY = ObjectIdentifier("1.2.840.10045.2.1")
STD_DH_SHA256_KDF = ObjectIdentifier("1.3.132.1.11.1")
STD_DH_HKDF_SHA256 = ObjectIdentifier("1.2.840.113549.1.9.16.3.19")  # RFC 8418 2.2
ID_ALG_HKDF_WITH_SHA256 = ObjectIdentifier("1.2.840.113549.1.9.16.3.28")
ID_ALG_ML_KEM_768 = ObjectIdentifier("2.16.840.1.101.3.4.4.2")
ID_ORI_KEM = ObjectIdentifier("1.2.840.113549.1.9.16.13.3")
ID_AES256_WRAP = ObjectIdentifier("2.16.840.1.101.3.4.1.45")
ID_AES128_CBC = ObjectIdentifier("2.16.840.1.101.3.4.1.2")
ID_AES192_CBC = ObjectIdentifier("2.16.840.1.101.3.4.1.22")
ID_AES256_CBC = ObjectIdentifier("2.16.840.1.101.3.4.1.42")
ID_AES128_GCM = ObjectIdentifier("2.16.840.1.101.3.4.1.6")
ID_AES192_GCM = ObjectIdentifier("2.16.840.1.101.3.4.1.26")
ID_AES256_GCM = ObjectIdentifier("2.16.840.1.101.3.4.1.46")
NULL = b"\x05\x00"


def tlv(tag: int, value: bytes) -> bytes:
    """One DER value of definite length."""
    size = len(value)
    if size < 128:
        return b"%c%c%b" % (tag, size, value)
    octets = (size.bit_length() + 7) // 8
    return b"%c%c%b%b" % (tag, 0x80 | octets, size.to_bytes(octets, "big"), value)


def any_of(der: bytes) -> asn1.TLV:
    """One finished DER value as the content of a field that holds ANY."""
    return asn1.decode_der(asn1.TLV, der)


def der(value: asn1.TLV) -> bytes:
    """The DER bytes of a finished value."""
    return bytes(asn1.encode_der(value))


@asn1.sequence
class AlgorithmIdentifier:
    """RFC 5280 4.1.1.2, with parameters; an SMIMECapability (RFC 8551 2.5.2) looks the same."""

    algorithm: ObjectIdentifier
    parameters: asn1.TLV


@asn1.sequence
class BareAlgorithm:
    """An AlgorithmIdentifier whose parameters are absent."""

    algorithm: ObjectIdentifier


def algorithm(oid: ObjectIdentifier, parameters: bytes | None = None) -> asn1.TLV:
    """An AlgorithmIdentifier; `parameters` is DER, or None where they are absent."""
    if parameters is None:
        return _bare(oid)
    return any_of(asn1.encode_der(AlgorithmIdentifier(algorithm=oid, parameters=any_of(parameters))))


@cache
def _bare(oid: ObjectIdentifier) -> asn1.TLV:
    return any_of(asn1.encode_der(BareAlgorithm(algorithm=oid)))


def algorithm_of(value: asn1.TLV) -> tuple[ObjectIdentifier, bytes | None]:
    """An AlgorithmIdentifier's OID and the DER of its parameters, None where absent; ValueError if it is none."""
    encoded = der(value)
    try:
        return asn1.decode_der(BareAlgorithm, encoded).algorithm, None
    except ValueError:
        found = asn1.decode_der(AlgorithmIdentifier, encoded)
        return found.algorithm, der(found.parameters)


@asn1.sequence
class IssuerAndSerialNumber:
    """RFC 5652 10.2.4."""

    issuer: x509.Name
    serial_number: int


def issuer_and_serial(certificate: x509.Certificate) -> IssuerAndSerialNumber:
    """How a CMS names a certificate."""
    return IssuerAndSerialNumber(issuer=certificate.issuer, serial_number=certificate.serial_number)


@asn1.sequence
class RsaesOaepParams:
    """RFC 4055 4.1; defaults are SHA-1, MGF1 with SHA-1, and the empty label."""

    hash_func: Annotated[AlgorithmIdentifier | None, asn1.Explicit(0)]
    mask_gen_func: Annotated[AlgorithmIdentifier | None, asn1.Explicit(1)]
    p_source_func: Annotated[AlgorithmIdentifier | None, asn1.Explicit(2)]


@asn1.sequence
class RsassaPssParams:
    """RFC 4055 3.1."""

    hash_algorithm: Annotated[AlgorithmIdentifier | None, asn1.Explicit(0)]
    mask_gen_algorithm: Annotated[AlgorithmIdentifier | None, asn1.Explicit(1)]
    salt_length: Annotated[int | None, asn1.Explicit(2)]
    trailer_field: Annotated[int | None, asn1.Explicit(3)]


@asn1.sequence
class EccCmsSharedInfo:
    """RFC 5753 7.2: what the key derivation is bound to."""

    key_info: asn1.TLV
    entity_u_info: Annotated[bytes | None, asn1.Explicit(0)]
    supp_pub_info: Annotated[bytes, asn1.Explicit(2)]


@asn1.sequence
class OtherRecipientInfo:
    """RFC 5652 6.2.5; stands under the tag [4] in a RecipientInfo."""

    ori_type: ObjectIdentifier
    ori_value: asn1.TLV


@asn1.sequence
class KEMRecipientInfo:
    """RFC 9629 3, version 0: the value of an OtherRecipientInfo of type ID_ORI_KEM."""

    version: int
    rid: IssuerAndSerialNumber | Annotated[bytes, asn1.Implicit(0)]
    kem: asn1.TLV
    kemct: bytes
    kdf: asn1.TLV
    kek_length: int
    ukm: Annotated[bytes | None, asn1.Explicit(0)]
    wrap: asn1.TLV
    encrypted_key: bytes


@asn1.sequence
class CMSORIforKEMOtherInfo:
    """RFC 9629 5: what the key derivation is bound to."""

    wrap: asn1.TLV
    kek_length: int
    ukm: Annotated[bytes | None, asn1.Explicit(0)]


KARI, ORI = 0xA1, 0xA4  # first bytes of RecipientInfos, RFC 5652 6.2


@asn1.sequence
class SMIMECapabilities:
    """RFC 8551 2.5.2 in a SEQUENCE of its own, since a bare SEQUENCE OF has no type here."""

    capabilities: list[asn1.TLV]
