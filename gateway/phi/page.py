"""One part of a message under judgment, and what its whole text says: found out once, however many names stand in it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import cache, cached_property
from typing import Any

from gateway.domain.finding import Kind
from gateway.phi.document import Document, compiled, gated
from gateway.phi.recognizers.health_terms import EVERYDAY, WEAK
from gateway.phi.recognizers.rule import Hit
from gateway.phi.roles import Roles

DEGREES = frozenset(
    {
        "dr", "dra", "drs", "prof", "md", "do", "rn", "np", "pa", "pa-c", "phd", "pharmd", "dds", "dmd", "dpm", "dpt", "lcsw", "mph", "facp", "facs", "crna", "od", "psyd",
    }
)  # fmt: skip
MEASURED = frozenset(
    {"lab_value", "vitals", "icd10", "icd10_label", "hurt_part", "part_hurts", "side_of_part", "at_part", "fever_of", "newborn_weight", "vertebrae", "dilution", "hurts_in_spanish"}
)  # fmt: skip
"""Recognisers of health terms that are some one person's: a value measured, a part of a body."""
_PRONOUN: Any = compiled(r"(?i)\b(?:he|she|him|his|her|hers|himself|herself)\b")
_AWAY = r"(?i)\b(?:out of (?:the )?office|am away|be away|on (?:maternity|parental|medical|family|annual) leave|auto(?:matic)?[ -]?reply|respuesta automática|fuera de la oficina|estoy de vacaciones|estaré ausente|no estaré)\b"
_GENERIC: Any = compiled(
    r"(?i)\b(?:if|when|whether|unless|until|before|after|once|that|consent of|rights of|name of|signature of|care of|on) (?:the|a|your|this|our|el|la) (?:patient|pt|client|paciente)\b|\b(?:the|your|our|each) (?:patient|client) (?:should|must|may|can|might|could|shall|cannot|who|or|and/or|has the right)\b|\b(?:his|him|he)[ ]?(?:or|/|and)[ ]?(?:her|she|hers)\b|\b(?:her|she)[ ]?(?:or|/)[ ]?(?:his|him|he)\b|\bs/he\b|\bpatient (?:name|information|id|identifier|label|sticker|signature|initials|dob|address|phone|"
    r"education|care|portal|safety|rights|privacy|services?|access|relations|advocate|experience|satisfaction|outcomes?|population|volume|data|records?|flow|intake|form|registration|handout|"
    r"instructions?|guide|leaflet|brochure|demographics|transport|financial|assistance|engagement|support|days?|room|rooms|facing|level|consent)\b"
)
_ONE: Any = compiled(
    r"(?i)\b(?:he|she|him|his|her|hers|himself|herself|éste paciente|(?:the|this|our|my|your|which|same|said|el|la|un|una|este|esta|nuestro|nuestra) (?:patient|pt|paciente|client|resident|decedent)|pts?|"
    r"patient (?:is|was|has|had|will|needs|called|came|presents|presented|reports|denies|states|with|of|seen|in)|pt (?:is|was|has|will|needs|called)|"
    r"my (?:son|daughter|mother|father|wife|husband|brother|sister|child|baby|mom|dad)|your (?:son|daughter|mother|father|wife|husband|baby|mom|dad|biopsy|diagnosis)|"
    r"\d{1,3}[ -]?(?:year|yr|month|mo|week|day)s?[ -]old|\d{1,3} ?y/?o|años de edad|gentleman|mr|mrs|ms|sr|sra|patient[ ]?[:#]|paciente[ ]?:|dob[ ]?:?[ ]?\d|mrn[ ]?:?[ ]?#?\d|member (?:id|name)[ ]?:[ ]?\w|su hij[oa]|mi hij[oa]|decedent|home (?:health|care|nurse|visit)s? (?:to|for|at|visit)|in (?:the |our )?clinic (?:today|this)|interrogated|explanted|lives (?:at|in|on|with|alone)|admitted (?:on|with|to|for|\d)|discharged (?:on|to|home)|transfused|was seen|seen (?:today|in clinic)|came in (?:with|for|today)|presented with|presents with|the (?:boy|girl|deceased|claimant))\b"
)


@cache
def _away() -> Any:
    return gated(_AWAY)


def speaks_of_one(text: str) -> bool:
    """Whether a text speaks of some one person: `the patient`, `she`, `47-year-old`."""
    return _ONE.search(_GENERIC.sub(" ", text)) is not None


class Page:
    """One part under judgment: its hits, the spans where nothing counts, and what its whole text says, found out once."""

    def __init__(self, document: Document, hits: Sequence[Hit], without: Sequence[tuple[int, int]]) -> None:
        self.document, self.hits, self.without = document, hits, without

    @cached_property
    def _of_somebody(self) -> str:
        """The text without what forms and rules say of any patient."""
        text: str = _GENERIC.sub(" ", self.document.text)
        return text

    @cached_property
    def of_one(self) -> bool:
        """Whether the text speaks of some one person."""
        return _ONE.search(self._of_somebody) is not None

    @cached_property
    def roles(self) -> Roles:
        """What the text says of work."""
        strong = [hit for hit in self.hits if hit.kind is Kind.HEALTH_TERM and hit.by not in {WEAK, EVERYDAY}]
        measured = any(hit.by in MEASURED for hit in strong)
        starts = sorted(hit.start for hit in strong)
        return Roles(self.document.lower, starts, of_one=self.of_one, treated=self.treated, measured=measured)

    @cached_property
    def treated(self) -> bool:
        """Whether more than `he` and `she` speaks of one person."""
        return self.of_one and _ONE.search(_PRONOUN.sub(" ", self._of_somebody)) is not None

    @cached_property
    def of_a_clinician(self) -> bool:
        """Whether only `he` and `she` speak of one person, of a clinician at work, of the dead or of a pet."""
        roles = self.roles
        if not roles.about_pet and not (roles.about_work and (self.clinicians or roles.long_ago)):
            return False
        return not self.treated

    @cached_property
    def clinicians(self) -> list[tuple[int, int]]:
        """The spans of names that have a clinician's title or degree in them, in order."""
        lower = self.document.lower
        return sorted(
            (hit.start, hit.end)
            for hit in self.hits
            if hit.kind is Kind.NAME
            and DEGREES & {one.strip(".,") for one in lower[hit.start : hit.end].replace(".", " ").split()[:1]}
        )

    def titled(self, start: int, end: int) -> tuple[int, int]:
        """The name with its title in which this place lies, or the place itself."""
        at = bisect_right(self.clinicians, (start, len(self.document.lower))) - 1
        if at >= 0 and end <= self.clinicians[at][1]:
            return self.clinicians[at]
        return start, end

    @cached_property
    def away(self) -> bool:
        """Whether it tells that the sender is away."""
        return self.document.holds(_away())
