"""Sections for the doors: SMTP submission and smarthost, inbound mail, and the portal."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from gateway.config.section import Section
from gateway.config.values import AddressOrDomain, Duration, FilePath, HostPort, Listen, Size
from gateway.domain.patient import Purpose


def _network(value: str) -> str:
    ip_network(value, strict=False)
    return value


Network = Annotated[str, AfterValidator(_network)]


class SmtpLimits(Section):
    """`[smtp.limits]`: what one client may cost. `[inbound.limits]` takes the same keys."""

    message_bytes: Size = Field(default=150 * 1024**2, description="Greatest message, announced as SIZE.")
    swallow_bytes: Size = Field(
        default=16 * 1024**2,
        description="How far past a refusal DATA is still read, so that the client sees the reply.",
    )
    recipients: int = Field(default=100, ge=1, description="Recipients of one message; the next gets 452.")
    connections: int = Field(default=500, ge=1, description="Connections in all.")
    connections_per_address: int = Field(default=50, ge=1, description="Connections from one network address.")
    messages_per_connection: int = Field(default=1000, ge=1, description="Messages on one connection, then 421.")
    commands_per_minute: int = Field(default=3000, ge=1, description="Commands a minute on one connection, then 421.")
    errors_per_connection: int = Field(default=20, ge=1, description="Refused commands on one connection, then 421.")
    command_line_bytes: Size = Field(default=4096, ge=512, description="Longest command line.")
    command: Duration = Field(
        default=timedelta(minutes=5), description="Time for one command line (RFC 5321 4.5.3.2.7)."
    )
    greeting: Duration = Field(
        default=timedelta(minutes=1), description="Time without a good MAIL command, TLS and AUTH included."
    )
    handshake: Duration = Field(default=timedelta(seconds=30), description="Time for a TLS handshake.")
    data: Duration = Field(default=timedelta(hours=1), description="Time for one DATA in all.")
    data_grace: Duration = Field(
        default=timedelta(minutes=1), description="How long DATA may be slower than data_bytes_per_second."
    )
    data_bytes_per_second: Size = Field(default=4096, description="The slowest DATA that is served after the grace.")
    auth_tries_per_connection: int = Field(default=3, ge=1, description="Wrong passwords on one connection, then 421.")
    auth_failures_per_address: int = Field(
        default=20, ge=1, description="Wrong passwords from one network address within auth_window, then 454."
    )
    auth_failures_per_account: int = Field(
        default=100,
        ge=1,
        description="Wrong passwords for one account within auth_window, then 454 at addresses that never logged in to it.",
    )
    auth_window: Duration = Field(default=timedelta(minutes=15), description="How long a wrong password counts.")
    password_checks: int = Field(default=2, ge=1, description="Passwords checked in parallel.")
    password_queue: int = Field(default=16, ge=1, description="Password checks that wait; beyond, 454 4.7.0.")
    finish_threads: int = Field(default=8, ge=1, description="Messages made durable in parallel.")
    received_headers: int = Field(default=50, ge=1, description="More Received fields than this are a loop.")
    header_bytes: Size = Field(default=256 * 1024, description="Longest header block.")


class SmarthostClientSection(Section):
    """`[[smtp.clients]]`: a mail server that may hand us mail on a smarthost listener without a password."""

    name: str = Field(min_length=1, description="Its name in the log.")
    networks: tuple[Network, ...] = Field(default=(), description="Its addresses: `192.0.2.0/24`, `2001:db8::1`.")
    fingerprints: tuple[str, ...] = Field(default=(), description="Hex SHA-256 of its client certificates.")
    sans: tuple[str, ...] = Field(default=(), description="Names in its client certificate's subjectAltName.")
    may_send_as: tuple[str, ...] = Field(
        default=(), description="Addresses, and `@domain` entries, that it may send as."
    )
    purposes: tuple[Purpose, ...] = Field(default=(), description="Purposes that its mail may claim.")
    require_tls: bool = Field(default=False, description="Take its mail only under TLS.")
    null_sender: bool = Field(default=False, description="Let it send with the null reverse-path.")

    @model_validator(mode="after")
    def _known_by_something(self) -> Self:
        if not (self.networks or self.fingerprints or self.sans):
            raise ValueError("a client needs networks, fingerprints or sans, or nobody can tell that it is the one")
        return self


class SmtpSection(Section):
    """`[smtp]`: the door for mail clients and for mail servers of the practice."""

    hostname: str = Field(default="", description="Our name in banner and EHLO; empty for the machine's name.")
    submission: tuple[Listen, ...] = Field(default=(), description="Listeners with STARTTLS and AUTH (587).")
    submissions: tuple[Listen, ...] = Field(
        default=(), description="Listeners with TLS from the first byte and AUTH (465)."
    )
    smarthost: tuple[Listen, ...] = Field(default=(), description="Listeners for the clients listed below (25).")
    tls_certificate: FilePath | None = Field(default=None, description="Certificate chain, PEM.")
    tls_key: FilePath | None = Field(default=None, description="Its private key, PEM.")
    client_ca: FilePath | None = Field(
        default=None, description="Authority of client certificates on the smarthost listener, PEM."
    )
    clients: tuple[SmarthostClientSection, ...] = Field(default=(), description="Who may use the smarthost listener.")
    limits: SmtpLimits = Field(default=SmtpLimits(), description="What one client may cost.")

    @model_validator(mode="after")
    def _passwords_need_tls(self) -> Self:
        if (self.submission or self.submissions) and not (self.tls_certificate and self.tls_key):
            raise ValueError("submission listeners need tls_certificate and tls_key: passwords never travel in clear")
        if self.smarthost and not self.clients:
            raise ValueError("a smarthost listener needs [[smtp.clients]], or nobody may use it")
        return self


class InboundSection(Section):
    """`[inbound]`: the door for mail from outside: to the gateway's own addresses (bounces, reports), and to the practice."""

    listen: tuple[Listen, ...] = Field(default=(), description="Listeners (25 outside); none closes this door.")
    domain: str = Field(
        default="", description="Domain of the gateway's own addresses; empty for the portal's host name."
    )
    relayed: tuple[AddressOrDomain, ...] = Field(
        default=(),
        description="The practice's addresses and `@domain` entries whose mail is taken here too: decrypted if it is encrypted to the practice's own keys, marked with what was verified, and handed to `relay.internal` (docs/inbound.md).",
    )
    open_bytes: Size = Field(
        default=64 * 1024**2,
        description="Largest mail that is decrypted, or whose signature is checked; larger ones are passed on as they came, and marked so. A worker's thread needs a few times that in memory.",
    )
    screen: bool = Field(
        default=False,
        description="Look through what was decrypted before it goes inside, by the policy's `[threats]`: what holds mail that goes out holds it too, and so does a virus scan that is required and was not made.",
    )
    harvest: bool = Field(
        default=True,
        description="Keep the certificates of senders whose signature, address and authority are verified, for mail to them; imported ones always count more.",
    )
    tls_certificate: FilePath | None = Field(default=None, description="Certificate chain for STARTTLS, PEM.")
    tls_key: FilePath | None = Field(default=None, description="Its private key, PEM.")
    limits: SmtpLimits = Field(default=SmtpLimits(message_bytes=10 * 1024**2), description="What one client may cost.")


