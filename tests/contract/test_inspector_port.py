"""The Inspector port over its one adapter, with the real readers: no content raises, each part has text or a gap."""

import io
import zipfile

import openpyxl
import pytest

from gateway.adapters.inspector import BoxedInspector, BoxLimits
from gateway.domain.finding import GapReason
from gateway.ports.inspector import Inspector, Specimen

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MARK = "Casimir Oxbow 900-12-3456"


def packed(entries):
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return whole.getvalue()


def docx():
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    kinds = (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{WORD}.main+xml"/></Types>'
    )
    return packed({
        "[Content_Types].xml": kinds,
        "word/document.xml": f"<w:document {space}><w:body><w:p><w:r><w:t>{MARK}</w:t></w:r></w:p></w:body></w:document>",
    })  # fmt: skip


def xlsx():
    book = openpyxl.Workbook()
    book.active["A1"] = MARK
    whole = io.BytesIO()
    book.save(whole)
    return whole.getvalue()


def pdf():
    stream = f"BT /F1 12 Tf 72 700 Td ({MARK}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    data, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"xref\n0 6\n0000000000 65535 f \n%strailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    return data + end % (table, len(data))


@pytest.fixture(scope="module")
def inspector():
    made: Inspector = BoxedInspector.start(BoxLimits())
    yield made
    made.close()


def specimen(data, media_type="application/octet-stream", name="a.bin"):
    return Specimen(f"attachment:{name}", media_type, name, iter([data[:100], data[100:]]))


DOCUMENTS = {
    "a.txt": ("text/plain", lambda: MARK.encode()),
    "greek.eml": (
        "message/rfc822",
        lambda: f"Content-Type: text/plain; charset=iso-8859-7\r\n\r\nΩμέγα {MARK}\r\n".encode("iso-8859-7"),
    ),
    "a.csv": ("text/csv", lambda: f"name,ssn\n{MARK}\n".encode()),
    "a.html": ("text/html", lambda: f"<p>{MARK}</p>".encode()),
    "a.eml": ("message/rfc822", lambda: f"Subject: x\r\nFrom: a@example.org\r\n\r\n{MARK}\r\n".encode()),
    "a.docx": (WORD, docx),
    "a.xlsx": (SHEET, xlsx),
    "a.pdf": ("application/pdf", pdf),
    "a.zip": ("application/zip", lambda: packed({"in/a.txt": MARK, "b.docx": docx()})),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_real_documents_are_read_inside_the_box(inspector, name):
    media_type, made = DOCUMENTS[name]
    answer = inspector.inspect([specimen(made(), media_type, name)])
    assert not answer.gaps
    assert MARK in " ".join(text.text for text in answer.texts)
    assert all(text.part.startswith(f"attachment:{name}") for text in answer.texts)


def test_all_of_them_in_one_message(inspector):
    answer = inspector.inspect(specimen(made(), kind, name) for name, (kind, made) in DOCUMENTS.items())
    assert not answer.gaps
    assert {text.part.split("/")[0] for text in answer.texts} == {f"attachment:{name}" for name in DOCUMENTS}


@pytest.mark.parametrize("name", ["a.pdf", "a.docx", "a.xlsx", "a.zip"])
def test_damaged_documents_never_raise(inspector, name):
    media_type, made = DOCUMENTS[name]
    whole = made()
    broken = [whole[: len(whole) // 2], whole[:30] + b"\xff" * 200 + whole[230:], whole[:8], whole + b"\0" * 10]
    for data in broken[:3]:
        answer = inspector.inspect([specimen(data, media_type, name)])
        assert answer.gaps or answer.texts
    assert inspector.inspect([specimen(broken[3], media_type, name)]) is not None


def test_a_type_without_a_reader_is_a_gap(inspector):
    (gap,) = inspector.inspect([specimen(bytes(range(256)))]).gaps
    assert gap == type(gap)("attachment:a.bin", GapReason.UNKNOWN_TYPE)


def test_layers_are_named_and_the_certain_ones_are_there(inspector):
    assert {"rlimits", "no_new_privs", "not_dumpable"} <= set(inspector.layers())


def test_after_close_every_part_is_a_gap():
    closed = BoxedInspector.start(BoxLimits())
    closed.close()
    closed.close()
    assert [gap.reason for gap in closed.inspect([specimen(b"x")]).gaps] == [GapReason.SCANNER_FAILED]
