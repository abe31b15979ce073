"""Folding the log: leaf numbers for new rows, and a signed Merkle head every so many rows or seconds, copied outside.

1 one transaction: take the turn, number new rows, grow the tree's edge, sign and store a head when one is due
2 copy the latest head outside (may happen twice, never before the head is stored)
3 one transaction: note it as copied, give the turn back

After 1 an error or a death leaves a stored head that the next call copies.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from gateway.domain.errors import IntegrityError
from gateway.ports.clock import Clock
from gateway.ports.store import HeadRow, Store, UnitOfWork
from gateway.seal.log_hash import head_input
from gateway.seal.merkle import Range, leaf_hash

Sign: TypeAlias = Callable[[bytes], bytes]
Publish: TypeAlias = Callable[[HeadRow], None]

_TURN = "fold_lease"
_EDGE = "fold_edge"
_COPIED = "fold_copied"
_TURN_SECONDS = 60
_PAGE = 1000
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class AuditFolder:
    """Folds for the whole installation; several may run, one has the turn."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        sign: Sign,
        publish: Publish,
        every_rows: int = 1000,
        every_seconds: float = 10,
    ) -> None:
        self._store = store
        self._clock = clock
        self._sign = sign
        self._publish = publish
        self._every_rows = every_rows
        self._every = timedelta(seconds=every_seconds)

    def fold_once(self) -> int:
        """Fold up to `every_rows` rows; returns how many. IntegrityError: the log was changed, nothing was signed."""
        turn = ""
        with self._store.begin() as uow:
            turn = self._take_turn(uow)
            if not turn:
                return 0
            fits = _kept(uow) is not None
            if fits:
                folded, head = self._fold(uow)
                uncopied = head is not None and uow.setting(_COPIED) != str(head.size)
        if not fits:
            try:
                turn = self._rebuild(turn)
            finally:
                self._end_turn(turn, None)
            return self.fold_once()
        try:
            if head is not None and uncopied:
                self._publish(head)
        except BaseException:
            self._end_turn(turn, None)
            raise
        self._end_turn(turn, head if uncopied else None)
        return folded

    def _take_turn(self, uow: UnitOfWork) -> str:
        # Writing the row first makes a second folder wait here and then read what the first one wrote.
        uow.set_setting(f"{_TURN}_row", "1")
        now = self._clock.now()
        taken = uow.setting(_TURN)
        until = datetime.fromisoformat(taken.partition(" ")[0]) if taken else _LONG_AGO
        if (
            now < until <= now + timedelta(seconds=2 * _TURN_SECONDS)
        ):  # no turn is longer: it was taken by a wrong clock
            return ""
        number = int(taken.partition(" ")[2] or 0) + 1
        turn = f"{(now + timedelta(seconds=_TURN_SECONDS)).isoformat()} {number}"
        uow.set_setting(_TURN, turn)
        return turn

    def _rebuild(self, turn: str) -> str:
        """Make the tree's edge anew from the rows, page by page, while the turn is kept; returns the turn as it is then."""
        edge = Range()
        while True:
            with self._store.begin() as uow:
                uow.set_setting(f"{_TURN}_row", "1")
                if uow.setting(_TURN) != turn:
                    return turn  # somebody else has it now
                turn = f"{(self._clock.now() + timedelta(seconds=_TURN_SECONDS)).isoformat()} {turn.partition(' ')[2]}"
                uow.set_setting(_TURN, turn)
                rows = uow.audit.leaves(edge.size, _PAGE)
                for row in rows:
                    if row.leaf != edge.size:
                        raise IntegrityError("the log's leaf numbers have a gap; `sealgate audit verify` tells where")
                    edge.append(leaf_hash(row.hash))
                if not rows:
                    _keep(uow, edge)
                    return turn

    def _end_turn(self, turn: str, copied: HeadRow | None) -> None:
        with self._store.begin() as uow:
            uow.set_setting(f"{_TURN}_row", "1")
            if copied is not None:
                uow.set_setting(_COPIED, str(copied.size))
            if uow.setting(_TURN) == turn:
                uow.set_setting(_TURN, f"{_LONG_AGO.isoformat()} {turn.partition(' ')[2]}")

    def _fold(self, uow: UnitOfWork) -> tuple[int, HeadRow | None]:
        latest = next(iter(uow.audit.heads(limit=1)), None)
        edge = _checked(_kept(uow), latest)
        rows = uow.audit.fold(self._every_rows)
        for row in rows:
            if row.leaf != edge.size:
                raise IntegrityError("the log's leaf numbers have a gap; `sealgate audit verify` tells where")
            edge.append(leaf_hash(row.hash))
        if rows:
            _keep(uow, edge)
        if not self._due(edge.size, latest):
            return len(rows), latest
        unsigned = HeadRow(edge.size, edge.root(), self._clock.now(), b"")
        head = HeadRow(unsigned.size, unsigned.root, unsigned.at, self._sign(head_input(unsigned)))
        uow.audit.add_head(head)
        return len(rows), head

    def _due(self, size: int, latest: HeadRow | None) -> bool:
        covered = 0 if latest is None else latest.size
        if size <= covered:
            return False
        waited = self._clock.now() - (_LONG_AGO if latest is None else latest.at)
        # A head from ahead of us was signed while the clock was wrong: it must not keep the next from being signed.
        return size - covered >= self._every_rows or not timedelta(0) <= waited < self._every


def _kept(uow: UnitOfWork) -> Range | None:
    """The kept edge, which saves reading old leaves; None where it is not of the log's rows and must be made anew."""
    kept = uow.setting(_EDGE)
    edge = _read(kept) if kept else Range()
    return None if edge is None or edge.size != uow.audit.size() else edge


def _keep(uow: UnitOfWork, edge: Range) -> None:
    uow.set_setting(_EDGE, json.dumps({"size": edge.size, "peaks": [peak.hex() for peak in edge.peaks]}))


def _checked(edge: Range | None, latest: HeadRow | None) -> Range:
    # It is believed only as far as it agrees with the log and its last head.
    signed = 0 if latest is None else latest.size
    if edge is None or edge.size < signed or (latest and edge.size == signed and edge.root() != latest.root):
        raise IntegrityError("the log is not what its last head says; `sealgate audit verify` tells where")
    return edge


def _read(text: str) -> Range | None:
    try:
        read = json.loads(text)
        return Range(int(read["size"]), [bytes.fromhex(peak) for peak in read["peaks"]])
    except (ValueError, KeyError, TypeError):
        return None
