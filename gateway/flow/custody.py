"""Custody: which holder can open which object. All wraps of data keys are made and opened here.

Holders: `epoch` (mail in hand), `parcel` (a link), `archive` (the practice's offline keys), and, only where the practice
asks for it, `reissue` (an open link's objects, for workers of that epoch). Forgetting goes wrap first, then blob: when the
last wrap is gone the blob is noise, and the sweeper takes it away.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from gateway.domain.envelope import Direction
from gateway.domain.errors import IntegrityError, KeyMissing
from gateway.domain.protected import Protected
from gateway.domain.records import Holder, MessageRow, ObjectRow
from gateway.flow import epochs
from gateway.flow.keys import WorkerKeys
from gateway.ports.store import Store, UnitOfWork
from gateway.ports.vault import Seal, Sealed, Vault
from gateway.seal import link
from gateway.seal.context import context
from gateway.seal.hybrid import SealTo
from gateway.seal.record import IntakeRecord, verify, wrap_hash

_WORKERS = {"epoch", "reissue"}


def wrap_context(installation: str, object_id: str, holder: Holder) -> bytes:
    """What a wrap of an object's data key is bound to: the object, the kind of holder and which one."""
    epoch = holder.id if holder.kind in _WORKERS else ""
    return context(installation, Seal.WRAP, object_id, f"{holder.kind}:{holder.id}", epoch)


def record_context(installation: str, message_id: str, epoch: str) -> bytes:
    """What a sealed intake record is bound to."""
    return context(installation, Seal.RECORD, message_id, "", epoch)


def object_row(sealed: Sealed, message_id: str, at: datetime) -> ObjectRow:
    """The row of a finished object."""
    return ObjectRow(
        sealed.object_id, message_id, sealed.purpose.value, sealed.part, sealed.length, sealed.commitment, at
    )


