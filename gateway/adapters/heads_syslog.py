"""Signed heads to a log server: one RFC 5424 line a head, by UDP, TCP (RFC 6587 3.4.1) or a local socket.

UDP tells nobody when a line is lost: it is for a server on the same network segment, or beside another copy.
"""

from __future__ import annotations

import os
import socket
from contextlib import closing
from datetime import datetime
from urllib.parse import urlsplit

from gateway.adapters.durable import refusals
from gateway.domain.errors import ConfigError
from gateway.seal.heads import Kept, text

_PRIORITY = 13 * 8 + 5
"""Facility log audit, severity notice (RFC 5424 6.2.1)."""
_SECONDS = 5.0
_PORT = 514


def send(url: str, kept: Kept, at: datetime) -> None:
    """Send one head; StoreUnavailable when the server or socket cannot be reached, ConfigError for another kind of URL."""
    stamp = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    name = socket.gethostname() or "-"
    line = f"<{_PRIORITY}>1 {stamp} {name} sealgate {os.getpid()} audit-head - {text(kept)}".encode()
    parts = urlsplit(url)
    with refusals("a head cannot be sent to syslog"):
        if parts.scheme == "unix" and parts.path:
            with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as one:
                one.settimeout(_SECONDS)
                one.connect(parts.path)
                one.sendall(line)
        elif parts.scheme == "udp" and parts.hostname:
            family, kind, *_, place = socket.getaddrinfo(parts.hostname, parts.port or _PORT, type=socket.SOCK_DGRAM)[0]
            with closing(socket.socket(family, kind)) as one:
                one.sendto(line, place)
        elif parts.scheme == "tcp" and parts.hostname:
            with closing(socket.create_connection((parts.hostname, parts.port or _PORT), _SECONDS)) as one:
                one.sendall(f"{len(line)} ".encode() + line)
        else:
            raise ConfigError("audit.head_syslog: write udp://host:514, tcp://host:601 or unix:///dev/log")
