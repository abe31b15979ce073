"""Rows of invented mail, for tests of the store."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from gateway.domain.decision import Action, Basis, HoldReason, Method, OpenText
from gateway.domain.envelope import Direction
from gateway.domain.records import AttemptRow, DeliveryRow, MessageRow, ObjectRow, ParcelRow
from gateway.domain.register_rows import ConsentRequestRow, ConsentRow, PatientRow
from gateway.domain.states import AttemptState, DeliveryState, MessageState, ParcelState
from tests.support.fakes import START


def message(id_: str = "m1", **changes: Any) -> MessageRow:
    given: dict[str, Any] = {
        "id": id_, "direction": Direction.OUTBOUND, "state": MessageState.RECEIVED, "state_since": START,
        "received_at": START, "size": 100, "epoch": "e1", "object_id": f"o-{id_}", "record": b"sealed record",
    }  # fmt: skip
    return MessageRow(**(given | changes))


def delivery(id_: str = "d1", message_id: str = "m1", **changes: Any) -> DeliveryRow:
    given: dict[str, Any] = {
        "id": id_, "message_id": message_id, "position": 0, "recipient": b"r", "target": b"t",
        "action": Action.DELIVER, "method": Method.LINK, "rule": "patient-consented",
        "reasons": ("phi.mrn", "consent.email.encrypted"),
        "basis": Basis("p1", (("pat1", 3),), (("pat1", 2),), ("par1", 5), "ab" * 32), "mac": b"mac",
        "state": DeliveryState.READY, "held_for": HoldReason.CONSENT, "open_text": OpenText.LETTER,
        "sensitive": ("hiv",), "notices": ("part2",), "outer_message_id": f"<{id_}@example.org>",
        "next_at": START + timedelta(seconds=5), "expires_after": 3600,
    }  # fmt: skip
    return DeliveryRow(**(given | changes))


def attempt(id_: str = "a1", delivery_id: str = "d1", number: int = 1) -> AttemptRow:
    return AttemptRow(id_, delivery_id, number, 1, AttemptState.CLAIMED, START)


def sealed_object(id_: str = "o1", message_id: str = "m1", at: datetime = START) -> ObjectRow:
    return ObjectRow(id_, message_id, "mail", "", 5000, b"c" * 32, at)


def parcel(id_: str = "p1", delivery_id: str = "d1", **changes: Any) -> ParcelRow:
    given: dict[str, Any] = {
        "id": id_, "delivery_id": delivery_id, "message_id": "m1", "state": ParcelState.SEALED,
        "lookup": id_.encode(), "manifest_id": "o9", "created_at": START, "expires_at": START + timedelta(days=7),
    }  # fmt: skip
    return ParcelRow(**(given | changes))


def patient(id_: str = "pat1", version: int = 1, sealed: bytes = b"record") -> PatientRow:
    return PatientRow(id_, version, sealed)


def consent(patient_id: str = "pat1", sealed: bytes = b"c") -> ConsentRow:
    return ConsentRow(patient_id, 0, "given", "email", START, sealed)


def consent_request(id_: str = "q1", **changes: Any) -> ConsentRequestRow:
    given: dict[str, Any] = {
        "id": id_, "message_id": "m1", "patient_id": "pat1", "state": "new", "lookup": id_.encode(), "epoch": "e1",
        "secret": b"s", "address": b"a", "warning_version": "1", "created_at": START,
        "expires_at": START + timedelta(days=14),
    }  # fmt: skip
    return ConsentRequestRow(**(given | changes))
