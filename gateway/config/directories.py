"""Sections for recipients' keys on the network: directories, whose authorities count for whom, revocation.

Nothing of this is asked unless it is written down, and then only for the domains that are listed: a look-up tells whoever
runs the directory which address the practice writes to.
"""

from __future__ import annotations

import ipaddress
from datetime import timedelta
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from gateway.config.section import Section
from gateway.config.values import Duration, FilePath, Size, Url
from gateway.domain.address import normal_domain
from gateway.domain.errors import InvalidAddress

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LOCAL_PLACES = ("imported", "folder", "harvested")


def _scope(value: object) -> str:
    text = str(value)
    if text == "*":
        return text
    try:
        return f".{normal_domain(text[1:])}" if text.startswith(".") else normal_domain(text)
    except InvalidAddress as error:
        raise ValueError(f"{error}; a domain is needed, .domain for those below it, or *") from None


def _network(value: object) -> Network:
    return value if isinstance(value, Network) else ipaddress.ip_network(str(value))


DomainScope = Annotated[str, BeforeValidator(_scope)]
IpNetwork = Annotated[Network, BeforeValidator(_network), PlainSerializer(str)]


class DirectorySection(Section):
    """`[directory.NAME]`: a directory of recipients' keys on the network (docs/directories.md)."""

    kind: Literal["ldap", "wkd", "cert", "smimea", "openpgpkey"] = Field(
        description="`ldap`; `wkd`, OpenPGP keys from the domain's web server; DNS records: `cert`, `smimea`, `openpgpkey`."
    )
    domains: tuple[DomainScope, ...] = Field(
        min_length=1,
        description="Recipients' domains that it is asked for: `example.org`, `.example.org` for those below, `*` for all. "
        "Whoever runs the directory learns which address is written to.",
    )
    timeout: Duration = Field(
        default=timedelta(seconds=5),
        ge=timedelta(seconds=1),
        le=timedelta(minutes=1),
        description="Time for one look-up.",
    )
    url: Url | None = Field(
        default=None, description="LDAP: `ldaps://host/dc=example,dc=org`; `ldap://` with `starttls`."
    )
    starttls: bool = Field(default=False, description="LDAP: begin TLS on `ldap://`.")
    user: str = Field(default="", description="LDAP: the DN to bind as; empty binds as nobody.")
    password_file: FilePath | None = Field(default=None, description="LDAP: file with its password.")
    mail_attribute: str = Field(
        default="mail", pattern=r"^[A-Za-z][A-Za-z0-9-]*$", description="LDAP: the attribute that holds the address."
    )
    ca_file: FilePath | None = Field(
        default=None,
        description="Authorities that the server's TLS certificate is checked against; none takes the system's.",
    )
    resolver: Url = Field(
        default="dns://127.0.0.1:53",
        description="DNS: the validating resolver, `dns://` on loopback or `tls://name@address:853` (RFC 7858).",
    )
    unsigned: bool = Field(
        default=False,
        description="`cert` only: take certificates from answers without DNSSEC too; a chain to an authority is asked for as always.",
    )
    networks: tuple[IpNetwork, ...] = Field(
        default=(), description="`wkd`: networks that are not public and may be asked all the same."
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.kind == "ldap") is (self.url is None):
            raise ValueError("url names the server of an ldap directory, and of no other kind")
        if (
            self.url is not None
            and not self.starttls
            and not self.url.startswith("ldaps://")
            and not _loopback(self.url)
        ):
            raise ValueError(
                "url must be ldaps://, or starttls must be on: otherwise everybody between reads whom you write to"
            )
        if self.unsigned and self.kind != "cert":
            raise ValueError("unsigned is for kind cert: what else there is in the DNS is worth nothing without DNSSEC")
        return self


class TrustSection(Section):
    """`[trust.NAME]`: authorities that count for certain recipients' domains, such as a Direct community's."""

    file: FilePath = Field(description="The authorities, PEM.")
    domains: tuple[DomainScope, ...] = Field(
        min_length=1, description="Recipients' domains; for these they count in place of `keys.trust`."
    )
    direct: bool = Field(
        default=False, description="They are a Direct community's: for Direct messages, and for nothing else."
    )


class RevocationSection(Section):
    """`[revocation]`: whether certificates with a chain to an authority have been revoked."""

    mode: Literal["hard", "soft", "off"] = Field(
        default="hard",
        description="`hard`: where lists and responders cannot be reached the key is `unreachable`, and another protected method is "
        "taken; `soft`: the certificate is taken to hold; `off`: nobody is asked.",
    )
    timeout: Duration = Field(
        default=timedelta(seconds=10),
        ge=timedelta(seconds=1),
        le=timedelta(minutes=2),
        description="Time for one chain.",
    )
    crl_bytes: Size = Field(default=16 * 1024**2, description="Greatest revocation list.")
    keep: Duration = Field(
        default=timedelta(hours=1),
        le=timedelta(days=1),
        description="How long an answer counts, at most until its own end.",
    )
    networks: tuple[IpNetwork, ...] = Field(
        default=(),
        description="Networks that are not public and may be asked all the same; a practice's own authority lives there.",
    )


def _loopback(url: str) -> bool:
    try:
        return ipaddress.ip_address(urlsplit(url).hostname or "").is_loopback
    except ValueError:
        return urlsplit(url).hostname == "localhost"
