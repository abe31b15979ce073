"""Documents made to exhaust, to mislead or to break out: through the real readers in a real child, each is a gap, in bounded
time and memory, and the next document is read.
"""

from __future__ import annotations

import io
import struct
import time
import zipfile
import zlib
from pathlib import Path

import pytest

from gateway.adapters.inspector import BoxedInspector, BoxLimits
from gateway.domain.finding import GapReason
from gateway.mime.documents import Budget, read
from gateway.ports.inspector import Inspection, Specimen
from tests.support.quine import quine

pytestmark = pytest.mark.proves("box.bombs")
MIB = 1024 * 1024
SECONDS = 20.0
PART = "attachment:a"
BOUNDED = {
    GapReason.BOMB, GapReason.TOO_DEEP, GapReason.TOO_LARGE, GapReason.MALFORMED, GapReason.AMBIGUOUS,
    GapReason.OUT_OF_MEMORY, GapReason.TIMED_OUT, GapReason.TOO_MANY_PARTS, GapReason.NO_TEXT, GapReason.UNKNOWN_TYPE,
    GapReason.CRASHED,
}  # fmt: skip
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


@pytest.fixture(scope="module")
def box():
    inspector = BoxedInspector.start(
        BoxLimits(memory_bytes=512 * MIB, message_seconds=SECONDS, cpu_seconds=15, start_seconds=120.0)
    )
    yield inspector
    inspector.close()


def zipped(files: dict[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def docx(body: str) -> bytes:
    return zipped({"[Content_Types].xml": "<Types/>", "word/document.xml": body})


def laughs() -> bytes:
    """Ten entities, each ten times the one before it: ten thousand million laughs."""
    lines = ['<!ENTITY a0 "ha">', *(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 11))]
    return docx(f"<!DOCTYPE w [{''.join(lines)}]><w:document {W}><w:p><w:t>&a10;</w:t></w:p></w:document>")


def quadratic() -> bytes:
    return docx(f'<!DOCTYPE w [<!ENTITY a "{"x" * 100_000}">]><w:t {W}>{"&a;" * 50_000}</w:t>')


def overlapping(entries: int = 3000) -> bytes:
    """Every entry of the directory is the same mebibyte of zeros: a gigabyte and more out of a kilobyte."""
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = packed.compress(bytes(MIB)) + packed.flush()
    check = zlib.crc32(bytes(MIB))
    head = struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 8, 0, 33, check, len(body), MIB, 5, 0) + b"a.txt"
    entry = struct.pack(
        "<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 8, 0, 33, check, len(body), MIB, 5, 0, 0, 0, 0, 0, 0
    )
    directory = (entry + b"a.txt") * entries
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, entries, entries, len(directory), len(head) + len(body), 0)
    return head + body + directory + end


def nested(depth: int) -> bytes:
    data = b"deep"
    for _ in range(depth):
        data = zipped({"a.zip": data}, zipfile.ZIP_STORED)
    return data


def sheet_at_the_edge() -> bytes:
    import openpyxl

    book, out = openpyxl.Workbook(), io.BytesIO()
    assert book.active is not None
    book.active["XFD1048576"] = "far away"
    book.active["A1"] = "here"
    book.save(out)
    return out.getvalue()


def pdf(*objects: bytes) -> bytes:
    out, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (
        len(objects) + 1, table, len(objects) + 1, len(out),
    )  # fmt: skip


def stream(data: bytes, more: bytes = b"") -> bytes:
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), more, data)


def page(contents: bytes, fonts: bytes = b"") -> bytes:
    return b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents %s /Resources << /Font << %s >> >> >>" % (
        contents,
        fonts,
    )


CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
ONE_PAGE = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"


def inflating_pdf() -> bytes:
    """A page's content unpacks to 130 MB, packed twice."""
    operations = zlib.compress(zlib.compress(b"BT (x) Tj ET\n" * 10_000_000, 9), 9)
    return pdf(CATALOG, ONE_PAGE, page(b"4 0 R"), stream(operations, b"/Filter [/FlateDecode /FlateDecode]"))


