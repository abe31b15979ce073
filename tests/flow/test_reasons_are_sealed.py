"""What staff write as a reason is no part of the log: a salted commitment is, and the words are shown with the column key."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from gateway.flow import reasons
from gateway.flow.story import SEALED, story
from tests.support.home import DOCTOR, MARIA, RESULTS, TOBIAS, TOBIAS_RESULTS, Home, mail

pytestmark = pytest.mark.proves("log.commitments")
WORDS = "Maria Quintero rang: wrong address"


@pytest.fixture
def home(tmp_path: Path):
    with Home(tmp_path) as one:
        yield one.people()


def held(home: Home, words: str = WORDS) -> str:
    message = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.assess()
    home.rooms.review.hold(message, "ann", words)
    return message


def told(home: Home, message: str) -> str:
    return str([data["reason"] for kind, data in home.events(message) if "reason" in data][-1])


def everything(home: Home) -> bytes:
    return b"".join(one.read_bytes() for one in (home.root / "data").rglob("sealgate.db*"))


def test_the_words_are_nowhere_in_the_database(home: Home) -> None:
    message = held(home)
    home.rooms.review.release(home.delivery(message).id, "ann", f"{WORDS}, mended")
    other = home.submit(mail(TOBIAS, "Results", TOBIAS_RESULTS), TOBIAS)
    home.settle()
    home.rooms.review.refuse(other, "ann", f"{WORDS}, refused")
    assert b"Quintero rang" not in everything(home)
    with_key = " ".join(line.text for one in (message, other) for line in story(home.store, one, home.keys.columns))
    assert f"{WORDS}, mended" in with_key
    assert [line.row.event.data["reason"] for line in story(home.store, other, home.keys.columns) if "reason" in line.row.event.data] == [f"{WORDS}, refused"]  # fmt: skip
    without = story(home.store, message)
    assert SEALED in " ".join(line.text for line in without)
    assert "Quintero" not in str(without)


def test_the_commitment_is_salted(home: Home) -> None:
    first, second = told(home, held(home)), told(home, held(home))
    assert first != second, "the same words twice"
    for guess in (WORDS.encode(), b"reason" + WORDS.encode()):
        assert hashlib.sha256(guess).hexdigest() not in first


def test_words_that_the_log_does_not_mean_are_not_shown(home: Home) -> None:
    message, other = held(home), held(home, "another reason")
    names = [told(home, one).partition(":")[2] for one in (message, other)]
    sealed = [home.sql("SELECT sealed FROM audit_words WHERE name = ?", one)[0][0] for one in names]
    columns = home.keys.columns
    forged = columns.seal("audit.words", names[0], columns.open("audit.words", names[1], sealed[1]))
    for value in (sealed[1], forged, b""):
        home.sql("UPDATE audit_words SET sealed = ? WHERE name = ?", value, names[0])
        with home.store.begin() as uow:
            assert reasons.read(uow, columns, told_text(names[0])) == reasons.UNREADABLE
    home.sql("DELETE FROM audit_words")
    with home.store.begin() as uow:
        assert reasons.read(uow, columns, told_text(names[0])) == reasons.UNREADABLE


def told_text(name: str) -> str:
    return f"commitment:{name}"


def test_no_row_of_the_log_holds_anything_personal(home: Home) -> None:
    message = held(home)
    home.rooms.review.release(home.delivery(message).id, "ann", WORDS)
    home.submit(mail(TOBIAS, "Results", TOBIAS_RESULTS), TOBIAS)
    home.settle()
    home.open_link(home.sent(MARIA)[0])
    home.revoke(home.maria, MARIA)
    home.settle()
    rows = str(home.sql("SELECT message_id, kind, delivery_id, actor, data FROM audit"))
    for personal in ("Quintero", "Hartwell", "Maria", "diabetes", "4471203", MARIA, TOBIAS, DOCTOR, "Results", "lee"):
        assert personal not in rows, personal
    assert message in rows
