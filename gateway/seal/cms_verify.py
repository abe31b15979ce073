"""Signatures of others, RFC 5652 5.4: RSA PKCS#1 v1.5 and PSS (RFC 4056), ECDSA (RFC 5753), Ed25519 and Ed448 (RFC 8419).

Whether the mathematics hold, by which certificate, and what its holder says of what it can read (SMIMECapabilities,
RFC 8551 2.5.2). Whose certificate that is, and whether it is trusted, is cms_signer's matter.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

from gateway.domain.errors import MalformedMail
from gateway.seal.ber import INTEGER, OCTET_STRING, Ber
from gateway.seal.cms_keys import HASHES, Unsupported, hash_of
from gateway.seal.cms_read import DATA, KeyHolder, Signed, SignerInfo, algorithm_of, decode_oid
from gateway.seal.smime_capabilities import capabilities_of

_CONTENT_TYPE, _DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
_CAPABILITIES = "1.2.840.113549.1.9.15"
_RSA, _PSS, _MGF1 = "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10", "1.2.840.113549.1.1.8"
_ED25519, _ED448, _EC_KEY = "1.3.101.112", "1.3.101.113", "1.2.840.10045.2.1"
_SHA1, _SHA224, _SHA256, _SHA384, _SHA512 = tuple(HASHES)
_WITH_HASH: Mapping[str, tuple[str, str]] = {
    "1.2.840.113549.1.1.5": ("rsa", _SHA1), "1.2.840.113549.1.1.14": ("rsa", _SHA224),
    "1.2.840.113549.1.1.11": ("rsa", _SHA256), "1.2.840.113549.1.1.12": ("rsa", _SHA384),
    "1.2.840.113549.1.1.13": ("rsa", _SHA512),
    "1.2.840.10045.4.1": ("ec", _SHA1), "1.2.840.10045.4.3.1": ("ec", _SHA224), "1.2.840.10045.4.3.2": ("ec", _SHA256),
    "1.2.840.10045.4.3.3": ("ec", _SHA384), "1.2.840.10045.4.3.4": ("ec", _SHA512),
}  # fmt: skip
"""Signature algorithms that name their hash, which must be the digest's."""


class Verdict(StrEnum):
    """What became of a signature."""

    GOOD = "good"
    BAD = "bad"
    WEAK = "weak"
    """It holds, over a hash that is broken: no proof."""
    UNKNOWN = "unknown"
    """It could not be checked: an algorithm that is not read here, or no certificate."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One signature: `certificate` is the signer's, `others` what came along; `capabilities` by
    the names of KeyAnswer.capabilities; `why` a clause for people, of an OpenPGP signature that is not good.
    """

    verdict: Verdict
    certificate: x509.Certificate | None = field(default=None, repr=False)
    others: tuple[x509.Certificate, ...] = field(default=(), repr=False)
    capabilities: frozenset[str] = frozenset()
    why: str = ""


def check(signed: Signed, content: bytes) -> Checked:
    """The signature over that content: of several the first bad one, else the least good. Never raises for what was sent."""
    certificates = _readable(signed.certificates)
    order = (Verdict.BAD, Verdict.UNKNOWN, Verdict.WEAK, Verdict.GOOD)
    found = [_one(signed.content_type, each, content, certificates) for each in signed.signers]
    return min(found, key=lambda one: order.index(one.verdict), default=Checked(Verdict.UNKNOWN, others=certificates))


def _one(kind: str, signer: SignerInfo, content: bytes, certificates: tuple[x509.Certificate, ...]) -> Checked:
    named = [one for one in certificates if _named(signer.holder, one)]
    if not named:
        return Checked(Verdict.UNKNOWN, others=certificates)
    certificate = named[0]
    try:
        digest = hash_of(signer.digest)
        messages = _messages(kind, signer, content, digest)
        if not any(_holds(certificate, signer, one, digest) for one in messages):
            return Checked(Verdict.BAD, certificate, certificates)
        verdict = Verdict.WEAK if isinstance(digest, hashes.SHA1) else Verdict.GOOD
        return Checked(verdict, certificate, certificates, _capabilities(signer))
    except (Unsupported, UnsupportedAlgorithm):
        return Checked(Verdict.UNKNOWN, certificate, certificates)
    except (MalformedMail, ValueError):
        return Checked(Verdict.BAD, certificate, certificates)


