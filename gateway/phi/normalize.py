"""Brings text into the one form that recognisers read, with a map back to the code points that were sent.

NFKC, zero-width and soft-hyphen removal, homoglyph folding, decimal digits of every script to ASCII, and l e t t e r s
that stand apart closed up, labels that are run together set apart, as a person reads them. Placeholders that redaction wrote are blanked, so that scanned
redacted text holds nothing but what was left standing. Only what is not ASCII is looked at character by character, and
there is a map only where some character is no longer one for one.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

import re2

from gateway.domain.finding import Kind
from gateway.phi.lettering import HUMP, humps, unlined

_LOOKALIKES = str.maketrans(
    "АВЕКМНОРСТУХІЈЅаеорсухіјѕһԁԛԝɡΑΒΕΖΗΙΚΜΝΟΡΤΥΧοıℓ‘’ʼ＇´“”‐‑‒–−﹣",
    "ABEKMHOPCTYXIJSaeopcyxijshdqwgABEZHIKMNOPTYXoil'''''\"\"------",
)
_PLACEHOLDER = re2.compile(r"\[(?:" + "|".join(kind.value for kind in Kind) + r")(?:-[0-9]{1,4})?\]")
_FOREIGN = re.compile(r"[^\x00-\x7f]+")
_PERHAPS_ODD = re2.compile(rf"(?:[ \t]{{1,3}}[^ \t\r\n]){{4}}[ \t]|{HUMP}")
"""Four characters in a row that stand apart, or a capital within a word: where RE2 sees none, nothing is closed or split up."""
_APART = re.compile(r"(?<!\S)\S(?:[ \t]{1,3}\S){5,}(?!\S)")
_FEWEST = 6
"""So many letters and digits in a row that stand apart are a word, not a list."""
_CLUSTER = 32
"""So many combining marks at most belong to one character."""
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
    normal = Normalized(unlined(_blank_placeholders(text))) if text.isascii() else _folded(text)
    if _PERHAPS_ODD.search(normal.text.encode("utf-8", "replace")) is None:
        return normal
    return _split_up(_closed_up(normal))


def _folded(text: str) -> Normalized:
    """The text with all that is not ASCII folded, cluster by cluster; a cluster is a character and its marks."""
    out: list[str] = []
    changes: list[tuple[int, int, int]] = []
    memo: dict[str, str] = {}
    done = 0
    for match in _FOREIGN.finditer(text):
        position, end = match.span()
        if position > done and unicodedata.combining(text[position]):
            position -= 1
        out.append(text[done:position])
        while position < end:
            after = position + 1
            while after < end and after - position < _CLUSTER and unicodedata.combining(text[after]):
                after += 1
            piece = text[position:after]
            plain = memo.get(piece)
            if plain is None:
                plain = memo[piece] = _fold(piece)
            out.append(plain)
            if after - position > 1 or len(plain) != 1:
                changes.append((position, after, len(plain)))
            position = after
        done = end
    out.append(text[done:])
    joined = unlined(_blank_placeholders("".join(out)))
    return Normalized(joined, *_maps(changes, len(text))) if changes else Normalized(joined)


def _maps(changes: list[tuple[int, int, int]], length: int) -> tuple[array[int], array[int]]:
    """The original start and end of each character, from the clusters (start, end, characters now)."""
    starts, ends = array("L"), array("L")
    done = 0
    for start, end, now in changes:
        starts.extend(range(done, start))
        ends.extend(range(done + 1, start + 1))
        starts.extend((start,) * now)
        ends.extend((end,) * now)
        done = end
    starts.extend(range(done, length))
    ends.extend(range(done + 1, length + 1))
    return starts, ends


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


def _split_up(normal: Normalized) -> Normalized:
    """The text with a blank, of nothing in the original, wherever one is heard in labels that are run together."""
    text, starts, ends = normal.text, normal.starts, normal.ends
    cuts = humps(text)
    if not cuts:
        return normal
    before = array("L", range(len(text))) if starts is None else starts
    behind = array("L", range(1, len(text) + 1)) if ends is None else ends
    pieces: list[str] = []
    new_starts, new_ends = array("L"), array("L")
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        if start:
            pieces.append(" ")
            new_starts.append(before[start])
            new_ends.append(before[start])
        pieces.append(text[start:end])
        new_starts.extend(before[start:end])
        new_ends.extend(behind[start:end])
    return Normalized("".join(pieces), new_starts, new_ends)


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
