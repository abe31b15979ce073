"""Waiting for what must come, however much else the machine has to do: a bound against standing still, none on speed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

PATIENCE = 60.0


def until(what: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait until that is so."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)


async def until_so(what: Callable[[], object]) -> None:
    """The same, on an event loop."""
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end, "it did not come to that"
        await asyncio.sleep(0.01)
