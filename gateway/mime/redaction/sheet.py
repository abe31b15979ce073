"""Excel workbooks: the values of the sheets that a person sees, written into a workbook of our own (ECMA-376 part 1, 18).

Values stand as they are shown; formulas, comments, formats, names, links and properties do not come along. A workbook that
shows more than cells (pictures, charts, packed files) or has program code is left out.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from gateway.domain.finding import GapReason
from gateway.mime.documents.budget import Budget
from gateway.mime.documents.packed import Refused, opened
from gateway.mime.documents.sheets import refuse_hostile, shown
from gateway.mime.redaction.plain import with_placeholders
from gateway.mime.redaction.table import Spans

_SHOWS_MORE = ("xl/media/", "xl/embeddings/", "xl/charts/", "xl/drawings/drawing", "xl/chartsheets/", "xl/activex/", "xl/macrosheets/", "xl/vbaproject", "xl/dialogsheets/")  # fmt: skip
_MOST_CELLS = 200_000
_BREAKS = re.compile(r"[\t\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")
_NO_TITLE = re.compile(r"[\[\]:*?/\\]|\A'|'\Z")
_TITLE_LENGTH = 31
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BEGUN = (1980, 1, 1, 0, 0, 0)
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


@dataclass(slots=True)
class _Sheet:
    """A sheet as it is judged: its title, then a line for each row, cells apart by tabs."""

    title: str = field(repr=False)
    rows: list[list[tuple[str, bool]]] = field(repr=False)
    """Of each cell what is shown, and whether it is a number as it stands."""

    def text(self) -> str:
        return "\n".join([self.title, *("\t".join(text for text, _ in row) for row in self.rows)])

    def redacted(self, spans: Spans) -> _Sheet:
        """The sheet with placeholders; a span over several cells has its placeholder in the first one, and empties the others."""
        starts, at = [0], len(self.title) + 1
        for row in self.rows:
            for text, _ in row:
                starts.append(at)
                at += len(text) + 1
            at += not row  # an empty row is an empty line
        cells = [(self.title, False), *(cell for row in self.rows for cell in row)]
        edits: dict[int, list[tuple[int, int, str]]] = {}
        for start, end, placeholder in spans:
            left = placeholder
            for number in range(bisect_right(starts, start) - 1, len(starts)):
                low = starts[number]
                if low >= end:
                    break
                within = (max(0, start - low), min(len(cells[number][0]), end - low))
                if within[0] < within[1]:
                    edits.setdefault(number, []).append((*within, left))
                    left = ""
        made = [
            (with_placeholders(text, edits[number]), False) if number in edits else (text, plain)
            for number, (text, plain) in enumerate(cells)
        ]
        rest = iter(made[1:])
        return _Sheet(made[0][0], [[next(rest) for _ in row] for row in self.rows])


class _Book:
    def __init__(self, sheets: Sequence[_Sheet]) -> None:
        self._sheets = sheets
        self.texts = [one.text() for one in sheets]

    def written(self, spans: Mapping[int, Spans]) -> bytes:
        return _file([one.redacted(spans.get(number, ())) for number, one in enumerate(self._sheets)])


def copyable(data: bytes, budget: Budget) -> _Book:
    """A .xlsx; Refused for one that shows more than cells, and for more cells than a person reads."""
    refuse_hostile(data, budget)
    with opened(data) as archive:
        if any(one.filename.lower().startswith(_SHOWS_MORE) for one in archive.infolist()):
            raise Refused(GapReason.NO_TEXT)
    import openpyxl  # as in sheets.py

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        try:
            sheets, left = [], _MOST_CELLS
            for sheet in book.worksheets:
                if sheet.sheet_state == "visible":
                    sheet.reset_dimensions()
                    rows = [[_cell(cell.value, cell.number_format) for cell in row] for row in _bounded(sheet, left)]
                    left -= sum(max(1, len(row)) for row in rows)
                    sheets.append(_Sheet(_BREAKS.sub(" ", str(sheet.title)), [_trimmed(row) for row in rows]))
        finally:
            book.close()
    if not sheets or not budget.take_characters(sum(len(one.text()) for one in sheets)):
        raise Refused(GapReason.TOO_LARGE)
    return _Book(sheets)


def _bounded(sheet: Any, left: int) -> Iterator[tuple[Any, ...]]:
    for row in sheet.iter_rows():
        left -= max(1, len(row))
        if left < 0:
            raise Refused(GapReason.TOO_LARGE)
        yield row


def _cell(value: object, form: str | None) -> tuple[str, bool]:
    text = _BREAKS.sub(" ", shown(value, form))
    return text, isinstance(value, (int, float)) and not isinstance(value, bool) and text == repr(value)


def _trimmed(row: list[tuple[str, bool]]) -> list[tuple[str, bool]]:
    while row and not row[-1][0]:
        row.pop()
    return row


def _file(sheets: Sequence[_Sheet]) -> bytes:
    """The file's bytes; the same sheets give the same bytes."""
    numbers = range(1, len(sheets) + 1)
    kinds = "".join(
        f'<Override PartName="/xl/worksheets/sheet{one}.xml" ContentType="{_KIND}.worksheet+xml"/>' for one in numbers
    )
    tabs = "".join(
        f'<sheet name={quoteattr(title)} sheetId="{one}" r:id="r{one}"/>'
        for one, title in zip(numbers, _titles(sheets), strict=True)
    )
    links = "".join(
        f'<Relationship Id="r{one}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{one}.xml"/>' for one in numbers
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>{kinds}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{tabs}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{links}</Relationships>',
    }  # fmt: skip
    for number, sheet in zip(numbers, sheets, strict=True):
        rows = "".join(
            f'<row r="{at}">{"".join(_written(row, at))}</row>' for at, row in enumerate(sheet.rows, 1) if row
        )
        parts[f"xl/worksheets/sheet{number}.xml"] = (
            f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>'
        )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            entry = zipfile.ZipInfo(name, _BEGUN)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, f"{_HEAD}{text}".encode())
    return out.getvalue()


def _titles(sheets: Sequence[_Sheet]) -> list[str]:
    """A title stays where it may be one and is nobody else's; Excel knows no placeholder in brackets."""
    found: list[str] = []
    for number, one in enumerate(sheets, 1):
        usable = (
            0 < len(one.title) <= _TITLE_LENGTH and not _NO_TITLE.search(one.title) and not _NOT_XML.search(one.title)
        )
        twice = one.title.casefold() in {each.casefold() for each in found}
        found.append(one.title if usable and not twice else f"Sheet {number}")
    return found


def _written(row: Sequence[tuple[str, bool]], at: int) -> Iterator[str]:
    for column, (text, number) in enumerate(row, 1):
        if number:
            yield f'<c r="{_letters(column)}{at}"><v>{text}</v></c>'
        elif text:
            clean = escape(_NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text))
            yield f'<c r="{_letters(column)}{at}" t="inlineStr"><is><t xml:space="preserve">{clean}</t></is></c>'


def _letters(column: int) -> str:
    found = ""
    while column:
        column, rest = divmod(column - 1, 26)
        found = chr(ord("A") + rest) + found
    return found
