"""The calendar of epoch keys, and which workers hold their private halves."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, exists, select, update

from gateway.adapters.sql.channel import Channel, value_from, values_from, values_of
from gateway.adapters.sql.tables import messages, secrets, wraps
from gateway.adapters.sql.tables_register import consent_requests, epoch_confirmations, epoch_workers, epochs
from gateway.domain.errors import PermanentError
from gateway.domain.register_rows import EpochRow


class SqlEpochs:
    """The Epochs port."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def add(self, row: EpochRow) -> None:
        """Add an epoch; PermanentError if the id is taken."""
        self._channel.add(epochs, values_of(row))

    def get(self, epoch: str) -> EpochRow | None:
        """The epoch, or None."""
        row = self._channel.one(select(epochs).where(epochs.c.id == epoch))
        return None if row is None else value_from(EpochRow, row)

    def all(self) -> list[EpochRow]:
        """All epochs, oldest first."""
        return values_from(EpochRow, self._channel.all(select(epochs).order_by(epochs.c.created_at, epochs.c.id)))

    def keeps(self, epoch: str, state: str) -> bool:
        """Whether it is in that state, and stays in it until the transaction ends; others may keep it so too."""
        chosen = select(epochs.c.id).where(epochs.c.id == epoch, epochs.c.state == state)
        return self._channel.one(chosen.with_for_update(read=True)) is not None

    def move(self, epoch: str, state: str) -> None:
        """Set the state."""
        if not self._channel.changed(update(epochs).where(epochs.c.id == epoch).values(state=state)):
            raise PermanentError(f"no epoch {epoch}")

    def seen(self, worker: str, at: datetime) -> None:
        """A worker says that it is there."""
        self._channel.put(epoch_workers, {"worker": worker, "seen_at": at})

    def workers(self, since: datetime) -> list[str]:
        """Workers that were there at that time or later."""
        statement = select(epoch_workers.c.worker).where(epoch_workers.c.seen_at >= since)
        return [str(row["worker"]) for row in self._channel.all(statement.order_by(epoch_workers.c.worker))]

    def forget_worker(self, worker: str) -> None:
        """Drop a worker and what it confirmed."""
        self._channel.run(delete(epoch_workers).where(epoch_workers.c.worker == worker))
        self._channel.run(delete(epoch_confirmations).where(epoch_confirmations.c.worker == worker))

    def confirm(self, epoch: str, worker: str) -> None:
        """A worker has the epoch's private half; saying so twice changes nothing."""
        self._channel.added(epoch_confirmations, {"epoch": epoch, "worker": worker}, ["epoch", "worker"])

    def confirmed(self, epoch: str) -> list[str]:
        """Workers that have confirmed it."""
        statement = select(epoch_confirmations.c.worker).where(epoch_confirmations.c.epoch == epoch)
        return [str(row["worker"]) for row in self._channel.all(statement.order_by(epoch_confirmations.c.worker))]

    def in_use(self, epoch: str) -> bool:
        """Whether a wrap, an intake record, a link secret or a consent request still needs its private half."""
        needs = (
            exists().where(wraps.c.kind.in_(["epoch", "reissue"]), wraps.c.holder == epoch),
            exists().where(messages.c.epoch == epoch, messages.c.record != b""),
            exists().where(secrets.c.epoch == epoch),
            exists().where(consent_requests.c.epoch == epoch, consent_requests.c.secret != b""),
        )
        return any(self._channel.value(select(need)) for need in needs)
