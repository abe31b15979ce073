"""Named places of care, schools, prisons, churches and shelters (B): capitalised words before `Hospital`, `Nursing Home`,
`Elementary School`.

A name needs more than words that every such place has: `Community Health Center` names none.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.domain.finding import Kind
from gateway.phi.document import Document
from gateway.phi.lexicon import EPONYM, NAME, PLACE, STOP, WORD
from gateway.phi.recognizers.name_cues import word_before
from gateway.phi.recognizers.place_words import CARE, CARE_ENDS, CARE_MIDDLES, GENERIC
from gateway.phi.recognizers.rule import Hit
from gateway.phi.words import Token

_INSIDE = frozenset(
    {" ", " of ", " the ", " for ", " and ", " & ", " of the ", " for the ", "'s ", " at ", " de ", " del "}
)
_LONGEST = 7
_HOUSES = frozenset((
    "jail", "prison", "penitentiary", "reformatory", "church", "chapel", "cathedral", "basilica", "synagogue", "mosque", "elementary", "preschool", "daycare", "kindergarten", "montessori", "academy", "airport", "campground",
    "convent", "monastery", "orphanage", "seminary", "barracks",
))  # fmt: skip
"""Last words of the names of places where people live, learn, pray or are held."""
_OF_HOUSES = {
    "school": frozenset(("elementary", "middle", "high", "primary", "charter", "catholic", "montessori", "prep", "preparatory", "grammar", "nursery", "secondary", "lutheran", "christian", "magnet", "academy", "boarding", "day")),
    "facility": frozenset(("correctional", "detention", "nursing", "living", "psychiatric", "processing")),
    "center": frozenset(("correctional", "detention", "learning", "childcare", "daycare", "juvenile", "processing", "reentry", "retirement", "senior", "community", "recreation")),
    "institution": frozenset(("correctional",)), "colony": frozenset(("penal", "correctional")), "station": frozenset(("police", "fire", "railway", "train")),
    "shelter": frozenset(("homeless", "women's", "family", "emergency", "youth", "night")), "home": frozenset(("retirement", "convalescent", "group", "children's", "funeral")),
    "high": frozenset(("junior", "senior")), "park": frozenset(("home", "trailer", "rv")), "community": frozenset(("retirement", "living")), "base": frozenset(("force", "army", "naval", "corps")),
}  # fmt: skip
"""The same in two words, by the last."""
_PLAIN = GENERIC | frozenset((
    "elementary", "middle", "high", "school", "schools", "primary", "secondary", "charter", "catholic", "baptist", "methodist", "lutheran", "episcopal", "presbyterian", "orthodox", "christian", "church", "chapel", "holy", "correctional", "detention",
    "federal", "juvenile", "police", "fire", "junior", "senior", "homeless", "shelter", "retirement", "international", "mobile", "trailer", "nursery", "day", "night", "prison", "jail", "academy", "preschool", "daycare", "air", "army", "naval", "maximum", "minimum",
    "security", "each", "every", "first", "second", "learning", "childcare", "living", "independent", "convalescent", "funeral", "train", "railway", "american", "national",
))  # fmt: skip


def find_facilities(document: Document) -> Iterator[Hit]:
    """Named hospitals, clinics, health centres and homes."""
    tokens = document.tokens
    for at, token in enumerate(tokens):
        low = token.low
        before = tokens[at - 1].low if at else ""
        if (
            low in CARE
            or low in _HOUSES
            or (low in CARE_ENDS and before in CARE_MIDDLES and _beside(document, tokens, at))
            or (before in _OF_HOUSES.get(low, ()) and _beside(document, tokens, at))
        ):
            hit = _facility(document, tokens, at)
        elif low in _ORGANS and at:
            hit = _practice(document, tokens, at)
        else:
            continue
        if hit is not None:
            yield hit


_ORGANS = frozenset({"heart", "lung", "vein", "spine", "kidney"})
"""Parts of the body that practices are called by: `Bayou Teche Heart`."""
_TO = frozenset({"at", "from", "by", "to", "with"})
_FINDINGS = ("fail", "dis", "rate", "trans", "surg", "canc", "assoc", "stra", "mur", "sound", "attack", "block", "cath")


def _practice(document: Document, tokens: list[Token], last: int) -> Hit | None:
    """A place's or person's name before a part of the body, where a letter says from or to whom."""
    text, first = document.text, last
    while first and last - first < 3 and text[tokens[first - 1].end : tokens[first].start] == " ":
        first -= 1
        one = tokens[first]
        if one.flags & (STOP | EPONYM) or one.shape or (one.flags & WORD and not one.flags & (NAME | PLACE)):
            return None
    named = tokens[first:last]
    said = text[max(0, named[0].start - 6) : named[0].start].split() if named else []
    if not said or said[-1] not in _TO or not any(one.flags & PLACE or not one.flags for one in named):
        return None
    if (len(named) == 1 and named[0].flags & WORD) or document.lower.startswith(_FINDINGS, tokens[last].end + 1):
        return None
    return Hit(Kind.LOCATION, named[0].start, tokens[last].end, 0.6, "practice_of_organ")


def _beside(document: Document, tokens: list[Token], at: int) -> bool:
    return document.text[tokens[at - 1].end : tokens[at].start] == " "


def _facility(document: Document, tokens: list[Token], last: int) -> Hit | None:
    text = document.text
    first = last
    while first and last - first < _LONGEST:
        one = tokens[first - 1]
        gap = text[one.end : tokens[first].start]
        if gap not in _INSIDE or (one.text[-1] == "." and one.low not in {"st", "mt", "ft"} and not one.initial):
            break
        first -= 1
    while first < last and (
        tokens[first].low in _LEADING or (tokens[first].flags & STOP and tokens[first].low not in _PLAIN)
    ):
        first += 1
    named = any(one.low not in _PLAIN and not (one.flags & STOP) for one in tokens[first:last])
    end = tokens[last].end
    if text[end : end + 4] in {" of ", " at "} and last + 1 < len(tokens) and tokens[last + 1].start <= end + 8:
        following = tokens[last + 1]
        if text[end : following.start] in {" of ", " at ", " of the "} and not following.flags & STOP:
            end, named = following.end, True
            if (
                last + 2 < len(tokens)
                and text[end : tokens[last + 2].start] == " "
                and not tokens[last + 2].flags & STOP
            ):
                end = tokens[last + 2].end
    if not named or (first == last and end == tokens[last].end) or _firm(document, tokens[first].start, end):
        return None
    if (
        tokens[last].low in CARE - {"hospital"}
        and end == tokens[last].end
        and all(
            one.flags & WORD and not one.flags & (NAME | PLACE) and one.low not in document.lexicon.towns
            for one in tokens[first:last]
        )
    ):
        return None
    return Hit(Kind.LOCATION, tokens[first].start, end, 0.6, "facility")


def _firm(document: Document, start: int, end: int) -> bool:
    """Whether a firm is named: one that all know, or as a party, `Imaging Partners, LLC`, with nobody said to be there."""
    if document.lower[start:end] in document.lexicon.lands:
        return True
    words = document.lower[end : end + 28].split("\n")[0].replace(",", " ").split()[:2]
    return any(one.strip('.;)"') in _FORMS for one in words) and word_before(document, start) not in _TO


_FORMS = frozenset({"llc", "inc", "l.l.c", "pllc", "p.l.l.c", "llp", "ltd", "lp", "l.p", "corp", "corporation", "p.c", "plc", "gmbh"})  # fmt: skip
_LEADING = frozenset(
    {
        "the",
        "our",
        "your",
        "this",
        "that",
        "a",
        "an",
        "at",
        "in",
        "from",
        "to",
        "my",
        "his",
        "her",
        "their",
        "and",
        "of",
        "for",
        "referring",
        "outside",
        "other",
        "admit",
        "patient",
    }
)
