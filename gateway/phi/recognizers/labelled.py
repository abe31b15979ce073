"""A label, what stands between, and a value: how people, forms and programs put a word beside a number.

`labelled` builds the pattern of RE2 syntax for the labels of one kind; its only group is the value. `no_id` is the veto of
what such patterns meet besides: measures, years, decimals, short numbers after a word that means many things.
"""

from __future__ import annotations

import re

from gateway.phi.document import Document, compiled

_WORDS = (
    r"(?:[ _\-]{0,2}(?:(?:numbers?|num|n[uú]m|nbr|nos?|nr|ids?|identifiers?|identification|code|refs?|reference|reg|registration|holder|cards?|"
    r"n[uú]mero|hash|key|value)(?:\b|_)\.?(?:'?s\b)?|#(?:'?s\b)?|[nN]?[º°]))"
)
_REMARK = r"(?:(?:\s?[(\[][^()\[\]\n]{1,24}[)\]])?(?:,?[ /_\-]{1,3}[a-z]{2,}){0,3}\s?[:=#]|\s?[(\[][^()\[\]\n\d]{1,24}[)\]]|/[a-z]{2,10}|\s?[–\-] ?(?:old|new|current|prior|previous) ?[:–\-])?"
_REMARK_SIGNED = r"(?:\s?[(\[][^()\[\]\n]{1,24}[)\]]\s?[:=#]|(?:,?[ /_\-]{1,3}[a-z]{2,}){1,3}\s?[:=#]|/[a-z]{2,10})?"
_PUNCT = r"(?:</?[A-Za-z][^<>\n]*>|%3[Aa]|[\s\"':=#\-–—.|>*?<,;()\[\]\\~•{/_`!])"
_FIELD = r"(?:(?:a|ans|answer|r|resp|respuesta)\s?[:.)]\s{0,3}|(?:value|val|valor|content|text|data-value)[\"']?\s?[:=]\s?[\"']?)?"
_SAYS = (
    r"(?:(?:(?:on|for|in|at|has|have|been|should|changed|updated|this|that|visit|patient|her|his|the|my|your|which|starts?|begins?|ends?|other|no|no longer|not)\s{1,3})*"
    r"(?:is|was|are|es|to|of|as|be|reads?|now|no|provided|listed|shown|given|registered|recorded|entered|file|record|changed|updated|with|than|longer|but|under|called|writes?)\s{1,3}[\"'#(:<]{0,2}|"
    # "License plate on the van is", "MRN that we have for her is"
    r"(?:on|for|in|of|from|at|we|you|they|he|she|i|that|which|de|del|que)\s(?:[a-z'\-]+\s){1,4}?(?:is|was|should be|must be|reads?|es)[: ]\s?)*"
)
IDENTIFIER = (
    r"(?:\d{1,4}(?: [\dolis]{2,4}){2,4}[a-z]?\b|"
    # Groups that blanks set apart, after capitals or by themselves: "HG 0061 2258", "CV 20 0417", "H 416 332 771 902", "4410 2277".
    r"(?-i:[A-Z]{1,4}\d{0,5}(?: \d{2,4}){1,4} \d{2,7}(?: [A-Z]{1,2})?|[A-Z]{2} [A-Z] \d{2,4}(?: \d{2,4}){1,2}|[A-Z]{1,5}\d{0,5} \d{3,7}(?:[ \-]\d{2,5}){0,3}(?: [A-Z]{1,2})?|[A-Z]{2,4} (?:[A-Z]{1,4}\d|\d[A-Z])[A-Z0-9]{3,})\b|"
    r"\d{3,4} [a-z]{2} \d{3,5}\b|\d{3,5} \d{4,5}(?: \d{1,4})?\b|"
    r"[a-z]{0,8}[\-./]?(?:[a-z]{1,3}[\-./]?)?\d[a-z0-9]*(?:[\-./:_]{1,2}[a-z]{0,3}\d[a-z0-9]*|-[a-z]{1,3}\b){0,6})"
)
_UNITS = compiled(
    r"(?i)^(?:[ \-]?(?:mg|mcg|ug|µg|g|gm|gms|grams?|kg|lbs?|pounds?|oz|ml|cc|l|dl|liters?|units?|iu|meq|mmol|mol|mm|cm|m|inch(?:es)?|ft|feet|hz|khz|mhz|"
    r"bpm|mmhg|min|mins|minutes?|hrs?|hours?|secs?|seconds?|days?|weeks?|wks?|months?|mos?|years?|yrs?|y/?o|tabs?|tablets?|caps?|capsules?|puffs?|drops?|doses?|"
    r"times|copies|patients|people|pages?|cases|visits|calories|kcal|points?|dollars|usd|beds|cells|beats|steps|percent|mm3|ml/min|kcal/day)\b|[ ]?(?:%|°|°c|\$|€)|"
    r"(?:mg|mcg|g|kg|meq|u)/(?:kg|dl|l|ml|day|hr|h|min)|/(?:mm3|min|hpf|ul|µl|mcl|day|hr))"
)
_UNIT_BEGINS = frozenset("mugklpocifhbsdwytvMUGKLPOCIFHBSDWYTVµμΜſ\u212a%°$€/")
"""Signs with which a unit begins, after a blank or hyphen."""
_PUBLIC = compiled(
    r"^(?:(?i:cpt|hcpcs|icd|ndc|drg|loinc|cvx|pos|cms|form|room|rm|po|box|ext|dos|npi|rn|page|usd)|and|or|is|for|of|at|to|in)\b"
)
_PIECES = re.compile(r"\[(?:\\.|[^\]\\])*\](?:[?{])?|\\.| \??|.", re.DOTALL)
_APART = frozenset([" ", " ?", "[ _]", "[ _]?", r"[ \-]", r"[ \-]?", r"[ _\-]", r"[ _\-]?"])
_GAP, _EDGE = r"[\s_\-]{0,2}", r"(?:\b|_)"
_STRONG = ":=#|\"'<>\t"
_NUMBER_WORDS = (
    "number",
    "num",
    "no",
    "no.",
    "nbr",
    "id",
    "identifier",
    "identification",
    "ref",
    "reference",
    "número",
    "nr",
    "code",
)


