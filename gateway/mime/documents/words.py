"""Plain text, CSV and HTML that came inside an archive or under a wrong label."""

from __future__ import annotations

from gateway.domain.finding import Gap, GapReason, TextPart
from gateway.mime.charset import decode
from gateway.mime.documents.budget import Budget
from gateway.mime.html import extract


def read_text(part: str, data: bytes, _budget: Budget) -> tuple[list[TextPart], list[Gap]]:
    """Decode text of unknown charset."""
    text, certain = decode(data, "")
    return [TextPart(part, text)], [] if certain else [Gap(part, GapReason.UNDECODABLE)]


def read_html(part: str, data: bytes, _budget: Budget) -> tuple[list[TextPart], list[Gap]]:
    """HTML as a person sees it, and its hidden parts."""
    text, certain = decode(data, "")
    return [TextPart(part, extract(text).text)], [] if certain else [Gap(part, GapReason.UNDECODABLE)]
