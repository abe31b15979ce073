"""What the tagger sees of one token: hashed word, prefixes, suffixes and letter groups, its shape, its lexicon bits.

Training and run time share this file; a change here asks for a new model. Every feature is a row number of one table of
weights; a token's vector is the sum of its rows, which is exact because the rows are whole numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from zlib import crc32

from gateway.phi.normalize import fold_name

WORDS, PIECES, SHAPES, BITS = 1 << 15, 1 << 15, 1 << 11, 32
ROWS = 1 + WORDS + PIECES + SHAPES + BITS
"""Row 0 is empty; then come words, pieces of words, shapes and lexicon bits."""
MOST = 32
"""No token has more features."""
PADDING = ""
"""The token that stands before, between and after texts."""
LONGEST = 28
_PIECE, _SHAPE, _BIT = 1 + WORDS, 1 + WORDS + PIECES, 1 + WORDS + PIECES + SHAPES
_UNKNOWN_BIT, _DRUG_BIT, _CONDITION_BIT, _CAPITAL_BIT, _FIRST_LIST_BIT = 0, 1, 2, 3, 8
_DIGIT = re.compile(r"\d")
_RUNS = re.compile(r"(.)\1{3,}")


class Features:
    """The features of tokens; `flags` are the lexicon's, `drugs` and `conditions` sets of single words."""

    def __init__(self, flags: Mapping[str, int], drugs: frozenset[str], conditions: frozenset[str]) -> None:
        self._flags, self._drugs, self._conditions = flags, drugs, conditions

    def of(self, token: str) -> list[int]:
        """Row numbers, at most MOST, of a token as gateway.phi.tokens cuts it."""
        if not token.strip():
            return [1 + crc32(_break(token)) % WORDS]
        token = token[:LONGEST] if len(token) <= LONGEST else token[: LONGEST // 2] + token[-LONGEST // 2 :]
        shape = _shape(token)
        rows = [_SHAPE + crc32(shape.encode("utf-8", "replace")) % SHAPES]
        if not token[0].isalnum():
            return [1 + crc32(token.encode("utf-8", "replace")) % WORDS, *rows]
        low = fold_name(token)
        form = low if low.isalpha() else _DIGIT.sub("0", low)
        data = form.encode("utf-8", "replace")
        rows.append(1 + crc32(data) % WORDS)
        if form == low:
            rows += self._bits(low, shape)
        rows += _pieces(data)
        return rows[:MOST]

    def listed(self, token: str) -> bool:
        """Whether a token tells nothing of who wrote it: a sign, blanks, a letter or two, a word of the lists."""
        if len(token) <= 2 or token.isspace():
            return len(token) <= LONGEST
        low = fold_name(token)
        return low in self._flags or low in self._drugs or low in self._conditions

    def _bits(self, low: str, shape: str) -> list[int]:
        rows = list(_rows_of_lists(self._flags.get(low, 0), shape[0] == "X"))
        if low in self._drugs:
            rows.append(_BIT + _DRUG_BIT)
        if low in self._conditions:
            rows.append(_BIT + _CONDITION_BIT)
        return rows


@lru_cache(maxsize=512)
def _rows_of_lists(flags: int, capital: bool) -> tuple[int, ...]:
    """Rows that say which lists hold the word, and once more if it has a capital."""
    lists = [_BIT + _FIRST_LIST_BIT + bit for bit in range(8) if flags >> bit & 1]
    rows = lists if flags else [_BIT + _UNKNOWN_BIT]
    return (*rows, _BIT + _CAPITAL_BIT, *(8 + one for one in lists)) if capital else tuple(rows)


def single_words(phrases: frozenset[str]) -> frozenset[str]:
    """The words of more than four letters that phrases are made of."""
    return frozenset(word for phrase in phrases for word in phrase.split() if len(word) > 4)


def _break(token: str) -> bytes:
    lines = token.count("\n") or token.count("\r")
    return b"\n\n" if lines > 1 else b"\n" if lines else b"\t" if "\t" in token else b"   "


def _pieces(data: bytes) -> list[int]:
    """Groups of three bytes, and the first four and the last three and four, with the ends marked."""
    padded = b"<" + data + b">"
    cuts = [padded[at : at + 3] for at in range(min(len(padded) - 2, 14))]
    return [_PIECE + crc32(cut) % PIECES for cut in (*cuts, padded[:5], padded[-5:], padded[-4:])]


def _shape(token: str) -> str:
    shape = token.translate(_ASCII_KINDS) if token.isascii() else "".join(map(_kind, token))
    return _RUNS.sub(_three, shape) if len(shape) > 3 else shape


def _three(run: re.Match[str]) -> str:
    return run.group()[:3]


def _kind(character: str) -> str:
    if character.isdigit():
        return "d"
    if character.isupper() or character.istitle():
        return "X" if character.isascii() else "XU"
    if character.islower():
        return "x" if character.isascii() else "u"
    if character.isalpha():
        return "c"
    return character


_ASCII_KINDS = {code: _kind(chr(code)) for code in range(128)}
