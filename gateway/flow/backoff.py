"""When to try again: a pure function of what was tried."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta


def next_try(
    waits: Sequence[timedelta], tries: int, now: datetime, first: datetime, give_up: timedelta
) -> datetime | None:
    """The time of the next attempt after `tries` of them; None when it would be past the time to give up."""
    wait = waits[min(max(tries, 1), len(waits)) - 1]
    at = now + wait
    return at if at <= first + give_up else None
