"""Numbers and codes that their shape alone gives away, without a label: bare record numbers, codes in groups.

They score just enough to be masked and never enough to make a message PHI by themselves. What public lists number
(billing codes, drug codes, trials, norms), what a laboratory counts, and ranges stay.
"""

from __future__ import annotations

from gateway.domain.finding import Kind
from gateway.phi.document import Document, compiled
from gateway.phi.lexicon import NAME
from gateway.phi.normalize import fold_name
from gateway.phi.recognizers.labelled import measured
from gateway.phi.recognizers.rule import Family, Rule

_PUBLIC = frozenset(
    ["ndc", "cpt", "icd", "rfc", "iso", "cms", "ub", "hla", "covid", "sars", "nct", "pmc", "pmid", "pmcid", "cve", "cwe", "nist", "hcpcs", "loinc", "snomed", "drg", "cvx", "rxnorm", "isbn", "issn", "doi", "ansi", "astm", "iec", "ieee", "en", "din", "fda", "ecfr", "cfr", "usc", "form", "pub", "publication", "npp", "omb", "rev", "version", "ver", "model", "mod", "item", "sku", "part", "pn", "psa", "apb", "oig", "mln", "mm", "se", "ncd", "lcd", "aha", "acc", "nejm", "jama", "bmj", "fy", "cy", "dsm", "ctcae", "grch", "hg", "chr", "taxonomy", "dx", "rs", "bin", "pcn"]
)  # fmt: skip
"""What stands before numbers of public lists, of norms, of forms and of things that are sold."""
_COUNTED = frozenset(
    ["hr", "rr", "bp", "sbp", "dbp", "map", "wbc", "rbc", "hgb", "hb", "hct", "plt", "na", "k", "cl", "bun", "cr", "glu", "fs", "bg", "fsbs", "inr", "pt", "ptt", "ck", "ldl", "hdl", "tsh", "ef", "iv", "po", "qd", "x", "q", "cfu", "pcr", "vl", "bnp", "afp", "psa", "cea", "ca", "mg", "ml", "mcg", "iu", "usd", "eur", "room", "rm", "suite", "ste", "apt", "po", "box", "line", "ext", "page", "pp", "vol", "no", "am", "pm", "and", "or", "to", "of", "the", "in", "on", "at", "by", "for"]
)  # fmt: skip
_BEFORE = ("loinc", "ndc", "snomed", "cpt", "hcpcs", "icd-", "icd 1", "icd1", "icd9", "rxnorm", "cvx", "drg", "isbn", "issn", "doi", "pmid", "rfc", "iso ", " oid", "taxonomy", "model", "sku", "catalog", "part no", "item no", "product")  # fmt: skip
_NDC = ("5-4-2", "4-4-2", "5-3-2", "5-4-1", "5-4", "5-3", "4-4", "5-2", "5-1", "4-1", "3-1-3-5-1", "4-2-2")
"""Lengths of the groups in codes of drugs, billing codes with a modifier, postal codes, ISBN, dates."""

_LOTS = compiled(r"\blots? (?:no\.? |numbers? )?(?:[a-z0-9]+ (?:to|and|through|-) )?$")


def no_code(document: Document, start: int, end: int) -> bool:
    """Whether a code is a public one or too short: three digits in three groups, or four in two."""
    value = document.text[start:end]
    first = value.replace("_", "-").replace(" ", "-").replace("#", "-").split("-")[0].rstrip("0123456789").lower()
    if first in _PUBLIC or _of_list(document, start):
        return True
    told = "".join(filter(str.isdigit, value))
    groups = 1 + sum(map(value.count, "-_#"))
    return len(told) < (3 if groups > 2 else 4) or (len(told) == 4 and told[:2] in {"19", "20"})


def _of_list(document: Document, start: int) -> bool:
    """Whether words shortly before say that the code is of a public list or of something that is sold."""
    before = document.lower[max(0, start - 24) : start]
    return any(one in before for one in _BEFORE)


def _no_numbered(document: Document, start: int, end: int) -> bool:
    """As `no_code`, for what begins with a digit: a range, a drug code, a billing code with its modifier, a year stays."""
    value = document.text[start:end]
    groups = value.split("-")
    if value.replace("-", "").isdigit():
        if "-".join(str(len(one)) for one in groups) in _NDC or sum(map(len, groups)) < 7 or measured(document, end):
            return True
        if len(groups) == 2 and int(groups[0]) < int(groups[1]) <= 20 * int(groups[0]):
            return True
    elif sum(map(str.isdigit, value)) < 5 or groups[-1].lower() in {"year", "day", "hour", "week", "month", "mg", "ml"}:
        return True
    return document.text[max(0, start - 1) : start] in {"$", "-", ".", "/", "€"} or no_code(document, start, end)


