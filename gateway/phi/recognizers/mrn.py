"""Medical record numbers (H), under the names that practices give them."""

from __future__ import annotations

from gateway.domain.finding import Kind
from gateway.phi.recognizers.rule import Family, Rule

_LABEL = (
    r"(?i)\b(?:m\.?r\.?n\.?|med(?:ical)?\.? ?rec(?:ord)?s?|medical record|patient|pt\.?|chart|health record|hospital|national health|nhs|encounter|visit|unit)"
    r"[ _]?(?:number|num|no\.?|id(?:entifier)?|#|file no\.?)[ \"'=:#\-.)]{0,6}(?:is )?"
)

FAMILY = Family(
    "mrn",
    (
        Rule("mrn_prefix", Kind.MRN, r"(?i)\bMRN?[ \-_:#=]{0,3}(?:is |no\.? |number |# ?)?[ :]?(?:[a-z]{1,4}-?)?\d{4,14}", 0.95),
        Rule("mrn_value", Kind.MRN, r"(?i)\bMRN[\"' =:#.]{1,5}(?:is |no\.? |number )?[\"']?([a-z0-9]{0,6}-?\d[a-z0-9\-]{2,})", 0.95),
        Rule("labelled_record", Kind.MRN, _LABEL + r"([a-z]{0,5}-?\d[\da-z\-]{3,14})", 0.85),
        Rule("mrn_word", Kind.MRN, r"(?i)\b(?:medical record|chart)[ :#]{1,3}([a-z]{0,4}-?\d{4,12})", 0.8),
        Rule("national_health", Kind.MRN, r"\bN?H-\d{6,10}", 0.6, ("health", "record", "patient")),
        Rule("expediente", Kind.MRN, r"(?i)\bexpediente(?: (?:médico|no\.?|número))?[ :#]{1,3}([a-z]{0,4}-?\d{4,12})", 0.85),
    ),
)  # fmt: skip
