"""Which of the patterns that finders look for in whole texts stand in one at all: one pass of an RE2 set tells it for all.

Most letters hold hardly any of them, and a pattern that stands nowhere need not be run. A pattern takes part once it was
made by `gated`; the set is built anew when more have been made. What it says yes to is searched for as before.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import re2

_NONE: frozenset[int] = frozenset()
_PIECES = re.compile(r"\[(?:\\.|[^\]\\])*\]|\\p(?:\{[A-Za-z]+\}|[A-Z])|\\.|.", re.DOTALL)
_CLASS = re.compile(r"\\p(?:\{([A-Za-z]+)\}|([A-Z]))")
_ASCII = {"L": "A-Za-z", "Lu": "A-Z", "Ll": "a-z", "N": "0-9", "M": "\xff"}
"""What is left of classes of Unicode; the last letter is in no text of ASCII."""


def for_ascii(pattern: str) -> bytes:
    """The pattern for texts of ASCII, a byte a letter. RE2 would fold the classes of Unicode at some 30 ms each."""
    plain = "".join(map(_plain_piece, _PIECES.findall(pattern)))
    return "".join([one if ord(one) < 0x100 else "\xff" for one in plain]).encode("latin-1")


def _plain_piece(piece: str) -> str:
    plain = _CLASS.sub(lambda found: _ASCII.get(found[1] or found[2], "\xff"), piece)
    return f"[{plain}]" if piece[:2] == r"\p" else plain


class Gates:
    """The patterns in the order in which they were made, and their set."""

    def __init__(self) -> None:
        self._patterns: list[Any] = []
        self._built: tuple[int, Any, frozenset[int]] = 0, None, _NONE

    def add(self, pattern: Any) -> None:
        """Let a compiled pattern take part from the next text on."""
        self._patterns.append(pattern)

    def absent(self, data: bytes) -> frozenset[int]:
        """The `id`s of the patterns that match nowhere in a text of ASCII; none where the set cannot tell."""
        count, built, every = self._built
        if count != len(self._patterns):
            patterns = tuple(self._patterns)
            self._built = count, built, every = len(patterns), _set(patterns), frozenset(map(id, patterns))
        found = built.Match(data) if built is not None else []
        if count not in found:
            return _NONE
        return every.difference([id(self._patterns[at]) for at in found if at < count])


def _set(patterns: tuple[Any, ...]) -> Any:
    """All patterns for texts of ASCII, where a letter is a byte; the last is empty and always matches, unless memory is out."""
    options = re2.Options()
    options.max_mem = 16 << 20
    options.log_errors = False
    options.encoding = re2.Options.Encoding.LATIN1
    built = re2.Set.SearchSet(options)
    for pattern in patterns:
        built.Add(for_ascii(pattern.pattern))
    built.Add("")
    built.Compile()
    return built


@cache
def gates() -> Gates:
    """The one set of the process: patterns are made once and stay."""
    return Gates()
