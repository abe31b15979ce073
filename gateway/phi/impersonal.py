"""Dates, places and lone capitalised words of a clinical text that speaks of nobody: a guideline, a leaflet, a question.

Safe Harbor lists dates and places of an individual, 45 CFR 164.514(b)(2)(i)(B) and (C). In a text of health that names and
numbers nobody and speaks of no patient, no `she`, no `I`, a month or a town is of nobody, and a lone word that may be a
surname is a score's, a trial's or a product's name. Masking them only spoils the text.
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
_SPOKEN: Any = compiled(
    r"\bI\b|(?i)\b(?:i['’](?:m|ve|ll|d)|my|me|mine|myself|mi|mis|yo|tengo|we (?:saw|admitted|have an?)|your (?:appointment|surgery|procedure|visit|admission|discharge|tests?|results?|scan|biopsy|labs?|dose|refill|next)|su (?:cita|cirugía)|patients?'s?|paciente|name|initials|dob|mrn|s/p|c/o|h/o|p/w|hx|pmh|hpi|pod ?#?\d)\b"
)
_GENERAL: Any = compiled(
    r"(?i)\b(?:(?:older |younger |these |those |many |most |all |some |high-risk |our |adult |pediatric )patients|patients (?:who|with|aged|older|over|under|in|on|were|should|may)|patients?['’]? (?:name|education|safety|care|portal|rights|days?)|(?:brand|generic|drug|trade|file|user) name|name of (?:the|your))\b"
)


_TOLD = 0.6
"""The score of a place that the words around it tell to be somebody's: `a Yakima resident`."""
_LONE = frozenset({"tagger", "surname", "given_name", "lower_case_name"})
"""Recognisers of names that rest on one word."""
_SAID: Any = compiled(
    r"(?i)(?:\b(?:pts?|for|re|regarding|about|mr|mrs|ms|miss|dr|hi|hello|dear|hey|rm|room|bed|baby|ask|tell|call|called|page|paged|named|initials|thanks|thx|from|to|of|name|is|did|does|has|if|can)[.:]? |[\n*>] ?|^)$"
)
_DOES: Any = compiled(
    r"(?i)^(?:['’](?:s\b| )|,? ?\(?\d{1,3} ?(?:y/?o|m|f)\b|[,:]? (?:has|had|is|was|needs|wants|called|came|says|said|will|rm|room|bed|pod|s/p|c/o|w/|dob|mrn)\b)"
)


def of_nobody(read: Iterable[tuple[Document, Sequence[Hit]]]) -> bool:
    """Whether no part holds an identifier of a person, but loose dates and places, or speaks of some one person."""
    parts = list(read)
    if any(hit.kind.identifies and not loose(document, hit) for document, hits in parts for hit in hits):
        return False
    return not any(
        speaks_of_one(document.text) or _SPOKEN.search(_GENERAL.sub(" ", document.text)) for document, _ in parts
    )


def loose(document: Document, hit: Hit) -> bool:
    """Whether the hit is a date or place that needs somebody whose it is, or a lone word that nothing makes a name."""
    if hit.kind in {Kind.DATE, Kind.LOCATION}:
        return hit.by in _LOOSE and not (hit.by == "place_told" and hit.score >= _TOLD)
    return hit.kind is Kind.NAME and hit.by in _LONE and lone(document, hit.start, hit.end)


_FEW = 70
"""In so few characters a name may stand without any word beside it."""


def lone(document: Document, start: int, end: int) -> bool:
    """Whether one word stands there, which neither what is before it nor what is after it makes a person's name."""
    if not document.text[start:end].strip().rstrip(".").replace("-", "").replace("'", "").isalpha():
        return False
    before, after = document.text[max(0, start - 16) : start], document.text[end : end + 16]
    return _SAID.search(before) is None and _DOES.search(after) is None


def asks(document: Document) -> bool:
    """Whether the text asks something, in more than a few words, and speaks of nobody."""
    text = document.text
    return (
        "?" in text and len(text) > _FEW and not speaks_of_one(text) and _SPOKEN.search(_GENERAL.sub(" ", text)) is None
    )
