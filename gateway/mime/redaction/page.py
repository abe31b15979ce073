"""An HTML file: what it displays, with placeholders."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.domain.finding import GapReason
from gateway.mime.documents.budget import Budget
from gateway.mime.documents.packed import Refused
from gateway.mime.html import extract
from gateway.mime.redaction.html import redacted
from gateway.mime.redaction.plain import certain_text
from gateway.mime.redaction.table import Spans


class _Page:
    def __init__(self, html: str) -> None:
        self._html = html
        self.texts = [extract(html).text]

    def written(self, spans: Mapping[int, Spans]) -> bytes:
        body = redacted(self._html, spans.get(0, ()))
        return f'<!doctype html>\n<meta charset="utf-8">\n{body}'.encode("utf-8", "replace")


def copyable(data: bytes, budget: Budget) -> _Page:
    """An HTML file; one that carries pictures in itself is left out."""
    del budget
    html = certain_text(data)
    if extract(html).embedded:
        raise Refused(GapReason.NO_TEXT)
    return _Page(html)
