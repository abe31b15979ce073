"""Whether what was found identifies a person whose health a message speaks of.

A full name does, and numbers that one person has. A clinician's name, a lone word that may be a name, a date, a place, a
telephone number, a device's number do only where the text speaks of some one person: `the patient`, `she`, `47-year-old`.
A form's blank fields and `his or her` speak of nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gateway.domain.finding import Kind
from gateway.phi.document import Document, compiled
from gateway.phi.lexicon import EPONYM, STOP, WORD, Lexicon
from gateway.phi.recognizers.rule import Hit

_COUNTS = 0.45
"""An identifier below this score does not make a message PHI."""
_ABOUT_ANYONE = frozenset(
    {
        Kind.DATE, Kind.LOCATION, Kind.PHONE, Kind.FAX, Kind.EMAIL, Kind.URL, Kind.PHOTO, Kind.IP, Kind.OTHER_ID, Kind.LICENSE, Kind.DEVICE,
        Kind.VEHICLE, Kind.ACCOUNT, Kind.PAYMENT_CARD,
    }
)  # fmt: skip
"""Kinds that ordinary notices carry too."""
_LONE = frozenset({"tagger", "surname", "given_name", "lower_case_name", "name_and_initial", "unknown_pair"})
_SURE = 0.8
_CLINICIAN_BEFORE: Any = compiled(
    r"(?i)\b(?:dr|drs|doctor|doctora|dra|prof|professor|nurse|rn|np|pa-c|provider|physician|surgeon|attending|instructor|speaker|author|chair|director|president|by)\b[.:]?[ ]?$"
)
_CLINICIAN_AFTER: Any = compiled(
    r"(?i)^[ ]?,?[ ]?(?:m\.?d\.?|d\.?o\.?|d\.?d\.?s|r\.?n|n\.?p|p\.?a(?:-c)?|ph\.?d|pharm\.?d|d\.?p\.?t|l\.?c\.?s\.?w|m\.?p\.?h|c\.?r\.?n\.?a|f\.?a\.?c\.?[a-z])\b"
)
_ACTS: Any = compiled(
    r"(?i)^(?:'s?)?[ ](?:has|had|is|was|needs|needed|came|comes|called|calls|takes|took|will|wants|says|said|reports|reported|started|should|got|gets|went|missed|asked|asks|left|did|does|"
    r"tiene|tuvo|está|estaba|fue|necesita|vino|llamó|toma|quiere|dice|pidió|would|can|cannot|can't|feels|felt|lost|fell)\b"
)
_GENERIC: Any = compiled(
    r"(?i)\b(?:his|him|he)[ ]?(?:or|/|and)[ ]?(?:her|she|hers)\b|\b(?:her|she)[ ]?(?:or|/)[ ]?(?:his|him|he)\b|\bs/he\b|\bpatient (?:name|information|id|identifier|label|sticker|signature|initials|dob|address|phone|"
    r"education|care|portal|safety|rights|privacy|services?|access|relations|advocate|experience|satisfaction|outcomes?|population|volume|data|records?|flow|intake|form|registration|handout|"
    r"instructions?|guide|leaflet|brochure|demographics|transport|financial|assistance|engagement|support|days?|room|rooms|facing|level|consent)\b"
)
_ONE: Any = compiled(
    r"(?i)\b(?:he|she|him|his|her|hers|himself|herself|ella|éste paciente|(?:the|this|our|my|your|a|which|same|said|el|la|un|una|este|esta|nuestro|nuestra) (?:patient|pt|paciente|client|resident|decedent)|pts?|"
    r"patient (?:is|was|has|had|will|needs|called|came|presents|presented|reports|denies|states|with|of|seen|in)|pt (?:is|was|has|will|needs|called)|"
    r"my (?:son|daughter|mother|father|wife|husband|brother|sister|child|baby|mom|dad)|your (?:son|daughter|mother|father|wife|husband|child|baby|mom|dad|biopsy|results?|diagnosis|labs?|surgery|scan|x-ray|mri|prescription|medication|lab results?|test results?)|"
    r"\d{1,3}[ -]?(?:year|yr|month|mo|week|day)s?[ -]old|\d{1,3} ?y/?o|años de edad|gentleman|mr|mrs|ms|sr|sra|patient[ ]?[:#]|paciente[ ]?:|dob[ ]?:?[ ]?\d|mrn[ ]?:?[ ]?#?\d|member (?:id|name)[ ]?:[ ]?\w|su hij[oa]|mi hij[oa]|decedent|the (?:boy|girl|baby|infant|man|woman|child|deceased|claimant|insured|employee|student|caller))\b"
)


class Subject:
    """The judgment on the hits of one message."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._flags = lexicon.flags

    def identified(self, read: Iterable[tuple[Document, Sequence[Hit]]]) -> bool:
        """Whether some hit identifies a person; pass only those that count (no signature, no disclaimer)."""
        doubtful: list[Document] = []
        for document, hits in read:
            doubt = False
            for hit in hits:
                if not hit.kind.identifies or hit.score < _COUNTS:
                    continue
                if hit.kind not in _ABOUT_ANYONE and (hit.kind is not Kind.NAME or self._somebody(document, hit)):
                    return True
                doubt = True
            doubtful += [document] if doubt else []
        return any(map(speaks_of_one, doubtful))

    def _somebody(self, document: Document, hit: Hit) -> bool:
        """Whether a name, as it stands, is one of a person who is no clinician or author."""
        text, lower = document.text, document.lower
        before, after = lower[max(0, hit.start - 14) : hit.start], lower[hit.end : hit.end + 12]
        name = lower[hit.start : hit.end]
        if _CLINICIAN_BEFORE.search(before) or _CLINICIAN_AFTER.search(after) or name.startswith(("dr ", "dr.", "dra")):
            return False
        words = name.replace("-", " ").split()
        flags = [self._flags.get(one.strip("'.,"), 0) for one in words]
        if hit.by not in _LONE and (len(words) > 1 or hit.score >= _SURE):
            return not all(one & (EPONYM | STOP) for one in flags)
        if any(one & EPONYM for one in flags):
            return False
        if hit.by == "tagger" and all(one & (WORD | STOP) for one in flags):
            return False
        return _ACTS.search(lower[hit.end : hit.end + 16]) is not None or text[hit.end : hit.end + 2] == "'s"


def speaks_of_one(document: Document) -> bool:
    """Whether the text speaks of some one person."""
    return _ONE.search(_GENERIC.sub(" ", document.text)) is not None
