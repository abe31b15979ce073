"""Keys in the DNS: CERT (RFC 4398), SMIMEA (RFC 8162), OPENPGPKEY (RFC 7929). Only validated answers are used.

Validation is the resolver's (its AD bit, RFC 6840 5.7), not ours: a whole validator (chain of DS, NSEC3, wildcards,
rollover of the root key) is a program of its own, and unbound, knot-resolver and systemd-resolved are there. An AD bit is
worth what the way to the resolver is worth: so it is taken from loopback, or over TLS with a verified name (RFC 7858), and
from nowhere else; the configuration refuses others. An answer without it is `untrusted`. Where the resolver fails,
it is asked once more without validation (CD): data that come then are forged or broken, no failure of the network.
"""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdata
import dns.rdatatype

from gateway.adapters.keydirectory.fetch import Deadline
from gateway.domain.errors import ConfigError

_PAYLOAD = 1232
"""DNS flag day 2020: what passes without fragments."""
_RECORDS = 20
"""Of one answer, so many are looked at."""


class Proof(StrEnum):
    """What an answer is worth."""

    SECURE = "secure"
    INSECURE = "insecure"
    BOGUS = "bogus"


@dataclass(frozen=True, slots=True)
class Found:
    """The records at one name; none of them is an answer too."""

    records: tuple[dns.rdata.Rdata, ...] = field(default=(), repr=False)
    proof: Proof = Proof.INSECURE


class DnsFailed(Exception):
    """Nobody answered; the message is a clause for people."""


@dataclass(frozen=True, slots=True)
class Resolver:
    """One validating resolver. Thread-safe: a question has a socket of its own."""

    host: str
    port: int
    tls_name: str = ""
    """The name in the resolver's TLS certificate; empty for a resolver on loopback, asked in the open."""
    context: ssl.SSLContext | None = None

    def __post_init__(self) -> None:
        if not self.tls_name and not ipaddress.ip_address(self.host).is_loopback:
            raise ConfigError(
                "a validating resolver is on loopback, or named with tls:// so that nobody between can claim validation"
            )

    def ask(self, name: dns.name.Name, kind: dns.rdatatype.RdataType, deadline: Deadline) -> Found:
        """The records of that kind; DnsFailed when there is no telling."""
        try:
            answer = self._exchange(name, kind, deadline)
            if answer.rcode() == dns.rcode.SERVFAIL:
                unchecked = _records(self._exchange(name, kind, deadline, dns.flags.CD), kind)
                if unchecked:
                    return Found(unchecked, Proof.BOGUS)
        except (dns.exception.Timeout, TimeoutError):
            raise DnsFailed("the resolver did not answer in time") from None
        except (dns.exception.DNSException, OSError, ValueError, EOFError):
            raise DnsFailed("the resolver cannot be reached") from None
        if answer.rcode() not in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}:
            raise DnsFailed(f"the resolver answered {dns.rcode.to_text(answer.rcode())}")
        return Found(_records(answer, kind), Proof.SECURE if answer.flags & dns.flags.AD else Proof.INSECURE)

    def _exchange(
        self, name: dns.name.Name, kind: dns.rdatatype.RdataType, deadline: Deadline, flags: int = 0
    ) -> dns.message.Message:
        query = dns.message.make_query(name, kind, use_edns=0, want_dnssec=True, payload=_PAYLOAD)
        query.flags |= dns.flags.AD | flags
        left = deadline.left()
        if self.tls_name:
            context = self.context or ssl.create_default_context()
            return dns.query.tls(query, self.host, left, self.port, ssl_context=context, server_hostname=self.tls_name)
        answer, _ = dns.query.udp_with_fallback(
            query, self.host, left, self.port, ignore_unexpected=True, ignore_errors=True
        )
        return answer


def _records(answer: dns.message.Message, kind: dns.rdatatype.RdataType) -> tuple[dns.rdata.Rdata, ...]:
    """Those of the question's name, behind a chain of CNAMEs that the resolver has followed."""
    if not isinstance(answer, dns.message.QueryMessage):
        return ()
    try:
        rrset = answer.resolve_chaining().answer
    except dns.exception.DNSException:
        return ()
    if rrset is None or rrset.rdtype != kind:
        return ()
    return tuple(sorted(rrset))[:_RECORDS]


def beneath(labels: Sequence[bytes], domain: str) -> Iterator[dns.name.Name]:
    """The name of those labels below a domain (A-labels); nothing where they are too long to be one."""
    try:
        yield dns.name.Name([*labels, *(one.encode() for one in domain.split(".")), b""])
    except dns.exception.DNSException:
        return
