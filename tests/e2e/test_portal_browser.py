"""A person with a real browser, without JavaScript, on a phone and at a desk: link, code, letter, download, answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.chromium import PATIENCE, chromium
from tests.support.portal_house import LETTER, House, served

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 2000
HTML = """<h1>Your results</h1><p>Dear Pat,</p><p>all values are <b>fine</b>. Please see
<a href="https://forms.example.org/visit?a-long-parameter=with-many-words-that-go-on-and-on">our form</a>.</p>
<table border=1><tr><th>Test</th><th>Value</th><th>Range</th><th>Comment</th></tr><tr><td>HbA1c</td><td>5.4 %</td><td>4.0 to 5.6</td><td>as before</td></tr></table>
<img src="https://evil.example.net/pixel.gif" alt="Practice logo"><p>Jo Lee</p>"""

pytestmark = [pytest.mark.e2e, pytest.mark.peer]


@pytest.fixture
def browser() -> Iterator[Any]:
    with chromium("the portal") as launched:
        yield launched


def fits(page: Any) -> bool:
    """Nothing makes the page wider than the screen."""
    return bool(page.locator("html").evaluate("e => e.scrollWidth <= e.clientWidth"))


@pytest.mark.parametrize("width", [390, 1280])
def test_letter_and_consent_in_chromium(tmp_path: Path, browser: Any, width: int) -> None:
    house = House(tmp_path)
    shots = tmp_path / f"shots-{width}"
    letter = replace(
        LETTER, html=HTML, notices=("42 CFR part 2 prohibits unauthorized use or disclosure of these records.",)
    )
    token = house.parcel(
        letter,
        (("Laboratory results of February with a rather long name.pdf", PDF), ("notes.txt", b"abc")),
        proof="mailbox,phone,staff",
    )
    question = house.request()
    asked: list[str] = []
    with served(house) as port:
        context = browser.new_context(
            viewport={"width": width, "height": 844}, java_script_enabled=False, accept_downloads=True
        )
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))

        def look(name: str) -> None:
            shots.mkdir(exist_ok=True)
            page.screenshot(path=shots / f"{name}.png", full_page=True)
            assert fits(page), name

        page.goto(f"http://localhost:{port}/m/{token}")
        assert page.url == f"http://localhost:{port}/letter"
        look("1-door")
        page.get_by_role("button", name="Send a code to my e-mail").click()
        look("2-code")
        page.get_by_label("Code").fill("0000 0000")
        page.get_by_role("button", name="Continue").click()
        assert "not right" in page.get_by_role("alert").inner_text()
        look("3-wrong")
        page.get_by_label("Code").fill(house.send_code("p1"))
        page.get_by_role("button", name="Continue").click()
        assert page.get_by_role("heading", level=1).inner_text() == LETTER.subject
        look("4-letter")
        with page.expect_download() as downloading:
            page.get_by_role("link", name="Laboratory").click()
        assert Path(downloading.value.path()).read_bytes() == PDF
        assert downloading.value.suggested_filename == "Laboratory results of February with a rather long name.pdf"
        with page.expect_download() as downloading:
            page.get_by_role("link", name="Save this message").click()
        assert b"all values are" in Path(downloading.value.path()).read_bytes()
        page.get_by_role("link", name="Write an answer").click()
        page.get_by_label("Your answer").fill("Dear Jo,\nthank you.")
        scan = {"name": "A scan of my card größer.pdf", "mimeType": "application/pdf", "buffer": PDF}
        page.get_by_label("Files or pictures").set_input_files([scan])
        look("4-answer")
        page.get_by_role("button", name="Send my answer").click()
        assert page.get_by_role("heading", level=1).inner_text() == "Your answer was sent"
        look("4-sent")
        assert [kind for kind, _ in house.events()].count("answered") == 1
        page.get_by_role("link", name="Back to the message").click()
        page.get_by_role("link", name="Write an answer").click()
        page.get_by_label("Files or pictures").set_input_files([{**scan, "buffer": bytes(2 * 1024**2)}])
        page.get_by_role("button", name="Send my answer").click()
        assert page.get_by_role("heading", level=1).inner_text() == "That is too large"
        look("4-large")
        page.get_by_role("link", name="Go back").click()
        page.get_by_role("link", name="Back to the message").click()
        page.get_by_role("button", name="Log off").click()
        look("5-closed")
        page.goto(f"http://localhost:{port}/letter/read")
        look("6-refused")
        page.goto(f"http://localhost:{port}/c/{question}")
        look("7-question")
        page.get_by_role("button", name="Send a code").click()
        page.get_by_label("Code").fill(house.send_code("q1"))
        page.keyboard.press("Enter")
        page.wait_for_url("**/consent/question")
        look("8-warning")
        page.get_by_role("button", name="Send my answer").click()
        look("9-missing")
        page.get_by_label("Yes, I have read this").check()
        page.get_by_role("button", name="Send my answer").click()
        assert "You said yes" in page.locator("main").inner_text()
        look("10-thanks")
        context.close()
    assert {url.split("/")[2] for url in asked} == {f"localhost:{port}"}
