"""Spoils text as the world does: typing errors, OCR noise, lost case, wraps, quotes, HTML debris; labels go along."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable

from tools.train.grammar import NAME

Labelled = tuple[list[str], list[int]]
_OCR = {
    "l": "1",
    "1": "l",
    "O": "0",
    "0": "O",
    "o": "0",
    "I": "l",
    "S": "5",
    "5": "S",
    "B": "8",
    "m": "rn",
    "e": "c",
    "h": "b",
    "g": "9",
    ",": ".",
    ".": ",",
}


def spoil(text: str, labels: list[int], rng: random.Random) -> tuple[str, list[int]]:
    """The text as it might arrive; about half of all texts come through unchanged."""
    pieces: Labelled = (list(text), list(labels))
    for share, change in _CHANGES:
        if rng.random() < share:
            pieces = change(pieces, rng)
    out: list[str] = []
    marks: list[int] = []
    for piece, label in zip(*pieces, strict=True):
        out.append(piece)
        marks.extend([label] * len(piece))
    return "".join(out), marks


def _lower(pieces: Labelled, _: random.Random) -> Labelled:
    return [one.lower() for one in pieces[0]], pieces[1]


def _small_names(pieces: Labelled, rng: random.Random) -> Labelled:
    """Names without their capitals in a text that has its own; now and then only some of them."""
    text, labels = list(pieces[0]), pieces[1]
    share, lost = rng.choice((1.0, 1.0, 0.5)), False
    for at, label in enumerate(labels):
        if label == NAME and (not at or labels[at - 1] != NAME):
            lost = rng.random() < share
        if label == NAME and lost:
            text[at] = text[at].lower()
    return text, labels


def _upper(pieces: Labelled, _: random.Random) -> Labelled:
    return [one.upper() for one in pieces[0]], pieces[1]


def _plain_letters(pieces: Labelled, _: random.Random) -> Labelled:
    return [
        "".join(x for x in unicodedata.normalize("NFKD", one) if not unicodedata.combining(x)) for one in pieces[0]
    ], pieces[1]


def _typos(pieces: Labelled, rng: random.Random) -> Labelled:
    text, labels = list(pieces[0]), pieces[1]
    rate = rng.choice([0.003, 0.01, 0.02])
    for at, one in enumerate(text):
        if one.isalpha() and rng.random() < rate:
            kind = rng.random()
            if kind < 0.3:
                text[at] = ""
            elif kind < 0.5:
                text[at] = one * 2
            elif kind < 0.7 and at + 1 < len(text) and text[at + 1].isalpha():
                text[at], text[at + 1] = text[at + 1], one
            else:
                text[at] = rng.choice("abcdefghijklmnopqrstuvwxyz")
    return text, labels


def _ocr(pieces: Labelled, rng: random.Random) -> Labelled:
    rate = rng.choice([0.01, 0.03])
    return [_OCR.get(one, one) if rng.random() < rate else one for one in pieces[0]], pieces[1]


def _wrap(pieces: Labelled, rng: random.Random) -> Labelled:
    text = list(pieces[0])
    width, column = rng.randint(40, 80), 0
    prefix = rng.choice(["", "", "> ", "    "])
    for at, one in enumerate(text):
        column = 0 if one == "\n" else column + 1
        if one == " " and column > width:
            text[at], column = "\n" + prefix, 0
    return text, pieces[1]


def _joined(pieces: Labelled, rng: random.Random) -> Labelled:
    joint = rng.choice([" ", "  ", " | "])
    return [joint if one == "\n" else one for one in pieces[0]], pieces[1]


def _no_signs(pieces: Labelled, _: random.Random) -> Labelled:
    return ["" if one in ".,;:!?" else one for one in pieces[0]], pieces[1]


def _html(pieces: Labelled, rng: random.Random) -> Labelled:
    debris = rng.choice(
        [["<br>\n", "&nbsp;"], ["</p>\n<p>", "&nbsp; "], ["=20\n", " "], ["</td><td>", " "], ["<br/>", " "]]
    )
    return [
        debris[0] if one == "\n" else debris[1] if one == " " and rng.random() < 0.04 else one for one in pieces[0]
    ], pieces[1]


def _quoted(pieces: Labelled, rng: random.Random) -> Labelled:
    sign = rng.choice(["\n> ", "\n>> ", "\n| ", "\n>"])
    return [sign if one == "\n" else one for one in pieces[0]], pieces[1]


_CHANGES: list[tuple[float, Callable[[Labelled, random.Random], Labelled]]] = [
    (0.08, _typos), (0.05, _ocr), (0.05, _plain_letters), (0.05, _no_signs), (0.13, _wrap), (0.04, _joined), (0.04, _html), (0.04, _quoted), (0.1, _lower), (0.05, _upper), (0.06, _small_names),
]  # fmt: skip
