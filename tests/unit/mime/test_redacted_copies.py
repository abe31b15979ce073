"""Makers of redacted copies: built anew, placeholders where they were asked for, nothing of what nobody looked at."""

from __future__ import annotations

import csv
import io
import re
import zipfile

import pikepdf
import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.finding import GapReason
from gateway.mime.documents import Budget, read
from gateway.mime.html import extract
from gateway.mime.redaction.html import redacted, shown
from gateway.mime.redaction.table import rewritten, units
from gateway.ports.inspector import Edit
from tests.support.documents import docx_of, paragraph, pdf_of, story


def texts_of(name: str, data: bytes, media_type: str = "") -> list[str]:
    found, gaps = units("a", media_type, name, data, Budget())
    assert not gaps
    assert [one.part for one in found] == [f"a/{number}" for number in range(1, len(found) + 1)]
    return [one.text for one in found]


def masked(name: str, data: bytes, *words: str, label: str = "[name-1]") -> bytes:
    """The copy with every one of the words replaced."""
    edits = [
        Edit(number, match.start(), match.end(), label)
        for number, text in enumerate(texts_of(name, data))
        for match in re.finditer("|".join(map(re.escape, words)), text)
    ]
    return rewritten("", name, data, edits, Budget())


def read_again(name: str, data: bytes) -> str:
    found, gaps = read("a", "", name, data, Budget())
    assert not gaps
    return "\n".join(one.text for one in found)


