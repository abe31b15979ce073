"""The capitalised words of a text, each with what the lexicon says of it: what names and places are read from.

Python's `re` finds them: one class after another, nothing repeated inside a repetition, so time stays linear.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from gateway.phi.lexicon import AMBIGUOUS, EPONYM, GIVEN, PLACE, STOP, SURNAME, WORD, Lexicon
from gateway.phi.normalize import fold_name

INITIAL: Final = 1
"""One letter, with or without a dot."""
SHOUTED: Final = 2
"""All capitals, two letters or more."""
_MEMO = 50_000
"""So many words of the lists are remembered with their class; words that no list has never are."""
_LONGEST_SHORT = 5
"""A word of more letters than these has a dot only at the end of a sentence."""
_ASCII = re.compile(r"[A-Z][A-Za-z]*(?:['\-][A-Za-z]+)*\.?")
_WITHIN = re.compile(r"(?<![A-Za-z0-9_])" + _ASCII.pattern)
"""The same, but no tail of a word; slower, because it looks back from every place."""
_MARKS = "\u0300-\u036f"


@dataclass(slots=True, eq=False)
class Token:
    """A capitalised word; `low` is folded for the lexicon, without a possessive 's or a final dot."""

    start: int
    end: int
    text: str
    low: str
    flags: int
    shape: int

    @property
    def initial(self) -> bool:
        """Whether it is one letter, with or without a dot."""
        return bool(self.shape & INITIAL)

    @property
    def shouted(self) -> bool:
        """Whether it is all capitals."""
        return bool(self.shape & SHOUTED)


@cache
def _any_script() -> re.Pattern[str]:
    """The same for texts that are not ASCII."""
    large = "".join(chr(one) for one in range(0x80, 0xFFFF) if chr(one).isupper())
    letters = rf"(?:[^\W\d_]|[{_MARKS}])"
    return re.compile(rf"(?<!\w)[A-Z{re.escape(large)}]{letters}*(?:['\-]{letters}+)*\.?")


def capitalised(text: str, lexicon: Lexicon) -> list[Token]:
    """All capitalised words in order; none that a digit follows or that is the tail of another word."""
    known, memo, length = lexicon.flags, lexicon.seen, len(text)
    found: list[Token] = []
    for start, end in _ascii(text) if text.isascii() else [one.span() for one in _any_script().finditer(text)]:
        if end < length and text[end].isdigit():
            continue
        word = text[start:end]
        seen = memo.get(word)
        if seen is None:
            seen = _classed(word, known)
            if seen[2] and len(memo) < _MEMO:
                memo[word] = seen
        found.append(Token(start, start + len(seen[0]), *seen))
    return found


def _ascii(text: str) -> list[tuple[int, int]]:
    spans = [one.span() for one in _ASCII.finditer(text)]
    if any(one.isalnum() or one == "_" for one in {text[start - 1 : start] for start, _ in spans}):
        return [one.span() for one in _WITHIN.finditer(text)]
    return spans


def _classed(word: str, known: dict[str, int]) -> tuple[str, str, int, int]:
    """Text, folded text, flags and shape of a word as it was matched."""
    stem = word
    if word[-1] == ".":
        stem = word[:-1]
        if len(stem) > _LONGEST_SHORT:
            word = stem
    if len(stem) > 2 and stem[-2] == "'" and stem[-1] in "sS":
        word = stem = stem[:-2]
    low = fold_name(stem)
    flags = known.get(low)
    if flags is None:
        flags = joined_flags(low, known)
    return word, low, flags, INITIAL if len(stem) == 1 else SHOUTED if stem.isupper() else 0


def joined_flags(low: str, known: dict[str, int]) -> int:
    """What the lexicon says of a word with hyphens or apostrophes that it does not hold: what all its pieces are."""
    joined = low.replace("'", "").replace("-", "")
    if joined == low:
        return 0
    if "-" in low:
        pieces = [known.get(one, 0) for one in low.split("-")]
        both = pieces[0]
        for one in pieces[1:]:
            both &= one
        return both or known.get(joined, 0)
    return known.get(joined, 0)


def strong_given(token: Token) -> bool:
    """Whether the word is a given name and hardly anything else."""
    return token.flags & (GIVEN | WORD | AMBIGUOUS | STOP) == GIVEN


def strong_surname(token: Token) -> bool:
    """Whether the word is a surname and hardly anything else."""
    return token.flags & (SURNAME | WORD | STOP | EPONYM | PLACE | AMBIGUOUS) == SURNAME and len(token.low) > 2


def unknown(token: Token) -> bool:
    """Whether no list has the word, and it is long enough to be a name."""
    return not token.flags and len(token.low) > 2 and not (token.shape and len(token.low) < 5)
