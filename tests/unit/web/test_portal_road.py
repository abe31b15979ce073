"""The road of a recipient: link, code, letter, files, log-off; and of a consent request."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.domain.records import JobKind
from tests.support.portal_house import LETTER, WARNING, Browser, House, served


@pytest.fixture
def house(tmp_path: Path):
    house = House(tmp_path)
    with served(house) as port:
        house.port = port
        yield house


def test_letter_road(house: House) -> None:
    data = bytes(range(256)) * 4000
    token = house.parcel(files=(("Befund Jörg.pdf", data), ("empty.txt", b"")))
    browser = Browser(house.port)
    door = browser.get(f"/m/{token}")
    assert door.status == 200
    assert "Someone at Lakeside Family Practice sent you a secure message" in door.text
    assert LETTER.subject not in door.text
    sent = browser.post("/letter/code", channel="mailbox")
    assert (sent.status, sent.headers["location"]) == (303, "/letter/enter?by=mailbox")
    assert house.jobs(JobKind.SEND_CODE) == ["p1:mailbox"]
    browser.get(sent.headers["location"])
    opened = browser.post("/letter/open", code=house.send_code("p1")[:4] + " 5678")
    assert (opened.status, opened.headers["location"]) == (303, "/letter/read")
    letter = browser.get("/letter/read")
    assert letter.status == 200
    for words in (LETTER.subject, "Jo Lee", "your results are fine", "March 2, 2026", "Befund Jörg.pdf", "1000.0 kB"):
        assert words in letter.text
    file = browser.get("/letter/file/1")
    assert file.body == data
    assert file.headers["content-length"] == str(len(data))
    assert (
        file.headers["content-disposition"]
        == "attachment; filename=\"Befund J_rg.pdf\"; filename*=UTF-8''Befund%20J%C3%B6rg.pdf"
    )
    assert browser.get("/letter/file/2").body == b""
    assert [browser.get(f"/letter/file/{n}").status for n in (0, 3)] == [410, 410]
    saved = browser.get("/letter/save")
    assert "attachment" in saved.headers["content-disposition"]
    assert "your results are fine" in saved.text
    assert "/assets" not in saved.text
    browser.get("/letter/read")
    closed = browser.post("/letter/close")
    assert closed.headers["location"] == "/letter/closed"
    assert browser.cookies == {}
    assert browser.get("/letter/read").status == 403
    kinds = [kind for kind, _ in house.events()]
    assert kinds == ["parcel_opened", "parcel_download", "parcel_download", "parcel_download"]
    assert house.jobs(JobKind.SEND_NOTICE) == ["opened:p1"]
    everything = repr(house.events())
    assert "Befund" not in everything
    assert "example.net" not in everything


@pytest.mark.proves("portal.tokens", "rest.portal-session")
def test_session_ends_with_its_row(house: House) -> None:
    browser = Browser(house.port)
    assert browser.open_letter(house, house.parcel()).status == 200
    kept = dict(browser.cookies)
    browser.post("/letter/close")
    browser.cookies = kept
    assert browser.get("/letter/read").status == 403


def test_second_opening_sends_no_second_receipt(house: House) -> None:
    token = house.parcel()
    Browser(house.port).open_letter(house, token)
    house.clock.advance(120)
    assert Browser(house.port).open_letter(house, token).status == 200
    assert house.jobs(JobKind.SEND_NOTICE) == ["opened:p1"]
    assert [data["first"] for _, data in house.events()] == [True, False]


@pytest.mark.parametrize("said", ["yes", "no"])
def test_consent_road(house: House, said: str) -> None:
    token = house.request()
    browser = Browser(house.port)
    assert "has a question for you" in browser.get(f"/c/{token}").text
    assert browser.post("/consent/code").headers["location"] == "/consent/enter?by=mailbox"
    assert house.jobs(JobKind.SEND_CODE) == ["q1:mailbox"]
    browser.get("/consent/enter?by=mailbox")
    assert browser.post("/consent/open", code="00000000").status == 422
    assert browser.post("/consent/open", code=house.send_code("q1")).headers["location"] == "/consent/question"
    page = browser.get("/consent/question")
    assert WARNING.split("\n", maxsplit=1)[0] in page.text
    assert "[w7]" in page.text
    assert "Please choose yes or no" in browser.post("/consent/answer").text
    assert browser.post("/consent/answer", answer="maybe").status == 400
    browser.get("/consent/question")
    kept = dict(browser.cookies)
    done = browser.post("/consent/answer", answer=said)
    assert f"<strong>{said}</strong>" in browser.get(done.headers["location"]).text
    assert house.jobs(JobKind.CONSENT_ANSWER) == ["q1"]
    wanted = "consent_given" if said == "yes" else "consent_refused"
    assert house.events("m-q1") == [(wanted, {"request": "q1", "patient": "pat1", "warning": "w7"})]
    with house.store.begin() as uow:
        row = uow.register.request("q1")
    assert row is not None
    assert row.state == f"answered_{said}"
    # The answer stands: neither the old session nor the link takes another.
    browser.cookies = kept
    assert browser.get("/consent/question").status == 403
    assert browser.get(f"/c/{token}").status == 410


def test_staff_code_opens_only_where_the_practice_allowed_it(house: House) -> None:
    browser = Browser(house.port)
    page = browser.get(f"/m/{house.parcel(proof='phone,staff')}")
    assert "Send a code to my phone" in page.text
    assert "Send a code to my e-mail" not in page.text
    assert "555-0142" in page.text
    assert browser.post("/letter/code", channel="mailbox").status == 403
    assert browser.post("/letter/code", channel="staff").status == 403
    assert house.jobs(JobKind.SEND_CODE) == []
    browser.get("/letter")
    assert browser.post("/letter/open", code=house.send_code("p1", channel="mailbox")).status == 422
    assert browser.post("/letter/open", code=house.send_code("p1", channel="staff")).status == 303


def test_health_and_metrics(house: House) -> None:
    browser = Browser(house.port)
    assert browser.get("/healthz").text == "ok\n"
    assert browser.get("/readyz").text == "ready\n"
    browser.get(f"/m/{house.parcel()}")
    from prometheus_client import generate_latest

    text = generate_latest(house.metrics.registry).decode()
    assert 'sealgate_portal_answers_total{method="GET",route="/m/{token}",status="3xx"} 1.0' in text
