"""Archives: every entry read by the table again, its name as text, within depth, entries, bytes and ratio."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.domain.finding import Gap, GapReason, TextPart
from gateway.mime.documents.archive_beside import beside
from gateway.mime.documents.budget import Budget
from gateway.mime.documents.libarchive import Member, members
from gateway.mime.documents.packed import Refused, entries, margins, opened, unpacked
from gateway.mime.documents.table import read
from gateway.mime.naming import Namer, clean

_NAME = 200


def read_zip(part: str, data: bytes, budget: Budget) -> tuple[list[TextPart], list[Gap]]:
    """Texts of the entries as `part/NAME`; the names themselves, and the archive's comment, are the text of `part`."""
    return _read(part, _of_zip(data, budget), budget)


def read_packed(part: str, data: bytes, budget: Budget) -> tuple[list[TextPart], list[Gap]]:
    """The same of TAR, 7z, RAR, CAB and single packed files; without libarchive a gap."""
    library = budget.instruments.archives
    if library is None:
        return [], [Gap(part, GapReason.UNKNOWN_TYPE)]
    found, gaps = _read(part, members(library, data, budget), budget)
    told, whole = beside(data, budget)
    found += [TextPart(f"{part}/beside", told)] * bool(told)
    return found, [*gaps, *([Gap(part, GapReason.AMBIGUOUS)] * (not whole and not gaps))]


def _of_zip(data: bytes, budget: Budget) -> Iterator[Member]:
    with opened(data) as archive:
        if told := margins(archive, data):
            yield Member(told, b"")
        for entry in entries(archive, budget):
            try:
                content = unpacked(archive, entry, budget)
            except Refused as refusal:
                yield Member(entry.filename, None, refusal.reason)
                if budget.bytes_left <= 0:
                    return
                continue
            yield Member(entry.filename, content)


def _read(part: str, found: Iterator[Member], budget: Budget) -> tuple[list[TextPart], list[Gap]]:
    if not budget.enter():
        return [], [Gap(part, GapReason.TOO_DEEP)]
    texts: list[TextPart] = []
    gaps: list[Gap] = []
    names: list[str] = []
    namer = Namer()
    try:
        for member in found:
            names.append(member.name.replace("_", " "))
            if member.data == b"":
                continue
            inside = namer.unique(f"{part}/{clean(member.name, _NAME) or 'entry'}")
            if member.data is None:
                gaps.append(Gap(inside, member.reason or GapReason.MALFORMED))
                continue
            more, missed = read(inside, "", member.name, member.data, budget)
            texts += more
            gaps += missed
    except Refused as refusal:
        gaps.append(Gap(part, refusal.reason))
    finally:
        budget.leave()
    return [TextPart(part, "\n".join(names))] * bool(names) + texts, gaps
