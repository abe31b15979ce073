"""One resolver over all directories: the configured order, times, and what is remembered.

The first valid answer wins unless one before it knows that key to be revoked, else the most telling one; a directory that fails, hangs or raises is `unreachable`, which is
never better than what the others say, and never valid. Directories on the network are asked only for the domains that are
listed for them, in threads of their own so that a caller never waits longer than its time, and their answers are remembered:
a key that served a decision serves its sending too, without another look-up, until it ends (`Remembered`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from cryptography import x509

from gateway.adapters.keydirectory.answers import first_valid
from gateway.adapters.keydirectory.fetch import Deadline
from gateway.adapters.keydirectory.kept import Kept
from gateway.adapters.keydirectory.trust import covers
from gateway.domain.address import Address
from gateway.ports.keys import KeyAnswer, KeyDirectory, KeyKind, KeyState

_THREADS = 16
LATE = "the directory did not answer in time"


@dataclass(frozen=True, slots=True)
class Remembered:
    """For how long an answer of the network counts without being asked again: the bound on how stale a key can be."""

    valid: timedelta = timedelta(hours=1)
    without: timedelta = timedelta(minutes=15)
    """Of `none`, `expired` and `untrusted`."""
    trouble: timedelta = timedelta(minutes=1)
    entries: int = 4096

    def until(self, answer: KeyAnswer, kind: KeyKind, at: datetime) -> datetime:
        """When to ask again; never after the certificate's own end."""
        if answer.state is KeyState.UNREACHABLE:
            return at + self.trouble
        if answer.state is not KeyState.VALID:
            return at + self.without
        if kind is KeyKind.OPENPGP:
            return at + self.valid
        try:
            return min(at + self.valid, x509.load_der_x509_certificate(answer.certificate).not_valid_after_utc)
        except ValueError:
            return at


@dataclass(frozen=True, slots=True)
class Place:
    """A directory in the order. `domains` None: a local one, asked for everybody and at once."""

    name: str
    directory: KeyDirectory
    domains: tuple[str, ...] | None = None
    seconds: float = 5.0


class Resolver:
    """A KeyDirectory made of several. Thread-safe. Not to be asked inside a transaction."""

    def __init__(self, places: Sequence[Place], seconds: float = 15.0, remembered: Remembered | None = None) -> None:
        self._places, self._seconds = tuple(places), seconds
        self._times = remembered or Remembered()
        self._kept: Kept[KeyAnswer] = Kept(self._times.entries)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="key-directory")

    def find(self, address: Address, at: datetime, kind: KeyKind = KeyKind.SMIME) -> KeyAnswer:
        """The best answer of all, in no more than the time for all directories."""
        return first_valid(self._answers(address, at, kind, fresh=False))

    def each(self, address: Address, at: datetime, kind: KeyKind = KeyKind.SMIME) -> list[KeyAnswer]:
        """What each directory says now, in the order, nothing remembered: for people who look for the cause."""
        return list(self._answers(address, at, kind, fresh=True))

    def close(self) -> None:
        """Let go of the threads; those that still wait for a server end with its time."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _answers(self, address: Address, at: datetime, kind: KeyKind, *, fresh: bool) -> Iterator[KeyAnswer]:
        deadline = Deadline(self._seconds)
        for place in self._places:
            if place.domains is None:
                answer = _asked(place.directory, address, at, kind)
            elif not covers(place.domains, address.domain):
                continue
            else:
                answer = self._remote(place, address, at, kind, deadline, fresh=fresh)
            yield replace(answer, source=place.name)

    def _remote(
        self, place: Place, address: Address, at: datetime, kind: KeyKind, deadline: Deadline, *, fresh: bool
    ) -> KeyAnswer:
        name = f"{place.name} {kind} {address}"
        kept = None if fresh else self._kept.get(name, at)
        if kept is not None:
            return kept
        answer = self._in_time(place, address, at, kind, deadline)
        self._kept.put(name, answer, 1, self._times.until(answer, kind, at), since=at)
        return answer

    def _in_time(self, place: Place, address: Address, at: datetime, kind: KeyKind, deadline: Deadline) -> KeyAnswer:
        future: Future[KeyAnswer] | None = None
        try:
            seconds = min(place.seconds, deadline.left())
            future = self._threads.submit(_asked, place.directory, address, at, kind)
            return future.result(seconds)
        except (TimeoutError, FutureTimeout):
            if future is not None:
                future.cancel()
            return KeyAnswer(KeyState.UNREACHABLE, reason=LATE)


def _asked(directory: KeyDirectory, address: Address, at: datetime, kind: KeyKind) -> KeyAnswer:
    try:
        return directory.find(address, at, kind)
    except Exception as error:  # noqa: BLE001 - whatever a directory does, it is no key and no plain send
        structlog.get_logger().warning("key_directory_failed", error=type(error).__name__)
        return KeyAnswer(KeyState.UNREACHABLE, reason="the directory failed")
