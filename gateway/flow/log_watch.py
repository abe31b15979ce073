"""Watching the log from outside: a worker compares the database with the newest head that was kept where the database's
writers cannot reach. A database that is behind it, or tells another history, was put back or changed: nothing is sent, what
waits is HELD, nothing is swept or signed, until a person has looked (`sealgate check`, `sealgate audit verify`).

Whether the database has come as far as the head is asked in every transaction that begins a send. Every row below the head
is hashed again page by page, so a row that was cut or changed together with what it tells of is found while running, not
only by `audit verify`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from gateway.domain.audit import Event, EventKind
from gateway.domain.errors import IntegrityError
from gateway.flow.keys import Sign
from gateway.ports.clock import Clock
from gateway.ports.store import AuditLog, HeadRow, Store, UnitOfWork
from gateway.seal.heads import Kept, Verify
from gateway.seal.log_hash import accepted_input, row_hash
from gateway.seal.merkle import Range, leaf_hash

_PAGE = 2000
"""Rows hashed again in one look."""


class LogWatch:
    """One per worker process. `outside` gives the last line of each place that can be read back. Thread-safe."""

    def __init__(self, store: Store, clock: Clock, outside: Callable[[], Sequence[Kept]], verify: Verify) -> None:
        self._store, self._clock, self._outside, self._verify = store, clock, outside, verify
        self._lock = threading.Lock()
        self._heads: list[HeadRow] = []
        self._walked: tuple[HeadRow, Range] | None = None
        self._proved: set[HeadRow] = set()
        self._alarm = ""

    @property
    def alarm(self) -> str:
        """What is wrong, in a sentence; empty while the database is the one of the heads outside, as far as is known."""
        return self._alarm

    def look(self) -> bool:
        """Read the newest heads and hash some more rows below them; whether all is well. A duty of each worker."""
        with self._lock:
            before = self._alarm
            try:
                self._look()
                while self._alarm and self._walked is not None:
                    self._look()  # an alarm ends only when every row has been hashed again
                self._alarm = ""
            except IntegrityError as error:
                self._alarm = str(error)
                self._walked = None
            if self._alarm and not before:
                with self._store.begin() as uow:
                    data = {"code": IntegrityError.code, "step": "log"}
                    uow.audit.append(Event(EventKind.INTEGRITY, data=data), self._clock.now())
            return not self._alarm

    def look_whole(self) -> str:
        """Hash every row below the newest heads now; returns the alarm, or nothing. For `sealgate check`."""
        while self.look():
            if self._walked is None:
                return ""
        return self._alarm

    def check(self, uow: UnitOfWork) -> None:
        """IntegrityError unless this database is, as far as is known, the one of the newest heads outside."""
        if self._alarm:
            raise IntegrityError(self._alarm)
        size = uow.audit.size()
        for head in self._heads:
            if size < head.size:
                raise IntegrityError(_behind(head, size))

    def sound(self, duty: Callable[[], object]) -> Callable[[], object]:
        """The duty, left out while there is an alarm: what an older database does not know of is not thrown away."""

        def done_if_sound() -> object:
            return None if self._alarm else duty()

        done_if_sound.__qualname__ = getattr(duty, "__qualname__", "duty")
        return done_if_sound

    def _look(self) -> None:
        kept = self._outside()
        if not all(one.holds(self._verify) for one in kept):
            raise IntegrityError("a head outside is not signed by this gateway")
        heads = [one.head for one in kept]
        with self._store.begin() as uow:
            size = uow.audit.size()
            for head in heads:
                if size < head.size:
                    raise IntegrityError(_behind(head, size))
            unproved = [one for one in heads if one not in self._proved and not _recorded(uow.audit, one)]
        for head in unproved:
            self._prove(head)
        self._proved, self._heads = set(heads), heads
        with self._store.begin() as uow:
            self._walk(uow.audit, max(heads, key=lambda one: one.size, default=None))

    def _walk(self, audit: AuditLog, newest: HeadRow | None) -> None:
        """One page of the present round, which ends at the head that was the newest when it began."""
        head, edge = self._walked or (newest, Range())
        if head is None:
            return
        _hash_on(audit, edge, head.size, _PAGE)
        if edge.size < head.size:
            self._walked = (head, edge)
            return
        self._walked = None
        if edge.root() != head.root:
            raise IntegrityError(_other(head))

    def _prove(self, head: HeadRow) -> None:
        """The head's own row is not here (a restore that brought the rows back): the rows themselves must give its root."""
        edge = Range()
        while edge.size < head.size:
            with self._store.begin() as uow:
                _hash_on(uow.audit, edge, head.size, _PAGE)
        if edge.root() != head.root:
            raise IntegrityError(_other(head))


def accept(store: Store, clock: Clock, sign: Sign, publish: Callable[[Kept], None]) -> HeadRow:
    """A person says that the log is the one of this database from now on, though heads outside tell of more (a restore).

    Computes the head over all numbered rows, and publishes it to every place outside. IntegrityError where rows are wrong.
    """
    edge, at = Range(), clock.now()
    with store.begin() as uow:
        size = uow.audit.size()
    while edge.size < size:
        with store.begin() as uow:
            _hash_on(uow.audit, edge, size, _PAGE)
    unsigned = HeadRow(size, edge.root(), at, b"")
    head = HeadRow(size, unsigned.root, at, sign(accepted_input(unsigned)))
    publish(Kept(head, accepted=True))
    return head


def _hash_on(audit: AuditLog, edge: Range, end: int, limit: int) -> None:
    rows = audit.leaves(edge.size, min(limit, end - edge.size))
    if not rows:
        raise IntegrityError("rows of the log are missing; `sealgate audit verify` tells where")
    for row in rows:
        if row.leaf != edge.size or row_hash(row.event, row.number, row.at, row.previous) != row.hash:
            raise IntegrityError("the log was changed; `sealgate audit verify` tells where")
        edge.append(leaf_hash(row.hash))


def _recorded(audit: AuditLog, head: HeadRow) -> bool:
    found = audit.heads(1, head.size + 1)
    return bool(found) and (found[0].size, found[0].root) == (head.size, head.root)


def _behind(head: HeadRow, size: int) -> str:
    return (
        f"the log has {size} rows, a head outside covers {head.size}: an older copy of the database was put back; "
        "nothing is sent until a person has looked"
    )


def _other(head: HeadRow) -> str:
    return (
        f"the first {head.size} rows of the log are not those of a head outside; nothing is sent until a person has looked "
        "(`sealgate audit verify --head`)"
    )
