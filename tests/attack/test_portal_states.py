"""Every route with every method in every state that a link or a session can be in: the answer is the table's.

GET and HEAD change nothing in the database but what `CHANGES` lists.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.requests import Request

from gateway.domain.protected import Protected
from gateway.domain.states import DeliveryState, ParcelState
from gateway.seal import link
from gateway.web.cookies import CONSENT_LINK, CONSENT_SESSION, LETTER_LINK, LETTER_SESSION
from tests.support.portal_house import Browser, House, served

pytestmark = pytest.mark.proves("portal.routes")

OTHERS = ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "BREW", "get")
ALWAYS = {
    "/m/{token}": 303, "/letter/closed": 200, "/c/{token}": 303, "/consent/thanks": 200, "/": 200,
    "/assets/portal.css": 200, "/robots.txt": 200, "/healthz": 200, "/readyz": 200,
}  # fmt: skip
LETTER = (
    "/letter", "/letter/enter", "/letter/read", "/letter/save", "/letter/file/{number}", "/letter/open", "/letter/code",
    "/letter/close", "/letter/write", "/letter/answer", "/letter/sent",
)  # fmt: skip
"""The order of the columns below; a POST carries its page's own form token, and a wrong code."""
LETTER_STATES = {
    # state:            door enter read save file open code close write answer sent
    "nobody":          (403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403),
    "unknown link":    (404, 404, 403, 403, 403, 404, 404, 403, 403, 403, 403),
    "sealed":          (200, 200, 403, 403, 403, 422, 303, 403, 403, 403, 403),
    "code pending":    (200, 200, 403, 403, 403, 422, 429, 403, 403, 403, 403),
    "code locked":     (200, 200, 403, 403, 403, 429, 303, 403, 403, 403, 403),
    "opened":          (200, 200, 200, 200, 200, 422, 303, 303, 200, 303, 200),
    "opened by another": (200, 200, 403, 403, 403, 422, 303, 403, 403, 403, 403),
    "session idle":    (200, 200, 403, 403, 403, 422, 303, 303, 200, 303, 200),
    "logged off":      (200, 200, 403, 403, 403, 422, 303, 303, 403, 403, 200),
    "revoked":         (410, 410, 410, 410, 410, 410, 410, 303, 410, 410, 200),
    "expired":         (410, 410, 410, 410, 410, 410, 410, 303, 410, 410, 200),
    "closed":          (410, 410, 410, 410, 410, 410, 410, 303, 410, 410, 200),
    "swept":           (410, 410, 403, 403, 403, 410, 410, 303, 403, 403, 200),
    "held again":      (403, 403, 403, 403, 403, 403, 403, 303, 403, 403, 200),
    "restored": (503, 503, 503, 503, 503, 503, 503, 303, 503, 503, 200),
}  # fmt: skip
CONSENT = ("/consent", "/consent/enter", "/consent/question", "/consent/open", "/consent/code", "/consent/answer")
CONSENT_STATES = {
    # state:           door enter question open code answer
    "nobody":         (403, 403, 403, 403, 403, 403),
    "unknown link":   (404, 404, 403, 404, 404, 403),
    "asked":          (200, 200, 403, 422, 303, 403),
    "code pending":   (200, 200, 403, 422, 429, 403),
    "proven":         (200, 200, 200, 422, 303, 422),
    "answered":       (410, 410, 403, 410, 410, 403),
    "expired":        (410, 410, 403, 410, 410, 403),
    "restored": (503, 503, 503, 503, 503, 503),
}  # fmt: skip
CHANGES = {
    ("opened", "/letter/read", "GET"): {"sessions"},
    ("opened", "/letter/save", "GET"): {"audit", "audit_chains", "sessions"},
    ("opened", "/letter/file/{number}", "GET"): {"audit", "audit_chains", "sessions"},
}
"""The idle clock of the session that was used, and the record of a download. Nothing else."""


def opened(house: House, browser: Browser, name: str = "p1") -> None:
    assert browser.open_letter(house, house.parcel(name=name, files=(("a.txt", b"abc"),)), name).status == 200
    house.clock.advance(60)


def wrongly(browser: Browser) -> None:
    browser.get("/letter")
    for _ in range(5):
        assert browser.post("/letter/open", code="1").status == 422


def ended(house: House, browser: Browser, state: ParcelState) -> None:
    opened(house, browser)
    with house.store.begin() as uow:
        uow.parcels.move("p1", state, house.clock.now())


def letter_in(state: str, house: House, browser: Browser) -> None:
    """Bring house and browser into that state."""
    if state == "unknown link":
        browser.get("/m/" + "A" * 43)
    elif state in {"sealed", "code pending", "code locked"}:
        browser.get(f"/m/{house.parcel()}")
        if state == "code pending":
            assert browser.post("/letter/code", channel="mailbox").status == 303
        elif state == "code locked":
            wrongly(browser)
    elif state == "opened":
        opened(house, browser)
    elif state == "opened by another":
        opened(house, Browser(browser.port))
        browser.get(f"/m/{link_of(house)}")
    elif state == "session idle":
        opened(house, browser)
        house.clock.advance(15 * 60)
    elif state == "logged off":
        opened(house, browser)
        kept = dict(browser.cookies)
        browser.get("/letter/read")
        assert browser.post("/letter/close").status == 303
        browser.cookies = kept
    elif state in {"revoked", "closed"}:
        ended(house, browser, ParcelState(state))
    elif state == "expired":
        opened(house, browser)
        with house.store.begin() as uow:
            uow.parcels.set_expiry("p1", house.clock.now())
    elif state == "swept":
        ended(house, browser, ParcelState.EXPIRED)
        with house.store.begin() as uow:
            uow.parcels.drop_sessions(parcel_id="p1")
    elif state == "restored":
        opened(house, browser)
        quarantine(house)
    elif state == "held again":
        opened(house, browser)
        with house.store.begin() as uow:
            uow.deliveries.move("d-p1", DeliveryState.RETRY)
            uow.deliveries.move("d-p1", DeliveryState.HELD)


