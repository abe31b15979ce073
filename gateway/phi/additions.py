"""Names and places that the tagger alone finds: runs of tokens it is sure of, as far as the word lists do not speak
against them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gateway.domain.finding import Kind
from gateway.phi.beginnings import BEYOND_DOUBT, SMALL, WORDS, Beginnings, Bounds
from gateway.phi.certainty import Certainties
from gateway.phi.document import Document
from gateway.phi.lexicon import GIVEN, NAME, STOP, SURNAME, WORD
from gateway.phi.normalize import fold_name
from gateway.phi.recognizers.eponyms import Eponyms
from gateway.phi.recognizers.name_cues import cued, word_after, word_before
from gateway.phi.recognizers.name_words import AFTER_PEOPLE, PARTICLES, SENTENCES_BEGIN
from gateway.phi.recognizers.rule import Hit
from gateway.phi.spans import begins

_SURE: Final = 0.79
_BEFORE: Final = frozenset(
    {"van", "von", "der", "den", "ter", "ten", "bin", "ibn", "al", "el", "abu", "zu", "vander", "'t"}
)
"""Particles that belong to the name after them in any language."""
_UNITS: Final = frozenset({"flat", "unit", "apt", "suite", "room", "lot", "house", "plot", "floor"})
"""What the number that a place begins with counts."""
_ZIP: Final = 5
"""The digits of a ZIP code: no other number alone is a place."""
_STATES: Final = frozenset({"virginia", "georgia"})
"""States that are given names too, so that no list of lands has them."""
_OPENERS: Final = frozenset({"st", "st.", "saint", "ste", "mt", "mt.", "mount", "fort", "ft", "ft.", "port", "old", "new", "north", "south", "east", "west", "upper", "lower", "lake", "little", "big", "el", "san", "santa", "cape", "holy", "great"})  # fmt: skip
"""Capitalised words that open the name of a place."""
_BEFORE_A_PLACE: Final = 3
"""So many words at most, small ones as a rule, open the name of a place."""
_WITHIN: Final = frozenset({"of", "on", "at", "and", "de", "del", "des", "du", "la", "le", "near", "the"})
"""Small words within the name of a place: `King of Prussia`, `University Medical on Alameda`."""

_TH: Final = frozenset({"st", "nd", "rd", "th"})
_TO_A_STREET: Final = frozenset({"at", "on", "off", "near", "and", "&", "to", "between", "from", "of", "by"})
"""What stands before the ordinal of a street: `off 21st`, and not `Nelson, 21st ed.`"""


class Added:
    """The tagger's words on one document and what they add."""

    def __init__(
        self, document: Document, places: list[tuple[int, int]], sure: Certainties, likely: list[int], bounds: Bounds,
        eponyms: Eponyms,
    ) -> None:  # fmt: skip
        self._document, self._text = document, document.text
        self._places, self._sure, self._likely = places, sure, likely
        self._bounds, self._eponyms = bounds, eponyms
        self._begins = Beginnings(document, places, sure, bounds)

    def hits(self) -> Iterator[Hit]:
        """Every run that is added."""
        after, count, never = 0, len(self._places), self._bounds.never
        for at in self._likely:
            name, location, _ = self._sure[at]
            best = name + location  # which of the two it is does not matter for whether it is masked
            if at < after or best < never or best < self._begins.needed(at):
                continue
            last = at + 1
            while last < count and self._goes_on(last, location > name):
                last += 1
            while last > at + 1 and self._loose(last - 1, location > name):
                last -= 1
            first = at + 1 if last > at + 1 and self._opens_sentence(at) else at
            start, end = self._whole(self._places[first][0], self._places[last - 1][1])
            start = self._opened(start, at) if location > name else start
            if not self._means_nothing(start, end, last - at, best, location > name):
                kind = Kind.NAME if name >= location else Kind.LOCATION
                yield Hit(kind, start, end, min(_SURE, round(best, 2)), "tagger")
            after = last

    def _opens_sentence(self, at: int) -> bool:
        """Whether the first word of a run is only what a sentence began with: `In Baker`."""
        start, end = self._places[at]
        return self._text[start:end] in SENTENCES_BEGIN

    def _loose(self, at: int, place: bool) -> bool:
        """Whether a run must not end with the token: a sign, or in a place a word that joins two; `le` and `del` are names."""
        start, end = self._places[at]
        return not self._text[start].isalnum() or (place and self._text[start:end] in _WITHIN)

    def _goes_on(self, at: int, place: bool) -> bool:
        """Whether the token at `at` belongs to the name or place before it."""
        start, end = self._places[at]
        before = self._places[at - 1][1]
        text = self._text
        if start - before > 1:
            return False
        if place and text[start:end] == "and" and self._sure[at - 1][1] >= 0.9 and self._begins.followed(at, 1):
            return True
        if max(self._sure[at][:2]) < self._bounds.add and not self._surname_of(at):
            return False
        sign = text[start]
        if place and sign == "&":
            return self._begins.followed(at, 1) or (at + 1 < len(self._sure) and self._sure[at][1] >= WORDS)
        if sign in "'-":
            return start == before and text[end : end + 1].isalpha()
        if sign == ".":
            return (
                before - self._places[at - 1][0] < 4 and start == before and text[end : end + 2].strip()[:1].isalnum()
            )
        return (
            sign.isupper()
            or (place and (sign.isdigit() or (sign.isalpha() and text[start:end] in _WITHIN)))
            or text[start:end] in PARTICLES
            or (start == before and sign.isalpha())
            or (sign.isalpha() and self._small_again(at))
        )

    def _surname_of(self, at: int) -> bool:
        """Whether a capitalised word that is no ordinary one follows a name that is beyond doubt, and may be one too."""
        start, end = self._places[at]
        if self._sure[at - 1][0] < 0.9 or sum(self._sure[at][:2]) < 2 * self._bounds.never:
            return False
        return self._text[start:end].istitle() and end - start > 2 and not self._flags(start, end) & (WORD | STOP)

    def _small_again(self, at: int) -> bool:
        """Whether a word in small letters goes on with a name that has none either: `maria gonzalez`, `jo e. bell`."""
        start, end = self._places[at]
        if not self._text[self._places[at - 1][0]].islower() and self._text[self._places[at - 1][0]] not in ".-'":
            return False
        flags = self._flags(start, end)
        if self._sure[at][1] > self._sure[at][0]:
            state = end - start == 2 and self._sure[at][1] > SMALL  # `athens oh 45701`
            return state or self._begins.small(at, flags) <= self._sure[at][1]
        return not flags & STOP or end - start == 1 or (bool(flags & SURNAME) and self._sure[at][0] > SMALL)

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
        if text[start].isdigit():
            word = text[max(0, start - 8) : start - 1].replace("\t", " ").replace("\n", " ").rpartition(" ")[2]
            return (start - len(word) - 1 if text[start - 1] == " " and word.lower() in _UNITS else start), end
        if text[start].islower():  # `los angeles`
            word = text[max(0, start - 7) : start - 1].rpartition(" ")[2]
            if (
                start > 1
                and text[start - 1] == " "
                and word in {"los", "las", "san", "santa", "new", "fort", "port", "st"}
            ):
                start -= len(word) + 1
        return self._with_particles(start), end

    def _opened(self, start: int, at: int) -> int:
        """The place where `Old`, `Saint` or `North` before the name of a place begins, or a small word that is no doubt of
        it: `the Heights`, `contrada Gibil`.
        """
        text = self._text
        while start > 1 and text[start - 1] == " ":
            word = text[max(0, start - 7) : start - 1].replace("\n", " ").rpartition(" ")[2]
            if not word[:1].isupper() or word.lower() not in _OPENERS:
                break
            start -= len(word) + 1
        while at and self._places[at][0] >= start:
            at -= 1
        for one in range(at, max(-1, at - _BEFORE_A_PLACE), -1):
            first, end = self._places[one]
            if end != start - 1 or text[end] != " " or self._sure[one][1] < WORDS or not text[first:end].isalpha():
                break
            if text[first:end] in SENTENCES_BEGIN:
                break
            start = first
        return start

    def _with_particles(self, start: int) -> int:
        """The place where `van der`, `al-` or an initial before the name begins."""
        text = self._text
        while start > 1 and text[start - 1] in " -":
            first = max(text.rfind(" ", 0, start - 1), text.rfind("\n", 0, start - 1), start - 8) + 1
            word = text[first : start - 1].lstrip("\"'([“")
            letter = word.removesuffix(".")
            if not (word.lower() in _BEFORE or (len(letter) == 1 and letter.isupper() and letter not in "IA")):
                return start
            start -= len(word) + 1
        return start

    def _means_nothing(self, start: int, end: int, words: int, best: float, place: bool) -> bool:
        """Whether the capital comes of a sentence's beginning, a thing bears the name, or it is a land or a car."""
        document, text = self._document, self._text
        folded = fold_name(text[start:end])
        if folded in document.lexicon.lands or self._of_car(folded, end) or (place and folded in _STATES):
            return True
        first, last = self._eponyms.joined(start, end)
        thing = fold_name(text[first:last])
        if thing in document.lexicon.drugs or thing in document.lexicon.health["strong"]:
            return True
        if self._eponyms.cited(start, end) or (place and text[start:end].isdigit() and end - start != _ZIP):
            return True
        if document.lower[max(0, start - 12) : start].endswith(("state of ", "estado de ")):
            return True
        if place and folded[:-2].isdigit() and folded[-2:] in _TH and word_before(document, start) not in _TO_A_STREET:
            return True
        if (words < 6 and self._eponyms.named_after(start, end)) or (text[start - 1 : start] == "-" and words == 1):
            return True
        if words == 1 and self._eponyms.history() and not cued(document, start):
            return True
        if words > 1 or not begins(document, start) or place:
            return False
        flags = document.lexicon.flags.get(folded, 0)
        if flags & WORD and not flags & GIVEN:
            return best < BEYOND_DOUBT and not (
                cued(document, start) or word_after(document, end) in AFTER_PEOPLE or text[end : end + 2] == "'s"
            )
        told = flags & NAME or text[end : end + 2] in {", ", "'s"} or word_after(document, end) in AFTER_PEOPLE
        return best < self._bounds.add + (0.3 if told else 0.5) and not cued(document, start)

    def _of_car(self, folded: str, end: int) -> bool:
        """Whether a plate follows, or the words are a year and a make: `2020 Corolla, PA plate`."""
        lands = self._document.lexicon.lands
        pieces = folded.replace(",", " ").split()
        after = self._document.lower[end : end + 24]
        rest = [one for one in pieces if not one.isdigit() and len(one) > 2]
        return bool(pieces) and bool(
            (rest and all(one in lands for one in rest) and len(pieces) < 4 and len(rest) < len(pieces))
            or (len(pieces) == 1 and (" plate" in after[:12] or " license" in after[:12]))
        )
