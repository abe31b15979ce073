"""Measure: how much of the limits that the whole installation shares is in use, for /metrics. A duty of every worker."""

from __future__ import annotations

from gateway.domain.records import JobKind
from gateway.ports.metrics import Limit, Metrics
from gateway.ports.store import Store


class Measure:
    """Looks at the store and sets the levels."""

    def __init__(self, store: Store, metrics: Metrics) -> None:
        self._store, self._metrics = store, metrics

    def look(self) -> None:
        """Set the levels: bytes in the spool, what the sender with most has in hand and held, documents that take long."""
        with self._store.begin() as uow:
            total, (of_sender, held) = uow.messages.bytes_in_hand(), uow.messages.fullest()
            long = uow.jobs.pending().get(JobKind.ASSESS_LONG, 0)
        self._metrics.level(Limit.SPOOL_BYTES, total)
        self._metrics.level(Limit.SPOOL_BYTES_PER_SENDER, of_sender)
        self._metrics.level(Limit.HELD_PER_SENDER, held)
        self._metrics.level(Limit.LONG_INSPECTIONS, long)
