"""Dates and places of a clinical text that speaks of nobody: a guideline, a leaflet, a question.

Safe Harbor lists dates and places of an individual, 45 CFR 164.514(b)(2)(i)(B) and (C). In a text of health that names and
numbers nobody and speaks of no patient, no `she`, no `I`, a month or a town is of nobody; masking it only spoils the text.
Whatever may be a name is somebody's, one word alone too: clinicians write `potassium 6.1 on Garcia`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gateway.domain.finding import Kind
from gateway.phi.document import Document, compiled
from gateway.phi.page import speaks_of_one
from gateway.phi.recognizers.rule import Hit

_LOOSE = frozenset({
    "month_alone", "month_year", "month_slash", "weekday", "holiday", "week_of_month",
    "place", "place_told", "tagger",
})  # fmt: skip
"""Recognisers of dates and places that ordinary reading matter holds too; one with its day, or a street, is somebody's."""
_TOLD = 0.6
"""The score of a place that the words around it tell to be somebody's: `a Yakima resident`."""
_SPOKEN: Any = compiled(
    r"\bI\b|(?i)\b(?:i['’](?:m|ve|ll|d)|my|me|mine|myself|mi|mis|yo|tengo|we (?:saw|admitted|have an?)|your (?:appointment|surgery|procedure|visit|admission|discharge|tests?|results?|scan|biopsy|labs?|dose|refill|next)|su (?:cita|cirugía)|patients?'s?|paciente|name|initials|dob|mrn|s/p|c/o|h/o|p/w|hx|pmh|hpi|pod ?#?\d)\b"
)
_GENERAL: Any = compiled(
    r"(?i)\b(?:(?:older |younger |these |those |many |most |all |some |high-risk |our |adult |pediatric )patients|patients (?:who|with|aged|older|over|under|in|on|were|should|may)|patients?['’]? (?:name|education|safety|care|portal|rights|days?)|(?:brand|generic|drug|trade|file|user) name|name of (?:the|your))\b"
)


def of_nobody(read: Iterable[tuple[Document, Sequence[Hit]]]) -> bool:
    """Whether no part holds an identifier of a person, but loose dates and places, or speaks of some one person."""
    parts = list(read)
    if any(hit.kind.identifies and not loose(hit) for _, hits in parts for hit in hits):
        return False
    return not any(
        speaks_of_one(document.text) or _SPOKEN.search(_GENERAL.sub(" ", document.text)) for document, _ in parts
    )


def loose(hit: Hit) -> bool:
    """Whether the hit is a date or place that needs somebody whose it is."""
    loosely = hit.kind in {Kind.DATE, Kind.LOCATION} and hit.by in _LOOSE
    return loosely and not (hit.by == "place_told" and hit.score >= _TOLD)
