"""Text of documents, made here, and what bombs and damage become."""

import datetime
import io
import struct
import zipfile

import openpyxl
import pytest
from openpyxl.comments import Comment

from gateway.domain.finding import GapReason, TextPart
from gateway.mime.documents import Budget, read
from gateway.mime.documents.table import READERS

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


def zipped(files: dict[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def opened(data: bytes, name: str = "", label: str = "application/octet-stream", budget: Budget | None = None) -> tuple[dict[str, str], set[tuple[str, GapReason]]]:  # fmt: skip
    texts, gaps = read("attachment:f", label, name, data, budget or Budget())
    return {each.part: each.text for each in texts}, {(gap.part, gap.reason) for gap in gaps}


def docx(**more: bytes | str) -> bytes:
    files: dict[str, bytes | str] = {
        "[Content_Types].xml": "<Types/>",
        "word/document.xml": f"<w:document {W}><w:body><w:p><w:r><w:t>Pat</w:t></w:r><w:r><w:t>ricia Roe</w:t></w:r></w:p>"
        f"<w:p><w:r><w:delText>removed</w:delText></w:r></w:p></w:body></w:document>",
        "word/comments.xml": f"<w:comments {W}><w:comment w:author='Dr Kim'><w:p><w:t>a comment</w:t></w:p></w:comment></w:comments>",
        "word/header1.xml": f"<w:hdr {W}><w:p><w:t>a header</w:t></w:p></w:hdr>",
        "docProps/core.xml": "<p><creator>the author</creator></p>",
        "word/_rels/document.xml.rels": '<r><Relationship Target="mailto:pat@example.org" TargetMode="External"/></r>',
    }
    return zipped(files | more)


def pdf(objects: list[bytes], trailer: bytes = b"") -> bytes:
    out = b"%PDF-1.7\n"
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, trailer, table)


def page(content: bytes, more: bytes = b"") -> list[bytes]:
    return [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 300] /Contents 4 0 R "
        b"/Resources << /Font << /F 5 0 R >> /XObject << /I 6 0 R >> >> " + more + b" >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8 /Length 1 >>\nstream\n0\nendstream",
        b"<< /Title (a title) >>",
    ]


def test_every_reader_of_the_table_exists() -> None:
    for kind, module in READERS.items():
        found = __import__(f"gateway.mime.documents.{module}", fromlist=["x"])
        assert callable(getattr(found, f"read_{kind}"))


def test_docx() -> None:
    texts, gaps = opened(docx(), "letter.docx")
    text = texts["attachment:f"]
    for words in ("Patricia Roe\n", "removed", "Dr Kim", "a comment", "a header", "the author", "pat@example.org"):
        assert words in text
    assert gaps == set()


def test_docx_with_pictures_and_objects_is_incomplete() -> None:
    _, gaps = opened(docx(**{"word/media/image1.png": PNG, "word/embeddings/oleObject1.bin": b"x"}))
    assert {reason for _, reason in gaps} == {GapReason.NO_TEXT, GapReason.UNKNOWN_TYPE}
    assert {part for part, _ in gaps} == {
        "attachment:f/word_media_image1.png",
        "attachment:f/word_embeddings_oleObject1.bin",
    }


def test_xml_entities_are_refused() -> None:
    evil = '<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY f SYSTEM "file:///etc/passwd">]><d>&a;&f;</d>'
    texts, gaps = opened(docx(**{"word/footer1.xml": evil}))
    assert "root:" not in texts["attachment:f"]
    assert gaps == {("attachment:f", GapReason.MALFORMED)}


def test_xlsx() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Visits"
    sheet.append(["Roe", 900112222, datetime.datetime(2020, 1, 2), 3.0, "=1+1"])
    sheet["B1"].number_format = "000-00-0000"
    sheet["A1"].comment = Comment("a comment", "Dr Kim")
    secret = book.create_sheet("Old")
    secret.sheet_state = "veryHidden"
    secret["Z40"] = "hidden words"
    out = io.BytesIO()
    book.save(out)
    texts, gaps = opened(out.getvalue())
    text = texts["attachment:f"]
    for words in ("Visits", "Roe\t900-11-2222\t2020-01-02\t3", "=1+1", "Old", "hidden words", "a comment", "Dr Kim"):
        assert words in text
    assert gaps == set()


