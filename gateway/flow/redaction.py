"""Redaction: a text or a whole mail with placeholders, judged again until nothing is left to mask.

What could not be judged is left out, and said. Addresses are identifiers too: the mail's own are written as one that
nobody has. Of the Date only the year stays, 45 CFR 164.514(b)(2)(i)(C). An attachment becomes a line that tells kind and
size, no name; or a redacted copy, where policy wants that and one can be made (copies.py). A letter that is to leave
is whole or not at all: nothing left out, and a copy of every attachment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from gateway.domain.address import Address
from gateway.domain.finding import Finding, GapReason, ScanReport, TextPart
from gateway.flow.copies import Copies, Copy
from gateway.flow.reading import Read, Reader
from gateway.mime.build import OuterHeaders, base64_lines, outer_block, text_mail, text_or_html
from gateway.mime.build_answer import AnswerParts
from gateway.mime.build_original import without_tags
from gateway.mime.entity import MESSAGES
from gateway.mime.html import extract
from gateway.mime.limits import Limits
from gateway.mime.redaction.html import redacted, shown
from gateway.mime.text import source_of
from gateway.mime.tree import Part
from gateway.phi.echoes import Echoes
from gateway.phi.known_patients import KnownPatients
from gateway.phi.numbering import Numbers
from gateway.phi.redact import Label, masked, placeholder_spans, typed, written
from gateway.phi.scan import MailContext
from gateway.ports.inspector import Copier

_NOBODY = Address.parse("redacted@redacted.invalid")
_UNREAD = "[this part could not be read and was left out]"
_ROUNDS = 4
"""What masking one thing brings to light is masked in the next round; a text that does not come to rest is left out."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How to redact. `strict` masks health terms, facilities and dates of care too; `numbered` tells people and values
    apart; `copies` puts redacted copies of attachments in the place of notes; `organizations` masks employers and the like,
    `doubts` whatever somebody may be named by in short.
    """

    strict: bool = False
    numbered: bool = False
    copies: bool = False
    organizations: bool = False
    doubts: bool = False


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail with placeholders: what is shown, and its copies. `echoes` knows the names again that were masked in it."""

    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str | None = field(repr=False)
    files: tuple[Copy, ...] = field(repr=False)
    echoes: Echoes | None = field(default=None, repr=False)

    def written(self, outer: OuterHeaders) -> bytes:
        """The finished mail; `outer` has its Subject already."""
        if not self.files:
            return text_mail(outer, self.text, self.html)
        parts = AnswerParts(text_or_html(self.text, self.html, outer.message_id), f"{outer.message_id} files")
        files = [piece for one in self.files for piece in (parts.file(one.name), *base64_lines([one.data]))]
        return b"".join([outer_block(outer), parts.head(), *files, parts.end()])


@dataclass(slots=True)
class _Piece:
    """A text under redaction; of a page, its HTML."""

    part: str
    source: str = field(repr=False)
    page: bool = False
    usable: bool = True

    def text(self) -> str:
        return extract(self.source).text if self.page else self.source

    def write(self, spans: Sequence[tuple[int, int, str]]) -> None:
        self.source = redacted(self.source, spans) if self.page else written(self.source, spans)


