"""A clock that tests set, and tokens that come out alike in every run."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from gateway.adapters.tokens import spell

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class FakeClock:
    """Stands still until a test moves it. `advance` moves wall and boot time; `jump` only the wall clock."""

    def __init__(self, now: datetime = START, boot: float = 1000.0) -> None:
        self._now = now
        self._boot = boot

    def now(self) -> datetime:
        return self._now

    def boot(self) -> float:
        return self._boot

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._boot += seconds

    def jump(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)

    def set(self, now: datetime) -> None:
        self._now = now


class SeededTokens:
    """Ids that count up, and bytes and codes from a seed. For tests only: nothing here is secret."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self._count = 0
        self._high = seed << 64

    def id(self) -> str:
        self._count += 1
        return spell(self._high + self._count)

    def secret(self, size: int = 32) -> bytes:
        return self._random.randbytes(size)

    def code(self) -> str:
        return f"{self._random.randrange(10**8):08d}"
