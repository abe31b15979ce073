"""Waiting for what must come, however much else the machine has to do: a bound against standing still, none on speed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE = 60.0
T = TypeVar("T")


def until(
    what: Callable[[], T | None],
    seconds: float = PATIENCE,
    why: str = "it did not come to that",
    *,
    pause: float = 0.02,
) -> T:
    """Ask until there is an answer."""
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, f"nothing within {seconds} s: {why}"
        time.sleep(pause)
    return found


async def until_so(what: Callable[[], object]) -> None:
    """The same, on an event loop."""
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end, "it did not come to that"
        await asyncio.sleep(0.01)
