"""Brings text into the one form that recognisers read, with a map back to the code points that were sent.

NFKC, zero-width and soft-hyphen removal, homoglyph folding, decimal digits of every script to ASCII, and l e t t e r s
that stand apart closed up, as a person reads them. Placeholders that
redaction wrote are blanked, so that scanned redacted text holds nothing but what was left standing.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

import re2

from gateway.domain.finding import Kind

_LOOKALIKES = str.maketrans(
    "АВЕКМНОРСТУХІЈЅаеорсухіјѕһԁԛԝɡΑΒΕΖΗΙΚΜΝΟΡΤΥΧοıℓ‘’ʼ＇´“”‐‑‒–−﹣",
    "ABEKMHOPCTYXIJSaeopcyxijshdqwgABEZHIKMNOPTYXoil'''''\"\"------",
)
_PLACEHOLDER = re2.compile(r"\[(?:" + "|".join(kind.value for kind in Kind) + r")(?:-[0-9]{1,4})?\]")
_APART = re.compile(r"(?<!\S)\S(?:[ \t]{1,3}\S){5,}(?!\S)")
_FEWEST = 6
"""So many letters and digits in a row that stand apart are a word, not a list."""
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
    return _closed_up(_folded(text))


def _folded(text: str) -> Normalized:
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


def _closed_up(normal: Normalized) -> Normalized:
    """The text with single characters that stand apart as words; two blanks, a capital or a number begin a new one."""
    text = normal.text
    dropped: set[int] = set()
    for match in _APART.finditer(text):
        if sum(map(str.isalnum, match.group())) >= _FEWEST:
            dropped.update(_blanks_within(text, match.start(), match.end()))
    if not dropped:
        return normal
    kept = [at for at in range(len(text)) if at not in dropped]
    starts, ends = normal.starts, normal.ends
    return Normalized(
        "".join(text[at] for at in kept),
        array("L", kept if starts is None else [starts[at] for at in kept]),
        array("L", [at + 1 for at in kept] if ends is None else [ends[at] for at in kept]),
    )


def _blanks_within(text: str, start: int, end: int) -> Iterator[int]:
    before = start
    for at in range(start + 1, end):
        if text[at] in " \t":
            continue
        one, other = text[before], text[at]
        new_word = (one.islower() and other.isupper()) or (one.isalpha() and other.isdigit())
        if at == before + 2 and not new_word:
            yield at - 1
        before = at


def _blank_placeholders(text: str) -> str:
    if "[" not in text:
        return text
    pieces: list[str] = []
    last = 0
    for match in _PLACEHOLDER.finditer(text):
        pieces += [text[last : match.start()], _BLANK * (match.end() - match.start())]
        last = match.end()
    return "".join([*pieces, text[last:]]) if pieces else text
