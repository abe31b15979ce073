"""Biometric identifiers (P). Alone they make a message PHI, so only an identifier with a value scores high."""

from __future__ import annotations

from gateway.domain.finding import Kind
from gateway.phi.recognizers.rule import Family, Rule

_WHAT = r"(?:finger ?print|voice ?print|retina(?:l)?|iris|palm ?print|face ?print|facial recognition|biometric|hand geometry|dna)"

FAMILY = Family(
    "biometric",
    (
        Rule("biometric_prefix", Kind.BIOMETRIC, r"\bBIO-?[A-Z]{1,4}-?[0-9A-Za-z]{4,}", 0.9),
        Rule("biometric_id", Kind.BIOMETRIC, rf"(?i)\b{_WHAT}(?: (?:scan|template|hash|record|sample|profile))?[ ]?(?:id|identifier|number|no\.?|#|template|hash|code)[ \"'=:#]{{1,4}}(?:is )?([a-z]{{0,5}}[a-z0-9\-]*\d[a-z0-9\-]{{2,}})", 0.85),
        Rule("biometric_words", Kind.BIOMETRIC, rf"(?i)\b{_WHAT} (?:scans?|templates?|records?|samples?|on file|images?|enrol?lment)\b", 0.45),
    ),
)  # fmt: skip
