"""What a door is told: where it listens, for whom, and with which limits. Frozen values, checked when the door opens."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address, ip_network

from gateway.domain.envelope import Identity
from gateway.domain.errors import ConfigError
from gateway.smtp.limits import DoorLimits


class Profile(StrEnum):
    """The four kinds of listener."""

    SUBMISSION = "submission"
    """587: STARTTLS, then AUTH, then mail."""
    SUBMISSIONS = "submissions"
    """465: TLS from the first byte, then AUTH, then mail (RFC 8314)."""
    SMARTHOST = "smarthost"
    """25 inside: listed networks and client certificates instead of passwords."""
    INBOUND = "inbound"
    """25 outside: mail to the gateway's own addresses and nothing else."""

    @property
    def authenticates(self) -> bool:
        """Whether mail needs a password here."""
        return self in {Profile.SUBMISSION, Profile.SUBMISSIONS}


@dataclass(frozen=True, slots=True)
class Listener:
    """One listening socket; port 0 takes any free one (see `Door.ports`)."""

    profile: Profile
    host: str = "127.0.0.1"
    port: int = 0


@dataclass(frozen=True, slots=True)
class SmarthostClient:
    """A machine that may hand us mail on the smarthost listener, by network or by client certificate."""

    name: str
    networks: tuple[str, ...] = ()
    """`192.0.2.0/24`, `2001:db8::1`; any one suffices."""
    fingerprints: tuple[str, ...] = ()
    """Hex SHA-256 of the client certificate's DER, colons allowed. The certificate must also chain to the client CA."""
    sans: tuple[str, ...] = ()
    """DNS, mail or IP names in the client certificate's subjectAltName, whole and case-folded."""
    may_send_as: frozenset[str] = frozenset()
    purposes: frozenset[str] = frozenset()
    require_tls: bool = False
    """Take its mail only under TLS, although it is listed by network."""
    null_sender: bool = False
    """Let it send with the null reverse-path (bounces and read receipts of a mail server behind us)."""

    def __post_init__(self) -> None:
        for network in self.networks:
            try:
                ip_network(network, strict=False)
            except ValueError as error:
                raise ConfigError(f"smarthost client {self.name}: '{network}' is not a network") from error

    def at(self, address: str) -> bool:
        """Whether the peer's network address is listed."""
        try:
            peer = ip_address(address.partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(peer, "ipv4_mapped", None)
        return any((mapped or peer) in ip_network(network, strict=False) for network in self.networks)

    def shows(self, fingerprint: str, sans: frozenset[str]) -> bool:
        """Whether a verified client certificate is listed."""
        pins = {pin.replace(":", "").lower() for pin in self.fingerprints}
        return fingerprint in pins or any(name.lower() in sans for name in self.sans)

    def identity(self, how: str) -> Identity:
        """Who this client is for intake."""
        return Identity(self.name, how, self.may_send_as, self.purposes)


@dataclass(frozen=True, slots=True)
class DoorConfig:
    """All that one door process is told."""

    hostname: str
    """Our name in banner, EHLO and for `postmaster`; names no product."""
    listeners: tuple[Listener, ...]
    clients: tuple[SmarthostClient, ...] = ()
    limits: DoorLimits = field(default_factory=DoorLimits)

    def check(self, *, tls: bool) -> None:
        """Raise ConfigError for a door that would have to be unsafe."""
        if not self.listeners:
            raise ConfigError("the SMTP door has no listener")
        if not self.hostname.isascii() or not self.hostname or any(c.isspace() for c in self.hostname):
            raise ConfigError("smtp.hostname must be a host name")
        if not tls and any(one.profile.authenticates for one in self.listeners):
            raise ConfigError("submission listeners need smtp.tls certificate and key: passwords never travel in clear")
