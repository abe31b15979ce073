"""Telephone numbers (D) and fax numbers (E)."""

from __future__ import annotations

from gateway.domain.finding import Kind
from gateway.phi.recognizers.rule import Family, Rule

_US = r"(?:\+?1[ .\-/]{0,2})?\(?[2-9]\d{2}\)?[ .\-/]{0,3}\d{3}[ .\-]{1,3}\d{4}"
_EXT = r"(?:[ ,]{0,2}(?:x|ext\.?|extension|#)[ :]{0,2}\d{1,6})?"
_CALL = (
    "phone",
    "tel",
    "telephone",
    "call",
    "cell",
    "mobile",
    "contact",
    "reach",
    "pager",
    "beeper",
    "text",
    "voicemail",
    "home",
    "work",
    "office",
    "direct",
    "ext",
    "desk",
    "número",
    "teléfono",
)
_FAX = ("fax", "facsimile", "telefax", "fx")

FAMILY = Family(
    "phones_fax",
    (
        Rule("us_phone", Kind.PHONE, _US + _EXT, 0.8, _CALL),
        Rule("plain_ten_digits", Kind.PHONE, r"(?:\+?1)?[2-9]\d{2}[2-9]\d{6}" + _EXT, 0.25, _CALL),
        Rule("seven_digits", Kind.PHONE, r"\d{3}[\-.]\d{4}" + _EXT, 0.4, _CALL),
        Rule("extension", Kind.PHONE, r"(?i)(?:ext\.?|extension|x)[ :#]{0,3}\d{3,6}", 0.3, _CALL),
        Rule("international", Kind.PHONE, r"(?:\+|00)[1-9]\d{0,2}[ .\-/]?(?:\(?\d{1,5}\)?[ .\-/]?){1,5}\d{2,5}" + _EXT, 0.7, _CALL),
        Rule("grouped_number", Kind.PHONE, r"\(?0\d{1,4}\)?(?:[ .\-/]{1,2}\d{2,5}){2,5}", 0.45, _CALL),
        Rule("loose_groups", Kind.PHONE, r"\(?\d{2,4}\)?(?:[ .\-]{1,2}\d{2,4}){2,4}" + _EXT, 0.1, _CALL),
        Rule("odd_us_phone", Kind.PHONE, r"\+?1?[ .\-]{0,2}\(?\d{3}\)?[ .\-]{1,2}\d{3}[ .\-]\d{4}" + _EXT, 0.6, _CALL),
        Rule("fax_after_label", Kind.FAX, r"(?i)\b(?:fax|facsimile|fx)(?: (?:no|number|line))?[ .:#\-)]{0,4}(\+?\(?\d[\d \-.()/]{5,}\d)", 0.95),
        Rule("fax_before_label", Kind.FAX, r"(?i)(" + _US + r")[ ,]{0,2}\(?(?:fax|facsimile|\(f\))\b", 0.95),
        Rule("near_fax", Kind.FAX, _US, 0.45, _FAX),
    ),
)  # fmt: skip
