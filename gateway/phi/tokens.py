"""Cuts normalised text into words, signs and breaks: the one tokenisation that the engine and the tagger share.

A word is a run of letters, digits and their combining marks in any script; every other visible character stands alone.
Line breaks with the blanks after them, tabs, and three blanks or more are one token each, because lines and columns
tell a name from a word; single blanks are none. The tokens come in order and never overlap. Linear: the pattern's
parts are unambiguous, nothing follows a repetition that could send it back, and a test holds it to that.
"""

from __future__ import annotations

import re

_MARKS = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0903\u093a-\u094d\u0980-\u0983"
    "\u09bc-\u09d7\u0a01-\u0a03\u0a3c-\u0a4d\u0b82\u0bbe-\u0bcd\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u1ab0-\u1aff"
    "\u1dc0-\u1dff\u20d0-\u20ff\u200d\ufe20-\ufe2f"
)
_TOKEN = re.compile(rf"[^\W_]+(?:[{_MARKS}]+[^\W_]*)*|[^\w\s]|_|[\n\r\t\v\f\x85\u2028\u2029]\s*|   \s*")


def tokens(text: str) -> list[tuple[int, int]]:
    """Start and end of every token, in code points; a break is a token whose text is blank."""
    return [match.span() for match in _TOKEN.finditer(text)]
