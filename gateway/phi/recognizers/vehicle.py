"""Vehicle identifiers (L): VIN, number plates."""

from __future__ import annotations

from gateway.domain.finding import Kind
from gateway.phi.recognizers.checks import vin
from gateway.phi.recognizers.rule import Family, Rule

_CAR = ("vehicle", "plate", "plates", "tag", "vin", "car", "truck", "registration", "parking", "auto", "license plate")

FAMILY = Family(
    "vehicle",
    (
        Rule("vin", Kind.VEHICLE, r"\b[A-HJ-NPR-Z0-9]{3}[A-HJ-NPR-Z0-9]{5}[0-9X][A-HJ-NPR-Z0-9]{2}[0-9A-Z]\d{5}", 0.6, _CAR, vin),
        Rule("labelled_vin", Kind.VEHICLE, r"(?i)\bVIN(?: (?:number|no\.?|#))?[ :#=]{1,3}([a-z0-9]{11,})", 0.9),
        Rule("labelled_plate", Kind.VEHICLE, r"(?i)\b(?:license plate|licence plate|number plate|plates?|vehicle registration|vehicle reg|car tag)(?: (?:number|no\.?|#|is))*[ :#=]{1,3}((?:[a-z]{1,4}[ \-]?\d[a-z0-9]{1,5})|(?:\d[a-z0-9]{0,3}[ \-]?[a-z0-9]{2,5}))\b", 0.8),
        Rule("plate", Kind.VEHICLE, r"[A-Z]{3}[ \-]\d{4}", 0.2, _CAR),
        Rule("plate_short", Kind.VEHICLE, r"\d?[A-Z]{3}[ \-]?\d{3}", 0.1, _CAR),
    ),
)  # fmt: skip
