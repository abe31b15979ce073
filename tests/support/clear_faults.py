"""Faults to order: directories that fail, commits and functions that raise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import date
from functools import cache
from itertools import count
from typing import Any
from unittest import mock

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.domain.address import Address
from gateway.domain.decision import Method
from gateway.domain.errors import SealingFailed, StoreUnavailable
from gateway.domain.finding import Gap, GapReason
from gateway.domain.records import DeliveryRow
from gateway.policy.facts import KeyFacts
from gateway.ports.inspector import Inspection
from gateway.ports.keys import KeyAnswer, KeyKind, KeyState
from gateway.seal.openpgp_own import OwnKey
from gateway.seal.smime_forms import FormRules, Wishes
from tests.support import direct
from tests.support.clear_space import Keys
from tests.support.fakes import START
from tests.support.home import Home
from tests.support.openpgp import person


class Directory:
    """The recipients' keys, of each kind in one state for everybody."""

    def __init__(self, state: str, openpgp: str = "none", direct: str = "none", *, lies: bool = False) -> None:
        self.states = {KeyKind.SMIME: state, KeyKind.OPENPGP: openpgp, KeyKind.DIRECT: direct}
        self.lies = lies

    def become(self, state: str) -> None:
        """What everybody's keys are from now on, where they had been valid."""
        for kind, before in self.states.items():
            if before == "valid" or kind is KeyKind.SMIME:
                self.states[kind] = state

    def find(self, address: Address, at: Any, kind: KeyKind = KeyKind.SMIME) -> KeyAnswer:
        if self.states[kind] == "raises":
            raise RuntimeError("the directory fell over")
        if self.states[kind] == "times out":
            raise TimeoutError("the directory does not answer")
        return self.peek(address, at, kind)

    def peek(self, address: Address, at: Any, kind: KeyKind = KeyKind.SMIME) -> KeyAnswer:
        said = self.states[kind]
        state = KeyState(said) if said in set(KeyState) else KeyState.UNREACHABLE
        if state in {KeyState.NONE, KeyState.UNREACHABLE}:
            return KeyAnswer(state)
        if kind is KeyKind.OPENPGP:
            whose = f"not.{address}" if self.lies else str(address)
            key = openpgp_key(whose)
            return KeyAnswer(state, key.public, key.fingerprint, "")
        if kind is KeyKind.DIRECT:
            made = direct.issued(str(address), key="one for all")
            return KeyAnswer(state, made.public_bytes(Encoding.DER), made.fingerprint(SHA256()).hex(), "")
        der = certificate(str(address), at.date())
        return KeyAnswer(state, der, f"print of {address}", "")

    def facts(self, address: Address, at: Any) -> KeyFacts:
        """What it would say of all kinds, to whom asks without being in the way."""
        smime, openpgp, other = (self.peek(address, at, kind) for kind in self.states)
        return KeyFacts(
            smime.state, smime.fingerprint, "", openpgp.state, openpgp.fingerprint, "", other.state, other.fingerprint
        )


@cache
def openpgp_key(address: str) -> OwnKey:
    """An OpenPGP key of that address, good for years."""
    return person(address, START)


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


ENGINE = "gateway.adapters.openpgp.gpg.GpgEngine.seal"


@contextmanager
def engine_trouble(what: str) -> Iterator[None]:
    """The OpenPGP engine that this state has."""

    def dies(content: Any, *_: Any, **__: Any) -> Iterator[bytes]:
        yield b"\xd2" + next(iter(content))[:3]
        raise SealingFailed("gpg ended")

    ills: dict[str, Any] = {
        "dies": dies, "gives nothing": lambda *_, **__: iter(()), "gives the text": lambda content, *_, **__: iter(content),
        "gives text behind a head": lambda content, *_, **__: iter([b"\xd2\x05", *content]),
        "raises": mock.Mock(side_effect=BrokenPipeError("broken")),
    }  # fmt: skip
    if not what:
        yield
        return
    with mock.patch(ENGINE, ills[what]):
        yield


@contextmanager
def sealing(home: Home, directory: Directory, keys: Keys) -> Iterator[None]:
    """The directory, the form and the engine of a state, wherever something is sealed."""
    compose = home.rooms.dispatch._compose
    rules = FormRules(
        otherwise=Wishes(
            "aes-256-gcm" if keys.form in {"gcm", "oaep"} else "", "rsa-oaep-sha256" if keys.form == "oaep" else ""
        ),
        triple=keys.form == "triple",
    )
    with ExitStack() as stack:
        for one in (compose._table[Method.OPENPGP].args[0], compose._direct.__self__):
            stack.enter_context(swapped(one, "directory", directory))
        stack.enter_context(swapped(compose, "_sealing", replace(compose._sealing, smime=rules)))
        stack.enter_context(engine_trouble(keys.engine))
        yield


def sealable(row: DeliveryRow, directory: Directory, keys: Keys) -> bool:
    """Whether what a copy's method needs is there now."""
    if row.method is Method.SMIME:
        return directory.states[KeyKind.DIRECT if "method.direct" in row.reasons else KeyKind.SMIME] == "valid"
    if row.method is Method.OPENPGP:
        return directory.states[KeyKind.OPENPGP] == "valid" and not keys.lies and not keys.engine
    return row.method is not Method.PDF or "pdf.sms" in row.reasons or keys.phrase == "agreed"
