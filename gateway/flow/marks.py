"""Marks: the log says which decision of a copy was the last, so that an older one put back into its row goes nowhere.

Every decision leaves a keyed mark over its MAC in its audit row, in the same transaction; the highest generation counts.
Who has the database and no key can neither make a mark nor, by repeating an old row of the log, make an old one the last.
Rows of the log that are taken away together with what they tell of are missing under the heads outside (`log_watch`).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import asdict

from gateway.domain.audit import EventKind
from gateway.domain.decision import Basis
from gateway.domain.errors import IntegrityError
from gateway.domain.protected import Protected
from gateway.domain.records import DeliveryRow
from gateway.domain.states import DeliveryState
from gateway.ports.store import UnitOfWork
from gateway.seal.columns import Mac
from gateway.seal.told import PURPOSE, Marks

_ENDS = {EventKind.DELIVERED, EventKind.FAILED}


def basis_text(basis: Basis) -> str:
    """A basis in the one form that MACs are made over."""
    return json.dumps(asdict(basis), sort_keys=True, separators=(",", ":"))


class DecisionMarks:
    """Made by workers, checked by them and by the portal: the key comes from the look-up key, which both hold."""

    def __init__(self, lookup_key: Protected[bytes], installation: str) -> None:
        self._marks = Marks(Mac(lookup_key, installation, PURPOSE))

    def mark(self, uow: UnitOfWork, row: DeliveryRow) -> str:
        """What the log keeps of a decision that is about to be the last one; lock the row first."""
        return self._marks.after(_told(uow, row.message_id).get(row.id, []), row.id, row.mac)

    def check_last(self, uow: UnitOfWork, row: DeliveryRow) -> None:
        """IntegrityError unless this is the decision that the log says was the last of its delivery. Lock the row first."""
        if not self._is_last(_told(uow, row.message_id).get(row.id, []), row):
            raise IntegrityError(f"the decision of delivery {row.id} is not the last one that was made")

    def check_sendable(self, uow: UnitOfWork, row: DeliveryRow) -> None:
        """The same, and the log must not tell that this copy has left, or failed, already."""
        self.check_last(uow, row)
        if any(one.event.kind in _ENDS and one.event.delivery_id == row.id for one in uow.audit.of_message(row.message_id)):  # fmt: skip
            raise IntegrityError(f"delivery {row.id} has ended already")

    def check_all(
        self, uow: UnitOfWork, message_id: str, rows: Iterable[DeliveryRow], states: Collection[DeliveryState]
    ) -> None:
        """`check_last` for every row in one of those states; IntegrityError too when a decided delivery has no row any more."""
        told = _told(uow, message_id)
        present = {row.id: row for row in rows}
        if not told.keys() <= present.keys():
            raise IntegrityError(f"a delivery of message {message_id} was taken away")
        for row in present.values():
            if row.state in states and not self._is_last(told.get(row.id, []), row):
                raise IntegrityError(f"the decision of delivery {row.id} is not the last one that was made")

    def _is_last(self, marks: list[str], row: DeliveryRow) -> bool:
        last = "" if _ENDED in marks else self._marks.newest(marks)
        return bool(last) and self._marks.holds(last, row.id, row.mac)


_ENDED = "ended"


def _told(uow: UnitOfWork, message_id: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in uow.audit.of_message(message_id):
        event = row.event
        if event.delivery_id and "mark" in event.data:
            found.setdefault(event.delivery_id, []).append(str(event.data["mark"]))
        elif event.delivery_id and event.kind is EventKind.REFUSED:
            # Ended by a person or by age: no decision before that counts again.
            found.setdefault(event.delivery_id, []).append(_ENDED)
    return found
