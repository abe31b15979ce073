"""Signals that are always heard, and an end that always comes.

Python runs a signal's handler in the main thread alone, when that thread next comes back to the interpreter. After SIGCONT
the kernel may give SIGTERM to another thread; a main thread that waits for a lock, or for the database, then learns of it
late or never. So the handlers here run in a thread of their own, woken by the byte that the C level writes; they may take
any lock. A role that was told to end is gone after END_SECONDS, whatever its threads do: what they had in hand is as after
a death, another worker's when its lease ends.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import structlog

DRAIN_SECONDS = 30.0
"""How long what is under way at SIGTERM may take to finish."""
END_SECONDS = 38.0
"""From SIGTERM to the end of the process; less than the supervisor's 40 s and the units' TimeoutStopSec=60."""


@contextmanager
def heard(handlers: Mapping[signal.Signals, Callable[[], object]]) -> Iterator[None]:
    """Call a signal's function in a thread, one after the other, whichever thread the kernel chose. In the main thread only."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    before = signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    old = {number: signal.signal(number, _left_to_the_listener) for number in handlers}
    listener = threading.Thread(target=_listen, args=(read, handlers), name="signals", daemon=True)
    listener.start()
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(before)
        os.close(write)
        listener.join(1.0)


def end_in_time(role: str) -> None:
    """From now on this process has END_SECONDS to live; its status is 0 then too, for what is left is not lost."""
    seconds = END_SECONDS

    def end() -> None:
        structlog.get_logger(role).warning("not all ended in time; the rest is taken up again", seconds=seconds)
        at_once()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


def at_once() -> None:
    """End the process with status 0, without waiting for its threads."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _left_to_the_listener(*_: object) -> None:
    return


def _listen(read: int, handlers: Mapping[signal.Signals, Callable[[], object]]) -> None:
    while got := os.read(read, 64):
        for number in got:
            handler = handlers.get(signal.Signals(number))
            if handler is None:
                continue
            try:
                handler()
            except Exception as error:  # noqa: BLE001 - a signal that failed must not make the next one unheard
                structlog.get_logger("signals").error("a signal's work failed", code=type(error).__name__)
    os.close(read)
