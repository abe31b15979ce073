"""Redacted mail: what comes out holds nothing that the detector would mask, and a copy that leaks is not used."""

from __future__ import annotations

import email
import email.policy
import io
from collections.abc import Iterator, Sequence
from email.message import EmailMessage

import pypdfium2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.app.judging import Judge
from gateway.domain.finding import Finding, Gap, GapReason, Kind, Mode, ScanReport, TextPart
from gateway.flow.copies import Copies
from gateway.flow.reading import Reader
from gateway.flow.redaction import Manner, Redaction
from gateway.mime.limits import Limits
from gateway.mime.tree import MemoryBody, Part
from gateway.phi.redact import typed
from gateway.phi.scan import MailContext, Scanner
from gateway.ports.inspector import Edit, Inspection, Specimen
from tests.support.documents import docx_of, paragraph, pdf_of

GIVEN = ["Casimir", "Ana", "Jo", "Quentin", "Li"]
SURNAMES = ["Oxbow", "Marlowe-Quill", "O'Tarn", "García", "Brown", "Zorblatt"]
LINES = [
    "Dear Dr. Marlowe,", "I saw Mr. Casimir Oxbow, born 03/04/1956, MRN 4650146, in our clinic.",
    "He complains of chest pain on exertion. The stress test was negative and the", "blood pressure is well controlled on lisinopril 10 mg daily.",
    "We discussed diet and exercise. Mr. Oxbow will come back in three months.",
]  # fmt: skip


def letter(html: str = "", files: Sequence[tuple[str, bytes]] = ()) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@example.org", "b@example.net", "About Casimir Oxbow"
    mail.set_content("Dear Dr. Marlowe,\n\nMr. Casimir Oxbow (MRN 4650146) has a cough.\n")
    if html:
        mail.add_alternative(html, subtype="html")
    for name, data in files:
        mail.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return bytes(mail)


@pytest.fixture(scope="module")
def scanner() -> Scanner:
    return Scanner.load()


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    made = Judge()
    yield made
    made.close()


def redacted(judge: Judge, raw: bytes, manner: Manner) -> EmailMessage:
    data = judge.redacted(judge.mail(raw), manner, 2026)
    assert data is not None
    mail = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_copies_travel_with_names_that_tell_nothing(judge: Judge) -> None:
    files = [
        ("oxbow_casimir.docx", docx_of(paragraph(*LINES[1].split("x", 1)) + paragraph(LINES[2]))),
        ("list.csv", b"name,mrn,phone\r\nCasimir Oxbow,4650146,(212) 555-0134\r\n"),
        ("x.zip", b"PK\x05\x06" + bytes(18)),
    ]
    mail = redacted(judge, letter(files=files), Manner(copies=True, numbered=True))
    assert [one.get_filename() for one in mail.iter_attachments()] == ["attachment-1.docx", "list.csv"]
    assert "[attachment 3 removed: application/octet-stream, 22 bytes]" in body(mail, "plain")
    assert "Oxbow" not in mail.as_string()
    cells = next(one for one in mail.iter_attachments() if one.get_filename() == "list.csv").get_payload(decode=True)
    assert cells == b"name,mrn,phone\r\n[name-1],[mrn-1],[phone-1]\r\n"
    assert "[name-1] ([mrn-1]) has a cough" in body(mail, "plain")


def test_without_the_wish_attachments_are_notes(judge: Judge) -> None:
    mail = redacted(judge, letter(files=[("a.txt", b"hello")]), Manner())
    assert not list(mail.iter_attachments())
    assert "[attachment 1 removed: application/octet-stream, 5 bytes]" in body(mail, "plain")


def test_a_pdf_copy_is_used_when_ocr_finds_it_clean(judge: Judge) -> None:
    mail = redacted(judge, letter(files=[("a.pdf", pdf_of(LINES))]), Manner(copies=True))
    attached = list(mail.iter_attachments())
    if not attached:
        pytest.skip("tesseract is not installed here, so that pictures of pages cannot be judged")
    assert judge.mail(bytes(mail)).report.complete
    assert not judge.mail(bytes(mail)).report.phi


def test_words_drawn_as_a_picture_keep_the_pdf_at_home(judge: Judge) -> None:
    """The name stands as a drawing beside the text: no text layer tells where, so the copy shows it, and is not used."""
    drawn = page_picture(LINES[1])
    mail = redacted(judge, letter(files=[("a.pdf", drawn)]), Manner(copies=True))
    assert not list(mail.iter_attachments())
    assert "[attachment 1 removed: " in body(mail, "plain")


def page_picture(line: str) -> bytes:
    """A page with clean text, and a line in the picture of a page."""
    scanned = pypdfium2.PdfDocument(pdf_of([line] * 5))[0].render(scale=2.5).to_pil().convert("RGB")
    out = io.BytesIO()
    scanned.save(out, "PDF", resolution=180)
    return out.getvalue()


