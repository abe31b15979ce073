"""Texts of our own that hold no PHI by the rule for mail, and the split that keeps a third of them from tuning.

A file of negatives/ holds the cases of one topic. A case begins with a line `--- id: NAME | names: yes|no` and runs to the
next; `names` says whether persons are named (business mail, signatures, clinicians). What may be masked though it makes
no PHI (a telephone number of the practice, a closing day, a colleague's name) stands between « and », which the reader
takes away, and so may the names of weekdays; a mask on anything else is a mask for nothing. Everybody and every practice
in them is invented, but for physicians of history.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path

_FOLDER = Path(__file__).parent / "negatives"
_HEAD = re.compile(r"^--- id: (?P<id>[a-z0-9-]+) \| names: (?P<names>yes|no)\n", re.MULTILINE)
_MARK = re.compile(r"[«»]")
# More specific than the year, so it may go: HHS guidance on de-identification (2012), on 45 CFR 164.514(b)(2)(i)(C).
_WEEKDAY = re.compile(
    r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?|(?:mon?|tue|wed|thur?s?|fri|sat|sun)\b(?=[,:–.])"
    r"|lunes|martes|mi[ée]rcoles|jueves|viernes|s[áa]bados?|domingos?)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Negative:
    """One text without PHI. `maskable`: spans of the text, in code points, that a mask may touch."""

    id: str
    topic: str
    names: bool
    text: str = field(repr=False)
    maskable: tuple[tuple[int, int], ...]

    @property
    def locked(self) -> bool:
        return locked(self.id)


def locked(case: str) -> bool:
    """Whether a case belongs to the third that nobody tunes by: tests print figures of it, never its ids."""
    return sha256(case.encode()).digest()[0] % 3 == 0


@cache
def negatives() -> tuple[Negative, ...]:
    """All cases, by topic and in the order of the files."""
    return tuple(case for path in sorted(_FOLDER.glob("*.txt")) for case in _cases(path))


def open_two_thirds(cases: Iterable[Negative]) -> list[Negative]:
    """The cases that may be looked at while tuning."""
    return [case for case in cases if not case.locked]


def locked_third(cases: Iterable[Negative]) -> list[Negative]:
    """The cases that may only be counted."""
    return [case for case in cases if case.locked]


def _cases(path: Path) -> Iterator[Negative]:
    content = path.read_text(encoding="utf-8")
    heads = list(_HEAD.finditer(content))
    if not heads or heads[0].start() or len(heads) != content.count("--- id:"):
        raise ValueError(f"{path.name}: a line that begins a case is not as tests/phi/corpus.py reads it")
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        body = content[head.end() : following.start() if following else len(content)]
        text, maskable = _unmarked(body, head["id"])
        yield Negative(head["id"], path.stem, head["names"] == "yes", text, maskable)


def _unmarked(body: str, case: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """The text without « and », and the spans that stood between them; they neither nest nor stay open."""
    pieces: list[str] = []
    spans: list[tuple[int, int]] = []
    at, length, begun = 0, 0, -1
    for mark in _MARK.finditer(body):
        pieces.append(body[at : mark.start()])
        length += mark.start() - at
        at = mark.end()
        if (mark.group() == "«") != (begun < 0):
            raise ValueError(f"{case}: « and » do not pair")
        if begun < 0:
            begun = length
        else:
            spans.append((begun, length))
            begun = -1
    if begun >= 0:
        raise ValueError(f"{case}: « stays open")
    text = "".join([*pieces, body[at:]])
    return text, tuple(sorted([*spans, *(day.span() for day in _WEEKDAY.finditer(text))]))
