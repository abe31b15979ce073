"""ZIP archives: every entry read by the table again, its name as text, within depth, entries, bytes and ratio."""

from __future__ import annotations

from gateway.domain.finding import Gap, GapReason, TextPart
from gateway.mime.documents.budget import Budget
from gateway.mime.documents.packed import Refused, entries, opened, unpacked
from gateway.mime.documents.table import read
from gateway.mime.naming import Namer, clean

_NAME = 200


def read_zip(part: str, data: bytes, budget: Budget) -> tuple[list[TextPart], list[Gap]]:
    """Texts of the entries as `part/NAME`; the names themselves, and the archive's comment, are the text of `part`."""
    if not budget.enter():
        return [], [Gap(part, GapReason.TOO_DEEP)]
    texts: list[TextPart] = []
    gaps: list[Gap] = []
    names: list[str] = []
    namer = Namer()
    try:
        with opened(data) as archive:
            if archive.comment:
                names.append(archive.comment.decode("utf-8", "replace"))
            for entry in entries(archive, budget):
                names.append(entry.filename.replace("_", " "))
                inside = namer.unique(f"{part}/{clean(entry.filename, _NAME) or 'entry'}")
                try:
                    content = unpacked(archive, entry, budget)
                except Refused as refusal:
                    gaps.append(Gap(inside, refusal.reason))
                    if budget.bytes_left <= 0:
                        break
                    continue
                found, missed = read(inside, "", entry.filename, content, budget)
                texts += found
                gaps += missed
    except Refused as refusal:
        gaps.append(Gap(part, refusal.reason))
    finally:
        budget.leave()
    return [TextPart(part, "\n".join(names))] * bool(names) + texts, gaps
