"""The table "What exists where" of docs/security-model.md: each end of life names a test, and that test is about it."""

from __future__ import annotations

import ast
import re

import pytest

from tests.arch.tree import ROOT

_NO_END = ("register, consents", "reply upload", "the log", "captured mail", "outside")
"""What the practice, the machine's owner or somebody else ends, or what is not there."""
_ELSEWHERE = ("backup", "journal")
"""Shown with the promises of restore."""


def rows() -> list[list[str]]:
    page = (ROOT / "docs" / "security-model.md").read_text(encoding="utf-8")
    table = page.split("## What exists where", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in table.splitlines() if line.startswith("| ") and not line.startswith("| what ")]
    return [[cell.strip() for cell in line.strip("|").split(" |")] for line in lines]


@pytest.mark.proves("where.each-end", "where.every-place")
def test_every_place_is_there() -> None:
    text = " · ".join(row[0] for row in rows())
    for place in ("mail in hand", "a delivery", "consent request", "review text", "reply upload", "DSN, receipts", "archive",
                  "parcel", "session", "pepper", "epoch key", "backup", "outside"):  # fmt: skip
        assert place in text, place
    in_hand = next(row for row in rows() if row[0] == "mail in hand")
    for state in ("held `5d`", "awaiting consent `14d`", "stuck or never read `7d`"):
        assert state in in_hand[3]


@pytest.mark.proves("where.each-end")
def test_each_end_names_a_test_of_ends() -> None:
    for row in rows():
        named = re.findall(r"`(tests/[\w/.]+)::(\w+)`", row[-1])
        if row[0].startswith((*_NO_END, *_ELSEWHERE)):
            continue
        assert len(row) == 6, row
        assert row[3], f"{row[0]}: no longest life"
        assert row[4], f"{row[0]}: nothing ends it"
        assert named, f"{row[0]}: its end names no test"
        for path, function in named:
            tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
            found = [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef) and one.name == function]
            assert found, f"{path}::{function} is not there"
