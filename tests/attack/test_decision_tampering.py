"""Somebody with the database, but without a worker's keys, changes what was decided: it is HELD with an alert, never sent.

Every column of a decision, rows swapped with each other, whole older rows brought back, records moved and replayed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.domain.decision import Method
from gateway.domain.errors import IntegrityError, PickupRefused
from gateway.domain.records import JobKind
from gateway.domain.states import DeliveryState, MessageState
from gateway.flow import epochs
from gateway.flow.custody import record_context
from gateway.ports.relay import Outcome, Reply
from gateway.seal import hybrid
from gateway.seal.record import sign
from tests.support.home import DOCTOR, GRACE, LUNCH, MARIA, OFFICE, RESULTS, Home, mail

THIEF = "thief@example.com"


@pytest.fixture
def home(tmp_path: Path):
    with Home(tmp_path) as one:
        yield one.people()


def other(home: Home) -> dict[str, Any]:
    """The decision of an ordinary mail to somebody else, whose row a vandal may copy from."""
    message = home.submit(mail(THIEF, "Lunch", LUNCH), THIEF)
    home.assess()
    return row_of(home, message)


def row_of(home: Home, message: str) -> dict[str, Any]:
    names = [name for _, name, *_ in home.sql("PRAGMA table_info(deliveries)")]
    [values] = home.sql("SELECT * FROM deliveries WHERE message_id = ?", message)
    return dict(zip(names, values, strict=True))


def set_columns(home: Home, message: str, **values: Any) -> None:
    names = ", ".join(f"{one} = ?" for one in values)
    home.sql(f"UPDATE deliveries SET {names} WHERE message_id = ?", *values.values(), message)


def changed_basis(row: dict[str, Any], **fields: Any) -> str:
    return json.dumps(json.loads(row["basis"]) | fields)


CHANGES: dict[str, Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]] = {
    "method to pass": lambda mine, its: {"method": "pass"},
    "method and rule to those of clean mail": lambda mine, its: {"method": "pass", "rule": its["rule"]},
    "method to tls": lambda mine, its: {"method": "tls"},
    "method to nothing": lambda mine, its: {"method": None},
    "action to hold": lambda mine, its: {"action": "hold"},
    "rule": lambda mine, its: {"rule": "nothing"},
    "reasons": lambda mine, its: {"reasons": '["scan.clean"]'},
    "policy version": lambda mine, its: {"basis": changed_basis(mine, policy="0" * 64)},
    "patients forgotten": lambda mine, its: {"basis": changed_basis(mine, patients=[], consents=[])},
    "day": lambda mine, its: {"basis": changed_basis(mine, day="")},
    "recipient from another row": lambda mine, its: {"recipient": its["recipient"]},
    "target from another row": lambda mine, its: {"target": its["target"]},
    "recipient and target from another row": lambda mine, its: {"recipient": its["recipient"], "target": its["target"]},
    "the whole decision of another row": lambda mine, its: {
        one: its[one] for one in mine if one not in {"id", "message_id", "state"}
    },
    "target garbled": lambda mine, its: {"target": mine["target"][:-1] + bytes([mine["target"][-1] ^ 1])},
    "mac": lambda mine, its: {"mac": bytes(32)},
    "mac from another row": lambda mine, its: {"mac": its["mac"]},
    "mac emptied": lambda mine, its: {"mac": b""},
    "held_for": lambda mine, its: {"held_for": "consent"},
    "open text": lambda mine, its: {"open_text": "notice"},
    "sensitive": lambda mine, its: {"sensitive": '["hiv"]'},
    "statements": lambda mine, its: {"notices": '["part2_2024"]'},
    "position": lambda mine, its: {"position": 1},
    "outer Message-ID": lambda mine, its: {"outer_message_id": "<other@example.org>"},
    "expiry": lambda mine, its: {"expires_after": 99999999},
}


def withheld(home: Home, message: str, to: str) -> None:
    assert home.sent(to) == []
    assert home.sent(THIEF) == []
    assert home.delivery(message).state is DeliveryState.HELD
    assert home.message(message).state is MessageState.HELD
    assert "integrity" in home.kinds(message)


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_decision_is_held(home: Home, name: str) -> None:
    its = other(home)
    home.sql("DELETE FROM jobs")
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.assess()
    assert home.delivery(message).method is Method.LINK
    set_columns(home, message, **CHANGES[name](row_of(home, message), its))
    home.settle()
    withheld(home, message, MARIA)


@pytest.mark.parametrize("name", ["method to pass", "target from another row", "patients forgotten"])
def test_it_is_checked_at_every_attempt(home: Home, name: str) -> None:
    its = other(home)
    home.sql("DELETE FROM jobs")
    home.hop.answers[MARIA] = [Reply(Outcome.TEMPORARY, 451, "4.3.0")]
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()
    assert home.delivery(message).state is DeliveryState.RETRY
    home.hop.answers.clear()
    set_columns(home, message, **CHANGES[name](row_of(home, message), its))
    home.later(120)
    withheld(home, message, MARIA)


def test_a_held_copy_is_not_let_go_by_its_state(home: Home) -> None:
    message = home.submit(mail("tobias@example.com", "Results", RESULTS), "tobias@example.com")
    home.settle()
    row = row_of(home, message)
    assert row["action"] == "hold"
    home.sql("DELETE FROM jobs")
    home.sql("UPDATE deliveries SET state = 'ready' WHERE id = ?", row["id"])
    home.sql("UPDATE messages SET state = 'assessed' WHERE id = ?", message)
    with home.store.begin() as uow:
        uow.jobs.add(JobKind.DISPATCH, message, row["id"], home.clock.now())
    home.settle()
    assert not any(b"diabetes" in one.raw or "/m/" in one.text for one in home.sent("tobias@example.com"))
    assert home.delivery(message).state is DeliveryState.HELD
    assert "integrity" in home.kinds(message)


def test_recipients_swapped_within_one_message(home: Home) -> None:
    home.add_certificate(GRACE)
    message = home.submit(mail([MARIA, GRACE], "Maria", RESULTS), [MARIA, GRACE])
    home.assess()
    first, second = (one.id for one in home.deliveries(message))
    for column in ("recipient", "target"):
        swap(home, "deliveries", column, "id", first, second)
    home.settle()
    assert home.sent(MARIA) == []
    assert home.sent(GRACE) == []
    assert {one.state for one in home.deliveries(message)} == {DeliveryState.HELD}


def test_a_job_pointed_at_another_message(home: Home) -> None:
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    lunch = home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
    home.assess()
    # The body of the one with the decision of the other would be a letter in clear.
    home.sql("UPDATE deliveries SET message_id = ? WHERE message_id = ?", message, lunch)
    home.sql("UPDATE jobs SET message_id = ? WHERE message_id = ?", message, lunch)
    home.settle()
    assert home.sent(OFFICE) == []


def stuck_and_nothing_sent(home: Home, message: str) -> None:
    assert home.message(message).state is MessageState.STUCK
    assert home.deliveries(message) == []
    assert [one for one in home.sent() if one.recipient != DOCTOR] == []
    assert "integrity" in home.kinds(message)


def swap(home: Home, table: str, column: str, key: str, first: str, second: str) -> None:
    [(one,)] = home.sql(f"SELECT {column} FROM {table} WHERE {key} = ?", first)
    [(two,)] = home.sql(f"SELECT {column} FROM {table} WHERE {key} = ?", second)
    home.sql(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", two, first)
    home.sql(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", one, second)


@pytest.mark.parametrize(
    ("table", "column", "key"),
    [("messages", "record", "id"), ("objects", "commitment", "id"), ("wraps", "sealed", "object_id")],
)
def test_two_messages_swapped_before_they_are_read(home: Home, table: str, column: str, key: str) -> None:
    secret = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    lunch = home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
    swap(home, table, column, key, secret, lunch)
    home.settle()
    for message in (secret, lunch):
        stuck_and_nothing_sent(home, message)


def test_two_blobs_swapped_before_they_are_read(home: Home) -> None:
    secret = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    lunch = home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
    [one], [two] = ([*(home.root / "data" / "blobs").rglob(name)] for name in (secret, lunch))
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)
    home.settle()
    for message in (secret, lunch):
        stuck_and_nothing_sent(home, message)


def test_a_whole_message_replayed_under_another_id(home: Home) -> None:
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    copy = "0" * 26
    columns = [name for _, name, *_ in home.sql("PRAGMA table_info(messages)") if name != "id"]
    picked = ", ".join(f"'{copy}'" if one == "object_id" else one for one in columns)
    home.sql(f"INSERT INTO messages (id, {', '.join(columns)}) SELECT '{copy}', {picked} FROM messages WHERE id = ?", message)  # fmt: skip
    home.sql(f"INSERT INTO objects SELECT '{copy}', '{copy}', purpose, part, length, commitment, at, swept FROM objects WHERE id = ?", message)  # fmt: skip
    home.sql(f"INSERT INTO wraps SELECT '{copy}', kind, holder, sealed FROM wraps WHERE object_id = ?", message)
    with home.store.begin() as uow:
        uow.jobs.add(JobKind.ASSESS, copy, "", home.clock.now())
    home.settle()
    assert home.message(copy).state is MessageState.STUCK
    assert len(home.sent(MARIA)) == 1


def test_a_record_that_the_door_did_not_sign(home: Home) -> None:
    """Whoever can write the database can seal to the epoch's public key; the signature is what they lack."""
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    row = home.message(message)
    record = home.rooms.assess._custody.record(row)
    forged = replace(record, envelope=replace(record.envelope, recipients=home.envelope([THIEF]).recipients))
    signed = sign(forged, Ed25519PrivateKey.generate().sign, home.inst.id)
    with home.store.begin() as uow:
        _, public = epochs.current(uow, home.keys.calendar, home.inst.id)
        uow.messages.reseal(message, row.epoch, public.seal(signed, record_context(home.inst.id, message, row.epoch)))
    home.settle()
    stuck_and_nothing_sent(home, message)


def test_an_epoch_key_that_no_worker_made_is_not_used(home: Home) -> None:
    _, public = hybrid.generate()
    home.sql("UPDATE epochs SET public = ? WHERE state = 'advertised'", public)
    with pytest.raises(IntegrityError):
        home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    assert not home.intake().ready()
    assert home.sql("SELECT count(*) FROM messages") == [(0,)]


def test_a_link_whose_basis_was_touched_up_after_a_revocation_closes(home: Home) -> None:
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()
    token = home.sent(MARIA)[0].token()
    home.revoke(home.maria, MARIA)
    row = row_of(home, message)
    [(seq,)] = home.sql("SELECT max(seq) FROM consents")
    set_columns(home, message, basis=changed_basis(row, consents=[[home.maria.id, seq]]))
    home.settle()
    with pytest.raises(PickupRefused, match="revoked"):
        home.pickup.find(token)
    assert list(home.inst.peppers().names()) == []
