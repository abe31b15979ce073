"""Certificates in an LDAP directory: RFC 4523 userCertificate;binary, and userSMIMECertificate (RFC 2798 2.8).

A client of its own for the three operations that this takes (RFC 4511: bind, StartTLS, search): the libraries have no
deadline over a whole exchange and no bound on an answer, and a server on the network gets both here. One search by mail
address; referrals are never followed. What is found needs a chain to an anchor, whoever runs the directory.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import unquote, urlsplit

from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from gateway.adapters.keydirectory.ber import (
    BOOLEAN,
    ENUMERATED,
    INTEGER,
    OCTETS,
    SEQUENCE,
    SET,
    BadBer,
    fields,
    header,
    integer,
    tlv,
    values,
)
from gateway.adapters.keydirectory.dns_keys import judge_der
from gateway.adapters.keydirectory.fetch import Deadline, Fetch, FetchFailed
from gateway.adapters.keydirectory.trust import Trust
from gateway.domain.address import Address
from gateway.domain.errors import ConfigError
from gateway.domain.protected import Protected
from gateway.ports.keys import KeyAnswer, KeyKind, KeyState

_ATTRIBUTES = ("userCertificate;binary", "userCertificate", "userSMIMECertificate;binary", "userSMIMECertificate")
_ENTRIES = 10
_BYTES = 1024 * 1024
_PORTS = {"ldap": 389, "ldaps": 636}
_BOUND, _ENTRY, _REFERENCE, _DONE, _EXTENDED = 0x61, 0x64, 0x73, 0x65, 0x78
_BIND, _UNBIND, _SEARCH, _EXTEND = 0x60, 0x42, 0x63, 0x77
_START_TLS = b"1.3.6.1.4.1.1466.20037"


@dataclass(frozen=True, slots=True)
class LdapPlace:
    """Where to search, and as whom; no user binds as nobody."""

    host: str
    port: int
    base: str
    tls: bool
    starttls: bool = False
    user: str = ""
    password: Protected[bytes] | None = None
    mail_attribute: str = "mail"

    @classmethod
    def parse(
        cls,
        url: str,
        *,
        starttls: bool = False,
        user: str = "",
        password: Protected[bytes] | None = None,
        mail_attribute: str = "mail",
    ) -> LdapPlace:
        """`ldaps://host[:port]/base` (RFC 4516, without its further parts); ConfigError for another."""
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname or parts.query:
            raise ConfigError("an LDAP directory is named as ldaps://host/dc=example,dc=org")
        port, base = parts.port or _PORTS[parts.scheme], unquote(parts.path.lstrip("/"))
        return cls(parts.hostname, port, base, parts.scheme == "ldaps", starttls, user, password, mail_attribute)


@dataclass(frozen=True, slots=True)
class LdapDirectory:
    """Asks one LDAP server. Thread-safe: a question has a connection of its own."""

    place: LdapPlace
    trust: Trust
    seconds: float
    connect: Fetch = field(default_factory=Fetch)
    """How a connection is made; its context verifies the server."""

    def find(self, address: Address, at: datetime, kind: KeyKind = KeyKind.SMIME) -> KeyAnswer:
        """The best certificate of the entries with that address."""
        if kind is KeyKind.OPENPGP:
            return KeyAnswer(KeyState.NONE)
        try:
            given = self._search(str(address), Deadline(self.seconds))
        except TimeoutError:
            return KeyAnswer(KeyState.UNREACHABLE, reason="the LDAP directory did not answer in time")
        except _Refused as error:
            return KeyAnswer(KeyState.UNREACHABLE, reason=f"the LDAP directory {error}")
        except (OSError, ValueError, FetchFailed):
            return KeyAnswer(KeyState.UNREACHABLE, reason="the LDAP directory cannot be reached")
        return judge_der(self.trust, given, address, at, kind)

    def _search(self, text: str, deadline: Deadline) -> list[bytes]:
        one = self.place
        link = _Link(self.connect.open(one.host, one.port, deadline, tls=one.tls), deadline)
        try:
            if one.starttls:
                link.done(tlv(_EXTEND, tlv(0x80, _START_TLS)), _EXTENDED)
                link.begin_tls(self.connect, one.host)
            secret = one.password.reveal() if one.password is not None else b""
            link.done(tlv(_BIND, integer(3), tlv(OCTETS, one.user.encode()), tlv(0x80, secret)), _BOUND)
            found = list(link.search(one, text))
            link.send(tlv(_UNBIND))
            return found
        finally:
            link.sock.close()


class _Refused(Exception):
    """The server does not do what is asked; the message follows "the LDAP directory"."""


class _Link:
    """One conversation: numbered messages, bounded in bytes and time."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self.sock, self._deadline = sock, deadline
        self._number, self._left, self._buffer = 0, _BYTES, b""

    def send(self, operation: bytes) -> None:
        self._number += 1
        self.sock.settimeout(self._deadline.left())
        self.sock.sendall(tlv(SEQUENCE, integer(self._number), operation))

    def done(self, operation: bytes, answer: int) -> None:
        """Send, and read the one answer, which must be a success."""
        self.send(operation)
        tag, content = self._message()
        _check(tag == answer, content)

    def begin_tls(self, connect: Fetch, host: str) -> None:
        """TLS from here on; what came before it in the same breath was put in by somebody between."""
        if self._buffer:
            raise BadBer("data before TLS")
        self.sock = connect.secure(self.sock, host, self._deadline)

    def search(self, place: LdapPlace, text: str) -> Iterator[bytes]:
        """The certificates of every entry whose mail attribute is that address."""
        match = tlv(0xA3, tlv(OCTETS, place.mail_attribute.encode()), tlv(OCTETS, text.encode()))
        wanted = tlv(SEQUENCE, *(tlv(OCTETS, name.encode()) for name in _ATTRIBUTES))
        whole_tree, never_aliases = integer(2, ENUMERATED), integer(0, ENUMERATED)
        limits = (integer(_ENTRIES), integer(max(1, int(self._deadline.left()))), tlv(BOOLEAN, b"\0"))
        self.send(tlv(_SEARCH, tlv(OCTETS, place.base.encode()), whole_tree, never_aliases, *limits, match, wanted))
        while True:
            tag, content = self._message()
            if tag == _ENTRY:
                yield from _certificates(content)
            elif tag != _REFERENCE:
                _check(tag == _DONE, content)
                return

    def _message(self) -> tuple[int, bytes]:
        """Tag and content of the next operation, which must answer the last message."""
        while (found := header(self._buffer)) is None or len(self._buffer) < found[1] + found[2]:
            if found is not None and found[2] > _BYTES:
                raise _Refused("gives an answer that is too large")
            self._fill()
        end = found[1] + found[2]
        content, self._buffer = self._buffer[found[1] : end], self._buffer[end:]
        parts = list(values(content))
        if found[0] != SEQUENCE or len(parts) < 2 or parts[0] != (INTEGER, integer(self._number)[2:]):
            raise BadBer("it is no answer to the question")
        return parts[1]

    def _fill(self) -> None:
        self.sock.settimeout(self._deadline.left())
        data = self.sock.recv(64 * 1024)
        self._left -= len(data)
        if not data:
            raise ConnectionError("the server has hung up")
        if self._left < 0:
            raise _Refused("gives an answer that is too large")
        self._buffer += data


def _check(expected: bool, content: bytes) -> None:
    """RFC 4511 4.1.9: only success is one."""
    if not expected:
        raise BadBer("another operation was due")
    code = int.from_bytes(fields(content, ENUMERATED)[0], "big")
    if code:
        raise _Refused(f"refuses to answer (result {code})")


def _certificates(entry: bytes) -> Iterator[bytes]:
    """Those of one SearchResultEntry, in DER."""
    _, attributes = fields(entry, OCTETS, SEQUENCE)
    for _, attribute in values(attributes):
        name, given = fields(attribute, OCTETS, SET)
        kind = name.lower().partition(b";")[0]
        for _, value in values(given):
            if kind == b"usercertificate":
                yield value
            elif kind == b"usersmimecertificate":
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
