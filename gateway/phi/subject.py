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
from gateway.phi.lexicon import EPONYM, STOP, WORD, Lexicon, table
from gateway.phi.recognizers.name_words import TITLES
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
_OF_ONE = frozenset({Kind.VEHICLE, Kind.ACCOUNT, Kind.PAYMENT_CARD})
"""Numbers of which each belongs to one person, where they are certain."""
_LONE = frozenset({"tagger", "surname", "given_name", "lower_case_name", "name_and_initial", "unknown_pair"})
_SURE = 0.8
_DEGREES = frozenset(
    {
        "dr",
        "dra",
        "drs",
        "prof",
        "md",
        "do",
        "rn",
        "np",
        "pa",
        "pa-c",
        "phd",
        "pharmd",
        "dds",
        "dmd",
        "dpm",
        "dpt",
        "lcsw",
        "mph",
        "facp",
        "facs",
        "crna",
        "od",
        "psyd",
    }
)
_CLINICIAN_BEFORE: Any = compiled(
    r"(?i)\b(?:dr|drs|doctor|doctora|dra|prof|professor|nurse|rn|np|pa-c|provider|physician|surgeon|attending|instructor|speaker|author|chair|director|president|by)\b[.:]?[ ]?$"
)
_CLINICIAN_AFTER: Any = compiled(
    r"(?i)^[ ]?,?[ ]?(?:m\.?d\.?|d\.?o\.?|d\.?d\.?s|r\.?n|n\.?p|p\.?a(?:-c)?|ph\.?d|pharm\.?d|d\.?p\.?t|l\.?c\.?s\.?w|m\.?p\.?h|c\.?r\.?n\.?a|f\.?a\.?c\.?[a-z])\b"
)
_COLLEAGUE_BEFORE: Any = compiled(
    r"(?i)\b(?:contact|contacting|reach|covered by|covering|cover|covers|ask for|in my absence|on my behalf|backup|call or email|questions to|rsvp to|apply to|hosted by|presented by|taught by|led by|"
    r"comunicarse con|comuníquese con|contacte a|contactar a|escriba a|dirigirse a|atender[áa]|suplencia)\b[ :,]*(?:(?:is|to|with|our|my|the|colleague|manager|a|es)[ :,]*){0,3}$"
)
_AWAY: Any = compiled(
    r"(?i)\b(?:out of (?:the )?office|am away|be away|on (?:maternity|parental|medical|family|annual) leave|auto(?:matic)?[ -]?reply|respuesta automática|fuera de la oficina|estoy de vacaciones|estaré ausente|no estaré)\b"
)
_NAMED_AFTER: Any = compiled(
    r"(?i)^(?:'s)?[ -](?:murmur|sign|signs|syndrome|maneuver|manoeuvre|\pL*(?:ectomy|otomy|plasty|ostomy|emia)|forceps|retractors?|clamps?|catheters?|criteria|score|scale|classification|phenomenon|reflex|palsy|"
    r"lymphoma|tubes?|drains?|fractures?|stain|bodies|cells?|incision|disease|law|operation|suture|needle|tumou?r|sump|pupil|chart|plot|curve|rule|rules|nodes?|triad|test|sarcoma|position|method|technique)\b"
)
_ACTS: Any = compiled(
    r"(?i)^(?:'s?)?[ ](?:has|had|is|was|needs|needed|came|comes|called|calls|takes|took|will|wants|says|said|reports|reported|started|should|got|gets|went|missed|asked|asks|left|did|does|"
    r"tiene|tuvo|está|estaba|fue|necesita|vino|llamó|toma|quiere|dice|pidió|would|can|cannot|can't|feels|felt|lost|fell)\b"
)
_GENERIC: Any = compiled(
    r"(?i)\b(?:if|when|whether|unless|until|before|after|once|that|consent of|rights of|name of|signature of|care of|on) (?:the|a|your|this|our|el|la) (?:patient|pt|client|paciente)\b|\b(?:the|your|our|each) (?:patient|client) (?:should|must|may|can|might|could|shall|cannot|who|or|and/or|has the right)\b|\b(?:his|him|he)[ ]?(?:or|/|and)[ ]?(?:her|she|hers)\b|\b(?:her|she)[ ]?(?:or|/)[ ]?(?:his|him|he)\b|\bs/he\b|\bpatient (?:name|information|id|identifier|label|sticker|signature|initials|dob|address|phone|"
    r"education|care|portal|safety|rights|privacy|services?|access|relations|advocate|experience|satisfaction|outcomes?|population|volume|data|records?|flow|intake|form|registration|handout|"
    r"instructions?|guide|leaflet|brochure|demographics|transport|financial|assistance|engagement|support|days?|room|rooms|facing|level|consent)\b"
)
_ONE: Any = compiled(
    r"(?i)\b(?:he|she|him|his|her|hers|himself|herself|éste paciente|(?:the|this|our|my|your|which|same|said|el|la|un|una|este|esta|nuestro|nuestra) (?:patient|pt|paciente|client|resident|decedent)|pts?|"
    r"patient (?:is|was|has|had|will|needs|called|came|presents|presented|reports|denies|states|with|of|seen|in)|pt (?:is|was|has|will|needs|called)|"
    r"my (?:son|daughter|mother|father|wife|husband|brother|sister|child|baby|mom|dad)|your (?:son|daughter|mother|father|wife|husband|baby|mom|dad|biopsy|diagnosis)|"
    r"\d{1,3}[ -]?(?:year|yr|month|mo|week|day)s?[ -]old|\d{1,3} ?y/?o|años de edad|gentleman|mr|mrs|ms|sr|sra|patient[ ]?[:#]|paciente[ ]?:|dob[ ]?:?[ ]?\d|mrn[ ]?:?[ ]?#?\d|member (?:id|name)[ ]?:[ ]?\w|su hij[oa]|mi hij[oa]|decedent|the (?:boy|girl|deceased|claimant))\b"
)


