"""Words in places of a file that its usual reader passes by: margins of archives, chunks of pictures, old revisions."""

import base64
import gzip
import io
import json
import struct
import tarfile
import zipfile
import zlib

import pikepdf
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from gateway.domain.finding import GapReason
from gateway.mime.documents import Budget, read
from gateway.mime.documents.instruments import Instruments
from gateway.mime.documents.ole_binary import workbook_text
from tests.unit.mime.test_read_documents import W, docx, opened, page, pdf, zipped

WORDS = "Zora Quillfeather was here"


def told(data: bytes, name: str = "", label: str = "application/octet-stream") -> str:
    texts, gaps = opened(data, name, label)
    assert not gaps
    return "\n".join(texts.values())


def one_file(extra: bytes = b"", comment: bytes = b"") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        entry = zipfile.ZipInfo("a.txt")
        entry.extra, entry.comment = extra, comment
        archive.writestr(entry, "x")
    return out.getvalue()


def test_margins_of_a_zip():
    field = struct.pack("<HH", 0x9999, len(WORDS)) + WORDS.encode()
    assert WORDS in told(one_file(extra=field))
    assert WORDS in told(one_file(comment=WORDS.encode()))
    assert WORDS in told(zipped({f"{WORDS}/": ""}))
    assert "x" * 12 not in told(one_file(extra=struct.pack("<HH", 0x5455, 12) + b"x" * 12))  # a time has no words


@pytest.mark.parametrize(
    "xml",
    [
        f'<w:sdt {W}><w:sdtPr><w:alias w:val="{WORDS}"/></w:sdtPr></w:sdt>',
        f"<w:p {W}><!-- {WORDS} --></w:p>",
        f"<w:p {W}><w:t>Zora Quill<!-- x -->feather was here</w:t></w:p>",
        f'<w:p {W} xmlns:v="urn:v"><v:textpath string="{WORDS}"/></w:p>',
        f"<w:p {W}>" + "".join(f'<w:sym w:char="F0{ord(one):02X}"/>' for one in WORDS) + "</w:p>",
    ],
)
def test_odd_places_of_word(xml):
    assert WORDS in " ".join(told(docx(**{"word/document.xml": xml})).split())


def test_fonts_and_styles_are_no_words():
    xml = f'<w:p {W}><w:rFonts w:ascii="Times New Roman" w:hAnsi="Times New Roman"/><w:t>body</w:t></w:p>'
    assert "Times" not in told(docx(**{"word/document.xml": xml}))
    assert WORDS in told(docx(**{"word/theme/theme1.xml": f"<a>{WORDS}</a>"}))
    assert WORDS in told(docx(**{f"word/{WORDS}.xml": "<a/>"}))


def png(chunks: PngInfo | None = None) -> bytes:
    out = io.BytesIO()
    Image.new("L", (8, 8)).save(out, "PNG", pnginfo=chunks)
    return out.getvalue()


def jpeg(segment: bytes, marker: int = 0xE9) -> bytes:
    out = io.BytesIO()
    Image.new("L", (8, 8)).save(out, "JPEG")
    plain = out.getvalue()
    return plain[:2] + bytes([0xFF, marker]) + struct.pack(">H", len(segment) + 2) + segment + plain[2:]


def test_pieces_of_pictures():
    chunk = PngInfo()
    chunk.add(b"prVt", WORDS.encode())
    assert WORDS in told(png(chunk))
    assert WORDS in told(jpeg(WORDS.encode()))
    assert WORDS in told(jpeg(b"http://ns.adobe.com/xmp/extension/\0" + bytes(40) + WORDS.encode(), 0xE1))
    assert WORDS not in "".join(
        opened(jpeg(b"ICC_PROFILE\0\1\1" + bytes(36) + b"acsp" + WORDS.encode(), 0xE2))[0].values()
    )
    out = io.BytesIO()
    Image.new("P", (8, 8)).save(out, "GIF")
    block = b"\x21\xff\x0bMINE MINE 1" + bytes([len(WORDS)]) + WORDS.encode() + b"\0"
    assert WORDS in told(out.getvalue()[:-1] + block + b";")
    out = io.BytesIO()
    Image.new("L", (8, 8)).save(out, "BMP")
    assert opened(out.getvalue() + WORDS.encode())[1] == {("attachment:f", GapReason.AMBIGUOUS)}
    assert opened(png(chunk)[:70])[1]


def revised(first: pikepdf.Pdf) -> bytes:
    """An incremental save that empties the page's content, as an editor that "deletes" text writes it."""
    out = io.BytesIO()
    first.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    data = out.getvalue()
    number = first.pages[0].Contents.objgen[0]
    start, root = len(data), data[data.index(b"/Root ") :].split()[1:4]
    new = b"%d 0 obj\n<< /Length 0 >>\nstream\n\nendstream\nendobj\n" % number
    old = int(data.rsplit(b"startxref", 1)[1].split()[0])
    head = b"xref\n%d 1\n%010d 00000 n \ntrailer\n<< /Size 99 /Root %s /Prev %d >>\n" % (
        number,
        start,
        b" ".join(root),
        old,
    )
    return data + new + head + b"startxref\n%d\n%%%%EOF\n" % (start + len(new))


