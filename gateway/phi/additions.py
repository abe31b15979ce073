"""Names and places that the tagger alone finds: runs of tokens it is sure of, as far as the word lists do not speak
against them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gateway.domain.finding import Kind
from gateway.phi.document import Document
from gateway.phi.lexicon import AMBIGUOUS, EPONYM, GIVEN, NAME, PLACE, STOP, WORD
from gateway.phi.normalize import fold_name
from gateway.phi.recognizers.eponyms import Eponyms
from gateway.phi.recognizers.name_cues import cued, word_after
from gateway.phi.recognizers.name_words import AFTER_PEOPLE, PARTICLES
from gateway.phi.recognizers.rule import Hit
from gateway.phi.spans import begins

_SURE, _NEVER = 0.79, 2.0
_SMALL: Final = 0.85
"""A word in small letters needs more."""

Certainty = tuple[float, float, float]
"""The tagger's probabilities for one token: name, place, organisation or identifier."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """`keep`: what word lists found stands above it; `add`: what they did not find is added above it; `everywhere`:
    whether every word is looked at.
    """

    keep: float
    add: float
    everywhere: bool

    @property
    def never(self) -> float:
        """A probability below which a word begins nothing, whatever stands round it."""
        return self.add * 0.4


class Added:
    """The tagger's words on one document and what they add."""

    def __init__(
        self, document: Document, places: list[tuple[int, int]], sure: list[Certainty], likely: list[int], bounds: Bounds,
        eponyms: Eponyms,
    ) -> None:  # fmt: skip
        self._document, self._text = document, document.text
        self._places, self._sure, self._likely = places, sure, likely
        self._bounds, self._eponyms = bounds, eponyms

    def hits(self) -> Iterator[Hit]:
        """Every run that is added."""
        after, count, never = 0, len(self._places), self._bounds.never
        for at in self._likely:
            name, location, _ = self._sure[at]
            best = max(name, location)
            if at < after or best < never or best < self._least(at) or best < self._needed(at):
                continue
            last = at + 1
            while last < count and self._goes_on(last, location > name):
                last += 1
            while not self._text[self._places[last - 1][0]].isalnum():
                last -= 1
            start, end = self._whole(self._places[at][0], self._places[last - 1][1])
            if not self._means_nothing(start, end, last - at, best, location > name):
                kind = Kind.NAME if name >= location else Kind.LOCATION
                yield Hit(kind, start, end, min(_SURE, round(best, 2)), "tagger")
            after = last

    def _least(self, at: int) -> float:
        """The bound at a token: lower where a label, a greeting or a relation stands before it."""
        if max(self._sure[at][:2]) < self._bounds.never:
            return _NEVER
        return self._bounds.add * (0.5 if cued(self._document, self._places[at][0]) else 1.0)

    def _needed(self, at: int) -> float:
        """The probability from which the token begins a name or place; above 1 for one that never does."""
        start, end = self._places[at]
        word, bounds = self._text[start:end], self._bounds
        if word[0].isdigit():
            follows = at + 1 < len(self._sure) and self._sure[at + 1][1] >= bounds.add and self._word(at + 1)
            return bounds.add + 0.3 if follows and len(word) < 7 else _NEVER
        if len(word) < 2 or not word.isalpha():
            return _NEVER
        low = fold_name(word)
        lexicon = self._document.lexicon
        flags = lexicon.flags.get(low, 0)
        if flags & STOP or low in lexicon.drugs or (flags & WORD and not flags & NAME):
            return _NEVER
        if word[0].islower():
            return self._small(at, flags)
        if word.isupper() and (len(word) < 4 or not flags & NAME):
            return _NEVER
        if flags & EPONYM:
            return bounds.add + 0.4 if low in lexicon.eponym_surnames else _NEVER
        if not flags & WORD and cued(self._document, start):
            return bounds.add * 0.5
        return bounds.add + (0.4 if flags & WORD else 0.0 if flags & NAME else 0.2 if bounds.everywhere else 0.35)

    def _small(self, at: int, flags: int) -> float:
        """The same for a word in small letters: a name near a cue, or a place beside another part of an address."""
        if flags & (WORD | STOP | EPONYM):
            return _NEVER
        if flags & NAME and cued(self._document, self._places[at][0]):
            return _SMALL - 0.25
        if self._sure[at][1] > self._sure[at][0]:
            return _SMALL if flags & PLACE else _NEVER
        return _SMALL if flags & (GIVEN | AMBIGUOUS) == GIVEN else _NEVER

    def _word(self, at: int) -> bool:
        start, end = self._places[at]
        word = self._text[start:end]
        return word.isdigit() or not (word.isupper() and len(word) < 4)

    def _goes_on(self, at: int, place: bool) -> bool:
        """Whether the token at `at` belongs to the name or place before it."""
        start, end = self._places[at]
        before = self._places[at - 1][1]
        text = self._text
        if start - before > 1 or max(self._sure[at][:2]) < self._bounds.add:
            return False
        sign = text[start]
        if sign in "'-":
            return start == before and text[end : end + 1].isalpha()
        if sign == ".":
            return before - self._places[at - 1][0] < 4 and start == before and text[end : end + 2].strip().isalnum()
        return (
            sign.isupper()
            or (place and sign.isdigit())
            or text[start:end] in PARTICLES
            or (start == before and sign.isalpha())
            or (sign.isalpha() and text[self._places[at - 1][0]].islower() and self._small(at, self._flags(start, end)) <= max(self._sure[at][:2]))
        )  # fmt: skip

    def _flags(self, start: int, end: int) -> int:
        return self._document.lexicon.flags.get(fold_name(self._text[start:end]), 0)

    def _whole(self, start: int, end: int) -> tuple[int, int]:
        """The run with the `O'` before it."""
        text = self._text
        if (
            start > 1
            and text[start - 1] in "'’"
            and text[start - 2] in "OD"
            and not text[start - 3 : start - 2].isalnum()
        ):
            start -= 2
        return start, end

    def _means_nothing(self, start: int, end: int, words: int, best: float, place: bool) -> bool:
        """Whether the capital comes of a sentence's beginning, a thing bears the name, or it is a land or a car."""
        document, text = self._document, self._text
        folded = fold_name(text[start:end])
        if folded in document.lexicon.lands or self._of_car(folded, end):
            return True
        if (words < 6 and self._eponyms.named_after(start, end)) or (text[start - 1 : start] == "-" and words == 1):
            return True
        if words == 1 and self._eponyms.history() and not cued(document, start):
            return True
        if words > 1 or not begins(document, start) or place:
            return False
        flags = document.lexicon.flags.get(folded, 0)
        if flags & WORD and not flags & GIVEN:
            return not (
                cued(document, start) or word_after(document, end) in AFTER_PEOPLE or text[end : end + 2] == "'s"
            )
        return best < self._bounds.add + 0.5 and not cued(document, start)

    def _of_car(self, folded: str, end: int) -> bool:
        """Whether a plate follows, or the words are a year and a make: `2020 Corolla, PA plate`."""
        lands = self._document.lexicon.lands
        pieces = folded.replace(",", " ").split()
        after = self._document.lower[end : end + 24]
        rest = [one for one in pieces if not one.isdigit() and len(one) > 2]
        return bool(pieces) and (
            (all(one in lands for one in rest) and len(pieces) < 4 and len(rest) < len(pieces))
            or (len(pieces) == 1 and (" plate" in after[:12] or " license" in after[:12]))
        )