@dataclass(frozen=True, slots=True)
class Redaction:
    """Redacts with the reader that judged."""

    reader: Reader
    copier: Copier
    known: KnownPatients | None
    context: MailContext
    manner: Manner = Manner()

    def text(self, part: TextPart, report: ScanReport) -> str | None:
        """A text with placeholders; None when the detector failed on it, or finds something whatever is masked."""
        if _failed(report):
            return None
        piece = _Piece(part.part, part.text)
        self._settle([piece], report.findings, self._label({part.part: part.text}, report.findings))
        return piece.source if piece.usable else None

    def mail(self, read: Read, report: ScanReport, year: int) -> bytes | None:
        """A whole mail with placeholders; `year` stands where it has no readable Date. None as `text`."""
        if _failed(report):
            return None
        pieces, label = self._pieces(read, report)
        copies, notes = self._attachments(read, report.findings, label)
        made = _letter(pieces, copies, notes)
        outer = OuterHeaders(
            from_=_NOBODY, to=(_NOBODY,), date=datetime(_year(read.claims.date, year), 1, 1, tzinfo=UTC),
            message_id="<redacted@redacted.invalid>", subject=made.subject, sealgate_id="redacted",
        )  # fmt: skip
        return made.written(outer)

    def letter(self, read: Read) -> Letter | None:
        """A mail with placeholders that is to leave; None where anything of it would have to be left out."""
        parts = tuple(replace(one, text=without_tags(one.text)) if one.part == "subject" else one for one in read.parts)
        read = replace(read, parts=parts)
        report = self.reader.scan(parts, read.gaps, self.known, self.context)
        if not report.complete or report.classes or any(part.media_type in MESSAGES for part in read.tree.walk()):
            return None
        echoes = self.reader.echoes(parts, self.masked(report.findings))
        again = (hit for one in parts for hit in echoes.find(one.part, one.text, report.findings))
        report = replace(report, findings=(*report.findings, *again))
        pieces, label = self._pieces(read, report)
        if not all(one.usable for one in pieces):
            return None
        copies, notes = self._attachments(read, report.findings, label)
        return None if notes else replace(_letter(pieces, copies, ()), echoes=echoes)

    def masked(self, findings: Iterable[Finding]) -> list[Finding]:
        """Those of the findings that are masked."""
        return masked(findings, strict=self.manner.strict, organizations=self.manner.organizations)

    def _pieces(self, read: Read, report: ScanReport) -> tuple[list[_Piece], Label]:
        """Subject and bodies with placeholders."""
        judged = {one.part: one.text for one in read.parts}
        subject = _Piece("subject", judged.get("subject", ""))
        bodies = [self._body(part, judged, report) for part in read.tree.walk() if _is_body(part)]
        pieces = [subject, *bodies]
        label = self._label({one.part: judged.get(one.part, "") for one in pieces if one.usable}, report.findings)
        self._settle(pieces, report.findings, label)
        return pieces, label

    def _label(self, texts: dict[str, str], findings: Iterable[Finding]) -> Label:
        if not self.manner.numbered:
            return typed
        return Numbers(texts, self.masked(findings)).of

    def _body(self, part: Part, judged: dict[str, str], report: ScanReport) -> _Piece:
        """One body as it is to be redacted. Only a text that was judged as it stands here may be shown."""
        source = source_of(part, Limits())
        piece = _Piece(part.name, source, page=part.media_type == "text/html")
        piece.usable = piece.text() == judged.get(part.name) and not any(gap.part == part.name for gap in report.gaps)
        return piece

    def _settle(self, pieces: Sequence[_Piece], findings: Iterable[Finding], label: Label) -> None:
        """Mask, and judge all pieces together again, until nothing is found; a piece that does not come to rest is
        unusable.
        """
        found = self.masked(findings)
        for turn in range(_ROUNDS + 1):
            for piece in pieces:
                if piece.usable:
                    text = piece.text()
                    piece.write(placeholder_spans(piece.part, text, found, strict=True, label=label))
            living = [one for one in pieces if one.usable]
            report = self.reader.scan([TextPart(one.part, one.text()) for one in living], (), self.known, self.context)
            found = self.masked(report.findings)
            if found and self.manner.doubts:
                texts = [TextPart(one.part, one.text()) for one in living]
                echoes = self.reader.echoes(texts, found)
                found += [hit for one in texts for hit in echoes.find(one.part, one.text, report.findings)]
            if not found and report.complete and report.phi and self.manner.doubts:
                found = list(self.reader.doubts([TextPart(one.part, one.text()) for one in living], self.context))
            if not found and report.complete:
                return
            if turn == _ROUNDS or not report.complete:
                bad = {one.part for one in found} | {gap.part for gap in report.gaps}
                for one in living:
                    one.usable = one.usable and one.part not in bad and not _failed(report)

    def _attachments(self, read: Read, findings: Iterable[Finding], label: Label) -> tuple[list[Copy], list[str]]:
        copies: list[Copy] = []
        notes: list[str] = []
        maker = Copies(
            self.reader, self.copier, self.known, self.context, self.manner.strict, self.manner.organizations,
            self.manner.doubts,
        )  # fmt: skip
        for number, part in enumerate(_leaves(read), start=1):
            made = maker.copy(part, number, read.parts, findings, label) if self.manner.copies else None
            if made is not None:
                copies.append(made)
            else:
                length = part.body.length if part.body else 0
                notes.append(f"[attachment {number} removed: {part.media_type}, {length} bytes]")
        return copies, notes


def _failed(report: ScanReport) -> bool:
    return any(gap.reason is GapReason.SCANNER_FAILED for gap in report.gaps)


def _is_body(part: Part) -> bool:
    name = part.name.partition("#")[0]
    return part.body is not None and not part.children and name in {"body.plain", "body.html"}


def _leaves(read: Read) -> list[Part]:
    return [
        part for part in read.tree.walk()
        if part.body is not None and part.body.length and not _is_body(part) and "/" not in part.name
    ]  # fmt: skip


def _letter(pieces: Sequence[_Piece], copies: Sequence[Copy], notes: Sequence[str]) -> Letter:
    subject, *bodies = pieces
    plain = [one.source if one.usable else _UNREAD for one in bodies if not one.page]
    pages = [shown(one.source) if one.usable else f"<p>{_UNREAD}</p>" for one in bodies if one.page]
    text = "\n\n".join([*(plain or (["[the letter is in HTML only]"] if pages else [])), *notes])
    html = "\n<hr>\n".join([*pages, *(f"<p>{note}</p>" for note in notes)]) if pages else None
    title = " ".join(subject.source.split()) if subject.usable else _UNREAD
    return Letter(title, text, html, tuple(copies))


def _year(date: str, otherwise: int) -> int:
    try:
        year = parsedate_to_datetime(date).year
    except (ValueError, TypeError, IndexError):
        return otherwise
    return year if 1970 <= year <= 9000 else otherwise
