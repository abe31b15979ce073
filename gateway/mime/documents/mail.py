"""Mail in a file (.eml): read like the mail it came with, its attachments by the table again."""

from __future__ import annotations

from gateway.domain.finding import Gap, GapReason, TextPart
from gateway.domain.threat import Threat
from gateway.mime.documents.budget import Budget
from gateway.mime.documents.table import read
from gateway.mime.limits import Limits
from gateway.mime.parse import parse_stream
from gateway.mime.text import texts
from gateway.mime.threats.mail import mail_threats
from gateway.mime.tree import MemorySink, content


def read_mail(part: str, data: bytes, budget: Budget) -> tuple[list[TextPart], list[Gap]]:
    """Texts of the mail as `part/subject`, `part/body.plain`, `part/attachment:NAME`, …"""
    if not budget.enter():
        return [], [Gap(part, GapReason.TOO_DEEP)]
    try:
        limits = Limits()
        tree = parse_stream([data], MemorySink(), limits)
        mail = texts(tree, limits)
        budget.threats += [Threat(one.kind, f"{part}/{one.part}") for one in mail_threats(tree, limits)]
        found = [TextPart(f"{part}/{each.part}", each.text, each.trace) for each in mail.parts]
        gaps = [Gap(f"{part}/{each.part}", each.reason) for each in mail.gaps]
        for leaf in mail.specimens:
            inside = f"{part}/{leaf.name}"
            if leaf.body is None or not budget.take_entry() or not budget.take_bytes(leaf.body.length):
                gaps.append(Gap(inside, GapReason.BOMB))
                continue
            inner, _ = content(leaf.body, leaf.body.length)
            more, missed = read(inside, leaf.media_type, leaf.file_name, inner, budget)
            found += more
            gaps += missed
        return found, gaps
    finally:
        budget.leave()
