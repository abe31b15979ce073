"""Every part of a DOCX, XLSX, PPTX and ODF file is read: thirteen identifiers where each format can hide them."""

from __future__ import annotations

import io
import os

import openpyxl
import pytest

from gateway.domain.finding import GapReason
from gateway.mime.documents import Budget, read
from gateway.mime.documents.instruments import Instruments
from tests.support.compound import compound
from tests.support.identified import THIRTEEN, missing_from
from tests.unit.mime.test_read_documents import zipped
from tests.unit.mime.test_read_images import drawn
from tests.unit.mime.test_read_images import saved as picture
from tests.unit.mime.test_read_old_office import native

PART = "attachment:f"
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
TYPES = {"[Content_Types].xml": "<Types/>"}


def opened(files: dict[str, bytes | str], budget: Budget | None = None) -> tuple[str, set[GapReason]]:
    return everything(zipped(files), budget)


def everything(data: bytes, budget: Budget | None = None) -> tuple[str, set[GapReason]]:
    texts, gaps = read(PART, "", "a", data, budget or Budget())
    assert all(each.part == PART or each.part.startswith(f"{PART}/") for each in (*texts, *gaps))
    return "\n".join(each.text for each in texts), {each.reason for each in gaps}


def split(line: str) -> str:
    """A line cut into runs in the middle of its words, as editing leaves it."""
    return "".join(f"<w:r><w:t xml:space='preserve'>{line[at : at + 3]}</w:t></w:r>" for at in range(0, len(line), 3))


def word() -> dict[str, bytes | str]:
    body = (
        f"<w:p>{split(THIRTEEN[0])}</w:p><w:p><w:ins w:author='x'>{split(THIRTEEN[1])}</w:ins></w:p>"
        f"<w:p><w:del><w:r><w:delText>{THIRTEEN[2]}</w:delText></w:r></w:del></w:p>"
        f"<w:txbxContent><w:p>{split(THIRTEEN[3])}</w:p></w:txbxContent>"
        f"<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>{THIRTEEN[4]}</w:t></w:r></w:p>"
        f"<w:docPr descr='{THIRTEEN[5]}'/><w:p><w:r><w:instrText>HYPERLINK {THIRTEEN[6]}</w:instrText></w:r></w:p>"
    )
    chart = f"<c:chart xmlns:c='c'><c:v>{THIRTEEN[10]}</c:v></c:chart>"
    return TYPES | {
        "word/document.xml": f"<w:document {W}><w:body>{body}</w:body></w:document>",
        "word/footnotes.xml": f"<w:footnotes {W}><w:p>{split(THIRTEEN[7])}</w:p></w:footnotes>",
        "word/settings.xml": f"<w:settings {W}><w:docVars><w:docVar w:name='x' w:val='{THIRTEEN[8]}'/></w:docVars></w:settings>",
        "docProps/custom.xml": f"<p><property name='x'><v>{THIRTEEN[9]}</v></property></p>",
        "word/charts/chart1.xml": chart,
        "customXml/item1.xml": f"<patient plate='{THIRTEEN[11]}'/>",
        "word/embeddings/oleObject1.bin": compound({"\x01Ole10Native": native("n.txt", THIRTEEN[12].encode())}),
    }


def test_a_word_document():
    text, gaps = opened(word())
    assert (missing_from(text), gaps) == ([], set())


def test_a_presentation():
    slide = "<p:sld xmlns:p='p' xmlns:a='a'>{}</p:sld>"
    files = TYPES | {
        "ppt/presentation.xml": "<p/>",
        "ppt/slides/slide1.xml": slide.format("".join(f"<a:p><a:t>{each}</a:t></a:p>" for each in THIRTEEN[:5])),
        "ppt/notesSlides/notesSlide1.xml": slide.format(f"<a:t>{THIRTEEN[5]}</a:t>"),
        "ppt/comments/comment1.xml": f"<c><text>{THIRTEEN[6]}</text></c>",
        "ppt/tags/tag1.xml": f"<tagLst><tag name='x' val='{THIRTEEN[7]}'/></tagLst>",
        "ppt/diagrams/data1.xml": f"<d><t>{THIRTEEN[8]}</t></d>",
        "docProps/app.xml": f"<p><Manager>{THIRTEEN[9]}</Manager></p>",
        "ppt/slides/_rels/slide1.xml.rels": f'<r><Relationship Target="{THIRTEEN[12][7:]}" TargetMode="External"/></r>',
        "ppt/embeddings/book.docx": zipped(word()),
    }
    text, gaps = opened(files)
    assert (missing_from(text), gaps) == ([], set())


