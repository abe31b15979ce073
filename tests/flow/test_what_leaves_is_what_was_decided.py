"""Over random states of consent, keys, restrictions, content and wishes: what leaves is what policy chose, and nothing else.

The oracle is small and of its own: it knows only when clear text is allowed at all.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.domain.decision import Action, Method
from gateway.domain.patient import ConsentEventType, ConsentKind, RestrictionKind
from gateway.domain.states import DeliveryState
from gateway.ports.relay import Outcome, Reply
from tests.support.home import LUNCH, Home, Sent, mail

LATER = Reply(Outcome.TEMPORARY, 451, "4.3.0")
FAMILIES = ["Abernethy", "Blackwood", "Castellan", "Drummond", "Eastlake", "Fairbrother", "Goldsmith", "Hathaway"]
GIVEN = ["Agatha", "Bernard", "Clarice", "Desmond", "Edith", "Frederick", "Gwendolyn", "Horace"]


@dataclass(frozen=True)
class State:
    """One random state of the world around one mail."""

    number: int
    known: bool
    consent: str
    key: bool
    restricted: bool
    content: str
    wish: str
    deferred: bool
    change: str

    @property
    def address(self) -> str:
        return f"person{self.number}@example.{'net' if self.known else 'com'}"

    @property
    def family(self) -> str:
        return FAMILIES[self.number % len(FAMILIES)]

    @property
    def given(self) -> str:
        return GIVEN[(self.number // len(FAMILIES)) % len(GIVEN)]

    @property
    def mrn(self) -> str:
        return f"MRN-{8_000_000 + self.number}"

    @property
    def body(self) -> str:
        person = f"Dear {self.given} {self.family}, {self.mrn}: "
        return {
            "clean": LUNCH, "phi": person + "your blood test shows diabetes; take metformin.",
            "sensitive": person + "your HIV test is negative.", "stranger": "SSN 900-45-6789 has diabetes and takes metformin.",
        }[self.content]  # fmt: skip


def draw(dice: random.Random, number: int) -> State:
    return State(
        number=number, known=dice.random() < 0.8, consent=dice.choice(["none", "sealed", "clear", "both", "revoked"]),
        key=dice.random() < 0.3, restricted=dice.random() < 0.15,
        content=dice.choice(["clean", "phi", "phi", "sensitive", "stranger"]), wish=dice.choice(["", "", "[secure] "]),
        deferred=dice.random() < 0.3, change=dice.choice(["", "", "revoke", "restrict"]),
    )  # fmt: skip


def prepare(home: Home, state: State):
    if state.key:
        home.add_certificate(state.address)
    if not state.known:
        return None
    person = home.patient(state.given, state.family, state.mrn, state.address)
    if state.consent in {"sealed", "both", "revoked"}:
        home.consent(person, state.address)
    if state.consent in {"clear", "both"}:
        home.consent(person, state.address, ConsentKind.EMAIL_UNENCRYPTED)
    if state.consent == "revoked":
        home.revoke(person, state.address)
    if state.restricted:
        home.restrict(person, RestrictionKind.NO_EMAIL)
    return person


def clear_allowed(state: State, changed: bool) -> bool:
    """Whether any of it may leave readable: no PHI in it, or the patient's own choice, still in force, for just this."""
    if state.content == "clean":
        return True
    chose = state.known and state.consent in {"clear", "both"}
    return chose and state.content in {"phi", "stranger"} and not (changed and state.change == "revoke")


def nothing_may_leave(state: State, changed: bool) -> bool:
    restricted = state.restricted or (changed and state.change == "restrict")
    if state.known and restricted:
        return True
    return state.content != "clean" and state.known and state.consent in {"none", "revoked"}


def check(home: Home, state: State, message: str, changed: bool) -> str:
    row = home.delivery(message)
    about = [one for one in home.sent(state.address) if f"X-Sealgate-Id: {message}".encode() in one.raw]
    told = f"{state} -> {row.action} {row.method} {row.rule}"
    if row.action is not Action.DELIVER:
        assert about == [], told
        assert row.state in {DeliveryState.HELD, DeliveryState.REFUSED}, told
        return row.action.value
    assert row.state is DeliveryState.DELIVERED, told
    assert len(about) == 1, told
    assert not nothing_may_leave(state, changed), told
    assert row.method is not None
    readable = shown(about[0], state)
    assert readable == (row.method is Method.PASS), told
    assert not readable or clear_allowed(state, changed), told
    assert not (state.wish and readable), told
    if row.method is Method.LINK and not state.known:
        # Nobody verified a stranger's mailbox: staff read the code out.
        assert home.pickup.find(about[0].token()).channels == ("staff",), told
    elif row.method is Method.LINK:
        assert state.body.split(":")[-1].strip() in " ".join(home.open_link(about[0]).text.split()), told
    if row.method is Method.SMIME:
        assert state.key, told
        assert about[0].parsed.get_content_type() == "application/pkcs7-mime", told
    return row.method.value


def shown(sent: Sent, state: State) -> bool:
    """Whether the body can be read in what travelled."""
    return " ".join(state.body.split()) in " ".join(sent.text.split())


def walk(root: Path, seed: int, rounds: int) -> set[str]:
    dice, fates = random.Random(seed), set()
    with Home(root) as home:
        for number in range(rounds):
            state = draw(dice, number)
            person = prepare(home, state)
            if state.deferred:
                home.hop.answers[state.address] = [LATER]
            message = home.submit(mail(state.address, f"{state.wish}News", state.body, number=number), state.address)
            changed = False
            if state.deferred:
                home.settle()
                home.hop.answers.clear()
                changed = home.delivery(message).state is DeliveryState.RETRY
            else:
                home.assess()
                changed = home.delivery(message).state is DeliveryState.READY
            if person is not None and state.change == "revoke":
                home.revoke(person, state.address)
                clear = ConsentKind.EMAIL_UNENCRYPTED
                home.consent(person, state.address, clear, ConsentEventType.REVOKED)
            elif person is not None and state.change == "restrict":
                home.restrict(person, RestrictionKind.NO_EMAIL)
            home.later(61)
            fates.add(check(home, state, message, changed))
            assert "integrity" not in home.kinds(message), state
    return fates


@pytest.mark.proves("clear.whole-space")
def test_a_few_random_states(tmp_path: Path) -> None:
    fates = walk(tmp_path, 7, 40)
    assert {"pass", "link", "hold"} <= fates


@pytest.mark.proves("clear.whole-space")
@pytest.mark.long
def test_many_random_states(tmp_path: Path) -> None:
    seed = int(os.environ.get("SEALGATE_SEED", "20260302"))
    for turn in range(10):
        walk(tmp_path / str(turn), seed + turn, 60)
