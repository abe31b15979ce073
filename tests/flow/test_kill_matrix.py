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
FEW = ["smime", "link", "bounced", "yes"]
ENOUGH = 30
"""Rounds after which some process has died at every step."""
APART = {
    "desk.1", "desk.2", *(f"carry.{number}" for number in range(1, 6)), *(f"inside.{number}" for number in range(1, 6)),
    *(f"password.{number}" for number in range(1, 4)),
}  # fmt: skip
"""Steps that the matrix does not come to: tests/unit/flow/test_desk.py, tests/flow/test_answers_by_link.py, test_mail_from_outside.py and
test_encrypted_pdf_road.py die there.
"""
ROOT = Path(__file__).parents[2]
SEED = int(os.environ.get("SEALGATE_SEED", "20260302"))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KillHouse]:
    one = KillHouse(tmp_path_factory.mktemp("matrix"))
    yield one
    one.close()


def as_decided(house: KillHouse, kinds: list[str]) -> dict[str, list[str]]:
    """How each kind of mail ends when nobody dies."""
    mails = house.round(random.Random(SEED), kinds, deaths=0)
    house.reckon(mails)
    ends = {one.kind: house.ending(one) for one in mails}
    must = {
        "pass": ["pass delivered", "message settled"],
        "bounced": ["pass delivered", "pass failed", "message settled", "told dsn sent"],
        "smime": ["smime delivered", "message settled"],
        "link": ["link delivered", "message settled", "told opened sent"],
        "returned": ["link failed", "message settled", "told dsn sent"],
    }
    assert {kind: ends[kind] for kind in kinds if kind in must} == {kind: must[kind] for kind in kinds if kind in must}
    assert "nothing held" in ends.get("held", ["nothing held"])
    assert "link delivered" in ends.get("released", ["link delivered"])
    assert "link delivered" in ends["yes"]
    assert ends.get("no", ["nothing refused", "message settled"])[:2] == ["nothing refused", "message settled"]
    return ends


def rounds(house: KillHouse, kinds: list[str], count: int, first: int, deaths: int) -> None:
    decided = as_decided(house, kinds)
    for turn in range(first, first + count):
        mails = house.round(random.Random(SEED + turn), kinds, deaths)
        house.reckon(mails)
        ends = {one.kind: house.ending(one) for one in mails}
        assert ends == decided, f"seed {SEED}, round {turn}"
        if seen := os.environ.get("SEALGATE_SEEN"):
            found = vars(house.tally) | {"unmet": sorted(house.unmet())}
            Path(seen).write_text(json.dumps(found, indent=1, sort_keys=True))


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
    assert named - APART == {point for points in POINTS.values() for point in points}
    assert named > APART


def test_whatever_dies_each_mail_ends_as_it_was_decided(house: KillHouse) -> None:
    rounds(house, FEW, 1, first=1, deaths=5)
    assert house.tally.kills.total() >= 1


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_two_hundred_rounds_of_deaths(house: KillHouse) -> None:
    count = int(os.environ.get("SEALGATE_ROUNDS", "200"))
    rounds(house, KINDS, count, first=1000, deaths=15)
    assert count < ENOUGH or not house.unmet(), f"no process died there: {house.unmet()}; missed: {house.tally.missed}"
