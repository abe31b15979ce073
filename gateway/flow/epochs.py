"""Epochs: the keys of mail in hand live for one epoch, and die when nothing live needs them.

1 a worker puts a new private half on the shelf, then the public half, signed, into the calendar (state new)
2 every living worker confirms that it can read the private half
3 when all have, the public half is advertised; the door seals only to an advertised one
4 past its end the epoch is retired, what is still in hand is wrapped again to the present one
5 when no live wrap needs it, the row says destroyed
6 and then the private half is
"""

from __future__ import annotations

from datetime import datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.domain.audit import Event, EventKind
from gateway.domain.errors import IntegrityError, KeyMissing, StoreUnavailable
from gateway.domain.protected import Protected
from gateway.domain.register_rows import EpochRow
from gateway.flow.keys import WorkerKeys
from gateway.ports.checkpoint import Checkpoint, unobserved
from gateway.ports.clock import Clock
from gateway.ports.store import Store, UnitOfWork
from gateway.ports.tokens import Tokens
from gateway.ports.vault import Seal
from gateway.seal import hybrid
from gateway.seal.context import context, framed

NEW, ADVERTISED, RETIRED, DESTROYED = "new", "advertised", "retired", "destroyed"
_SILENT = timedelta(minutes=5)
"""A worker not seen for so long does not count; it confirms when it comes back, before it claims work."""


def _signed(row_id: str, public: bytes, installation: str) -> bytes:
    return framed(context(installation, Seal.EPOCH, row_id), public)


def current(uow: UnitOfWork, calendar: Ed25519PublicKey, installation: str) -> tuple[str, hybrid.SealTo]:
    """The newest advertised epoch and its public key; StoreUnavailable if there is none yet, IntegrityError if forged.

    It is not retired before the transaction ends: whoever then asks whether it is in use sees what was sealed to it here.
    """
    row = None
    while row is None or not uow.epochs.keeps(row.id, ADVERTISED):
        rows = [one for one in uow.epochs.all() if one.state == ADVERTISED]
        if not rows:
            raise StoreUnavailable("no epoch key is advertised yet; a worker makes one when it starts")
        row = max(rows, key=lambda one: (one.created_at, one.id))
    try:
        calendar.verify(row.signature, _signed(row.id, row.public, installation))
    except InvalidSignature as error:
        raise IntegrityError("the calendar's epoch key was not made by a worker") from error
    return row.id, hybrid.SealTo(row.public)


def private(keys: WorkerKeys, epoch: str) -> hybrid.OpenWith:
    """The private half; KeyMissing once it was destroyed."""
    secret = keys.epochs.get(epoch)
    if secret is None:
        raise KeyMissing(f"the key of epoch {epoch} is gone")
    return hybrid.OpenWith(secret)


_AHEAD = timedelta(minutes=10)
"""How far the clocks of two workers may differ."""


class Calendar:
    """One worker's share of turning epochs; `tick` may run at any time, in any number of workers."""

    def __init__(
        self, store: Store, keys: WorkerKeys, clock: Clock, tokens: Tokens, worker: str, length: timedelta,
        reached: Checkpoint = unobserved,
    ) -> None:  # fmt: skip
        self._reached = reached
        self._store, self._keys, self._clock, self._tokens = store, keys, clock, tokens
        self._worker, self._length = worker, length

    def tick(self) -> None:
        """Confirm, advertise, retire, and begin a new epoch when the present one ends."""
        now = self._clock.now()
        with self._store.begin() as uow:
            uow.epochs.seen(self._worker, now)
            rows = uow.epochs.all()
            for row in rows:
                if row.state == NEW:
                    self._confirm(uow, row)
                elif row.state == ADVERTISED and not self._lasts(row, now) and self._has_successor(rows, row, now):
                    uow.epochs.move(row.id, RETIRED)
            due = not any(row.state in {NEW, ADVERTISED} and self._lasts(row, now) for row in rows)
        self._reached("epoch.3")
        if due:
            self._begin()

    def destroy_idle(self) -> list[str]:
        """Destroy the private halves of retired epochs that nothing needs; returns their ids."""
        gone = []
        with self._store.begin() as uow:
            idle = [row for row in uow.epochs.all() if row.state == RETIRED and not uow.epochs.in_use(row.id)]
            for row in idle:
                uow.epochs.move(row.id, DESTROYED)
                uow.audit.append(Event(EventKind.EPOCH_DESTROYED, data={"epoch": row.id}), self._clock.now())
                gone.append(row.id)
        if gone:
            self._reached("epoch.5")
        # The row says destroyed first: whoever still needed the key would have kept it in use.
        with self._store.begin() as uow:
            dead = {row.id for row in uow.epochs.all() if row.state == DESTROYED}
        for name in self._keys.epochs.names():
            if name in dead:
                self._keys.epochs.destroy(name)
        if gone:
            self._reached("epoch.6")
        return gone

    def leave(self) -> None:
        """Sign off, so that the others do not wait for this worker's word."""
        with self._store.begin() as uow:
            uow.epochs.forget_worker(self._worker)

    def _begin(self) -> None:
        secret, public = hybrid.generate()
        name, now = self._tokens.id(), self._clock.now()
        self._keys.epochs.put(name, Protected(secret.reveal()))
        self._reached("epoch.1")
        signature = self._keys.sign(_signed(name, public, self._keys.installation))
        row = EpochRow(name, public, now, now + self._length, signature, NEW)
        with self._store.begin() as uow:
            uow.epochs.add(row)
            uow.audit.append(Event(EventKind.EPOCH_OPENED, data={"epoch": name}), now)
            self._confirm(uow, row)
        self._reached("epoch.2")

    def _confirm(self, uow: UnitOfWork, row: EpochRow) -> None:
        if self._keys.epochs.get(row.id) is None:
            return
        uow.epochs.confirm(row.id, self._worker)
        living = set(uow.epochs.workers(self._clock.now() - _SILENT)) | {self._worker}
        if living <= set(uow.epochs.confirmed(row.id)):
            uow.epochs.move(row.id, ADVERTISED)

    @staticmethod
    def _lasts(row: EpochRow, now: datetime) -> bool:
        # One that begins ahead of us was made by a clock that was wrong: it must not last until its date.
        return row.created_at - _AHEAD <= now < row.ends_at

    def _has_successor(self, rows: list[EpochRow], row: EpochRow, now: datetime) -> bool:
        later = (one for one in rows if one.state == ADVERTISED and one is not row)
        return any(
            one.created_at > row.created_at or (row.created_at - _AHEAD > now and self._lasts(one, now))
            for one in later
        )
