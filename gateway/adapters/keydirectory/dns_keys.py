"""Directories in the DNS: CERT, SMIMEA and OPENPGPKEY records of the recipient's own domain.

CERT records of a Direct address are judged by its community's anchors; where the configuration says so, that chain may
vouch in place of DNSSEC, since few communities sign their zones. URLs in records (IPKIX, IPGP) are never followed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import dns.name
import dns.rdata
import dns.rdatatype
import dns.rdtypes.ANY.CERT
import dns.rdtypes.ANY.OPENPGPKEY
import dns.rdtypes.ANY.SMIMEA
from cryptography import x509

from gateway.adapters.keydirectory.answers import is_authority, most_telling
from gateway.adapters.keydirectory.dns import DnsFailed, Found, Proof, Resolver, beneath
from gateway.adapters.keydirectory.fetch import Deadline
from gateway.adapters.keydirectory.trust import Trust
from gateway.adapters.keydirectory.wkd import KEY_BYTES, JudgeOpenPgp
from gateway.domain.address import Address
from gateway.ports.keys import KeyAnswer, KeyKind, KeyState

UNSIGNED = "its DNS answer is not signed (DNSSEC)"
BOGUS = "its DNS answer does not validate (DNSSEC): it is forged or broken"
_PKIX, _PGP = 1, 3
_DANE_EE, _PKIX_EE = 3, 1
_WHOLE = (0, 0)
Read = Callable[[Iterable[dns.rdata.Rdata], Address, datetime, KeyKind], KeyAnswer]


@dataclass(frozen=True, slots=True)
class DnsDirectory:
    """One kind of record at the names of an address. Thread-safe."""

    resolver: Resolver
    record: dns.rdatatype.RdataType
    trust: Trust
    judge_openpgp: JudgeOpenPgp
    seconds: float
    anchored: bool = False
    """CERT only: an unsigned answer may be used for certificates, whose chain leads to an anchor as always."""

    def find(self, address: Address, at: datetime, kind: KeyKind = KeyKind.SMIME) -> KeyAnswer:
        """The best of what the DNS has for the address."""
        read, kinds = self._reader()
        if kind not in kinds:
            return KeyAnswer(KeyState.NONE)
        deadline = Deadline(self.seconds)
        answers: list[KeyAnswer] = []
        for name in self._names(address, kind):
            try:
                found = self.resolver.ask(name, self.record, deadline)
            except DnsFailed as error:
                if all(one.state is KeyState.NONE for one in answers):
                    return KeyAnswer(KeyState.UNREACHABLE, reason=str(error))
                break  # what was found and turned down says more than a further name that nobody knows
            answers.append(self._answer(found, read, address, at, kind))
            if answers[-1].state is KeyState.VALID:
                break
        return most_telling(answers)

    def _answer(self, found: Found, read: Read, address: Address, at: datetime, kind: KeyKind) -> KeyAnswer:
        if not found.records:
            return KeyAnswer(KeyState.NONE)
        if found.proof is Proof.BOGUS:
            return KeyAnswer(KeyState.UNTRUSTED, reason=BOGUS)
        chained = self.anchored and self.record == dns.rdatatype.CERT and kind is not KeyKind.OPENPGP
        if found.proof is Proof.INSECURE and not chained:
            return KeyAnswer(KeyState.UNTRUSTED, reason=UNSIGNED)
        return read(found.records, address, at, kind)

    def _reader(self) -> tuple[Read, frozenset[KeyKind]]:
        if self.record == dns.rdatatype.SMIMEA:
            return self._smimea, frozenset({KeyKind.SMIME})
        if self.record == dns.rdatatype.OPENPGPKEY:
            return self._openpgpkey, frozenset({KeyKind.OPENPGP})
        return self._cert, frozenset(KeyKind)

    def _names(self, address: Address, kind: KeyKind) -> Iterator[dns.name.Name]:
        if self.record == dns.rdatatype.CERT:
            yield from _mapped(address, kind)
            return
        below = b"_smimecert" if self.record == dns.rdatatype.SMIMEA else b"_openpgpkey"
        # As written, then in lower case: RFC 7929 3 hashes the bytes, and domains publish what they wrote themselves.
        for local in dict.fromkeys((address.local, address.local.lower())):
            yield from beneath([hashlib.sha256(local.encode()).digest()[:28].hex().encode(), below], address.domain)

    def _cert(self, records: Iterable[dns.rdata.Rdata], address: Address, at: datetime, kind: KeyKind) -> KeyAnswer:
        """RFC 4398 2.1: PKIX for certificates, PGP for OpenPGP keys."""
        held = [
            (int(one.certificate_type), bytes(one.certificate))
            for one in records if isinstance(one, dns.rdtypes.ANY.CERT.CERT)
        ]  # fmt: skip
        if kind is KeyKind.OPENPGP:
            keys = (one for sort, one in held if sort == _PGP)
            return most_telling(self.judge_openpgp(one, address, at) for one in keys if len(one) <= KEY_BYTES)
        given = [one for sort, one in held if sort == _PKIX]
        return judge_der(self.trust, given, address, at, kind)

    def _smimea(self, records: Iterable[dns.rdata.Rdata], address: Address, at: datetime, kind: KeyKind) -> KeyAnswer:
        """RFC 8162, usages of RFC 6698 2.1.1: DANE-EE is vouched for by DNSSEC; PKIX-EE needs a chain to an anchor as well."""
        given = [
            (int(one.usage), bytes(one.cert)) for one in records
            if isinstance(one, dns.rdtypes.ANY.SMIMEA.SMIMEA) and (one.selector, one.mtype) == _WHOLE
        ]  # fmt: skip
        vouched = [der for usage, der in given if usage == _DANE_EE]
        chained = [der for usage, der in given if usage == _PKIX_EE]
        if not vouched and not chained:
            return KeyAnswer(KeyState.NONE, reason="its SMIMEA record holds no whole certificate of a person")
        return most_telling(
            (
                judge_der(self.trust, vouched, address, at, kind, vouched=True),
                judge_der(self.trust, chained, address, at, kind),
            )
        )

    def _openpgpkey(
        self, records: Iterable[dns.rdata.Rdata], address: Address, at: datetime, kind: KeyKind
    ) -> KeyAnswer:
        del kind
        keys = (bytes(one.key) for one in records if isinstance(one, dns.rdtypes.ANY.OPENPGPKEY.OPENPGPKEY))
        return most_telling(self.judge_openpgp(one, address, at) for one in keys if len(one) <= KEY_BYTES)


def judge_der(
    trust: Trust, given: Iterable[bytes], address: Address, at: datetime, kind: KeyKind, *, vouched: bool = False
) -> KeyAnswer:
    """The answer for certificates in DER as a network gave them; what cannot be read is `untrusted`."""
    people: list[x509.Certificate] = []
    authorities: list[x509.Certificate] = []
    unread = False
    for der in given:
        try:
            one = x509.load_der_x509_certificate(der)
        except (ValueError, TypeError):
            unread = True
            continue
        (authorities if is_authority(one) else people).append(one)
    answer = trust.judge(people, address, at, kind, intermediates=authorities, vouched=vouched)
    if unread and answer.state is KeyState.NONE:
        return KeyAnswer(KeyState.UNTRUSTED, reason="the certificate cannot be read")
    return answer


def _mapped(address: Address, kind: KeyKind) -> Iterator[dns.name.Name]:
    """RFC 4398 3.1: the local part as one label; with its dots as separators, as Direct writes it; for Direct the domain too."""
    local = address.local.lower().encode()
    spread = local.split(b".")
    if len(local) <= 63:
        yield from beneath([local], address.domain)
    if len(spread) > 1 and all(0 < len(one) <= 63 for one in spread):
        yield from beneath(spread, address.domain)
    if kind is KeyKind.DIRECT:
        yield from beneath([], address.domain)
