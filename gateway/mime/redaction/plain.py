"""Plain text: decoded, with placeholders, as UTF-8."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.domain.finding import GapReason
from gateway.mime.cards import is_card
from gateway.mime.charset import decode
from gateway.mime.documents.budget import Budget
from gateway.mime.documents.packed import Refused
from gateway.mime.redaction.table import Spans


def certain_text(data: bytes) -> str:
    """The text; Refused where its charset is a guess."""
    text, certain = decode(data, "")
    if not certain:
        raise Refused(GapReason.UNDECODABLE)
    return text


def with_placeholders(text: str, spans: Spans) -> str:
    """The text with its spans (in order, apart) replaced."""
    pieces, at = [], 0
    for start, end, placeholder in spans:
        pieces += [text[at:start], placeholder]
        at = end
    return "".join([*pieces, text[at:]])


class _Plain:
    def __init__(self, text: str) -> None:
        self.texts = [text]

    def written(self, spans: Mapping[int, Spans]) -> bytes:
        return with_placeholders(self.texts[0], spans.get(0, ())).encode("utf-8", "replace")


def copyable(data: bytes, budget: Budget) -> _Plain:
    """A text file; Refused for calendars and address cards, whose lines are folded in the midst of words (RFC 5545, 3.1)."""
    del budget
    text = certain_text(data)
    if is_card(text):
        raise Refused(GapReason.NO_TEXT)
    return _Plain(text)
