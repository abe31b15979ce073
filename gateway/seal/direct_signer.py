"""Who signed for a Direct address: a certificate for signing, bound to the address or its domain, under the community's anchors.

Applicability Statement 1.3 4: the address by rfc822Name, the domain by dNSName, in the SAN. Whether it was revoked is
for others to ask, with the path that is given back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from gateway.domain.address import Address
from gateway.seal.certificate_names import addresses_of, domains_of
from gateway.seal.certificate_path import CertificatePath, find_path
from gateway.seal.smime_certificates import validity_reasons

_NONE = CertificatePath(reason="the certificate does not sign for this address")


def binds(certificate: x509.Certificate, address: Address) -> bool:
    """Whether the certificate is the address's own, or its whole domain's."""
    return address.domain in domains_of(certificate) or address.key in {one.key for one in addresses_of(certificate)}


def signer_path(
    certificate: x509.Certificate,
    address: Address,
    anchors: Sequence[x509.Certificate],
    others: Sequence[x509.Certificate],
    at: datetime,
) -> CertificatePath:
    """The path from a signer's certificate to an anchor; empty, with the reason, where it may not sign for that address."""
    try:
        if not binds(certificate, address) or not _signs(certificate) or validity_reasons(certificate, at):
            return _NONE
    except (ValueError, UnsupportedAlgorithm):
        return _NONE
    return find_path(certificate, anchors, [one for one in others if one != certificate], at)


def _signs(certificate: x509.Certificate) -> bool:
    public = certificate.public_key()
    strong = isinstance(public, ec.EllipticCurvePublicKey) or (
        isinstance(public, rsa.RSAPublicKey) and public.key_size >= 2048
    )
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return strong
    return strong and (usage.digital_signature or usage.content_commitment)