class ReviewSection(Section):
    """`[review]`: the page on which staff read, release and refuse mail in hand. Off by default; best inside the practice only."""

    listen: Listen | None = Field(
        default=None, description="Where the page listens, `10.0.0.5:8444`; none: there is no such page."
    )
    tls_certificate: FilePath | None = Field(default=None, description="Certificate chain, PEM; none only on loopback.")
    tls_key: FilePath | None = Field(default=None, description="Its private key, PEM.")
    session_idle: Duration = Field(
        default=timedelta(minutes=15),
        description="A session ends, and its key with it, after this long without a request (45 CFR 164.312(a)(2)(iii)).",
    )
    session_life: Duration = Field(
        default=timedelta(hours=8), description="A session ends after this long whatever happens."
    )

    @model_validator(mode="after")
    def _passwords_need_tls(self) -> Self:
        if self.listen is not None and not (self.tls_certificate and self.tls_key) and not self.loopback:
            raise ValueError(
                "listen needs tls_certificate and tls_key, but on this machine's own address: passwords never travel in clear"
            )
        return self

    @property
    def loopback(self) -> bool:
        """Whether it listens for this machine alone."""
        return self.listen is not None and self.listen.host in {"localhost", "127.0.0.1", "::1"}


class WebSection(Section):
    """`[web]`: the portal for recipients."""

    listen: Listen = Field(default=HostPort("127.0.0.1", 8443), description="Where the portal listens.")
    tls_certificate: FilePath | None = Field(
        default=None, description="Certificate chain, PEM; none only behind a proxy."
    )
    tls_key: FilePath | None = Field(default=None, description="Its private key, PEM.")
    behind_proxy: tuple[Network, ...] = Field(
        default=(), description="Proxies that end TLS and whose X-Forwarded-For counts."
    )
    metrics: Listen | None = Field(
        default=None, description="Where the portal's /metrics listens; the same as `[metrics] web`."
    )
    session_idle: Duration = Field(
        default=timedelta(minutes=15),
        description="A session ends after this long without a request (45 CFR 164.312(a)(2)(iii)).",
    )
    session_life: Duration = Field(
        default=timedelta(hours=1), description="A session ends after this long whatever happens."
    )
    connections: int = Field(default=500, ge=1, description="Connections in all.")
    streams: int = Field(default=32, ge=1, description="Attachments decrypted and streamed at the same time.")
