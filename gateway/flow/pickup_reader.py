"""What lies in a parcel, opened with its key: the letter and its attachments.

A stream keeps one piece back until the next is there or the end was proven, so a broken object never looks complete.
It asks about once a second, and before its last piece, whether the parcel still stands: what is revoked while it streams
has no clean end.
A seal that does not hold is withheld and recorded.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.domain.audit import Event, EventKind
from gateway.domain.errors import BlobMissing, IntegrityError, LimitExceeded, PickupRefused
from gateway.domain.protected import Protected
from gateway.domain.records import Holder, ObjectRow, ParcelRow
from gateway.flow.pickup_rules import stand
from gateway.ports.clock import Clock
from gateway.ports.store import Store, UnitOfWork
from gateway.ports.vault import Seal, Vault
from gateway.seal import link
from gateway.seal.context import context
from gateway.seal.parcel import Enclosed, Manifest

_ASK_AGAIN = timedelta(seconds=1)
LETTER_BYTES = 64 * 1024 * 1024
"""A longer letter is not shown; no reader of mail makes one."""


@dataclass(frozen=True, slots=True)
class Held:
    """A parcel with its key, and its manifest still sealed."""

    row: ParcelRow
    kek: Protected[bytes]
    wrap: bytes = field(repr=False)
    manifest: ObjectRow


@dataclass(frozen=True, slots=True)
class Download:
    """One attachment. `chunks` raises before its last piece: IntegrityError when anything is not as sealed,
    PickupRefused when the parcel was closed meanwhile.
    """

    enclosed: Enclosed
    chunks: Iterator[bytes]


class ParcelReader:
    """Opens what a parcel's key opens."""

    def __init__(self, store: Store, vault: Vault, installation: str, clock: Clock) -> None:
        self._store, self._vault, self._installation, self._clock = store, vault, installation, clock

    def held(self, uow: UnitOfWork, row: ParcelRow, kek: Protected[bytes]) -> Held:
        """The parcel, if its manifest is still there; PickupRefused `gone` otherwise."""
        sealed = uow.objects.wrap(row.manifest_id, Holder("parcel", row.id))
        manifest = uow.objects.get(row.manifest_id)
        if sealed is None or manifest is None:
            raise PickupRefused("gone")
        return Held(row, kek, sealed, manifest)

    def fits(self, held: Held) -> bool:
        """Whether the key opens the manifest's wrap."""
        try:
            self._unwrap(held, held.manifest.id, held.wrap)
        except IntegrityError:
            return False
        return True

    def letter(self, held: Held) -> Manifest:
        """The manifest. IntegrityError when it is not as sealed, PickupRefused `gone` when its blob is not there."""
        if held.manifest.length > LETTER_BYTES:
            raise LimitExceeded("letter", f"the letter of parcel {held.row.id} is too long to show")
        with self._watched(held.row, held.manifest.id):
            key = self._unwrap(held, held.manifest.id, held.wrap)
            pieces = self._vault.open(held.manifest.id, Seal.MANIFEST, "", key, held.manifest.commitment)
            return Manifest.decode(b"".join(pieces))

    def attachment(self, held: Held, one: Enclosed) -> Download:
        """One attachment, not yet read; PickupRefused `gone` when its wrap or blob is not there."""
        with self._store.begin() as uow:
            sealed = uow.objects.wrap(one.object_id, Holder("parcel", held.row.id))
        if sealed is None:
            raise PickupRefused("gone")
        with self._watched(held.row, one.object_id):
            key = self._unwrap(held, one.object_id, sealed)
            chunks = self._vault.open(one.object_id, Seal.ATTACHMENT, "", key, bytes.fromhex(one.commitment))
        return Download(one, self._whole(chunks, held.row, one))

    def alarm(self, uow: UnitOfWork, row: ParcelRow, object_id: str) -> None:
        """Record that a seal did not hold."""
        data = {"parcel": row.id, "object": object_id, "where": "pickup"}
        event = Event(EventKind.INTEGRITY, row.message_id, row.delivery_id, "web", data)
        uow.audit.append(event, self._clock.now())

    def _whole(self, chunks: Iterator[bytes], row: ParcelRow, one: Enclosed) -> Iterator[bytes]:
        kept, seen, asked = b"", 0, self._clock.now()
        with self._watched(row, one.object_id):
            for chunk in chunks:
                seen += len(chunk)
                if self._clock.now() - asked >= _ASK_AGAIN:
                    asked = self._still(row)
                if kept:
                    yield kept
                kept = chunk
            if seen != one.size:
                raise IntegrityError(f"attachment {one.object_id} has another length than its manifest says")
        self._still(row)
        if kept:
            yield kept

    def _still(self, row: ParcelRow) -> datetime:
        # Whether it may be shown at all; the versions behind the decision were read under lock when it began.
        now = self._clock.now()
        with self._store.begin() as uow:
            present = uow.parcels.get(row.id)
            if present is None:
                raise PickupRefused("gone")
            stand(uow, present, now)
        return now

    @contextmanager
    def _watched(self, row: ParcelRow, object_id: str) -> Iterator[None]:
        try:
            yield
        except BlobMissing:
            raise PickupRefused("gone") from None
        except IntegrityError:
            with self._store.begin() as uow:
                self.alarm(uow, row, object_id)
            raise

    def _unwrap(self, held: Held, object_id: str, sealed: bytes) -> Protected[bytes]:
        bound = context(self._installation, Seal.WRAP, object_id, f"parcel:{held.row.id}")
        return link.unwrap(held.kek, sealed, bound)
