"""Protected values and state tables."""

import pickle

import pytest

from gateway.domain import states
from gateway.domain.errors import IllegalTransition
from gateway.domain.protected import Protected
from gateway.domain.states import DELIVERY, DeliveryState, MessageState, step


def test_a_protected_value_never_shows() -> None:
    secret = Protected("marker-7731")
    for text in (repr(secret), str(secret), f"{secret}", f"{secret!r}", f"{secret:>20}", repr([secret])):
        assert "7731" not in text
    assert secret.reveal() == "marker-7731"


def test_a_protected_value_is_not_pickled() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Protected(b"x"))


@pytest.mark.parametrize("table", [states.MESSAGE, states.DELIVERY, states.ATTEMPT, states.PARCEL])
def test_every_state_has_its_row_and_leads_to_states_of_the_table(table: dict) -> None:  # type: ignore[type-arg]
    kind = type(next(iter(table)))
    assert set(table) == set(kind)
    assert all(then in table for ends in table.values() for then in ends)


def test_a_change_that_the_table_lacks_is_an_error() -> None:
    assert step(DELIVERY, DeliveryState.READY, DeliveryState.SENDING) is DeliveryState.SENDING
    with pytest.raises(IllegalTransition):
        step(DELIVERY, DeliveryState.REFUSED, DeliveryState.SENDING)


def test_every_message_state_but_forgotten_has_a_way_on() -> None:
    assert [one for one in MessageState if not states.MESSAGE[one]] == [MessageState.FORGOTTEN]
