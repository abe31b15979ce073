"""Sealed objects, the wraps of their data keys, and link secrets.

Intake and the sweeper both need the same primary key: the sweeper's tombstone is a row of this table, so exactly one
of them wins an object's name.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, delete, exists, select, update

from gateway.adapters.sql.channel import Channel, value_from, values_from, values_of
from gateway.adapters.sql.tables import objects, secrets, wraps
from gateway.domain.errors import PermanentError
from gateway.domain.records import Holder, ObjectRow

_BATCH = 500
"""Ids a statement; SQLite limits how many values one may have."""


_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""What a tombstone bears: it is nobody's object."""


class SqlObjects:
    """The Objects port."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def add(self, row: ObjectRow) -> None:
        """Claim the object's name; PermanentError if it is taken, by an object or by the sweeper."""
        if not self._channel.added(objects, values_of(row) | {"swept": False}, ["id"]):
            raise PermanentError(f"the name of object {row.id} is taken")

    def get(self, object_id: str) -> ObjectRow | None:
        """The object, or None."""
        row = self._channel.one(select(objects).where(objects.c.id == object_id, objects.c.swept.is_(False)))
        return None if row is None else value_from(ObjectRow, row)

    def of_message(self, message_id: str) -> list[ObjectRow]:
        """All objects of a message, oldest first."""
        statement = select(objects).where(objects.c.message_id == message_id, objects.c.swept.is_(False))
        return values_from(ObjectRow, self._channel.all(statement.order_by(objects.c.at, objects.c.id)))

    def add_wrap(self, object_id: str, holder: Holder, sealed: bytes) -> None:
        """Let a holder open the object; replaces the holder's wrap. PermanentError if there is no such object."""
        if self._channel.value(select(objects.c.swept).where(objects.c.id == object_id)) is not False:
            raise PermanentError(f"no object {object_id} to wrap")
        self._channel.put(wraps, {"object_id": object_id, "kind": holder.kind, "holder": holder.id, "sealed": sealed})

    def move_wrap(self, object_id: str, old: Holder, new: Holder, sealed: bytes) -> bool:
        """Replace a holder's wrap by another's, in the same row: whoever is forgetting it meanwhile forgets the new one too."""
        chosen = (wraps.c.object_id == object_id, *_of(old))
        values = {"kind": new.kind, "holder": new.id, "sealed": sealed}
        return bool(self._channel.changed(update(wraps).where(*chosen).values(**values)))

    def wrap(self, object_id: str, holder: Holder) -> bytes | None:
        """The holder's wrap, or None."""
        found = self._channel.value(select(wraps.c.sealed).where(wraps.c.object_id == object_id, *_of(holder)))
        return None if found is None else bytes(found)

    def wraps(self, object_id: str) -> list[tuple[Holder, bytes]]:
        """Everybody who can open the object."""
        statement = select(wraps).where(wraps.c.object_id == object_id).order_by(wraps.c.kind, wraps.c.holder)
        return [(Holder(row["kind"], row["holder"]), bytes(row["sealed"])) for row in self._channel.all(statement)]

    def drop_wraps(self, holder: Holder, object_ids: Sequence[str] | None = None) -> None:
        """Forget the holder's wraps, of all objects or of those named."""
        if object_ids is None:
            self._channel.run(delete(wraps).where(*_of(holder)))
            return
        for batch in _batches(object_ids):
            self._channel.run(delete(wraps).where(*_of(holder), wraps.c.object_id.in_(batch)))

    def drop_kind(self, kind: str, object_ids: Sequence[str]) -> None:
        """Forget every wrap of that kind of holder for those objects."""
        for batch in _batches(object_ids):
            self._channel.run(delete(wraps).where(wraps.c.kind == kind, wraps.c.object_id.in_(batch)))

    def held_by(self, holder: Holder, limit: int = 1000) -> list[str]:
        """Objects that the holder can open."""
        statement = select(wraps.c.object_id).where(*_of(holder)).order_by(wraps.c.object_id).limit(limit)
        return [str(row["object_id"]) for row in self._channel.all(statement)]

    def unwrapped(self, after: str = "", window: int = 2000) -> tuple[list[str], str]:
        """Those of the next so many objects that nobody can open any more, and the last one looked at: empty at the end."""
        looked = select(objects.c.id).where(objects.c.id > after).order_by(objects.c.id).limit(window).subquery()
        last = str(self._channel.value(select(looked.c.id).order_by(looked.c.id.desc()).limit(1)) or "")
        return self._dead(objects.c.id > after, objects.c.id <= last), last

    def unwrapped_of(self, message_id: str) -> list[str]:
        """The message's objects that nobody can open any more."""
        return self._dead(objects.c.message_id == message_id)

    def _dead(self, *chosen: ColumnElement[bool]) -> list[str]:
        lost = (objects.c.swept.is_(False), ~exists().where(wraps.c.object_id == objects.c.id))
        statement = select(objects.c.id).where(*chosen, *lost).order_by(objects.c.id)
        return [str(row["id"]) for row in self._channel.all(statement)]

    def forget(self, object_id: str) -> None:
        """Remove the row of an object whose blob is gone, with any wrap left."""
        self._channel.run(delete(wraps).where(wraps.c.object_id == object_id))
        self._channel.run(delete(objects).where(objects.c.id == object_id, objects.c.swept.is_(False)))

    def sweep(self, object_id: str) -> bool:
        """Try to win the name for good; False when an object has it."""
        tombstone = {"id": object_id, "at": _NO_TIME, "swept": True}
        self._channel.added(objects, tombstone, ["id"])
        return bool(self._channel.value(select(objects.c.swept).where(objects.c.id == object_id)))

    def put_secret(self, delivery_id: str, epoch: str, sealed: bytes) -> None:
        """The link secret of a delivery, sealed to the epoch; replaces."""
        self._channel.put(secrets, {"delivery_id": delivery_id, "epoch": epoch, "sealed": sealed})

    def move_secret(self, delivery_id: str, old: str, new: str, sealed: bytes) -> bool:
        """Seal it to another epoch, in the same row; False when it was forgotten meanwhile."""
        chosen = (secrets.c.delivery_id == delivery_id, secrets.c.epoch == old)
        return bool(self._channel.changed(update(secrets).where(*chosen).values(epoch=new, sealed=sealed)))

    def secret(self, delivery_id: str) -> tuple[str, bytes] | None:
        """Epoch and sealed secret, or None."""
        row = self._channel.one(select(secrets).where(secrets.c.delivery_id == delivery_id))
        return None if row is None else (row["epoch"], bytes(row["sealed"]))

    def drop_secret(self, delivery_id: str) -> None:
        """Forget it."""
        self._channel.run(delete(secrets).where(secrets.c.delivery_id == delivery_id))

    def secrets_in_epoch(self, epoch: str, limit: int = 1000) -> list[tuple[str, bytes]]:
        """Delivery ids and secrets that are sealed to that epoch."""
        statement = select(secrets).where(secrets.c.epoch == epoch).order_by(secrets.c.delivery_id).limit(limit)
        return [(row["delivery_id"], bytes(row["sealed"])) for row in self._channel.all(statement)]


def _of(holder: Holder) -> tuple[ColumnElement[bool], ...]:
    return wraps.c.kind == holder.kind, wraps.c.holder == holder.id


def _batches(ids: Sequence[str]) -> list[list[str]]:
    return [list(ids[start : start + _BATCH]) for start in range(0, len(ids), _BATCH)]
