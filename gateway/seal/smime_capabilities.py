"""SMIMECapabilities, RFC 8551 2.5.2 and RFC 4262: what a reader says it takes, as names; and what we say of ourselves.

Names are those of KeyAnswer.capabilities. Broken capabilities are none: then the form that every reader opens is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from cryptography import x509
from cryptography.hazmat import asn1

from gateway.seal import cms_types as cms
from gateway.seal.smime_recipients import OAEP_SHA256

AUTH_ENVELOPED = "auth-enveloped"
"""Implied by any AES-GCM: RFC 5084 knows it in AuthEnvelopedData alone."""

_NAMES = {
    cms.ID_AES128_CBC: "aes-128-cbc", cms.ID_AES192_CBC: "aes-192-cbc", cms.ID_AES256_CBC: "aes-256-cbc",
    cms.ID_AES128_GCM: "aes-128-gcm", cms.ID_AES192_GCM: "aes-192-gcm", cms.ID_AES256_GCM: "aes-256-gcm",
    cms.ID_ALG_ML_KEM_768: "ml-kem-768",
}  # fmt: skip
_LIMIT = 16 * 1024
"""Bytes of capabilities that are read; real ones have a few hundred."""


def capabilities_of(encoded: bytes) -> frozenset[str]:
    """The names in an SMIMECapabilities value (DER), the SEQUENCE of a signed attribute or certificate extension."""
    if len(encoded) > _LIMIT:
        return frozenset()
    try:
        found = asn1.decode_der(cms.SMIMECapabilities, cms.tlv(0x30, encoded)).capabilities
        return frozenset(name for one in found for name in _names(one))
    except ValueError:
        return frozenset()


def _names(capability: asn1.TLV) -> Iterator[str]:
    oid, parameters = cms.algorithm_of(capability)
    if oid == cms.ID_RSAES_OAEP and parameters is not None and parameters in _OAEP_FORMS:
        yield "rsa-oaep-sha256"
    if oid in _NAMES:
        yield _NAMES[oid]
        if _NAMES[oid].endswith("-gcm"):
            yield AUTH_ENVELOPED


def _bare_oaep() -> bytes:
    """RSAES-OAEP-params with SHA-256 throughout and the hash's parameters absent."""
    sha256 = cms.der(cms.algorithm(cms.ID_SHA256))
    mask = cms.der(cms.algorithm(cms.ID_MGF1, sha256))
    return cms.tlv(0x30, cms.tlv(0xA0, sha256) + cms.tlv(0xA1, mask))


_OAEP_FORMS = frozenset({OAEP_SHA256, _bare_oaep()})
"""The hash's own parameters are NULL or absent, RFC 4055 2.1."""


def certificate_capabilities(certificate: x509.Certificate) -> frozenset[str]:
    """The names in a certificate's SMIMECapabilities extension (RFC 4262); none where it has none or cannot be read."""
    try:
        for one in certificate.extensions:
            if one.oid == cms.SMIME_CAPABILITIES and isinstance(one.value, x509.UnrecognizedExtension):
                return capabilities_of(one.value.value)
    except ValueError:
        pass
    return frozenset()


@cache
def own_capabilities() -> bytes:
    """SMIMECapabilities in DER, best first: what mail to the practice may be sealed with."""
    known = [cms.algorithm(oid) for oid in (cms.ID_AES256_GCM, cms.ID_AES128_GCM, cms.ID_AES256_CBC, cms.ID_AES128_CBC)]
    known.append(cms.algorithm(cms.ID_RSAES_OAEP, OAEP_SHA256))
    return cms.tlv(0x30, b"".join(cms.der(one) for one in known))
