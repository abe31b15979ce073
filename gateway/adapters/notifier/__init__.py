"""Text messages: a table from URL scheme to the notifier that serves it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from gateway.adapters.notifier.capture import CaptureNotifier
from gateway.adapters.notifier.webhook import WebhookNotifier
from gateway.domain.errors import ConfigError
from gateway.domain.protected import Protected
from gateway.ports.clock import Clock
from gateway.ports.notifier import Notifier
from gateway.ports.tokens import Tokens

_Factory = Callable[[str, Protected[bytes] | None, Clock, Tokens], Notifier]

NOTIFIERS: Mapping[str, _Factory] = MappingProxyType(
    {
        "capture": lambda url, _secret, clock, tokens: CaptureNotifier(url, clock, tokens),
        "https": WebhookNotifier,
    }
)


def choose_notifier(url: str, secret: Protected[bytes] | None, clock: Clock, tokens: Tokens) -> Notifier:
    """The notifier for a URL; ConfigError names the known schemes for an unknown one."""
    scheme, colon, _ = url.partition("://")
    factory = NOTIFIERS.get(scheme.lower()) if colon else None
    if factory is None:
        raise ConfigError(f"notifier: unknown scheme '{scheme if colon else ''}'; known: {', '.join(NOTIFIERS)}")
    return factory(url, secret, clock, tokens)


__all__ = ["NOTIFIERS", "CaptureNotifier", "WebhookNotifier", "choose_notifier"]
