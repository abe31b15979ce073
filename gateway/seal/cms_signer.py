"""Who signed: whether the signature's certificate is the author's own (SAN equals From) and whether we trust it.

RFC 8550 4.4 for the certificate's usage, RFC 5280 6 for the path to an anchor, RFC 8551 2.5.2 for what its holder reads.
The time that counts is when the mail came in, never the one that the signer wrote.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway.domain.address import Address
from gateway.seal.certificate_names import addresses_of
from gateway.seal.certificate_path import find_path
from gateway.seal.cms_verify import Checked, Verdict
from gateway.seal.smime_capabilities import certificate_capabilities
from gateway.seal.smime_certificates import validity_reasons

_MAIL = {ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}


class Trust(StrEnum):
    """Whether the certificate's word counts."""

    TRUSTED = "trusted"
    """A path leads to one of the practice's anchors, or the practice itself imported this very certificate."""
    UNTRUSTED = "untrusted"
    NONE = "none"
    """Nobody signed, or nobody could be told."""


@dataclass(frozen=True, slots=True)
class Author:
    """What a signature says of the author. `address` is the SAN's, where it equals From; `why` a clause for people."""

    verdict: Verdict | None = None
    trust: Trust = Trust.NONE
    same: bool = False
    address: Address | None = field(default=None, repr=False)
    why: str = ""
    certificate: x509.Certificate | None = field(default=None, repr=False)
    capabilities: frozenset[str] = frozenset()

    @property
    def vouched(self) -> bool:
        """Whether the author in From is proven: it may be shown as such, and the certificate kept."""
        return self.verdict is Verdict.GOOD and self.trust is Trust.TRUSTED and self.same


NOBODY = Author()
"""Nobody signed."""


def author(
    checked: Checked | None,
    sender: Address | None,
    at: datetime,
    anchors: Sequence[x509.Certificate],
    imported: frozenset[bytes] = frozenset(),
) -> Author:
    """The author as the signature proves; `sender` is the one address in From, None where there is not exactly one.

    `imported` are SHA-256 fingerprints of the certificates that the practice itself trusts for that address.
    """
    if checked is None:
        return NOBODY
    certificate = checked.certificate
    if certificate is None:
        return Author(checked.verdict, why="no certificate of the signer came along")
    same = sender is not None and any(one.same_mailbox(sender) for one in addresses_of(certificate))
    why = _against(certificate, at)
    if not why and _fingerprint(certificate) not in imported:
        why = find_path(certificate, anchors, checked.others, at).reason
    return Author(
        checked.verdict, Trust.UNTRUSTED if why else Trust.TRUSTED, same, sender if same else None, why, certificate,
        checked.capabilities | certificate_capabilities(certificate),
    )  # fmt: skip


def _against(certificate: x509.Certificate, at: datetime) -> str:
    """Why this certificate may not speak for a mail's author; empty if nothing speaks against it."""
    try:
        return next(iter([*validity_reasons(certificate, at), *_weak(certificate), *_usage(certificate)]), "")
    except ValueError:
        return "the certificate cannot be read"


def _weak(certificate: x509.Certificate) -> list[str]:
    public, signed_with = certificate.public_key(), certificate.signature_hash_algorithm
    if isinstance(public, rsa.RSAPublicKey) and public.key_size < 2048:
        return ["the RSA key has fewer than 2048 bits"]
    if signed_with is not None and signed_with.name in {"md5", "sha1"} and certificate.issuer != certificate.subject:
        return ["the certificate is signed with a broken hash"]
    return []


def _usage(certificate: x509.Certificate) -> list[str]:
    for one in certificate.extensions:
        if isinstance(one.value, x509.KeyUsage) and not (one.value.digital_signature or one.value.content_commitment):
            return ["the key usage does not allow signing"]
        if isinstance(one.value, x509.ExtendedKeyUsage) and not _MAIL & set(one.value):
            return ["the extended key usage does not allow mail (emailProtection)"]
    return []


def _fingerprint(certificate: x509.Certificate) -> bytes:
    return certificate.fingerprint(hashes.SHA256())
