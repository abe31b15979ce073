"""The claim of a parcel is one transaction: one winner, all or nothing, and waits that grow and fade."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from gateway.adapters.sql.audit import SqlAuditLog
from gateway.domain.errors import PickupRefused, StoreUnavailable
from gateway.domain.records import JobKind
from gateway.domain.states import ParcelState
from gateway.flow.throttle import PickupLimits, after_code, after_failure
from tests.support.fakes import START
from tests.support.portal_house import House


@pytest.fixture
def house(tmp_path: Path):
    house = House(tmp_path)
    yield house
    house.store.close()


@pytest.mark.proves("portal.two-openers")
def test_of_many_with_the_same_code_one_wins(house: House) -> None:
    token, code = house.parcel(), house.send_code("p1")
    cookies: list[str] = []
    refusals: list[str] = []

    def race() -> None:
        try:
            cookies.append(house.pickup.prove(token, code, "192.0.2.1"))
        except PickupRefused as refused:
            refusals.append(refused.reason)

    threads = [threading.Thread(target=race) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(cookies) == 1
    assert refusals == ["wrong_code"] * 3


def test_an_opening_that_cannot_be_recorded_is_no_opening(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    token, code = house.parcel(), house.send_code("p1")
    before = house.dump()

    def full(self: SqlAuditLog, event: object, at: object) -> None:
        raise StoreUnavailable("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(SqlAuditLog, "append", full)
        with pytest.raises(StoreUnavailable):
            house.pickup.prove(token, code, "192.0.2.1")
    assert house.dump() == before
    cookie = house.pickup.prove(token, code, "192.0.2.1")
    with house.store.begin() as uow:
        row = uow.parcels.get("p1")
    assert row is not None
    assert (row.state, row.first_opened_at) == (ParcelState.OPENED, START)
    assert house.jobs(JobKind.SEND_NOTICE) == ["opened:p1"]
    assert house.pickup.view(cookie).to == "Pat Roe <pat@example.net>"


def test_a_download_that_cannot_be_recorded_is_no_download(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    cookie = house.pickup.prove(house.parcel(files=(("a", b"x"),)), house.send_code("p1"), "192.0.2.1")
    monkeypatch.setattr(SqlAuditLog, "append", lambda *_: (_ for _ in ()).throw(StoreUnavailable("disk full")))
    with pytest.raises(StoreUnavailable):
        house.pickup.stream(cookie, 0)


def test_the_log_tells_how_many_tries_failed_before(house: House) -> None:
    token, code = house.parcel(), house.send_code("p1")
    for _ in range(2):
        with pytest.raises(PickupRefused):
            house.pickup.prove(token, "1", "192.0.2.1")
    house.pickup.prove(token, code, "192.0.2.1")
    assert house.events() == [("parcel_opened", {"parcel": "p1", "first": True, "by": "mailbox", "failures": 2})]


@dataclass(frozen=True)
class Counts:
    codes_sent: int = 0
    code_next_at: datetime | None = None
    failures: int = 0
    failure_until: datetime | None = None


def test_waits_double_up_to_the_window_and_fade_after_it() -> None:
    limits = PickupLimits()
    waits = [after_failure(Counts(failures=n, failure_until=START), START, limits)[1] - START for n in range(20)]
    assert [wait.total_seconds() for wait in waits[:8]] == [0, 0, 0, 0, 30, 60, 120, 240]
    assert max(waits) == timedelta(hours=1)
    later = START + timedelta(hours=1, seconds=1)
    assert after_failure(Counts(failures=15, failure_until=START), later, limits) == (1, later)
    assert after_code(Counts(codes_sent=15, code_next_at=START), later, limits) == (1, later + timedelta(seconds=30))
    assert after_code(Counts(codes_sent=10**9, code_next_at=START), START, limits)[1] == START + timedelta(hours=1)