def labelled(labels: str, value: str = IDENTIFIER, *, least: int = 0, before: str = r"(?:\b|_)", apart: int = 0) -> str:
    """The pattern of a value after one of `labels`; at least so many of the words for "number", and of the signs, stand between."""
    remark = _REMARK_SIGNED if apart else _REMARK
    return rf"(?i){before}(?:{written(labels)})(?:'?s\b)?{_WORDS}{{{least},3}}{remark}{_PUNCT}{{{apart},16}}{_FIELD}{_SAYS}({value})"


def named_after(labels: str, value: str = IDENTIFIER) -> str:
    """The pattern of a value before its label: "4650146 (MRN)", "4650146 is her record number"."""
    return (
        rf"(?i)\b({value})[\"']?(?:\s?[(\[]|\s?[=–\-]\s?|, ?|,? (?:is|was|as|es|under|for|against) )"
        rf"(?:(?:the|her|his|my|your|their|our|this|a|su|mi|el|la) )?(?:[\pL.'’\-]+[ _\-]{{1,2}}){{0,2}}(?:{written(labels)})"
        rf"(?:[ _\-]{{0,2}}(?:numbers?|no\b\.?|nr|num|ids?|code|ref|cards?|identifier)\b\.?|[ _]{{1,2}}[a-z]+\.?|[ _]?#){{0,2}}(?:[^\pL]|$)"
    )


def written(labels: str) -> str:
    """The pattern of labels as forms and programs write them too: blanks as underscores, hyphens, line ends or left out."""
    return "".join(_GAP if one in _APART else _EDGE if one == r"\b" else one for one in _PIECES.findall(labels))


def no_id(document: Document, start: int, end: int) -> bool:
    """Whether the value is none after a word that names an identifier: too short, a year, a decimal, a measure."""
    value = document.text[start:end]
    signs = sum(map(str.isalnum, value))
    numbers = sum(map(str.isdigit, value))
    if " " in value and _PUBLIC.search(value):
        return True
    if numbers < 2 or signs < 4 or (numbers < 3 and signs < 6):
        return True
    if numbers < 3 and value[-6:].isalpha() and signs > 6:  # a word
        return True
    if value.isdigit() and signs == 4 and value[:2] in {"16", "17", "18", "19", "20"}:
        return True
    low, dash, high = value.partition("-")
    if dash and low.isdigit() and high.isdigit() and len(low) < 4 and len(high) < 4:  # a range
        return True
    if value.replace(".", "", 1).isdigit() and "." in value and signs < 7:
        return True
    return numbers < 7 and measured(document, end)


def no_id_before_label(document: Document, start: int, end: int) -> bool:
    """As `no_id`, for a value that a label follows: one with a sign before it has its own, "model #: 12, serial #: 34"."""
    return document.text[max(0, start - 4) : start].rstrip(" \t\"'").endswith((":", "#", "=")) or no_id(
        document, start, end
    )


def no_id_after_word(document: Document, start: int, end: int) -> bool:
    """As `no_id`, for labels that mean many things: without a sign or a word for "number" before it, it must be long."""
    if no_id(document, start, end):
        return True
    before = document.lower[max(0, start - 16) : start]
    told = (
        before.endswith((" is ", " was "))
        or any(sign in before.rstrip()[-3:] or sign in before[-2:] for sign in _STRONG)
        or not set(before.replace("_", " ").split()).isdisjoint(_NUMBER_WORDS)
    )
    value = document.text[start:end]
    numbers = sum(map(str.isdigit, value))
    # "confirmation XK44LP"
    coded = value.isalnum() and value.isupper() and len(value) > 5 and not value[:4].isalpha()
    return not told and not coded and numbers < 5 and (numbers < 4 or value.isdigit())


def measured(document: Document, end: int) -> bool:
    """Whether a unit of measure, a percent sign or a count of something follows."""
    after = document.text[end : end + 16]
    first = after[1:2] if after[:1] in {" ", "-"} else after[:1]
    return first in _UNIT_BEGINS and _UNITS.search(after) is not None
