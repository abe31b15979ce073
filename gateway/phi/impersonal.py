"""Dates and places of a text that speaks of nobody: a guideline, a leaflet, a question, a notice to all staff.

Safe Harbor lists dates and places of an individual, 45 CFR 164.514(b)(2)(i)(B) and (C). In a text that names and numbers
nobody and speaks of no patient, no `she`, no `I`, a month is nobody's, in one of health a town too; masking it only spoils
the text. A day is nobody's in a notice: `open enrollment runs November 1 to 15`, if nothing was measured that day.
Whatever may be a name is somebody's, one word alone too: clinicians write `potassium 6.1 on Garcia`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from gateway.domain.finding import Kind
from gateway.phi.document import Document, compiled
from gateway.phi.page import MEASURED, speaks_of_one
from gateway.phi.recognizers.rule import Hit

_LOOSE = frozenset({
    "month_alone", "month_year", "month_slash", "weekday", "holiday", "week_of_month",
    "place", "place_told", "city_in_short", "tagger",
})  # fmt: skip
"""Recognisers of dates and places that ordinary reading matter holds too; one with its day, or a street, is somebody's."""
_DAYS = frozenset({"month_day", "day_month", "weekday_ordinal", "lone_day", "lone_ordinal", "month_in_words"})
"""Recognisers of days."""
_PUBLIC: Any = compiled(
    r"(?i)^(?:\+?1[-. ]?)?\(?8(?:00|33|44|55|66|77|88)\)?[-. ]|^(?:https?://)?[\w.-]+\.gov(?:/[\w./#-]*)?$"
)
_PUBLIC_KINDS = frozenset({Kind.PHONE, Kind.FAX, Kind.URL})
_EDITION: Any = compiled(
    r"(?i)\b(?:rev(?:ised|ision)?\.?|updated?|reviewed|issued|published|interim|version|edition|effective(?: date)?|last modified|copyright|©)[:]?(?: on| as of| in| date:?)? ?\(?$"
)
"""Before the date of a form, a policy or a leaflet."""
_NOTICE: Any = compiled(
    r"(?i)\b(?:newsletter|conference|webinar|workshop|seminar|symposium|(?:staff|town hall|monthly|board|committee|department) meeting|(?:open )?enrol(?:l?ment)?s?|registration|rsvp|submit by|submissions?|deadline|"
    r"(?:office|clinic|pharmacy|lab|building|garage|cafeteria) (?:is|will be) closed|clinics? (?:start|begin|open|run)s?|labor day|memorial day|independence day|christmas|thanksgiving|drill|downtime|outage|maintenance|upgraded?|go[ -]live|"
    r"help ?desk|all (?:staff|units|employees|departments|providers|hands)|walk[ -]in|volunteers?|potluck|fundraiser|(?:food|blood) drive|picnic|effective|part b|medicare|payers?|modifier|landlord|tenant|lease|agreement|invoice|shipment|back[ -]?order|recall)\b"
)
"""What is said to many at once, or of things."""
_TOLD = 0.6
"""The score of a place that the words around it tell to be somebody's: `a Yakima resident`."""
_SPOKEN: Any = compiled(
    r"\bI\b|(?i)\b(?:i['’](?:m|ve|ll|d)|my|me|mine|myself|mi|mis|yo|tengo|we (?:saw|admitted|have an?)|your (?:appointment|surgery|procedure|visit|admission|discharge|tests?|results?|scan|biopsy|labs?|dose|refill|next)|su (?:cita|cirugía)|patients?'s?|paciente|name|initials|dob|mrn|s/p|c/o|h/o|p/w|hx|pmh|hpi|pod ?#?\d)\b"
)
_GENERAL: Any = compiled(
    r"(?i)\b(?:(?:older |younger |these |those |many |most |all |some |high-risk |our |adult |pediatric )patients|patients (?:who|with|aged|older|over|under|in|on|were|should|may)|patients?['’]? (?:name|education|safety|care|portal|rights|days?)|(?:brand|generic|drug|trade|file|user) name|name of (?:the|your))\b"
)


def nobodys(read: Iterable[tuple[Document, Sequence[Hit]]], *, health: bool) -> Callable[[Document, Hit], bool] | None:
    """What tells which hits are of nobody; none if the texts speak of somebody. `health`: the message is one of health."""
    parts = list(read)
    hits = [(part, hit) for part, some in parts for hit in some if hit.kind.identifies]
    days = [hit for part, hit in hits if not (_loose(hit) or _is_public(part, hit) or _is_edition(part, hit))]
    if not hits or not all(map(_is_day, days)):
        return None
    if any(speaks_of_one(one.text) or _SPOKEN.search(_GENERAL.sub(" ", one.text)) for one, _ in parts):
        return None
    notice = _is_notice(parts)
    if days and not notice:
        return None

    def of_nobody(document: Document, hit: Hit) -> bool:
        if _is_edition(document, hit):
            return True
        if _loose(hit):
            return health or (notice and hit.kind is Kind.DATE)
        return (health or notice) and (_is_day(hit) or _is_public(document, hit))

    return of_nobody


def _loose(hit: Hit) -> bool:
    """Whether the hit is a date or place that needs somebody whose it is."""
    loosely = hit.kind in {Kind.DATE, Kind.LOCATION} and hit.by in _LOOSE
    return loosely and not (hit.by == "place_told" and hit.score >= _TOLD)


def _is_public(document: Document, hit: Hit) -> bool:
    """Whether it is a telephone free of charge or a page of the government: no one person has one."""
    return hit.kind in _PUBLIC_KINDS and _PUBLIC.search(document.text[hit.start : hit.end]) is not None


def _is_edition(document: Document, hit: Hit) -> bool:
    """Whether the date is said to be one of the text itself."""
    return hit.kind is Kind.DATE and _EDITION.search(document.text[max(0, hit.start - 40) : hit.start]) is not None


def _is_day(hit: Hit) -> bool:
    return hit.kind is Kind.DATE and hit.by in _DAYS


def _is_notice(parts: Sequence[tuple[Document, Sequence[Hit]]]) -> bool:
    """Whether many are told of something, and no one person's values are among it."""
    measured = any(hit.by in MEASURED for _, hits in parts for hit in hits)
    return not measured and any(_NOTICE.search(document.text) is not None for document, _ in parts)
