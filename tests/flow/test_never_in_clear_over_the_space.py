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
from tests.support import direct
from tests.support.clear_space import Fault, Keys, State
from tests.support.clear_world import World
from tests.support.dkim import with_keys
from tests.support.home import Home

pytestmark = pytest.mark.proves("clear.whole-space", "open.never-weakened", "open.pass-by-decide", "open.no-bcc")

faults = st.one_of(
    st.just(Fault()), st.just(Fault()),
    st.builds(Fault, st.just("store"), st.sampled_from(["assess", "dispatch"]), st.integers(1, 12)),
    st.builds(Fault, st.sampled_from(["blob", "shelf"]), st.sampled_from(["assess", "dispatch"]), st.just(1), st.integers(0, 3)),
    st.builds(Fault, st.just("sealer"), st.just("dispatch"), st.integers(0, 6), st.integers(0, len(world.SEALERS) - 1)),
)  # fmt: skip
keys = st.builds(
    Keys, openpgp=st.sampled_from(world.KEYS), direct=st.sampled_from(world.KEYS[:8] + ("none",) * 6), phrase=st.sampled_from(world.PHRASES),
    form=st.sampled_from(world.FORMS), engine=st.sampled_from(world.ENGINES), lies=st.sampled_from([False] * 5 + [True]),
)  # fmt: skip
races = st.lists(st.tuples(st.sampled_from(world.MOMENTS), st.sampled_from(world.RACES)), max_size=3).map(tuple)
states = st.builds(
    State,
    to=st.lists(st.sampled_from(world.ROLES), min_size=1, max_size=3, unique=True).map(tuple), hidden=st.booleans(),
    consents=st.lists(st.sampled_from(world.CONSENTS), max_size=3).map(tuple),
    other_consents=st.lists(st.sampled_from(world.CONSENTS[:4]), max_size=1).map(tuple),
    restriction=st.sampled_from(world.RESTRICTIONS), agreement=st.sampled_from(world.AGREEMENTS), authorized=st.booleans(),
    key=st.sampled_from(world.KEYS), keys=keys, scan=st.sampled_from(world.SCANS), content=st.sampled_from(world.CONTENTS),
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
            folder = self.root / f"keys{self.turn}"
            folder.mkdir()
            signing = with_keys(folder) if self.turn // 60 % 2 else str
            configured = direct.configured(folder)
            self.home = Home(self.root / str(self.turn), config=lambda text: signing(configured(text)))
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


few = st.builds(
    Keys, openpgp=st.sampled_from(["none", "none", "valid", "valid", "expired", "raises"]), direct=st.sampled_from(["none"] * 5 + ["valid"]),
    phrase=st.sampled_from(["agreed", "agreed", "weak", ""]), form=st.sampled_from(world.FORMS), engine=st.sampled_from(world.ENGINES),
    lies=st.sampled_from([False] * 5 + [True]),
)  # fmt: skip
sealed = st.builds(
    replace, states, keys=few, key=st.sampled_from(["none", "none", "none", "valid", "expired", "untrusted", "unreachable"]), consents=st.just(("encrypted",)), scan=st.just("whole"), agreement=st.just("good"), restriction=st.just(""),
    to=st.lists(st.sampled_from(["patient", "partner"]), min_size=1, max_size=2, unique=True).map(tuple),
    wish=st.sampled_from(["", "[secure]", "openpgp", "pdf", "pdf", "smime"]), content=st.sampled_from(["phi", "subject", "file", "file name"]),
    policy=st.just("starter"), purpose=st.just("treatment"),
)  # fmt: skip


def test_in_some_states_of_keys_phrases_forms_and_engines() -> None:
    with tempfile.TemporaryDirectory() as root:
        seen = walk(Path(root), 30, derandomize=True, space=sealed)
    assert {"pdf", "link", "hold"} <= set(seen), seen


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_in_thousands_of_states_of_the_world() -> None:
    """Two fifths of them anywhere, one where masked copies are wanted, two where there is something to seal with."""
    states_in_all = int(os.environ.get("SEALGATE_STATES", "3000"))
    seen: Counter[str] = Counter()
    for space, share in ((states, 2), (masked, 1), (sealed, 2)):
        with tempfile.TemporaryDirectory() as root:
            seen += walk(Path(root), states_in_all * share // 5, derandomize=False, space=space)
    assert min(seen[one] for one in ("pass", "link", "smime", "openpgp", "pdf", "hold", "opened", "redact")) > 20, seen
    print(dict(seen))
