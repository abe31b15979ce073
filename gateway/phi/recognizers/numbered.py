"""A number after whatever word with "number", "no.", "#" or "ID" behind it: "Locker # 4471", "folder no. 26/4471" (R).

The grammar of `labelled` knows the names of identifiers; this knows the names of things that are counted and printed
instead (pages, rooms, forms, norms, codes of public lists), and takes any other word for a name. The score is low.
"""

from __future__ import annotations

from gateway.domain.finding import Kind
from gateway.phi.document import Document, compiled
from gateway.phi.recognizers.labelled import IDENTIFIER, no_id
from gateway.phi.recognizers.rule import Family, Rule

_NO_NAME = frozenset([
    "a", "an", "the", "and", "or", "of", "to", "in", "on", "at", "by", "for", "from", "with", "any", "some", "there", "was", "is", "are", "were", "be",
    "been", "has", "have", "had", "no", "not", "yes", "then", "than", "that", "this", "these", "those", "it", "its", "you", "we", "they", "he", "she",
    "i", "page", "pages", "pp", "room", "rooms", "rm", "bed", "bay", "ward", "floor", "building", "bldg", "suite", "ste", "apt", "unit", "figure", "fig",
    "figures", "table", "tables", "chapter", "section", "sections", "sec", "step", "item", "items", "question", "line", "lines", "part", "parts",
    "model", "models", "form", "forms", "version", "release", "build", "update", "patch", "cpt", "hcpcs", "ndc", "icd", "dx", "drg", "loinc", "snomed",
    "cvx", "rxcui", "rxnorm", "procedure", "diagnosis", "modifier", "revenue", "grade", "stage", "phase", "type", "size", "suture", "sutures", "needle",
    "blade", "catheter", "french", "gauge", "channel", "exit", "route", "highway", "hwy", "interstate", "bus", "train", "gate", "hole", "tooth", "teeth",
    "tube", "trocar", "scope", "sponge", "clip", "drain", "mesh", "stapler", "screw", "catalog", "catalogue", "cat", "sku", "product", "stock", "upc",
    "isbn", "issn", "volume", "vol", "issue", "article", "rule", "proposition", "prop", "amendment", "title", "law", "act", "code", "standard", "norm",
    "iso", "rfc", "ansi", "directive", "regulation", "reg", "paragraph", "para", "exhibit", "annex", "appendix", "clause", "slide", "frame", "screen",
    "option", "choice", "priority", "rank", "top", "disp", "dispense", "dispensed", "qty", "quantity", "refill", "refills", "tabs", "count", "sig",
    "total", "sum", "amount", "score", "level", "protocol", "guideline", "recommendation", "publication", "pub", "bulletin", "circular", "memo",
    "notice", "alert", "advisory", "series", "session", "edition", "style", "pattern", "color", "colour", "shade", "paint", "weight", "height", "zip",
    "port", "slot", "rack", "shelf", "aisle", "box", "po", "p.o", "hotline", "helpline", "decision", "resolution", "opinion", "order", "executive",
    "public", "cms", "omb", "irs", "osha", "nfpa", "ul", "taxonomy", "hepatitis", "group", "lot", "lots", "batch", "cd", "il", "ca", "hla", "chromosome",
    "exon", "codon", "position", "residue"
])  # fmt: skip
"""Words whose numbers name no person: things that are counted or printed, norms, codes of public lists."""
_LAST = compiled(
    r"(?i)([\pL.]{1,24})[)\]'\"]?[ _\-]?(?:numbers?|no|nos|nbr|num|n[uú]m(?:ero)?|#|ids?|identifier|ref(?:erence)?)?[ .:=#\-]{0,4}(?:(?:is|was|es)[ :]{1,2})?$"
)


def _no_name(document: Document, start: int, end: int) -> bool:
    """Whether the word before names no identifier, or the value is too short for one."""
    value = document.text[start:end]
    numbers = sum(map(str.isdigit, value))
    if no_id(document, start, end) or numbers < 3 or (numbers < 4 and sum(map(str.isalnum, value)) < 5):
        return True
    found = _LAST.search(document.lower[max(0, start - 48) : start])
    return found is None or found.group(1).strip(".") in _NO_NAME


FAMILY = Family(
    "numbered",
    (
        Rule("numbered", Kind.OTHER_ID, rf"(?i)[\pL)\]'’](?:[ _\-](?:numbers?\b|no\.|no ?[:#]|nos\.|nbr\b\.?|num\b[.:#]|n[uú]mero\b|n[uú]m\.|n[º°]|ids?\b|identifier\b|ref(?:erence)?\b\.?)|[ _]?#|(?-i:(?:Id|ID|No|Nr|Num|Number|Ref)\b))[ ]?(?:[(\[]|(?:is|was|es)[ :]{{1,2}})?[ :=#\-]{{0,4}}({IDENTIFIER})", 0.46, veto=_no_name),
        Rule("application", Kind.OTHER_ID, r"(?i)\b(?:nos?\.?|applications?|app\.|requ[êe]te|case|cause|docket|index|petition|appeal|file)[ :#(]{1,3}(?:(?:no\.?|nos\.?|number)[ :]{1,2})?(\d{3,6}/\d{2,4})\b", 0.75),
        Rule("court_file", Kind.OTHER_ID, r"\b(?:[1-9]:)?(?:\d{2}|\d{4})-(?:cv|cr|mc|md|bk|ap|mj|po|CV|CR|MC|MD|BK|AP|MJ|PO|CF|CA|DR|PR|SC|JV|GS|FA|MM|CT|TR|PC|LA)-\d{2,7}(?:[\-: ]\(?[A-Z]{2,4}(?:-[A-Z]{2,4})?\b\)?)?|\b\d{2}-\d{4,6} \([A-Z]{2,4}\)", 0.7),
    ),
)  # fmt: skip
