"""A tag that is taken out of the Subject is a tag that counts, however it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.domain.decision import Method
from tests.support.home import LUNCH, OFFICE, Home, mail


@pytest.fixture
def home(tmp_path: Path):
    with Home(tmp_path) as one:
        yield one.people()


@pytest.mark.parametrize("tag", ["[secure]", "[ secure ]", "[Secure ]", "=?utf-8?q?=5Bsecure=5D?="])
def test_secure_is_honoured_where_it_is_removed(home: Home, tag: str) -> None:
    message = home.submit(mail(OFFICE, "x", LUNCH).replace(b"Subject: x", f"Subject: {tag} Lunch".encode()), OFFICE)
    home.settle()
    assert home.delivery(message).method is not Method.PASS


def test_the_tag_of_a_second_subject_counts_too(home: Home) -> None:
    raw = mail(OFFICE, "Lunch", LUNCH, headers=["Subject: Lunch"]).replace(
        b"\r\nSubject: Lunch", b"\r\nSubject: [secure] Lunch"
    )
    message = home.submit(raw, OFFICE)
    home.settle()
    assert home.delivery(message).method is not Method.PASS
