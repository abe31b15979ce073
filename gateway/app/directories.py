"""Builds the key directory of `[keys]`, `[directory.NAME]`, `[trust.NAME]` and `[revocation]`: adapters in their order."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gateway.adapters.keydirectory.answers import read_anchors
from gateway.adapters.keydirectory.fetch import Fetch
from gateway.adapters.keydirectory.resolver import Place, Remembered, Resolver
from gateway.adapters.keydirectory.revocation import RevocationChecks, RevocationLimits
from gateway.adapters.keydirectory.trust import Anchors, Trust
from gateway.app import keyfiles
from gateway.config.directories import DirectorySection
from gateway.config.model import Settings
from gateway.domain.errors import ConfigError
from gateway.domain.protected import Protected
from gateway.ports.keys import KeyDirectory

if TYPE_CHECKING:
    from gateway.adapters.keydirectory.dns import Resolver as DnsResolver
    from gateway.adapters.keydirectory.wkd import JudgeOpenPgp

_DNS_PORTS = {"dns": 53, "tls": 853}


def trust(settings: Settings, random: Callable[[int], bytes]) -> Trust:
    """Anchors by domain, with revocation as configured; ConfigError for a file that cannot be used."""
    file, one = settings.keys.trust, settings.revocation
    anchors = [Anchors(read_anchors(file))] if file is not None else []
    for name, each in settings.trust.items():
        anchors.append(Anchors(read_anchors(each.file, f"trust.{name}.file"), frozenset(each.domains), each.direct))
    if one.mode == "off":
        return Trust(tuple(anchors), ml_kem=settings.seal.ml_kem_preview)
    limits = RevocationLimits(one.timeout.total_seconds(), one.crl_bytes, one.keep)
    checks = RevocationChecks(Fetch(networks=one.networks), random, limits, hard=one.mode == "hard")
    return Trust(tuple(anchors), checks, ml_kem=settings.seal.ml_kem_preview)


def resolver(settings: Settings, local: Mapping[str, KeyDirectory], trusted: Trust, judge: JudgeOpenPgp) -> Resolver:
    """All directories in the order of `[keys] directories`; `local` are those of this installation, where there are any."""
    places = []
    for name in settings.keys.directories:
        section = settings.directory.get(name)
        if section is not None:
            directory = _remote(name, section, trusted, judge)
            places.append(Place(name, directory, section.domains, section.timeout.total_seconds()))
        elif name in local:
            places.append(Place(name, local[name]))
    one = settings.keys
    return Resolver(places, one.lookup.total_seconds(), Remembered(one.remember, one.remember_none))


def weaknesses(settings: Settings) -> Iterator[str]:
    """What `sealgate check` warns of."""
    mode, vouched = settings.revocation.mode, settings.keys.trust is not None or bool(settings.trust)
    if mode != "hard" and vouched:
        yield f'revocation.mode is "{mode}": a revoked certificate may be sealed to while its authority cannot be asked'
    for name, one in settings.directory.items():
        if one.kind in {"ldap", "cert"} and not vouched:
            yield f"directory.{name} finds certificates that no authority vouches for, so none is used; name some in keys.trust"
        if "*" in one.domains:
            yield f'directory.{name} is asked for every recipient ("*"): whoever runs it learns whom the practice writes to'


def _remote(name: str, one: DirectorySection, trusted: Trust, judge: JudgeOpenPgp) -> KeyDirectory:
    # Each kind is imported where one is configured: most installations ask none of them.
    seconds = one.timeout.total_seconds()
    if one.kind == "ldap":
        from gateway.adapters.keydirectory.ldap import LdapDirectory, LdapPlace

        password = (
            Protected(keyfiles.read_private(one.password_file).strip()) if one.password_file is not None else None
        )
        place = LdapPlace.parse(
            one.url or "", starttls=one.starttls, user=one.user, password=password, mail_attribute=one.mail_attribute
        )
        return LdapDirectory(place, trusted, seconds, Fetch(context=_tls(name, one.ca_file)))
    if one.kind == "wkd":
        from gateway.adapters.keydirectory.wkd import WebKeyDirectory

        return WebKeyDirectory(Fetch(networks=one.networks, context=_tls(name, one.ca_file)), judge, seconds)
    import dns.rdatatype

    from gateway.adapters.keydirectory.dns_keys import DnsDirectory

    records = {"cert": dns.rdatatype.CERT, "smimea": dns.rdatatype.SMIMEA, "openpgpkey": dns.rdatatype.OPENPGPKEY}
    return DnsDirectory(_dns(name, one), records[one.kind], trusted, judge, seconds, anchored=one.unsigned)


def _dns(name: str, one: DirectorySection) -> DnsResolver:
    """The resolver of `dns://address[:port]` or `tls://name@address[:port]`."""
    from gateway.adapters.keydirectory.dns import Resolver as DnsResolver

    parts = urlsplit(one.resolver)
    try:
        host, port = str(ipaddress.ip_address(parts.hostname or "")), parts.port or _DNS_PORTS[parts.scheme]
        if (parts.scheme == "tls") is not bool(parts.username):
            raise ValueError
        return DnsResolver(host, port, parts.username or "", _tls(name, one.ca_file) if parts.username else None)
    except (ValueError, KeyError):
        raise ConfigError(f"directory.{name}.resolver: write dns://127.0.0.1:53 or tls://name@address:853") from None
    except ConfigError as error:
        raise ConfigError(f"directory.{name}.resolver: {error}") from None


def _tls(name: str, ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(ca_file) if ca_file is not None else None)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"directory.{name}.ca_file: {ca_file} cannot be used ({error}); name a PEM file") from None
