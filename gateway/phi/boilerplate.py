"""The parts of a mail that speak of nobody's health: the sender's signature, and the disclaimer below it.

What stands there is found and masked like anything else, but it does not make an ordinary mail PHI. Both are drawn
narrowly: a block that holds a labelled name, a date, a number of a patient or a real health term is read as content.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

from gateway.domain.finding import Kind
from gateway.phi.document import Document, compiled, gated
from gateway.phi.lexicon import Lexicon
from gateway.phi.recognizers.health_terms import EVERYDAY, WEAK
from gateway.phi.recognizers.rule import Hit

_CLOSING = (
    r"(?im)^[ \t>]*(?:--[ \t]*|(?:best|kind|warm|with kind|many)?[ ]?(?:regards|wishes|thanks)|thanks(?: so much| again)?|thank you|best|"
    r"sincerely(?: yours)?|cheers|yours (?:truly|sincerely)|respectfully|saludos|atentamente)[,.!]?[ \t]*(?:\r?$|[A-Z][\pL .'-]+\r?$)"
)
_QUOTE = r"(?im)^[ \t]*(?:>|-{2,} ?(?:original|forwarded) message|from:[ ]|on .+ wrote:)"
_PARAGRAPH = r"(?:[^\n]*[^\s][^\n]*\n?)+"
_CUES = (
    "intended recipient", "confidential", "privileged", "received this", "in error", "unauthorized", "disclos", "notify the sender", "notify us",
    "delete", "dissemination", "prohibited", "hipaa", "this e-mail", "this email", "this message", "transmission",
)  # fmt: skip
_NEEDED_CUES = 3
_LINES, _LONG_LINE = 12, 90
_SENDERS = frozenset(
    {Kind.NAME, Kind.LOCATION, Kind.PHONE, Kind.FAX, Kind.EMAIL, Kind.URL, Kind.LICENSE, Kind.ORGANIZATION}
)
_LABELLED = "labelled_name"


class Boilerplate:
    """Finds signature and disclaimer in one document, given its hits."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._closing: Any = compiled(_CLOSING)
        self._quote: Any = gated(_QUOTE)
        self._paragraph: Any = compiled(_PARAGRAPH)
        self._trades = lexicon.health["trades"]

    def spans(self, document: Document, hits: Sequence[Hit]) -> list[tuple[int, int]]:
        """The spans, in order and apart, whose identifiers and health terms do not count for the rule."""
        disclaimers = self._disclaimers(document, hits)
        return sorted([*disclaimers, *self._signature(document, hits, disclaimers)])

    def _disclaimers(self, document: Document, hits: Sequence[Hit]) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        if sum([cue in document.lower for cue in _CUES]) < _NEEDED_CUES:
            return found
        identifying = sorted(hit.start for hit in hits if hit.kind.identifies)
        for start, end in document.spans(self._paragraph):
            text = document.lower[start:end]
            if sum(cue in text for cue in _CUES) >= _NEEDED_CUES and bisect_left(identifying, start) == bisect_left(
                identifying, end
            ):
                found.append((start, end))
        return found

    def _signature(
        self, document: Document, hits: Sequence[Hit], disclaimers: list[tuple[int, int]]
    ) -> list[tuple[int, int]]:
        """From the last closing formula to the quoted mail, a disclaimer, or the end."""
        text = document.text
        stop = next(document.spans(self._quote), (len(text), 0))[0]
        start = max((begin for begin, _ in document.spans(self._closing) if begin < stop), default=-1)
        if start < 0:
            return []
        stop = min([stop, *(begin for begin, _ in disclaimers if begin > start)])
        lines = [line for line in text[start:stop].splitlines() if line.strip()]
        if len(lines) > _LINES or any(len(line) > _LONG_LINE for line in lines):
            return []
        inside = [hit for hit in hits if start <= hit.start < stop]
        return [(start, stop)] if all(self._senders_own(document, hit) for hit in inside) else []

    def _senders_own(self, document: Document, hit: Hit) -> bool:
        """Whether the hit is what people write under their mail."""
        if hit.kind is Kind.HEALTH_TERM:
            return hit.by in {WEAK, EVERYDAY} or document.lower[hit.start : hit.end] in self._trades
        return hit.kind in _SENDERS and hit.by != _LABELLED
