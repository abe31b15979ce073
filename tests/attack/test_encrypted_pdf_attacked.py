"""Hostile text in the pages of an encrypted PDF: nothing of it is markup, nothing leaves the page, nothing stops the typesetter."""

from __future__ import annotations

import io
import os
from datetime import UTC, datetime
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.protected import Protected
from gateway.mime.filename import safe_name
from gateway.seal.pdf import File, encrypted_pdf, named
from gateway.seal.pdf_pages import Letter, Typesetter

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
TYPESETTER = Typesetter(Path(__file__).parents[2] / "templates" / "letters" / "letter.typ")
MARKUP = (
    '#read("/etc/passwd")', '#import "@preview/x:1.0.0": *', '#eval("1+1")', "#sys.version", "#include \"letter.typ\"", "*bold* _it_ `raw` $x^2$",
    "= heading", "#panic()", "\\u{41}", "<label> @label", "// comment", "/* comment", "https://example.org/a", "#link(\"file:///etc/passwd\")[x]", "]#text(red)[",
    '"); panic("', "<script>alert(1)</script>", "%PDF-1.7 endstream endobj", "(/S /JavaScript /JS (x))", "{{ 7*7 }}", "\\begin{document}", "-- --- ... ~",
)  # fmt: skip


def letter(text: str, *, subject: str = "s", files: tuple[str, ...] = (), practice: str = "Willow") -> Letter:
    return Letter(practice, "", "en", (("sender", text[:500]), ("subject", subject)), text, (text[:200],), files)


def shown(pdf: bytes) -> str:
    return "\n".join(page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(pdf))


@pytest.mark.parametrize("text", MARKUP)
def test_markup_is_text_wherever_it_stands(text):
    pages = TYPESETTER.set(letter(text, subject=text, files=(text,), practice=text), AT)
    said = shown(pages.pdf).replace("\u200b", "")
    assert said.count(text) >= 5, said
    with pikepdf.open(io.BytesIO(pages.pdf)) as pdf:
        assert all("/Annots" not in page for page in pdf.pages), "no link, no action"
        assert not {"/OpenAction", "/AA", "/AcroForm"} & set(pdf.Root.keys())
        assert "/JavaScript" not in pdf.Root.get("/Names", {})


@pytest.mark.parametrize(
    "text",
    [
        "W" * 30_000, "\u200b" * 5000, "a\u0300" * 3000, "\u202e" * 100 + "txt.exe", "\ud800\udfff", "\x00\x01\x1b[2J\x9b", "\ufffe\uffff",
        "\u2028" * 3000, "\r" * 3000, "\t" * 5000, " " * 50_000 + "x", "\u00a0" * 20_000, "ﷺ" * 500, "\U000e0001\U000e0041" * 100, "🏳️‍🌈" * 300, "\u0e33" * 3000,
        "-" * 20_000, ".a" * 10_000, "\u00ad" * 5000, "م" * 3000, "नमस्ते" * 500,
    ],
    ids=range(21),
)  # fmt: skip
def test_hostile_unicode_makes_pages(text):
    pages = TYPESETTER.set(letter(text), AT)
    assert len(pypdfium2.PdfDocument(pages.pdf)) < 60
    encrypted_pdf(
        pages.pdf, [File("letter.txt", "text/plain", text.encode("utf-8", "replace"))], Protected("p"), os.urandom
    )


def test_a_word_of_any_length_stays_on_its_page():
    document = pypdfium2.PdfDocument(TYPESETTER.set(letter("W" * 3000 + " i" + "m" * 3000), AT).pdf)
    for page in document:
        width, _ = page.get_size()
        text = page.get_textpage()
        assert all(text.get_charbox(index)[2] <= width - 30 for index in range(text.count_chars()))


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_any_text_makes_pages(text):
    assert TYPESETTER.set(letter(text, subject=text, files=(text,)), AT).pdf.startswith(b"%PDF-2.0")


NAMES = ["../../etc/passwd", "..\\..\\boot.ini", "C:\\a.exe", "/abs", ".hidden", "a\r\nb: c", "\u202efdp.exe", "nul\x00l.pdf", "x" * 5000 + ".pdf", "", ".", "..", "con/../..", "a.pdf", "A.pdf", "\ud800.pdf"]  # fmt: skip


def test_names_of_files_are_harmless_and_kept_apart():
    names = named([safe_name(one) for one in NAMES])
    files = [File(name, "application/pdf", str(number).encode()) for number, name in enumerate(names)]
    pages = TYPESETTER.set(letter("x", files=tuple(names)), AT).pdf
    with pikepdf.open(io.BytesIO(encrypted_pdf(pages, files, Protected("p"), os.urandom)), password="p") as pdf:
        there = {spec.filename: spec.get_file().read_bytes() for spec in pdf.attachments.values()}
    assert sorted(there.values(), key=int) == [str(number).encode() for number in range(len(NAMES))]
    for name in there:
        assert not set(name) & set("/\\:\r\n\x00\u202e")
        assert not name.startswith(".")
        assert 0 < len(name) <= 160


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(st.sampled_from("aA.( )2ß"), max_size=6), max_size=12))
def test_no_two_names_are_the_same(names):
    made = named(names)
    assert len({one.casefold() for one in made}) == len(names)