def document_xml(data: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert sorted(archive.namelist()) == ["[Content_Types].xml", "_rels/.rels", "word/document.xml"]
        return archive.read("word/document.xml").decode()


@pytest.mark.parametrize(
    ("name", "media_type", "start"), [("a.ics", "", b"BEGIN:VCALENDAR\r\n"), ("a", "text/calendar", b"note\r\n"), ("a.vcf", "text/vcard", b"BEGIN:VCARD\r\n")]
)  # fmt: skip
def test_what_is_folded_in_the_midst_of_words_is_not_copied(name: str, media_type: str, start: bytes) -> None:
    found, gaps = units("a", media_type, name, start + b"SUMMARY:Visit of Casimir Ox\r\n bow\r\n", Budget())
    assert not found
    assert gaps


# Word


def test_words_cut_into_runs_are_replaced_where_they_begin() -> None:
    data = docx_of(paragraph("Dear Casi", "mir Ox", "bow, hello") + paragraph("Oxbow"))
    assert texts_of("a.docx", data) == ["Dear Casimir Oxbow, hello\nOxbow\n"]
    copy = masked("a.docx", data, "Casimir Oxbow", "Oxbow")
    assert read_again("a.docx", copy).split() == ["Dear", "[name-1],", "hello", "[name-1]"]


def test_a_span_over_two_paragraphs_leaves_nothing_of_either() -> None:
    data = docx_of(paragraph("at 12 Oak Street") + paragraph("Springfield, now"))
    text = texts_of("a.docx", data)[0]
    at = text.index("12 Oak")
    copy = rewritten("", "a.docx", data, [Edit(0, at, text.index(", now"), "[location]")], Budget())
    assert read_again("a.docx", copy).split() == ["at", "[location]", ",", "now"]


def test_headers_footers_notes_and_comments_come_along_as_text() -> None:
    parts = {
        f"word/{name}.xml": story(tag, inside)
        for name, tag, inside in (
            ("header1", "hdr", paragraph("Header of Oxbow")),
            ("footer2", "ftr", paragraph("Footer of Oxbow")),
            ("footnotes", "footnotes", f"<w:footnote>{paragraph('Note of Oxbow')}</w:footnote>"),
            ("comments", "comments", f'<w:comment w:author="Zed Secret">{paragraph("Comment of Oxbow")}</w:comment>'),
        )
    }
    copy = masked("a.docx", docx_of(paragraph("Body of Oxbow"), parts), "Oxbow")
    text = read_again("a.docx", copy)
    assert "Oxbow" not in text
    assert "Secret" not in document_xml(copy)
    for name in ("Body", "Header", "Footer", "Note", "Comment"):
        assert f"{name} of [name-1]" in text


def test_deleted_hidden_and_outer_words_have_no_way_in() -> None:
    body = (
        '<w:p><w:pPr><w:pStyle w:val="Zed Secret"/></w:pPr><w:ins w:author="Zed Secret"><w:r><w:t>kept</w:t></w:r></w:ins>'
        '<w:del w:author="Zed Secret"><w:r><w:delText>Zed Secret</w:delText></w:r></w:del>'
        "<w:r><w:rPr><w:vanish/></w:rPr><w:t>Zed Secret</w:t></w:r><w:r><w:instrText>MAILTO Zed Secret</w:instrText></w:r>"
        '<w:bookmarkStart w:name="Zed Secret"/><w:hyperlink w:tooltip="Zed Secret"><w:r><w:t> linked</w:t></w:r></w:hyperlink>'
        '<w:sdt><w:sdtPr><w:alias w:val="Zed Secret"/></w:sdtPr><w:sdtContent><w:r><w:t> field</w:t></w:r></w:sdtContent></w:sdt>'
        '<w:r><w:drawing><x descr="Zed Secret"/></w:drawing></w:r></w:p>'
    )
    parts = {
        "docProps/core.xml": "<x>Zed Secret</x>", "customXml/item1.xml": "<x>Zed Secret</x>", "word/media/image1.png": b"Zed Secret",
        "word/styles.xml": "<x>Zed Secret</x>", "word/embeddings/o.bin": b"Zed Secret", "word/people.xml": "<x>Zed Secret</x>",
    }  # fmt: skip
    data = docx_of(body, parts)
    assert texts_of("a.docx", data) == ["kept linked field(picture or object left out)\n"]
    copy = masked("a.docx", data, "nothing of this")
    assert "Secret" not in document_xml(copy)


def test_tables_look_and_headings_come_along() -> None:
    cell = "<w:tc>{}</w:tc>".format
    body = (
        '<w:p><w:pPr><w:pStyle w:val="Heading1"/><w:jc w:val="center"/></w:pPr><w:r><w:t>Results</w:t></w:r></w:p>'
        f"<w:tbl><w:tr>{cell(paragraph('A'))}{cell(paragraph('Oxbow'))}</w:tr></w:tbl>"
        '<w:p><w:r><w:rPr><w:b/><w:u w:val="single"/></w:rPr><w:t>bold &amp; lined</w:t></w:r></w:p>'
    )
    copy = masked("a.docx", docx_of(body), "Oxbow")
    xml = document_xml(copy)
    assert xml.count("<w:tc>") == 2
    assert '<w:jc w:val="center"/>' in xml
    assert '<w:b/><w:u w:val="single"/>' in xml
    assert texts_of("b.docx", copy) == ["Results\nA\n[name-1]\nbold & lined\n"]


def test_other_office_files_and_broken_ones_are_gaps() -> None:
    with io.BytesIO() as whole:
        with zipfile.ZipFile(whole, "w") as archive:
            archive.writestr("[Content_Types].xml", "<x/>")
            archive.writestr("ppt/presentation.xml", "<x/>")
        slides = whole.getvalue()
    for data in (slides, docx_of("<w:p>")):
        assert units("a", "", "a.docx", data, Budget())[1]
        with pytest.raises(Exception):  # noqa: B017 - whatever it is, there is no copy
            rewritten("", "a.docx", data, [], Budget())


# CSV, text, HTML


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.lists(st.text('ab",;\n\t ', max_size=6), min_size=2, max_size=4), min_size=1, max_size=4),
    st.sampled_from(",;\t"),
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 12)), max_size=4),
)
def test_cells_keep_their_number_whatever_is_masked(
    rows: list[list[str]], separator: str, picks: list[tuple[int, int]]
) -> None:
    whole = io.StringIO()
    csv.writer(whole, delimiter=separator, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(
        [["x"] * 4, *[[*row, *"x" * (4 - len(row))] for row in rows]]
    )
    text = whole.getvalue()
    edits, at = [], 0
    for skip, length in picks:
        start = at + skip
        if start + length > len(text):
            break
        edits.append(Edit(0, start, start + length, "[name]"))
        at = start + length
    copy = rewritten("", "a.csv", text.encode(), edits, Budget()).decode()
    before = list(csv.reader(io.StringIO(text), delimiter=separator, strict=True))
    after = list(csv.reader(io.StringIO(copy), delimiter=separator, strict=True))
    assert [len(row) for row in after] == [len(row) for row in before]


def test_a_name_over_two_cells_empties_the_second() -> None:
    data = b'name,given,mrn\n"Oxbow, ""Cas""",Zed,4650146\r\n'
    text = texts_of("a.csv", data)[0]
    start = text.index("Oxbow")
    copy = rewritten("", "a.csv", data, [Edit(0, start, text.index(",4650146"), "[name]")], Budget())
    assert copy == b'name,given,mrn\n"[name]",,4650146\r\n'


def test_text_of_a_doubtful_charset_is_no_copy() -> None:
    assert masked("a.txt", "Grüße an Oxbow\n".encode(), "Oxbow") == "Grüße an [name-1]\n".encode()
    assert units("a", "text/plain", "a.txt", b"caf\xe9 \xff\xfe\x81\x8d", Budget())[1]


def test_edits_that_do_not_fit_are_refused() -> None:
    for edits in (
        [Edit(0, 0, 99, "x")],
        [Edit(1, 0, 1, "x")],
        [Edit(0, 0, 3, "x"), Edit(0, 2, 4, "y")],
        [Edit(0, 2, 2, "x")],
    ):
        with pytest.raises((ValueError, IndexError)):
            rewritten("", "a.txt", b"some text", edits, Budget())


def test_html_is_reduced_to_what_is_displayed() -> None:
    page = (
        "<html><head><title>Zed Secret</title><style>p:after{content:'Zed Secret'}</style></head><body onload='Zed Secret'>"
        "<p class='Zed Secret' title='of Oxbow'>Hi <b>Ox</b><i>bow</i><!-- Zed Secret --> <span style='display:none'>Zed <p>Secret</p></span>"
        "<img src='https://example.org/?p=Zed+Secret' alt='Oxbow'><a href='https://example.org/Zed/Secret'>link</a>"
        "<script>'Zed Secret'</script><template>Zed Secret</template><Zed.Secret@example.org>"
    )
    found = extract(page).text
    spans = [(match.start(), match.end(), "[name-1]") for match in re.finditer("Oxbow", found)]
    out = redacted(page, spans)
    assert "Secret" not in out
    assert out == '<p title="of [name-1]">Hi <b>[name-1]</b><i></i> <img alt="[name-1]"><a>link</a></p>'


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([
    "<b>", "</b>", "<p title=\"a'>b\">", "</p>", "<td>", "<!--", "-->", "<script>", "</script>", "x", "&lt;", "&amp;lt;b", "<", ">", '"',
    "<img alt=x onerror=y src=z>", "<span style='display:none'>", "</span>", "<a href='javascript:x'>", "<b", "\x00", "<style>", "<svg onload=x>",
    "<div hidden>", "</div>", "<textarea>", "</textarea>", "<![CDATA[", "<?x", "&#60;script&#62;", "<template>", "<plaintext>",
]), max_size=25).map("".join))  # fmt: skip
def test_html_that_comes_out_is_only_tags_of_ours(page: str) -> None:
    out = shown(page)
    open_tags: list[str] = []
    for match in re.finditer(r"<(/?)([a-z0-9]+)((?: [a-z]+=\"[^\"<>]*\")*)>", out):
        if match.group(1):
            assert open_tags.pop() == match.group(2)
        elif match.group(2) not in {"br", "hr", "img"}:
            open_tags.append(match.group(2))
        assert not re.search(r" (?:on\w+|href|src|style)=", match.group(3))
    assert not open_tags
    rest = re.sub(r"<(/?)([a-z0-9]+)((?: [a-z]+=\"[^\"<>]*\")*)>", "", out)
    assert "<" not in rest
    assert ">" not in rest
    assert shown(out) == out


