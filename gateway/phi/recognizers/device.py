"""Device identifiers and serial numbers (M)."""

from __future__ import annotations

from gateway.domain.finding import Kind
from gateway.phi.recognizers.checks import luhn
from gateway.phi.recognizers.rule import Family, Rule

_DEVICE = (
    "device",
    "serial",
    "imei",
    "implant",
    "pacemaker",
    "pump",
    "monitor",
    "model",
    "s/n",
    "sn",
    "udi",
    "lot",
    "icd",
    "cgm",
    "cpap",
)

FAMILY = Family(
    "device",
    (
        Rule("mac", Kind.DEVICE, r"(?:[0-9A-Fa-f]{2}[:\-]){5}[0-9A-Fa-f]{2}", 0.95),
        Rule("cisco_mac", Kind.DEVICE, r"(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}", 0.6),
        Rule("uuid", Kind.DEVICE, r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}", 0.85),
        Rule("udi", Kind.DEVICE, r"\(01\)\d{14}(?:\((?:11|17|10|21)\)[A-Z0-9\-]{2,})*", 0.95),
        Rule("serial", Kind.DEVICE, r"(?i)\b(?:serial|device|implant|pacemaker|s/n|sn|imei|udi)(?: ?(?:number|num|no\.?|id|#|serial))*[ \"'=:#\-.]{1,5}(?:is )?([a-z]{0,5}-?\d[\da-z\-]{4,})", 0.8),
        Rule("imei", Kind.DEVICE, r"\d{15}", 0.15, _DEVICE, luhn),
        Rule("device_id", Kind.DEVICE, r"[A-Z]{2,4}-?[A-Z0-9]{0,4}\d{5,12}[A-Z]?", 0.15, _DEVICE),
    ),
)  # fmt: skip
