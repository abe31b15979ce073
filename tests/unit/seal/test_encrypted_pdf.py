"""Encrypted PDF and archives: what other people's programs make of them, with the right password and without."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
import pyzipper

from gateway.domain.errors import SealingFailed
from gateway.domain.protected import Protected
from gateway.seal.pdf import File, encrypted_pdf, encrypted_zip, named
from gateway.seal.pdf_pages import TEXT_FILE, Letter, Typesetter
from tests.support.programs import run

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
PASSWORD = "glacier pumpkin Ñandú lantern"
TYPESETTER = Typesetter(Path(__file__).parents[3] / "templates" / "letters" / "letter.typ")
FILES = [
    File("Laboratory.csv", "text/csv", b"glucose,141\n" * 50),
    File("Überweisung Núñez.pdf", "application/pdf", os.urandom(5000)),
    File("empty.bin", "no type at all\r\n", b""),
]
TEXT = "Dear Ana Núñez,\n\nyour glucose is 141.\nPlease call.\n\nJo Lee"


def letter(text: str = TEXT, **more: object) -> Letter:
    fields = (("sender", "Dr. Jo Lee <jo@willow.example.org>"), ("to", "Ana Núñez"), ("subject", "Your results"))
    given = {"fields": fields, "files": tuple(one.name for one in FILES), "language": "en"} | more
    return Letter("Willow Clinic", "555-0100", text=text, **given)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def sealed(tmp_path_factory) -> Path:
    pages = TYPESETTER.set(letter(), AT)
    path = tmp_path_factory.mktemp("pdf") / "secure-message.pdf"
    path.write_bytes(encrypted_pdf(pages.pdf, FILES, Protected(PASSWORD), os.urandom))
    return path


def program(name: str) -> str:
    if shutil.which(name) is None:
        pytest.skip(f"what {name} makes of an encrypted PDF is not tested: install it")
    return name


def test_qpdf_finds_revision_six_and_no_fault(sealed):
    qpdf = program("qpdf")
    said = run(qpdf, f"--password={PASSWORD}", "--check", sealed).decode()
    assert "PDF Version: 2.0" in said
    assert "R = 6" in said
    assert "Supplied password is user password" in said
    for what in ("stream", "string", "file"):
        assert f"{what} encryption method: AESv3" in said
    assert "extract for accessibility: allowed" in said
    assert "No syntax or stream encoding errors" in said


@pytest.mark.parametrize("password", ["", "glacier", PASSWORD.lower(), PASSWORD + " ", "None"])
def test_no_other_password_opens_it(sealed, password):
    with pytest.raises(pikepdf.PasswordError):
        pikepdf.open(sealed, password=password)
    with pytest.raises(pypdfium2.PdfiumError):
        pypdfium2.PdfDocument(sealed, password=password)
    if shutil.which("pdftotext"):
        assert subprocess.run(
            ["pdftotext", "-upw", password, str(sealed), "-"], capture_output=True, check=False
        ).returncode


def test_poppler_reads_text_tags_and_attachments(sealed, tmp_path):
    said = run(program("pdftotext"), "-upw", PASSWORD, sealed, "-").decode()
    for words in (
        "Message from Willow Clinic",
        "Dear Ana Núñez,",
        "your glucose is 141.",
        "Your results",
        "Überweisung Núñez.pdf",
        "555-0100",
        "Page 1 of 1",
    ):
        assert words in said
    about = run("pdfinfo", "-upw", PASSWORD, sealed).decode()
    assert "Tagged:          yes" in about
    assert "algorithm:AES-256" in about
    assert "PDF version:     2.0" in about
    structure = run("pdfinfo", "-struct-text", "-upw", PASSWORD, sealed).decode()
    assert 'H1 "Message from Willow Clinic"' in structure
    assert "LBody" in structure
    assert structure.count("\n  P ") >= 5
    run("pdfdetach", "-saveall", "-upw", PASSWORD, "-o", tmp_path, sealed)
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == {one.name: one.data for one in FILES}


def test_pdfium_shows_it(sealed):
    document = pypdfium2.PdfDocument(sealed, password=PASSWORD)
    assert document.is_tagged()
    assert document.get_version() == 20
    assert document.count_attachments() == 3
    text = document[0].get_textpage().get_text_bounded()
    assert "your glucose is 141." in text
    assert document[0].render(scale=0.3).to_pil().getextrema() != ((255, 255),) * 3
    assert {document.get_attachment(n).get_name() for n in range(3)} == {one.name for one in FILES}


@pytest.mark.parametrize(
    ("language", "title"), [("en", "Message from Willow Clinic"), ("es", "Mensaje de Willow Clinic")]
)
def test_it_is_tagged_for_screen_readers(language, title):
    pages = TYPESETTER.set(letter(language=language), AT)
    with pikepdf.open(io.BytesIO(encrypted_pdf(pages.pdf, FILES, Protected("p"), os.urandom)), password="p") as pdf:
        root = pdf.Root
        assert root.Lang == language
        assert root.MarkInfo.Marked
        assert "/StructTreeRoot" in root
        assert root.ViewerPreferences.DisplayDocTitle
        assert root.PageMode == "/UseAttachments"
        assert pdf.open_metadata()["dc:title"] == title
        assert all(page.obj.Tabs == "/S" for page in pdf.pages if "/Tabs" in page.obj)
        assert [str(one.AFRelationship) for one in root.AF] == ["/Supplement"] * 3
        fonts = [font for page in pdf.pages for font in page.Resources.Font.values()]
        assert fonts
        assert all("/ToUnicode" in font for font in fonts)


def test_nothing_of_the_letter_is_readable_outside(sealed):
    raw = sealed.read_bytes()
    plain = encrypted_pdf(TYPESETTER.set(letter(), AT).pdf, [], Protected("x"), os.urandom)
    for hidden in (
        "Ana",
        "Núñez",
        "glucose",
        "Willow",
        "Laboratory",
        "Your results",
        "Typst",
        "dc:title",
        "Mar 2026",
        "2026030",
    ):
        for form in (hidden.encode(), hidden.encode("utf-16-be")):
            assert form not in raw
            assert form not in plain
    with pikepdf.open(sealed, password=PASSWORD) as pdf:
        assert pdf.encryption.R == 6
        assert pdf.encryption.V == 5
        assert pdf.trailer.Encrypt.get("/EncryptMetadata", True)
        assert "/Title" not in pdf.docinfo


def test_two_files_of_one_letter_have_nothing_in_common_outside():
    pages = TYPESETTER.set(letter(), AT).pdf
    first, second = (encrypted_pdf(pages, [], Protected("same"), os.urandom) for _ in range(2))
    ids = [bytes(pikepdf.open(io.BytesIO(one), password="same").trailer.ID[0]) for one in (first, second)]
    assert ids[0] != ids[1]
    assert len(ids[0]) == 16


@pytest.mark.parametrize("password", ["", "   ", "x" * 128, "ñ" * 64])
def test_no_file_without_a_password_that_counts_whole(password):
    pages = TYPESETTER.set(letter("short"), AT).pdf
    for make in (
        lambda: encrypted_pdf(pages, [], Protected(password), os.urandom),
        lambda: encrypted_zip([], Protected(password), "m.zip"),
    ):
        with pytest.raises(SealingFailed) as caught:
            make()
        assert password.strip() == "" or password not in str(caught.value)


def test_what_is_no_pdf_is_not_sealed():
    with pytest.raises(SealingFailed):
        encrypted_pdf(b"no pdf", [], Protected("p"), os.urandom)


def test_an_archive_shows_one_neutral_name_and_opens_with_its_password():
    data = encrypted_zip(FILES, Protected(PASSWORD), "message.zip")
    for hidden in (b"Laboratory", b"glucose", "Überweisung".encode()):
        assert hidden not in data
    [outside] = zipfile.ZipFile(io.BytesIO(data)).infolist()
    assert (outside.filename, outside.CRC, outside.date_time) == ("message.zip", 0, (1980, 1, 1, 0, 0, 0))
    assert outside.extra[:9] == b"\x01\x99\x07\x00\x02\x00AE\x03", "AE-2 with 256 bits"
    with pyzipper.AESZipFile(io.BytesIO(data)) as archive:
        inner = zipfile.ZipFile(io.BytesIO(archive.read("message.zip", pwd=PASSWORD.encode())))
        assert {one: inner.read(one) for one in inner.namelist()} == {one.name: one.data for one in FILES}
        with pytest.raises(RuntimeError):
            archive.read("message.zip", pwd=b"wrong")


def test_seven_zip_opens_the_archive(tmp_path):
    seven = next((one for one in ("7zz", "7z", "7za") if shutil.which(one)), None)
    if seven is None:
        pytest.skip("what 7-Zip makes of an encrypted archive is not tested: install Debian's package 7zip")
    place = tmp_path / "secure-message.zip"
    place.write_bytes(encrypted_zip(FILES, Protected("plain words"), "message.zip"))
    assert b"AES-256" in run(seven, "l", "-slt", "-pplain words", place)
    run(seven, "x", "-pplain words", f"-o{tmp_path}", place)
    assert zipfile.ZipFile(tmp_path / "message.zip").read("Laboratory.csv") == FILES[0].data


def test_names_are_told_apart():
    assert named(["a.pdf", "A.PDF", "a.pdf", "a (2).pdf", "b"]) == [
        "a.pdf",
        "A (2).PDF",
        "a (3).pdf",
        "a (2) (2).pdf",
        "b",
    ]


def test_long_letters_are_whole():
    text = "\n\n".join(f"Paragraph {number} of the letter, with some more words in it." for number in range(900))
    pages = TYPESETTER.set(letter(text), AT)
    document = pypdfium2.PdfDocument(pages.pdf)
    found = " ".join(" ".join(page.get_textpage().get_text_bounded() for page in document).split())
    assert len(document) > 10
    assert not pages.whole_text
    assert all(f"Paragraph {number} of" in found for number in range(900))


@pytest.mark.parametrize("text", ["word " * 25_000, "line\n" * 4_500])
def test_what_is_too_long_for_pages_goes_as_a_file(text):
    pages = TYPESETTER.set(letter(text), AT)
    said = pypdfium2.PdfDocument(pages.pdf)[0].get_textpage().get_text_bounded()
    assert pages.whole_text
    assert TEXT_FILE in said
    assert "too long" in said


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("Señora Müller – “quoted” ½ € … • Ж Ω ש", False),
        ("患者", True),
        ("مريض", True),
        ("\U0001f642", True),
        ("∮ dx", True),
    ],
)
def test_what_no_font_shows_goes_as_a_file_too(text, whole):
    assert TYPESETTER.set(letter(text), AT).whole_text is whole
