"""The resolver: order, domains, times, memory; and for every mix of answers never better than the best valid one."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.keydirectory.resolver import LATE, Place, Remembered, Resolver
from gateway.domain.address import Address
from gateway.ports.keys import KeyAnswer, KeyKind, KeyState
from tests.unit.seal.certificates import AT, recipient

BOB = Address.parse("bob@example.net")
KEY = ec.generate_private_key(ec.SECP256R1())
DER = recipient("bob@example.net", KEY).public_bytes(Encoding.DER)
ALL = ("*",)


class Fixed:
    """Says one thing; `raises` makes it fail, `wait` hang until it is set."""

    def __init__(self, state: KeyState = KeyState.VALID, der: bytes = DER, fault: Exception | None = None) -> None:
        self.state, self.der, self.fault, self.asked = state, der, fault, 0
        self.wait: threading.Event | None = None

    def find(self, address: Address, at: datetime, kind: KeyKind = KeyKind.SMIME) -> KeyAnswer:
        self.asked += 1
        if self.wait is not None:
            self.wait.wait(60)
        if self.fault is not None:
            raise self.fault
        return KeyAnswer(self.state, self.der if self.state is KeyState.VALID else b"", "f", self.state.value)


def resolver(*directories: Fixed, domains=ALL, **more) -> Resolver:
    """Whoever hangs is waited for a moment, whoever answers as long as a busy machine may make it take."""
    seconds = [60.0 if one.wait is None else 0.3 for one in directories]
    places = [Place(f"d{number}", one, domains, seconds[number]) for number, one in enumerate(directories)]
    return Resolver(places, **({"seconds": 60.0} | more))


STATES = st.lists(
    st.one_of(
        st.sampled_from(list(KeyState)), st.sampled_from([OSError(), ValueError(), TimeoutError(), KeyError("x")])
    ),
    max_size=6,
)


@given(STATES, st.booleans())
def test_the_result_is_never_better_than_the_best_valid_answer_and_no_failure_is_a_key(given_, remote):
    directories = [Fixed(fault=one) if isinstance(one, Exception) else Fixed(one) for one in given_]
    asked = resolver(*directories, domains=ALL if remote else None)
    try:
        first, again = asked.find(BOB, AT), asked.find(BOB, AT)
    finally:
        asked.close()
    states = [KeyState.UNREACHABLE if isinstance(one, Exception) else one for one in given_]
    for answer in (first, again):
        assert (answer.state is KeyState.VALID) == (KeyState.VALID in states)
        if answer.state is KeyState.VALID:
            assert answer.source == f"d{states.index(KeyState.VALID)}"
            assert answer.certificate == DER
        else:
            assert answer.certificate == b""
            assert answer.state in {*states, KeyState.NONE}
            # Trouble is never hidden behind "there is none".
            assert (answer.state is KeyState.NONE) == (set(states) <= {KeyState.NONE})
            assert (answer.state is KeyState.UNREACHABLE) == (KeyState.UNREACHABLE in states)


def test_the_first_valid_answer_ends_the_search():
    first, second = Fixed(), Fixed()
    assert resolver(first, second).find(BOB, AT).source == "d0"
    assert (first.asked, second.asked) == (1, 0)


@pytest.mark.parametrize(
    ("domains", "asked"),
    [(("example.net",), 1), ((".example.net",), 0), ((".net",), 1), (("example.org",), 0), (("*",), 1), ((), 0)],
)
def test_only_the_listed_domains_are_ever_asked_for(domains, asked):
    one = Fixed()
    answer = resolver(one, domains=domains).find(BOB, AT)
    assert one.asked == asked
    assert answer.state is (KeyState.VALID if asked else KeyState.NONE)


def test_answers_are_remembered_and_end():
    one = Fixed()
    asked = resolver(one, remembered=Remembered(valid=timedelta(minutes=10)))
    for minutes in (0, 5, 9):
        asked.find(BOB, AT + timedelta(minutes=minutes))
    assert one.asked == 1
    asked.find(BOB, AT + timedelta(minutes=10))
    assert one.asked == 2
    asked.find(BOB, AT - timedelta(minutes=1))  # a clock that was set back remembers nothing of later
    assert one.asked == 3
    asked.find(BOB, AT, KeyKind.DIRECT)
    assert one.asked == 4


@pytest.mark.parametrize(
    ("state", "until"),
    [(KeyState.NONE, 15), (KeyState.EXPIRED, 15), (KeyState.UNTRUSTED, 15), (KeyState.UNREACHABLE, 1)],
)
def test_what_is_no_key_is_remembered_for_less(state, until):
    one = Fixed(state)
    asked = resolver(one)
    asked.find(BOB, AT)
    one.state = KeyState.VALID
    assert asked.find(BOB, AT + timedelta(minutes=until, seconds=-1)).state is state
    assert asked.find(BOB, AT + timedelta(minutes=until)).state is KeyState.VALID


def test_nothing_is_remembered_beyond_the_certificates_own_end():
    ends = AT + timedelta(minutes=3)
    one = Fixed(der=recipient("bob@example.net", KEY, end=ends).public_bytes(Encoding.DER))
    asked = resolver(one)
    asked.find(BOB, AT)
    asked.find(BOB, ends)
    assert one.asked == 2


def test_memory_is_bounded():
    one = Fixed()
    asked = resolver(one, remembered=Remembered(entries=10))
    people = [Address.parse(f"p{number}@example.net") for number in range(25)]
    for each in people:
        asked.find(each, AT)
    asked.find(people[-1], AT)
    assert one.asked == 25
    asked.find(people[0], AT)
    assert one.asked == 26


def test_a_directory_that_hangs_is_left_and_the_next_one_asked():
    slow, good = Fixed(), Fixed()
    slow.wait = threading.Event()
    asked = resolver(slow, good)
    try:
        assert asked.find(BOB, AT).source == "d1"
        assert [one.state for one in asked.each(BOB, AT)] == [KeyState.UNREACHABLE, KeyState.VALID]
    finally:
        slow.wait.set()
        asked.close()


def test_the_time_for_all_ends_even_where_each_has_its_own():
    slow = [Fixed() for _ in range(4)]
    event = threading.Event()
    for one in slow:
        one.wait = event
    asked = resolver(*slow, seconds=0.4)
    try:
        answers = asked.each(BOB, AT)
        assert {(one.state, one.reason) for one in answers} == {(KeyState.UNREACHABLE, LATE)}
        assert [one.asked for one in slow][2:] == [0, 0]
    finally:
        event.set()
        asked.close()


def test_each_asks_anew_whatever_is_remembered():
    one = Fixed()
    asked = resolver(one)
    asked.find(BOB, AT)
    assert [answer.source for answer in asked.each(BOB, AT)] == ["d0"]
    assert one.asked == 2
