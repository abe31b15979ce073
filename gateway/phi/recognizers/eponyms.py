"""Whether a name stands for a disease, sign, score, operation or instrument that bears it, and for nobody.

A noun beside it says so (`Morse Fall Scale`, `circle of Willis`); so do other eponyms joined to it or listed with it.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from gateway.phi.document import Document, compiled, gated
from gateway.phi.lexicon import AMBIGUOUS, EPONYM, GIVEN, WORD
from gateway.phi.normalize import fold_name
from gateway.phi.recognizers.name_cues import word_after

_SEVERAL = 3
"""So many different eponyms make a text one about eponyms."""
_NOUNS_AHEAD = frozenset((
    "classification", "criteria", "criterion", "disease", "formula", "index", "maneuver", "manoeuvre", "murmur", "palsy", "phenomenon", "procedure", "pupil", "questionnaire", "rule", "rules", "scale", "score", "scores", "sign", "stage",
    "staging", "stain", "syndrome", "system", "test", "triad", "score:", "scale:", "atrophy", "dystrophy", "anomaly", "malformation", "lymphoma", "disease:", "rods", "bodies", "cells", "cell", "wort"
))  # fmt: skip
"""Nouns that count two or three words on as well."""
_OPERATIONS = ("ectomy", "plasty", "otomy", "ostomy", "scopy", "pexy", "rrhaphy")
_NOUNS_OF = frozenset((
    "ampulla", "angle", "artery", "band", "canal", "circle", "classification", "criteria", "crypts", "duct", "fascia", "foramen", "fossa", "gland", "glands", "islets", "law", "ligament", "line", "loop", "node", "nodes", "papilla", "phenomenon", "plane", "pouch", "rule", "score",
    "sheath", "sign", "sphincter", "stage", "syndrome", "tetralogy", "torcular", "triangle", "valve", "vein", "scale", "method", "bundle", "syndrome", "disease", "enfermedad", "síndrome", "signo", "escala"
))  # fmt: skip


_INITIALS = 3
"""So many letters at most stand for an author's given names."""
_ET_AL: Any = compiled(r"^(?: \p{Lu}{1,3})?[,.]? (?:et al\b|and colleagues|& al\b)(?:[^v]|v[^s. ]|$)")
_REFERENCE: Any = compiled(
    r"(?i)\b(?:19|20)\d\d(?: \pL{3})?;[ ]?\d{1,4}(?:\(|:)|\bdoi:? ?10\.|\bpmid\b|\bed(?:n|ition)?\., (?:19|20)\d\d|\b\d{1,4}\(\d{1,2}\):\d"
)
_JOINED_AFTER: Any = compiled(r"^(?:['’]s)?(?:,? (?:and|or|vs\.?|versus|then)|,| &|/) ?(\p{Lu}[\pL'’-]+)")
_JOINED_BEFORE: Any = compiled(r"(\p{Lu}[\pL'’-]+)(?:,? (?:and|or|vs\.?|versus|then)|,| &|/) ?$")


_GRADE: Any = compiled(r"^ (?:I[a-d]|II[a-d]?|III[a-d]?|IV[a-d]?|V[a-d]|VI)\b")
_VALUE: Any = compiled(r"^ (?:of |= ?|was |is )?\d{1,3}(?:[ ]?/[ ]?\d{1,3})?(?:[,;)]|\.(?:\s|$)|$)")


@cache
def _long_ago() -> Any:
    return gated(r"(?i)\b(?:in|since|around|by|until|of|en|desde) (?:the |los años )?1[0-8]\d\d\b|\b1[0-8]\d0s\b")


