"""A right that ends by date closes the links that rest on it, without anybody changing a row."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from gateway.domain.address import Address
from gateway.domain.decision import Method
from gateway.domain.errors import PickupRefused
from gateway.domain.patient import ConsentEvent, ConsentEventType, ConsentKind
from gateway.domain.states import DeliveryState, ParcelState
from gateway.flow import retain
from tests.support.home import MARIA, RESULTS, TOBIAS, TOBIAS_RESULTS, Home, mail


@pytest.fixture
def home(tmp_path: Path):
    with Home(tmp_path) as one:
        yield one.people()


def agree_until(home: Home, last: date) -> None:
    event = ConsentEvent(
        home.tobias.id, 0, ConsentEventType.GIVEN, ConsentKind.EMAIL_ENCRYPTED, Address.parse(TOBIAS).key,
        warning_version="1", given_how="paper", recorded_by="front desk", given_on=date(2026, 1, 2), expires_on=last,
    )  # fmt: skip
    with home.store.begin() as uow:
        home.register.append_consent(uow, event, home.clock.now(), "test")


def state_of(home: Home, message: str) -> ParcelState:
    with home.store.begin() as uow:
        parcel = uow.parcels.of_delivery(uow.deliveries.of_message(message)[0].id)
    assert parcel is not None
    return parcel.state


def test_a_link_closes_when_the_consent_that_it_rests_on_has_run_out(home: Home) -> None:
    agree_until(home, home.clock.now().date() + timedelta(days=1))
    message = home.submit(mail(TOBIAS, "Results", TOBIAS_RESULTS), TOBIAS)
    home.settle()
    [sent] = home.sent(TOBIAS)
    assert home.delivery(message).method is Method.LINK
    home.open_link(sent)
    home.later(timedelta(days=3))
    assert state_of(home, message) is ParcelState.REVOKED
    with pytest.raises(PickupRefused):
        home.pickup.find(sent.token())


def test_a_link_whose_right_goes_on_is_renewed_once_a_day(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retain, "_PAGE", 1)
    messages = [home.submit(mail(MARIA, "Results", RESULTS, number=n), MARIA) for n in range(3)]
    home.settle()
    home.later(timedelta(days=1))
    assert home.rooms.retain.follow_calendar() == 0
    for one in messages:
        assert home.delivery(one).state is DeliveryState.DELIVERED
        assert home.delivery(one).basis.day == home.clock.now().date().isoformat()
        assert home.kinds(one).count("renewed") == 1
    home.open_link(home.sent(MARIA)[0])


def test_a_full_round_goes_on_in_the_next(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retain, "_PAGE", 1)
    monkeypatch.setattr(retain, "_PAGES", 2)
    for number in range(3):
        home.submit(mail(MARIA, "Results", RESULTS, number=number), MARIA)
    home.settle()
    home.clock.advance(timedelta(days=1).total_seconds())
    assert [home.rooms.retain.follow_calendar() for _ in range(3)] == [2, 1, 0]


def test_workers_with_two_policies_do_not_chase_a_mail_to_and_fro(home: Home) -> None:
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.assess()
    assess = home.rooms.assess
    assess.policy = replace(
        assess.policy,
        law=replace(assess.policy.law, deadlines=replace(assess.policy.law.deadlines, hold=timedelta(days=4))),
    )
    assert home.work() == 1
    assert home.kinds(message)[-1] == "stale"
    assert home.sent(MARIA) == []
    home.later(timedelta(seconds=10))
    assert home.delivery(message).state is DeliveryState.DELIVERED
