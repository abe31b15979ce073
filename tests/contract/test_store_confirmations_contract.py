"""The Store port: what recipients' systems say of copies sent as Direct."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.adapters.sql.store import SqlStore
from gateway.domain.errors import IllegalTransition, PermanentError
from gateway.domain.records import ConfirmationRow
from gateway.domain.states import ConfirmationState, MessageState
from tests.support.fakes import START
from tests.support.store_rows import delivery, message

HOUR = timedelta(hours=1)


def waiting(number: int) -> ConfirmationRow:
    return ConfirmationRow(
        f"d{number}", "m1", ConfirmationState.AWAITED, START, START + number * HOUR, START + 24 * HOUR
    )


@pytest.fixture
def filled(store: SqlStore) -> SqlStore:
    with store.begin() as uow:
        uow.messages.add(message("m1", state=MessageState.SETTLED))
        for number in (1, 2, 3):
            uow.deliveries.add(delivery(f"d{number}", "m1", position=number))
            uow.confirmations.add(waiting(number))
    return store


def test_rows_come_back_as_they_went_in_and_once_each(filled: SqlStore) -> None:
    with filled.begin() as uow:
        assert uow.confirmations.get("d2", lock=True) == waiting(2)
        assert uow.confirmations.get("d9") is None
        assert uow.confirmations.listed([ConfirmationState.AWAITED], after="d1") == [waiting(2), waiting(3)]
        assert uow.confirmations.listed([ConfirmationState.AWAITED], limit=1) == [waiting(1)]
    with pytest.raises(PermanentError), filled.begin() as uow:
        uow.confirmations.add(waiting(2))


def test_what_is_overdue_comes_longest_first_and_goes_when_it_moves(filled: SqlStore) -> None:
    with filled.begin() as uow:
        assert uow.confirmations.overdue(START + timedelta(minutes=59)) == []
        assert [one.delivery_id for one in uow.confirmations.overdue(START + 2 * HOUR)] == ["d1", "d2"]
        uow.confirmations.move("d1", ConfirmationState.PROCESSED, START + HOUR, START + 24 * HOUR)
        uow.confirmations.move("d2", ConfirmationState.OVERDUE, START + 2 * HOUR)
    with filled.begin() as uow:
        assert uow.confirmations.overdue(START + 2 * HOUR) == []
        assert [one.delivery_id for one in uow.confirmations.overdue(START + 24 * HOUR)] == ["d3", "d1"]
        assert uow.confirmations.get("d2") == ConfirmationRow(
            "d2", "m1", ConfirmationState.OVERDUE, START + 2 * HOUR, None, START + 24 * HOUR
        )


def test_states_go_by_the_table(filled: SqlStore) -> None:
    with filled.begin() as uow:
        uow.confirmations.move("d1", ConfirmationState.DISPATCHED, START)
    for to in ConfirmationState:
        with pytest.raises(IllegalTransition), filled.begin() as uow:
            uow.confirmations.move("d1", to, START)
    with pytest.raises(PermanentError), filled.begin() as uow:
        uow.confirmations.move("d9", ConfirmationState.PROCESSED, START)


def test_they_are_forgotten_with_their_message(filled: SqlStore) -> None:
    with filled.begin() as uow:
        uow.retention.forget("m1", START)
    with filled.begin() as uow:
        assert uow.confirmations.get("d1") is None
