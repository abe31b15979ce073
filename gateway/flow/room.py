"""Room in the spool: what is in hand, by the store, and what is on its way in through this process, in all and by sender.

Asked when a mail is announced, when it begins, with each chunk, and last in the transaction that accepts it: so the
bounds hold whatever a client announced, and however many send at once.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass

from gateway.domain.errors import LimitExceeded
from gateway.ports.store import UnitOfWork


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """Bytes in hand, in all and of one sender; recipients times size of one message, in bytes; held mail of one sender."""

    spool_bytes: int
    recipient_bytes: int
    spool_bytes_per_sender: int
    held_per_sender: int

    def fits(self, recipients: int, size: int) -> bool:
        """Whether a message of that size may have so many recipients."""
        return size * recipients <= self.recipient_bytes


@dataclass(frozen=True, slots=True)
class InHand:
    """What the store had when a mail began."""

    total: int
    of_sender: int


class Room:
    """Shared by the acceptances of one process; thread-safe."""

    def __init__(self, limits: IntakeLimits) -> None:
        self.limits = limits
        self._coming: Counter[bytes] = Counter()
        self._total = 0
        self._lock = threading.Lock()

    def admit(self, uow: UnitOfWork, sender: bytes, size: int) -> InHand:
        """LimitExceeded when there is no room for a message of that size (0: unknown) of that sender."""
        if uow.messages.held_count(sender) >= self.limits.held_per_sender:
            raise LimitExceeded(
                "held_per_sender", "too many mails of this sender are held; have them released or refused"
            )
        found = InHand(uow.messages.bytes_in_hand(), uow.messages.bytes_in_hand(sender))
        with self._lock:
            self._check(found.total + self._total, found.of_sender + self._coming[sender], max(1, size))
        return found

    def settled(self, uow: UnitOfWork, sender: bytes, size: int) -> None:
        """The last look, in the accepting transaction: LimitExceeded when others were faster."""
        self._check(uow.messages.bytes_in_hand(), uow.messages.bytes_in_hand(sender), size)

    def take(self, sender: bytes, more: int, before: InHand) -> None:
        """Note bytes that came; LimitExceeded when they are too many."""
        with self._lock:
            self._total += more
            self._coming[sender] += more
            self._check(before.total + self._total, before.of_sender + self._coming[sender], 0)

    def give_back(self, sender: bytes, size: int) -> None:
        """A message has ended, one way or the other."""
        with self._lock:
            self._total -= size
            self._coming[sender] -= size
            if self._coming[sender] <= 0:
                del self._coming[sender]

    def _check(self, total: int, of_sender: int, more: int) -> None:
        if total + more > self.limits.spool_bytes:
            raise LimitExceeded("spool_bytes", "the spool is full")
        if of_sender + more > self.limits.spool_bytes_per_sender:
            raise LimitExceeded(
                "spool_bytes_per_sender", "too much mail of this sender is in hand; wait for it to leave"
            )
