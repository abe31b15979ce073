"""Each role's counts: the configured limits beside their use, and /metrics on a port of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import reduce

from gateway.adapters.metrics import MetricsServer, PrometheusMetrics
from gateway.config.model import Settings
from gateway.ports.metrics import LIMITS, Limit


def bounds(settings: Settings, role: str) -> dict[Limit, float]:
    """The value of each limit's first setting, durations in seconds; the inbound door has its own."""
    return {limit: _number(settings, row.settings[0], role) for limit, row in LIMITS.items()}


def _number(settings: Settings, path: str, role: str) -> float:
    own = path.replace("smtp.", "inbound.") if role == "inbound" else path
    value: object = reduce(getattr, own.split("."), settings)
    if isinstance(value, timedelta):
        return value.total_seconds()
    assert isinstance(value, (int, float))
    return value


@contextmanager
def shown(role: str, settings: Settings, metrics: PrometheusMetrics) -> Iterator[dict[str, list[int]]]:
    """Listen where the configuration says; yields the port for READY, or nothing when the role shows none."""
    metrics.allow(bounds(settings, role))
    place = getattr(settings.metrics, role)
    if role == "web":
        place = place or settings.web.metrics
    if place is None:
        yield {}
        return
    server = MetricsServer(place.host, place.port, metrics.registry)
    try:
        yield {"metrics": [server.port]}
    finally:
        server.close()
