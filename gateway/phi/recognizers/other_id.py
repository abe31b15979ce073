"""Any other unique number, characteristic or code (R): passports, tax and employee numbers, user names, case numbers."""

from __future__ import annotations

from gateway.domain.finding import Kind
from gateway.phi.recognizers.rule import Family, Rule

_ID = (
    "id",
    "number",
    "no",
    "ref",
    "reference",
    "passport",
    "tax",
    "employee",
    "case",
    "claim",
    "user",
    "confirmation",
    "badge",
    "identifier",
    "order",
    "ticket",
    "tracking",
)
_LABEL = (
    r"(?i)\b(?:passport|national id|tax(?:payer)?|ein|itin|employee|emp|badge|student|case|claim|accession|order|prescription|rx|reference|ref\.?|confirmation|file|ticket|booking|tracking|"
    r"invoice|visa|citizen|voter|military|service|customer|client|user|login|docket|specimen|requisition|authorization|referral|study|subject|trial|enrol?lment)"
    r"[ _]?(?:id|identification|number|num|no\.?|#|code)?(?: (?:number|no\.?))?[ \"'=:#\-.]{1,5}(?:is )?"
)

FAMILY = Family(
    "other_id",
    (
        Rule("labelled_id", Kind.OTHER_ID, _LABEL + r"#?([a-z]{0,5}-?\d[\da-z\-]{3,})", 0.7),
        Rule("plain_label", Kind.OTHER_ID, r"(?i)\b(?:id|no\.|number|identifier)[ \"'=:#]{1,4}(?:is )?([a-z]{0,5}-?[a-z]?\d[\da-z\-]{4,})", 0.6),
        Rule("user_name", Kind.OTHER_ID, r"(?i)\b(?:user ?name|user|login|screen ?name|handle|username|usuario|db_user|account name)[\"']?(?: is |[ ]?[:=][ ]?)[\"']?([a-z][a-z0-9._\-]{2,})", 0.6),
        Rule("handle", Kind.OTHER_ID, r"(?:^|[\s(,;:>\"'])(@[A-Za-z][A-Za-z0-9_]{2,})", 0.55, bounded=False),
        Rule("lone_user", Kind.OTHER_ID, r"\b[a-z]{4,}\d{2,6}\b", 0.42, ("user", "profile", "record", "login", "account", "handle")),
        Rule("coded_id", Kind.OTHER_ID, r"\b[A-Z]{2,5}-(?:[A-Z0-9]{1,4}-){0,3}\d{4,14}(?:-\d{1,6})?\b", 0.5, ()),
        Rule("ein", Kind.OTHER_ID, r"\d{2}-\d{7}", 0.5, _ID),
        Rule("twelve_grouped", Kind.OTHER_ID, r"\d{4} \d{4} \d{4}", 0.5, _ID),
        Rule("passport", Kind.OTHER_ID, r"\b[A-Z]{1,2}\d{7,9}\b|\b[A-Z]\d[A-Z]\d{5,7}\b", 0.5, _ID),
        Rule("mixed_code", Kind.OTHER_ID, r"\b[A-Z]{1,3}\d{2,4}[A-Z]{1,3}\d{3,8}\b", 0.4, _ID),
        Rule("long_number", Kind.OTHER_ID, r"\d{8,20}", 0.42, _ID),
        Rule("hex_code", Kind.OTHER_ID, r"\b[0-9a-f]{24,}\b", 0.4),
        Rule("seven_digit_id", Kind.OTHER_ID, r"\d{6,7}", 0.1, _ID),
    ),
)  # fmt: skip
