"""A patient's word counts: from the moment it is given, only if it was given, and until the day it ends."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.states import DeliveryState
from tests.support.fakes import FakeClock
from tests.support.home import TOBIAS, TOBIAS_RESULTS, Home, mail


@pytest.fixture
def home(tmp_path: Path):
    with Home(tmp_path) as one:
        yield one.people()


def test_a_yes_in_the_evening_counts_at_once_although_it_is_tomorrow_in_greenwich(tmp_path: Path) -> None:
    clock = FakeClock()
    now = clock.now()
    clock.advance(((now + timedelta(days=1)).replace(hour=2, minute=0) - now).total_seconds())
    zone = 'time_zone = "America/New_York"'
    with Home(tmp_path, clock=clock, config=lambda text: text.replace('time_zone = "UTC"', zone)) as home:
        home.people()
        message = home.submit(mail(TOBIAS, "Results", TOBIAS_RESULTS), TOBIAS)
        home.settle()
        home.answer_consent(home.sent(TOBIAS)[0], yes=True)
        home.settle()
        assert home.delivery(message).state is DeliveryState.DELIVERED
