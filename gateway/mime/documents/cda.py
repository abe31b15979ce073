"""Clinical documents (HL7 CDA release 2, C-CDA): header and entries as lines in words, narratives as text, a packed body as a file."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from gateway.mime.documents import fields
from gateway.mime.documents.budget import Budget
from gateway.mime.documents.table import Result
from gateway.mime.documents.xml import local, parsed, text_of

_PEOPLE = {"patient": "Patient name", "guardianPerson": "Guardian name", "assignedPerson": "Dr.", "relatedPerson": "Relative name",
           "associatedPerson": "Contact name", "informationRecipient": "Dr.", "subject": "Relative name"}  # fmt: skip
_DATES = {"birthTime": "Date of birth", "deceasedTime": "Date of death", "effectiveTime": "Date", "low": "Start date",
          "high": "End date", "time": "Date", "center": "Date"}  # fmt: skip
_SSN = "2.16.840.1.113883.4.1"
_NPI = "2.16.840.1.113883.4.6"


def read_cda(part: str, data: bytes, budget: Budget) -> Result:
    """The XML as text, and its elements as lines. XML with a DTD is damaged."""
    root = parsed(data.lstrip(b" \r\n\t"))
    lines: list[str] = []
    files: list[str] = []
    for element in root.iter():
        name = local(element)
        if name == "text" and element.get("representation") == "B64":
            files.append(element.text or "")
        elif name == "text":
            lines.append(text_of(element))
        elif name:
            lines += _lines(element, name)
    texts, gaps = fields.both(part, data, lines)
    for number, content in enumerate(files, 1):
        found, missed = fields.packed(part, number, content, "", budget)
        texts += found
        gaps += missed
    return texts, gaps


def _lines(element: etree._Element, name: str) -> Iterator[str]:
    over = element.getparent()
    above = local(over) if over is not None else ""
    if name == "name":
        yield fields.line(
            _PEOPLE.get(above, "Name" if "rganization" not in above else "Organization"), _person(element)
        )
    elif name == "addr":
        yield fields.line("Address", fields.address(_all(element, "streetAddressLine"), *(_first(element, each) for each in ("city", "state", "postalCode", "country")), ) or text_of(element))  # fmt: skip
    elif name == "telecom":
        value = str(element.get("value", ""))
        kind, _, number = value.partition(":")
        label = {"tel": "Phone", "fax": "Fax", "mailto": "Email"}.get(kind.lower(), "Contact")
        yield fields.line(label, number or value)
    elif name == "id" and element.get("extension"):
        root = str(element.get("root", ""))
        label = "SSN" if root == _SSN else "NPI" if root == _NPI else "MRN" if above == "patientRole" else "ID number"
        yield fields.line(label, str(element.get("extension")))
    elif name in _DATES and element.get("value"):
        yield fields.line(_DATES[name], fields.date(str(element.get("value"))))
    else:
        yield fields.line(
            fields.words_of(name), *(str(element.get(each, "")) for each in ("displayName", "value", "extension"))
        )
        if element.text and element.text.strip() and above not in {"name", "addr"}:
            yield fields.line(fields.words_of(name), element.text)


def _person(element: etree._Element) -> str:
    named = fields.person(" ".join(_all(element, "family")), _all(element, "given"), " ".join(_all(element, "suffix")), " ".join(_all(element, "prefix")))  # fmt: skip
    return " ".join((named or text_of(element)).split())


def _all(element: etree._Element, name: str) -> list[str]:
    return ["".join(map(str, each.itertext())) for each in element if local(each) == name]


def _first(element: etree._Element, name: str) -> str:
    return next(iter(_all(element, name)), "")
