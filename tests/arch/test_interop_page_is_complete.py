"""docs/interop.md has exactly the tables, rows and columns that tests/interop declares, and no cell that was not tried."""

from __future__ import annotations

import pytest

from tests.arch.tree import ROOT
from tests.interop.table import CANNOT, NOT_TRIED, SAYS, TABLES, Table, cells, reason

PAGE = (ROOT / "docs" / "interop.md").read_text(encoding="utf-8")


def _lines(table: Table) -> list[list[str]]:
    section = PAGE.split(f"\n## {table.title}\n")[1].split("\n## ")[0]
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line.startswith("|")
    ]


@pytest.mark.parametrize("table", TABLES, ids=lambda one: one.name)
def test_a_table_stands_there_whole(table):
    head, _, *rows = _lines(table)
    assert head == [table.corner, *table.columns]
    assert [one[0] for one in rows] == list(table.rows)
    for row in rows:
        assert len(row) == len(head)
        for column, said in zip(table.columns, row[1:], strict=True):
            assert said
            assert said != NOT_TRIED
            if said.startswith("no: "):
                assert said == f"no: {reason(table, row[0], column)}"


def test_no_table_stands_there_that_nobody_declares():
    titles = [line.removeprefix("## ") for line in PAGE.splitlines() if line.startswith("## ")]
    assert titles == [*(one.title for one in TABLES), "The programs"]


def test_what_is_declared_is_in_a_table():
    there = {(table.name, row, column) for table, row, column in cells()}
    for name, declared in CANNOT.items():
        assert {(name, row, column) for rows, column in declared for row in rows} <= there
    for name, rows in SAYS.items():
        assert {(name, row) for row in rows} == {(table, row) for table, row, _ in there if table == name}
