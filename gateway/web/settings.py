"""What the portal is told at its start."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class WebConfig:
    """Where the portal is and what one client may cost. Times in seconds."""

    portal_url: str
    """As recipients reach it, `https://secure.example.org`."""
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    """Only from these does X-Forwarded-For count."""
    session_idle: int = 900
    """When a letter left open on a screen asks whether its session still lives, and goes if not."""
    session_life: int = 3600
    link_life: int = 3600
    """How long a browser keeps the link's secret."""
    streams: int = 32
    """Letters and attachments decrypted at the same time; more are told to wait."""
    form_bytes: int = 4096
    form_seconds: float = 10.0
    upload_seconds: float = 30.0
    """A client that sends no byte of its upload for so long is dropped."""
    write_seconds: float = 60.0
    """A client that takes no byte of a download for so long is dropped."""

    @property
    def origin(self) -> str:
        """Scheme, host and port, as a browser writes them in Origin."""
        parts = urlsplit(self.portal_url)
        return f"{parts.scheme}://{parts.netloc}".lower()

    @property
    def https(self) -> bool:
        """Whether recipients come by TLS, here or at the proxy."""
        return self.portal_url.startswith("https:")


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """Where the portal listens and what a connection may cost. Times in seconds."""

    host: str
    port: int
    connections: int = 500
    header_bytes: int = 16 * 1024
    header_seconds: float = 10.0
    """From the connection, or the last answer, to the end of the next request's headers."""
    drain_seconds: int = 30
