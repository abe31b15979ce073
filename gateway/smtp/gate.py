"""What all connections of a door share: how many there are, who guessed passwords lately, and the pool that checks them."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor

from gateway.domain.envelope import Identity
from gateway.ports.clock import Clock
from gateway.smtp.limits import DoorLimits
from gateway.smtp.ports import Users

_REMEMBERED = 10_000
"""Addresses with wrong passwords that are remembered; the oldest go first."""


class Busy(Exception):
    """More password checks wait than the queue takes (454)."""


class Gate:
    """Counters and pools of one door. Used from its event loop only."""

    def __init__(self, limits: DoorLimits, users: Users, clock: Clock) -> None:
        self._limits = limits
        self._users = users
        self._clock = clock
        self._total = 0
        self._by_address: Counter[str] = Counter()
        self._failures: dict[str, deque[float]] = {}
        self._checking = 0
        self._passwords = ThreadPoolExecutor(limits.password_checks, "smtp-password")
        self.finishers = ThreadPoolExecutor(limits.finish_threads, "smtp-finish")

    def enter(self, address: str) -> bool:
        """Count a connection in; False when there are too many (it is counted all the same: `leave` takes it off)."""
        self._total += 1
        self._by_address[address] += 1
        return (
            self._total <= self._limits.connections
            and self._by_address[address] <= self._limits.connections_per_address
        )

    def leave(self, address: str) -> None:
        """Count a connection out."""
        self._total -= 1
        self._by_address[address] -= 1
        if self._by_address[address] <= 0:
            del self._by_address[address]

    def guessed_too_often(self, address: str) -> bool:
        """Whether this network address has used up its wrong passwords."""
        times = self._failures.get(address)
        if times is None:
            return False
        start = self._clock.boot() - self._limits.auth_window_seconds
        while times and times[0] <= start:
            times.popleft()
        if not times:
            del self._failures[address]
        return len(times) >= self._limits.auth_failures_per_address

    async def authenticate(self, address: str, name: str, password: str) -> Identity | None:
        """Check a password in the pool; Busy instead of an endless queue. A wrong one counts against the address."""
        if self._checking >= self._limits.password_checks + self._limits.password_queue:
            raise Busy
        self._checking += 1
        try:
            loop = asyncio.get_running_loop()
            identity = await loop.run_in_executor(self._passwords, self._users.authenticate, name, password)
        finally:
            self._checking -= 1
        if identity is None:
            times = self._failures.setdefault(address, deque(maxlen=self._limits.auth_failures_per_address))
            times.append(self._clock.boot())
            if len(self._failures) > _REMEMBERED:
                del self._failures[next(iter(self._failures))]
        return identity

    def close(self) -> None:
        """End the pools; what runs is finished."""
        self._passwords.shutdown(wait=False, cancel_futures=True)
        self.finishers.shutdown(wait=True)
