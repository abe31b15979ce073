"""Device identifiers and serial numbers (M)."""

from __future__ import annotations

from gateway.domain.finding import Kind
from gateway.phi.document import Document, compiled
from gateway.phi.recognizers.checks import luhn
from gateway.phi.recognizers.labelled import (
    IDENTIFIER,
    labelled,
    named_after,
    no_id,
    no_id_after_word,
    no_id_before_label,
)
from gateway.phi.recognizers.rule import Family, Rule

_DEVICE = (
    "device", "serial", "imei", "implant", "pacemaker", "pump", "monitor", "model", "s/n", "sn", "udi", "lot", "icd", "cgm", "cpap",
)  # fmt: skip
_WORN = (
    r"ipg|mobility scooter|scooter|walker|hoyer lift|lift|hospital bed|nebulizer|suction|feeding pump|kangaroo pump|infusion pump|wound ?vac|tens unit|glucose monitor|bp cuff|scale|hearing aid|receiver|controller|handset|"
    r"endoscope|scope|bronchoscope|colonoscope|gastroscope|ultrasound|x-?ray unit|asset|asset tag|equipment|inventory|tag|graft|tissue|allograft|donor tissue|mesh|plate|rod|cage|screw|anchor|ring|coil|filter|occluder|clip|button|bone graft|"
    r"(?:right |left |speech |sound )?processor|(?:oxygen )?concentra(?:tor|dor)|(?:atrial |ventricular |rv |ra |lv )?lead|(?:home |glucose )?meter|gluc[oó]metro|tablet|dialysis machine|machine|m[aá]quina|cycler|(?:sensor )?patch|"
    r"sensor|transmitter|reader|module|modem|monitor|hearing aids?|aud[ií]fono|(?:left|right) (?:one|aid)|aid|(?:gps )?watch|stimulator|neurostimulator|loop recorder|defibrillator|icd|marcapasos|pump|bomba|cpap|bi-?pap|ventilator|"
    r"ventilador|wheelchair|bed alarm|prosthesis|pr[oó]tesis|stent|valve|v[aá]lvula|graft|lens|iol|liner|stem|cup|crown|denture|shunt|holter|epi-?pen|inhaler|dn|internal implant|implant"
)
_PERSONAL = (
    "iud",
    "nexplanon",
    "vaccine given",
    "arm",
    "knee",
    "hip",
    "booster",
    "shot",
    "vacuna",
    "implant",
    "implanted",
    "her",
    "his",
    "my",
    "patient",
    "received",
    "given",
    "stem",
    "cup",
    "liner",
    "lens",
    "ring",
    "epipen",
    "dose",
    "sn",
    "le pusimos",
    "su",
)
_SERIAL = (
    r"serial(?: and model)?|ser\.|serie|n[oº°]\.? de serie|n[uú]m\.? de serie|seriennummer|num[eé]ro de s[eé]rie|serial nr\.?|asset(?: tag)?|equipment|inventory|transmitter|sensor|controller|product serial|unit serial|s/n|s\.n\.|sn\b|imei|meid|lot/serial|n[uú]mero de serie|(?:implant|pacemaker|icd|pump|cgm|cpap|device|stent|valve|hearing aid|ventilator|monitor|generator)"
    r"(?:'s)?[ _]?(?:serial|s/n|sn|id|identifier|number|no)\b\.?"
)
# GS1 (01) and the element strings that follow, FDA unique device identification, 21 CFR 830; HIBCC begins with "+".
_GS1 = r"\(0?1\) ?\d{14}(?: ?\((?:11|17|10|21|30|240)\) ?[A-Za-z0-9\-]{2,20})*"
_HIBCC = r"\+[A-Za-z]\d{3}[A-Za-z0-9]{2,18}\d?(?:/[$0-9A-Za-z+\-./]{2,30})?"
_DISEASE = compiled(r"^[A-TV-Za-tv-z]\d[0-9A-Za-z]\.\d")


def _no_part(document: Document, start: int, end: int) -> bool:
    """As `no_id_after_word`, and no code of a disease: "tear of the knee (S83.231A)"."""
    return _DISEASE.search(document.text[start:end]) is not None or no_id_after_word(document, start, end)


