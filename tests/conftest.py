"""`--proves SENTENCE` runs the tests of one sentence of tests/promises/sentences.toml; an unknown sentence is an error."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

_SENTENCES = Path(__file__).parent / "promises" / "sentences.toml"


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
