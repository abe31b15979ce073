"""The open letter names nobody whom it is for, however the name is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.home import MARIA, Home, mail


@pytest.fixture
def home(tmp_path: Path):
    with Home(tmp_path) as one:
        yield one.people()


@pytest.mark.parametrize("name", ["quintero", "QUINTERO", "Maria", "maria", "quintero/maria", "maria_"])
def test_a_name_in_any_writing_stays_inside(home: Home, name: str) -> None:
    home.submit(mail(MARIA, "News", f"Hello, {name} family. There is diabetes news. MRN-4471203"), MARIA)
    home.settle()
    [sent] = home.sent(MARIA)
    shown = sent.text.casefold()
    assert "quintero" not in shown
    assert "maria" not in shown
    assert "/m/" in sent.text