def circular_pages() -> bytes:
    return pdf(CATALOG, b"<< /Type /Pages /Kids [2 0 R 2 0 R 2 0 R] /Count 99999999 >>")


def million_pages() -> bytes:
    return pdf(
        CATALOG, b"<< /Type /Pages /Kids [%s] /Count 200000 >>" % (b"3 0 R " * 200_000), page(b"4 0 R"), stream(b"")
    )


def form_in_itself() -> bytes:
    form = stream(
        b"/F Do /F Do", b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /F 4 0 R >> >>"
    )
    return pdf(
        CATALOG, ONE_PAGE, page(b"5 0 R").replace(b"/Font << >>", b"/XObject << /F 4 0 R >>"), form, stream(b"/F Do")
    )


def broken_font() -> bytes:
    """An embedded font whose tables lie about their lengths, and a program of glyphs that calls itself."""
    tables = b"".join(
        struct.pack(">4sIII", tag, 0, 12, 0xFFFFFFF0) for tag in (b"glyf", b"loca", b"head", b"maxp", b"hmtx")
    )
    font = struct.pack(">IHHHH", 0x00010000, 5, 64, 2, 16) + tables + b"\xff" * 4096
    described = (
        b"<< /Type /Font /Subtype /TrueType /BaseFont /X /FirstChar 0 /LastChar 255 /Widths [%s] /FontDescriptor 6 0 R >>"
        % (b"9 " * 256)
    )
    glyphs = b"<< /Type /Font /Subtype /Type3 /FontBBox [0 0 1 1] /FontMatrix [1 0 0 1 0 0] /FirstChar 0 /LastChar 1 /Widths [1 1] /Encoding << /Differences [0 /a] >> /CharProcs << /a 9 0 R >> /Resources << /Font << /G 8 0 R >> >> >>"
    return pdf(
        CATALOG, ONE_PAGE, page(b"4 0 R", b"/F 5 0 R /G 8 0 R"),
        stream(b"BT /F 9 Tf (\x00\x01abc) Tj /G 9 Tf (\x00\x00) Tj ET"), described,
        b"<< /Type /FontDescriptor /FontName /X /FontFile2 7 0 R /Flags 4 >>", stream(font), glyphs,
        stream(b"1 0 d0 BT /G 1 Tf (\x00\x00\x00\x00) Tj ET"),
    )  # fmt: skip


def deep_xml() -> bytes:
    return docx(f"<w:document {W}>" + "<w:p>" * 200_000 + "</w:p>" * 200_000 + "</w:document>")


def deep_html() -> bytes:
    return b"<html><body>" + b"<div><b><table>" * 100_000 + b"end"


def ten_thousand_entries() -> bytes:
    return zipped({f"{number}.txt": "x" for number in range(10_000)})


BOMBS = {
    "billion-laughs": (laughs, "a.docx"), "quadratic-entities": (quadratic, "a.docx"), "overlapping-entries": (overlapping, "a.zip"),
    "quine": (quine, "a.zip"), "nested-60": (lambda: nested(60), "a.zip"), "zeros": (lambda: zipped({"a.txt": bytes(200 * MIB)}), "a.zip"),
    "ten-thousand-entries": (ten_thousand_entries, "a.zip"),
    "circular-pages": (circular_pages, "a.pdf"), "two-hundred-thousand-pages": (million_pages, "a.pdf"), "deep-xml": (deep_xml, "a.docx"),
}  # fmt: skip
BOUNDED_ONLY = {
    "inflating-pdf": (inflating_pdf, "a.pdf"),
    "sheet-at-the-edge": (sheet_at_the_edge, "a.xlsx"), "form-in-itself": (form_in_itself, "a.pdf"), "broken-font": (broken_font, "a.pdf"),
    "deep-html": (deep_html, "a.html"),
}  # fmt: skip
"""Not always a gap, for what there is to read may be read; bounded all the same."""


