"""Social Security numbers and their like, ITIN (G)."""

from __future__ import annotations

from gateway.domain.finding import Kind
from gateway.phi.recognizers.checks import ssn
from gateway.phi.recognizers.rule import Family, Rule

_WORDS = ("ssn", "social security", "social", "ss#", "soc sec", "itin", "seguro social", "tax id")

FAMILY = Family(
    "ssn",
    (
        Rule("us_ssn", Kind.SSN, r"\d{3}[\-•·]\d{2}[\-•·]\d{4}", 0.69, _WORDS, ssn),
        Rule("spaced_ssn", Kind.SSN, r"\d{3} {1,2}\d{2} {1,2}\d{4}", 0.3, _WORDS, ssn),
        Rule("nine_digits", Kind.SSN, r"\d{9}", 0.1, _WORDS, ssn),
        Rule("labelled_ssn", Kind.SSN, r"(?i)\b(?:ssn|social security(?: number| no\.?| #)?|itin)[ .:#=]{0,4}(\d[\d \-]{7,10}\d)", 0.95),
        Rule("last_four", Kind.SSN, r"(?i)\b(?:ssn|social security(?: number)?)[ :]{0,3}(?:ending (?:in|with)|last (?:4|four)(?: digits)?(?: of| is|:)?|[x*]{3}-?[x*]{2}-?)[ :\-]{0,3}(\d{4})", 0.7),
    ),
)  # fmt: skip
