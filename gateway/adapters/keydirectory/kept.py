"""What is remembered of look-ups, in memory only: with an end for each, and a bound on all."""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import datetime
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """Values with an end, of which only so much is kept; the one used longest ago goes first. Thread-safe."""

    def __init__(self, most: int) -> None:
        self._most, self._held = most, 0
        self._lock = threading.Lock()
        self._entries: OrderedDict[str, tuple[T, int, datetime, datetime]] = OrderedDict()

    def get(self, name: str, at: datetime) -> T | None:
        """What is kept under that name and has not ended (nor begins later: a clock that was set back keeps nothing)."""
        with self._lock:
            found = self._entries.get(name)
            if found is None or not found[2] <= at < found[3]:
                return None
            self._entries.move_to_end(name)
            return found[0]

    def put(self, name: str, value: T, weight: int, until: datetime, since: datetime | None = None) -> None:
        """Keep it until then."""
        with self._lock:
            self._drop(name)
            if weight > self._most:
                return
            self._entries[name] = (value, weight, since or datetime.min.replace(tzinfo=until.tzinfo), until)
            self._held += weight
            while self._held > self._most:
                self._drop(next(iter(self._entries)))

    def _drop(self, name: str) -> None:
        gone = self._entries.pop(name, None)
        self._held -= gone[1] if gone else 0
