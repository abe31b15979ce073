"""Asks whether the certificates of a path have been revoked: lists first, then OCSP, each kept for a while.

A list tells its server nothing about whom we write to, an OCSP question does: so lists come first. Addresses are only
taken from certificates whose path to an anchor was found, and only public ones are asked (gateway/adapters/keydirectory/
fetch.py). Everything is bounded: time in all, a list's size, what is kept.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from gateway.adapters.keydirectory.fetch import Deadline, Fetch, FetchFailed
from gateway.adapters.keydirectory.kept import Kept
from gateway.ports.keys import KeyState
from gateway.seal.revocation import (
    Said,
    Standing,
    Unusable,
    by_crl,
    by_ocsp,
    crl_places,
    ocsp_places,
    ocsp_question,
    question_der,
    read_crl,
    tells_where,
)

_OCSP_BYTES = 64 * 1024
_KEPT_BYTES = 64 * 1024 * 1024
_KEPT = 4096
_FAILED = timedelta(minutes=5)
"""How long a place that failed is left alone: a dead server must not cost every mail its time-out."""
_ELSEWHERE = "its authority's revocation list is not to be had by http"
_AT_ONCE = 2
"""Lists that are fetched at the same time."""


@dataclass(frozen=True, slots=True)
class RevocationLimits:
    """Bounds; seconds, bytes."""

    seconds: float = 10.0
    crl_bytes: int = 16 * 1024 * 1024
    keep: timedelta = timedelta(hours=1)


class RevocationChecks:
    """Thread-safe. `hard`: where nobody can tell, the answer is `unreachable`; else the certificate is taken to hold."""

    def __init__(self, fetch: Fetch, random: Callable[[int], bytes], limits: RevocationLimits, *, hard: bool) -> None:
        self._fetch, self._random, self._limits, self._hard = fetch, random, limits, hard
        self._lists: Kept[x509.CertificateRevocationList | str] = Kept(_KEPT_BYTES)
        self._said: Kept[Said] = Kept(_KEPT)
        self._gone: Kept[bool] = Kept(_KEPT)
        self._fetching = threading.BoundedSemaphore(_AT_ONCE)

    def check(self, chain: Sequence[x509.Certificate], at: datetime) -> tuple[KeyState, str] | None:
        """What speaks against a path, the certificate first and its anchor last; None if nothing does."""
        deadline = Deadline(self._limits.seconds)
        unknown = ""
        for number, (certificate, issuer) in enumerate(pairwise(chain)):
            said = self._remembered(certificate, self._standing(certificate, issuer, at, deadline), at)
            if said.standing is Standing.REVOKED:
                whose = "an authority above the certificate" if number else "the certificate"
                return KeyState.UNTRUSTED, f"{whose} has been revoked"
            if said.standing is Standing.UNKNOWN:
                unknown = unknown or said.reason
        return (KeyState.UNREACHABLE, unknown) if unknown and self._hard else None

    def _remembered(self, certificate: x509.Certificate, said: Said, at: datetime) -> Said:
        """Once told, a revocation counts for as long as this process runs: who keeps the answer from us, or plays an older list
        that is still in its time, brings no certificate back.
        """
        if said.standing is Standing.REVOKED:
            self._gone.put(_print(certificate), True, 1, certificate.not_valid_after_utc)
        return Said(Standing.REVOKED) if self._gone.get(_print(certificate), at) else said

    def _standing(
        self, certificate: x509.Certificate, issuer: x509.Certificate, at: datetime, deadline: Deadline
    ) -> Said:
        # An authority that names no place to ask cannot revoke, and both modes take that; one that names others than the web's can.
        said = Said(Standing.UNKNOWN, _ELSEWHERE) if tells_where(certificate) else Said(Standing.GOOD)
        for url in crl_places(certificate):
            said = self._by_list(url, certificate, issuer, at, deadline)
            if said.standing is not Standing.UNKNOWN:
                return said
        for url in ocsp_places(certificate):
            said = self._by_question(url, certificate, issuer, at, deadline)
            if said.standing is not Standing.UNKNOWN:
                return said
        return said

    def _by_list(
        self, url: str, certificate: x509.Certificate, issuer: x509.Certificate, at: datetime, deadline: Deadline
    ) -> Said:  # fmt: skip
        place = f"{url} {_print(issuer)}"
        kept = self._lists.get(place, at)
        if kept is None:
            kept = self._list(url, place, issuer, at, deadline)
        return Said(Standing.UNKNOWN, kept) if isinstance(kept, str) else by_crl(kept, certificate, at)

    def _list(
        self, url: str, place: str, issuer: x509.Certificate, at: datetime, deadline: Deadline
    ) -> x509.CertificateRevocationList | str:
        """Fetch a list and keep it, or why there is none."""
        try:
            if not self._fetching.acquire(timeout=deadline.left()):
                return "its authority's revocation list could not be fetched in time"
        except TimeoutError:
            return "its authority's revocation list could not be fetched in time"
        try:
            der = self._fetch(url, deadline, self._limits.crl_bytes)
            crl = read_crl(der, issuer)
        except (FetchFailed, Unusable) as error:
            why = str(error) if isinstance(error, Unusable) else f"its authority's revocation list: {error}"
            self._lists.put(place, why, 1, at + _FAILED)
            return why
        finally:
            self._fetching.release()
        ends = crl.next_update_utc or at
        if at <= ends:
            self._lists.put(place, crl, len(der), min(at + self._limits.keep, ends))
        return crl

    def _by_question(
        self, url: str, certificate: x509.Certificate, issuer: x509.Certificate, at: datetime, deadline: Deadline
    ) -> Said:  # fmt: skip
        place = f"{url} {_print(certificate)} {_print(issuer)}"
        kept = self._said.get(place, at)
        if kept is not None:
            return kept
        nonce = self._random(32)
        asked = ocsp_question(certificate, issuer, nonce)
        try:
            der = self._fetch(url, deadline, _OCSP_BYTES, body=question_der(asked), kind="application/ocsp-request")
            said = by_ocsp(der, asked, nonce, issuer, at)
        except FetchFailed as error:
            said = Said(Standing.UNKNOWN, f"its authority's OCSP responder: {error}")
        ends = at + (_FAILED if said.standing is Standing.UNKNOWN else self._limits.keep)
        self._said.put(place, said, 1, min(ends, said.until or ends))
        return said


def _print(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex()
