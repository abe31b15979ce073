"""Certificate and licence numbers (K): NPI, DEA, driver's and professional licences."""

from __future__ import annotations

from gateway.domain.finding import Kind
from gateway.phi.recognizers.checks import dea, npi
from gateway.phi.recognizers.rule import Family, Rule

_LICENCE = ("license", "licence", "driver", "dl", "dea", "npi", "certificate", "registration", "permit", "lic")

FAMILY = Family(
    "license",
    (
        Rule("npi_label", Kind.LICENSE, r"(?i)\bNPI(?: (?:number|no\.?|#))?[ \"'=:#\-.]{0,5}(?:is )?(\d{10})", 0.95),
        Rule("npi_digits", Kind.LICENSE, r"[12]\d{9}", 0.1, ("npi", "provider"), npi),
        Rule("dea_label", Kind.LICENSE, r"(?i)\bDEA(?: (?:number|no\.?|#|registration))?[ \"'=:#\-.]{0,5}(?:is )?([a-z]{2}-?\d{7})", 0.95),
        Rule("dea", Kind.LICENSE, r"[ABCDEFGHJKLMPRSTUX][A-Z]\d{7}", 0.38, ("dea", "prescriber", "provider"), dea),
        Rule("driver_number", Kind.LICENSE, r"\b[A-Z]\d{3}-\d{4}-\d{4}\b|\b[A-Z]\d{4}-\d{5}-\d{5}\b", 0.6, _LICENCE),
        Rule("driver_prefix", Kind.LICENSE, r"\bDL[\-# ]{0,2}[A-Z]?\d{4,12}(?:-\d{1,6})?", 0.75, _LICENCE),
        Rule("labelled_licence", Kind.LICENSE, r"(?i)\b(?:driver'?s?'? ?licen[sc]e|licen[sc]e|lic\.?|certificate|certification|permit)(?: ?(?:number|no\.?|num|id|#))?[ \"'=:#\-.]{0,5}(?:is )?([a-z]{0,4}-?[a-z]?\d[\da-z\-]{3,})", 0.8),
    ),
)  # fmt: skip
