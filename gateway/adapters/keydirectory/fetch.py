"""One bounded HTTP exchange with a host that nobody vouches for: a WKD server, a CRL's place, an OCSP responder.

One deadline covers name look-up, connecting, TLS and every byte, so a server that trickles gains nothing; the body has a
size; redirects are never followed; addresses of loopback, link-local and private networks are refused unless the
installation names their network. The connection goes to the very address that was checked (no second look-up).
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from typing_extensions import Buffer

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], Sequence[str]]
_CHUNK = 64 * 1024
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class FetchFailed(Exception):
    """There is no body to use; the message is a clause for people, without the URL."""


class NoSuchHost(FetchFailed):
    """The name does not exist, which is an answer and not a failure."""


class NotThere(FetchFailed):
    """The server says that it has no such thing (404, 410): an answer too."""


class Deadline:
    """A moment of the boot clock; `left` raises TimeoutError when it is past."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds that are left, more than zero."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time is over")
        return left


def system_resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a host by the system's resolver; NoSuchHost if there are none, OSError when nobody answers."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno in {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}:
            raise NoSuchHost("the host does not exist") from None
        raise
    return list(dict.fromkeys(str(one[4][0]) for one in found))


@cache
def _system_context() -> ssl.SSLContext:
    """The system's authorities, read once."""
    return ssl.create_default_context()


@dataclass(frozen=True, slots=True)
class Fetch:
    """How to fetch, for all of a directory's exchanges."""

    resolve: Resolve = system_resolve
    networks: tuple[Network, ...] = ()
    """Networks that are not public and may be asked all the same."""
    context: ssl.SSLContext = field(default_factory=_system_context)
    ports: frozenset[int] = frozenset({80, 443})
    """Ports that may be asked at public addresses."""

    def __post_init__(self) -> None:
        self.context.sslsocket_class = _TlsSocket

    def __call__(self, url: str, deadline: Deadline, limit: int, *, body: bytes | None = None, kind: str = "") -> bytes:
        """The body of a 200 answer of at most `limit` bytes; `body` makes it a POST of media type `kind`.

        Raises FetchFailed; NoSuchHost where the name does not exist, NotThere for a 404.
        """
        scheme, host, port, target = _parts(url)
        headers = {"Host": urlsplit(url).netloc, "User-Agent": "Sealgate", "Accept": "*/*", "Connection": "close"}
        headers |= {"Content-Type": kind} if kind else {}
        try:
            connection = self._connect(scheme, host, port, deadline)
            try:
                connection.request("GET" if body is None else "POST", target, body, headers)
                return _body(connection.getresponse(), limit)
            finally:
                connection.close()
        except TimeoutError:
            raise FetchFailed("the server did not answer in time") from None
        except ssl.SSLCertVerificationError:
            raise FetchFailed("the server's TLS certificate does not hold") from None
        except (OSError, http.client.HTTPException, ValueError):
            raise FetchFailed("the server cannot be reached") from None

    def _connect(self, scheme: str, host: str, port: int, deadline: Deadline) -> http.client.HTTPConnection:
        deadline.left()  # whoever asks many places one after the other asks no further name when the time is over
        addresses = [one for one in self.resolve(host, port) if self._allowed(one, port)]
        if not addresses:
            raise FetchFailed("the host has no address that may be asked")
        connection = http.client.HTTPConnection(host, port)
        plain = _connected(addresses, port, deadline)
        connection.sock = self.secure(plain, host, deadline) if scheme == "https" else plain
        return connection

    def open(self, host: str, port: int, deadline: Deadline, *, tls: bool) -> socket.socket:
        """A connection to a server that the installation names itself, wherever it is; OSError when there is none."""
        plain = _connected(self.resolve(host, port), port, deadline)
        return self.secure(plain, host, deadline) if tls else plain

    def secure(self, plain: socket.socket, host: str, deadline: Deadline) -> ssl.SSLSocket:
        """TLS on a connection, the server's name checked; closes it when that fails."""
        try:
            plain.settimeout(deadline.left())  # a handshake in all, not each of its reads
            secured = self.context.wrap_socket(plain, server_hostname=host)
        except BaseException:
            plain.close()
            raise
        assert isinstance(secured, _TlsSocket)
        secured.deadline = deadline
        return secured

    def _allowed(self, address: str, port: int) -> bool:
        one = _reached(address)
        if any(one.version == network.version and one in network for network in self.networks):
            return True
        public = one.is_global and not (one.is_multicast or one.is_reserved or getattr(one, "is_site_local", False))
        return public and port in self.ports


def _reached(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The address that packets to this one end at: of IPv4 within IPv6 (mapped, 6to4, NAT64 of RFC 6052) the inner one."""
    one = ipaddress.ip_address(address.partition("%")[0])
    if one.version == 4:
        return one
    if one in _NAT64:
        return ipaddress.IPv4Address(int(one) & 0xFFFFFFFF)
    return one.ipv4_mapped or one.sixtofour or one


class _PlainSocket(socket.socket):
    """A socket whose every read ends with the deadline."""

    deadline: Deadline | None = None

    def recv_into(self, buffer: Buffer, nbytes: int = 0, flags: int = 0) -> int:
        if self.deadline is not None:
            self.settimeout(self.deadline.left())
        return super().recv_into(buffer, nbytes, flags)


class _TlsSocket(ssl.SSLSocket):
    """The same within TLS."""

    deadline: Deadline | None = None

    def recv_into(self, buffer: Buffer, nbytes: int | None = None, flags: int = 0) -> int:
        if self.deadline is not None:
            self.settimeout(self.deadline.left())
        return super().recv_into(buffer, nbytes, flags)


def _parts(url: str) -> tuple[str, str, int, str]:
    """Scheme, host, port and target; FetchFailed for what is not plain http or https."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    except (ValueError, KeyError):
        raise FetchFailed("it is no http address") from None
    if not parts.hostname or parts.username is not None or not url.isascii() or any(one <= " " for one in url):
        raise FetchFailed("it is no http address")
    return parts.scheme, parts.hostname, port, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _connected(addresses: Sequence[str], port: int, deadline: Deadline) -> _PlainSocket:
    """The first address that takes a connection; the last one's OSError if none does."""
    trouble: OSError = ConnectionError("no address")
    for address in addresses:
        made = _PlainSocket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        try:
            made.settimeout(deadline.left())
            made.connect((address, port))
        except OSError as error:
            made.close()
            trouble = error
        else:
            made.deadline = deadline
            return made
    raise trouble


def _body(response: http.client.HTTPResponse, limit: int) -> bytes:
    if response.status in {404, 410}:
        raise NotThere("the server has no such key")
    if response.status != 200:
        raise FetchFailed(f"the server answered {response.status}")
    taken = bytearray()
    while chunk := response.read(_CHUNK):
        taken += chunk
        if len(taken) > limit:
            raise FetchFailed("the server's answer is too large")
    if response.length:
        raise FetchFailed("the server's answer was cut off")
    return bytes(taken)
