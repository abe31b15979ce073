"""X12 transactions (claims, remittances, eligibility), split as they are written, with what NM1, REF and DTP call their values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.domain.finding import Gap, GapReason
from gateway.mime.charset import decode
from gateway.mime.documents import fields
from gateway.mime.documents.budget import Budget
from gateway.mime.documents.table import Result

_WHO: Mapping[str, str] = {
    "IL": "Insured name", "QC": "Patient name", "74": "Corrected insured name", "03": "Dependent name", "GP": "Guarantor name",
    "82": "Rendering provider Dr.", "85": "Billing provider", "DN": "Referring provider Dr.", "71": "Attending provider Dr.",
    "72": "Operating provider Dr.", "77": "Service facility", "PR": "Payer", "40": "Receiver", "41": "Submitter",
    "1P": "Provider", "87": "Pay-to provider", "DQ": "Supervising provider Dr.", "PE": "Payee", "S1": "Parent name",
    "QD": "Responsible person name", "GD": "Guardian name", "EI": "Executor name", "EXS": "Former spouse name",
}  # fmt: skip
_NUMBERS: Mapping[str, str] = {
    "MI": "Member ID", "II": "Health ID", "SY": "SSN", "34": "SSN", "XX": "NPI", "24": "Tax ID", "FI": "Tax ID", "HN": "Medicare ID",
    "MR": "Medicaid ID", "C": "Member ID", "46": "ID", "PI": "Payer ID", "XV": "Plan ID", "N": "Member ID",
}  # fmt: skip
_REFERENCES: Mapping[str, str] = {
    "SY": "SSN", "EA": "MRN", "EJ": "Patient account number", "1L": "Group number", "IG": "Policy number", "1W": "Member ID",
    "0F": "Subscriber number", "6P": "Group number", "F8": "Claim number", "D9": "Claim number", "EI": "Tax ID", "G1": "Authorization number",
    "9F": "Referral number", "23": "Client number", "Y4": "Claim number", "BLT": "Bill type", "6R": "Line number", "1K": "Claim number",
    "1D": "Medicaid ID", "F6": "Medicare ID", "HJ": "Member ID", "LU": "Location", "VP": "Vendor number", "0B": "License number",
    "G2": "Provider number", "SBR": "Subscriber number", "ZZ": "Number", "X5": "Industrial accident number", "P4": "Project",
}  # fmt: skip
_DATES: Mapping[str, str] = {
    "431": "Onset date", "435": "Admission date", "096": "Discharge date", "472": "Service date", "232": "Start date", "233": "End date",
    "439": "Accident date", "454": "Treatment date", "304": "Visit date", "455": "X-ray date", "484": "Date", "297": "Date", "573": "Date",
}  # fmt: skip
_CONTACTS = {
    "TE": "Phone",
    "FX": "Fax",
    "EM": "Email",
    "HP": "Home phone",
    "WP": "Work phone",
    "EX": "Extension",
    "CP": "Mobile phone",
}
_MOST_SEGMENTS = 200_000


def read_x12(part: str, data: bytes, _budget: Budget) -> Result:
    """The interchange as text, and its segments as lines."""
    text, _ = decode(data, "")
    text = text.lstrip("\ufeff \r\n\t")
    elements, pieces, ends = text[3], text[104], text[105]
    segments = [each.strip() for each in text.split(ends) if each.strip()]
    lines = [shown for each in segments[:_MOST_SEGMENTS] for shown in _lines(each.split(elements), pieces)]
    texts, gaps = fields.both(part, data, lines)
    if len(segments) > _MOST_SEGMENTS:
        gaps.append(Gap(part, GapReason.TOO_LARGE))
    return texts, gaps


def _lines(values: list[str], pieces: str) -> list[str]:
    name, rest = values[0], values[1:]
    take = rest + [""] * (12 - len(rest))
    if name == "NM1":
        return [
            fields.line(_WHO.get(take[0], "Name"), fields.person(take[2], (take[3], take[4]), take[6], take[5])),
            fields.line(_NUMBERS.get(take[7], "ID"), take[8]),
        ]
    if name == "N1":
        return [fields.line(_WHO.get(take[0], "Name"), take[1]), fields.line(_NUMBERS.get(take[2], "ID"), take[3])]
    if name == "N3":
        return [fields.line("Address", ", ".join(each for each in rest if each))]
    if name == "N4":
        return [fields.line("Address", fields.address((), take[0], take[1], _zip(take[2])))]
    if name == "DMG":
        return [fields.line("Date of birth", fields.date(take[1]))]
    if name == "REF":
        return [fields.line(_REFERENCES.get(take[0], "Reference number"), *take[1:3])]
    if name in {"DTP", "DTM"}:
        days = take[2] if name == "DTP" else take[1]
        return [fields.line(_DATES.get(take[0], "Date"), " - ".join(fields.date(each) for each in days.split("-")))]
    if name == "PER":
        return [fields.line("Contact name", take[1]), *_contacts(take[2:])]
    if name in {"CLM", "CLP"}:
        number = fields.line("Claim number", take[6]) if name == "CLP" else ""
        return [fields.line("Patient account number", take[0]), number]
    if name in {"ISA", "GS", "ST", "SE", "GE", "IEA", "LX", "HL"}:
        return []
    label = {"SBR": "Group number", "HI": "Diagnosis", "NTE": "Note", "K3": "Note", "MSG": "Note", "III": "Note"}.get(
        name, name
    )
    return [fields.line(label, *(fields.date(each) for value in rest for each in value.split(pieces)))]


def _contacts(pairs: Sequence[str]) -> list[str]:
    return [fields.line(_CONTACTS.get(pairs[at], "Contact"), pairs[at + 1]) for at in range(0, len(pairs) - 1, 2)]


def _zip(value: str) -> str:
    return f"{value[:5]}-{value[5:]}" if len(value) == 9 and value.isdigit() else value
