"""The portal names the practice's calendar days, as its mails do: a link that ends in the evening ends on that day."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gateway.flow.pickup import Door
from gateway.render.mail import TEMPLATES
from gateway.web.pages import Pages, Practice


@pytest.mark.parametrize(("zone", "day"), [("America/New_York", "December 6, 2026"), ("UTC", "December 7, 2026")])
def test_a_link_ends_on_the_day_of_the_practice(zone: str, day: str) -> None:
    pages = Pages(Path(TEMPLATES) / "portal", Practice("Lakeside", zone=ZoneInfo(zone)), str)
    door = Door(("mailbox",), datetime(2026, 12, 7, 2, 30, tzinfo=UTC))
    assert f"until {day}" in pages.text("letter.html", door=door, form="f")
