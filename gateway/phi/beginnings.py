"""How sure the tagger must be of a word before a name or place begins with it: what the lists, its letters and the words
beside it say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gateway.phi.certainty import Certainties
from gateway.phi.document import Document
from gateway.phi.lexicon import EPONYM, GIVEN, NAME, PLACE, STOP, WORD
from gateway.phi.normalize import fold_name
from gateway.phi.recognizers.name_cues import KIN, cued, placed, word_after, word_before
from gateway.phi.recognizers.name_words import AFTER_PEOPLE
from gateway.phi.small_names import caseless, signature, small_bound
from gateway.phi.spans import begins

NEVER: Final = 2.0
SMALL: Final = 0.85
"""A place in small letters needs more."""
WORDS: Final = 0.8
"""So does one of ordinary words."""
BEYOND_DOUBT: Final = 0.97
_PEOPLE: Final = KIN | AFTER_PEOPLE | {"brother", "kid", "lady", "man", "patient", "sister", "sisters", "son", "daughter", "woman", "tiene"}  # fmt: skip
_ARTICLES: Final = frozenset({"the", "a", "an", "el", "la", "un", "una"})
_ABBREVIATED: Final = frozenset((
    "us", "uk", "eu", "un", "dc", "po", "md", "do", "am", "pm", "iv", "im", "bc", "ad", "la", "nw", "ne", "sw", "se", "id", "no", "vs", "ph", "ba", "bs", "ma", "ms", "pa", "pc", "rn", "np", "va", "ca", "ny", "nj", "nc", "sc", "nd", "sd", "nm", "nh", "ri", "wv", "tv", "fd", "fs", "bd", "td", "qd", "qh", "sp", "nv", "sa", "cv", "ll", "rr", "bw", "eg", "ie", "cf", "eq", "pp", "ps", "mi", "sn", "pn", "re", "eu", "sj", "wt", "ht", "bm"
))  # fmt: skip
"""Two dotted letters that are nobody's initials."""


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


