"""Whether a clinical term is negated, only considered, or somebody else's: `denies`, `rule out`, `family history of`.

A negation reaches forward to the end of its clause or list, and backward over a colon or a dash (`drug use: none`).
Some phrases with a negative word negate nothing (`no longer`, `cannot rule out`).
"""

from __future__ import annotations

from typing import Any

import re2

from gateway.phi.document import compiled
from gateway.phi.lexicon import Lexicon

_BACK, _AFTER = 90, 40
_SENTENCE: Any = compiled(r"[.;!?](?:\s|$)|\n[ \t>]*\r?\n|\n[ \t>]*[-*•]")
_TURN: Any = compiled(
    r"\b(?:but|however|except|although|though|pero|aunque|excepto|now has|now with|reports|endorses|admits|positive for|presents with|who has|diagnosed with|"
    r"treated for|taking|takes|continues|started|prescribed|is on|now on|currently on),?\b|, (?:history|hx) of\b|,? and (?:has |a )?(?:history|hx) of\b|, has\b|, on\b"
)


class Negation:
    """The words of negation, from health.toml."""

    def __init__(self, lexicon: Lexicon) -> None:
        lists = lexicon.health
        self._before: Any = compiled(_any(lists["negation"]))
        self._pseudo: Any = compiled(_any(lists["no_negation"]))
        self._after: Any = compiled(
            rf"^[ \t]*(?:[:\-\x{{2013}}=]|\bis|\bwas|\bwere|\bare|\bscreen|\bscreening|\bhistory)*[ \t]*{_any(lists['negation_after'])}"
        )

    def covers(self, text: str, start: int, end: int) -> bool:
        """Whether the term at text[start:end], lower case, is negated."""
        left = _closed(_SENTENCE, text[max(0, start - _BACK) : start])
        left = _closed(_TURN, " ".join(left.replace(">", " ").split()) + " ")
        if self._before.search(self._pseudo.sub(" ", left)) is not None:
            return True
        right = " " + " ".join(text[end : end + _AFTER].split(". ", 1)[0].replace(">", " ").split())
        return self._after.search(self._pseudo.sub(" ", right)) is not None


def _closed(breaks: Any, left: str) -> str:
    """What follows the last break."""
    cut = 0
    for match in breaks.finditer(left):
        cut = match.end()
    return left[cut:]


def _any(words: frozenset[str]) -> str:
    return r"\b(?:" + "|".join(re2.escape(one) for one in sorted(words, key=len, reverse=True)) + r")\b"
