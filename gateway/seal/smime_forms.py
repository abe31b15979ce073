"""Which form a recipient's S/MIME has: the strongest that they are known to read, or what the practice set for their domain.

Known is what a recipient's certificate or signed mail said (smime_capabilities). Where nothing is known it is the form that
every reader opens: AES-256-CBC, RSA PKCS#1 v1.5, the signature inside.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from cryptography import x509

from gateway.seal.smime_envelope import AES_256_CBC, AES_256_GCM
from gateway.seal.smime_recipients import KeyTransport, way_of
from gateway.seal.smime_signature import RsaSignature


@dataclass(frozen=True, slots=True)
class Form:
    """How a message is sealed. `triple` signs what was encrypted once more (RFC 2634 1.1); `ml_kem` lets the preview be used;
    `rsa` is how an RSA signing key signs.
    """

    content: str = AES_256_CBC
    transport: KeyTransport = KeyTransport.PKCS1
    triple: bool = False
    ml_kem: bool = False
    rsa: RsaSignature = RsaSignature.PKCS1

    def told(self, recipients: Sequence[x509.Certificate]) -> str:
        """The form in words for the log: content encryption, the ways of the keys, `triple`; no personal data."""
        ways = sorted({way_of(one, self.transport) for one in recipients})
        return " ".join([self.content, *ways, *(["triple"] if self.triple else [])])


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the practice set for a domain; empty leaves it to the recipient's capabilities."""

    content: str = ""
    transport: str = ""


@dataclass(frozen=True, slots=True)
class FormRules:
    """The practice's settings of S/MIME. `domains` by domain; a domain's own entry counts before `otherwise`."""

    domains: Mapping[str, Wishes] = field(default_factory=lambda: MappingProxyType({}))
    otherwise: Wishes = Wishes()
    triple: bool = False
    ml_kem: bool = False
    rsa: RsaSignature = RsaSignature.PKCS1

    def form_for(self, domain: str, capabilities: Iterable[frozenset[str]]) -> Form:
        """The form of a message for recipients of that domain, each with those capabilities."""
        wishes = self.domains.get(domain, self.otherwise)
        known = list(capabilities)
        common = frozenset.intersection(*known) if known else frozenset()
        content = wishes.content or (AES_256_GCM if AES_256_GCM in common else AES_256_CBC)
        transport = wishes.transport or (KeyTransport.OAEP if KeyTransport.OAEP in common else KeyTransport.PKCS1)
        return Form(content, KeyTransport(transport), self.triple, self.ml_kem, self.rsa)
