"""The practice's place in Direct: its addresses with their certificates and keys, which only workers read."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gateway.app.keyfiles import read_file, read_private
from gateway.config.outgoing import DirectSection, DirectSenderSection
from gateway.domain.errors import ConfigError, SealingFailed
from gateway.flow.sealed_direct import DirectSender
from gateway.seal.certificate_names import domains_of
from gateway.seal.smime import Signer


def direct_senders(section: DirectSection) -> tuple[DirectSender, ...]:
    """Every Direct address with what signs for it; ConfigError for a file that cannot be used."""
    return tuple(_sender(one) for one in section.senders) if section.enabled else ()


def _sender(one: DirectSenderSection) -> DirectSender:
    try:
        chain = x509.load_pem_x509_certificates(read_file(one.certificate))
    except ValueError:
        raise ConfigError(
            f"direct.senders: {one.certificate} holds no certificate in PEM; put the issued one there"
        ) from None
    if one.address.domain not in domains_of(chain[0]):
        raise ConfigError(
            f"direct.senders: {one.certificate} is no certificate for the whole domain {one.address.domain} (dNSName in its SAN), "
            "which confirmations need; have one issued"
        )
    try:
        key = load_pem_private_key(read_private(one.key), password=None)
    except (ValueError, TypeError):
        raise ConfigError(
            f"direct.senders: {one.key} is not a private key in PEM without password; name the right file"
        ) from None
    if not isinstance(key, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey)):
        raise ConfigError(f"direct.senders: {one.key} is neither an RSA nor an EC key; Direct knows no others")
    try:
        signer = Signer(chain[0], key, tuple(chain[1:]))
    except SealingFailed:
        raise ConfigError(
            f"direct.senders: {one.key} does not belong to {one.certificate.name}; put back the pair"
        ) from None
    return DirectSender(one.address, frozenset(each.key for each in one.authors), signer)
