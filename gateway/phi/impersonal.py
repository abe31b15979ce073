"""Dates and places of a text that speaks of nobody: a guideline, a leaflet, a question, a notice to all staff.

Safe Harbor lists dates and places of an individual, 45 CFR 164.514(b)(2)(i)(B) and (C). In a text that names and numbers
nobody and speaks of no patient, no `she`, no `I`, a month is nobody's, in one of health a town too; masking it only spoils
the text. A day is nobody's in a notice: `open enrollment runs November 1 to 15`, if nothing was measured that day; in a
message of health only where its own sentence is said to many and of no illness: not in `Medicare denied the biopsy of May 3`.
Whatever may be a name is somebody's, one word alone too: clinicians write `potassium 6.1 on Garcia`.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from gateway.domain.finding import Kind
from gateway.phi.document import Document, compiled
from gateway.phi.page import MEASURED, speaks_of_one
from gateway.phi.recognizers.health_terms import EVERYDAY, WEAK
from gateway.phi.recognizers.rule import Hit

_LOOSE = frozenset({
    "month_alone", "month_year", "month_slash", "weekday", "holiday", "week_of_month",
    "place", "place_told", "city_in_short", "tagger",
})  # fmt: skip
"""Recognisers of dates and places that ordinary reading matter holds too; one with its day, or a street, is somebody's."""
_DAYS = frozenset({"month_day", "day_month", "weekday_ordinal", "lone_ordinal", "lone_ordinal_word", "month_in_words"})
"""Recognisers of days."""
_PUBLIC: Any = compiled(
    r"(?i)^(?:\+?1[-. ]?)?\(?8(?:00|33|44|55|66|77|88)\)?[-. ][\da-z. -]{7,9}$|^(?:https?://)?[\w.-]+\.gov(?:/[\w./#-]*)?$"
)
_PUBLIC_KINDS = frozenset({Kind.PHONE, Kind.FAX, Kind.URL})
_OWN: Any = compiled(
    r"(?i)\b(?:cell|mobile|home|work|voice ?mail|vm|cb|call(?:ed)?[ -]?back)(?: phone)?(?: number| no\.?)?(?: is| at| on)?[ :#(+]{0,3}$"
)
"""Before a telephone that is somebody's."""
_LINE: Any = compiled(r"(?i)^,? ?(?:ext|x)\pL*\.? ?\d")
_RECORD: Any = compiled(r"\d{5}")
"""In the address of a page: the number of a record."""
_EDITION: Any = compiled(
    r"(?i)\b(?:rev(?:ised|ision)?\.?|updated?|reviewed|issued|published|interim|version|edition|effective(?: date)?|last modified|copyright|©)[:]?(?: on| as of| in| date:?)? ?\(?$"
)
"""Before the date of a form, a policy or a leaflet."""
_PRINTED: Any = compiled(
    r"(?i)\b(?:leaflet|brochure|handout|handbook|manual|guidelines?|bulletin|template|this (?:form|page|document|notice|policy))\b[^.\n]{0,24}\b(?:rev\.|revised|updated|reviewed|published|version|edition)(?: on| as of| in| date:?)? ?\(?$|"
    r"(?:^|[.\n] ?)(?:rev\. ?|last revised(?: on|:)? |interim \()$|(?:copyright|©) ?$"
)
"""The same in a message of health: a scan is reviewed too, a hip revised, a result updated."""
_MANY = (
    r"newsletter|conference|webinar|workshop|seminar|symposium|(?:staff|town hall|monthly|board|committee|department) meeting|open enrol(?:l?ment)?|rsvp|submit by|labor day|memorial day|independence day|"
    r"(?:office|clinic|pharmacy|lab|building|garage|cafeteria) (?:is|will be) closed|clinics (?:start|begin|open|run)|all (?:staff|units|employees|departments|providers|hands)"
)
_TO_MANY: Any = compiled(rf"(?i)\b(?:{_MANY})\b")
"""What is said to many at once in a message of health, where a payer, an invoice or a recall is of one."""
_NOTICE: Any = compiled(
    rf"(?i)\b(?:{_MANY}|enrol(?:l?ment)?s?|registration|submissions?|deadline|clinics? (?:start|begin|open|run)s?|christmas|thanksgiving|drill|downtime|outage|maintenance|upgraded?|go[ -]live|"
    r"help ?desk|walk[ -]in|volunteers?|potluck|fundraiser|(?:food|blood) drive|picnic|effective|part b|medicare|payers?|modifier|landlord|tenant|lease|agreement|invoice|shipment|back[ -]?order|recall)\b"
)
"""What is said to many at once, or of things."""
_OFFERED: Any = compiled(
    r"(?i)^(?:flu|influenza|covid(?:-19)?|shots?|flu shots?|boosters?|immunizations?|(?:[\pL\pN-]+ )?(?:vaccin\pL+|screenings?))$"
)
"""Matters of health that are offered to all."""
_REACH = 400
_STOP = re.compile(r"[.!?](?:\s|$)|\n")
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
    days: list[tuple[Document, Sequence[Hit], list[Hit]]] = []
    found = False
    for part, some in parts:
        hits = [hit for hit in some if hit.kind.identifies]
        found = found or bool(hits)
        firm = [
            hit for hit in hits if not (_loose(hit) or _is_public(part, hit) or _is_edition(part, hit, health=health))
        ]
        if not all(map(_is_day, firm)):
            return None
        days += [(part, some, firm)] if firm else []
    if not found:
        return None
    if any(speaks_of_one(one.text) or _SPOKEN.search(_GENERAL.sub(" ", one.text)) for one, _ in parts):
        return None
    notice = _is_notice(parts)
    if days and not notice:
        return None
    if health and not all(_offered(*one) for one in days):
        return None

    def of_nobody(document: Document, hit: Hit) -> bool:
        if _is_edition(document, hit, health=health):
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
    told = document.text[hit.start : hit.end]
    if hit.kind not in _PUBLIC_KINDS or _PUBLIC.search(told) is None:
        return False
    if hit.kind is Kind.URL:
        return _RECORD.search(told) is None
    before, after = document.text[max(0, hit.start - 40) : hit.start], document.text[hit.end : hit.end + 16]
    return _OWN.search(before) is None and _LINE.search(after) is None


