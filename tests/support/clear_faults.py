"""Faults to order: directories that fail, commits and functions that raise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache
from itertools import count
from typing import Any
from unittest import mock

from cryptography.hazmat.primitives.serialization import Encoding

from gateway.domain.address import Address
from gateway.domain.errors import (
    StoreUnavailable,
)
from gateway.domain.finding import Gap, GapReason
from gateway.ports.inspector import Inspection
from gateway.ports.keys import KeyAnswer, KeyKind, KeyState
from tests.support.home import Home


class Directory:
    """The recipients' certificates, in one state for everybody."""

    def __init__(self, state: str) -> None:
        self.state = state

    def find(self, address: Address, at: Any, kind: KeyKind = KeyKind.SMIME) -> KeyAnswer:
        if kind is not KeyKind.SMIME:
            return KeyAnswer(KeyState.NONE)
        if self.state == "raises":
            raise RuntimeError("the directory fell over")
        if self.state == "times out":
            raise TimeoutError("the directory does not answer")
        return self.peek(address, at)

    def peek(self, address: Address, at: Any) -> KeyAnswer:
        state = KeyState(self.state) if self.state in set(KeyState) else KeyState.UNREACHABLE
        if state in {KeyState.NONE, KeyState.UNREACHABLE}:
            return KeyAnswer(state)
        der = certificate(str(address), at.date())
        return KeyAnswer(state, der, f"print of {address}", "")


@cache
def certificate(address: str, day: date) -> bytes:
    """A certificate of that address; all of them have one key, for making keys takes long."""
    from datetime import UTC, datetime

    from tests.support import people

    shared = people.rsa_key("one for all")
    with mock.patch.object(people, "rsa_key", return_value=shared):
        made, _ = people.certificate_for(address, datetime(day.year, day.month, day.day, tzinfo=UTC))
    return made.public_bytes(Encoding.DER)


@contextmanager
def swapped(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Put something else into a frozen object for a while."""
    before = getattr(owner, name)
    object.__setattr__(owner, name, value)
    try:
        yield
    finally:
        object.__setattr__(owner, name, before)


@contextmanager
def failing_commit(home: Home, number: int) -> Iterator[None]:
    """The transaction with that number (from 1) is not committed."""
    real, turns = home.store.begin, count(1)

    @contextmanager
    def begin() -> Iterator[Any]:
        with real() as uow:
            yield uow
            if next(turns) == number:
                raise StoreUnavailable("the disk is full")

    home.store.begin = begin  # type: ignore[method-assign]
    try:
        yield
    finally:
        del home.store.begin  # type: ignore[method-assign]


@contextmanager
def raising(target: str, error: type[Exception]) -> Iterator[None]:
    """A function that fails whenever it is called."""
    with mock.patch(target, side_effect=error("broken")):
        yield


@contextmanager
def scan_trouble(scan: str, reader: Any) -> Iterator[None]:
    """The inspector, scanner, model or matcher that this state has."""
    rules = reader.scanner._reader._rules
    broken = mock.Mock(side_effect=RuntimeError("model missing"))
    if scan == "time-out":

        def inspect(specimens, *_):
            return Inspection(gaps=tuple(Gap(one.part, GapReason.TIMED_OUT) for one in specimens))

        with swapped(reader, "inspector", mock.Mock(inspect=inspect)):
            yield
    elif scan == "inspector raises":
        with swapped(reader, "inspector", mock.Mock(inspect=mock.Mock(side_effect=BrokenPipeError))):
            yield
    elif scan == "scanner raises":
        with swapped(reader, "scanner", mock.Mock(scan=broken)):
            yield
    elif scan == "model missing":
        with mock.patch.object(type(rules), "run", broken):
            yield
    elif scan == "matcher raises":
        with mock.patch("gateway.phi.known_patients.KnownPatients.search", broken):
            yield
    else:
        yield