class Subject:
    """The judgment on the hits of one message."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._flags, self._nouns = lexicon.flags, lexicon.eponym_nouns
        lists = table("eponyms.toml")
        self._full = frozenset(" ".join(one.replace("-", " ").split()) for one in lists["full"])
        self._kin = frozenset(lists["kin"]) | TITLES

    def identified(self, read: Iterable[tuple[Document, Sequence[Hit]]]) -> bool:
        """Whether some hit identifies a person; pass only those that count (no signature, no disclaimer)."""
        doubtful: list[Document] = []
        for document, hits in read:
            doubt = False
            away = _AWAY.search(document.data) is not None
            for hit in hits:
                if not hit.kind.identifies or hit.score < _COUNTS:
                    continue
                if hit.kind not in _ABOUT_ANYONE and (
                    hit.kind is not Kind.NAME or (not away and self._somebody(document, hit))
                ):
                    return True
                if hit.score >= _SURE and (hit.kind in _OF_ONE or hit.by.startswith("driver")):
                    return True
                doubt = True
            doubtful += [document] if doubt else []
        return any(map(speaks_of_one, doubtful))

    def _somebody(self, document: Document, hit: Hit) -> bool:
        """Whether a name, as it stands, is one of a person who is no clinician or author."""
        lower = document.lower
        before, after = lower[max(0, hit.start - 48) : hit.start], lower[hit.end : hit.end + 24]
        name = lower[hit.start : hit.end]
        words = name.replace("-", " ").replace(",", " ").split()
        if (
            _DEGREES & {one.replace(".", "") for one in words}
            or all(one in self._kin for one in words)
            or " ".join(words) in self._full
        ):
            return False
        if _CLINICIAN_BEFORE.search(before) or _CLINICIAN_AFTER.search(after) or _COLLEAGUE_BEFORE.search(before):
            return False
        if _NAMED_AFTER.search(after) and (hit.by in _LONE or any(self._flags.get(one, 0) & EPONYM for one in words)):
            return False
        flags = [self._flags.get(one.strip("'.,"), 0) for one in words]
        if hit.by not in _LONE and (len(words) > 1 or hit.score >= _SURE):
            return not all(one & (EPONYM | STOP) for one in flags)
        if any(one & EPONYM for one in flags):
            return False
        if hit.by == "tagger" and all(one & (WORD | STOP) for one in flags):
            return False
        if before.endswith((" a ", " an ", " the ", " un ", " una ", " el ", " la ", " los ")):
            return False
        owns = after.startswith("'s ") and after[3:].split(" ", 1)[0].strip(".,;:") not in self._nouns
        return owns or _ACTS.search(lower[hit.end : hit.end + 16]) is not None


def speaks_of_one(document: Document) -> bool:
    """Whether the text speaks of some one person."""
    return _ONE.search(_GENERIC.sub(" ", document.text)) is not None