def _is_edition(document: Document, hit: Hit, *, health: bool) -> bool:
    """Whether the date is said to be one of the text itself."""
    if hit.kind is not Kind.DATE:
        return False
    pattern, reach = (_PRINTED, 80) if health else (_EDITION, 40)
    return pattern.search(document.text[max(0, hit.start - reach) : hit.start]) is not None


def _is_day(hit: Hit) -> bool:
    return hit.kind is Kind.DATE and hit.by in _DAYS


def _is_notice(parts: Sequence[tuple[Document, Sequence[Hit]]]) -> bool:
    """Whether many are told of something, and no one person's values are among it."""
    measured = any(hit.by in MEASURED for _, hits in parts for hit in hits)
    return not measured and any(_NOTICE.search(document.text) is not None for document, _ in parts)


def _offered(document: Document, hits: Sequence[Hit], days: Sequence[Hit]) -> bool:
    """Whether the sentence of each day is said to many, and of no illness but of what is offered to all."""
    text = document.text
    ill = sorted(
        one.start for one in hits
        if one.kind is Kind.HEALTH_TERM and one.by not in {WEAK, EVERYDAY} and _OFFERED.search(text[one.start : one.end]) is None
    )  # fmt: skip
    for day in days:
        low, high = max(0, day.start - _REACH), min(len(text), day.end + _REACH)
        start = max((one.end() for one in _STOP.finditer(text, low, day.start)), default=low)
        stop = _STOP.search(text, day.end, high)
        end = stop.start() if stop else high
        if bisect_left(ill, start) < bisect_left(ill, end) or _TO_MANY.search(text[start:end]) is None:
            return False
    return True
