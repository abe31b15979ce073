"""Persons as people in a hurry write them: `Jones rm 4`, `pt JD`, `marthas lisinopril`, `Zoe 3yo`, `dob 3 14 57`.

A lone name, a pair of initials, a given name in small letters says little by itself, and in a long text it may be anything.
In a mail of a few lines that speaks of health, or beside a matter of health in one sentence, it is the person whose health
it is. This judges the verdict only; what is masked is what the recognisers found.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Any

from gateway.domain.finding import Kind
from gateway.phi.document import Document, compiled
from gateway.phi.lexicon import AMBIGUOUS, EPONYM, GIVEN, NAME, PLACE, STOP, WORD, Lexicon
from gateway.phi.recognizers.health_terms import EVERYDAY, WEAK
from gateway.phi.recognizers.rule import Hit

SHORT = 300
"""A text of so many characters or fewer speaks of one matter."""
_NEAR = 60
"""In a longer one, name and matter of health stand so near each other, in one sentence."""
_MANY = 2000
"""So many names are looked at; a text of more is a list, and a list has names that the recognisers know."""
COUNTS = 0.45
"""An identifier below this score does not make a message PHI."""
_SENTENCE = re.compile(r"[.!?]\s|\n")
_LETTERS: Any = compiled(
    r"^(?i:pt|ot|st|er|or|ed|iv|im|po|bp|hr|ct|mr|us|ok|id|md|rn|np|pa|dr|is|am|pm|no|to|of|in|on|at|ra|dm|mi|pe|si|hi|vs|re|i\.?e|e\.?g|p\.?s|p\.?o|a\.?m|p\.?m|u\.?s|m\.?d|r\.?n)\.?\s?$"
)
_INITIALS: Any = compiled(
    r"\b(?i:pt|pcte|paciente|patient|client|resident|initials|subject|mr|mrs|ms|bed|rm|room)(?:[.:] ?| )(?:\d{1,3}[A-D]?,? )?([A-Z]\.?[A-Z]\.?(?:[A-Z]\.?)?)(?:[^A-Za-z0-9/-]|$)|(?:^|[.:;,(]\s|\n)([A-Z]\.[ ]?[A-Z]\.(?:[ ]?[A-Z]\.)?)[ ,(]|(?:^|\n)([A-Z]{2,3})[,;\t ]{1,2}\d{1,3}[,;\t ]{0,2}(?:[MF]|y/?o)\b"
)
_NUMBERS: Any = compiled(
    r"(?i)\b(?:dob|d\.o\.b\.?|d[0o]b|born|birth ?date|nacid[oa]|nació|fecha de nacimiento|b\.?)(?: (?:on|el))?[ :.]{1,3}[\do]{1,2}[ /.-](?:de )?[a-zl\d]{1,10}[ /.-](?:de )?[\do]{2,4}\b|\b(?:mrn|chart|acct|record|pt|patient|encounter|accession)(?: ?(?:no|num|number|id))?[ .:#]{1,3}\d{4,12}\b|(?:^|[ (,;])#\d{5,10}\b|(?:^|\n)\d{6,10}(?:[,;\t:]| - )|\baccession[ :#]{1,2}[a-z]{1,3}\d{2}-\d{3,8}\b|\b(?:the|our|my) \d{1,2}(?::\d\d)? ?(?:am|pm|o['’]?clock) (?:from|on|yesterday|today|patient|pt|lady|guy|gentleman|kid)\b|\b(?:mrs|mr|ms|sra) [a-z]\b\.? |\b(?:9\d|1[01]\d) ?(?:[mf]|y/?o)\b"
)
_ANY_ID: Any = compiled(
    r"(?i)\b(?:pump|pacemaker|implants?|defibrillator|icd|hearing aids?|concentrator|cpap|wheelchair|stent|valve|cochlear implant|prosthesis|cgm)[ ,]{1,2}(?:(?:serial|s/?n|no\.?|number)[ :#]{1,2})?(?:[a-z0-9]{1,8}-)?[a-z]{0,4}\d{4,}[a-z0-9-]*"
)
_LOWER: Any = compiled(r"(?:^|[^\pL'])([a-z]{3,20})")
_UNDERSCORED: Any = compiled(r"_([A-Z][a-z]{2,20})")
_GARBLED: Any = compiled(
    r"\b[A-Za-z]*[A-Za-z][01345][A-Za-z][A-Za-z0-9]*\b|\b[01345][a-z]{3,}\b|\bl[b-df-hj-km-np-tv-xz][a-z]{2,}\b"
)
_JOINED: Any = compiled(r"\b[A-Z][a-z]{2,}(?:[A-Z][a-z]{2,}){1,3}")
_HUMP = re.compile(r"[A-Z][a-z]+")
_TOLD: Any = compiled(
    r"(?i)^(?:['’]?s?)?[ ,:;(/-]{1,3}(?:rm\b|room \d|bed \d|\d{1,3} ?(?:y/?o|yr|yrs|mo|[mf])\b|\d{1,4}[a-d]?\b ?[-:]|dob\b|mrn\b|s/p\b|c/o\b|w/|hx\b)|^ \([^)\n]{0,16}\b(?:bed|rm|room) ?\d"
)
KIN: Any = compiled(
    r"(?i)\b(?:mom|mum|dad|mother|father|grand(?:ma|pa|mother|father)|wife|husband|hubby|son|daughter|brother|sister|aunt|uncle|niece|nephew|baby|little|patient|pt|mamá|papá|hij[oa]|abuel[oa]|espos[oa]|don|doña|mr|mrs|ms|señora?|sra?|miss)\.?[ (=,]{1,3}(?:of |de |is )?$"
)
ACTS: Any = compiled(
    r"(?i)^(?:['’]?s?)?(?: himself| herself)?[ ](?:\pL{3,12}ed (?:his|her)|has|had|is|was|needs|needed|came|comes|called|calls|takes|took|will|wants|says|said|reports|reported|started|should|got|gets|went|missed|asked|asks|left|did|does|"
    r"tiene|tuvo|está|estaba|fue|necesita|vino|llamó|toma|quiere|dice|pidió|would|can|cannot|can't|feels|felt|lost|fell|relapsed|swallowed|refuses|refused|cries|cried|threw|vomited|stopped|tested|keeps|kept|hurt|hurts|thinks|thought|couldn't|won't|doesn't|didn't|isn't|hasn't|cut|broke|delivered|belongs|salió)\b"
)
_TITLE: Any = compiled(r"(?i)\b(?:mrs|mr|ms|miss|don|doña|sra|señora|señor)\.? $")
_PRONOUNS = frozenset(
    {"i", "he", "she", "it", "we", "you", "they", "this", "that", "patient", "patients", "pt", "pts", "baby", "how", "what", "when", "where", "which", "who", "why"}
)  # fmt: skip
"""What stands for a person, or asks for one, and names none."""
_OWNS: Any = compiled(r"^['’]s [a-z0-9]")
_PAIRS: Any = compiled(r"(?:^|[^\pL.])[A-Z]\. ?[A-Z]\pL{3,}(?:\PL|$)|\b([A-Z]\pL+ [A-Z]\pL+)['’]s [A-Za-z0-9]")
"""An initial and a word, or two capitalised words that own something: `Ana Sallow's test`."""
_FAULTS = {"0": "o", "1": "il", "3": "e", "4": "a", "5": "s", "l": "i"}


class Shorthand:
    """Finds in one document the places where somebody may be named."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._flags, self._given = lexicon.flags, lexicon.small_given

    def persons(self, document: Document, hits: Sequence[Hit], elsewhere: bool, one: bool) -> Iterator[tuple[int, int]]:
        """Where a person may be named beside a matter of health; `elsewhere`: another part may speak of health,
        `one`: this part speaks of some one person.
        """
        text = document.text
        short = len(text.strip()) <= SHORT
        health = sorted(
            hit.start for hit in hits if hit.kind is Kind.HEALTH_TERM and hit.by not in {WEAK, EVERYDAY, "class_minor"}
        )
        if not health and not (short and elsewhere):
            return
        names = [*self._capitalised(document, hits, short, one), *self._numbers(document)]
        names += self._small(document, health, short, one)
        terms = [(hit.start, hit.end) for hit in hits if hit.kind is Kind.HEALTH_TERM] if short else []
        names += (one for one in self._garbled(document) if not _within(one, terms)) if short else ()
        for start, end in names[:_MANY]:
            if short or _beside(text, start, end, health):
                yield start, end

    def _capitalised(
        self, document: Document, hits: Sequence[Hit], short: bool, one: bool
    ) -> Iterator[tuple[int, int]]:
        """Names of the lists and of the recognisers, initials."""
        terms = {(hit.start, hit.end) for hit in hits if hit.kind is Kind.HEALTH_TERM}
        strong = {hit.start for hit in hits if hit.kind is Kind.HEALTH_TERM and hit.by not in {WEAK, EVERYDAY}}
        found = {hit.start for hit in hits if hit.kind is Kind.NAME and hit.score > COUNTS}
        loud = document.text.isupper()
        for token in document.tokens:
            start, end, flags = token.start, token.end, token.flags
            if token.low.split("'")[0] in _PRONOUNS:
                continue
            if token.initial or not flags & NAME or (token.shouted and not loud and len(token.low) < 5):
                continue
            other = WORD | AMBIGUOUS | STOP | (0 if short else EPONYM)
            named = (start, end) not in terms and not flags & (
                other if _begins(document.text, start) else other | PLACE
            )
            after = document.text[end : end + 24]
            known = not flags & STOP
            if (
                (named and (short or start in found))
                or (known and KIN.search(document.text[max(0, start - 20) : start]))
                or (known and _TOLD.search(after))
                or (short and (one or known) and (ACTS.search(after) or _OWNS.search(after)))
            ) or (
                (short and known and flags & (GIVEN | EPONYM) and (start, end) not in terms)
                and _begins(document.text, start)
                and not strong.isdisjoint(range(end + 1, end + 6))
            ):
                yield start, end
        for hit in hits:
            if (
                hit.kind is Kind.NAME
                and hit.score >= COUNTS
                and short
                and self._name(document.lower[hit.start : hit.end])
            ):
                yield hit.start, hit.end
        # A group that took no part gives the whole match (Document.spans), which `_LETTERS` hardly ever refuses; to mend
        # that would let mails go that are held today.
        for group in (1, 2, 3):
            for start, end in document.spans(_INITIALS, group):
                if not _LETTERS.search(document.text[start:end]):
                    yield start, end
        yield from self._pairs(document, terms) if short else ()

    def _pairs(self, document: Document, terms: set[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        for start, end in document.spans(_PAIRS, 1):
            if not any(a < end and start < b for a, b in terms):
                yield start, end

    def _numbers(self, document: Document) -> Iterator[tuple[int, int]]:
        yield from document.spans(_NUMBERS)
        yield from document.spans(_ANY_ID)

    def _small(self, document: Document, health: list[int], short: bool, one: bool) -> Iterator[tuple[int, int]]:
        """Given names in small letters, `marthas` too."""
        text = document.text
        for start, end in document.spans(_LOWER, 1):
            word, after = text[start:end], text[end : end + 24]
            if text[end : end + 1].isalpha():
                continue
            given, flags = word in self._given, self._flags.get(word, 0)
            owned = word.endswith("s") and word[:-1] in self._given and not self._common(word)
            before = text[max(0, start - 20) : start]
            does = KIN.search(before) or ACTS.search(after)
            if (
                (given and short)
                or (does and (given or (flags & NAME and not self._common(word))))
                or (owned and (short or _soon(health, end)))
                or (short and not flags and _TITLE.search(before))
                or (short and not flags and word.endswith("s") and _begins(text, start) and _next(health, end))
                or (does and short and one and flags & GIVEN and _begins(text, start))
            ):
                yield start, end

    def _garbled(self, document: Document) -> Iterator[tuple[int, int]]:
        """Names in file names, run together, and as a bad scan spells them."""
        text = document.text
        for start, end in document.spans(_UNDERSCORED, 1):
            if self._flags.get(text[start:end].lower(), 0) & NAME and not self._common(text[start:end].lower()):
                yield start, end
        for start, end in document.spans(_JOINED):
            if all(self._flags.get(one.lower(), 0) & NAME for one in _HUMP.findall(text[start:end])[:2]):
                yield start, end
        for start, end in document.spans(_GARBLED):
            if any(
                self._flags.get(one, 0) & NAME and not self._common(one) for one in _mended(text[start:end].lower())
            ):
                yield start, end

    def _name(self, words: str) -> bool:
        return not all(self._common(one.strip("'.,")) for one in words.replace("-", " ").split())

    def _common(self, word: str) -> bool:
        return self._flags.get(word, 0) & (WORD | STOP) != 0


def _within(place: tuple[int, int], terms: list[tuple[int, int]]) -> bool:
    """Whether a word of health covers the place: `FreeStyle Libre`."""
    return any(start <= place[0] and place[1] <= end for start, end in terms)


def _next(health: list[int], end: int) -> bool:
    return bisect_left(health, end) < bisect_left(health, end + 3)


def _soon(health: list[int], end: int) -> bool:
    at = bisect_left(health, end)
    return at < len(health) and health[at] <= end + _NEAR // 2


def _begins(text: str, start: int) -> bool:
    """Whether only signs of a list stand before the place on its line."""
    before = text[max(0, start - 12) : start].rstrip(" \t>*-•,;:")
    return before.endswith("\n") or (not before and start <= 12)


def _mended(word: str) -> list[str]:
    """What a word may have been before a scanner or a joker put digits for letters."""
    found = [""]
    for sign in word[:20]:
        more = _FAULTS.get(sign, sign) + (sign if sign == "l" else "")
        found = [one + other for one in found[:8] for other in more]
    return found


def _beside(text: str, start: int, end: int, health: list[int]) -> bool:
    """Whether a matter of health stands in the same sentence, near the place."""
    at = bisect_left(health, start - _NEAR)
    while at < len(health) and health[at] <= end + _NEAR:
        low, high = sorted((health[at], start))
        if not _SENTENCE.search(text, low, high):
            return True
        at += 1
    return False
