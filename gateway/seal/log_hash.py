"""What a row of the log and a signed head commit to: SHA-256 over a length-prefixed encoding, so that no two different
rows have the same input. Pure; used by whoever writes the log and whoever verifies it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from gateway.domain.audit import Event, Scalar
from gateway.ports.store import HeadRow

FIRST = bytes(32)
"""`previous` of the first row of a chain."""

_ROW = b"sealgate/audit-row/1"
_HEAD = b"sealgate/audit-head/1"
_ACCEPTED = b"sealgate/audit-accepted/1"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def canonical(data: Mapping[str, Scalar]) -> str:
    """The one JSON text of an event's data: keys sorted, no blanks, ASCII."""
    return json.dumps(dict(data), sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def row_hash(event: Event, number: int, at: datetime, previous: bytes) -> bytes:
    """The hash of one row: 32 bytes over the event, its number in its chain, its time and the row before it."""
    return _digest(
        _ROW,
        event.message_id.encode(),
        _number(number),
        _time(at),
        event.kind.value.encode(),
        event.delivery_id.encode(),
        event.actor.encode(),
        canonical(event.data).encode(),
        previous,
    )


def head_input(head: HeadRow) -> bytes:
    """The bytes that a head's signature covers: size, root and time."""
    return _framed(_HEAD, _number(head.size), head.root, _time(head.at))


def accepted_input(head: HeadRow) -> bytes:
    """The bytes that are signed when a person accepts an older log as the one from now on."""
    return _framed(_ACCEPTED, _number(head.size), head.root, _time(head.at))


def _digest(*fields: bytes) -> bytes:
    return hashlib.sha256(_framed(*fields)).digest()


def _framed(*fields: bytes) -> bytes:
    return b"".join(len(field).to_bytes(8, "big") + field for field in fields)


def _number(value: int) -> bytes:
    return value.to_bytes(8, "big")


def _time(at: datetime) -> bytes:
    return _number((at - _EPOCH) // timedelta(microseconds=1))