FAMILY = Family(
    "device",
    (
        Rule("mac", Kind.DEVICE, r"(?:[0-9A-Fa-f]{2}[:\-]){5}[0-9A-Fa-f]{2}", 0.95),
        Rule("cisco_mac", Kind.DEVICE, r"(?i)\b(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}\b", 0.6, ("mac", "address", "ether", "device", "bssid", "bluetooth")),
        Rule("labelled_mac", Kind.DEVICE, labelled(r"mac(?: address)?|hardware address|bssid|ether|bluetooth(?: address)?", r"(?:[0-9a-oil]{2}[:\-.]?){5}[0-9a-oil]{2}|(?:[0-9a-oil]{4}\.){2}[0-9a-oil]{4}"), 0.95, veto=no_id),
        Rule("device_uuid", Kind.DEVICE, r"(?i)[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", 0.55, _DEVICE),
        Rule("udi", Kind.DEVICE, _GS1, 0.95),
        Rule("udi_digits", Kind.DEVICE, r"\b010?\d{14}(?:1[17]\d{6}){0,2}(?:(?:10|21)[A-Za-z0-9]{1,20})?\b", 0.6),
        Rule("udi_after", Kind.DEVICE, named_after(r"udi(?:-di)?|device identifier", rf"{_HIBCC}|{_GS1}|\d{{14,60}}[a-z0-9]{{0,30}}"), 0.9),
        Rule("udi_hibcc", Kind.DEVICE, _HIBCC, 0.5, ("udi", "device", "implant", "barcode", "identifier")),
        Rule("labelled_udi", Kind.DEVICE, labelled(r"udi(?:-di)?|unique device identifier|device identifier|barcode(?: \(udi\))?", rf"{_HIBCC}|{_GS1}|\d{{14,60}}[a-z0-9]{{0,30}}|{IDENTIFIER}"), 0.92, veto=no_id),
        Rule("serial", Kind.DEVICE, labelled(_SERIAL), 0.86, veto=no_id),
        Rule("device_word", Kind.DEVICE, labelled(r"device(?: (?:id|serial))?|implant|pacemaker"), 0.8, veto=no_id_after_word),
        Rule("part_of_body", Kind.DEVICE, labelled(_WORN), 0.62, veto=_no_part),
        Rule("lot", Kind.DEVICE, labelled(r"lot|lote|partida", r"[a-z]{0,4}\d[a-z0-9]{3,}(?:-[a-z0-9]{1,6}){0,3}|[a-z]{1,4}-?\d{3,}[a-z0-9\-]{0,8}"), 0.2, _PERSONAL, veto=no_id),
        Rule("long_serial", Kind.DEVICE, labelled(_SERIAL, r"\d{6,9} \d{3}\b|\d{2} \d{6} \d{6} \d\b|[a-z]{1,4} ?\d{5,9} ?[a-z]{1,2}\b|\d{1,3}[a-z]\d-\d{3,5}[ \-]\d{2,5}\b|\d{1,4}(?:[ \-]\d{2,6}){1,5}\b|[a-z0-9]{4}[ \-][a-z0-9]{4}(?:[ \-][a-z0-9]{2,4}){1,3}\b"), 0.87),
        Rule("device_name", Kind.DEVICE, r"(?i)\b(?:device|host|computer)[ _]?name[ :=\"'(“]{1,4}([a-z][a-z0-9]*(?:-[a-z0-9]+){1,4})", 0.6),
        Rule("device_after", Kind.DEVICE, named_after(rf"(?:{_SERIAL})|device|udi|mac"), 0.84, veto=no_id_before_label),
        Rule("imei", Kind.DEVICE, r"\b\d{15}\b", 0.15, _DEVICE, luhn),
        Rule("device_id", Kind.DEVICE, r"\b[A-Z]{2,4}-?[A-Z0-9]{0,4}\d{5,12}[A-Z]?\b", 0.15, _DEVICE),
    ),
)  # fmt: skip
