"""Whether what was found identifies a person whose health a message speaks of.

A full name does, and numbers that one person has. A clinician's name, a lone word that may be a name, a date, a place, a
telephone number, a device's number do only where the text speaks of some one person: `the patient`, `she`, `47-year-old`.
A form's blank fields and `his or her` speak of nobody.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import Any

from gateway.domain.finding import Kind
from gateway.phi.document import Document, compiled
from gateway.phi.lexicon import EPONYM, GIVEN, PLACE, RARE, STOP, WORD, Lexicon, table
from gateway.phi.normalize import fold_name
from gateway.phi.page import DEGREES, Page
from gateway.phi.recognizers.eponyms import Eponyms
from gateway.phi.recognizers.health_terms import EVERYDAY, WEAK
from gateway.phi.recognizers.name_cues import word_after
from gateway.phi.recognizers.name_words import TITLES
from gateway.phi.recognizers.rule import Hit
from gateway.phi.shorthand import ACTS, COUNTS, KIN, SHORT, Shorthand

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
_LINE = 400
"""So many characters to either side at most are a line of a table."""
_PREPOSITIONS = frozenset({"in", "at", "from", "near", "to", "of", "by", "on"})
_CLINICIAN_BEFORE: Any = compiled(
    r"(?i)\b(?:dr|drs|doctor|doctora|dra|prof|professor|nurse|rn|np|pa-c|provider|physician|surgeon|attending|instructor|speaker|author|chair|director|president|(?:presented|taught|led|written|reviewed|edited|hosted|prepared|ordered|signed|approved|performed|authored|dictated|given|read|interpreted|referred|supervised|founded|posted) by|^by|\nby)\b[.:]?[ ]?$"
)
_CLINICIAN_AFTER: Any = compiled(
    r"(?i)^[ ]?,?[ ]?(?:m\.?d\.?|d\.?o\.?|d\.?d\.?s|r\.?n|n\.?p|p\.?a(?:-c)?|ph\.?d|pharm\.?d|d\.?p\.?t|l\.?c\.?s\.?w|m\.?p\.?h|c\.?r\.?n\.?a|f\.?a\.?c\.?[a-z])\b"
)
_COLLEAGUE_BEFORE: Any = compiled(
    r"(?i)\b(?:contact|contacting|reach|covered by|covering|cover|covers|ask for|in my absence|on my behalf|backup|call or email|questions to|rsvp to|apply to|hosted by|presented by|taught by|led by|"
    r"comunicarse con|comuníquese con|contacte a|contactar a|escriba a|dirigirse a|atender[áa]|suplencia)\b[ :,]*(?:(?:is|to|with|our|my|the|colleague|manager|a|es)[ :,]*){0,3}$"
)
_NAMED_AFTER: Any = compiled(
    r"(?i)^(?:'s)?[ -](?:murmur|sign|signs|syndrome|maneuver|manoeuvre|\pL*(?:ectomy|otomy|plasty|ostomy|emia)|forceps|retractors?|clamps?|catheters?|criteria|score|scale|classification|phenomenon|reflex|palsy|"
    r"lymphoma|tubes?|drains?|fractures?|stain|bodies|cells?|incision|disease|law|operation|suture|needle|tumou?r|sump|pupil|chart|plot|curve|rule|rules|nodes?|triad|test|sarcoma|position|method|technique)s?\b"
)
_PRINTED: Any = compiled(
    r"(?i)^(?:(?:,| and| or| vs\.?)? [\pL\pN-]{2,12}){0,2} (?:trials?|studies|study|cohorts?|registry)\b|^ (?:19|20)\d\d;"
)
"""After the name of a trial, or of a journal."""
_ILL: Any = compiled(
    r"(?i)^[^.\n]{0,12} (?:tested positive|was admitted|is admitted|is our patient|is in (?:isolation|bed|the hospital|the icu)|had (?:a|an|his|her)|has (?:stage|cancer|a|been diagnosed)|needs (?:his|her)|is on|passed out|collapsed|will be out)\b|^'s own\b"
)
_ABOUT: Any = compiled(r"(?i)^[^.\n]{0,24}\b(?:about|regarding|re|concerning)\b")
_CASE: Any = compiled(
    r"(?i)\b(?:pos|neg|positive|negative|suicidal|placed today|today|tonight|tomorrow|last night|this morning|stopped|shows|alarmed|dropped off|wore off|call now|stat|asap|admission|(?:left|right) (?:eye|ear|hip|knee|breast|arm|leg|shoulder))\b"
)


class Subject:
    """The judgment on the hits of one message."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._flags, self._nouns = lexicon.flags, lexicon.eponym_nouns
        self._shorthand = Shorthand(lexicon)
        lists = table("eponyms.toml")
        self._full = frozenset(" ".join(one.replace("-", " ").split()) for one in lists["full"])
        self._kin = frozenset(lists["kin"]) | TITLES

    def identified(self, read: Sequence[tuple[Document, Sequence[Hit], Sequence[tuple[int, int]]]]) -> bool:
        """Whether some hit identifies a person; pass only those that count, and the spans where nothing does
        (signature, disclaimer, what is the practice's own).
        """
        pages = [Page(*one) for one in read]
        doubtful: list[Page] = []
        for page in pages:
            doubt = False
            for hit in page.hits:
                if not hit.kind.identifies or hit.score < COUNTS:
                    continue
                if hit.kind is Kind.NAME and page.roles.at_work(hit.start, hit.end):
                    continue
                if (
                    hit.by != "policy_word"
                    and hit.kind not in _ABOUT_ANYONE
                    and (hit.kind is not Kind.NAME or (not page.away and self._somebody(page, hit)))
                ):
                    return True
                if hit.score >= _SURE and (hit.kind in _OF_ONE or hit.by.startswith("driver")):
                    return True
                doubt = True
            doubtful += [page] if doubt else []
        if any(
            (one.of_one and not one.of_a_clinician)
            or (len(one.document.text) <= SHORT and _CASE.search(one.document.text))
            for one in doubtful
        ):
            return True
        return any(map(_table_of_persons, pages)) or any(map(self._in_haste, pages))

    def in_haste(
        self, document: Document, hits: Sequence[Hit], without: Sequence[tuple[int, int]]
    ) -> Iterator[tuple[int, int]]:
        """The places of one part, arguments as `identified`, where somebody may be named in short."""
        yield from self._hasty(Page(document, hits, without))

    def _in_haste(self, page: Page) -> bool:
        return next(self._hasty(page), None) is not None

    def _hasty(self, page: Page) -> Iterator[tuple[int, int]]:
        """Where somebody is named in short who is no clinician, no colleague and no eponym."""
        document, without = page.document, page.without
        lower = document.lower
        elsewhere = "header:" not in document.part.lower()
        if not page.of_one and len(lower) > SHORT and page.away:
            return
        eponyms = Eponyms(document)
        for start, end in self._shorthand.persons(document, page.hits, elsewhere, page.of_one):
            at = bisect_right(without, (start, len(lower))) - 1
            if at >= 0 and start < without[at][1]:
                continue
            titled = page.titled(start, end)
            if (
                titled in page.clinicians
                and _ILL.search(lower[titled[1] : titled[1] + 48]) is None
                and not lower.startswith(("'s", "’s"), titled[1])
            ):
                continue
            if page.roles.at_work(*titled):
                continue
            before, after = lower[max(0, start - 48) : start], lower[end : end + 48]
            whole = " " in lower[start:end]
            owns = after.removeprefix("'s").lstrip(" -").split(" ", 1)[0].strip(".,;:")
            if not (
                self._nobody(document, eponyms, start, end)
                or eponyms.cited(start, end)
                or _clinician(before, after)
                or _colleague(page, before, after)
                or (not whole and (_NAMED_AFTER.search(after) or owns in self._nouns))
            ):
                yield start, end

    def _nobody(self, document: Document, eponyms: Eponyms, start: int, end: int) -> bool:
        """Whether a country is named, or a disease, sign or score by the name it bears; who does something is somebody."""
        word, after = fold_name(document.text[start:end]).removesuffix("'s"), document.lower[end : end + 24]
        flags = self._flags.get(word, 0)
        if word in document.lexicon.lands:
            return not flags & GIVEN
        if _PRINTED.search(after) is not None or word_after(document, end) in document.lexicon.lands:  # `Han Chinese`
            return True
        if ACTS.search(after) is not None or KIN.search(document.lower[max(0, start - 20) : start]) is not None:
            return False
        often = word in document.lexicon.eponym_surnames
        before = fold_name(document.text[max(0, start - 16) : start]).split()
        if " " in word or not (flags & EPONYM or often) or (before and self._flags.get(before[-1], 0) & GIVEN):
            return False
        return (not often and not flags & (GIVEN | RARE)) or eponyms.named_after(start, end)

    def _somebody(self, page: Page, hit: Hit) -> bool:
        """Whether a name, as it stands, is one of a person who is no clinician or author."""
        lower = page.document.lower
        before, after = lower[max(0, hit.start - 48) : hit.start], lower[hit.end : hit.end + 48]
        name = lower[hit.start : hit.end]
        words = name.replace("-", " ").replace(",", " ").split()
        if (
            DEGREES & {one.replace(".", "") for one in words}
            or all(one in self._kin for one in words)
            or " ".join(words) in self._full
        ):
            return False
        if _clinician(before, after) or _colleague(page, before, after) or page.roles.at_work(hit.start, hit.end):
            return False
        if _NAMED_AFTER.search(after) and (hit.by in _LONE or any(self._flags.get(one, 0) & EPONYM for one in words)):
            return False
        if len(words) == 2 and words[0] in _PREPOSITIONS and self._flags.get(words[1].strip("'.,"), 0) & PLACE:
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
        return owns or ACTS.search(lower[hit.end : hit.end + 16]) is not None