class Beginnings:
    """The tagger's words on one document, asked for the token at a place."""

    def __init__(self, document: Document, places: list[tuple[int, int]], sure: Certainties, bounds: Bounds) -> None:
        self._document, self._text = document, document.text
        self._places, self._sure, self._bounds = places, sure, bounds
        self._bare = caseless(document)
        self._signature = signature(document)

    def _least(self, at: int) -> float:
        """The bound at a token: lower where a label, a greeting or a relation stands before it."""
        if max(self._sure[at][:2]) < self._bounds.never:
            return NEVER
        return self._bounds.add * (0.5 if cued(self._document, self._places[at][0]) else 1.0)

    def needed(self, at: int) -> float:
        """The probability from which the token begins a name or place; above 1 for one that never does."""
        least = self._least(at)
        return least if least >= NEVER else max(least, self._needed(at))

    def _needed(self, at: int) -> float:
        start, end = self._places[at]
        word, bounds = self._text[start:end], self._bounds
        if word[0].isdigit():
            return self._of_number(at) if len(word) < 7 else NEVER
        if len(word) < 2 and word.isupper() and word.isalpha():
            return self._of_initial(at)
        if len(word) < 2 or not word.isalpha():
            return NEVER
        low = fold_name(word)
        lexicon = self._document.lexicon
        flags = lexicon.flags.get(low, 0)
        if low in lexicon.drugs or low in lexicon.conditions:
            return NEVER
        if word[0].islower():
            return self.small(at, flags)
        if flags & STOP or (flags & WORD and not flags & GIVEN and self._of_a_thing(at)):
            return NEVER
        if flags & WORD and not flags & NAME:
            return self._of_words(at)
        if word.isupper() and len(word) < 4:
            return self._of_letters(at, flags)
        if word.isupper() and not flags & NAME:
            return NEVER
        if flags & EPONYM:
            return self._of_eponym(at, often=low in lexicon.eponym_surnames)
        if not flags & WORD and cued(self._document, start):
            return bounds.add * 0.5
        return bounds.add + (0.55 if flags & WORD else 0.0 if flags & NAME else 0.2 if bounds.everywhere else 0.35)

    def _of_number(self, at: int) -> float:
        """The same for a number: the word after it is of a place, beyond much doubt if it is an ordinary one (`45 Gas`)."""
        if at + 1 >= len(self._sure) or self._sure[at + 1][1] < self._bounds.add or not self._word(at + 1):
            return NEVER
        word = fold_name(self._text[slice(*self._places[at + 1])])
        return 0.9 if self._document.lexicon.flags.get(word, 0) & WORD else self._bounds.add + 0.3

    def _of_eponym(self, at: int, *, often: bool) -> float:
        """The same for a word that a disease or sign is called by; `often`: many people bear it."""
        if often:
            return self._bounds.add + 0.4
        return 0.9 if cued(self._document, self._places[at][0]) or self.followed(at, 0) else NEVER

    def _of_words(self, at: int) -> float:
        """The same for an ordinary word with a capital: it begins a place behind a word of place (`at Sacred Heart`) or
        before another word of it (`Bad Langensalza`), and a name that is beyond doubt (`"Bug"`).
        """
        start, end = self._places[at]
        if not self._text[start:end].istitle():
            return NEVER
        if cued(self._document, start):
            return 0.85
        if begins(self._document, start):
            return NEVER
        if self._sure[at][0] > self._sure[at][1]:
            return BEYOND_DOUBT
        return WORDS if placed(self._document, start) or self.followed(at, 1) else NEVER

    def _of_a_thing(self, at: int) -> bool:
        """Whether the word right before is of a country or people (`American Heart`), or an article before what the tagger
        takes for a person and no word for people follows: `the Copper file`, and not `the Woods sisters`.
        """
        start, end = self._places[at]
        before = self._places[at - 1] if at else (0, 0)
        if start - before[1] == 1 and fold_name(self._text[slice(*before)]) in self._document.lexicon.lands:
            return True
        name, location, _ = self._sure[at]
        if name <= location or self._bounds.everywhere or word_before(self._document, start) not in _ARTICLES:
            return False
        return word_after(self._document, end) not in _PEOPLE

    def _of_letters(self, at: int, flags: int) -> float:
        """The same for two or three capitals: initials (`PJ signed`), not where all is written so, and no abbreviation or place."""
        start, end = self._places[at]
        around = self._text[max(0, start - 24) : start] + self._text[end : end + 24]
        if around.upper() == around or any(map(str.isdigit, self._text[max(0, start - 2) : end + 2])):
            return NEVER
        if self._sure[at][1] > self._sure[at][0] or self._text[start:end].lower() in _ABBREVIATED or flags & WORD:
            return NEVER
        return BEYOND_DOUBT

    def followed(self, at: int, which: int) -> bool:
        """Whether a capitalised word that is no doubt of the same name (0) or place (1) comes next."""
        if at + 1 >= len(self._sure) or self._sure[at + 1][which] < 0.9:
            return False
        start, end = self._places[at + 1]
        return start - self._places[at][1] == 1 and self._text[start].isupper() and end - start > 2

    def _of_initial(self, at: int) -> float:
        """The same for a capital letter that another follows, dotted: `J.R.` and no `U.S.`."""
        start, end = self._places[at]
        after = self._text[end : end + 4].replace(" ", "")
        if any(map(str.isdigit, self._text[max(0, start - 5) : start])):  # `45 C.F.R.`
            return NEVER
        if len(after) < 3 or after[0] != "." or not after[1].isupper() or after[2] != ".":
            return NEVER
        return NEVER if (self._text[start] + after[1]).lower() in _ABBREVIATED else 0.6

    def small(self, at: int, flags: int) -> float:
        """The same for a word in small letters: a place only where a list has it as one and as nothing else."""
        start = self._places[at][0]
        if self._signature is not None and start == self._signature[0]:
            return BEYOND_DOUBT if flags & (WORD | STOP) and not flags & GIVEN else SMALL
        if self._sure[at][1] > self._sure[at][0]:
            return SMALL if flags & (PLACE | WORD | STOP | EPONYM) == PLACE else NEVER
        return small_bound(flags, cued(self._document, start), self._bare)

    def _word(self, at: int) -> bool:
        start, end = self._places[at]
        word = self._text[start:end]
        return word.isdigit() or not (word.isupper() and len(word) < 4)
