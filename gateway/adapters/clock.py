"""The system's clocks, and one that no jump of them moves.

Every deadline of the gateway (a hold, a link, an epoch's keys, a lease, a retry) is read from `SteadyClock`: it goes on
by the clock that nobody can set, and follows the wall clock only while that agrees. A wall clock that jumped is believed
once it has said the same for an hour: whoever sets it right again before has changed nothing.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.ports.clock import Clock

TOLERANCE, PATIENCE = timedelta(minutes=5), timedelta(hours=1)
"""How far the wall clock may be set at a time without a doubt, and how long it must stay where it jumped to be believed."""
AWAY = timedelta(days=30)
"""A machine that was off for longer is doubted too when it comes back."""
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class SystemClock:
    """Wall time in UTC, and boot time with suspend included (CLOCK_BOOTTIME, Linux)."""

    def now(self) -> datetime:
        """The time now, aware, UTC."""
        return datetime.now(UTC)

    def boot(self) -> float:
        """Seconds since boot; no clock change moves it."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)


def this_boot() -> str:
    """What tells this run of the machine from every other; boot times of two runs do not compare."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A moment by both clocks, as it is handed on to the next process."""

    at: datetime
    boot: float
    machine: str

    def __str__(self) -> str:
        return f"{self.at.isoformat()} {self.boot:.3f} {self.machine}"

    @classmethod
    def read(cls, text: str) -> Anchor | None:
        """What `str` wrote; None for anything else."""
        try:
            at, boot, machine = text.split(" ")
            return cls(datetime.fromisoformat(at), float(boot), machine)
        except ValueError:
            return None


class SteadyClock:
    """The port `Clock`; thread-safe. `off` is how far the system's wall clock is away while it is not believed."""

    def __init__(self, system: Clock | None = None, machine: str | None = None) -> None:
        self._system = system or SystemClock()
        self._machine = this_boot() if machine is None else machine
        self._at, self._boot = self._system.now(), self._system.boot()
        self._doubt: tuple[timedelta, float] | None = None
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The time now, aware, UTC; the wall clock's, or where it jumped, what it would be without the jump."""
        wall, boot = self._system.now(), self._system.boot()
        with self._lock:
            ours = self._at + timedelta(seconds=boot - self._boot)
            off = wall - ours
            if abs(off) <= TOLERANCE:
                self._doubt = None
            elif self._doubt is None or abs(off - self._doubt[0]) > TOLERANCE:
                self._doubt = (off, boot)
                return ours
            elif boot - self._doubt[1] < PATIENCE.total_seconds():
                return ours
            self._at, self._boot, self._doubt = wall, boot, None
            return wall

    def boot(self) -> float:
        """Seconds since boot; no clock change moves it."""
        return self._system.boot()

    @property
    def off(self) -> timedelta:
        """How far ahead of this clock the system's is, while that is doubted; otherwise nothing."""
        self.now()
        return self._doubt[0] if self._doubt is not None else timedelta(0)

    def anchor(self) -> Anchor:
        """What it is now by both clocks, for a process that starts later."""
        return Anchor(self.now(), self.boot(), self._machine)

    def remember(self, anchor: Anchor) -> None:
        """Go on from what an earlier process knew: on the same run of the machine exactly; after another start the wall
        clock is believed at once where it is not earlier, nor more than `AWAY` later.
        """
        wall, boot = self._system.now(), self._system.boot()
        if anchor.machine and anchor.machine == self._machine:
            known = anchor.at + timedelta(seconds=boot - anchor.boot)
        elif anchor.at - TOLERANCE <= wall <= anchor.at + AWAY:
            known = wall
        else:
            known = anchor.at
        with self._lock:
            self._at, self._boot, self._doubt = known, boot, None