# PDF


def test_a_pdf_copy_is_pictures_and_nothing_else() -> None:
    data = pdf_of(["Letter on Casimir Oxbow", "who is well"], info="Zed Secret")
    with pikepdf.open(io.BytesIO(data)) as whole:
        whole.attachments["Zed Secret.txt"] = pikepdf.AttachedFileSpec(whole, b"Zed Secret")
        whole.pages[0].Annots = whole.make_indirect([
            pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Text, Rect=[0, 0, 9, 9], Contents="Zed Secret")
        ])  # fmt: skip
        with io.BytesIO() as out:
            whole.save(out)
            data = out.getvalue()
    copy = masked("a.pdf", data, "Casimir Oxbow")
    document = pypdfium2.PdfDocument(copy)
    assert len(document) == 1
    assert document[0].get_textpage().count_chars() == 0
    assert [one.type for one in document[0].get_objects()] == [3]  # one image
    with pikepdf.open(io.BytesIO(copy)) as whole:
        assert not whole.attachments
        assert "/Info" not in whole.trailer
        assert set(whole.Root.keys()) == {"/Type", "/Pages"}
        assert b"Secret" not in b"".join(bytes(str(one), "utf-8") for one in whole.objects)


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_the_paint_lies_over_the_words_whichever_way_the_page_is_turned(turn: int) -> None:
    data = pdf_of(["                    Oxbow"], rotate=turn)
    bare, covered = (pypdfium2.PdfDocument(masked("a.pdf", data, word))[0] for word in ("nothing", "Oxbow"))
    dark = [one.render(scale=1, grayscale=True).to_pil().histogram() for one in (bare, covered)]
    assert sum(dark[0][:128]) > 20
    assert sum(dark[1][:160]) == 0


def test_locked_and_long_pdfs_are_gaps() -> None:
    with pikepdf.open(io.BytesIO(pdf_of(["x"]))) as whole, io.BytesIO() as out:
        whole.save(out, encryption=pikepdf.Encryption(owner="a", user="b"))
        locked = out.getvalue()
    [gap] = units("a", "", "a.pdf", locked, Budget())[1]
    assert gap.reason is GapReason.ENCRYPTED
    with pikepdf.new() as whole, io.BytesIO() as out:
        for _ in range(41):
            whole.add_blank_page()
        whole.save(out)
        [gap] = units("a", "", "a.pdf", out.getvalue(), Budget())[1]
    assert gap.reason is GapReason.TOO_LARGE


def test_kinds_without_a_maker_are_gaps() -> None:
    for name, data in (("a.png", b"\x89PNG\r\n\x1a\n"), ("a.bin", b"\x00\x01"), ("a.eml", b"Subject: x\r\n\r\nx")):
        assert units("a", "", name, data, Budget()) == ([], units("a", "", name, data, Budget())[1])
        assert units("a", "", name, data, Budget())[1][0].reason is GapReason.UNKNOWN_TYPE
