"""Places of care, worship and learning as people call them in short (B): `at St. Alphonsus`, `to Gila Regional`, `Holy Name`.

The noun that would tell what it is is left out, so what stands before (`at`, `from`, `to`) or the form of the name must.
"""

from __future__ import annotations

from gateway.domain.finding import Kind
from gateway.phi.document import Document
from gateway.phi.lexicon import GIVEN, STOP, WORD
from gateway.phi.normalize import fold_name
from gateway.phi.recognizers.name_cues import word_after, word_before
from gateway.phi.recognizers.rule import Rule

_CAP = r"\p{Lu}\p{Ll}[\pL'’\-]*"
_AT = r"(?i:at|from|to|via|near|through|called|outside|leaving|into|@)"
_LAST = r"General|Regional|Memorial|Methodist|Baptist|Presbyterian|Lutheran|Adventist|Deaconess|Episcopal|Samaritan|Infirmary|Children['’]s|VAMC|VA|Rehab|Manor|Hospice|Elementary|Montessori|Health|Healthcare|Heart"
_FAITH = (
    r"Good (?:Samaritan|Shepherd)|Holy (?:Name|Cross|Family|Redeemer|Rosary|Trinity|Angels|Infant)|Sacred Heart|Bon Secours|Divine (?:Savior|Providence)|Our Lady of (?:the |Mt\.? |Mount )?\p{Lu}\p{Ll}+(?: \p{Lu}\p{Ll}+)?"
    r"|(?:Mount|Mt\.?) (?:Sinai|Carmel|Zion|Nebo)|Beth Israel|Christ the King|Immaculate Conception|Precious Blood"
)
_KNOWN = (
    r"UCSF|UCLA|UCSD|NYU(?: Langone)?|MGH|BIDMC|UPMC|CHOP|OHSU|MUSC|UTMB|MSKCC|M\.?D\.? Anderson|(?:the )?Mayo|Stanford|(?:Johns )?Hopkins|City of Hope|Dana[- ]Farber|Sloan[- ]Kettering|Fox Chase|Moffitt|Good Sam|Cedars(?:[- ]Sinai)?"
    r"|Mass General|(?:the )?Brigham|Northwestern|Penn State|Ohio State|Geisinger|Ochsner|Emory|Duke|Vanderbilt|Kaiser|Sutter|Scripps|Intermountain|Spaulding|Kessler|Rikers(?: Island)?|Folsom|San Quentin|Sing Sing|Attica|Leavenworth|Angola|Pelican Bay"
)
"""Houses that all know by a name which no list of places has, or which is a town too."""
_HOMES = r"Sunrise|Atria|Brookdale|Harbor|Legacy|Villas?|Gardens?|Manor|Terrace|Heritage|Pines|Oaks|Meadows|Village|Residences?|Cottages?|Arbors?|Waters|Landing|Commons|Bridges|Springs|Vistas?"
_SOURCES = frozenset(
    {"according", "study", "studies", "trial", "trials", "data", "paper", "guideline", "guidelines", "protocol", "criteria", "compared", "similar", "due", "cohort", "group", "authors", "researchers", "report", "published", "developed", "used"}
)  # fmt: skip
"""What stands before `at` or `from` where a house is named for what was written there."""
_TITLES_OF_OFFICE = frozenset(
    {"attorney", "surgeon", "solicitor", "inspector", "director", "secretary", "adjutant", "postmaster", "consul", "governor", "major", "brigadier", "lieutenant", "dollar", "auditor", "estates", "medical", "legion", "in", "public", "mental", "behavioral", "global", "population", "world", "community", "women's", "men's", "home", "school"}
)  # fmt: skip
"""What stands before `General` and the like where no place is named."""
_OTHERWISE = frozenset(
    {"wort", "day", "days", "eve", "encephalitis", "law", "act", "statute", "statutes", "doctrine", "clause", "anthony's", "bernard", "bernards", "fire", "ghost", "communion", "week", "score", "test", "valve", "pacemaker", "icd", "disease", "syndrome", "criteria", "dance", "counsel", "manager", "partner", "partners", "liability", "surgery", "medicine", "anesthesia", "duty", "delivery", "election", "assembly", "ledger", "contractor"}
)  # fmt: skip
"""What follows where the words are of a plant, a feast, a disease, a rule."""


def _no_place(document: Document, start: int, end: int) -> bool:
    """An office, a feast, a plant, a thing, or ordinary words."""
    words = fold_name(document.text[start:end]).split()
    if word_after(document, end) in _OTHERWISE or (len(words) > 1 and words[-2] in _TITLES_OF_OFFICE):
        return True
    flags = document.lexicon.flags
    own = [flags.get(one.strip("'.").removesuffix("'s"), 0) for one in words[:-1]]
    return not any(not one & (STOP | WORD) or one & GIVEN for one in own) and words[0] not in {"county", "mercy"}


def _source(document: Document, start: int, end: int) -> bool:
    """Whether the house is named for a rule or a paper, `criteria`, `study from Duke`."""
    said = document.lower[max(0, start - 32) : start].replace(",", " ").split()[-3:]
    return word_after(document, end) in _OTHERWISE or not _SOURCES.isdisjoint(said)


def _no_saint(document: Document, start: int, end: int) -> bool:
    """A surname (`Carol St. Clair`), a street, or what saints gave their names to."""
    before = word_before(document, start)
    named = document.text[max(0, start - len(before) - 1) : start][:1].isupper()
    if named and document.lexicon.flags.get(fold_name(before), 0) & GIVEN:
        return True
    return word_after(document, end) in _OTHERWISE or document.lower[start:end].endswith(("jude", "patrick's", "valentine's", "john's wort", "louis", "nicholas", "elmo"))  # fmt: skip


def _otherwise(document: Document, _start: int, end: int) -> bool:
    """A law, a feast or a plant."""
    return word_after(document, end) in _OTHERWISE


RULES = (
    Rule("care_in_short", Kind.LOCATION, rf"\b{_AT} (?:the )?((?:{_CAP} ){{1,3}}(?:{_LAST}))\b", 0.55, veto=_no_place),
    Rule("care_by_name", Kind.LOCATION, rf"\b{_AT} (?:the )?({_KNOWN})\b", 0.55, veto=_source),
    Rule("home_of_town", Kind.LOCATION, rf"\b{_AT} (?:the )?((?:{_CAP} )?(?:{_HOMES}) (?:of|at|on) (?:the )?{_CAP}(?: {_CAP})?)", 0.55, veto=_source),
    Rule("care_of_faith", Kind.LOCATION, rf"\b(?:{_FAITH})\b", 0.5, veto=_otherwise),
    Rule("saint", Kind.LOCATION, rf"\b(?:St\.?|Saint|Ste\.) {_CAP}(?: (?:{_LAST}|Hospital|Church|School|Parish|Clinic|Academy))?", 0.45, veto=_no_saint),
)  # fmt: skip