def _no_groups(document: Document, start: int, end: int) -> bool:
    """As `no_code`, for groups set apart by blanks: laboratory values and vital signs stay."""
    value = document.text[start:end]
    word = value.split()[0].rstrip("0123456789").lower()
    return word in _COUNTED or sum(map(str.isdigit, value)) < 4 or measured(document, end) or no_code(document, start, end)  # fmt: skip


def _no_number(document: Document, start: int, end: int) -> bool:
    """A count, a sum of money, a decimal."""
    before, after = document.text[max(0, start - 2) : start], document.text[end : end + 2]
    return (
        document.text[start:end].endswith("000")
        or _LOTS.search(document.lower[max(0, start - 24) : start]) is not None
        or before.rstrip()[-1:] in {"$", "€", "~", "<", ">", "±"}
        or before[-1:] in {".", ",", "-", "/"}
        or (after[:1] in {".", ",", "-", "/"} and after[1:].isdigit())
        or measured(document, end)
        or _of_list(document, start)
    )


def _no_name_before(document: Document, start: int, end: int) -> bool:
    """Whether the two words before the number are no name: at least one must be known as such."""
    words = document.text[max(0, start - 48) : start].replace(",", " ").split()
    flags = document.lexicon.flags
    known = any(flags.get(fold_name(one.strip(".([#:–-'’\"")), 0) & NAME for one in words[-3:])
    return not known or _no_number(document, start, end)


_SEGMENT = r"(?:[A-Z0-9]{1,10}|[a-z]\d{1,4}|\d{1,6}[a-z]{1,2}\d{0,4}|[a-z]\d[a-z]\d)"

FAMILY = Family(
    "codes",
    (
        Rule("letters_then_digits", Kind.OTHER_ID, r"\b(?:[A-Z]{2,4}\d{5,14}|[A-Z]\d{7,14})[A-Z]{0,3}\b", 0.42, veto=no_code),
        Rule("letter_between_digits", Kind.OTHER_ID, r"\b\d{6,12}[A-HJ-NP-WYZ]\d{1,4}\b", 0.42, veto=no_code),
        Rule("of_the_year", Kind.OTHER_ID, r"\b\d{2}:[A-Z]{1,3}\d{4,7}[A-Z]?\b", 0.5),
        Rule("digits_then_letters", Kind.OTHER_ID, r"\b\d{6,12}[A-EHJNP-TV-Z]{1,2}\b", 0.42, veto=no_code),
        Rule("letters_and_groups", Kind.OTHER_ID, rf"\b[A-Z]{{1,6}}\d{{0,4}}[\-_#]{{1,2}}(?:[A-Z0-9]{{1,10}}[\-_]){{0,4}}[A-Z]{{0,4}}\d[A-Z0-9]*(?:[\-_]{_SEGMENT}){{0,4}}\b", 0.42, veto=no_code),
        Rule("digits_and_groups", Kind.OTHER_ID, r"\b(?:\d{2,6}[A-Z]{0,3}|\d[A-Z]\d{2,5})(?:-[A-Z0-9]{1,10}){1,5}\b", 0.42, veto=_no_numbered),
        Rule("blanks_between", Kind.OTHER_ID, r"\b[A-Z]{1,4}\d{0,4}(?: \d{2,4}){1,4} \d{2,6}(?: [A-Z]{1,2}\b)?", 0.42, veto=_no_groups),
        Rule("letters_blank_digits", Kind.OTHER_ID, r"\b[A-Z]{1,4} \d{4,7}(?: \d{1,4}){1,4}(?: [A-Z]{1,2}\b)?|\b[A-Z]{2,3} \d{4} [A-Z]{1,2}\b|\b[A-Z]{1,4}-[A-Z]{1,4} \d{4,8}(?:-\d{2,6}){0,3}\b|\b[A-Z]{1,3} \d{6,9}(?: [A-Z])?\b", 0.42, veto=_no_groups),
        Rule("seven_alone", Kind.OTHER_ID, r"\b\d{7}\b", 0.42, veto=_no_number),
        Rule("number_beside_name", Kind.MRN, r"\b[A-Z][\pL'’\-]+(?:,| |, )[A-Z][\pL'’\-]*\.?(?: [A-Z]\.?)?,?(?: ?[(\[#–\-]{1,2} ?#?| )(\d{6,8})\b", 0.5, veto=_no_name_before),
        Rule("x12_value", Kind.OTHER_ID, r"\bCLM\*([^*~\n]{2,38})|\*(?:MI|II|SY|EI|1L|6P|F8|G1|9F|EA)\*([A-Za-z0-9\-]{4,50})", 0.7, sign="*"),
    ),
)  # fmt: skip
