"""kill -9 of each role at each numbered step, under load, in real processes: whatever dies, each mail ends as it was decided.

Every role's step is in tests/support/kill_house.py:POINTS. A first round without a death says how each kind of mail ends;
every other round must end the same way. A second copy at the next hop has the same Message-ID and its line in the log.
"""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.kill_house import POINTS, KillHouse

pytestmark = pytest.mark.proves("lost.kill-matrix")
KINDS = ["pass", "smime", "link", "bounced", "held", "released", "yes", "no", "returned"]
ROOT = Path(__file__).parents[2]
SEED = int(os.environ.get("SEALGATE_SEED", "20260302"))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KillHouse]:
    one = KillHouse(tmp_path_factory.mktemp("matrix"))
    yield one
    one.close()


@pytest.fixture(scope="module")
def decided(house: KillHouse) -> dict[str, list[str]]:
    """How each kind of mail ends when nobody dies."""
    mails = house.round(random.Random(SEED), KINDS, deaths=0)
    house.reckon(mails)
    ends = {one.kind: house.ending(one) for one in mails}
    assert ends["pass"] == ["pass delivered", "message settled"]
    assert ends["bounced"] == ["pass delivered", "pass failed", "message settled", "told dsn sent"]
    assert ends["smime"] == ["smime delivered", "message settled"]
    assert ends["link"] == ["link delivered", "message settled", "told opened sent"]
    assert "nothing held" in ends["held"]
    assert "link delivered" in ends["released"]
    assert "link delivered" in ends["yes"]
    assert ends["no"][:2] == ["nothing refused", "message settled"]
    assert ends["returned"] == ["link failed", "message settled", "told dsn sent"]
    return ends


def rounds(house: KillHouse, decided: dict[str, list[str]], count: int, first: int, deaths: int = 3) -> None:
    for turn in range(first, first + count):
        mails = house.round(random.Random(SEED + turn), KINDS, deaths)
        house.reckon(mails)
        ends = {one.kind: house.ending(one) for one in mails}
        assert ends == decided, f"seed {SEED}, round {turn}"
        if seen := os.environ.get("SEALGATE_SEEN"):
            Path(seen).write_text(json.dumps(vars(house.tally), indent=1, sort_keys=True))


def test_each_step_that_can_die_is_one_that_a_docstring_numbers() -> None:
    """The points of the matrix are those that the code names, and each step's docstring counts as far."""
    named = set()
    for path in (ROOT / "gateway" / "flow").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        own = re.findall(r'reached\("([a-z]+)\.(\d)"\)', text)
        named |= {f"{step}.{number}" for step, number in own}
        if own and path.name != "retain.py":
            said = [int(one) for one in re.findall(r"(?m)^(\d) ", text.split('"""')[1])]
            assert said == list(
                range(1, max(int(number) for step, number in own if step != "epoch" or path.name == "epochs.py") + 1)
            ), path.name
    assert named == {point for points in POINTS.values() for point in points}


def test_whatever_dies_each_mail_ends_as_it_was_decided(house: KillHouse, decided: dict[str, list[str]]) -> None:
    rounds(house, decided, 1, first=1, deaths=5)
    assert house.tally.kills.total() >= 1


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_two_hundred_rounds_of_deaths(house: KillHouse, decided: dict[str, list[str]]) -> None:
    rounds(house, decided, int(os.environ.get("SEALGATE_ROUNDS", "200")), first=1000)
