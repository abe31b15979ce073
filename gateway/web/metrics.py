"""Counts of the portal's answers, on the process's registry, which the role shows at `/metrics` on a port of its own."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram


class Metrics:
    """What the portal counts: answers by route template, method and class of status, and their time."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        names = ("route", "method", "status")
        self._answers = Counter("sealgate_portal_answers", "Answers of the portal.", names, registry=self.registry)
        self._seconds = Histogram(
            "sealgate_portal_seconds", "Time to the end of an answer.", ("route",), registry=self.registry
        )

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one answer; `route` is a path's template."""
        self._answers.labels(route, method, f"{status // 100}xx").inc()
        self._seconds.labels(route).observe(seconds)
