"""The bound of every transaction: one that would keep all others waiting is undone, as a whole, and its owner told.

Three hands hold it. Before each statement and the commit the owner itself looks at the clock. SQLite asks within a long
statement, PostgreSQL has its own clock (`engine`). And where the owner does something else meanwhile, SQLite's lock would stay taken:
a thread of the store then rolls back in its place. Whatever comes first, nothing of the transaction is kept, for a commit
is either begun before that (`ended`), or refused.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from math import inf

BOUND = 10.0
"""Seconds after which a transaction is undone. Ours take milliseconds; none that is whole takes more than a second."""
_STEPS = 50_000
"""Instructions of SQLite's machine between two looks at the clock: some milliseconds."""
_TICK = 0.5
_REST = 30.0
"""Seconds without a transaction after which the thread ends."""


class Bound:
    """When one connection's transaction is over, for SQLite's progress handler."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.until = inf
        connection.set_progress_handler(self._over, _STEPS)

    def _over(self) -> int:
        return int(time.monotonic() > self.until)


class Held:
    """One transaction under the bound. `undo` takes it back from another thread."""

    def __init__(self, until: float, undo: Callable[[], None]) -> None:
        self.until, self._undo = until, undo
        self._using = threading.Lock()
        self.over = self._ended = False

    @contextmanager
    def statement(self) -> Iterator[bool]:
        """Around each use of the connection; yields whether the transaction still lives."""
        with self._using:
            self.over = self.over or time.monotonic() > self.until
            yield not self.over

    def ended(self) -> bool:
        """Its owner is done with it, and commits or rolls back now, alone; whether it may still commit."""
        with self._using:
            self.over = self.over or time.monotonic() > self.until
            self._ended = True
            return not self.over

    def end(self) -> None:
        """Undo it if its time is over and its owner is not just using the connection (then SQLite interrupts the statement)."""
        if time.monotonic() <= self.until or not self._using.acquire(blocking=False):
            return
        try:
            if not self._ended:
                self.over = self._ended = True
                self._undo()
        finally:
            self._using.release()


class Watchman:
    """Looks after the transaction that a store's threads have open: on SQLite one at a time. Its thread runs only while used."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._held: Held | None = None
        self._last = 0.0

    @contextmanager
    def over(self, held: Held) -> Iterator[None]:
        """Watch this one until the context ends."""
        with self._lock:
            self._held, self._last = held, time.monotonic()
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._watch, name="store-bound", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                if self._held is held:
                    self._held = None

    def _watch(self) -> None:
        while True:
            time.sleep(_TICK)
            with self._lock:
                held = self._held
                if held is None and time.monotonic() - self._last > _REST:
                    self._thread = None
                    return
            if held is not None:
                with suppress(Exception):  # a connection that is broken has undone it already
                    held.end()
