"""A text or a whole mail with placeholders. What could not be judged is left out, and said.

Addresses are identifiers too: the mail's own are written as one that nobody has. Of the Date only the year stays,
45 CFR 164.514(b)(2)(i)(C). Attachments become a line that tells kind and size, no name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from gateway.app.judging import Judged
from gateway.domain.address import Address
from gateway.domain.finding import GapReason
from gateway.flow.reading import Read
from gateway.mime.build import OuterHeaders, text_mail
from gateway.mime.html import extract, replace
from gateway.mime.limits import Limits
from gateway.mime.text import source_of
from gateway.mime.tree import Part
from gateway.phi.redact import placeholder_spans, redact_text

_NOBODY = Address.parse("redacted@redacted.invalid")
_UNREAD = "[this part could not be read and was left out]"


@dataclass(frozen=True, slots=True)
class Redacted:
    """The result; `usable` is False when the detector itself failed, then there is none."""

    data: bytes = field(repr=False)
    usable: bool = True


def redact(one: Judged, *, strict: bool, year: int) -> Redacted:
    """Put placeholders in; `year` stands where a mail has no readable Date."""
    if any(gap.reason is GapReason.SCANNER_FAILED for gap in one.report.gaps):
        return Redacted(b"", usable=False)
    if one.read is None:
        part = one.parts[0]
        return Redacted(
            redact_text(part.text, one.report.findings, part=part.part, strict=strict).encode("utf-8", "replace")
        )
    return Redacted(_mail(one, one.read, strict=strict, year=year))


def _mail(one: Judged, read: Read, *, strict: bool, year: int) -> bytes:
    subject = redact_text(one.text("subject"), one.report.findings, part="subject", strict=strict)
    plain: list[str] = []
    pages: list[str] = []
    for part in read.tree.walk():
        if _is_body(part):
            written = _body(one, part, strict=strict)
            (pages if part.media_type == "text/html" else plain).append(written)
    notes = _notes(read)
    text = "\n\n".join([*(plain or (["[the letter is in HTML only]"] if pages else [])), *notes])
    html = "\n<hr>\n".join([*pages, *(f"<p>{note}</p>" for note in notes)]) if pages else None
    outer = OuterHeaders(
        from_=_NOBODY, to=(_NOBODY,), date=datetime(_year(read.claims.date, year), 1, 1, tzinfo=UTC),
        message_id="<redacted@redacted.invalid>", subject=" ".join(subject.split()), sealgate_id="redacted",
    )  # fmt: skip
    return text_mail(outer, text, html)


def _is_body(part: Part) -> bool:
    name = part.name.partition("#")[0]
    return part.body is not None and not part.children and name in {"body.plain", "body.html"}


def _body(one: Judged, part: Part, *, strict: bool) -> str:
    """One body with placeholders. Only a text that was judged as it stands here may be shown."""
    found, judged = one.report, one.text(part.name)
    source = source_of(part, Limits())
    page = part.media_type == "text/html"
    if any(gap.part == part.name for gap in found.gaps) or (extract(source).text if page else source) != judged:
        return f"<p>{_UNREAD}</p>" if page else _UNREAD
    spans = placeholder_spans(part.name, judged, found.findings, strict=strict)
    return replace(source, spans) if page else redact_text(source, found.findings, part=part.name, strict=strict)


def _notes(read: Read) -> list[str]:
    leaves = [
        part for part in read.tree.walk()
        if part.body is not None and part.body.length and not _is_body(part) and "/" not in part.name
    ]  # fmt: skip
    return [
        f"[attachment {number} removed: {part.media_type}, {part.body.length if part.body else 0} bytes]"
        for number, part in enumerate(leaves, start=1)
    ]


def _year(date: str, otherwise: int) -> int:
    try:
        year = parsedate_to_datetime(date).year
    except (ValueError, TypeError, IndexError):
        return otherwise
    return year if 1970 <= year <= 9000 else otherwise