class Eponyms:
    """The eponyms of one document; what it says of the whole text is found when first asked."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._about: bool | None = None
        self._old: bool | None = None

    def named_after(self, start: int, end: int) -> bool:
        """Whether the capitalised words there are a thing's name."""
        text, lexicon = self._document.text, self._document.lexicon
        start, end = self.joined(start, end)
        words, graded = fold_name(text[start:end]), False
        while words.endswith((" i", " ii", " iii", " iv", " v")):
            words, graded = words.rpartition(" ")[0], not words.endswith((" i", " v"))
        after = text[end : end + 16]
        graded = graded or _GRADE.match(after) is not None
        if graded and " " not in words:  # a grade: `Friedman III`; a person's numeral follows a full name
            return True
        if self._rarely_borne(words) and _VALUE.match(after) is not None:  # `Epworth 15`
            return True
        if words.replace("-", " ") in lexicon.whole_eponyms or self._half(start, end, words):
            return True
        if " " not in words and self._eponym(words) and self._paired(start, end, words):
            return True
        if self._noun(end) or (self._of(start) and not self._of_somebody(words)):
            return True
        pieces = [one for one in words.replace("'", "'").replace("-", " ").split(" ") if len(one) > 1]
        known = [self._eponym(one) for one in pieces]
        if "-" in words and bool(known) and (lexicon.flags.get(words, 0) & EPONYM or (all(known) and self.about())):
            return True
        return bool(known) and all(known) and self.about()

    def _half(self, start: int, end: int, words: str) -> bool:
        """Whether the word before or after makes it a whole eponym."""
        if " " in words:
            return False
        text, whole = self._document.text, self._document.lexicon.whole_eponyms
        after = text[end : end + 24].split("\n")[0].split(" ")
        before = text[max(0, start - 24) : start].rpartition("\n")[2].split(" ")
        return (len(after) > 1 and not after[0] and f"{words} {fold_name(after[1].strip('.,:;()'))}" in whole) or (
            len(before) > 1 and not before[-1] and f"{fold_name(before[-2])} {words}" in whole
        )

    def _paired(self, start: int, end: int, words: str) -> bool:
        """Whether another eponym is joined to it: `Hunt and Hess`, `McRoberts, then Woods`, `Addison or Sheehan`."""
        text = self._document.text
        after, before = (
            _JOINED_AFTER.match(text[end : end + 40]),
            _JOINED_BEFORE.search(text[max(0, start - 40) : start]),
        )
        for found, first in ((after, True), (before, False)):
            if found is None:
                continue
            other = fold_name(found.group(1)).removesuffix("'s")
            pair = f"{words} and {other}" if first else f"{other} and {words}"
            given = self._document.lexicon.flags.get(other, 0) & GIVEN
            if pair in self._document.lexicon.whole_eponyms or (self._rarely_borne(other) and not given):
                return True
        return False

    def about(self) -> bool:
        """Whether the text is about eponyms: it has several that hardly anybody bears."""
        if self._about is None:
            seen = {
                one.low
                for one in self._document.tokens
                if one.flags & EPONYM and one.low not in self._document.lexicon.eponym_surnames
            }
            self._about = len(seen) >= _SEVERAL
        return self._about

    def history(self) -> bool:
        """Whether the text tells of years before 1900, whose people are nobody's patients."""
        if self._old is None:
            self._old = any(True for _ in self._document.spans(_long_ago()))
        return self._old

    def cited(self, start: int, end: int) -> bool:
        """Whether an author of a paper is named: `Hochberg MC et al.`, `Patel R, Nguyen TH. ... 2019;47:412`."""
        text = self._document.text
        after = text[end : end + 24]
        if _ET_AL.search(after) is not None:
            return True
        inside = text[start:end].rstrip(".").split(" ")
        initials = inside[-1] if len(inside) > 1 else (after.split() or [""])[0].strip(".,;:")
        if not initials.isalpha() or not initials.isupper() or len(initials) > _INITIALS:
            return False
        first, stop = text.rfind("\n", 0, start) + 1, text.find("\n", end)
        return (
            _REFERENCE.search(text[max(first, start - 400) : min(stop if stop >= 0 else len(text), end + 400)])
            is not None
        )

    def _rarely_borne(self, word: str) -> bool:
        """Whether it is an eponym that hardly anybody bears."""
        lexicon = self._document.lexicon
        return bool(lexicon.flags.get(word, 0) & EPONYM) and word not in lexicon.eponym_surnames

    def _eponym(self, word: str) -> bool:
        lexicon = self._document.lexicon
        return bool(lexicon.flags.get(word, 0) & EPONYM) or word in lexicon.eponym_surnames

    def joined(self, start: int, end: int) -> tuple[int, int]:
        """The words grown over hyphens and `O'` to what they are a part of."""
        text = self._document.text
        while end + 1 < len(text) and text[end] in "-'" and text[end + 1].isupper():
            end += 1
            while end < len(text) and text[end].isalpha():
                end += 1
        while start > 1 and text[start - 1] in "-'" and text[start - 2].isalpha():
            start -= 1
            while start and text[start - 1].isalpha():
                start -= 1
        return start, end

    def _noun(self, end: int) -> bool:
        """Whether the noun follows, at once or after one or two words that belong to it."""
        first = word_after(self._document, end)
        if not first:
            return False
        nouns = self._document.lexicon.eponym_nouns
        if first in nouns or first in _NOUNS_AHEAD or first.endswith(_OPERATIONS) or first.removesuffix("s") in nouns:
            return True
        after = self._document.text[end : end + 40].removeprefix("'s").split("\n")[0]
        words = after.split()[:3]
        for at, word in enumerate(words[1:], 1):
            if not words[at - 1][:1].isupper() or not words[at - 1].replace("-", "").isalpha():
                return False
            if word.lower().rstrip(".,;:()") in _NOUNS_AHEAD:
                return True
        return False

    def _of_somebody(self, words: str) -> bool:
        """Whether it begins with a given name, so that the thing is a person's own: `left node of Ann Lee`."""
        first, _, last = words.partition(" ")
        return bool(last) and self._document.lexicon.flags.get(first, 0) & (GIVEN | WORD | AMBIGUOUS) == GIVEN

    def _of(self, start: int) -> bool:
        before = self._document.lower[max(0, start - 24) : start]
        if not before.endswith((" of ", " of the ", " de ")):
            return False
        words = before.split()
        at = -3 if before.endswith(" of the ") else -2
        return len(words) >= -at and words[at].strip(".,;:()") in _NOUNS_OF