def _messages(kind: str, signer: SignerInfo, content: bytes, digest: hashes.HashAlgorithm) -> tuple[bytes, ...]:
    """What the signature must be over: the signed attributes, as they stand or in the order that DER asks for.

    Without attributes it is the content itself, which then must be data, and must not look like attributes: else a
    signature over attributes would pass for one over content that somebody made of them.
    """
    if not signer.signed:
        if kind != DATA or content[:1] == b"\x31":
            raise MalformedMail("content that could be taken for signed attributes")
        return (content,)
    told = hashes.Hash(digest)
    told.update(content)
    if decode_oid(signer.attribute(_CONTENT_TYPE) or b"\x05\x00") != kind:
        raise MalformedMail("the signed content type is another one")
    ber = Ber(signer.attribute(_DIGEST) or b"\x05\x00")
    value = ber.first()
    if value.tag != OCTET_STRING or not hmac.compare_digest(ber.content(value), told.finalize()):
        raise MalformedMail("the content is not the one that was signed")
    return tuple(dict.fromkeys((signer.signed, signer.sorted_signed)))


def _holds(certificate: x509.Certificate, signer: SignerInfo, message: bytes, digest: hashes.HashAlgorithm) -> bool:
    public, oid, signature = certificate.public_key(), signer.algorithm.oid, signer.signature
    kind, named = _WITH_HASH.get(oid, ("", ""))
    if named and named != signer.digest.oid:
        raise MalformedMail("the signature's hash is another one than the digest's")
    try:
        if isinstance(public, rsa.RSAPublicKey) and (oid == _RSA or kind == "rsa"):
            public.verify(signature, message, padding.PKCS1v15(), digest)
        elif isinstance(public, rsa.RSAPublicKey) and oid == _PSS:
            scheme, own = _pss(signer.algorithm.parameters)
            if own.name != digest.name:
                raise MalformedMail("the signature's hash is another one than the digest's")
            public.verify(signature, message, scheme, own)
        elif isinstance(public, ec.EllipticCurvePublicKey) and (oid == _EC_KEY or kind == "ec"):
            public.verify(signature, message, ec.ECDSA(digest))
        elif (isinstance(public, ed25519.Ed25519PublicKey) and oid == _ED25519) or (
            isinstance(public, ed448.Ed448PublicKey) and oid == _ED448
        ):
            public.verify(signature, message)
        else:
            raise Unsupported("a signature that is not read here")
    except InvalidSignature:
        return False
    return True


def _pss(parameters: bytes) -> tuple[padding.PSS, hashes.HashAlgorithm]:
    """RSASSA-PSS-params, RFC 4055 3.1: everything has a default, which is SHA-1 and a salt of 20 bytes."""
    digest = mask = HASHES[_SHA1]()
    salt = 20
    ber = Ber(parameters)
    for one in ber.children(ber.first(), 4):
        inside = ber.children(one, 1)[0]
        if one.tag == 0xA0:
            digest = hash_of(algorithm_of(ber.raw(inside)))
        elif one.tag == 0xA1:
            generator = algorithm_of(ber.raw(inside))
            if generator.oid != _MGF1:
                raise Unsupported("a mask generation that is not MGF1")
            mask = hash_of(algorithm_of(generator.parameters))
        elif one.tag == 0xA2 and inside.tag == INTEGER:
            salt = int.from_bytes(ber.content(inside), "big", signed=True)
    if not 0 <= salt <= 1024:
        raise MalformedMail("a salt of a length that cannot be")
    return padding.PSS(padding.MGF1(mask), salt), digest


def _named(holder: KeyHolder, certificate: x509.Certificate) -> bool:
    if holder.key_id:
        try:
            found = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
        except (x509.ExtensionNotFound, ValueError):
            return False
        return found == holder.key_id
    return holder.serial == certificate.serial_number and holder.issuer == certificate.issuer.public_bytes()


def _readable(certificates: tuple[bytes, ...]) -> tuple[x509.Certificate, ...]:
    found = []
    for der in certificates:
        try:
            one = x509.load_der_x509_certificate(der)
            one.public_key()
            _ = one.serial_number, one.issuer, one.subject, one.extensions
        except (ValueError, TypeError, UnsupportedAlgorithm):
            continue
        found.append(one)
    return tuple(found)


def _capabilities(signer: SignerInfo) -> frozenset[str]:
    der = signer.attribute(_CAPABILITIES)
    return capabilities_of(der) if der else frozenset()
