"""Vehicle identifiers (L): VIN, number plates."""

from __future__ import annotations

from gateway.domain.finding import Kind
from gateway.phi.document import Document
from gateway.phi.recognizers.checks import vin
from gateway.phi.recognizers.labelled import labelled, measured, named_after
from gateway.phi.recognizers.rule import Family, Rule

_CAR = (
    "vehicle", "plate", "plates", "tag", "vin", "car", "truck", "registration", "parking", "license plate", "placa", "matrícula",
)  # fmt: skip
_PLATE = r"(?:licen[sc]e |number |registration |vehicle |car )?plates?|(?:car |vehicle )registration|vehicle reg\.?|(?:car |licen[sc]e |parking )?tag|placas?|matr[ií]cula"
_PLATE_VALUE = (
    r"(?:[a-z]{1,3}\d{1,3}[ \-]?[a-z]{1,3}|[a-z]{1,4}[ \-]?\d[a-z0-9]{1,5}|\d[a-z0-9]{0,3}[ \-]?[a-z0-9]{2,5})\b"
)


def no_plate(document: Document, start: int, end: int) -> bool:
    """Whether it is a count or a measure: plates have letters, or five signs and more after a colon."""
    value = document.text[start:end]
    letters = sum(map(str.isalpha, value))
    numbers = sum(map(str.isdigit, value))
    return numbers < 2 or letters + numbers < 4 or (not letters and numbers < 5) or measured(document, end)


FAMILY = Family(
    "vehicle",
    (
        Rule("vin", Kind.VEHICLE, r"\b[A-HJ-NPR-Z0-9]{3}[A-HJ-NPR-Z0-9]{5}[0-9X][A-HJ-NPR-Z0-9]{2}[0-9A-Z]\d{5}\b", 0.6, _CAR, vin),
        Rule("labelled_vin", Kind.VEHICLE, labelled(r"vin|vehicle (?:identification|id|vin)|chassis", r"[a-z0-9]{11,20}"), 0.9),
        Rule("labelled_plate", Kind.VEHICLE, labelled(_PLATE, _PLATE_VALUE), 0.92, veto=no_plate),
        Rule("plate_after", Kind.VEHICLE, named_after(_PLATE, _PLATE_VALUE), 0.9, veto=no_plate),
        Rule("plate", Kind.VEHICLE, r"\b[A-Z]{3}[ \-]\d{4}\b", 0.2, _CAR),
        Rule("plate_short", Kind.VEHICLE, r"\b(?:\d[A-Z]{3}\d{3}|[A-Z]{3}-\d{3}|\d{3}-[A-Z]{3}|[A-Z]{3}\d{4})\b", 0.1, _CAR),
    ),
)  # fmt: skip
