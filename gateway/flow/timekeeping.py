"""Timekeeping: what the gateway's steady clock knows outlives the process, and what a wrong time left in the queue ends.

Any worker, every round. While the system's clock is doubted the log says so once, and once more when it is over. When a
clock that was a year ahead is set back, jobs and leases of that time would wait for a year: no job may be due later than the
longest wait there is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from gateway.domain.audit import Event, EventKind
from gateway.domain.records import JobKind
from gateway.ports.store import Store

ANCHOR = "clock"
_EVERY = timedelta(minutes=1)
_SLACK = timedelta(hours=1)
_AT_AN_AGE = {JobKind.EXPIRE, JobKind.REMIND, JobKind.REMIND_RECIPIENT}


class Steady(Protocol):
    """A clock that doubts jumps (adapters.clock.SteadyClock)."""

    def now(self) -> datetime: ...  # noqa: D102
    def anchor(self) -> object: ...  # noqa: D102
    @property
    def off(self) -> timedelta: ...  # noqa: D102


@dataclass(slots=True)
class Timekeeping:
    """One worker's share."""

    store: Store
    clock: Steady
    wait: timedelta
    """The longest that a step waits to be tried again."""
    age: timedelta
    """The greatest age of anything in hand: when holds end and people are reminded."""
    lease: timedelta
    _noted: datetime | None = field(default=None)
    _off: timedelta = timedelta(0)

    def keep(self) -> None:
        """Hand the time on, say what is doubted, and pull in what lies too far ahead."""
        off, now = self.clock.off, self.clock.now()
        moved = bool(off) != bool(self._off)
        if self._noted is not None and not moved and timedelta(0) <= now - self._noted < _EVERY:
            return
        with self.store.begin() as uow:
            uow.set_setting(ANCHOR, str(self.clock.anchor()))
            if moved:
                data = {"ahead": round((off or self._off).total_seconds()), "state": "doubted" if off else "over"}
                uow.audit.append(Event(EventKind.CLOCK_JUMPED, data=data), now)
            uow.jobs.pull_in(set(JobKind) - _AT_AN_AGE, now + self.wait + _SLACK, now)
            uow.jobs.pull_in(_AT_AN_AGE, now + self.age + _SLACK, now + self.age)
            uow.jobs.shorten(now + self.lease + _SLACK, now + self.lease)
        self._noted, self._off = now, off
