"""Tokens and cookies guessed, cut, swapped, kept and carried elsewhere open nothing; what is revoked does not end whole."""

from __future__ import annotations

import http.client
import re
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.domain.errors import PickupRefused
from gateway.domain.states import ParcelState
from gateway.seal import link
from gateway.web.cookies import CONSENT_LINK, CONSENT_SESSION, LETTER_LINK, LETTER_SESSION
from tests.support.patience import until
from tests.support.portal_house import LETTER, Browser, House, served

pytestmark = pytest.mark.proves("portal.tokens")

BIG = bytes(range(251)) * 40000
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@pytest.fixture
def house(tmp_path: Path):
    house = House(tmp_path)
    with served(house) as port:
        house.port = port
        yield house


def near(token: str) -> list[str]:
    """Tokens that are almost that one."""
    changed = [token[:at] + ALPHABET[(ALPHABET.index(one) + 1) % 64] + token[at + 1 :] for at, one in enumerate(token)]
    return [
        *changed, token[:-1], token[1:], token + "A", token + "=", "A" + token, token.lower(), token.upper(), token.swapcase(),
        token[::-1], token + "\n", " " + token, token.replace("-", "+").replace("_", "/") + "=", "", "\u212a" * 43, "0" * 10000,
    ]  # fmt: skip


def test_no_token_that_is_almost_one_opens(house: House) -> None:
    token = house.parcel()
    code = house.send_code("p1")
    house.pickup.find(token)
    for number, wrong in enumerate(near(token)):
        if wrong == token:
            continue
        for call, args in ((house.pickup.find, ()), (house.pickup.prove, (code, f"192.0.2.{number}"))):
            with pytest.raises(PickupRefused) as refused:
                call(wrong, *args)
            assert refused.value.reason == "unknown", wrong
    assert house.events() == []
    assert house.pickup.prove(token, code, "198.51.100.1")


def test_a_cookie_of_another_place_opens_nothing(house: House) -> None:
    mine, other = Browser(house.port), Browser(house.port)
    mine.open_letter(house, house.parcel(name="p1"), "p1")
    other.open_letter(house, house.parcel(replace(LETTER, subject="For somebody else"), name="p2"), "p2")
    asked = Browser(house.port)
    asked.get(f"/c/{house.request()}")
    asked.post("/consent/open", code=house.send_code("q1"))
    values = {**mine.cookies, **{f"other {k}": v for k, v in other.cookies.items()}, **asked.cookies}
    right = {LETTER_SESSION.name, f"other {LETTER_SESSION.name}"}
    for name, value in values.items():
        thief = Browser(house.port, {LETTER_SESSION.name: value})
        answer = thief.go("GET", "/letter/read")
        assert answer.status == (200 if name in right else 403), name
        thief = Browser(house.port, {CONSENT_SESSION.name: value})
        assert thief.go("GET", "/consent/question").status == (200 if name == CONSENT_SESSION.name else 403), name
        thief = Browser(house.port, {CONSENT_LINK.name: value})
        assert thief.go("GET", "/consent").status == (200 if name == CONSENT_LINK.name else 404), name
    # A link's cookie of one letter beside the session of another: the session shows its own, the link only its own door.
    mixed = Browser(
        house.port,
        {LETTER_LINK.name: other.cookies[LETTER_LINK.name], LETTER_SESSION.name: mine.cookies[LETTER_SESSION.name]},
    )
    assert "For somebody else" not in mixed.go("GET", "/letter/read").text
    # Names without the prefix, or in another case, count for nothing.
    for name in (LETTER_SESSION.name.removeprefix("__Host-"), LETTER_SESSION.name.lower(), LETTER_SESSION.name.upper()):
        assert Browser(house.port, {name: mine.cookies[LETTER_SESSION.name]}).go("GET", "/letter/read").status == 403


def test_a_session_row_moved_to_another_parcel_opens_nothing(house: House) -> None:
    cookie = house.pickup.prove(house.parcel(name="p1"), house.send_code("p1"), "192.0.2.1")
    house.parcel(name="p2")
    value = link.read_token(cookie)
    assert value is not None
    with house.store.begin() as uow:
        row = uow.parcels.session(link.session_id(value, "test-practice"))
        assert row is not None
        uow.parcels.drop_session(row.id)
        uow.parcels.add_session(replace(row, parcel_id="p2"))
    with pytest.raises(Exception, match="wrap"):
        house.pickup.view(cookie)
    assert Browser(house.port, {LETTER_SESSION.name: cookie}).go("GET", "/letter/read").status == 500


