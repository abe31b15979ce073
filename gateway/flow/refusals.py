"""What the door refused to senders who proved who they are: rows of the log, so many a sender and hour and no more.

What strangers are refused is counted (`ports.metrics`), never written: nobody without proof of identity makes the log grow.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from gateway.domain.audit import Event, EventKind, Scalar
from gateway.domain.envelope import Identity
from gateway.domain.errors import SealgateError
from gateway.ports.clock import Clock
from gateway.ports.store import Store

PER_HOUR = 20
"""Rows of one sender within an hour, at one door; the last of them says that more are not written."""
_SENDERS = 10_000
_HOUR = timedelta(hours=1)


class Refusals:
    """One per door process. `note` is cheap and never raises; rows are written by `later`, in a thread of its own."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        tag: Callable[[Identity], bytes],
        later: Callable[[Callable[[], None]], object],
    ) -> None:
        self._store, self._clock, self._tag, self._later = store, clock, tag, later
        self._lock = threading.Lock()
        self._written: dict[bytes, tuple[datetime, int]] = {}

    def note(self, identity: Identity, code: str) -> None:
        """Have a row written, unless this sender has had enough of them within the hour."""
        at, tag = self._clock.now(), self._tag(identity)
        with self._lock:
            began, count = self._written.get(tag, (at, 0))
            if not timedelta(0) <= at - began < _HOUR:
                began, count = at, 0
            if count >= PER_HOUR:
                return
            if len(self._written) >= _SENDERS and tag not in self._written:
                self._written = {one: seen for one, seen in self._written.items() if at - seen[0] < _HOUR}
                if len(self._written) >= _SENDERS:
                    return
            self._written[tag] = (began, count + 1)
        data: dict[str, Scalar] = {"code": code, "sender": tag.hex(), "last_of_hour": count + 1 == PER_HOUR}
        event = Event(EventKind.REFUSED_AT_DOOR, actor=identity.how, data=data)
        self._later(lambda: self._write(event, at))

    def _write(self, event: Event, at: datetime) -> None:
        try:
            with self._store.begin() as uow:
                uow.audit.append(event, at)
        except SealgateError as error:
            structlog.get_logger("smtp").warning("a refusal is not in the log", code=error.code)
