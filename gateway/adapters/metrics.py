"""Metrics for Prometheus: the tables of `gateway/ports/metrics.py` on a registry of their own, shown at /metrics on a port of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import prometheus_client as prometheus
from prometheus_client import CollectorRegistry, Counter, make_wsgi_app

from gateway.domain.errors import ConfigError
from gateway.ports.metrics import COUNTS, GAUGES, LIMITS, Count, Gauge, Limit

_SECONDS = 10.0
"""How long a reader of /metrics may take over one read or write."""


class PrometheusMetrics:
    """Counts of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        one = ("limit",)
        self._allowed = prometheus.Gauge("sealgate_limit", "What is allowed, by limit.", one, registry=self.registry)
        self._use = prometheus.Gauge(
            "sealgate_limit_use", "How much of it is in use, by limit.", one, registry=self.registry
        )
        self._refused = Counter("sealgate_limit_refused", "How often it was met.", one, registry=self.registry)
        for limit in LIMITS:
            self._refused.labels(limit.value)
        self._counts = {what: _counter(what, self.registry) for what in COUNTS}
        self._gauges = dict[Gauge, prometheus.Gauge]()

    def show(self, what: Gauge, value: float) -> None:
        """Set a present value, shown from the first time on."""
        if what not in self._gauges:
            self._gauges[what] = prometheus.Gauge(what.value, GAUGES[what], registry=self.registry)
        self._gauges[what].set(value)

    def allow(self, bounds: Mapping[Limit, float]) -> None:
        """Show the configured limits beside their use."""
        for limit, value in bounds.items():
            self._allowed.labels(limit.value).set(value)

    def refused(self, limit: Limit) -> None:
        """Count one refusal."""
        self._refused.labels(limit.value).inc()

    def level(self, limit: Limit, use: float) -> None:
        """Set the present use."""
        self._use.labels(limit.value).set(use)

    def count(self, what: Count, value: str = "") -> None:
        """Count one event."""
        row, counter = COUNTS[what], self._counts[what]
        if row.label:
            counter = counter.labels(value if value in row.values else "other")
        counter.inc()


def _counter(what: Count, registry: CollectorRegistry) -> Any:
    row = COUNTS[what]
    counter = Counter(what.value, row.help, (row.label,) if row.label else (), registry=registry)
    for value in row.values:
        counter.labels(value)
    return counter


class MetricsServer:
    """Answers GET /metrics until closed; everything else is not found."""

    def __init__(self, host: str, port: int, registry: CollectorRegistry) -> None:
        """ConfigError when the address cannot be had."""
        show = make_wsgi_app(registry)

        def only_metrics(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
            if environ.get("PATH_INFO") != "/metrics":
                start("404 Not Found", [("Content-Type", "text/plain")])
                return [b"not found\n"]
            shown: Iterable[bytes] = show(environ, start)
            return shown

        try:
            self._server = make_server(host, port, only_metrics, _Server, _Handler)
        except OSError as error:
            raise ConfigError(f"metrics: {host}:{port} cannot be listened on ({error.strerror})") from error
        self.port: int = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    block_on_close = False


class _Handler(WSGIRequestHandler):
    timeout = _SECONDS

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing: who reads the metrics is no news."""
