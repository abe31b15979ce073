"""Old rows with their true MACs and seals, put back by somebody who can write the database: what came later still counts.

A decision from before a staff hold, a parcel's proof and end, and a consent log without its newest row.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.errors import IntegrityError, PickupRefused
from gateway.domain.records import JobKind
from gateway.domain.states import DeliveryState
from tests.support.home import MARIA, NETWORK, RESULTS, Home, mail


@pytest.fixture
def home(tmp_path: Path):
    with Home(tmp_path) as one:
        yield one.people()


def row_of(home: Home, message: str) -> dict[str, Any]:
    names = [name for _, name, *_ in home.sql("PRAGMA table_info(deliveries)")]
    [values] = home.sql("SELECT * FROM deliveries WHERE message_id = ?", message)
    return dict(zip(names, values, strict=True))


def put_back(home: Home, row: dict[str, Any], **changes: Any) -> None:
    row = row | changes
    home.sql("DELETE FROM deliveries WHERE id = ?", row["id"])
    home.sql(f"INSERT INTO deliveries ({','.join(row)}) VALUES ({','.join('?' * len(row))})", *row.values())


def stopped(home: Home) -> tuple[str, dict[str, Any]]:
    """A mail decided to leave, then stopped by staff; and its row from before that."""
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.assess()
    before = row_of(home, message)
    home.rooms.review.hold(message, "ann", "wrong patient")
    return message, before


@pytest.mark.parametrize("job", [JobKind.DISPATCH, JobKind.ASSESS])
def test_a_decision_from_before_a_staff_hold_goes_nowhere(home: Home, job: JobKind) -> None:
    message, before = stopped(home)
    put_back(home, before)
    with home.store.begin() as uow:
        uow.jobs.add(job, message, before["id"] if job is JobKind.DISPATCH else "", home.clock.now())
    home.settle()
    assert home.sent(MARIA) == []
    assert "integrity" in home.kinds(message)
    if job is JobKind.DISPATCH:
        assert home.delivery(message).state is DeliveryState.HELD


def test_a_held_copy_that_was_taken_away_is_not_decided_anew(home: Home) -> None:
    message, before = stopped(home)
    home.sql("DELETE FROM deliveries WHERE id = ?", before["id"])
    with home.store.begin() as uow:
        uow.jobs.add(JobKind.ASSESS, message, "", home.clock.now())
    home.settle()
    assert home.sent(MARIA) == []
    assert "integrity" in home.kinds(message)


def test_staff_do_not_release_what_stands_in_an_older_row(home: Home) -> None:
    message, before = stopped(home)
    put_back(home, before, state=row_of(home, message)["state"])
    with pytest.raises(IntegrityError):
        home.rooms.review.release(before["id"], "ann", "looked at")
    home.settle()
    assert home.sent(MARIA) == []
    assert "integrity" in home.kinds(message)


def test_a_hold_that_was_released_goes(home: Home) -> None:
    _, before = stopped(home)
    home.rooms.review.release(before["id"], "ann", "was right")
    home.settle()
    [sent] = home.sent(MARIA)
    assert "metformin" in home.open_link(sent).text


def link_to_maria(home: Home) -> tuple[str, str]:
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()
    return message, home.sent(MARIA)[0].token()


def test_a_link_keeps_its_end_although_the_row_says_otherwise(home: Home) -> None:
    message, token = link_to_maria(home)
    with home.store.begin() as uow:
        row = uow.parcels.of_delivery(uow.deliveries.of_message(message)[0].id)
        assert row is not None
        uow.parcels.set_expiry(row.id, home.clock.now() + timedelta(days=365))
    home.later(timedelta(days=60))
    with pytest.raises(PickupRefused) as refused:
        home.prove(token)
    assert refused.value.reason in {"gone", "checking", "revoked"}
    assert "parcel_opened" not in home.kinds(message)


def test_a_proof_written_into_the_row_is_none(home: Home) -> None:
    home.change(home.maria, verified_addresses=frozenset(), phone="")
    message, token = link_to_maria(home)
    assert home.sql("SELECT proof FROM parcels") == [("staff",)]
    home.sql("UPDATE parcels SET proof = 'mailbox'")
    with pytest.raises(PickupRefused) as refused:
        home.prove(token)
    assert refused.value.reason == "gone"
    assert "integrity" in home.kinds(message)
    assert "parcel_opened" not in home.kinds(message)


def test_a_session_ends_when_its_decision_is_touched(home: Home) -> None:
    message, token = link_to_maria(home)
    cookie = home.prove(token)
    home.pickup.view(cookie)
    home.sql("UPDATE deliveries SET basis = replace(basis, '\"day\"', '\"day\" ') WHERE message_id = ?", message)
    home.pickup.view(cookie)  # the same basis, written otherwise
    home.sql("UPDATE deliveries SET basis = replace(basis, '2026', '2027') WHERE message_id = ?", message)
    with pytest.raises(PickupRefused):
        home.pickup.view(cookie)
    assert "integrity" in home.kinds(message)
    assert home.pickup.find(token).channels, "the address bar still leads to the door, only the letter is kept back"
    with pytest.raises(PickupRefused):
        home.pickup.request_code(token, "fax", NETWORK)


def cut_consents(home: Home) -> None:
    home.sql("DELETE FROM consents WHERE row = (SELECT max(row) FROM consents)")


def test_a_revocation_cut_off_the_end_still_counts(home: Home) -> None:
    home.revoke(home.maria, MARIA)
    cut_consents(home)
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()
    assert home.sent(MARIA) == []
    assert "integrity" in home.kinds(message)


def test_a_revocation_cut_off_after_the_decision_still_counts(home: Home) -> None:
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.assess()
    home.revoke(home.maria, MARIA)
    cut_consents(home)
    home.settle()
    assert home.sent(MARIA) == []
    assert "integrity" in home.kinds(message)


def test_a_link_stays_closed_when_the_revocation_is_cut_off(home: Home) -> None:
    message, token = link_to_maria(home)
    home.sql("CREATE TRIGGER quiet BEFORE INSERT ON jobs WHEN new.kind = 'recheck' BEGIN SELECT RAISE(IGNORE); END")
    home.revoke(home.maria, MARIA)
    cut_consents(home)
    with pytest.raises(PickupRefused):
        home.prove(token)
    assert "parcel_opened" not in home.kinds(message)


def test_nothing_is_added_to_a_log_whose_end_was_cut(home: Home) -> None:
    home.revoke(home.maria, MARIA)
    cut_consents(home)
    with pytest.raises(IntegrityError):
        home.consent(home.maria, MARIA)
