"""Excel workbooks: every sheet, hidden ones too, with sheet names, comments, headers and document properties.

Values are written as a person reads them as far as that is simple: dates as ISO dates, whole numbers without a point.
"""

from __future__ import annotations

import datetime
import io
import re
import warnings

from lxml import etree

from gateway.domain.finding import Gap, GapReason, TextPart
from gateway.mime.documents.budget import Budget
from gateway.mime.documents.office import is_packed, named_oddly, packed, targets
from gateway.mime.documents.packed import Refused, entries, margins, opened, unpacked
from gateway.mime.documents.xml import local, parsed, text_of
from gateway.mime.html import extract
from gateway.mime.naming import Namer

_WORDLESS = frozenset({"xl/calcchain.xml", "[content_types].xml"})
_THEMES = ("xl/theme/", "xl/printersettings/")
_BESIDE_CELLS = frozenset({"headerFooter", "hyperlinks", "dataValidations", "scenarios", "protectedRanges", "definedNames",
                           "customProperties", "fileSharing", "oleObjects", "controls", "conditionalFormatting", "numFmts"})  # fmt: skip
_ATTRIBUTED = ("xl/pivotcache/", "xl/connections", "xl/querytables/", "xl/tables/", "xl/slicercaches/", "customxml/",
               "xl/externallinks/", "xl/persons/", "docprops/custom")  # fmt: skip
_JOINED = re.compile(r'"\s*&\s*"')
_PATTERN = re.compile(r"(?=.*0)(?=.*[-() /])[0#\-() /\\\"]{2,40}")


def read_xlsx(part: str, data: bytes, budget: Budget) -> tuple[list[TextPart], list[Gap]]:
    """One text, a line for each row, cells separated by tabs; files packed inside as `part/NAME`."""
    texts: list[str] = []
    gaps: dict[Gap, None] = {}
    try:
        refuse_hostile(data, budget)
        beside, inside = _margins(data, budget, part, gaps)
    except Refused as refusal:
        return [], [Gap(part, refusal.reason)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns of every extension that it leaves out
        for formulas in (False, True):
            texts += _sheets(data, budget, part, gaps, formulas=formulas)
    cells = {cell for line in texts for cell in line.split("\t")}
    texts += [line for line in beside if line not in cells]
    return [TextPart(part, "\n".join(dict.fromkeys(texts))), *inside], list(gaps)


def refuse_hostile(data: bytes, budget: Budget) -> None:
    """Unpack every entry once within the budget, so that openpyxl meets no bomb and no DTD."""
    with opened(data) as archive:
        for entry in entries(archive, budget):
            content = unpacked(archive, entry, budget)
            if b"<!DOCTYPE" in content[:4096] or b"<!ENTITY" in content[:4096]:
                raise Refused(GapReason.MALFORMED)


def _margins(data: bytes, budget: Budget, part: str, gaps: dict[Gap, None]) -> tuple[list[str], list[TextPart]]:
    """What the row reader does not show: comments, drawings, properties, headers, links, strings that no cell uses any
    more, caches of pivots, charts and other workbooks; and the files packed inside.
    """
    found: list[str] = []
    inside: list[TextPart] = []
    names = Namer()
    with opened(data) as archive:
        found += [*margins(archive, data).splitlines(), *named_oddly(archive)]
        for entry in entries(archive, budget):
            name = entry.filename.lower()
            if is_packed(entry):
                more, missed = packed(part, archive, entry, names, budget)
                inside += more
                gaps.update(dict.fromkeys(missed))
            elif name.endswith((".xml", ".rels", ".vml")) and name not in _WORDLESS and not name.startswith(_THEMES):
                found += _words(name, unpacked(archive, entry, budget))
    return found, inside


def _words(name: str, content: bytes) -> list[str]:
    if name.endswith(".vml"):
        return extract(content.decode("utf-8", "replace")).text.splitlines()
    if name.endswith(".rels"):
        return targets(content).splitlines()
    if name == "xl/sharedstrings.xml":
        return [text_of(item).strip() for item in parsed(content) if local(item) == "si"]
    if name.startswith("xl/worksheets/") or name in {"xl/workbook.xml", "xl/styles.xml"}:
        return [line for item in parsed(content) if local(item) in _BESIDE_CELLS for line in _lines(item)]
    return text_of(parsed(content), every_attribute=name.startswith(_ATTRIBUTED)).splitlines()


def _lines(item: etree._Element) -> list[str]:
    return text_of(item, every_attribute=local(item) not in {"headerFooter", "definedNames"}).splitlines()


def _sheets(data: bytes, budget: Budget, part: str, gaps: dict[Gap, None], *, formulas: bool) -> list[str]:
    import openpyxl  # brings numpy where that is installed, which starts threads when it is imported

    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=not formulas, keep_links=False)
    lines: list[str] = []
    used = 0
    try:
        for sheet in book.worksheets:
            lines.append(str(sheet.title))
            sheet.reset_dimensions()  # the size that the file claims may leave rows out
            for row in sheet.iter_rows():
                line = "\t".join(shown(cell.value, cell.number_format) for cell in row).strip("\t")
                used += len(line)
                if used > budget.characters_left:
                    gaps[Gap(part, GapReason.TOO_LARGE)] = None
                    return lines
                if line:
                    lines.append(line)
        lines += [str(name) for name in book.defined_names]
    finally:
        book.close()
    return lines


def shown(value: object, form: str | None) -> str:
    """A cell's value as it is judged, `form` being its number format."""
    if value is None:
        return ""
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(sep=" ")
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    if isinstance(value, int) and value >= 0 and form and _PATTERN.fullmatch(form):
        return _patterned(value, form)
    text = str(value)
    return _JOINED.sub("", text) if text.startswith("=") else text  # the pieces that a formula joins


def _patterned(value: int, form: str) -> str:
    """A number in a format of digits and punctuation, as social security and telephone numbers are often kept."""
    digits = list(str(value).rjust(form.count("0"), "0"))
    signs = reversed(form.replace("\\", "").replace('"', ""))
    out = [(digits.pop() if digits else "") if sign in "0#" else sign for sign in signs]
    return "".join(digits) + "".join(reversed(out))