def opened(box: BoxedInspector, data: bytes, name: str) -> Inspection:
    begun = time.monotonic()
    found = box.inspect([Specimen(PART, "application/octet-stream", name, iter([data]))])
    assert time.monotonic() - begun < SECONDS + 10
    assert sum(len(one.text) for one in found.texts) < 17 * MIB
    return found


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_a_gap(box, name):
    make, file_name = BOMBS[name]
    found = opened(box, make(), file_name)
    assert found.gaps
    assert {gap.reason for gap in found.gaps} <= BOUNDED


@pytest.mark.parametrize("name", BOUNDED_ONLY)
def test_what_can_be_read_of_it_is_read_within_bounds(box, name):
    make, file_name = BOUNDED_ONLY[name]
    found = opened(box, make(), file_name)
    assert found.gaps or found.texts


def test_the_next_letter_is_read(box):
    opened(box, quine(), "a.zip")
    assert opened(box, b"an ordinary letter", "a.txt").texts[0].text == "an ordinary letter"


@pytest.mark.parametrize(
    "name",
    ["../../../../tmp/sealgate-slip", "/tmp/sealgate-slip", "..\\..\\tmp\\sealgate-slip", "a/../../sealgate-slip"],
)
def test_a_name_that_climbs_writes_nothing_and_stays_inside_its_part(box, name):
    before = set(Path("/tmp").iterdir())
    found = opened(box, zipped({name: "slipped"}), "a.zip")
    assert all(one.part == PART or one.part.startswith(f"{PART}/") for one in (*found.texts, *found.gaps))
    assert not any("sealgate-slip" in one.name for one in set(Path("/tmp").iterdir()) - before)


def plain_pdf() -> bytes:
    return pdf(
        CATALOG,
        ONE_PAGE,
        page(b"4 0 R", b"/F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"),
        stream(b"BT /F 9 Tf (Hello) Tj ET"),
    )


SECRET = zipped({"secret.txt": "the patient's secret"})


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (plain_pdf() + SECRET, "a.pdf"),
        (b"An ordinary letter.\r\n" * 20 + SECRET, "a.txt"),
        (b"<html><body>Hello</body></html>" + SECRET, "a.html"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50) + SECRET, "a.png"),
        (SECRET[:-22] + zipped({"a.txt": "shown"}), "a.zip"),
        (SECRET + zipped({"a.txt": "shown"}), "a.zip"),
        (zipped({"a.txt": "shown"}) + SECRET, "a.zip"),
        (zipped({"a.txt": "shown"}) + b"\r\nthe patient's secret", "a.zip"),
    ],
    ids=["pdf+zip", "text+zip", "html+zip", "png+zip", "two-zips-one-directory", "zip+zip", "zip+zip-other-way", "zip+text"],
)  # fmt: skip
def test_two_files_in_one_are_a_gap(data, name):
    """Whichever of the two the recipient's programs see, it was either read or the mail counts as PHI."""
    texts, gaps = read(PART, "application/octet-stream", name, data, Budget())
    assert gaps
    assert not texts or "secret" not in "".join(one.text for one in texts)


def test_archives_as_people_make_them_are_no_gap():
    out = io.BytesIO()
    with zipfile.ZipFile(
        Streamed(out), "w", zipfile.ZIP_DEFLATED
    ) as archive:  # with data descriptors, as `zip -` writes
        archive.comment = b"made by hand"
        for number in range(3):
            archive.writestr(f"{number}.txt", f"letter {number}")
    assert b"PK\x07\x08" in out.getvalue()
    texts, gaps = read(PART, "application/zip", "a.zip", out.getvalue(), Budget())
    assert gaps == []
    assert len(texts) == 4
    assert read(PART, "application/zip", "a.zip", zipped({}), Budget())[1] == []


class Streamed:
    """A file that cannot seek."""

    def __init__(self, inner: io.BytesIO) -> None:
        self._inner = inner

    def write(self, data: bytes) -> int:
        return self._inner.write(data)

    def flush(self) -> None:
        """Nothing waits."""
