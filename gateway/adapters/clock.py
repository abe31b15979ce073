"""The system's clocks."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class SystemClock:
    """Wall time in UTC, and boot time with suspend included (CLOCK_BOOTTIME, Linux)."""

    def now(self) -> datetime:
        """The time now, aware, UTC."""
        return datetime.now(UTC)

    def boot(self) -> float:
        """Seconds since boot; no clock change moves it."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)
