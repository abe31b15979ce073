"""Tokens guessed, replayed, revoked, expired; codes guessed: each costs time, and no message is ever lost by it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.decision import Basis
from gateway.domain.errors import PickupRefused
from gateway.domain.records import JobKind
from gateway.domain.register_rows import ConsentRow
from gateway.domain.states import DeliveryState, ParcelState
from gateway.flow.throttle import PickupLimits
from gateway.ports.metrics import Limit
from tests.support.portal_house import Browser, House, served


@pytest.fixture
def house(tmp_path: Path):
    house = House(tmp_path)
    yield house
    house.store.close()


def refused(call, *args: object) -> PickupRefused:
    with pytest.raises(PickupRefused) as caught:
        call(*args)
    return caught.value


@pytest.mark.proves("portal.tokens")
def test_guessed_and_malformed_tokens_are_all_unknown(house: House) -> None:
    token = house.parcel()
    swapped = token[:-1] + chr(ord(token[-1]) ^ 1)
    for wrong in ("A" * 43, token[:-1], token + "A", "", "..", token.lower(), swapped):
        for call, rest in (
            (house.pickup.find, ()),
            (house.pickup.request_code, ("mailbox", "192.0.2.1")),
            (house.pickup.prove, ("12345678", "192.0.2.1")),
        ):
            assert refused(call, wrong, *rest).reason == "unknown"


@pytest.mark.proves("portal.codes")
def test_wrong_codes_slow_down_and_never_destroy(house: House) -> None:
    token = house.parcel()
    waits = []
    for _ in range(30):
        error = refused(house.pickup.prove, token, "00000000", "192.0.2.1")
        if error.reason == "throttled":
            assert error.limit == Limit.CODE_TRIES
            waits.append(error.retry_after)
            # While it waits, no code helps this network, or guessing would be free.
            house.clock.advance(error.retry_after)
    assert waits[:3] == [30, 60, 120]
    assert max(waits) <= 3600
    with house.store.begin() as uow:
        row = uow.parcels.get("p1")
    assert row is not None
    assert row.state is ParcelState.SEALED
    cookie = house.pickup.prove(token, house.send_code("p1"), "198.51.100.7")
    assert house.pickup.view(cookie).subject == "Your visit on Monday"


@pytest.mark.proves("portal.codes")
def test_while_a_network_waits_even_the_right_code_does_not_help_it(house: House) -> None:
    token, code = house.parcel(), house.send_code("p1")
    for _ in range(5):
        assert refused(house.pickup.prove, token, "00000000", "192.0.2.1").reason == "wrong_code"
    assert refused(house.pickup.prove, token, code, "192.0.2.1").reason == "throttled"
    house.clock.advance(30)
    assert house.pickup.prove(token, code, "192.0.2.1")


@pytest.mark.proves("portal.codes")
def test_whoever_holds_the_link_cannot_lock_the_recipient_out(house: House) -> None:
    token, question = house.parcel(), house.request()
    for one, subject, prove in ((token, "p1", house.pickup.prove), (question, "q1", house.answers.prove)):
        for number in range(60):
            error = refused(prove, one, "00000000", f"203.0.113.{number}")
            assert error.reason in {"wrong_code", "throttled"}
        # Sixty wrong codes from sixty networks later: a fresh code, from a network that gave no wrong one, opens at once.
        assert prove(one, house.send_code(subject), "198.51.100.7")


@pytest.mark.proves("portal.codes")
def test_one_code_takes_only_so_many_tries(tmp_path: Path) -> None:
    house = House(tmp_path, PickupLimits(code_tries=100, tries_per_code=3))
    token, code = house.parcel(), house.send_code("p1")
    for _ in range(3):
        assert refused(house.pickup.prove, token, "1", "192.0.2.1").reason == "wrong_code"
    assert refused(house.pickup.prove, token, code, "192.0.2.1").reason == "wrong_code"
    house.store.close()


@pytest.mark.proves("portal.code-bomb", "limits.codes-parcel")
def test_codes_are_not_a_way_to_bomb_a_mailbox(house: House) -> None:
    token = house.parcel()
    waits = []
    for number in range(14):
        house.pickup.request_code(token, "mailbox", f"192.0.2.{number}")
        error = refused(house.pickup.request_code, token, "mailbox", f"192.0.3.{number}")
        assert error.reason == "throttled"
        waits.append(error.retry_after)
        house.clock.advance(error.retry_after)
    assert waits[:8] == [30, 30, 30, 30, 30, 60, 120, 240]
    assert waits[-1] == 3600
    assert house.jobs(JobKind.SEND_CODE) == ["p1:mailbox"]


def test_one_network_may_not_try_without_end(tmp_path: Path) -> None:
    house = House(tmp_path, PickupLimits(tries_per_network=5, codes_per_network=3))
    token = house.parcel()
    for number in range(5):
        assert refused(house.pickup.prove, f"{number}" * 43, "1", "2001:db8::1").reason == "unknown"
    assert refused(house.pickup.prove, token, house.send_code("p1"), "2001:db8::ffff").reason == "throttled"
    assert house.pickup.prove(token, house.send_code("p1"), "2001:db9::1")
    for _ in range(3):
        house.pickup.request_code(token, "mailbox", "192.0.2.1")
        house.clock.advance(31)
    assert refused(house.pickup.request_code, token, "mailbox", "::ffff:192.0.2.1").reason == "throttled"
    assert "192.0.2.1" not in house.dump()
    house.store.close()


@pytest.mark.proves("portal.codes", "portal.tokens")
def test_a_code_is_used_once_and_for_its_own_parcel(house: House) -> None:
    first, second = house.parcel(name="p1"), house.parcel(name="p2")
    code = house.send_code("p1")
    assert refused(house.pickup.prove, second, code, "192.0.2.1").reason == "wrong_code"
    house.pickup.prove(first, code, "192.0.2.1")
    assert refused(house.pickup.prove, first, code, "192.0.2.1").reason == "wrong_code"


def test_an_old_code_and_an_empty_one_fail(house: House) -> None:
    token, code = house.parcel(), house.send_code("p1")
    house.clock.advance(601)
    for wrong in (code, "", "x", "1" * 4000):
        assert refused(house.pickup.prove, token, wrong, "192.0.2.1").reason == "wrong_code"


def test_expired_revoked_closed_and_quarantined(house: House) -> None:
    token, code = house.parcel(), house.send_code("p1")
    with house.store.begin() as uow:
        uow.set_setting("quarantine", "restored")
    assert refused(house.pickup.prove, token, code, "192.0.2.1").reason == "restoring"
    with house.store.begin() as uow:
        uow.set_setting("quarantine", "")
    cookie = house.pickup.prove(token, code, "192.0.2.1")
    house.clock.advance(60)
    with house.store.begin() as uow:
        uow.parcels.set_expiry("p1", house.clock.now())
    assert refused(house.pickup.view, cookie).reason == "expired"
    assert refused(house.pickup.find, token).reason == "expired"
    for state, reason in (
        (ParcelState.REVOKED, "revoked"),
        (ParcelState.EXPIRED, "expired"),
        (ParcelState.CLOSED, "closed"),
    ):
        other = house.parcel(name=f"p-{state.value}", files=(("a", b"x"),))
        cookie = house.pickup.prove(other, house.send_code(f"p-{state.value}"), "192.0.2.1")
        with house.store.begin() as uow:
            uow.parcels.move(f"p-{state.value}", state, house.clock.now())
        for call, args in (
            (house.pickup.view, (cookie,)),
            (house.pickup.stream, (cookie, 0)),
            (house.pickup.find, (other,)),
            (house.pickup.request_code, (other, "mailbox", "192.0.2.1")),
        ):
            assert refused(call, *args).reason == reason


def test_without_its_pepper_a_link_opens_nothing(house: House) -> None:
    token, code = house.parcel(), house.send_code("p1")
    house.shelf.destroy("p1")
    assert refused(house.pickup.prove, token, code, "192.0.2.1").reason == "gone"


@pytest.mark.parametrize(
    ("state", "reason"),
    [(DeliveryState.HELD, "not_yet_allowed"), (DeliveryState.READY, "not_yet_allowed"), (DeliveryState.REFUSED, "closed"),
     (DeliveryState.SUPERSEDED, "closed"), (DeliveryState.FAILED, "closed")],
)  # fmt: skip
def test_a_delivery_that_is_not_decided_shows_nothing(house: House, state: DeliveryState, reason: str) -> None:
    token = house.parcel(state=state)
    assert refused(house.pickup.prove, token, house.send_code("p1"), "192.0.2.1").reason == reason


@pytest.mark.parametrize(
    "basis",
    [
        Basis("p", (("pat1", 2),)),
        Basis("p", (("nobody", 1),)),
        Basis("p", (), (("pat1", 9),)),
        Basis("p", (), (), ("par", 1)),
    ],
)
def test_a_stale_decision_is_checked_before_reveal(house: House, basis: Basis) -> None:
    token, code = house.parcel(basis=basis), house.send_code("p1")
    assert refused(house.pickup.prove, token, code, "192.0.2.1").reason == "checking"
    assert house.jobs(JobKind.RECHECK) == ["p1"]
    with house.store.begin() as uow:
        row = uow.parcels.get("p1")
        assert uow.parcels.code("p1") is not None
    assert row is not None
    assert row.state is ParcelState.SEALED


def test_a_consent_withdrawn_while_reading_stops_the_next_page(house: House) -> None:
    cookie = house.pickup.prove(house.parcel(files=(("a", b"x"),)), house.send_code("p1"), "192.0.2.1")
    house.pickup.view(cookie)
    with house.store.begin() as uow:
        uow.register.append_consent(ConsentRow("pat1", 0, "revoked", "email", house.clock.now(), b"s"))
    assert refused(house.pickup.view, cookie).reason == "checking"
    assert refused(house.pickup.stream, cookie, 0).reason == "checking"
    assert house.jobs(JobKind.RECHECK) == ["p1"]


def test_sessions_end_when_idle_and_after_their_life(house: House) -> None:
    cookie = house.pickup.prove(house.parcel(), house.send_code("p1"), "192.0.2.1")
    for _ in range(6):
        house.clock.advance(9.5 * 60)
        house.pickup.view(cookie)
    house.clock.advance(3 * 60 + 1)
    assert refused(house.pickup.view, cookie).reason == "logged_off"
    house.clock.advance(60)
    cookie = house.pickup.prove(house.parcel(name="p2"), house.send_code("p2"), "192.0.2.1")
    house.clock.advance(15 * 60)
    assert refused(house.pickup.view, cookie).reason == "logged_off"


@pytest.mark.proves("portal.tokens")
def test_a_session_of_one_road_opens_nothing_of_the_other(house: House) -> None:
    letter = house.pickup.prove(house.parcel(), house.send_code("p1"), "192.0.2.1")
    question = house.answers.prove(house.request(), house.send_code("q1"), "192.0.2.1")
    assert refused(house.pickup.view, question).reason == "logged_off"
    assert refused(house.answers.question, letter).reason == "logged_off"
    for wrong in ("", "A" * 43, letter[:-1]):
        assert refused(house.pickup.view, wrong).reason == "logged_off"
    assert letter not in house.dump()


def test_consent_requests_expire_close_and_throttle(house: House) -> None:
    token = house.request()
    for _ in range(5):
        assert refused(house.answers.prove, token, "1", "192.0.2.1").reason == "wrong_code"
    error = refused(house.answers.prove, token, "1", "192.0.2.1")
    assert (error.reason, error.retry_after) == ("throttled", 30)
    cookie = house.answers.prove(token, house.send_code("q1"), "192.0.2.1")
    house.clock.set(house.clock.now() + timedelta(days=14))
    assert refused(house.answers.find, token).reason == "expired"
    assert refused(house.answers.question, cookie).reason == "logged_off"
    assert refused(house.answers.find, "A" * 43).reason == "unknown"


def test_refusals_are_pages_that_say_what_to_do(house: House) -> None:
    token = house.parcel()
    with served(house) as port:
        browser = Browser(port)
        browser.get(f"/m/{token}")
        assert browser.post("/letter/code", channel="mailbox").status == 303
        browser.get("/letter")
        answer = browser.post("/letter/code", channel="mailbox")
        assert answer.status == 429
        assert answer.headers["retry-after"] == "30"
        assert "in 30 seconds" in answer.text
        assert "Nothing is lost" in answer.text
        wrong = Browser(port).get("/m/" + "A" * 43)
        assert wrong.status == 404
        assert "call" in wrong.text.lower()
        assert Browser(port).get("/letter").status == 403


def test_a_letter_left_open_does_not_keep_itself_open(house: House) -> None:
    token = house.parcel()
    with served(house) as port:
        browser = Browser(port)
        page = browser.open_letter(house, token)
        assert '<meta http-equiv="refresh" content="900;url=/letter/read?still=1">' in page.text
        for _ in range(2):
            house.clock.advance(420)
            assert browser.get("/letter/read?still=1").status == 200
        house.clock.advance(60)
        assert browser.get("/letter/read?still=1").status == 403
