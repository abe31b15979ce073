"""What Sealgate writes of CMS under the RFCs' own types, in strict DER: what they read and write again the same is as DER asks."""

from __future__ import annotations

from typing import Annotated

from cryptography.hazmat import asn1
from cryptography.x509 import ObjectIdentifier

from gateway.seal.cms_types import KARI, ORI, IssuerAndSerialNumber, OtherRecipientInfo, der


@asn1.sequence
class ContentInfo:
    """RFC 5652 3."""

    content_type: ObjectIdentifier
    content: Annotated[asn1.TLV, asn1.Explicit(0)]


@asn1.sequence
class KeyTransRecipientInfo:
    """RFC 5652 6.2.1; version 0 with issuerAndSerialNumber, 2 with subjectKeyIdentifier [0]."""

    version: int
    rid: IssuerAndSerialNumber | Annotated[bytes, asn1.Implicit(0)]
    key_encryption_algorithm: asn1.TLV
    encrypted_key: bytes


@asn1.sequence
class OriginatorPublicKey:
    """RFC 5652 6.2.2; we write the algorithm's parameters absent, as RFC 5753 3.1.1 lets them be."""

    algorithm: asn1.TLV
    public_key: asn1.BitString


@asn1.sequence
class RecipientKeyIdentifier:
    """RFC 5652 6.2.2, without `other`."""

    subject_key_identifier: bytes
    date: asn1.GeneralizedTime | None


@asn1.sequence
class RecipientEncryptedKey:
    """RFC 5652 6.2.2."""

    rid: IssuerAndSerialNumber | Annotated[RecipientKeyIdentifier, asn1.Implicit(0)]
    encrypted_key: bytes


@asn1.sequence
class KeyAgreeRecipientInfo:
    """RFC 5652 6.2.2, version 3; stands under the tag [1] in a RecipientInfo."""

    version: int
    originator: Annotated[
        IssuerAndSerialNumber | Annotated[bytes, asn1.Implicit(0)] | Annotated[OriginatorPublicKey, asn1.Implicit(1)],
        asn1.Explicit(0),
    ]
    ukm: Annotated[bytes | None, asn1.Explicit(1)]
    key_encryption_algorithm: asn1.TLV
    recipient_encrypted_keys: list[RecipientEncryptedKey]


def recipient_info_again(encoded: bytes) -> bytes:
    """A RecipientInfo of one of the kinds that Sealgate writes, read and written again."""
    kind = {0x30: KeyTransRecipientInfo, KARI: KeyAgreeRecipientInfo, ORI: OtherRecipientInfo}[encoded[0]]
    return encoded[:1] + asn1.encode_der(asn1.decode_der(kind, b"\x30" + encoded[1:]))[1:]


def signed_data(content_info: bytes) -> SignedData:
    """The SignedData of a ContentInfo."""
    return asn1.decode_der(SignedData, der(asn1.decode_der(ContentInfo, content_info).content))


@asn1.sequence
class Attribute:
    """RFC 5652 5.3."""

    attr_type: ObjectIdentifier
    attr_values: asn1.SetOf[asn1.TLV]


@asn1.sequence
class EncapsulatedContentInfo:
    """RFC 5652 5.2; eContent is absent from a detached signature."""

    e_content_type: ObjectIdentifier
    e_content: Annotated[bytes | None, asn1.Explicit(0)]


@asn1.sequence
class SignerInfo:
    """RFC 5652 5.3; version 1 with issuerAndSerialNumber, 3 with subjectKeyIdentifier [0]."""

    version: int
    sid: IssuerAndSerialNumber | Annotated[bytes, asn1.Implicit(0)]
    digest_algorithm: asn1.TLV
    signed_attrs: Annotated[asn1.SetOf[Attribute] | None, asn1.Implicit(0)]
    signature_algorithm: asn1.TLV
    signature: bytes
    unsigned_attrs: Annotated[asn1.SetOf[Attribute] | None, asn1.Implicit(1)]


@asn1.sequence
class SignedData:
    """RFC 5652 5.1; `certificates` are CertificateChoices, a plain certificate being the one that begins with 0x30."""

    version: int
    digest_algorithms: asn1.SetOf[asn1.TLV]
    encap_content_info: EncapsulatedContentInfo
    certificates: Annotated[asn1.SetOf[asn1.TLV] | None, asn1.Implicit(0)]
    crls: Annotated[asn1.SetOf[asn1.TLV] | None, asn1.Implicit(1)]
    signer_infos: asn1.SetOf[SignerInfo]