def test_a_cookie_set_before_is_never_the_sessions(house: House) -> None:
    token = house.parcel()
    planted = "Q" * 42 + "A"
    browser = Browser(house.port, {LETTER_SESSION.name: planted})
    browser.open_letter(house, token)
    assert browser.cookies[LETTER_SESSION.name] != planted
    assert Browser(house.port, {LETTER_SESSION.name: planted}).go("GET", "/letter/read").status == 403


@pytest.mark.proves("rest.portal-session")
def test_what_was_kept_of_a_session_opens_nothing_after_log_off(house: House) -> None:
    browser = Browser(house.port)
    browser.open_letter(house, house.parcel(files=(("a", b"x"),)))
    value = link.read_token(browser.cookies[LETTER_SESSION.name])
    assert value is not None
    with house.store.begin() as uow:
        row = uow.parcels.session(link.session_id(value, "test-practice"))
    assert row is not None
    assert value.reveal() not in row.sealed + row.id
    assert browser.cookies[LETTER_SESSION.name] not in house.dump()
    assert row.sealed.hex().upper() in house.dump().upper()
    kept = dict(browser.cookies)
    gone = browser.post("/letter/close")
    assert gone.headers["clear-site-data"] == '"cache", "storage"'
    browser.cookies = kept
    assert [browser.go("GET", path).status for path in ("/letter/read", "/letter/save", "/letter/file/1")] == [403] * 3
    assert row.sealed.hex().upper() not in house.dump().upper()


@pytest.mark.parametrize("host", ["evil.example.net", "localhost:1", "", "a@b", "x/../y", "[::1]"])
def test_another_host_header_appears_nowhere(house: House, host: str) -> None:
    browser = Browser(house.port)
    token = house.parcel()
    arrived = browser.go(
        "GET", f"/m/{token}", Host=host, X_Forwarded_Host="evil.example.net", Forwarded="host=evil.example.net"
    )
    assert (arrived.status, arrived.headers["location"]) == (303, "/letter")
    assert "domain" not in arrived.headers["set-cookie"].lower()
    page = browser.go("GET", "/letter", Host=host, X_Forwarded_Host="evil.example.net")
    assert page.status == 200
    for text in (str(arrived.headers), page.text, str(page.headers)):
        assert "evil.example.net" not in text
    assert not re.search(r'(?:href|action|src)="(?![/#])', page.text)


def revoke(house: House) -> None:
    with house.store.begin() as uow:
        uow.parcels.move("p1", ParcelState.REVOKED, house.clock.now())
        uow.parcels.drop_sessions(parcel_id="p1")


def test_what_is_revoked_while_it_streams_has_no_clean_end(house: House) -> None:
    cookie = house.pickup.prove(house.parcel(files=(("big.bin", BIG),)), house.send_code("p1"), "192.0.2.1")
    chunks = house.pickup.stream(cookie, 0).chunks
    got = [next(chunks)]
    revoke(house)
    house.clock.advance(1)
    with pytest.raises(PickupRefused) as refused:
        got.extend(chunks)
    assert refused.value.reason == "revoked"
    # Within a second, or the pieces that were read ahead.
    assert len(b"".join(got)) < len(BIG) // 2


def test_what_is_revoked_before_its_last_piece_has_no_clean_end_even_within_the_second(house: House) -> None:
    cookie = house.pickup.prove(house.parcel(files=(("small.bin", b"x" * 1000),)), house.send_code("p1"), "192.0.2.1")
    chunks = house.pickup.stream(cookie, 0).chunks
    revoke(house)
    with pytest.raises(PickupRefused):
        next(chunks)


def test_a_client_sees_that_a_revoked_download_broke_off(house: House) -> None:
    browser = Browser(house.port)
    browser.open_letter(house, house.parcel(files=(("big.bin", BIG),)))
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", house.port))
        slow.settimeout(60)
        slow.sendall(f"GET /letter/file/1 HTTP/1.1\r\nHost: x\r\nCookie: {cookies}\r\n\r\n".encode())
        answer = http.client.HTTPResponse(slow)
        answer.begin()
        got = len(answer.read(4096))
        revoke(house)
        house.clock.advance(2)
        with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
            while piece := answer.read(65536):
                got += len(piece)
            if got < len(BIG):
                raise http.client.IncompleteRead(b"")
    assert answer.status == 200
    assert got < len(BIG)
    until(lambda: not house.app.state.slots.taken)
