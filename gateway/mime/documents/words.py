"""Plain text, CSV, HTML, calendars and cards that came inside an archive or under a wrong label."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.domain.finding import Gap, GapReason, TextPart
from gateway.mime.cards import is_card, read_card
from gateway.mime.charset import decode, twice_encoded
from gateway.mime.documents.budget import Budget
from gateway.mime.documents.table import Result, read
from gateway.mime.html import extract
from gateway.mime.inner import File, data_urls


def read_text(part: str, data: bytes, budget: Budget) -> Result:
    """Decode text of unknown charset; of calendars and cards also the properties, and the files inside."""
    text, certain = decode(data, "")
    texts = [TextPart(part, text)]
    gaps = [] if certain else [Gap(part, GapReason.UNDECODABLE)]
    if mended := twice_encoded(text):
        texts.append(TextPart(f"{part}/mended", mended))
    if is_card(text):
        card = read_card(text)
        texts.append(TextPart(f"{part}/properties", "\n".join(card.lines)))
        found, missed = _inner(part, card.files, budget)
        return texts + found, gaps + missed
    return texts, gaps


def read_html(part: str, data: bytes, budget: Budget) -> Result:
    """HTML as a person sees it, its hidden parts, and the files in its data: URLs."""
    text, certain = decode(data, "")
    shown = extract(text)
    found, missed = _inner(part, data_urls(text, shown.data), budget)
    gaps = [] if certain else [Gap(part, GapReason.UNDECODABLE)]
    return [TextPart(part, shown.text), *found], gaps + missed


def _inner(part: str, files: Sequence[File], budget: Budget) -> Result:
    texts: list[TextPart] = []
    gaps: list[Gap] = []
    if files and not budget.enter():
        return [], [Gap(part, GapReason.TOO_DEEP)]
    for number, (media_type, data) in enumerate(files, 1):
        inside = f"{part}/file-{number}"
        if data is None:
            gaps.append(Gap(inside, GapReason.MALFORMED))
        elif not budget.take_entry() or not budget.take_bytes(len(data)):
            gaps.append(Gap(inside, GapReason.BOMB))
            break
        elif data:
            found, missed = read(inside, media_type, "", data, budget)
            texts += found
            gaps += missed
    if files:
        budget.leave()
    return texts, gaps
