"""What a relay is told beside its URL, and how its URL is read."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from gateway.adapters.relay.names import Resolve
from gateway.domain.errors import ConfigError
from gateway.domain.protected import Protected


def random_id() -> str:
    """Sixteen random hexadecimal digits: names a captured mail that carries no id."""
    return secrets.token_hex(8)


@dataclass(frozen=True, slots=True)
class RelayOptions:
    """Limits and time-outs of a relay; times in seconds. The worker's lease must outlive their sum."""

    hostname: str = "localhost"
    """Our name in EHLO."""
    connections: int = 8
    """Connections at once to one hop."""
    idle_seconds: float = 60.0
    """How long a kept connection may be idle before it is closed."""
    trusted_idle_seconds: float = 5.0
    """Idle longer than this, a kept connection is asked with NOOP before mail is given to it."""
    messages_per_connection: int = 200
    """Messages on one connection before a fresh one."""
    resolve: Resolve = field(default=socket.getaddrinfo, repr=False)
    """Looks the hop's name up."""
    resolve_seconds: float = 10.0
    """For the name's address; part of `connect_seconds`."""
    connect_seconds: float = 30.0
    """For the connection, its greeting, and the TLS handshake, each."""
    command_seconds: float = 120.0
    """For the reply to a command (RFC 5321 4.5.3.2 says 300 for MAIL and RCPT)."""
    chunk_seconds: float = 120.0
    """For the peer to take one chunk of the body."""
    final_seconds: float = 300.0
    """For the reply to the final dot (RFC 5321 4.5.3.2.6 says 600)."""
    wait_seconds: float = 60.0
    """For a free connection when all are busy."""
    new_id: Callable[[], str] = field(default=random_id, repr=False)


@dataclass(frozen=True, slots=True)
class Hop:
    """The next hop as its URL says. `tls` is `starttls`, `implicit` or empty for clear text to this machine."""

    host: str
    port: int
    tls: str
    ca: Path | None = None
    user: str = ""
    password: Protected[str] | None = None


_SCHEMES = {"smtp+starttls": ("starttls", 587), "smtps": ("implicit", 465), "smtp": ("", 25)}


def read_hop(url: str) -> Hop:
    """Read `smtp+starttls://host:587?ca=FILE&user=NAME&password_file=FILE`; ConfigError says what is wrong.

    Clear text is for this machine only: `smtp://` takes loopback hosts and nothing else.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigError(f"relay: '{url.split('?', maxsplit=1)[0]}' is not a URL") from error
    if parts.scheme not in _SCHEMES:
        raise ConfigError(f"relay: unknown scheme '{parts.scheme}'; known: {', '.join(_SCHEMES)}")
    tls, usual = _SCHEMES[parts.scheme]
    host = parts.hostname or ""
    if not host or parts.path not in {"", "/"} or parts.username is not None:
        raise ConfigError(
            f"relay: {parts.scheme} needs the form {parts.scheme}://host:port (user and password go in ?user= and ?password_file=)"
        )
    if not tls and not _is_loopback(host):
        raise ConfigError("relay: smtp:// is clear text and only for this machine; use smtp+starttls:// or smtps://")
    query = _query(parts.query)
    user, password_file = query.get("user", ""), query.get("password_file", "")
    if bool(user) != bool(password_file):
        raise ConfigError("relay: user and password_file belong together")
    return Hop(
        host,
        port or usual,
        tls,
        Path(query["ca"]) if "ca" in query else None,
        user,
        _read_password(Path(password_file)) if password_file else None,
    )


def _query(text: str) -> dict[str, str]:
    known = {"ca", "user", "password_file"}
    given = parse_qs(text, keep_blank_values=True)
    for name, values in given.items():
        if name not in known:
            raise ConfigError(f"relay: unknown parameter '{name}'; known: {', '.join(sorted(known))}")
        if len(values) != 1 or not values[0]:
            raise ConfigError(f"relay: parameter '{name}' needs one value")
    return {name: values[0] for name, values in given.items()}


def _read_password(path: Path) -> Protected[str]:
    try:
        return Protected(path.read_text(encoding="utf-8").rstrip("\r\n"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"relay: cannot read password_file {path}") from error


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
