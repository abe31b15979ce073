"""A person of the staff with a real browser, without JavaScript, on a phone and at a desk; every role a real process."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.chromium import PATIENCE, chromium
from tests.support.live import OFFICE, Live, letter, until

STAFF, PASSWORD = "kim", "a long pass phrase"

pytestmark = [pytest.mark.e2e, pytest.mark.peer, pytest.mark.proves("roles.review")]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium("the staff page") as launched:
        yield launched


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, browser: Any) -> Iterator[Live]:
    made = Live(
        tmp_path_factory.mktemp("review") / "gate", edit=lambda text: text + '[review]\nlisten = "127.0.0.1:0"\n'
    )
    made.home.users().add(STAFF, PASSWORD, [], staff=True)
    try:
        made.start("worker", "smtp", "review")
        yield made
    finally:
        made.stop()


@pytest.mark.parametrize("width", [390, 1280])
def test_staff_read_release_and_refuse_in_chromium(live: Live, browser: Any, tmp_path: Path, width: int) -> None:
    message = live.submit(letter(OFFICE), OFFICE)
    live.settled(message)
    refused = live.submit(letter(OFFICE), OFFICE)
    live.settled(refused)
    shots, asked = tmp_path / f"shots-{width}", list[str]()
    shots.mkdir()
    context = browser.new_context(viewport={"width": width, "height": 844}, java_script_enabled=False)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))

    def look(name: str) -> None:
        page.screenshot(path=shots / f"{name}.png", full_page=True)
        assert page.locator("html").evaluate("e => e.scrollWidth <= e.clientWidth"), name

    here = f"http://localhost:{live.ports['review']}"
    page.goto(here)
    look("1-door")
    page.get_by_label("Name").fill(STAFF)
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    assert "not right" in page.get_by_role("alert").inner_text()
    look("2-wrong")
    page.get_by_label("Name").fill(STAFF)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    look("3-list")
    page.get_by_role("link", name=re.compile(message)).click()
    look("4-mail")
    page.get_by_role("button", name="Show the mail").click()
    page.get_by_role("heading", name="The mail", exact=True).wait_for()
    assert "metformin" in page.locator("main").inner_text()
    look("5-text")
    page.get_by_role("link", name="Back to what can be done").click()
    page.get_by_text("Release this copy").first.click()
    look("6-release")
    page.get_by_role("textbox", name="Reason").first.fill("Spoke to the office")
    page.get_by_role("button", name="Release this copy").click()
    page.get_by_role("heading", name="Done").wait_for()
    look("7-released")
    page.get_by_role("link", name="All mail in hand").click()
    page.get_by_role("link", name=re.compile(refused)).click()
    page.get_by_text("Refuse the mail").first.click()
    page.get_by_role("textbox", name="Reason").last.fill("Wrong person")
    page.get_by_role("button", name="Refuse the mail").click()
    page.get_by_role("heading", name="Done").wait_for()
    page.get_by_role("button", name="Sign out").click()
    look("8-out")
    page.go_back()
    assert "metformin" not in page.content()
    assert all(one.startswith(here) for one in asked)
    context.close()
    until(lambda: live.relayed(message), why="the released mail leaves")
    assert not live.relayed(refused)
    kinds = [one["kind"] for one in live.events(message)]
    assert kinds.count("reviewed") == 2
    assert "released" in kinds
    assert "metformin" not in live.log("review") + live.log("worker")
