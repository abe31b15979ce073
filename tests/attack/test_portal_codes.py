"""Codes brute-forced from any number of networks, and code mails as a bomb: bounded, counted, and never a loss."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from gateway.config.model import Settings
from gateway.config.rooms import LimitsSection, ParcelSection
from gateway.domain.errors import PickupRefused
from gateway.domain.records import JobKind
from gateway.flow.throttle import PickupLimits
from gateway.ports.metrics import Limit
from tests.support.home import MARIA, RESULTS, Home, mail
from tests.support.portal_house import Browser, House, served

SPACE = 10**8
"""Codes of eight digits."""


@pytest.fixture
def house(tmp_path: Path):
    house = House(tmp_path)
    yield house
    house.store.close()


def metric(house: House, limit: Limit) -> float:
    return house.limits.registry.get_sample_value("sealgate_limit_refused_total", {"limit": limit.value}) or 0.0


def unauthenticated(house: House, action: str) -> float:
    return house.limits.registry.get_sample_value("sealgate_unauthenticated_total", {"action": action}) or 0.0


def refusal(call, *args: object) -> PickupRefused:
    with pytest.raises(PickupRefused) as caught:
        call(*args)
    return caught.value


def siege(house: House, token: str, hours: float) -> tuple[int, int]:
    """A link holder with a network for each try asks for every code that is to be had and tries as often as it is let.
    Returns how many codes there were, and how many guesses met a live one.
    """
    codes = guesses = number = 0
    end = house.clock.now() + timedelta(hours=hours)
    while house.clock.now() < end:
        try:
            number += 1
            house.pickup.request_code(token, "mailbox", f"2001:db8:{number >> 8:x}:{number % 256:x}00::1")
        except PickupRefused as refused:
            house.clock.advance(refused.retry_after)
            continue
        codes += 1
        house.send_code("p1", f"{99_999_999 - codes}")
        for _ in range(100):
            with house.store.begin() as uow:
                if uow.parcels.code("p1") is None:
                    break
            number += 1
            assert (
                refusal(house.pickup.prove, token, "00000000", f"2001:db8:{number >> 8:x}:{number % 256:x}00::1").reason
                == "wrong_code"
            )
            guesses += 1
    return codes, guesses


@pytest.mark.proves("portal.codes")
def test_guesses_from_any_number_of_networks_are_bounded_by_the_codes_that_were_sent(house: House) -> None:
    token, limits = house.parcel(), PickupLimits()
    codes, guesses = siege(house, token, hours=12)
    assert guesses == codes * limits.tries_per_code
    # After the first few and the doubling, one code an hour: so much holds for each day of the link's life.
    first, each_day = limits.codes + 8, 24
    assert codes <= first + 12
    lives = {ParcelSection().expiry: 1 / 10_000, ParcelSection().max_expiry: 1 / 4_000}
    for life, chance in lives.items():
        all_codes = first + each_day * life.days
        assert all_codes * limits.tries_per_code / SPACE < chance
    # And after all of it the recipient, with a fresh code from another network, is let in.
    assert house.pickup.prove(token, house.send_code("p1"), "198.51.100.1")


@pytest.mark.proves("portal.codes")
def test_one_network_has_fewer_guesses_still(house: House) -> None:
    token = house.parcel()
    met = 0
    for _ in range(400):
        house.send_code("p1", "99999999")
        error = refusal(house.pickup.prove, token, "00000000", "192.0.2.1")
        met += error.reason == "wrong_code"
        house.clock.advance(30)
    # Two hundred minutes with a fresh code every half minute: sixty an hour at most.
    assert met <= 4 * 60


@pytest.mark.proves("portal.codes")
def test_codes_are_drawn_evenly_and_compared_whole(house: House) -> None:
    from gateway.adapters.tokens import SystemTokens

    drawn = [SystemTokens().code() for _ in range(4000)]
    assert all(len(one) == 8 and one.isdigit() for one in drawn)
    for place in range(8):
        counts = [sum(one[place] == str(digit) for one in drawn) for digit in range(10)]
        assert min(counts) > 280
        assert max(counts) < 530
    token, code = house.parcel(), house.send_code("p1", "00012345")
    for number, wrong in enumerate(("12345", "0001234", "000123450", "00012345" * 2, "0" * 8, "\u0660" * 3 + "12345")):
        assert refusal(house.pickup.prove, token, wrong, f"192.0.2.{number}").reason == "wrong_code"
    assert house.pickup.prove(token, code, "192.0.2.99")


@pytest.mark.proves("portal.code-bomb", "limits.codes-parcel")
def test_codes_of_one_parcel_at_and_above_the_limit(house: House) -> None:
    token = house.parcel()
    assert PickupLimits().codes == ParcelSection().codes == 5
    with served(house) as port:
        for number in range(ParcelSection().codes):
            browser = Browser(port)
            browser.get(f"/m/{token}")
            assert browser.post("/letter/code", channel="mailbox").status == 303, number
            house.clock.advance(30)
        assert browser.post("/letter/code", channel="mailbox").status == 303
        assert metric(house, Limit.CODES_PER_PARCEL) == 0
        house.clock.advance(30)
        browser.get("/letter")
        page = browser.post("/letter/code", channel="mailbox")
        assert (page.status, page.headers["retry-after"]) == (429, "30")
        assert "Please try again in 30 seconds" in page.text
        assert "Nothing is lost" in page.text
        assert metric(house, Limit.CODES_PER_PARCEL) == unauthenticated(house, "portal.throttled") == 1
        house.clock.advance(30)
        browser.get("/letter")
        assert browser.post("/letter/code", channel="mailbox").status == 303
        # A quiet window later everything is as at the beginning, and the letter opens.
        house.clock.advance(3 * 3600)
        assert Browser(port).open_letter(house, token).status == 200


@pytest.mark.proves("portal.code-bomb", "limits.codes-network")
def test_codes_asked_for_from_one_network_at_and_above_the_limit(tmp_path: Path) -> None:
    assert LimitsSection().codes_per_network == PickupLimits().codes_per_network == 60
    house = House(tmp_path, PickupLimits(codes_per_network=3))
    tokens = [house.parcel(name=f"p{number}") for number in range(5)]
    with served(house) as port:
        for token in tokens[:3]:
            browser = Browser(port)
            browser.get(f"/m/{token}")
            assert browser.post("/letter/code", channel="mailbox").status == 303
        browser.get(f"/m/{tokens[3]}")
        page = browser.post("/letter/code", channel="mailbox")
        assert (page.status, page.headers["retry-after"]) == (429, "3600")
        assert "about 60 minutes" in page.text
        assert metric(house, Limit.CODES_PER_NETWORK) == 1
        assert house.jobs(JobKind.SEND_CODE) == ["p0:mailbox", "p1:mailbox", "p2:mailbox"]
        house.pickup.request_code(tokens[4], "mailbox", "198.51.100.1")
        house.clock.advance(3601)
        browser.get(f"/m/{tokens[3]}")
        assert browser.post("/letter/code", channel="mailbox").status == 303


@pytest.mark.proves("portal.code-bomb", "limits.codes-address")
def test_codes_to_one_mailbox_at_and_above_the_limit(tmp_path: Path) -> None:
    assert LimitsSection().codes_per_address == 10

    def at_most(one: Settings) -> Settings:
        return one.model_copy(update={"limits": one.limits.model_copy(update={"codes_per_address": 2})})

    with Home(tmp_path, settings=at_most).people() as home:
        for number in range(4):
            home.submit(mail(MARIA, "Results", RESULTS, number=number), [MARIA])
        home.settle()
        tokens = [one.token() for one in home.sent(MARIA)]
        assert len(set(tokens)) == 4
        for number, token in enumerate(tokens):
            home.pickup.request_code(token, "mailbox", f"192.0.2.{number}")
            home.settle()
        assert len(home.sent(MARIA)) == 4 + 2
        name = "sealgate_limit_refused_total"
        shown = home.inst.metrics().registry.get_sample_value(name, {"limit": Limit.CODES_PER_ADDRESS.value})
        assert shown == 2
        # An hour later that mailbox gets its codes again, and the letter opens: nothing was lost.
        home.later(3601)
        assert home.pickup.view(home.prove(tokens[-1])).text.startswith("Dear Maria")


@pytest.mark.proves("limits.unauthenticated")
def test_what_nobody_proved_to_be_allowed_to_ask_is_counted_and_never_written(house: House) -> None:
    token = house.parcel()
    house.request()
    with house.store.begin() as uow:
        rows = len(uow.audit.rows())
    with served(house) as port:
        for number in range(200):
            browser = Browser(port, {"__Host-sealgate-session": "A" * 43, "__Host-sealgate-consent": "B" * 43})
            browser.get(("/m/" if number % 2 else "/c/") + f"{number:043d}")
            for path in ("/letter/read", "/letter/file/1", "/consent/question", "/nothing"):
                assert browser.go("GET", path).status in {403, 404}
        counted = unauthenticated(house, "portal.link")
        assert counted >= 4 * 200
        browser = Browser(port)
        browser.get(f"/m/{token}")
        for number in range(5):
            browser.get("/letter")
            assert browser.post("/letter/open", code=f"{number}").status == 422
        browser.get("/letter")
        assert browser.post("/letter/open", code="1").status == 429
        assert unauthenticated(house, "portal.code") == 5
        assert unauthenticated(house, "portal.throttled") == metric(house, Limit.CODE_TRIES) == 1
        with house.store.begin() as uow:
            assert len(uow.audit.rows()) == rows
        # The first row is the opening of somebody who proved it.
        house.clock.advance(30)
        browser.get("/letter")
        assert browser.post("/letter/open", code=house.send_code("p1")).status == 303
        with house.store.begin() as uow:
            assert len(uow.audit.rows()) == rows + 1
