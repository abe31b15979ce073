"""Port: time."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Wall time for records and deadlines, boot time for leases (a clock jump must not steal a lease)."""

    def now(self) -> datetime:
        """The time now, aware, UTC."""
        ...

    def boot(self) -> float:
        """Seconds since boot, suspend included (CLOCK_BOOTTIME); never jumps."""
        ...
