"""The table kind -> maker of redacted copies, which the inspector child calls: once for the texts, once with the edits.

The same bytes give the same texts both times. A kind that is not here, and whatever a maker cannot take whole, is a gap:
then there is no copy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import PurePosixPath
from typing import Protocol

from gateway.domain.finding import Gap, GapReason, TextPart
from gateway.mime.documents.budget import Budget
from gateway.mime.documents.packed import Refused
from gateway.mime.documents.table import Result, kind_of_document
from gateway.ports.inspector import Edit

Spans = Sequence[tuple[int, int, str]]


class Copyable(Protocol):
    """A document as it was read for copying: `texts` to be judged, and how to write it with placeholders in them."""

    texts: list[str]

    def written(self, spans: Mapping[int, Spans]) -> bytes:
        """A new document; `spans` by the text's number, in order and apart."""
        ...


Maker = Callable[[bytes, Budget], Copyable]

MAKERS: Mapping[str, str] = {
    "text": "plain",
    "csv": "cells",
    "html": "page",
    "docx": "word",
    "xlsx": "sheet",
    "pdf": "pdf",
}
"""Kind -> module of this package; each has `copyable(data, budget)`, which raises Refused for what it cannot take whole."""

_FOLDED = frozenset({"text/calendar", "text/vcard", "text/x-vcard", "text/directory", "application/ics"})
"""Whose lines are folded in the midst of words: no copy is made of them."""
_CELLS = frozenset({".csv", ".tsv"})
_CELL_TYPES = frozenset({"text/csv", "text/tab-separated-values", "application/csv"})


def units(part: str, media_type: str, file_name: str, data: bytes, budget: Budget) -> Result:
    """The texts of a copy as `part/1`, `part/2`, …, or a gap."""
    maker = _maker(media_type, file_name, data)
    if maker is None:
        return [], [Gap(part, GapReason.UNKNOWN_TYPE)]
    try:
        found = maker(data, budget)
    except Refused as refusal:
        return [], [Gap(part, refusal.reason)]
    return [TextPart(f"{part}/{number}", text) for number, text in enumerate(found.texts, 1)], []


def rewritten(media_type: str, file_name: str, data: bytes, edits: Sequence[Edit], budget: Budget) -> bytes:
    """The copy with the edits made; raises for whatever stands against it."""
    maker = _maker(media_type, file_name, data)
    if maker is None:
        raise Refused(GapReason.UNKNOWN_TYPE)
    found = maker(data, budget)
    spans: dict[int, list[tuple[int, int, str]]] = {}
    for one in sorted(edits, key=lambda one: (one.unit, one.start, one.end)):
        before = spans.setdefault(one.unit, [])
        if not 0 <= one.start < one.end <= len(found.texts[one.unit]) or (before and one.start < before[-1][1]):
            raise ValueError("an edit that does not fit its text")
        before.append((one.start, one.end, one.text))
    return found.written(spans)


def _maker(media_type: str, file_name: str, data: bytes) -> Maker | None:
    kind = kind_of_document(media_type, file_name, data)
    if kind == "text" and (PurePosixPath(file_name.lower()).suffix in _CELLS or media_type.lower() in _CELL_TYPES):
        kind = "csv"
    if kind == "ooxml":
        kind = "docx"
    if kind not in MAKERS or media_type.lower() in _FOLDED:
        return None
    maker: Maker = import_module(f"gateway.mime.redaction.{MAKERS[kind]}").copyable
    return maker