def consent_in(state: str, house: House, browser: Browser) -> None:
    """Bring house and browser into that state."""
    if state == "nobody":
        return
    token = "A" * 43 if state == "unknown link" else house.request()
    browser.get(f"/c/{token}")
    if state == "code pending":
        assert browser.post("/consent/code").status == 303
    elif state in {"proven", "answered", "restored"}:
        assert browser.post("/consent/open", code=house.send_code("q1")).status == 303
        browser.get("/consent/question")
        if state == "restored":
            quarantine(house)
        elif state == "answered":
            kept = dict(browser.cookies)
            assert browser.post("/consent/answer", answer="yes").status == 303
            browser.cookies = kept
    elif state == "expired":
        house.clock.advance(14 * 24 * 3600)


def quarantine(house: House) -> None:
    """What a restored system is in until a person has confirmed it."""
    with house.store.begin() as uow:
        uow.set_setting("quarantine", "restored")


def link_of(house: House, name: str = "p1") -> str:
    """The token that `House.parcel` made for that name."""
    return link.token(Protected(hashlib.sha256(name.encode()).digest()))


def tables(house: House) -> dict[str, list[tuple[object, ...]]]:
    """Every table of the database, whole."""
    database = sqlite3.connect(house.root / "db" / "sealgate.db")
    try:
        names = [
            row[0]
            for row in database.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
            )
        ]
        return {name: sorted(database.execute(f'SELECT * FROM "{name}"'), key=repr) for name in names}
    finally:
        database.close()


def form_of(browser: Browser, path: str) -> dict[str, str]:
    """What the page of that road would have put into its form."""
    session = path in {"/letter/close", "/letter/answer", "/consent/answer"}
    letter, consent = (LETTER_SESSION, CONSENT_SESSION) if session else (LETTER_LINK, CONSENT_LINK)
    cookie = letter if path.startswith("/letter") else consent
    header = "; ".join(f"{name}={value}" for name, value in browser.cookies.items()).encode()
    token = cookie.form_token(Request({"type": "http", "headers": [(b"cookie", header)]}))
    return {"form": token, "code": "00000000", "channel": "mailbox"}


def check(
    tmp_path: Path, state: str, columns: tuple[str, ...], wanted: tuple[int, ...],
    bring: Callable[[str, House, Browser], None],
) -> None:  # fmt: skip
    house = House(tmp_path)
    with served(house) as port:
        browser = Browser(port)
        bring(state, house, browser)
        expected = ALWAYS | dict(zip(columns, wanted, strict=True))
        if state == "restored":
            expected["/readyz"] = 503
        posts = {route.path for route in house.app.routes if "POST" in route.methods}
        cookies = dict(browser.cookies)
        for path in expected:
            address = path.format(token=link_of(house), number=1)
            for method in ("GET", "HEAD"):
                if path in posts:
                    continue
                browser.cookies, before = dict(cookies), tables(house)
                answer = browser.go(method, address)
                assert answer.status == expected[path], (state, method, path)
                assert method == "GET" or answer.body == b""
                after = tables(house)
                changed = {name for name in after if after[name] != before[name]}
                assert changed <= CHANGES.get((state, path, method), set()), (state, method, path)
            browser.cookies, before = dict(cookies), tables(house)
            for method in OTHERS + (("GET", "HEAD") if path in posts else ("POST",)):
                assert browser.go(method, address).status == 405, (state, method, path)
            assert tables(house) == before, (state, path)
        for path in sorted(columns, key=lambda one: one == "/letter/close"):
            if path in posts:
                browser.cookies = dict(cookies)
                form = form_of(browser, path)
                went = (
                    browser.answer(token=form["form"]) if path == "/letter/answer" else browser.go("POST", path, form)
                )
                assert went.status == expected[path], (state, path)


def test_the_tables_name_every_route(tmp_path: Path) -> None:
    house = House(tmp_path)
    assert {route.path for route in house.app.routes} == set(ALWAYS) | set(LETTER) | set(CONSENT)
    house.store.close()


@pytest.mark.parametrize("state", LETTER_STATES)
def test_each_route_answers_its_table_for_a_letter(tmp_path: Path, state: str) -> None:
    check(tmp_path, state, LETTER, LETTER_STATES[state], letter_in)


@pytest.mark.parametrize("state", CONSENT_STATES)
def test_each_route_answers_its_table_for_a_question(tmp_path: Path, state: str) -> None:
    check(tmp_path, state, CONSENT, CONSENT_STATES[state], consent_in)
