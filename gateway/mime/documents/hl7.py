"""HL7 version 2 messages (chapter 2 of the standard), split as they are written, with the names of the fields that identify."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from gateway.domain.finding import Gap, GapReason
from gateway.mime.charset import decode
from gateway.mime.documents import fields
from gateway.mime.documents.budget import Budget
from gateway.mime.documents.table import Result

_NAME, _PLACE, _DAY, _ID, _PHONE, _TEXT, _DOCTOR = "name", "address", "date", "id", "phone", "text", "doctor"
_FIELDS: Mapping[str, Mapping[int, tuple[str, str]]] = {
    "PID": {2: ("Patient ID", _ID), 3: ("MRN", _ID), 4: ("Patient ID", _ID), 5: ("Patient name", _NAME),
            6: ("Mother's maiden name", _NAME), 7: ("Date of birth", _DAY), 9: ("Patient alias name", _NAME),
            11: ("Address", _PLACE), 12: ("County", _TEXT), 13: ("Home phone", _PHONE), 14: ("Work phone", _PHONE),
            18: ("Account number", _ID), 19: ("SSN", _TEXT), 20: ("Driver's license number", _TEXT),
            21: ("Mother's MRN", _ID), 23: ("Birth place", _TEXT), 29: ("Date of death", _DAY)},
    "MRG": {1: ("Prior MRN", _ID), 3: ("Prior account number", _ID), 4: ("Prior patient ID", _ID), 7: ("Prior name", _NAME)},
    "NK1": {2: ("Next of kin name", _NAME), 4: ("Address", _PLACE), 5: ("Phone", _PHONE), 6: ("Work phone", _PHONE),
            16: ("Date of birth", _DAY), 30: ("Contact name", _NAME), 31: ("Contact phone", _PHONE),
            32: ("Address", _PLACE), 37: ("SSN", _TEXT)},
    "GT1": {2: ("Guarantor number", _ID), 3: ("Guarantor name", _NAME), 4: ("Spouse name", _NAME), 5: ("Address", _PLACE),
            6: ("Home phone", _PHONE), 7: ("Work phone", _PHONE), 8: ("Date of birth", _DAY), 12: ("SSN", _TEXT)},
    "IN1": {2: ("Plan ID", _ID), 4: ("Insurance company", _TEXT), 5: ("Insurance address", _PLACE), 7: ("Phone", _PHONE),
            8: ("Group number", _TEXT), 16: ("Insured name", _NAME), 18: ("Insured date of birth", _DAY),
            19: ("Insured address", _PLACE), 36: ("Policy number", _TEXT), 49: ("Member ID", _ID)},
    "IN2": {2: ("Insured SSN", _TEXT), 6: ("Medicare number", _TEXT), 8: ("Medicaid number", _TEXT), 61: ("Member ID", _ID)},
    "PV1": {3: ("Location", _TEXT), 5: ("Preadmit number", _ID), 7: ("Attending doctor", _DOCTOR),
            8: ("Referring doctor", _DOCTOR), 9: ("Consulting doctor", _DOCTOR), 17: ("Admitting doctor", _DOCTOR),
            19: ("Visit number", _ID), 44: ("Admission date", _DAY), 45: ("Discharge date", _DAY)},
    "PD1": {4: ("Primary care doctor", _DOCTOR)},
    "ORC": {2: ("Order number", _ID), 3: ("Order number", _ID), 9: ("Date", _DAY), 12: ("Ordering doctor", _DOCTOR)},
    "OBR": {2: ("Order number", _ID), 3: ("Accession number", _ID), 4: ("Test", _TEXT), 7: ("Collection date", _DAY),
            14: ("Date", _DAY), 16: ("Ordering doctor", _DOCTOR), 22: ("Date", _DAY), 28: ("Copy to", _DOCTOR)},
    "OBX": {3: ("Observation", _TEXT), 14: ("Date", _DAY), 16: ("Observer", _DOCTOR), 23: ("Laboratory", _TEXT)},
    "DG1": {3: ("Diagnosis", _TEXT), 4: ("Diagnosis", _TEXT), 5: ("Diagnosis date", _DAY), 16: ("Doctor", _DOCTOR)},
    "PR1": {3: ("Procedure", _TEXT), 5: ("Procedure date", _DAY)}, "AL1": {3: ("Allergy", _TEXT)},
    "EVN": {2: ("Date", _DAY), 5: ("Operator", _DOCTOR)}, "MSH": {7: ("Date", _DAY)},
    "SCH": {1: ("Appointment number", _ID), 16: ("Contact", _NAME)}, "ACC": {1: ("Accident date", _DAY)},
    "RXE": {2: ("Medication", _TEXT), 15: ("Prescription number", _TEXT)}, "RXA": {3: ("Date", _DAY), 5: ("Vaccine", _TEXT)},
    "TXA": {4: ("Date", _DAY), 12: ("Document number", _ID)}, "NTE": {3: ("Note", _TEXT)}, "ZPD": {},
}  # fmt: skip
_TYPES = {"MR": "MRN", "SS": "SSN", "DL": "Driver's license number", "MA": "Medicaid number", "MC": "Medicare number",
          "AN": "Account number", "VN": "Visit number", "PPN": "Passport number", "NPI": "NPI"}  # fmt: skip
_BREAK = re.compile(r"[\r\n\x0b\x1c]+")
_HEX = re.compile(r"(.)X((?:[0-9A-Fa-f]{2}){1,4000})(?=\1).")
_MOST_SEGMENTS = 100_000


def read_hl7(part: str, data: bytes, budget: Budget) -> Result:
    """The message as text, and its fields as lines; documents inside (OBX of type ED) as files."""
    text, _ = decode(data, "")
    segments = [each for each in _BREAK.split(text.lstrip("\ufeff")) if each.strip()]
    bars, signs = "|", "^~\\&"
    lines: list[str] = []
    files: list[str] = []
    for segment in segments[:_MOST_SEGMENTS]:
        name = segment[:3]
        if name in {"MSH", "FHS", "BHS"} and len(segment) > 8:
            bars, signs = segment[3], segment[4:8]
            segment = f"{name}{bars}{bars}{segment[4:]}"  # noqa: PLW2901 - MSH-1 is the separator itself
        values = segment.split(bars)
        if name == "OBX" and len(values) > 5:
            values, found = _observation(values, signs)
            files += found
        lines += _lines(name, values, signs)
    texts, gaps = fields.both(part, data, lines)
    for number, content in enumerate(files, 1):
        found_texts, missed = fields.packed(part, number, content, "", budget)
        texts += found_texts
        gaps += missed
    if len(segments) > _MOST_SEGMENTS:
        gaps.append(Gap(part, GapReason.TOO_LARGE))
    return texts, gaps


def _observation(values: list[str], signs: str) -> tuple[list[str], list[str]]:
    """The fields without a document that is the value, and that document."""
    parts = values[5].split(signs[0])
    if values[2] == "ED" and len(parts) > 4:
        return [*values[:5], "", *values[6:]], [parts[4]]
    return values, []


def _lines(name: str, values: list[str], signs: str) -> Iterator[str]:
    known = _FIELDS.get(name, {})
    for number, value in enumerate(values[1:], 1):
        if not value or (name == "MSH" and number <= 2):
            continue
        label, kind = known.get(number, ("", _TEXT))
        if name == "OBX" and number == 5:
            label = "Value"
        for one in value.split(signs[1]):
            shown = _shown(one, kind, signs)
            typed = one.split(signs[0])[4:5] if kind == _ID else []
            own = _TYPES.get(typed[0], label) if typed else label
            yield fields.line(own, shown) if own else shown if len(shown) > 3 else ""


def _shown(value: str, kind: str, signs: str) -> str:
    pieces = [_plain(each, signs) for each in value.split(signs[0])]
    pieces += [""] * (9 - len(pieces))
    if kind == _NAME:
        return fields.person(pieces[0], (pieces[1], pieces[2]), pieces[3], pieces[4])
    if kind == _DOCTOR:
        return " ".join(each for each in ("Dr.", fields.person(pieces[1], (pieces[2], pieces[3]), pieces[4]), pieces[0] and f"ID {pieces[0]}") if each) if pieces[1] else pieces[0]  # fmt: skip
    if kind == _PLACE:
        return fields.address(pieces[:2], pieces[2], pieces[3], pieces[4], pieces[5])
    if kind == _DAY:
        return fields.date(pieces[0])
    return " ".join(fields.date(each) for each in pieces if each)


def _plain(value: str, signs: str) -> str:
    """Without the escapes of HL7 2.7; subcomponents apart."""
    value = value.replace(signs[3], " ")
    escape = re.escape(signs[2])
    if f"{signs[2]}X" in value:
        value = _HEX.sub(
            lambda found: found[0] if found[1] != signs[2] else decode(bytes.fromhex(found[2]), "")[0], value
        )
    named = {"F": "|", "S": signs[0], "T": signs[3], "R": signs[1], "E": signs[2], ".br": "\n"}
    return re.sub(f"{escape}([^{escape}]{{1,10}}){escape}", lambda found: named.get(found[1], ""), value)