class Lying:
    """A box whose copies still hold what they should not, or more, or cannot be read."""

    def __init__(self, copy: bytes | None, inspection: Inspection) -> None:
        self.copy, self.inspection, self.asked = copy, inspection, 0

    def units(self, specimen: Specimen) -> Inspection:
        return Inspection((TextPart(f"{specimen.part}/1", "Patient: Casimir Oxbow"),))

    def rewrite(self, specimen: Specimen, edits: Sequence[Edit]) -> bytes | None:
        self.asked += 1
        return self.copy

    def inspect(self, specimens: Sequence[Specimen], seconds: float | None = None) -> Inspection:
        return self.inspection

    def layers(self) -> tuple[str, ...]:
        return ()

    def close(self) -> None:
        """Nothing to end."""


PART = Part(
    "2", "attachment:a.docx", "application/octet-stream", "", "a.docx", "", "attachment", (), (), MemoryBody(b"x")
)


@pytest.mark.parametrize(
    ("inspection", "used"),
    [
        (Inspection((TextPart("attachment:a.docx", "Patient: [name]"),)), True),
        (Inspection((TextPart("attachment:a.docx", "Patient: Casimir Oxbow"),)), False),
        (Inspection((TextPart("attachment:a.docx/inside", "SSN 900-12-3456"),)), False),
        (Inspection((TextPart("attachment:a.docx", "[name]"),), (Gap("attachment:a.docx", GapReason.NO_TEXT),)), False),
        (Inspection(gaps=(Gap("attachment:a.docx", GapReason.CRASHED),)), False),
    ],
    ids=["clean", "the same words", "words inside", "a part unread", "a crash"],
)
def test_a_copy_is_used_only_if_it_is_clean_when_inspected_again(
    scanner: Scanner, inspection: Inspection, used: bool
) -> None:
    box = Lying(b"copy", inspection)
    copies = Copies(Reader(box, scanner, Limits()), box, None, MailContext(), strict=False)
    assert (copies.copy(PART, 1, (), (), typed) is not None) == used
    assert box.asked


def test_no_copy_no_attachment(scanner: Scanner) -> None:
    box = Lying(None, Inspection())
    copies = Copies(Reader(box, scanner, Limits()), box, None, MailContext(), strict=False)
    assert copies.copy(PART, 1, (), (), typed) is None


def test_hidden_words_of_html_do_not_come_along(judge: Judge) -> None:
    page = (
        "<p title='Casimir Oxbow'>Mr. <b>Cas</b>imir Oxbow<!-- plain secret --><span style='display:none'>plain secret</span></p>"
        "<img src='https://example.org/?u=Oxbow' alt='photo of Mr. Oxbow' onerror='x'><script>'plain secret'</script>"
    )
    mail = redacted(judge, letter(page), Manner())
    html = body(mail, "html")
    assert "secret" not in html
    assert "xbow" not in html
    assert "imir" not in html
    assert "src=" not in html
    assert 'alt="photo of [name]"' in html


def test_a_text_that_does_not_come_to_rest_is_left_out(judge: Judge, scanner: Scanner) -> None:
    class Restless(Scanner):
        def scan(self, parts: Sequence[TextPart], *rest: object, **more: object) -> ScanReport:
            return ScanReport(tuple(Finding(Kind.NAME, one.part, 0, 1, 0.9, "x") for one in parts if one.text))

    box = Lying(None, Inspection())
    reader = Reader(box, Restless.__new__(Restless), Limits())
    redaction = Redaction(reader, box, None, MailContext())
    part = TextPart("text", "abc")
    assert redaction.text(part, reader.scan([part], (), None)) is None
    read = judge.mail(letter()).read
    assert read is not None
    made = redaction.mail(read, reader.scan(read.parts, (), None), 2026)
    assert made is not None
    assert b"[this part could not be read and was left out]" in made
    assert b"cough" not in made


PIECES = st.sampled_from([
    "Patient: {0} {1}", "Mr. {1} has a cough.", "{1}, {0}", "{0} {1}, DOB 03/21/1956", "MRN 4650146", "SSN 900-12-3456", "call (212) 555-0134",
    "write to {0}@example.net", "lives at 4757 Maple Ln, Riverside, CA 92501", "seen on March 4, 2026", "diabetes, metformin 500 mg", "HIV positive",
    "at St. Agnes Hospital", "Dear Ms. {1},", "Thanks,\n{0}", "> {0} {1} wrote", "[name-1] said", "a 92-year-old woman", "Medicare 1EG4-TE5-MK73",
])  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(PIECES, st.sampled_from(GIVEN), st.sampled_from(SURNAMES)), min_size=1, max_size=8),
    st.booleans(),
    st.booleans(),
)
def test_what_comes_out_holds_nothing_in_strict_mode(
    scanner: Scanner, pieces: list[tuple[str, str, str]], numbered: bool, strict: bool
) -> None:
    text = "\n".join(piece.format(given, family) for piece, given, family in pieces)
    box = Lying(None, Inspection())
    reader = Reader(box, scanner, Limits(), mode=Mode.STRICT)
    part = TextPart("body.plain", text)
    redaction = Redaction(reader, box, None, MailContext(), Manner(strict=strict, numbered=numbered))
    made = redaction.text(part, reader.scan([part], (), None))
    if made is None:  # it would be left out
        return
    left = reader.scan([TextPart("body.plain", made)], (), None).findings
    assert not [one for one in left if strict or one.kind.identifies]
