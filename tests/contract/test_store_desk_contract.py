"""The Desk port over every database: requests of staff come, are answered, and go."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.adapters.sql.store import SqlStore
from gateway.domain.desk import Deed, DeskRow, DeskState
from gateway.domain.errors import PermanentError
from tests.support.fakes import START


def asked(name: str, session: str = "s1", seconds: float = 0.0) -> DeskRow:
    at = START + timedelta(seconds=seconds)
    return DeskRow(name, Deed.READ, "m1", "d1", session, b"public", "kim", at, "e1", b"reason", b"signature")


def test_a_request_comes_is_answered_and_goes(store: SqlStore) -> None:
    row = asked("r1")
    with store.begin() as uow:
        uow.desk.add(row)
    with pytest.raises(PermanentError), store.begin() as uow:
        uow.desk.add(row)
    answer = replace(
        row, state=DeskState.DONE, reply="done", object_id="o1", commitment=b"c", proof=b"p", staff="somebody else"
    )
    with store.begin() as uow:
        assert uow.desk.get("r1") == row
        uow.desk.answer(answer)
        uow.desk.answer(replace(answer, id="nothing"))
        assert uow.desk.get("r1") == replace(answer, staff="kim"), "an answer changes nothing of what was asked"
        assert uow.desk.get("nothing") is None
        uow.desk.drop("r1")
        assert uow.desk.get("r1") is None


def test_requests_by_session_and_by_age(store: SqlStore) -> None:
    rows = [asked("r1"), asked("r2", "s2", 1), asked("r3", "s1", 2)]
    with store.begin() as uow:
        for one in rows:
            uow.desk.add(one)
    with store.begin() as uow:
        assert uow.desk.of_session("s1") == [rows[0], rows[2]]
        assert uow.desk.before(START + timedelta(seconds=1)) == rows[:2]
        assert uow.desk.before(START + timedelta(seconds=9), limit=1) == rows[:1]
