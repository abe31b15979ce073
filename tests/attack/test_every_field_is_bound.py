"""Each field of what the door signs and of what a worker decides is flipped by itself: none can be changed unseen.

The fields are read from the types, so that one that is added later is either bound or named here as free.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.domain.address import Address
from gateway.domain.decision import Basis, Method
from gateway.domain.envelope import Direction, Envelope, Identity
from gateway.domain.errors import IntegrityError
from gateway.domain.records import DeliveryRow
from gateway.domain.states import DeliveryState, MessageState
from gateway.flow import epochs
from gateway.flow.custody import record_context
from gateway.seal.record import IntakeRecord, sign, verify
from tests.support.home import DOCTOR, MARIA, RESULTS, Home, mail

HOUSE = "house"
IDENTITY = Identity("lee", "auth", frozenset({"lee@example.org"}), frozenset({"treatment"}))
ENVELOPE = Envelope(
    direction=Direction.OUTBOUND, identity=IDENTITY, sender=Address.parse("lee@example.org"), recipients=(Address.parse("ann@example.net"),),
    client="192.0.2.7", received_at=datetime(2026, 3, 2, 9, tzinfo=UTC), smtputf8=False, tls=True,
)  # fmt: skip
RECORD = IntakeRecord("m1", ENVELOPE, "e1", b"w" * 32, b"c" * 32, 1000)
FREE = {
    "state": "it moves; it decides nothing by itself: a copy that was held is not let go by it",
    "version": "counts changes; a wrong one makes the decision stale", "mac": "is the seal itself, flipped below",
    "tries": "for the pace of retries", "next_at": "for the pace of retries", "first_try_at": "for the pace of retries",
    "reply": "what the next hop said last",
}  # fmt: skip
"""Fields of a delivery's row that the MAC leaves free, and why."""


