"""What a person stopped stays stopped, and what a person let go was let go for what they knew."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.errors import PermanentError
from gateway.domain.patient import ConsentEventType, RestrictionKind
from gateway.domain.records import JobKind, ParcelRow
from gateway.domain.states import DeliveryState, MessageState, ParcelState
from gateway.ports.relay import Outcome, Reply
from tests.support.home import MARIA, RESULTS, TOBIAS, TOBIAS_RESULTS, Home, mail

LATER = Reply(Outcome.TEMPORARY, 451, "4.0.0")


@pytest.fixture
def home(tmp_path: Path):
    with Home(tmp_path) as one:
        yield one.people()


def _waiting(home: Home) -> str:
    """A link mail that the next hop did not take yet."""
    home.hop.answers[MARIA] = [LATER]
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()
    assert home.delivery(message).state is DeliveryState.RETRY
    home.hop.answers.clear()
    return message


def _parcel(home: Home, message: str) -> ParcelRow:
    delivery = home.delivery(message)
    with home.store.begin() as uow:
        found = uow.parcels.of_delivery(delivery.id)
    assert found is not None
    return found


def test_a_new_fact_does_not_release_what_staff_hold(home: Home) -> None:
    message = _waiting(home)
    home.rooms.review.hold(message, "ann", "wrong letter")
    with home.store.begin() as uow:
        uow.jobs.add(JobKind.ASSESS, message, "", home.clock.now())
    home.later(timedelta(hours=1))
    assert home.delivery(message).state is DeliveryState.HELD
    assert not home.sent(MARIA)
    home.rooms.review.release(home.delivery(message).id, "ann", "it was right")
    home.later(timedelta(hours=1))
    assert len(home.sent(MARIA)) == 1


def test_a_revoked_link_is_not_made_anew_by_the_next_attempt(home: Home) -> None:
    message = _waiting(home)
    assert home.rooms.recheck.revoke(_parcel(home, message).id, "ann")
    home.later(timedelta(days=1))
    assert not home.sent(MARIA)
    assert home.message(message).state is MessageState.HELD
    home.later(timedelta(days=6))
    assert home.message(message).state is MessageState.SETTLED


def test_a_link_revoked_in_mid_attempt_is_not_made_anew(home: Home) -> None:
    def revoke(_: object) -> None:
        home.hop.before = lambda _: None
        assert home.rooms.recheck.revoke(parcels[0], "ann")

    message = _waiting(home)
    parcels = [_parcel(home, message).id]
    home.hop.before, home.hop.answers[MARIA] = revoke, [LATER]
    home.later(timedelta(hours=1))
    home.hop.answers.clear()
    home.later(timedelta(days=1))
    assert not home.sent(MARIA)
    assert home.delivery(message).state is DeliveryState.HELD


@pytest.mark.parametrize("what", ["no e-mail", "refused"])
def test_a_released_link_closes_when_the_patient_says_no(home: Home, what: str) -> None:
    message = home.submit(mail(TOBIAS, "Results", TOBIAS_RESULTS), TOBIAS)
    home.settle()
    home.rooms.review.release(home.delivery(message).id, "ann", "agreed on the telephone")
    home.settle()
    assert home.delivery(message).state is DeliveryState.DELIVERED
    home.change(home.tobias, phone="(555) 555-0190")
    home.settle()
    assert _parcel(home, message).state is ParcelState.SEALED
    if what == "refused":
        home.consent(home.tobias, TOBIAS, what=ConsentEventType.REFUSED)
    else:
        home.restrict(home.tobias, RestrictionKind.NO_EMAIL)
    home.settle()
    assert _parcel(home, message).state is ParcelState.REVOKED


def test_a_foreign_author_is_never_released_whatever_else_holds_the_mail(home: Home) -> None:
    forged = mail(TOBIAS, "Results", TOBIAS_RESULTS, sender="director@willow.example.org")
    message = home.submit(forged, TOBIAS)
    home.settle()
    with pytest.raises(PermanentError, match="author"):
        home.rooms.review.release(home.delivery(message).id, "ann", "seems fine")
    assert not home.sent(TOBIAS)