def test_earlier_revisions_and_margins_of_a_pdf():
    shown = pdf(page(f"BT /F1 12 Tf 50 700 Td ({WORDS}) Tj ET".encode()))
    with pikepdf.open(io.BytesIO(shown)) as document:
        for number in range(1, 20):  # content and font by their numbers in the file that is written
            document.make_indirect(pikepdf.Dictionary(Number=number))
        out = io.BytesIO()
        document.save(out)
    with pikepdf.open(io.BytesIO(out.getvalue())) as document:
        data = revised(document)
    assert WORDS in "".join(opened(data)[0].values())
    plain = pdf(page(b"BT ET"))
    assert WORDS in "".join(opened(plain + b"\n" + WORDS.encode())[0].values())
    assert WORDS in "".join(opened(WORDS.encode() + b"\n" + plain)[0].values())


def test_content_that_no_page_draws_any_more():
    packed = zlib.compress(f"BT ({WORDS}) Tj ET".encode())
    lost = b"<< /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (len(packed), packed)
    assert WORDS in "".join(opened(pdf([*page(b"BT ET"), lost]))[0].values())


def test_margins_of_packed_files():
    tools = Instruments(archives=Instruments.load().archives)
    if tools.archives is None:
        pytest.skip("libarchive is not installed")

    def packed(data: bytes) -> tuple[str, set[GapReason]]:
        texts, gaps = read("f", "", "", data, Budget(instruments=tools))
        return "\n".join(each.text for each in texts), {gap.reason for gap in gaps}

    plain = gzip.compress(b"x", mtime=0)
    assert packed(plain)[1] == set()
    commented = plain[:3] + b"\x10" + plain[4:10] + WORDS.encode() + b"\0" + plain[10:]
    assert WORDS in packed(commented)[0]
    assert packed(plain + WORDS.encode())[1] == {GapReason.AMBIGUOUS}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        entry = tarfile.TarInfo("a.txt")
        entry.size, entry.pax_headers = 1, {"comment": WORDS}
        archive.addfile(entry, io.BytesIO(b"x"))
    assert WORDS in packed(out.getvalue())[0]
    assert packed(out.getvalue() + WORDS.encode())[1] == {GapReason.AMBIGUOUS}


def test_json_and_xml_are_read_without_their_escapes():
    escaped = "".join(f"\\u{ord(one):04x}" for one in WORDS)
    assert WORDS in told(f'{{"a": "{escaped}"}}'.encode(), "a.json")
    assert WORDS in told(f'{{"a": 1}}\n{{"b": "{escaped}"}}'.encode(), "a.ndjson")
    references = "".join(f"&#{ord(one)};" for one in WORDS)
    assert WORDS in told(f"<?xml version='1.0'?><a>{references}</a>".encode(), "a.dat")
    glyphs = "".join(f"<tspan>{one}</tspan>" for one in WORDS)
    assert WORDS in told(
        f'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x"><svg><text>{glyphs}</text></svg>'.encode(), "a.svg"
    )
    inside = base64.b64encode(docx(**{"word/document.xml": f"<a>{WORDS}</a>"})).decode()
    assert WORDS in told(json.dumps({"x": {"file": inside}}).encode(), "a.json")
    assert WORDS in told(f"<a><b>{inside}</b></a>".encode(), "a.xml")
    assert opened(f"<a>{references}</b>".encode(), "a.xml")[1] == {("attachment:f", GapReason.MALFORMED)}
    assert opened(b"[" * 100_000, "a.json")[1] == set()


def test_pages_and_tables_by_office_names():
    assert "visible" in told(b"<html><body><table><tr><td>visible</td></tr></table></body></html>", "export.xls")
    assert "visible" in told(b"MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n<p>visible</p>", "letter.doc")
    assert "visible" in told(b"[InternetShortcut]\r\nURL=https://example.org/visible\r\n", "a.url")


def test_strings_in_formulas_of_old_workbooks():
    def record(kind: int, body: bytes) -> bytes:
        return struct.pack("<HH", kind, len(body)) + body

    tokens = b"".join(b"\x17" + bytes([len(each), 0]) + each.encode() for each in ("Zora ", "Quillfeather")) + b"\x08"
    book = record(0x0809, struct.pack("<HHHH", 0x0600, 5, 0, 0)) + record(0x0006, bytes(22) + tokens)
    text = workbook_text(book + record(0x01B1, bytes(8) + WORDS.encode()))[0]
    assert "Zora Quillfeather" in text
    assert WORDS in text