class Custody:
    """Opens and re-wraps with a worker's keys."""

    def __init__(self, store: Store, vault: Vault, keys: WorkerKeys) -> None:
        self._store, self._vault, self._keys = store, vault, keys

    def record(self, row: MessageRow) -> IntakeRecord:
        """The verified intake record of a message in hand; IntegrityError if anything about it is not as the door signed."""
        installation = self._keys.installation
        with self._store.begin() as uow:
            row = self._present(uow, row)
            stored = uow.objects.get(row.object_id)
            wrap = uow.objects.wrap(row.object_id, Holder("epoch", row.epoch))
        opened = epochs.private(self._keys, row.epoch).open(row.record, record_context(installation, row.id, row.epoch))
        # Each taker of mail has a key of its own: a portal cannot write mail as a clinician, a door no recipient's answer.
        signer = self._keys.answer if row.direction is Direction.ANSWER else self._keys.intake
        record = verify(opened.reveal(), signer, row.id, installation)
        if (record.envelope.direction is Direction.ANSWER) is not (row.direction is Direction.ANSWER):
            raise IntegrityError("a message travels another road than the one that was signed")
        if stored is None or wrap is None or row.object_id != row.id:
            raise IntegrityError("a message's object is not the one that the door signed")
        if (stored.commitment, stored.length, row.size) != (record.commitment, record.length, record.length):
            raise IntegrityError("a message's content is not the one that the door signed")
        if record.epoch == row.epoch and record.wrap_hash != wrap_hash(wrap):
            raise IntegrityError("a message's data key is not the one that the door signed")
        return record

    def content(self, row: MessageRow, record: IntakeRecord) -> Iterator[bytes]:
        """The original mail, in chunks; not whole before the iterator ends (IntegrityError)."""
        with self._store.begin() as uow:
            holder = Holder("epoch", self._present(uow, row).epoch)
            wrap = uow.objects.wrap(row.object_id, holder)
        if wrap is None:
            raise IntegrityError("a message in hand has no wrap any more")
        key = self._open(row.object_id, holder, wrap)
        return self._vault.open(row.object_id, Seal.MAIL, "", key, record.commitment)

    def to_archive(self, uow: UnitOfWork, row: MessageRow) -> bool:
        """Wrap a message's object to every archive key; False where the practice keeps no archive."""
        if not self._keys.archive:
            return False
        holder = Holder("epoch", row.epoch)
        wrap = uow.objects.wrap(row.object_id, holder)
        if wrap is None:
            return False
        key = self._open(row.object_id, holder, wrap)
        for name, public in self._keys.archive:
            to = Holder("archive", name)
            bound = wrap_context(self._keys.installation, row.object_id, to)
            uow.objects.add_wrap(row.object_id, to, public.seal(key.reveal(), bound))
        return True

    def to_parcel(
        self, uow: UnitOfWork, parcel_id: str, kek: Protected[bytes], object_id: str, key: Protected[bytes]
    ) -> None:
        """Wrap an object's key under a parcel's kek."""
        holder = Holder("parcel", parcel_id)
        bound = wrap_context(self._keys.installation, object_id, holder)
        uow.objects.add_wrap(object_id, holder, link.wrap(kek, key, bound))

    def keep(self, uow: UnitOfWork, object_id: str, key: Protected[bytes], epoch: str, public: SealTo) -> None:
        """Keep a worker's own wrap of a parcel's object until the parcel ends (`parcel.reissue`)."""
        holder = Holder("reissue", epoch)
        sealed = public.seal(key.reveal(), wrap_context(self._keys.installation, object_id, holder))
        uow.objects.add_wrap(object_id, holder, sealed)

    def kept(self, uow: UnitOfWork, object_id: str) -> Protected[bytes] | None:
        """The key of a parcel's object that a worker kept; None where it kept none."""
        for holder, wrap in uow.objects.wraps(object_id):
            if holder.kind == "reissue":
                return self._open(object_id, holder, wrap)
        return None

    def rewrap_kept(self, uow: UnitOfWork, object_id: str, old: str, epoch: str, public: SealTo) -> None:
        """Move a kept wrap to another epoch."""
        before, holder = Holder("reissue", old), Holder("reissue", epoch)
        wrap = uow.objects.wrap(object_id, before)
        if wrap is not None:
            sealed = public.seal(
                self._open(object_id, before, wrap).reveal(), wrap_context(self._keys.installation, object_id, holder)
            )
            uow.objects.move_wrap(object_id, before, holder, sealed)

    def rewrap(self, uow: UnitOfWork, row: MessageRow, epoch: str, public: SealTo) -> None:
        """Move a message in hand to another epoch: record and content key. One that was forgotten meanwhile stays so."""
        now = uow.messages.get(row.id, lock=True)
        if now is None or now.epoch == epoch or not now.record:
            return
        row = now
        installation, old, new = self._keys.installation, Holder("epoch", row.epoch), Holder("epoch", epoch)
        opener = epochs.private(self._keys, row.epoch)
        signed = opener.open(row.record, record_context(installation, row.id, row.epoch))
        wrap = uow.objects.wrap(row.object_id, old)
        if wrap is None:
            raise IntegrityError("a message in hand has no wrap any more")
        key = opener.open(wrap, wrap_context(installation, row.object_id, old))
        sealed = public.seal(key.reveal(), wrap_context(installation, row.object_id, new))
        if not uow.objects.move_wrap(row.object_id, old, new, sealed):
            raise IntegrityError("a message in hand has no wrap any more")
        uow.messages.reseal(row.id, epoch, public.seal(signed.reveal(), record_context(installation, row.id, epoch)))

    def forget(self, uow: UnitOfWork, row: MessageRow) -> None:
        """Drop the gateway's own way into a message: its record, every epoch wrap, and what staff were shown of it."""
        objects = [one.id for one in uow.objects.of_message(row.id)]
        uow.objects.drop_kind("epoch", objects)
        uow.objects.drop_kind("session", objects)
        uow.messages.reseal(row.id, "", b"")

    @staticmethod
    def _present(uow: UnitOfWork, row: MessageRow) -> MessageRow:
        """The row as it is now, and until the transaction ends: housekeeping may move the message to another epoch."""
        present = uow.messages.get(row.id, lock=True)
        if present is None or not present.record:
            raise KeyMissing("a message is not in hand any more")
        return present

    def _open(self, object_id: str, holder: Holder, wrap: bytes) -> Protected[bytes]:
        opener = epochs.private(self._keys, holder.id)
        return opener.open(wrap, wrap_context(self._keys.installation, object_id, holder))