def test_pdf_text_metadata_and_notes() -> None:
    note = b"/Annots [<< /Type /Annot /Subtype /Text /Rect [0 0 9 9] /Contents (a note) >>]"
    texts, gaps = opened(pdf(page(b"BT /F 12 Tf 9 99 Td (Patricia Roe) Tj ET", note), b"/Info 7 0 R"))
    for words in ("Patricia Roe", "a note", "a title"):
        assert words in texts["attachment:f"]
    assert gaps == set()


def test_a_filled_form_field_is_read() -> None:
    field = (
        b"/Annots [<< /Type /Annot /Subtype /Widget /Rect [9 9 200 40] /F 4 /Parent << /FT /Tx /T (name) /V (Roe) >> "
        b"/AP << /N 8 0 R >> >>]"
    )
    look = b"BT /F 12 Tf 2 2 Td (Filled Roe) Tj ET"
    form = (
        b"<< /Type /XObject /Subtype /Form /BBox [0 0 200 40] /Resources << /Font << /F 5 0 R >> >> "
        b"/Length %d >>\nstream\n%s\nendstream" % (len(look), look)
    )
    texts, _ = opened(pdf([*page(b"BT /F 12 Tf 9 99 Td (Form) Tj ET", field), form]))
    assert "Filled Roe" in texts["attachment:f"]


def test_a_file_inside_a_pdf_is_read() -> None:
    objects = page(b"BT /F 12 Tf 9 99 Td (Cover) Tj ET")
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R /Names << /EmbeddedFiles << /Names [(n.txt) 8 0 R] >> >> >>"
    objects += [
        b"<< /Type /Filespec /F (n.txt) /UF (n.txt) /EF << /F 9 0 R >> >>",
        b"<< /Type /EmbeddedFile /Length 12 >>\nstream\ninside words\nendstream",
    ]
    texts, gaps = opened(pdf(objects))
    assert texts["attachment:f/n.txt"] == "inside words"
    assert gaps == set()


@pytest.mark.parametrize("text", [b"", b"BT /F 12 Tf 9 99 Td (Page 1) Tj ET "])
def test_a_scanned_page_is_a_gap(text: bytes) -> None:
    _, gaps = opened(pdf(page(text + b"q 300 0 0 300 0 0 cm /I Do Q")))
    assert gaps == {("attachment:f", GapReason.NO_TEXT)}


def test_a_locked_or_broken_pdf_is_a_gap() -> None:
    lock = b"/Encrypt << /Filter /Standard /V 1 /R 2 /Length 40 /P -4 /O (%s) /U (%s) >> /ID [(x) (x)]" % (
        b"o" * 32,
        b"u" * 32,
    )
    assert opened(pdf(page(b""), lock))[1] == {("attachment:f", GapReason.ENCRYPTED)}
    assert opened(b"%PDF-1.7\nnothing")[1] == {("attachment:f", GapReason.MALFORMED)}


def test_zip_in_zip_in_mail() -> None:
    inner = zipped({"Pat_Roe.txt": "inner words", "a.csv": "x,y", "scan.png": PNG, "letter.docx": docx()})
    mail = b"Subject: In a mail\nContent-Type: application/zip; name=deep.zip\n\n" + inner
    texts, gaps = opened(zipped({"sub/fwd.eml": mail}))
    place = "attachment:f/sub_fwd.eml/attachment:deep.zip"
    assert texts["attachment:f/sub_fwd.eml/subject"] == "In a mail"
    assert texts[f"{place}/Pat_Roe.txt"] == "inner words"
    assert "Pat Roe.txt" in texts[place]
    assert texts[f"{place}/a.csv"] == "x,y"
    assert "Patricia Roe" in texts[f"{place}/letter.docx"]
    assert gaps == {(f"{place}/scan.png", GapReason.NO_TEXT)}


