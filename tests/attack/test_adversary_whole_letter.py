"""What a reader cannot take apart is not lost: it lies in the parcel as a whole, and without Bcc."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.home import MARIA, RESULTS, Home, mail


@pytest.fixture
def home(tmp_path: Path):
    with Home(tmp_path) as one:
        yield one.people()


def _many_parts() -> bytes:
    return mail(MARIA, "Results", RESULTS, files=[(f"{n}.txt", "text/plain", b"part %d" % n) for n in range(1050)])


def _without_its_boundary() -> bytes:
    whole = mail(MARIA, "Results", RESULTS, headers=["Bcc: hidden@example.org"])
    return whole.replace(b"Content-Type: text/plain", b"Content-Type: multipart/mixed; boundary=never")


def _long() -> bytes:
    return mail(MARIA, "Results", RESULTS).rstrip() + b"\r\n" * 2_200_000 + b"the very end\r\n"


@pytest.mark.parametrize(
    ("raw", "mark"),
    [(_many_parts, b'filename="1049.txt"'), (_without_its_boundary, b"diabetes"), (_long, b"the very end")],
    ids=["too many parts", "no boundary", "too long to show"],
)
def test_the_recipient_gets_all_of_it(home: Home, raw, mark: bytes) -> None:
    home.submit(raw(), MARIA)
    home.settle()
    [sent] = home.sent(MARIA)
    cookie = home.prove(sent.token())
    last = len(home.pickup.view(cookie).enclosed) - 1
    whole = b"".join(home.pickup.stream(cookie, last).chunks)
    assert mark in whole
    assert b"hidden@example.org" not in whole
