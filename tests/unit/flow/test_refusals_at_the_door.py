"""Refusals at the door: senders who proved who they are leave rows, so many an hour; strangers leave none, only counts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from gateway.adapters.sql.store import SqlStore
from gateway.domain.envelope import Identity
from gateway.flow import refusals
from gateway.flow.refusals import PER_HOUR, Refusals
from gateway.smtp.settings import Profile
from tests.dialogs.door_kit import stand
from tests.support.fakes import FakeClock, SeededTokens

pytestmark = pytest.mark.proves("limits.unauthenticated")
LEE, MEI = (Identity(name, "auth", frozenset(), frozenset()) for name in ("lee", "mei"))


@pytest.fixture
def store(tmp_path: Path):
    made = SqlStore(f"sqlite:///{tmp_path / 's.db'}", SeededTokens())
    made.create_schema()
    yield made
    made.close()


def rows(store: SqlStore) -> list[dict[str, object]]:
    with store.begin() as uow:
        return [dict(row.event.data) for row in uow.audit.of_message("")]


def test_rows_of_one_sender_are_bounded_by_the_hour(store: SqlStore) -> None:
    clock = FakeClock()
    noted = Refusals(store, clock, lambda who: who.name.encode(), lambda job: job())
    for _ in range(PER_HOUR + 5):
        noted.note(LEE, "sender.not_yours")
    noted.note(MEI, "limit.message_bytes")
    found = rows(store)
    assert len(found) == PER_HOUR + 1
    assert [one["last_of_hour"] for one in found] == [False] * (PER_HOUR - 1) + [True, False]
    assert {one["sender"] for one in found} == {b"lee".hex(), b"mei".hex()}
    clock.advance(timedelta(hours=1).total_seconds())
    noted.note(LEE, "sender.not_yours")
    assert len(rows(store)) == PER_HOUR + 2


def test_senders_in_memory_are_bounded_too(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "_SENDERS", 3)
    noted = Refusals(store, FakeClock(), lambda who: who.name.encode(), lambda job: job())
    for number in range(9):
        noted.note(Identity(str(number), "auth", frozenset(), frozenset()), "sender.not_yours")
    assert len(rows(store)) == 3


@pytest.mark.asyncio
async def test_strangers_are_counted_and_never_told_of(tmp_path: Path) -> None:
    async with stand(tmp_path, Profile.SUBMISSION) as made:
        client = await made.secure()
        for _ in range(3):
            assert (await client.ask("MAIL FROM:<a@gate.example>")).startswith("530 ")
        assert made.told == []
        assert made.in_vain("smtp.command") >= 3
        client.close()
        known = await made.logged_in()
        assert (await known.ask("MAIL FROM:<somebody@else.example>")).startswith("550 ")
        assert made.told == [("lee", "sender.not_yours")]
        known.close()
