"""A text as automata read it: lower-case letters without accents, digits, and one space for everything between them.

Line ends, quote marks, hyphens and apostrophes all become that one space, so that a phrase is found however it is
wrapped or punctuated. Every step but the last keeps one byte a character, hence offsets are the text's own.
"""

from __future__ import annotations

import unicodedata
from functools import cache

FOREIGN = 0x7F
"""The byte for a letter that has no Latin form: a letter still, but none that a pattern holds."""
_LATIN = {"ł": "l", "đ": "d", "ħ": "h", "ı": "i", "ŀ": "l", "ŧ": "t", "ɡ": "g", "ø": "o", "ð": "d"}
_KEPT = "æßþ"
_FEW = 40


def wide(text: str) -> bytes:
    """The skeleton before blanks are closed up: one byte a character, so that offsets are the text's own."""
    return _bytes(text).translate(_table())


def places(data: bytes, start: int, end: int) -> list[tuple[bytes, int]]:
    """The words in data[start:end] and where they begin."""
    found, at = [], start
    for word in data[start:end].split():
        at = data.find(word, at)
        found.append((word, at))
        at += len(word)
    return found


class Skeleton:
    """`words` are what stands between the blanks of `wide`, which has one blank more at both ends than the text."""

    __slots__ = ("_seen", "vocabulary", "wide", "words")

    def __init__(self, text: str) -> None:
        self.wide = b" %b " % wide(text)
        self.words = self.wide.split()
        self.vocabulary = frozenset(self.words)
        self._seen = 0, 0
        """A word's number and a place of `wide` at or before which it begins and after the word before it."""

    def span(self, first: int, after: int) -> tuple[int, int]:
        """The text's span of words[first:after]. Calls in order cost in all no more than one reading of the text."""
        start = self._place(self._seen if self._seen[0] <= first else (0, 0), first)
        self._seen = first, start
        end = start if after == first + 1 else self._place(self._seen, after - 1)
        return start, end + len(self.words[after - 1])

    def _place(self, seen: tuple[int, int], wanted: int) -> int:
        """Where a word begins in the text, counted from an earlier word's place."""
        known, at = seen
        word = self.words[wanted]
        whole = b" %b " % word
        at = self.wide.find(whole, at)
        for _ in range(self.words[known:wanted].count(word)):
            at = self.wide.find(whole, at + len(word) + 1)
        return at


def plain_bytes(text: str) -> bytes:
    """A short text (a name, a term) in the form in which a skeleton holds it, without outer spaces."""
    return b" ".join(wide(text).split())


def latin(text: str) -> bytes:
    """The text as lower-case bytes, one for each character, accents off and marks kept: for patterns of numbers."""
    return _bytes(text).translate(_lower())


def _bytes(text: str) -> bytes:
    """One byte of Latin-1 for each character; what has no Latin form becomes FOREIGN or a space."""
    if text.isascii():
        return text.encode("ascii")
    odd = [one for one in set(text) if one > "\xff"]
    if len(odd) > _FEW:
        return text.translate({ord(one): _base(one) for one in odd}).encode("latin-1")
    for one in odd:
        text = text.replace(one, _base(one))
    return text.encode("latin-1")


def _base(character: str) -> str:
    low = character.lower()[:1]
    plain = _LATIN.get(low) or unicodedata.normalize("NFKD", low)[:1]
    if plain in _KEPT or (plain.isascii() and plain.isalnum()):
        return plain
    return chr(FOREIGN) if character.isalnum() or unicodedata.combining(character) else " "


@cache
def _lower() -> bytes:
    table = bytearray(range(256))
    for code in range(256):
        character = chr(code)
        if character.isalpha():
            table[code] = ord(_base(character))
    return bytes(table)


@cache
def _table() -> bytes:
    table = bytearray(_lower())
    for code in range(256):
        if code != FOREIGN and not chr(code).isalnum():
            table[code] = 0x20
    return bytes(table)
