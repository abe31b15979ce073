"""Brings text into the one form that recognisers read, with a map back to the code points that were sent.

NFKC, zero-width and soft-hyphen removal, homoglyph folding, decimal digits of every script to ASCII. Placeholders that
redaction wrote are blanked, so that scanned redacted text holds nothing but what was left standing.
"""

from __future__ import annotations

import unicodedata
from array import array
from dataclasses import dataclass, field

import re2

from gateway.domain.finding import Kind

_LOOKALIKES = str.maketrans(
    "АВЕКМНОРСТУХІЈЅаеорсухіјѕһԁԛԝɡΑΒΕΖΗΙΚΜΝΟΡΤΥΧοıℓ‘’ʼ＇´“”‐‑‒–−﹣",
    "ABEKMHOPCTYXIJSaeopcyxijshdqwgABEZHIKMNOPTYXoil'''''\"\"------",
)
_PLACEHOLDER = re2.compile(r"\[(?:" + "|".join(kind.value for kind in Kind) + r")(?:-[0-9]{1,4})?\]")
_BLANK = "\u25a1"


@dataclass(frozen=True, slots=True)
class Normalized:
    """Normalised text. `starts` and `ends` give the original span of each of its characters; None means unchanged."""

    text: str = field(repr=False)
    starts: array[int] | None = field(default=None, repr=False)
    ends: array[int] | None = field(default=None, repr=False)

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The span in the original text of a non-empty span here."""
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]


def normalize(text: str) -> Normalized:
    """Normalise one part's text; the result's offsets are code points."""
    if text.isascii():
        return Normalized(_blank_placeholders(text))
    out: list[str] = []
    starts, ends = array("L"), array("L")
    changed = False
    position = 0
    while position < len(text):
        after = position + 1
        if ord(text[position]) >= 0x80 or (after < len(text) and ord(text[after]) >= 0x300):
            while after < len(text) and after - position < 32 and unicodedata.combining(text[after]):
                after += 1
        piece = text[position:after]
        plain = piece if piece.isascii() else _fold(piece)
        changed = changed or plain != piece
        for character in plain:
            out.append(character)
            starts.append(position)
            ends.append(after)
        position = after
    if not changed:
        return Normalized(_blank_placeholders(text))
    return Normalized(_blank_placeholders("".join(out)), starts, ends)


def fold_name(word: str) -> str:
    """The form in which lexicons hold a name: lower case, without accents."""
    if word.isascii():
        return word.lower()
    parts = unicodedata.normalize("NFKD", word.casefold())
    return "".join(one for one in parts if not unicodedata.combining(one))


def _fold(piece: str) -> str:
    """One character with its combining marks, as recognisers read it; empty for what nobody sees."""
    result: list[str] = []
    for character in unicodedata.normalize("NFKC", piece):
        category = unicodedata.category(character)
        if category == "Cf" or character in "\u034f\u115f\u1160\u3164\uffa0" or "\ufe00" <= character <= "\ufe0f":
            continue
        if category == "Nd":
            result.append(str(unicodedata.decimal(character)))
        elif category == "Cs":
            result.append("\ufffd")
        elif category == "Zs":
            result.append(" ")
        else:
            result.append(character.translate(_LOOKALIKES))
    return "".join(result)


def _blank_placeholders(text: str) -> str:
    if "[" not in text:
        return text
    pieces: list[str] = []
    last = 0
    for match in _PLACEHOLDER.finditer(text):
        pieces += [text[last : match.start()], _BLANK * (match.end() - match.start())]
        last = match.end()
    return "".join([*pieces, text[last:]]) if pieces else text
