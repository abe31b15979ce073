"""Marks: the log says which decision of a copy was the last, so that an older one put back into its row goes nowhere.

Every decision leaves a hash of its MAC in its audit row, in the same transaction. Nobody guesses a MAC, so the hash tells
nothing; and a mark put back together with its row is missing under the Merkle heads that are kept outside.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable
from dataclasses import asdict

from gateway.domain.audit import EventKind
from gateway.domain.decision import Basis
from gateway.domain.errors import IntegrityError
from gateway.domain.records import DeliveryRow
from gateway.domain.states import DeliveryState
from gateway.ports.store import UnitOfWork
from gateway.seal.context import framed


def basis_text(basis: Basis) -> str:
    """A basis in the one form that MACs are made over."""
    return json.dumps(asdict(basis), sort_keys=True, separators=(",", ":"))


def mark(row: DeliveryRow) -> str:
    """What the log keeps of a decision: a hash over its delivery and its MAC, in hex."""
    return hashlib.sha256(framed(b"decision", row.id.encode(), row.mac)).hexdigest()


def check_last(uow: UnitOfWork, row: DeliveryRow) -> None:
    """IntegrityError unless this is the decision that the log says was the last of its delivery. Lock the row first."""
    if _last(uow, row.message_id).get(row.id) != mark(row):
        raise IntegrityError(f"the decision of delivery {row.id} is not the last one that was made")


def check_all(uow: UnitOfWork, message_id: str, rows: Iterable[DeliveryRow], states: Collection[DeliveryState]) -> None:
    """The same for every row in one of those states; IntegrityError too when a decided delivery has no row any more."""
    last = _last(uow, message_id)
    present = {row.id: row for row in rows}
    if not last.keys() <= present.keys():
        raise IntegrityError(f"a delivery of message {message_id} was taken away")
    for row in present.values():
        if row.state in states and last.get(row.id) != mark(row):
            raise IntegrityError(f"the decision of delivery {row.id} is not the last one that was made")


def _last(uow: UnitOfWork, message_id: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for row in uow.audit.of_message(message_id):
        event = row.event
        if event.delivery_id and "mark" in event.data:
            found[event.delivery_id] = str(event.data["mark"])
        elif event.delivery_id and event.kind is EventKind.REFUSED:
            found[event.delivery_id] = ""  # ended by a person or by age: no decision before that counts again
    return found