def test_a_bomb_by_ratio() -> None:
    _, gaps = opened(zipped({"a.txt": bytes(50_000_000)}))
    assert gaps == {("attachment:f/a.txt", GapReason.BOMB)}


def test_a_bomb_that_lies_about_its_size() -> None:
    data = zipped({"a.txt": bytes(9_000_000)})
    size = struct.pack("<I", 9_000_000)
    texts, gaps = opened(data.replace(size, struct.pack("<I", 1000)))
    assert gaps
    assert sum(map(len, texts.values())) < 100_000


def test_a_bomb_by_nesting() -> None:
    data = b"deep"
    for _ in range(12):
        data = zipped({"a.zip" if data != b"deep" else "a.txt": data})
    assert any(reason is GapReason.TOO_DEEP for _, reason in opened(data)[1])


def test_a_bomb_by_entries_and_one_budget_for_all() -> None:
    budget = Budget(entries_left=10)
    many = zipped({f"{n}.txt": "x" for n in range(20)})
    assert ("attachment:f", GapReason.BOMB) in opened(many, budget=budget)[1]
    assert opened(zipped({"a.txt": "x"}), budget=budget)[1] == {("attachment:f", GapReason.BOMB)}


def test_a_bomb_by_bytes_in_all() -> None:
    budget = Budget(bytes_left=1000)
    assert opened(zipped({f"{n}.txt": "abcdefgh" * 50 for n in range(9)}), budget=budget)[1]
    assert budget.bytes_left == 0


def test_too_much_text_is_a_gap() -> None:
    assert opened(b"word " * 100, "a.txt", budget=Budget(characters_left=100)) == (
        {},
        {("attachment:f", GapReason.TOO_LARGE)},
    )


def test_an_encrypted_entry_is_a_gap() -> None:
    data = bytearray(zipped({"a.txt": "secret"}))
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + place] |= 1
    assert opened(bytes(data))[1] == {("attachment:f/a.txt", GapReason.ENCRYPTED)}


@pytest.mark.parametrize(
    ("data", "name", "label", "reason"),
    [
        (PNG, "a.txt", "text/plain", GapReason.NO_TEXT),
        (b"x" * 30, "scan.jpg", "image/jpeg", GapReason.NO_TEXT),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(50), "a.doc", "application/msword", GapReason.MALFORMED),
        (bytes(range(256)), "a.txt", "text/plain", GapReason.UNKNOWN_TYPE),
        (b"no pdf", "a.pdf", "application/pdf", GapReason.UNKNOWN_TYPE),
        (b"PK\x03\x04broken", "a.zip", "application/zip", GapReason.MALFORMED),
        (b"-----BEGIN PGP MESSAGE-----\n", "a.txt", "text/plain", GapReason.ENCRYPTED),
        (b"\x1f\x8b\x08", "a.gz", "application/gzip", GapReason.UNKNOWN_TYPE),
    ],
)
def test_what_cannot_be_read_is_a_gap(data: bytes, name: str, label: str, reason: GapReason) -> None:
    assert opened(data, name, label) == ({}, {("attachment:f", reason)})


def test_bytes_decide_not_labels() -> None:
    assert "Patricia" in opened(docx(), "a.txt", "text/plain")[0]["attachment:f"]
    assert opened(b"a,b\n", "a.csv", "application/vnd.ms-excel")[0] == {"attachment:f": "a,b\n"}
    assert opened(b"<p>Jo<b>hn</b>", "a.html")[0] == {"attachment:f": "John"}


def test_no_text_in_a_repr() -> None:
    texts, _ = read("attachment:f", "text/plain", "a.txt", b"Patricia", Budget())
    assert texts == [TextPart("attachment:f", "Patricia")]
    assert "Patricia" not in repr(texts)
