"""One part of a message as recognisers see it: normalised text, its bytes for RE2, its capitalised words.

RE2 counts bytes; `spans` turns its matches into code points without encoding the text again for each rule.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from datetime import date
from functools import cache, cached_property
from typing import Any

import re2

from gateway.domain.finding import TextPart
from gateway.phi.gates import gates
from gateway.phi.lexicon import Lexicon
from gateway.phi.normalize import Normalized, fold_name, normalize
from gateway.phi.skeleton import Skeleton
from gateway.phi.words import Token, capitalised


def compiled(pattern: str, megabytes: int = 8) -> Any:
    """A pattern of RE2 syntax, with a cap on its automaton's memory, that logs nothing."""
    return re2.compile(pattern, quiet(megabytes))


@cache
def gated(pattern: str, megabytes: int = 8) -> Any:
    """The same for one that `Document.spans` looks for in whole texts: it is not run where gates.py says that it stands
    nowhere.
    """
    made = compiled(pattern, megabytes)
    gates().add(made)
    return made


def quiet(megabytes: int) -> Any:
    """Options of RE2: it would write its complaints to standard error."""
    options = re2.Options()
    options.max_mem = megabytes << 20
    options.log_errors = False
    return options


_SHORT = 200
_WORD = compiled(r"\b\pL{3,30}\b")


class Document:
    """One part, prepared once and read by every recogniser."""

    def __init__(self, source: TextPart, lexicon: Lexicon, day: date | None = None) -> None:
        self.part = source.part
        self.lexicon = lexicon
        self.day = day
        """The day of judging, from which ages count, where it is known."""
        self.normal: Normalized = normalize(source.text)
        self.text = self.normal.text
        self.data = self.text.encode("utf-8", "replace")
        self._ascii = len(self.data) == len(self.text)

    @cached_property
    def skeleton(self) -> Skeleton:
        """The text as words alone, for lists of phrases."""
        return Skeleton(self.text)

    @cached_property
    def lower(self) -> str:
        """The text in lower case, character for character."""
        low = self.text.lower()
        if len(low) == len(self.text):
            return low
        return "".join(one.lower() if len(one.lower()) == 1 else one for one in self.text)

    @cached_property
    def speaks(self) -> bool:
        """Whether two words of the lexicon stand side by side: what a person wrote, and no number of a program."""
        before = -2
        for start, end in self.spans(_WORD):
            if self._is_word(self.text[start:end]):
                if start == before + 1:
                    return True
                before = end
        return False

    def _is_word(self, text: str) -> bool:
        if not (text.islower() or text.isupper() or text.istitle()):
            return False
        low = fold_name(text)
        return bool(self.lexicon.flags.get(low)) or low in self.lexicon.conditions or low in self.lexicon.drugs

    @cached_property
    def _characters(self) -> array[int]:
        """The character that each byte belongs to, and one more entry for the end."""
        table = array("L", bytes(0))
        for index, character in enumerate(self.text):
            table.extend((index,) * len(character.encode("utf-8", "replace")))
        table.append(len(self.text))
        return table

    @cached_property
    def _absent(self) -> frozenset[int]:
        """Patterns that stand nowhere; a short text is not worth the question."""
        return gates().absent(self.data) if self._ascii and len(self.data) > _SHORT else frozenset()

    def spans(self, pattern: Any, group: int = 0) -> Iterator[tuple[int, int]]:
        """Where a compiled RE2 pattern matches (or its group, where that took part), in characters."""
        if id(pattern) in self._absent:
            return
        for match in pattern.finditer(self.data):
            start, end = match.span(group)
            if start < 0:
                start, end = match.span()
            if start < end:
                yield (start, end) if self._ascii else (self._characters[start], self._characters[end])

    def holds(self, pattern: Any) -> bool:
        """Whether a compiled RE2 pattern matches somewhere."""
        return id(pattern) not in self._absent and pattern.search(self.data) is not None

    @cached_property
    def tokens(self) -> list[Token]:
        """All capitalised words in order."""
        return capitalised(self.text, self.lexicon)

    @cached_property
    def small_words(self) -> list[str]:
        """What stands between blanks, as it stands."""
        return self.text.split()

    @cached_property
    def small_vocabulary(self) -> frozenset[str]:
        """The same, each once."""
        return frozenset(self.small_words)
