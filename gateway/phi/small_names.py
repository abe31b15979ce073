"""Words that no capital betrays and that may be names all the same: written small, or in letters that have no capitals.

They are only where the tagger is asked to look; it takes more than a place in a list to make a name of one.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from gateway.phi.document import Document, compiled
from gateway.phi.lexicon import AMBIGUOUS, EPONYM, GIVEN, NAME, PLACE, STOP, WORD
from gateway.phi.normalize import fold_name
from gateway.phi.recognizers.name_cues import cued

_SIGNS: Final = ".,;:!?()[]{}<>\"'*-/|&~#=+"
_FEW: Final = 0.04
"""A text with fewer capitals than this share of its words has lost them: those of its sentences alone would be more."""
_SHORTEST, _LONGEST = 3, 16
_NEVER: Final = 2.0
_MEMO: Final = 50_000


def small_names(document: Document) -> Iterator[tuple[int, int]]:
    """Where words in small letters stand that a list of names has and no list of words, if one there can be a name; in a text
    without capitals also those that no list has, and given names that are words.
    """
    flags, text = document.lexicon.flags, document.text
    bare = caseless(document)
    dull = document.lexicon.dull
    for word in document.small_vocabulary.difference(() if bare else dull):
        if not word.islower():
            continue
        stem = word.strip(_SIGNS).removesuffix("'s")
        known = flags.get(stem)
        if known is None:
            if stem.isalpha() and stem.isascii() and not (bare and _SHORTEST <= len(stem) <= _LONGEST):
                continue
            known = flags.get(fold_name(stem), 0) if stem and not stem.isascii() else 0
        elif known & (WORD | STOP) and not (bare and known & GIVEN):
            if not bare and len(dull) < _MEMO:
                dull.add(word)
            continue
        if len(stem) >= _SHORTEST and (known & NAME or (bare and not known)):
            plain = stem.isalpha() and stem.isascii() and not bare
            for start, end in _everywhere(text, stem):
                if not plain or _may_begin(document, start, known):
                    yield start, end
    signed = signature(document)
    if signed is not None:
        yield signed


@cache
def _signing() -> Any:
    return compiled(
        r"(?:[.!?] |\n)[ \t]*[-–—~]{0,2} ?([a-z]{2,15})[.!]?[ \t\r]*(?:\n\s*(?:>|-----|_____|On \pL|From:|Sent from)|\s*$)"
    )


def signature(document: Document) -> tuple[int, int] | None:
    """Where a word in small letters signs the mail: alone on the last line, or on the last one before what is quoted."""
    found = next(iter(document.spans(_signing(), 1)), None)
    return None if found is None or document.text[found[0] : found[1]] in _FORMULAS else found


_FORMULAS: Final = frozenset({"bye", "ttyl", "thx", "ty", "tx", "tks", "tia", "pls", "plz", "xoxo", "xo", "xx", "ok", "okay", "lol", "cheers", "regards", "rgds", "best", "thanks", "love", "yep", "yup", "nope", "nvm", "asap", "fyi", "brb", "hugs", "ciao", "adios", "saludos", "gracias", "amen", "mom", "mum", "dad", "me", "us"})  # fmt: skip
"""What ends a mail in place of a name."""


def _may_begin(document: Document, start: int, flags: int) -> bool:
    """Whether there is a probability at all from which the tagger makes a name or place of the word."""
    place = flags & (PLACE | WORD | STOP | EPONYM) == PLACE
    return place or small_bound(flags, cued(document, start), bare=False) < _NEVER


def _everywhere(text: str, word: str) -> Iterator[tuple[int, int]]:
    at = text.find(word)
    while at >= 0:
        end = at + len(word)
        if not text[at - 1 : at].isalnum() and not text[end : end + 1].isalnum():
            yield at, end
        at = text.find(word, end)


def caseless(document: Document) -> bool:
    """Whether the text has hardly any capitals, so that a missing one says nothing."""
    capitals = sum([one.text != "I" and not one.shouted for one in document.tokens])
    return capitals <= _FEW * len(document.small_words)


@cache
def _other_letters() -> Any:
    return compiled(r"[\p{Han}\p{Hangul}\p{Hiragana}\p{Katakana}\p{Arabic}\p{Hebrew}\p{Devanagari}\p{Bengali}\p{Thai}\p{Georgian}\p{Armenian}\p{Tamil}]+")  # fmt: skip


def abroad(document: Document) -> Iterator[tuple[int, int]]:
    """Where words stand in letters that have no capitals."""
    if not document.text.isascii():
        for start, end in document.spans(_other_letters()):
            if not document.lexicon.flags.get(fold_name(document.text[start:end]), 0) & WORD:
                yield start, end


def small_bound(flags: int, cued: bool, bare: bool) -> float:
    """The tagger's probability from which a word in small letters begins a name; above 1 for one that never does. `cued`: a
    greeting, a title or a relation stands before it; `bare`: the text has lost its capitals.
    """
    if flags & STOP or (flags & EPONYM and not flags & GIVEN):
        return _NEVER
    if flags & WORD:
        return 0.9 if flags & NAME and cued else 0.97 if flags & GIVEN and bare else _NEVER
    if flags & (GIVEN | AMBIGUOUS) == GIVEN:
        return 0.35 if cued else 0.6 if bare else 0.8
    if flags & NAME:
        return 0.5 if cued else 0.85 if bare else _NEVER
    return 0.7 if cued else 0.93 if bare else _NEVER