def test_a_workbook_with_what_no_cell_shows():
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"], sheet["B1"] = THIRTEEN[0], THIRTEEN[1]
    sheet.column_dimensions["B"].hidden = True
    sheet.oddHeader.center.text = THIRTEEN[2]
    sheet["C1"] = "mail"
    sheet["C1"].hyperlink = "mailto:pat.roe@example.org"
    hidden = book.create_sheet("Old")
    hidden.sheet_state = "veryHidden"
    hidden["Z9"] = THIRTEEN[3]
    book.properties.title, book.properties.description = THIRTEEN[4], THIRTEEN[5]
    out = io.BytesIO()
    book.save(out)
    import zipfile

    with zipfile.ZipFile(io.BytesIO(out.getvalue())) as archive:
        files: dict[str, bytes | str] = {name: archive.read(name).decode() for name in archive.namelist()}
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    left = str(files.get("xl/sharedStrings.xml", f"<sst xmlns='{space}'></sst>"))
    files["xl/sharedStrings.xml"] = left.replace("</sst>", f"<si><t>{THIRTEEN[7]}</t></si></sst>")
    files["xl/pivotCache/pivotCacheRecords1.xml"] = f"<r><s v='{THIRTEEN[8]}'/></r>"
    files["xl/connections.xml"] = f"<connections><dbPr connection='{THIRTEEN[9]}'/></connections>"
    files["xl/externalLinks/externalLink1.xml"] = f"<e><cell><v>{THIRTEEN[10]}</v></cell></e>"
    files["xl/drawings/vmlDrawing1.vml"] = f"<xml><v:textbox><div>{THIRTEEN[11]}<br></div></v:textbox></xml>"
    files["xl/embeddings/letter.docx"] = zipped(word())
    text, gaps = opened(files)
    assert (missing_from(text), gaps) == ([], set())
    assert all(each in text for each in (*THIRTEEN[:6], *THIRTEEN[7:12], "mailto:pat.roe@example.org"))


@pytest.mark.parametrize("kind", ["text", "spreadsheet"])
def test_open_document(kind):
    office = f"xmlns:office='urn:oasis:names:tc:opendocument:xmlns:office:1.0' xmlns:text='urn:t' office:of='{kind}'"
    spans = "".join(f"<text:p><text:span>{each[:9]}</text:span>{each[9:]}</text:p>" for each in THIRTEEN[:9])
    deleted = (
        f"<text:tracked-changes><text:deletion><text:p>{THIRTEEN[9]}</text:p></text:deletion></text:tracked-changes>"
    )
    files = {
        "mimetype": f"application/vnd.oasis.opendocument.{kind}",
        "content.xml": f"<office:document-content {office}>{deleted}{spans}<office:annotation><text:p>{THIRTEEN[10]}</text:p></office:annotation></office:document-content>",
        "styles.xml": f"<s {office}><text:header><text:p>{THIRTEEN[11]}</text:p></text:header></s>",
        "meta.xml": f"<m {office}><text:user-defined>{THIRTEEN[12]}</text:user-defined></m>",
        "META-INF/manifest.xml": "<manifest/>",
    }
    text, gaps = opened(files)
    assert (missing_from(text), gaps) == ([], set())
    files["META-INF/manifest.xml"] = "<manifest><file-entry><encryption-data/></file-entry></manifest>"
    assert GapReason.ENCRYPTED in opened(files)[1]


def test_pictures_within_documents():
    os.environ["OMP_THREAD_LIMIT"] = "1"
    eyes = Instruments.load()
    shown = {
        "word/document.xml": f"<w:document {W}/>",
        "word/media/image1.png": picture(drawn(THIRTEEN[:2], (700, 150))),
    }
    assert opened(TYPES | shown)[1] == {GapReason.NO_TEXT}
    assert opened(TYPES | {"word/document.xml": f"<w:document {W}/>", "word/media/a.emf": b"x"})[1] == {
        GapReason.UNKNOWN_TYPE
    }
    if eyes.ocr is None:
        pytest.skip("NO TESSERACT: pictures are gaps on this machine")
    text, gaps = opened(TYPES | shown, Budget(instruments=eyes))
    assert (set(missing_from(text)) & set(THIRTEEN[:2]), gaps) == (set(), set())


def test_documents_in_documents_end_somewhere():
    files = word()
    for _ in range(9):
        files = word() | {"word/embeddings/a.docx": zipped(files)}
    assert GapReason.TOO_DEEP in opened(files)[1]
    assert GapReason.BOMB in opened(word() | {f"word/embeddings/{n}.txt": "x" for n in range(5001)})[1]
