"""Certificates in an LDAP directory: RFC 4523 userCertificate;binary, and userSMIMECertificate (RFC 2798 2.8).

One search by mail address, read only, referrals never followed, size and time bounded. What it finds is judged like every
certificate from a network: a chain to an anchor, whoever runs the directory.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import ldap3
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from ldap3.core.exceptions import LDAPException
from ldap3.utils.conv import escape_filter_chars

from gateway.adapters.keydirectory.dns_keys import judge_der
from gateway.adapters.keydirectory.fetch import Deadline
from gateway.adapters.keydirectory.trust import Trust
from gateway.domain.address import Address
from gateway.domain.errors import ConfigError
from gateway.domain.protected import Protected
from gateway.ports.keys import KeyAnswer, KeyKind, KeyState

_ATTRIBUTES = ("userCertificate;binary", "userCertificate", "userSMIMECertificate;binary", "userSMIMECertificate")
_ENTRIES = 10
_BYTES = 1024 * 1024
_PORTS = {"ldap": 389, "ldaps": 636}


@dataclass(frozen=True, slots=True)
class LdapPlace:
    """Where to search, and as whom."""

    host: str
    port: int
    base: str
    tls: bool
    starttls: bool = False
    user: str = ""
    password: Protected[str] | None = None
    ca_file: str | None = None
    mail_attribute: str = "mail"

    @classmethod
    def parse(cls, url: str, **more: Any) -> LdapPlace:
        """`ldaps://host[:port]/base` (RFC 4516, without its further parts); ConfigError for another."""
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname or parts.query:
            raise ConfigError("an LDAP directory is named as ldaps://host/dc=example,dc=org")
        port = parts.port or _PORTS[parts.scheme]
        return cls(parts.hostname, port, unquote(parts.path.lstrip("/")), parts.scheme == "ldaps", **more)


@dataclass(frozen=True, slots=True)
class LdapDirectory:
    """Asks one LDAP server. Thread-safe: a question has a connection of its own."""

    place: LdapPlace
    trust: Trust
    seconds: float

    def find(self, address: Address, at: datetime, kind: KeyKind = KeyKind.SMIME) -> KeyAnswer:
        """The best certificate of the entries with that address."""
        if kind is KeyKind.OPENPGP:
            return KeyAnswer(KeyState.NONE)
        try:
            given = list(self._search(str(address), Deadline(self.seconds)))
        except _TooMuch:
            return KeyAnswer(KeyState.UNREACHABLE, reason="the LDAP directory's answer is too large")
        except (LDAPException, OSError, ValueError):
            return KeyAnswer(KeyState.UNREACHABLE, reason="the LDAP directory cannot be reached or refuses to answer")
        return judge_der(self.trust, given, address, at, kind)

    def _search(self, text: str, deadline: Deadline) -> Iterator[bytes]:
        connection = self._connected(deadline)
        end = threading.Timer(deadline.left(), _shut, (connection,))
        end.daemon = True
        end.start()
        try:
            if self.place.tls is False and self.place.starttls:
                connection.start_tls()
            connection.bind()
            connection.socket = _Bounded(connection.socket, _BYTES)
            connection.search(
                self.place.base, f"({self.place.mail_attribute}={escape_filter_chars(text)})", ldap3.SUBTREE,
                attributes=list(_ATTRIBUTES), size_limit=_ENTRIES, time_limit=max(1, int(self.seconds)),
            )  # fmt: skip
            for entry in connection.response or ():
                if entry.get("type") == "searchResEntry":
                    yield from _certificates(entry["raw_attributes"])
        finally:
            end.cancel()
            _shut(connection)

    def _connected(self, deadline: Deadline) -> ldap3.Connection:
        one, left = self.place, deadline.left()
        secured = one.tls or one.starttls
        tls = ldap3.Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=one.ca_file) if secured else None
        server = ldap3.Server(one.host, one.port, use_ssl=one.tls, tls=tls, get_info=ldap3.NONE, connect_timeout=left)
        password = one.password.reveal() if one.password is not None else None
        connection = ldap3.Connection(
            server, one.user or None, password, receive_timeout=left, read_only=True, auto_referrals=False,
            raise_exceptions=True, check_names=False,
        )  # fmt: skip
        connection.open(read_server_info=False)
        return connection


class _TooMuch(Exception):
    """More than a person's certificates ever need."""


class _Bounded:
    """A socket that gives only so many bytes."""

    def __init__(self, inner: Any, limit: int) -> None:
        self._inner, self._left = inner, limit

    def recv(self, size: int) -> bytes:
        data: bytes = self._inner.recv(size)
        self._left -= len(data)
        if self._left < 0:
            raise _TooMuch
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def _shut(connection: ldap3.Connection) -> None:
    """End it from any thread: a read that waits ends with an error."""
    try:
        connection.socket.shutdown(2)
        connection.socket.close()
    except (OSError, AttributeError):
        pass


def _certificates(attributes: dict[str, list[bytes]]) -> Iterator[bytes]:
    for name, values in attributes.items():
        kind = name.lower().partition(";")[0]
        for value in values:
            if kind == "usercertificate":
                yield value
            elif kind == "usersmimecertificate":
                yield from _of_pkcs7(value)


def _of_pkcs7(data: bytes) -> Iterator[bytes]:
    """A SignedData that carries certificates; what cannot be read goes on as it is, to be told as unreadable."""
    try:
        found = pkcs7.load_der_pkcs7_certificates(data)
    except (ValueError, TypeError):
        yield data
        return
    for one in found:
        yield one.public_bytes(Encoding.DER)
