"""Recipients' copies and the decisions over them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from gateway.adapters.sql.channel import Channel, value_from, values_from, values_of
from gateway.adapters.sql.tables import deliveries
from gateway.domain.decision import Basis
from gateway.domain.errors import IllegalTransition, PermanentError
from gateway.domain.records import DeliveryRow
from gateway.domain.states import DELIVERY, FINAL_DELIVERY, DeliveryState, step

_DECIDED = ("target", "action", "method", "rule", "reasons", "basis", "mac", "held_for", "open_text", "sensitive",
            "notices", "expires_after")  # fmt: skip


class SqlDeliveries:
    """The Deliveries port."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def add(self, row: DeliveryRow) -> None:
        """Add a new copy; PermanentError if the id is taken."""
        self._channel.add(deliveries, values_of(row))

    def get(self, delivery_id: str, *, lock: bool = False) -> DeliveryRow | None:
        """The copy; `lock` keeps its row until the transaction ends."""
        statement = select(deliveries).where(deliveries.c.id == delivery_id)
        row = self._channel.one(statement.with_for_update() if lock else statement)
        return None if row is None else value_from(DeliveryRow, row)

    def of_message(self, message_id: str, *, lock: bool = False) -> list[DeliveryRow]:
        """All copies of a message, in the order of the envelope; `lock` keeps their rows until the transaction ends."""
        chosen = select(deliveries).where(deliveries.c.message_id == message_id)
        statement = chosen.order_by(deliveries.c.position, deliveries.c.id)
        return values_from(DeliveryRow, self._channel.all(statement.with_for_update() if lock else statement))

    def move(
        self,
        delivery_id: str,
        to: DeliveryState,
        *,
        next_at: datetime | None = None,
        reply: str | None = None,
        first_try_at: datetime | None = None,
        tried: bool = False,
    ) -> None:
        """Change state by the table; `next_at` is that of the new state, None for reply and first try keeps them."""
        present = self._present(delivery_id)
        values: dict[str, Any] = {"state": step(DELIVERY, present.state, to), "next_at": next_at}
        if reply is not None:
            values["reply"] = reply
        if first_try_at is not None:
            values["first_try_at"] = first_try_at
        if tried:
            values["tries"] = present.tries + 1
        self._set(present, values)

    def redecide(self, row: DeliveryRow) -> None:
        """Replace what the decision says, not the state; IllegalTransition for a copy that is final."""
        present = self._present(row.id)
        if present.state in FINAL_DELIVERY:
            raise IllegalTransition(f"{present.state.value}: a final delivery is not decided again")
        self._set(present, {name: getattr(row, name) for name in _DECIDED})

    def rebase(self, delivery_id: str, basis: Basis, mac: bytes) -> None:
        """Replace the versions that the decision rests on, and its MAC."""
        self._set(self._present(delivery_id), {"basis": basis, "mac": mac})

    def by_outer_id(self, outer_message_id: str) -> DeliveryRow | None:
        """The copy that left under that Message-ID."""
        if not outer_message_id:
            return None
        statement = select(deliveries).where(deliveries.c.outer_message_id == outer_message_id)
        row = self._channel.one(statement.order_by(deliveries.c.id.desc()).limit(1))
        return None if row is None else value_from(DeliveryRow, row)

    def _present(self, delivery_id: str) -> DeliveryRow:
        present = self.get(delivery_id, lock=True)
        if present is None:
            raise PermanentError(f"no delivery {delivery_id}")
        return present

    def _set(self, present: DeliveryRow, values: dict[str, Any]) -> None:
        statement = update(deliveries).where(deliveries.c.id == present.id)
        self._channel.run(statement.values(**values, version=present.version + 1))