def _clinician(before: str, after: str) -> bool:
    """Whether a clinician, an author or an officer is named, and not because of an illness."""
    if _CLINICIAN_BEFORE.search(before) is None and _CLINICIAN_AFTER.search(after) is None:
        return False
    return _ILL.search(after) is None


def _colleague(page: Page, before: str, after: str) -> bool:
    """Whether a name is of somebody to turn to, and not of one about whom to turn to."""
    if _COLLEAGUE_BEFORE.search(before) is None or page.of_one:
        return False
    return page.away or (len(page.document.text) > SHORT and _ABOUT.search(after) is None)


def _table_of_persons(page: Page) -> bool:
    """Whether two lines or more hold an identifier and a matter of health each, in columns."""
    document, hits = page.document, page.hits
    ids = [hit.start for hit in hits if hit.kind.identifies and hit.kind is not Kind.LOCATION]
    terms = sorted(hit.start for hit in hits if hit.kind is Kind.HEALTH_TERM and hit.by not in {WEAK, EVERYDAY})
    lines: set[int] = set()
    for at in ids:
        start = document.text.rfind("\n", max(0, at - _LINE), at) + 1 or max(0, at - _LINE)
        end = document.text.find("\n", at, at + _LINE)
        end = min(len(document.text), at + _LINE) if end < 0 else end
        line = document.text[start:end]
        first = bisect_left(terms, start)
        if first < len(terms) and terms[first] < end and sum(map(line.count, ",;\t|")) >= 2:
            lines.add(start)
    return len(lines) > 1 and document.part.lower().startswith("attachment")
