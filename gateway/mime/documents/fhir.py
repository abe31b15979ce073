"""FHIR resources as JSON or XML: names, addresses, numbers and dates as lines in words; narratives as text, attachments as files."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from lxml import etree

from gateway.domain.finding import Gap
from gateway.domain.finding import TextPart as Text
from gateway.mime.charset import decode
from gateway.mime.documents import fields
from gateway.mime.documents.budget import Budget
from gateway.mime.documents.table import Result
from gateway.mime.documents.xml import local, parsed
from gateway.mime.html import extract

_SILENT = frozenset(["resourceType", "system", "use", "status", "reference", "profile", "div", "data", "fullUrl"])
_NUMBERS = {"MR": "MRN", "SS": "SSN", "SB": "SSN", "DL": "Driver's license number", "PPN": "Passport number", "MB": "Member ID",
            "SN": "Subscriber number", "NPI": "NPI", "TAX": "Tax ID", "AN": "Account number", "MC": "Medicare ID",
            "MA": "Medicaid ID", "VN": "Visit number", "ACSN": "Accession number", "EN": "Employer number"}  # fmt: skip
_SYSTEMS = {"us-ssn": "SSN", "4.1.4": "MRN", "us-npi": "NPI", "us-mbi": "Medicare ID", "us-medicare": "Medicare ID"}
_PEOPLE = {"Practitioner": "Dr.", "Patient": "Patient name", "RelatedPerson": "Relative name", "Person": "Name"}


@dataclass(slots=True)
class _Walk:
    lines: list[str] = field(default_factory=list, repr=False)
    files: list[tuple[str, str]] = field(default_factory=list, repr=False)


def read_fhir(part: str, data: bytes, budget: Budget) -> Result:
    """The JSON as text, and its elements as lines; every line of an NDJSON file is a resource."""
    text, _ = decode(data, "")
    walk = _Walk()
    text = text.strip()
    resources: list[object]
    if text.startswith("<"):
        root = parsed(data.strip())
        resources = [{"resourceType": local(root), **_of_xml(root)}]
    else:
        try:
            resources = [json.loads(text)]
        except ValueError:
            resources = [json.loads(each) for each in text.splitlines() if each.strip()]
    for each in resources:
        _visit(each, "", "", walk)
    texts, gaps = fields.both(part, data, walk.lines)
    for number, (content, name) in enumerate(walk.files, 1):
        found, missed = fields.packed(part, number, content, name, budget)
        texts += found
        gaps += missed
    return list[Text](texts), list[Gap](gaps)


def _of_xml(element: etree._Element) -> dict[str, object]:
    """The JSON form of a resource in XML (FHIR R4 2.6.1): an element's value is an attribute, a repeated one is a list."""
    found: dict[str, object] = {}
    for each in element:
        name = local(each)
        if not name:
            continue
        if name == "div":
            value: object = etree.tostring(each, encoding="unicode", with_tail=False)
        elif name[0].isupper():
            value = {"resourceType": name, **_of_xml(each)}
        else:
            value = str(each.get("value")) if each.get("value") is not None and not len(each) else _of_xml(each)
        there = found.get(name)
        found[name] = value if there is None else [*(there if isinstance(there, list) else [there]), value]
    return found


def _visit(value: object, key: str, owner: str, walk: _Walk) -> None:
    if isinstance(value, list):
        for each in value:
            _visit(each, key, owner, walk)
    elif isinstance(value, dict):
        owner = str(value.get("resourceType", owner))
        if value.get("resourceType") in _PEOPLE:
            walk.lines.append(fields.line("Medical record", f"of a {owner}"))  # whose it is may be all that it says
        if not _known(value, key, owner, walk):
            for name, inner in value.items():
                _visit(inner, str(name), owner, walk)
        else:
            for name, inner in value.items():
                if isinstance(inner, dict | list) and name not in {"given", "line", "prefix", "suffix", "coding"}:
                    _visit(inner, str(name), owner, walk)
    elif isinstance(value, str) and key == "div":
        walk.lines.append(extract(value).text)
    elif isinstance(value, str | int | float) and not isinstance(value, bool) and key not in _SILENT:
        label = "Date of birth" if key == "birthDate" else fields.words_of(key)
        walk.lines.append(fields.line(label, str(value)))


def _known(value: dict[str, object], key: str, owner: str, walk: _Walk) -> bool:
    """Whether an element is one of FHIR's data types that are said in one line."""
    if "family" in value or "given" in value:
        shown = fields.person(_text(value.get("family")), _texts(value, "given"), " ".join(_texts(value, "suffix")), " ".join(_texts(value, "prefix")))  # fmt: skip
        walk.lines.append(fields.line(_PEOPLE.get(owner, "Name") if key == "name" else fields.words_of(key), shown))
    elif "postalCode" in value or "line" in value or ("city" in value and "state" in value):
        walk.lines.append(fields.line("Address", fields.address(_texts(value, "line"), *(_text(value.get(each)) for each in ("city", "state", "postalCode", "country")))))  # fmt: skip
    elif key == "telecom" and "value" in value:
        walk.lines.append(fields.line(fields.words_of(_text(value.get("system")) or "phone"), _text(value["value"])))
        return True
    elif key == "identifier" and "value" in value:
        walk.lines.append(fields.line(_number(value), _text(value["value"])))
    elif isinstance(value.get("data"), str) and ("contentType" in value or key in {"attachment", "content", "valueAttachment", "photo"} or owner == "Binary"):  # fmt: skip
        walk.files.append((_text(value["data"]), _text(value.get("title")) or _text(value.get("url"))))
        return False
    else:
        return False
    if _text(value.get("text")):
        walk.lines.append(_text(value["text"]))
    return True


def _number(value: dict[str, object]) -> str:
    kind = value.get("type")
    kind = kind if isinstance(kind, dict) else {}
    coding = kind.get("coding")
    codes = [_text(each.get("code")) for each in coding if isinstance(each, dict)] if isinstance(coding, list) else []
    for code in codes:
        if code in _NUMBERS:
            return _NUMBERS[code]
    system = _text(value.get("system"))
    for sign, label in _SYSTEMS.items():
        if system.endswith(sign):
            return label
    return _text(kind.get("text")) or "ID number"


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: dict[str, object], key: str) -> list[str]:
    found = value.get(key)
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else [_text(found)]
