"""What all connections of a door share: how many there are, who guessed passwords lately, and the pool that checks them.

A network address counts as its origin: IPv4 whole, IPv6 by its /64, because one machine has all of that. When the door is
full, room is made at the cost of whoever takes most: the origin with most connections on which nothing was sent yet.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter, OrderedDict, deque
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Protocol

from gateway.domain.envelope import Identity
from gateway.ports.clock import Clock
from gateway.ports.metrics import Limit, Metrics, uncounted
from gateway.smtp.limits import DoorLimits
from gateway.smtp.ports import Users

_REMEMBERED = 10_000
"""Origins and accounts that are remembered, each; the longest unseen go first."""


class Busy(Exception):
    """More password checks wait than the queue takes (454)."""


class Throttled(Exception):
    """Too many wrong passwords for this account lately, and this origin is new to it (454)."""


class Idler(Protocol):
    """A connection on which nothing was sent yet."""

    def displace(self) -> None:
        """Say goodbye: somebody else needs the room."""
        ...


def origin(address: str) -> str:
    """What a network address counts as."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped or ip_network((found, 64), strict=False))
    return str(found)


class Gate:
    """Counters and pools of one door. Used from its event loop only."""

    def __init__(self, limits: DoorLimits, users: Users, clock: Clock, metrics: Metrics = uncounted) -> None:
        self._limits, self._users, self._clock, self._metrics = limits, users, clock, metrics
        self._total = 0
        self._by_origin: Counter[str] = Counter()
        self._idle: dict[str, dict[Idler, None]] = {}
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()
        self._guessed: OrderedDict[str, deque[float]] = OrderedDict()
        self._familiar: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._checking = 0
        self._passwords = ThreadPoolExecutor(limits.password_checks, "smtp-password")
        self.finishers = ThreadPoolExecutor(limits.finish_threads, "smtp-finish")

    def enter(self, address: str, one: Idler) -> str:
        """Count a connection in; the name of the reply when there are too many (`leave` takes it off all the same)."""
        place = origin(address)
        self._total += 1
        self._by_origin[place] += 1
        self._metrics.level(Limit.CONNECTIONS, self._total)
        if self._by_origin[place] > self._limits.connections_per_address:
            return "limit.connections_per_address"
        if self._total > self._limits.connections and not self._made_room(place):
            return "limit.connections"
        self._idle.setdefault(place, {})[one] = None
        return ""

    def _made_room(self, place: str) -> bool:
        """Displace one idler of the origin that has most of them, if it has more than the newcomer's would then have."""
        greatest = max(self._idle, key=lambda one: len(self._idle[one]), default="")
        idlers = self._idle.get(greatest, {})
        if len(idlers) <= self._by_origin[place]:
            return False
        oldest = next(iter(idlers))
        self._forget_idler(greatest, oldest)
        oldest.displace()
        return True

    def proven(self, address: str, one: Idler) -> None:
        """It has sent something good: it is not displaced any more."""
        self._forget_idler(origin(address), one)

    def leave(self, address: str, one: Idler) -> None:
        """Count a connection out."""
        place = origin(address)
        self._forget_idler(place, one)
        self._total -= 1
        self._by_origin[place] -= 1
        if self._by_origin[place] <= 0:
            del self._by_origin[place]
        self._metrics.level(Limit.CONNECTIONS, self._total)

    def _forget_idler(self, place: str, one: Idler) -> None:
        idlers = self._idle.get(place)
        if idlers is not None:
            idlers.pop(one, None)
            if not idlers:
                del self._idle[place]

    def guessed_too_often(self, address: str) -> bool:
        """Whether this origin has used up its wrong passwords."""
        return self._recent(self._failures, origin(address)) >= self._limits.auth_failures_per_address

    async def authenticate(self, address: str, name: str, password: str) -> Identity | None:
        """Check a password in the pool; Busy instead of an endless queue, Throttled without looking. A wrong one counts
        against the origin and against the account, whether there is one of that name or not.
        """
        place, account = origin(address), hashlib.sha256(name.casefold().encode()).hexdigest()
        known = (account, place) in self._familiar
        if not known and self._recent(self._guessed, account) >= self._limits.auth_failures_per_account:
            raise Throttled
        if self._checking >= self._limits.password_checks + self._limits.password_queue:
            raise Busy
        self._check(1)
        try:
            loop = asyncio.get_running_loop()
            identity = await loop.run_in_executor(self._passwords, self._users.authenticate, name, password)
        finally:
            self._check(-1)
        if identity is None:
            self._note(self._failures, place, self._limits.auth_failures_per_address)
            self._note(self._guessed, account, self._limits.auth_failures_per_account)
        else:
            self._familiar[account, place] = None
            self._familiar.move_to_end((account, place))
            _shorten(self._familiar)
        return identity

    def _check(self, more: int) -> None:
        self._checking += more
        self._metrics.level(Limit.PASSWORD_CHECKS, self._checking)

    def _note(self, seen: OrderedDict[str, deque[float]], key: str, most: int) -> None:
        seen.setdefault(key, deque(maxlen=most)).append(self._clock.boot())
        seen.move_to_end(key)
        _shorten(seen)

    def _recent(self, seen: OrderedDict[str, deque[float]], key: str) -> int:
        times = seen.get(key)
        if times is None:
            return 0
        start = self._clock.boot() - self._limits.auth_window_seconds
        while times and times[0] <= start:
            times.popleft()
        if not times:
            del seen[key]
        return len(times)

    def close(self) -> None:
        """End the pools; what runs is finished."""
        self._passwords.shutdown(wait=False, cancel_futures=True)
        self.finishers.shutdown(wait=True)


def _shorten(seen: OrderedDict[str, deque[float]] | OrderedDict[tuple[str, str], None]) -> None:
    if len(seen) > _REMEMBERED:
        seen.popitem(last=False)
