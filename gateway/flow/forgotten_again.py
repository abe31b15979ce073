"""What was forgotten after a backup is forgotten again in what came out of it, and what left the archive leaves it again.

The log's own rows are back already, so nothing is written to it. A message that was forgotten had ended before; where the
journal does not tell how, it stays held and is listed, for a person to end.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.domain.states import MessageState, ParcelState
from gateway.flow.known import Known
from gateway.flow.parcels import Parcels
from gateway.flow.settle import Settle
from gateway.ports.clock import Clock
from gateway.ports.store import Store

_OPEN = {ParcelState.SEALED, ParcelState.OPENED}


@dataclass(frozen=True, slots=True)
class ForgottenAgain:
    """After everything that ended is settled."""

    store: Store
    parcels: Parcels
    settle: Settle
    clock: Clock

    def again(self, known: Known) -> None:
        """Everything that the journal told of, in a transaction each."""
        for message_id in sorted(known.forgotten):
            if not self._forget(message_id):
                known.unreplayed.append(f"forgotten of {message_id}: the journal does not tell how it ended")
        for message_id in sorted(known.archives_ended):
            self._end_archive(message_id)
        self.settle.tidy()

    def _forget(self, message_id: str) -> bool:
        at = self.clock.now()
        with self.store.begin() as uow:
            row = uow.messages.get(message_id, lock=True)
            if row is None or row.state is MessageState.FORGOTTEN:
                return True
            if row.state is not MessageState.SETTLED:
                return False
            links = [uow.parcels.of_delivery(one.id) for one in uow.deliveries.of_message(message_id)]
            still = [one for one in links if one is not None and one.state in _OPEN]
            for one in still:
                self.parcels.close(uow, one, ParcelState.CLOSED, at)
            uow.retention.forget(message_id, at)
        for one in still:
            self.parcels.burn(one.id)
        return True

    def _end_archive(self, message_id: str) -> None:
        with self.store.begin() as uow:
            entry = uow.retention.archive_of(message_id)
            if entry is not None:
                uow.objects.drop_kind("archive", [entry.object_id])
                uow.retention.drop_archive(message_id)
