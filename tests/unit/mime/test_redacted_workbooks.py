"""Copies of Excel workbooks: values in a workbook of our own, placeholders where they were asked for, nothing that nobody looked at."""

from __future__ import annotations

import datetime
import io
import re
import zipfile

import openpyxl
import pytest
from openpyxl.comments import Comment

from gateway.domain.finding import GapReason
from gateway.mime.documents import Budget, read
from gateway.mime.redaction.table import rewritten, units
from gateway.ports.inspector import Edit

NAMES = re.compile("Casimir|Oxbow|4650146")


def book(**more: object) -> bytes:
    made = openpyxl.Workbook()
    first = made.active
    first.title = str(more.get("title", "List"))
    rows = [
        ["name", "", "mrn", "sugar"],
        ["Casimir Oxbow", None, 4650146, 7.9],
        [],
        ["seen", datetime.date(2026, 3, 4), True, "=1+1"],
    ]
    for row in rows:
        first.append(row)
    first["A2"].comment = Comment("Oxbow again", "Oxbow")
    hidden = made.create_sheet("Oxbow hidden")
    hidden["A1"] = "Oxbow unseen"
    hidden.sheet_state = "hidden"
    made.properties.creator = "Oxbow"
    first.oddHeader.left.text = "Oxbow"
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def texts(data: bytes) -> list[str]:
    found, gaps = units("a", "", "a.xlsx", data, Budget())
    assert not gaps
    return [one.text for one in found]


def masked(data: bytes, pattern: re.Pattern[str] = NAMES) -> bytes:
    edits = [
        Edit(number, match.start(), match.end(), "[x]")
        for number, text in enumerate(texts(data)) for match in pattern.finditer(text)
    ]  # fmt: skip
    return rewritten("", "a.xlsx", data, edits, Budget())


def cells(data: bytes) -> list[list[object]]:
    sheet = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def test_values_come_along_with_placeholders_and_nothing_else_does() -> None:
    assert texts(book()) == ["List\nname\t\tmrn\tsugar\nCasimir Oxbow\t\t4650146\t7.9\n\nseen\t2026-03-04\tTrue"]
    copy = masked(book())
    assert cells(copy) == [
        ["name", None, "mrn", "sugar"], ["[x] [x]", None, "[x]", 7.9], [None] * 4, ["seen", "2026-03-04", "True", None],
    ]  # fmt: skip
    with zipfile.ZipFile(io.BytesIO(copy)) as archive:
        assert sorted(archive.namelist()) == [
            "[Content_Types].xml", "_rels/.rels", "xl/_rels/workbook.xml.rels", "xl/workbook.xml", "xl/worksheets/sheet1.xml",
        ]  # fmt: skip
        whole = b"".join(archive.read(one) for one in archive.namelist())
    assert not re.search(b"Oxbow|Casimir|4650146|unseen|1\\+1", whole)
    found, gaps = read("a", "", "a.xlsx", copy, Budget())
    assert not gaps
    assert "[x] [x]\t\t[x]\t7.9" in found[0].text


def test_a_span_over_several_cells_empties_them_all() -> None:
    copy = masked(book(), re.compile("Oxbow\t\t4650146\t7"))
    assert cells(copy)[1] == ["Casimir [x]", None, None, ".9"]


@pytest.mark.parametrize("title", ["Oxbow", "Casimir 1"])
def test_a_title_with_a_placeholder_is_a_number(title: str) -> None:
    copy = masked(book(title=title))
    assert openpyxl.load_workbook(io.BytesIO(copy)).sheetnames == ["Sheet 1"]
    assert openpyxl.load_workbook(io.BytesIO(masked(book(title="R&D <1>")))).sheetnames == ["R&D <1>"]


@pytest.mark.parametrize(
    "name", ["xl/media/image1.png", "xl/embeddings/a.bin", "xl/charts/chart1.xml", "xl/vbaProject.bin"]
)
def test_a_workbook_that_shows_more_than_cells_is_not_copied(name: str) -> None:
    data = io.BytesIO(book())
    with zipfile.ZipFile(data, "a") as archive:
        archive.writestr(name, b"<a/>")
    found, gaps = units("a", "", "a.xlsx", data.getvalue(), Budget())
    assert (found, [one.reason for one in gaps]) == ([], [GapReason.NO_TEXT])


def test_numbers_in_the_form_of_identifiers_stand_as_they_are_shown() -> None:
    made = openpyxl.Workbook()
    made.active["A1"] = 900456789
    made.active["A1"].number_format = "000-00-0000"
    out = io.BytesIO()
    made.save(out)
    assert texts(out.getvalue()) == ["Sheet\n900-45-6789"]
    assert cells(masked(out.getvalue())) == [["900-45-6789"]]
    assert cells(masked(out.getvalue(), re.compile(r"900-45-6789"))) == [["[x]"]]