def other(value: Any) -> Any:
    """Another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, Enum):
        return next(one for one in type(value) if one is not value)
    if isinstance(value, (int, str)):
        return value + type(value)(1)
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1]) + value[1:] if value else b"x"
    if isinstance(value, datetime):
        return value.replace(microsecond=value.microsecond ^ 1)
    if isinstance(value, Address):
        return Address.parse(f"x{value}")
    if isinstance(value, frozenset):
        return value | {"more"}
    if isinstance(value, tuple):
        return (*value, value[0] if value and isinstance(value[0], Address) else "more")
    assert value is None, type(value)
    return Method.PASS


def records() -> Iterator[tuple[str, IntakeRecord]]:
    """The record with one field changed, for every field of the record, its envelope and the identity in it."""
    for one in fields(IntakeRecord):
        if one.name != "envelope":
            yield one.name, replace(RECORD, **{one.name: other(getattr(RECORD, one.name))})
    for one in fields(Envelope):
        if one.name != "identity":
            yield (
                f"envelope.{one.name}",
                replace(RECORD, envelope=replace(ENVELOPE, **{one.name: other(getattr(ENVELOPE, one.name))})),
            )
    for one in fields(Identity):
        identity = replace(IDENTITY, **{one.name: other(getattr(IDENTITY, one.name))})
        yield f"identity.{one.name}", replace(RECORD, envelope=replace(ENVELOPE, identity=identity))


@pytest.mark.proves("rest.door-signs")
@pytest.mark.parametrize(("name", "changed"), list(records()), ids=[name for name, _ in records()])
def test_what_the_door_signed_cannot_be_changed(name: str, changed: IntakeRecord) -> None:
    key = Ed25519PrivateKey.generate()
    signed = sign(RECORD, key.sign, HOUSE)
    assert verify(signed, key.public_key(), "m1", HOUSE) == RECORD
    assert changed != RECORD
    assert changed.encode() != RECORD.encode(), f"{name} is not in what is signed"
    with pytest.raises(IntegrityError):
        verify(signed[:64] + changed.encode(), key.public_key(), changed.message_id, HOUSE)


@pytest.mark.proves("rest.door-signs")
def test_each_bit_of_a_signed_record_counts() -> None:
    key = Ed25519PrivateKey.generate()
    signed = sign(RECORD, key.sign, HOUSE)
    for at in range(len(signed)):
        with pytest.raises(IntegrityError):
            verify(signed[:at] + bytes([signed[at] ^ 1]) + signed[at + 1 :], key.public_key(), "m1", HOUSE)
    for installation, message in (("other", "m1"), (HOUSE, "m2")):
        with pytest.raises(IntegrityError):
            verify(signed, key.public_key(), message, installation)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home(tmp_path) as one:
        yield one.people()


@pytest.mark.proves("rest.authorship", "rest.door-signs")
@pytest.mark.parametrize("by", ["nobody", "another key", "an older record"])
def test_who_can_seal_to_the_epoch_is_not_the_door(home: Home, by: str) -> None:
    """The epoch's key is public. A record in a forger's words, sealed rightly, is opened, not believed, and never read."""
    first = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    message = home.submit(mail(MARIA, "Results", RESULTS, number=2), MARIA)
    row = home.message(message)
    custody = home.rooms.assess._custody
    record = custody.record(row)
    forged = replace(record, envelope=replace(record.envelope, recipients=(Address.parse("thief@example.com"),)))
    signed = {
        "nobody": bytes(64) + forged.encode(),
        "another key": sign(forged, Ed25519PrivateKey.generate().sign, home.inst.id),
        "an older record": epochs.private(home.keys, row.epoch).open(home.message(first).record, record_context(home.inst.id, first, row.epoch)).reveal(),
    }[by]  # fmt: skip
    with home.store.begin() as uow:
        _, public = epochs.current(uow, home.keys.calendar, home.inst.id)
        uow.messages.reseal(message, row.epoch, public.seal(signed, record_context(home.inst.id, message, row.epoch)))
    reads: list[str] = []
    real = custody.content

    def content(row: Any, record: Any) -> Any:
        reads.append(row.id)
        return real(row, record)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(custody, "content", content)
        home.settle()
    assert message not in reads, "assess verifies first"
    assert home.message(message).state is MessageState.STUCK
    assert "integrity" in home.kinds(message)
    assert {one.recipient for one in home.sent()} <= {MARIA, DOCTOR, str(home.rooms.assess.postmaster)}


def decided(home: Home) -> tuple[DeliveryRow, bytes]:
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.assess()
    row = replace(home.delivery(message), notices=("part2_2024",), sensitive=("hiv",), expires_after=3600)
    decisions = home.rooms.dispatch._decisions
    commitment = decisions.kept_scan(home.message(message))[1]
    addresses = decisions.verified(home.delivery(message), commitment)
    return replace(row, mac=decisions._mac(row, addresses.recipient, addresses.target, commitment)), commitment


@pytest.mark.proves("rest.decision-mac")
def test_no_field_of_a_decision_can_be_changed(home: Home) -> None:
    row, commitment = decided(home)
    decisions = home.rooms.dispatch._decisions
    assert decisions.verified(row, commitment).row == row
    names = {one.name for one in fields(DeliveryRow)}
    assert set(FREE) <= names
    for name in sorted(names - set(FREE) - {"basis"}):
        with pytest.raises(IntegrityError):
            decisions.verified(replace(row, **{name: other(getattr(row, name))}), commitment)
    for one in fields(Basis):
        with pytest.raises(IntegrityError):
            decisions.verified(
                replace(row, basis=replace(row.basis, **{one.name: json_other(getattr(row.basis, one.name))})),
                commitment,
            )
    with pytest.raises(IntegrityError):
        decisions.verified(row, other(commitment))
    for at in range(len(row.mac)):
        with pytest.raises(IntegrityError):
            decisions.verified(
                replace(row, mac=row.mac[:at] + bytes([row.mac[at] ^ 1]) + row.mac[at + 1 :]), commitment
            )


def json_other(value: Any) -> Any:
    """Another basis: tuples of pairs keep their form."""
    if isinstance(value, tuple) and value and isinstance(value[0], tuple):
        return value[:-1]
    return other(value) if not isinstance(value, tuple) else (*value, ("more", 1))


@pytest.mark.proves("rest.decision-mac")
def test_a_bad_one_is_held_with_an_alert(home: Home) -> None:
    """The whole row as another worker's database would have it, but one word."""
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.assess()
    home.sql("UPDATE deliveries SET rule = 'patient-chose-unencrypted' WHERE message_id = ?", message)
    home.settle()
    row = home.delivery(message)
    assert (row.state, home.message(message).state) == (DeliveryState.HELD, MessageState.HELD)
    assert home.message(message).held_for == "integrity"
    [alert] = [data for kind, data in home.events(message) if kind == "integrity"]
    assert json.loads(json.dumps(alert))["step"] == "dispatch"
    assert home.sent(MARIA) == []
    assert [one for one in home.sent(DOCTOR) if message in one.text], "the sender hears that it waits"
