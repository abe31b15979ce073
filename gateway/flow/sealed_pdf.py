"""Method `pdf`: the letter and its attachments as one encrypted PDF, or archive, beside a neutral notice.

1 the password is found or made (passwords.py); none, or a weak one: SealingFailed
2 pages, attachments and encryption, all in memory (docs/encrypted-pdf.md has the figures)
3 a made password is told by text message, or its page is made, before the PDF can leave
The open part has the practice's name and how the password comes; the file's name is the same for everybody.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum
from zoneinfo import ZoneInfo

from gateway.domain.errors import LimitExceeded, MalformedMail, SealingFailed
from gateway.flow.compose import Case, Words
from gateway.flow.parcels import INCOMPLETE, Parcels, attachments, bodies, close_open
from gateway.flow.passwords import PORTAL, SMS, Passwords, reference
from gateway.mime.build import OuterHeaders, passthrough
from gateway.mime.build_file import file_mail
from gateway.mime.build_original import without_tags
from gateway.mime.filename import safe_name
from gateway.mime.headers import HeaderRefused
from gateway.mime.html import extract
from gateway.mime.language import language_of
from gateway.mime.limits import Limits
from gateway.mime.text import source_of
from gateway.render.mail import Renderer
from gateway.seal.pdf import File, encrypted_pdf, encrypted_zip, named
from gateway.seal.pdf_pages import TEXT_FILE, Letter, Typesetter

_ARCHIVE = "pdf.archive"


class Form(Enum):
    """The protected file: its name outside, its media type."""

    PDF = ("secure-message.pdf", "application/pdf")
    ARCHIVE = ("secure-message.zip", "application/zip")


@dataclass(frozen=True, slots=True)
class SealedPdf:
    """A sealer for `Compose`; thread-safe."""

    passwords: Passwords
    typesetter: Typesetter
    parcels: Parcels
    renderer: Renderer
    words: Words
    limits: Limits
    language: str
    """Of pages whose letter does not tell its own."""
    zone: ZoneInfo

    def __call__(self, case: Case, outer: OuterHeaders, notices: tuple[str, ...]) -> Iterable[bytes]:
        """The mail with the protected file; SealingFailed where it cannot be made, then nothing leaves."""
        row = case.decided.row
        password = self.passwords.of(case)
        form = Form.ARCHIVE if _ARCHIVE in row.reasons else Form.PDF
        text = self._text(case)
        files = self._files(case)
        letter = Letter(
            self.words.practice, self.words.phone, language_of(text, self.language[:2]), _fields(case), text, notices,
            tuple(one.name for one in files), packed=form is Form.ARCHIVE,
        )  # fmt: skip
        pages = self.typesetter.set(letter, case.received_at)
        if pages.whole_text:
            files = [*files, File(TEXT_FILE, "text/plain", text.encode("utf-8", "replace"))]
        if form is Form.PDF:
            sealed = encrypted_pdf(pages.pdf, files, password, self.passwords.tokens.secret)
        else:
            whole = [File("message.pdf", "application/pdf", pages.pdf), *files]
            sealed = encrypted_zip(whole, password, "message.zip")
        page = self._page(case)
        notice = self.renderer.mail(
            "pdf-notice", practice=self.words.practice, phone=self.words.phone, by_text=SMS in row.reasons,
            archive=form is Form.ARCHIVE, reference=reference(row.id), **page,
        )  # fmt: skip
        name, media_type = form.value
        return file_mail(
            replace(outer, subject=notice.subject), notice.text, notice.html, file_name=name, media_type=media_type,
            chunks=(sealed,),
        )  # fmt: skip

    def _page(self, case: Case) -> dict[str, str]:
        """See to it that the password reaches its reader; what the notice says of the page that shows it."""
        row = case.decided.row
        if PORTAL in row.reasons:
            token, ends = self.passwords.show(case), self.parcels.expires(row.id).astimezone(self.zone)
            return {"link": f"{self.words.portal}/m/{token}", "expires": ends.strftime("%d %B %Y")}
        close_open(self.passwords.store, self.parcels, row.id, case.at)
        self.passwords.tell(case)
        return {"link": "", "expires": ""}

    def _text(self, case: Case) -> str:
        plain, html = bodies(case.read)
        if plain is not None:
            text = source_of(plain, self.limits)
            if text.strip() or html is None:
                return text
        if html is None:
            return ""
        found = extract(source_of(html, self.limits))
        return found.text[: found.visible]

    def _files(self, case: Case) -> list[File]:
        """Every attachment; where the mail could not be taken apart whole, all of it as one file too."""
        found = []
        for part in attachments(case.read, self.limits):
            assert part.body is not None
            name = safe_name(part.file_name or f"attachment-{part.path}")
            found.append((name, part.media_type, b"".join(part.body.chunks())))
        if not {one.reason for one in case.read.gaps}.isdisjoint(INCOMPLETE):
            try:
                whole = b"".join(passthrough(case.chunks(), sealgate_id=case.decided.row.message_id))
            except (MalformedMail, LimitExceeded, HeaderRefused) as error:
                raise SealingFailed("a mail that cannot be taken apart cannot be enclosed as a whole either") from error
            found.append(("original-message.eml", "message/rfc822", whole))
        # The first name of an archive is its letter's, and `letter.txt` may be added.
        taken = ["message.pdf", TEXT_FILE]
        names = named([*taken, *(name for name, _, _ in found)])[len(taken) :]
        return [File(name, kind, data) for name, (_, kind, data) in zip(names, found, strict=True)]


def _fields(case: Case) -> tuple[tuple[str, str], ...]:
    """The head of the letter: addresses as written, no Bcc, no tags."""
    headers = {one.name.lower(): one.text.strip() for one in reversed(case.read.tree.headers)}
    claims = case.read.claims
    found = [("sender", headers.get("from", "")), ("to", headers.get("to", "")), ("cc", headers.get("cc", ""))]
    fields = [*found, ("sent", claims.date), ("subject", without_tags(claims.subject))]
    return tuple((label, text) for label, text in fields if text or label == "subject")
