"""Which authorities vouch for whom, and from certificates to one answer.

Anchors belong to recipients' domains: a Direct community's authorities count for its domains and for Direct alone, others
for S/MIME. Only in places that the practice fills itself (folder, imported) a certificate is trusted without an anchor, and
only where no anchor is configured for S/MIME; what comes from a network needs a chain always, or DNSSEC.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.adapters.keydirectory.answers import most_telling
from gateway.domain.address import Address
from gateway.ports.keys import KeyAnswer, KeyKind, KeyState
from gateway.seal.smime_capabilities import certificate_capabilities
from gateway.seal.smime_certificates import judged, validity_reasons

_CERTIFICATES = 20
"""Of one directory's certificates for one address, so many are judged, those in their time and the latest first."""


class Revocation(Protocol):
    """Whether a path still holds: the reason and state if not, None if nothing speaks against it."""

    def check(self, chain: Sequence[x509.Certificate], at: datetime) -> tuple[KeyState, str] | None:
        """Ask for each certificate of the path below the anchor."""
        ...


@dataclass(frozen=True, slots=True)
class Anchors:
    """Authorities for certain domains; no domains means all that no other entry names."""

    certificates: tuple[x509.Certificate, ...] = field(repr=False)
    domains: frozenset[str] = frozenset()
    """A leading dot takes in every domain below."""
    direct: bool = False

    def names(self, domain: str) -> bool:
        """Whether the domain is one of those that are named."""
        return covers(self.domains, domain)


def covers(domains: Iterable[str], domain: str) -> bool:
    """Whether a domain is in a list of domains, of `.parent` for all below one, or of `*` for every one."""
    return any(one in {"*", domain} or (one.startswith(".") and domain.endswith(one)) for one in domains)


@dataclass(frozen=True, slots=True)
class Trust:
    """The practice's anchors, and how revocation is asked. Thread-safe."""

    anchors: tuple[Anchors, ...] = ()
    revocation: Revocation | None = None
    ml_kem: bool = False
    """Whether certificates for ML-KEM count: the preview `[seal] ml_kem_preview`."""

    def anchors_for(self, domain: str, kind: KeyKind) -> tuple[x509.Certificate, ...] | None:
        """The authorities that count for that domain; None where no entry of this kind is for it."""
        fitting = [one for one in self.anchors if one.direct is (kind is KeyKind.DIRECT)]
        named = [one for one in fitting if one.names(domain)]
        found = named or [one for one in fitting if not one.domains]
        return tuple(each for one in found for each in one.certificates) if found else None

    def judge(
        self,
        certificates: Iterable[x509.Certificate],
        address: Address,
        at: datetime,
        kind: KeyKind = KeyKind.SMIME,
        *,
        intermediates: Sequence[x509.Certificate] = (),
        own: bool = False,
        vouched: bool = False,
    ) -> KeyAnswer:
        """The answer for one address: of several valid certificates the one that began last.

        `own`: the practice itself put them there. `vouched`: DNSSEC says that they are the address's, so no anchor is asked.
        Fetches lists and OCSP answers: never inside a transaction.
        """
        anchors = None if vouched else self.anchors_for(address.domain, kind)
        if anchors is None and not vouched and not (own and kind is KeyKind.SMIME):
            anchors = ()
        answers = []
        # Those in their time first, so that no crowd of others hides a good one.
        latest = sorted(
            certificates, key=lambda one: (not validity_reasons(one, at), one.not_valid_before_utc), reverse=True
        )
        for certificate in latest[:_CERTIFICATES]:
            answers.append(self._answer(certificate, address, at, kind, anchors, intermediates))
            if answers[-1].state is KeyState.VALID:
                break
        return most_telling(answers)

    def _answer(
        self, certificate: x509.Certificate, address: Address, at: datetime, kind: KeyKind,
        anchors: Sequence[x509.Certificate] | None, intermediates: Sequence[x509.Certificate],
    ) -> KeyAnswer:  # fmt: skip
        state, reasons, path = judged(
            certificate, address, at, anchors=anchors, intermediates=intermediates, ml_kem=self.ml_kem,
            domain_bound=kind is KeyKind.DIRECT,
        )  # fmt: skip
        revoked = False
        if state is KeyState.VALID and path and self.revocation is not None:
            trouble = self.revocation.check(path.chain, at)
            if trouble is not None:
                state, reasons = trouble[0], [trouble[1]]
                revoked = state is KeyState.UNTRUSTED
        der = certificate.public_bytes(Encoding.DER)
        fingerprint, reads = hashlib.sha256(der).hexdigest(), certificate_capabilities(certificate)
        gone = frozenset({fingerprint}) if revoked else frozenset[str]()
        return KeyAnswer(state, der, fingerprint, "; ".join(reasons), reads, revoked=gone)
