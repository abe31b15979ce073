"""Identifiers that a heading names far above or a format by position: columns of CSV, tab and bar tables, HL7 v2 segments.

A heading is a line of cells of which one is the name of an identifier; its column counts until an empty line, or a line
with fewer cells. Each line is looked at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from gateway.domain.finding import Kind
from gateway.phi.document import Document, compiled, gated
from gateway.phi.lexicon import number
from gateway.phi.recognizers.labelled import written
from gateway.phi.recognizers.rule import Family, Hit

_NO = r"(?:[ _\-]{0,2}(?:numbers?|num|nbr|nos?\.?|ids?|identifier|#))"
_USERS = r"user[ _]?(?:name|id|account)|(?:signed|logged|signs?|logs?) in as|log[ \-]?on|(?:portal|mychart|web|network) (?:user(?:name| id)?|log[ \-]?in)|sign[ \-]?in(?: name| id)?|log[ \-]?[io]n (?:name|id)|profile(?: name| id)?|alias|net ?id|nombre de usuario|log[ \-]?in|user|screen[ _]?name|account name|portal login|mychart username|usuario|handle|twitter|instagram|telegram|tiktok"
_ANY = (
    r"(?:(?:patient|member|subscriber|insured|insurance|plan|policy|group|grp|employer|account|acct|customer|client|bank|card|medical|health|hospital|clinic|chart|pat\.?|licen[sc]e|lic\.?|professional|driver'?s?|worker|clock|"
    r"payroll|empleado|personnel|device|serial|generator|equipment|asset|vehicle|court|legal|cause|case|matter|lab|path(?:ology)?|sample|specimen|invoice|receipt|purchase|work|service|trace|session|reference|contact|record|fingerprint|claim|wc|comp|file|employee|staff|plate|registration|encounter|visit|admission|prescription|rx|"
    r"voice|iris|palm|biometric|template|benefit|contract|enrollee|cardholder|state|national|tax(?:payer)?|social|asegurado|afiliado|grupo|cuenta|registro|folio) ){1,3}(?:numbers?|num\.?|nbr|no\.?|ids?|identifier|#|ref\.?)(?: ?(?:numbers?|num|no\.?|#))?"
    r"|(?:(?:n[uú]mero de )?grupo|(?:professional|medical|state|rn|nursing|physician|pharmacist|pt) lic(?:en[sc]e|\.)|claim ref(?:erence)?|telefax|fax line|lic\.? ?plate|license plate|n[uú]mero de \pL+|c[eé]dula(?: \pL+)?|(?:case|lab|specimen) accession|historia cl[ií]nica|expediente|p[oó]liza|placas|vehicle plate|social|licencia(?: \pL+){0,2}|driving licen[sc]e|d\.l\.?|plates?|cdl)(?: (?:no\.?|number|#))?"
)
_COLUMNS: tuple[tuple[Kind, str], ...] = (
    (Kind.OTHER_ID, _ANY),  # first: of several that fit, the last names the kind
    (Kind.MRN, rf"(?:(?:facility |epic |patient )?m\.?r\.?n\.?|mr|med(?:ical|\.)?[ _]?rec(?:ord)?s?\.?|health record|clinic|pat\.?|chart|hospital|unit|record|nhc|e?mpi|(?:n[uú]mero de )?expediente){_NO}?|(?:patient|pt\.?|pat){_NO}"),
    (Kind.SSN, rf"(?:patient(?:'?s)?[ _])?(?:ssn(?:/tin)?|s\.s\.n\.?|ss|soc(?:ial|\.)?[ _]?sec(?:urity|\.)?|itin|nss|(?:n[uú]mero de )?seguro social){_NO}?"),
    (Kind.PHONE, rf"(?:(?:home|work|cell|mobile|day(?:time)?|evening|contact|primary|emergency|patient|direct|office|alt(?:ernate)?|next of kin|call ?back)[ _]?)?(?:tele)?(?:phone|tel\.?|cell|mobile|ph|contact|tel[eé]fono|pager|m[oó]vil|celular|call|whatsapp){_NO}?|(?:home|work) ?#|emergency contact"),
    (Kind.FAX, rf"(?:e|office |home |work )?(?:fax|facsimile|tele ?fax){_NO}?:?"),
    (Kind.EMAIL, r"e?-?mail(?:[ _]?addr(?:ess|\.)?)?|correo(?: electr[oó]nico)?"),
    (Kind.HEALTH_PLAN, rf"(?:medicare|medicaid|mbi|hicn?|hicn/mbi|member|subscriber|insurance|insured'?s?|plan|health[ _]?plan|beneficiary|policy|pol\.|group|grp|cardholder|bcbs|certificate|payer|insurance[ _](?:group|member|policy)|plan group|policy ?holder|(?:n[uú]mero de )?(?:afiliado|p[oó]liza)|medicare beneficiary|medicare claim|medi-?cal|enrollee|aetna|cigna|humana|kaiser|tricare|anthem|blue ?cross){_NO}{{0,2}}"),
    (Kind.ACCOUNT, rf"(?:(?:bank|patient|guarantor|checking|billing|savings|hospital|customer|client|member)[ _])?(?:account|acct\.?|a/c|iban|routing|aba(?: routing)?|rtn|transit|(?:n[uú]mero de )?cuenta|bank routing|transfer to){_NO}?"),
    (Kind.PAYMENT_CARD, rf"(?:(?:credit|debit|payment)[ _]?)?(?:card|cc|visa|mastercard|amex|tarjeta){_NO}?"),
    (Kind.LICENSE, rf"(?:(?:rendering|provider|medical|state|rn|board|nursing|driver'?s?'?|drivers|operator)[ _]?)?(?:npi|dea(?: reg\.?| registration)?|licen[sc]e|lic\.?|dln?|licencia(?: m[eé]dica| de conducir)?|national provider identifier){_NO}{{0,2}}"),
    (Kind.DEVICE, rf"(?:(?:device|implant|pacemaker|pump|generator|defibrillator|monitor|lead|ventilator|meter|sensor|product|unit)[ _]?)?(?:serial|s/n|s\.n\.?|sn|ser\.|udi(?:-di)?|imei|mac(?:[ _]address)?|device|lot/serial|bssid|hardware address|bluetooth address|unique device identifier|device identifier|(?:n[uú]mero de )?serie|ether|barcode \(udi\)){_NO}?"),
    (Kind.VEHICLE, rf"car|vehicle|auto|placas|vehicle plate|social|veh[ií]culo|(?:car )?tag|(?:(?:licen[sc]e|vehicle|registration|car|number)[ _]?)?(?:plate|vin|tag|registration|placa|matr[ií]cula|chassis|vehicle id|identification){_NO}?"),
    (Kind.BIOMETRIC, rf"(?:finger ?print|biometric|voice ?print|retina(?:l)?(?: scan)?|iris(?: scan)?|face|facial|palm ?(?:print|vein|scan)|huella|hand scan)[ _]?(?:template|hash|scan)?{_NO}?"),
    (Kind.IP, r"(?:(?:client|remote|source)[ _])?ip(?:v[46])?(?:[ _]?addr(?:ess)?)?"),
    (Kind.DATE, r"d\.?o\.?b\.?|(?:date of birth|birth[ _]?date|birthday|fecha de nacimiento|admitted|discharged|admission date|discharge date|date of service|dos|visit date)"),
    (Kind.OTHER_ID, rf"(?:claim(?: control)?|encounter|enc\.|visit|csn|fin|icn|accession|acc\.|specimen|sample|case/accession|lab|rx|prescription|script|passport|pasaporte|travel document|us passport|case|file|docket|order|requisition|req\.|ticket|confirmation|tracking|auth\.?|authorization|prior auth|pa|pre-?cert|referral|approval|employee|emp|badge|staff|student|personnel|military|tax|ein|tin|federal tax|employer|tax identification|employer id|uuid|guid|request|session|reference|object|admission|(?:n[uú]mero de )?(?:reclamo|receta|caso)){_NO}{{0,2}}|(?:claim|case) ref\.?|id"),
    (Kind.AGE, r"(?:patient )?age(?: ?\(?(?:y(?:ea)?rs?)\)?)?|edad"),
    (Kind.OTHER_ID, _USERS),
)  # fmt: skip
_ASIDE = r"(?: ?\([^()\n\d]{1,24}\))?"
_SCORE = {Kind.MRN: 0.9, Kind.SSN: 0.95, Kind.HEALTH_PLAN: 0.8, Kind.BIOMETRIC: 0.8, Kind.OTHER_ID: 0.75}
_SEPARATORS = ("|", "\t", ";", ",", "  ")
_MOST_CELL = 60
# Fields of HL7 v2 by segment, counted from 1 after the segment's name.
_SEGMENTS: dict[str, dict[int, Kind]] = {
    "PID": {2: Kind.MRN, 3: Kind.MRN, 4: Kind.MRN, 5: Kind.NAME, 6: Kind.NAME, 7: Kind.DATE, 9: Kind.NAME, 11: Kind.LOCATION, 13: Kind.PHONE, 14: Kind.PHONE, 18: Kind.ACCOUNT, 19: Kind.SSN, 20: Kind.LICENSE, 29: Kind.DATE},
    "NK1": {2: Kind.NAME, 4: Kind.LOCATION, 5: Kind.PHONE, 6: Kind.PHONE, 16: Kind.DATE},
    "PV1": {19: Kind.OTHER_ID, 44: Kind.DATE, 45: Kind.DATE},
    "IN1": {8: Kind.HEALTH_PLAN, 16: Kind.NAME, 18: Kind.DATE, 19: Kind.LOCATION, 36: Kind.HEALTH_PLAN, 49: Kind.HEALTH_PLAN},
    "GT1": {2: Kind.ACCOUNT, 3: Kind.NAME, 5: Kind.LOCATION, 6: Kind.PHONE, 8: Kind.DATE, 12: Kind.SSN},
    "OBR": {2: Kind.OTHER_ID, 3: Kind.OTHER_ID},
    "ORC": {2: Kind.OTHER_ID, 3: Kind.OTHER_ID},
}  # fmt: skip


@cache
def _headings() -> tuple[Any, tuple[tuple[Kind, Any], ...], Any]:
    every = "|".join(f"(?:{written(pattern)})" for _, pattern in _COLUMNS)
    line = gated(rf"(?im)(?:^|[,;|\t]|  )[ \"'*]*(?:{every}){_ASIDE}[ \"'*]*(?:$|[,;|\t\r]|  )", 32)
    segment = gated(rf"(?m)^(?:{'|'.join(_SEGMENTS)})\|")
    return line, tuple((kind, compiled(rf"(?i)(?:{written(pattern)}){_ASIDE}")) for kind, pattern in _COLUMNS), segment


def find_in_tables(document: Document) -> Iterator[Hit]:
    """Values of columns whose heading names an identifier, and of HL7 v2 fields."""
    heading, columns, segment = _headings()
    if document.holds(segment):
        yield from _segments(document.text)
    if document.holds(heading):
        yield from _columns(document.text, {start for start, _ in _line_starts(document, heading)}, columns)


def _line_starts(document: Document, heading: Any) -> Iterator[tuple[int, int]]:
    for start, end in document.spans(heading):
        yield document.text.rfind("\n", 0, start + (document.text[start] != "\n")) + 1, end


def _columns(text: str, headings: set[int], columns: tuple[tuple[Kind, Any], ...]) -> Iterator[Hit]:
    named: dict[int, tuple[Kind, bool]] = {}
    separator = ""
    start = 0
    for line in text.splitlines(keepends=True):
        if start in headings:
            found, cells = _heading(line, columns)
            if found and (not separator or found != separator or not _is_row(line, separator, named)):
                separator, named = found, cells
                start += len(line)
                continue
        if separator:
            if separator not in line:
                if line.strip():
                    separator, named = "", {}
            else:
                yield from _row(line, start, separator, named)
        start += len(line)


def _is_row(line: str, separator: str, named: dict[int, tuple[Kind, bool]]) -> bool:
    return any(any(map(str.isdigit, cell)) for at, (_, cell) in enumerate(_cells(line, separator)) if at in named)


def _heading(line: str, columns: tuple[tuple[Kind, Any], ...]) -> tuple[str, dict[int, tuple[Kind, bool]]]:
    """The separator and the named columns of a heading; nothing if it holds values already."""
    users = columns[-1][1]
    for separator in _SEPARATORS:
        if separator not in line.strip():
            continue
        cells = [cell.strip(" \t\r\n\"'*") for _, cell in _cells(line, separator)]
        if len(cells) < 2 or any(sum(map(str.isdigit, cell)) > 1 for cell in cells):
            continue
        named = {
            at: (kind, pattern is users) for at, cell in enumerate(cells) if 0 < len(cell) <= _MOST_CELL
            for kind, pattern in columns if pattern.fullmatch(cell)
        }  # fmt: skip
        if named:
            return separator, named
    return "", {}


def _row(line: str, start: int, separator: str, named: dict[int, tuple[Kind, bool]]) -> Iterator[Hit]:
    cells = list(_cells(line, separator))
    last = len(cells) - 1
    for at, (offset, cell) in enumerate(cells):
        kind, user = named.get(at, (None, False))
        if kind is None or len(cell) > 2 * _MOST_CELL:
            continue
        value = cell.strip(" \t\r\n\"'*<>")
        if kind is Kind.AGE and not (value.isdigit() and number("age", "identifier_from") <= int(value) < 120):
            continue
        if (
            (sum(map(str.isdigit, value)) >= 2 and value.count(" ") < 6 and not set("{}^~$=") & set(value))
            or "@" in value
            or (user and len(value) > 4 and " " not in value)
        ):
            begin = start + offset + cell.index(value)
            end = begin + len(value)
            if (
                at < last
                and kind in {Kind.PHONE, Kind.FAX}
                and cells[at + 1][1].strip().lower().startswith(("ext", "x"))
            ):
                end = start + cells[at + 1][0] + len(cells[at + 1][1].rstrip())
            yield Hit(kind, begin, end, _SCORE.get(kind, 0.8), "table_column")


def _cells(line: str, separator: str) -> Iterator[tuple[int, str]]:
    """The cells of a line with their offsets; a quoted cell may hold separators (RFC 4180, section 2)."""
    if separator == "  ":
        yield from _columns_of_blanks(line)
        return
    at, size = 0, len(line)
    while at <= size:
        quoted = line.find('"', at) if line[at : at + 1] == '"' or line[at : at + 2] == ' "' else -1
        close = line.find('"', quoted + 1) if quoted >= 0 else -1
        end = line.find(separator, close + 1 if close >= 0 else at)
        end = size if end < 0 else end
        yield at, line[at:end]
        at = end + 1


def _columns_of_blanks(line: str) -> Iterator[tuple[int, str]]:
    """Cells that two blanks or more set apart."""
    at = 0
    for cell in line.split("  "):
        if cell.strip():
            yield at, cell
        at += len(cell) + 2


def _segments(text: str) -> Iterator[Hit]:
    start = 0
    for line in text.splitlines(keepends=True):
        fields = _SEGMENTS.get(line[:3]) if line[3:4] == "|" else None
        if fields is not None:
            at = 4
            for number, field in enumerate(line[4:].rstrip("\r\n").split("|"), 1):
                kind = fields.get(number)
                if kind is not None:
                    yield from _components(kind, field, start + at)
                at += len(field) + 1
        start += len(line)


def _components(kind: Kind, field: str, start: int) -> Iterator[Hit]:
    """Each repetition's first component of an identifier; of a name, address or telephone number, the whole."""
    at = start
    for repetition in field.split("~"):
        value = repetition if kind in {Kind.NAME, Kind.LOCATION, Kind.PHONE} else repetition.partition("^")[0]
        stripped = value.strip('^ "')
        if any(map(str.isalnum, stripped)) and len(stripped) > 1:
            begin = at + value.index(stripped)
            yield Hit(kind, begin, begin + len(stripped), 0.9, "hl7_field")
        at += len(repetition) + 1


FAMILY = Family("tables", (), find_in_tables)
