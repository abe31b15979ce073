"""What a recogniser is: a table of rules, or a function over the document, or both; and how a hit is scored.

A rule's first capture group, where there is one and it took part, is the span. A validator that agrees raises the score;
one that disagrees changes nothing. A veto tells what is no identifier by its form or its unit: "Order: 500 mg". A context
word within 40 characters raises it too. What stays below REPORT is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from gateway.domain.finding import Kind
from gateway.phi.document import Document

REPORT = 0.4
WINDOW = 40
_VALID, _CONTEXT, _TOP = 0.3, 0.35, 0.99


@dataclass(frozen=True, slots=True)
class Rule:
    """One pattern of RE2 syntax. `score` without any evidence beside it; `bounded`: no letter or digit may adjoin."""

    name: str
    kind: Kind
    pattern: str
    score: float
    context: tuple[str, ...] = ()
    validator: Callable[[str], bool] | None = None
    bounded: bool = True
    veto: Callable[[Document, int, int], bool] | None = None
    alone: bool = True
    """Whether a match counts without a context word; where none stands in the text, the rule need not be run."""
    sign: str = ""
    """What every match holds, in lower case; finding that it is not there is cheaper than the pattern."""
    ascii: bool = True
    """Whether a text of ASCII can match."""

    @property
    def needs_context(self) -> bool:
        """Whether a match can be reported only with a context word near it."""
        return not self.alone or self.score + (_VALID if self.validator else 0.0) < REPORT


class Hit(NamedTuple):
    """A finding in the normalised text of one document."""

    kind: Kind
    start: int
    end: int
    score: float
    by: str


Finder = Callable[[Document], Iterable[Hit]]


@dataclass(frozen=True, slots=True)
class Family:
    """One file of recognisers."""

    name: str
    rules: tuple[Rule, ...] = ()
    find: Finder | None = None


def score_hit(rule: Rule, document: Document, start: int, end: int) -> Hit | None:
    """The hit for one match of the rule's pattern, or None if its neighbours or its score forbid one."""
    text = document.text
    if rule.bounded and (
        (start and text[start - 1].isalnum() and text[start].isalnum())
        or (end < len(text) and text[end].isalnum() and text[end - 1].isalnum())
    ):
        return None
    if rule.veto is not None and rule.veto(document, start, end):
        return None
    score = rule.score
    if rule.context and has_word(document.lower, rule.context, start - WINDOW, start, end, end + WINDOW // 2):
        score += _CONTEXT
    elif not rule.alone:
        return None
    if rule.validator is not None and rule.validator(text[start:end]):
        score += _VALID
    if score < REPORT:
        return None
    return Hit(rule.kind, start, end, min(score, _TOP), rule.name)


def has_word(text: str, words: Iterable[str], before: int, start: int, end: int, after: int) -> bool:
    """Whether one of the lower-case words stands in text[before:start] or text[end:after], not inside another word."""
    left, right = text[max(0, before) : start], text[end:after]
    both = left + "\n" + right
    for word in words:
        if word in both and ((word in left and _stands(word, left)) or (word in right and _stands(word, right))):
            return True
    return False


def _stands(word: str, window: str) -> bool:
    at = window.find(word)
    while at >= 0:
        edge = at + len(word)
        if (not at or not window[at - 1].isalpha()) and (edge == len(window) or not window[edge].isalpha()):
            return True
        at = window.find(word, at + 1)
    return False
