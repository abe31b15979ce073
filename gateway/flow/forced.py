"""A delivery brought to the state that it is known to have had, by the shortest way that the table of states allows."""

from __future__ import annotations

from gateway.domain.records import DeliveryRow
from gateway.domain.states import DELIVERY, FINAL_DELIVERY, DeliveryState
from gateway.ports.store import UnitOfWork


def force(uow: UnitOfWork, row: DeliveryRow, to: DeliveryState) -> None:
    """Bring a delivery to a state by the shortest way that the table allows; one that has no way there stays."""
    for state in _way(row.state, to):
        uow.deliveries.move(row.id, state)


def _way(start: DeliveryState, to: DeliveryState) -> list[DeliveryState]:
    ways: list[list[DeliveryState]] = [[]]
    seen = {start}
    while ways:
        way = ways.pop(0)
        here = way[-1] if way else start
        if here is to:
            return way
        ways += [
            [*way, one]
            for one in sorted(DELIVERY[here])
            if one not in seen and (one is to or one not in FINAL_DELIVERY)
        ]
        seen |= DELIVERY[here] - {to}
    return []
