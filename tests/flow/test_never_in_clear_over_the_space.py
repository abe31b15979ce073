"""Over key states, consents, scans, faults, races and recipients: what leaves is what `decide` chose or stronger, or nothing.

Each example is one mail in one state of the world, through the real steps. At the moment at which a copy is handed to the
next hop two oracles judge it: a model of a few lines, and `decide` with the facts of that moment. Then everything that
travelled is read as anybody on the way could read it.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support import clear_space as world
from tests.support.clear_space import Fault, State
from tests.support.clear_world import World
from tests.support.home import Home

pytestmark = pytest.mark.proves("clear.whole-space", "open.never-weakened", "open.pass-by-decide", "open.no-bcc")

faults = st.one_of(
    st.just(Fault()), st.just(Fault()),
    st.builds(Fault, st.just("store"), st.sampled_from(["assess", "dispatch"]), st.integers(1, 12)),
    st.builds(Fault, st.sampled_from(["blob", "shelf"]), st.sampled_from(["assess", "dispatch"]), st.just(1), st.integers(0, 3)),
    st.builds(Fault, st.just("sealer"), st.just("dispatch"), st.integers(0, 6), st.integers(0, len(world.SEALERS) - 1)),
)  # fmt: skip
races = st.lists(st.tuples(st.sampled_from(world.MOMENTS), st.sampled_from(world.RACES)), max_size=3).map(tuple)
states = st.builds(
    State,
    to=st.lists(st.sampled_from(world.ROLES), min_size=1, max_size=3, unique=True).map(tuple), hidden=st.booleans(),
    consents=st.lists(st.sampled_from(world.CONSENTS), max_size=3).map(tuple),
    other_consents=st.lists(st.sampled_from(world.CONSENTS[:4]), max_size=1).map(tuple),
    restriction=st.sampled_from(world.RESTRICTIONS), agreement=st.sampled_from(world.AGREEMENTS), authorized=st.booleans(),
    key=st.sampled_from(world.KEYS), scan=st.sampled_from(world.SCANS), content=st.sampled_from(world.CONTENTS),
    wish=st.sampled_from(world.WISHES), purpose=st.sampled_from(["", "", "", "treatment", "payment", "other"]),
    policy=st.sampled_from(world.POLICIES), fault=faults,
    relay=st.lists(st.sampled_from(["later", "later", "refused"]), max_size=2).map(tuple), races=races,
)  # fmt: skip


class Neighbourhood:
    """A house for some dozens of states, then a new one; counts what was seen."""

    def __init__(self, root: Path) -> None:
        self.root, self.home, self.turn = root, None, 0
        self.seen: Counter[str] = Counter()

    def live(self, state: State) -> None:
        """One state from beginning to end."""
        if self.home is None or self.turn % 60 == 0:
            self.close()
            self.home = Home(self.root / str(self.turn))
        one = World(self.home, self.turn % 60, state)
        self.turn += 1
        try:
            one.run()
            self.seen.update(one.judge())
        except BaseException:
            self.close()
            self.turn += -self.turn % 60  # the next one begins in a house of its own
            raise

    def close(self) -> None:
        if self.home is not None:
            self.home.close()
            self.home = None


def walk(root: Path, examples: int, *, derandomize: bool, space: st.SearchStrategy[State] = states) -> Counter[str]:
    """That many states; an AssertionError names the smallest one in which the promise is broken."""
    street = Neighbourhood(root)

    @settings(
        max_examples=examples, derandomize=derandomize, deadline=None, database=None,
        phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(space)
    def live(state: State) -> None:
        street.live(state)

    try:
        live()
    finally:
        street.close()
    return street.seen


def test_in_some_states_of_the_world() -> None:
    with tempfile.TemporaryDirectory() as root:
        seen = walk(Path(root), 60, derandomize=True)
    assert {"pass", "link", "smime", "hold"} <= set(seen), seen


masked = st.builds(
    replace, states, policy=st.just("masked"), scan=st.sampled_from(["whole", "whole", "crash", "scanner raises"]),
    to=st.lists(st.sampled_from(["stranger", "partner", "patient", "payer"]), min_size=1, max_size=2, unique=True).map(tuple),
    wish=st.sampled_from(["", "", "", "redact", "link", "tls", "[secure]"]), content=st.sampled_from(["phi", "clean", "nobody's", "subject", "file", "file name", "sensitive"]),
)  # fmt: skip


@pytest.mark.proves("clear.masked-copy")
def test_in_some_states_in_which_a_rule_wants_masked_copies() -> None:
    with tempfile.TemporaryDirectory() as root:
        seen = walk(Path(root), 40, derandomize=True, space=masked)
    assert {"redact", "link", "hold"} <= set(seen), seen


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_in_thousands_of_states_of_the_world() -> None:
    with tempfile.TemporaryDirectory() as root:
        seen = walk(Path(root), int(os.environ.get("SEALGATE_STATES", "3000")), derandomize=False)
    assert min(seen[one] for one in ("pass", "link", "smime", "hold", "opened", "redact")) > 20, seen
    print(dict(seen))
