"""Which of the patterns that finders look for in whole texts stand in one at all: one pass of an RE2 set tells it for all.

Most letters hold hardly any of them, and a pattern that stands nowhere need not be run. A pattern takes part once it was
made by `gated`; the set is built anew when more have been made. What it says yes to is searched for as before.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import re2

_NONE: frozenset[int] = frozenset()


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
        built.Add("".join([one if ord(one) < 0x100 else "\xff" for one in pattern.pattern]).encode("latin-1"))
    built.Add("")
    built.Compile()
    return built


@cache
def gates() -> Gates:
    """The one set of the process: patterns are made once and stay."""
    return Gates()
