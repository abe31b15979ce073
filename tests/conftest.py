"""`--proves SENTENCE` runs the tests of one sentence of tests/promises/sentences.toml; an unknown sentence is an error.

Hypothesis draws the same examples in every run of the suite, so that a failure tells of what was changed; `make long`
draws others (`--hypothesis-profile=drawn`). Neither measures how long one took: that tells of the machine.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

_SENTENCES = Path(__file__).parent / "promises" / "sentences.toml"

settings.register_profile("drawn", deadline=None, derandomize=False, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("suite", parent=settings.get_profile("drawn"), derandomize=True, database=None)
settings.load_profile("suite")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--proves", action="append", default=[], metavar="SENTENCE", help="only tests that prove it")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    known = {row["id"] for row in tomllib.loads(_SENTENCES.read_text(encoding="utf-8"))["sentence"]}
    wanted = set(config.getoption("--proves"))
    proved = [(item, {name for mark in item.iter_markers("proves") for name in mark.args}) for item in items]
    for item, names in proved:
        if unknown := (names - known) or (wanted - known):
            raise pytest.UsageError(f"{item.nodeid}: tests/promises/sentences.toml knows no {sorted(unknown)}")
    if wanted:
        config.hook.pytest_deselected(items=[item for item, names in proved if not names & wanted])
        items[:] = [item for item, names in proved if names & wanted]
