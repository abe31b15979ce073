"""Next hops: a table from URL scheme to the relay that serves it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from gateway.adapters.relay.capture import CaptureRelay
from gateway.adapters.relay.options import RelayOptions
from gateway.adapters.relay.smtp import SmtpRelay
from gateway.domain.errors import ConfigError
from gateway.ports.relay import Relay

RELAYS: Mapping[str, Callable[[str, RelayOptions], Relay]] = MappingProxyType(
    {
        "smtp+starttls": SmtpRelay,
        "smtps": SmtpRelay,
        "smtp": SmtpRelay,
        "capture": CaptureRelay,
    }
)


def choose_relay(url: str, options: RelayOptions | None = None) -> Relay:
    """The relay for a URL; ConfigError names the known schemes for an unknown one."""
    scheme, colon, _ = url.partition("://")
    factory = RELAYS.get(scheme.lower()) if colon else None
    if factory is None:
        raise ConfigError(f"relay: unknown scheme '{scheme if colon else ''}'; known: {', '.join(RELAYS)}")
    return factory(url, options or RelayOptions())


__all__ = ["RELAYS", "RelayOptions", "choose_relay"]
