"""Everything a PDF can carry is read: pages, hidden text, properties, XMP, forms, notes, links, scripts, files, pictures."""

from __future__ import annotations

import io
import os

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Stream, String

from gateway.domain.finding import GapReason
from gateway.mime.documents import Budget, read
from gateway.mime.documents.instruments import Instruments
from tests.support.identified import THIRTEEN, missing_from
from tests.unit.mime.test_read_images import drawn

PART = "attachment:f"


@pytest.fixture(scope="module")
def eyes() -> Instruments:
    os.environ["OMP_THREAD_LIMIT"] = "1"
    found = Instruments.load()
    if found.ocr is None:
        pytest.skip("NO TESSERACT: pictures are gaps on this machine")
    return found


def made(lines: tuple[str, ...], operations: bytes = b"") -> pikepdf.Pdf:
    document = pikepdf.new()
    page = document.add_blank_page(page_size=(612, 792))
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    page.obj.Resources = Dictionary(Font=Dictionary(F=font))
    shown = b"".join(
        b"1 0 0 1 50 %d Tm <%s> Tj " % (740 - 20 * n, line.encode().hex().encode()) for n, line in enumerate(lines)
    )
    page.obj.Contents = Stream(document, operations + b"BT /F 12 Tf " + shown + b"ET")
    return document


def saved(document: pikepdf.Pdf, **more: object) -> bytes:
    out = io.BytesIO()
    document.save(out, **more)
    return out.getvalue()


def opened(data: bytes, budget: Budget | None = None) -> tuple[str, set[GapReason]]:
    texts, gaps = read(PART, "", "a.pdf", data, budget or Budget())
    return "\n".join(each.text for each in texts), {each.reason for each in gaps}


def test_thirteen_identifiers_on_a_page():
    text, gaps = opened(saved(made(THIRTEEN)))
    assert (missing_from(text), gaps) == ([], set())


@pytest.mark.parametrize("look", [b"3 Tr ", b"1 1 1 rg ", b"0.01 0 0 0.01 0 0 cm ", b"1 0 0 1 2000 2000 cm "])
def test_text_that_nobody_sees(look):
    text, gaps = opened(saved(made(THIRTEEN, look)))
    assert (missing_from(text), gaps) == ([], set())


def test_a_layer_that_is_switched_off():
    document = made((), b"/OC /L BDC BT /F 12 Tf 50 700 Td (Patient: Patricia Roe) Tj ET EMC ")
    layer = document.make_indirect(Dictionary(Type=Name.OCG, Name=String("of Imre Vask")))
    document.pages[0].obj.Resources.Properties = Dictionary(L=layer)
    document.Root.OCProperties = Dictionary(OCGs=Array([layer]), D=Dictionary(OFF=Array([layer])))
    text, _ = opened(saved(document))
    assert "Patricia Roe" in text
    assert "Imre Vask" in text


def test_what_is_claimed_and_what_is_drawn_are_both_read():
    document = made(
        ("nothing",), b"/Span << /ActualText (a claim) >> BDC BT /F 12 Tf 50 600 Td (Patricia Roe) Tj ET EMC "
    )
    text, gaps = opened(saved(document, compress_streams=True))
    assert "Patricia Roe" in text
    assert gaps == set()


def beside_the_page(document: pikepdf.Pdf) -> None:
    document.docinfo["/Title"] = THIRTEEN[0]
    document.docinfo["/PatientNote"] = THIRTEEN[1]
    space = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="urn:example"'
    about = f'<rdf:Description rdf:about="" e:who="{THIRTEEN[2]}"><e:t>{THIRTEEN[3]}</e:t></rdf:Description>'
    xmp = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {space}>{about}</rdf:RDF></x:xmpmeta>'
    document.Root.Metadata = Stream(document, xmp.encode(), Type=Name.Metadata, Subtype=Name.XML)
    field = Dictionary(FT=Name.Tx, T=String("phone"), V=String(THIRTEEN[4]), DV=String(THIRTEEN[5]))
    document.Root.AcroForm = Dictionary(Fields=Array([document.make_indirect(field)]))
    link = Dictionary(
        Subtype=Name.Link, Rect=[0, 0, 9, 9], A=Dictionary(S=Name.URI, URI=String(f"mailto:{THIRTEEN[6]}"))
    )
    note = Dictionary(
        Subtype=Name.Text, Rect=[0, 0, 9, 9], Contents=String(THIRTEEN[7]), RC=String(f"<body>{THIRTEEN[8]}</body>")
    )
    document.pages[0].obj.Annots = Array([document.make_indirect(link), document.make_indirect(note)])
    document.Root.OpenAction = Dictionary(
        S=Name.JavaScript, JS=Stream(document, f"app.alert('{THIRTEEN[9]}')".encode())
    )
    document.Root.Outlines = document.make_indirect(Dictionary(Title=String(THIRTEEN[10])))
    document.make_indirect(Dictionary(Title=String("kept by nothing")))
    document.attachments["plate.txt"] = THIRTEEN[11].encode()
    document.Root.StructTreeRoot = document.make_indirect(Dictionary(Alt=String(THIRTEEN[12])))


def test_thirteen_identifiers_beside_the_page():
    document = made(("An empty page",))
    beside_the_page(document)
    text, gaps = opened(saved(document))
    assert (missing_from(text), gaps) == ([], set())
    text, gaps = opened(saved(document, object_stream_mode=pikepdf.ObjectStreamMode.generate))
    assert (missing_from(text), gaps) == ([], set())


def test_form_data_in_xml():
    document = made(("Please wait",))
    data = f"<xfa:data xmlns:xfa='x'><name>{THIRTEEN[0]}</name></xfa:data>".encode()
    document.Root.AcroForm = Dictionary(Fields=Array([]), XFA=Array([String("datasets"), Stream(document, data)]))
    assert THIRTEEN[0] in opened(saved(document))[0]


def test_a_file_that_hangs_on_a_note_and_one_within_a_file():
    inner = made(THIRTEEN[:2])
    document = made(("Cover",))
    held = Stream(document, saved(inner), Type=Name.EmbeddedFile)
    spec = Dictionary(Type=Name.Filespec, F=String("Patricia_Roe.pdf"), EF=Dictionary(F=document.make_indirect(held)))
    note = Dictionary(Subtype=Name.FileAttachment, Rect=[0, 0, 9, 9], FS=document.make_indirect(spec))
    document.pages[0].obj.Annots = Array([document.make_indirect(note)])
    text, gaps = opened(saved(document))
    assert "Patricia Roe.pdf" in text
    assert all(each in text for each in THIRTEEN[:2])
    assert gaps == set()


def scan(pages: int = 1, **more: object) -> bytes:
    out = io.BytesIO()
    first = drawn(THIRTEEN, (1275, 1650), 30)
    rest = [drawn((f"Page {number}", THIRTEEN[0]), (700, 300), 30) for number in range(1, pages)]
    first.save(out, "PDF", resolution=150.0, save_all=True, append_images=rest, **more)
    return out.getvalue()


def test_a_scanned_page_is_read(eyes):
    text, gaps = opened(scan(), Budget(instruments=eyes))
    assert len(missing_from(text)) <= 1
    assert gaps == set()


def test_scanned_pages_have_a_limit_and_wait_for_their_turn(eyes):
    text, gaps = opened(scan(3), Budget(instruments=eyes, pictures_left=2))
    assert ("Page 1" in text, "Page 2" in text, gaps) == (True, False, {GapReason.TOO_LARGE})
    assert opened(scan(), Budget(instruments=eyes, hasty=True))[1] == {GapReason.TIMED_OUT}
    assert opened(scan())[1] == {GapReason.NO_TEXT}


def test_a_picture_within_a_letter_is_read_and_a_letterhead_once(eyes):
    with pikepdf.open(io.BytesIO(scan())) as scanned:
        document = made(tuple(f"Line {n} of an ordinary letter, long enough to be a page of text" for n in range(5)))
        picture = document.copy_foreign(scanned.pages[0].obj.Resources.XObject["/image"])
        page = document.pages[0]
        page.obj.Resources.XObject = Dictionary(I=picture)
        page.contents_add(b"q 400 0 0 500 100 50 cm /I Do Q")
        for _ in range(3):
            document.pages.append(page)
        budget = Budget(instruments=eyes, pictures_left=1)
        text, gaps = opened(saved(document), budget)
    assert len(missing_from(text)) <= 2
    assert gaps == set()


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.9])
def test_a_truncated_file_is_a_gap_or_read(cut):
    document = made(THIRTEEN)
    beside_the_page(document)
    data = saved(document)
    text, gaps = opened(data[: int(len(data) * cut)])
    assert gaps or missing_from(text) == []


def test_locked_is_a_gap_and_locked_for_changes_only_is_read():
    document = made(THIRTEEN)
    assert opened(saved(document, encryption=pikepdf.Encryption(user="u", owner="o", R=6)))[1] == {GapReason.ENCRYPTED}
    text, gaps = opened(saved(document, encryption=pikepdf.Encryption(user="", owner="o", R=6)))
    assert (missing_from(text), gaps) == ([], set())


def test_a_bomb_in_a_file_inside_is_a_gap():
    document = made(("Cover",))
    document.attachments["zeros.txt"] = bytes(70 * 1024 * 1024)
    assert GapReason.BOMB in opened(saved(document))[1]


def test_objects_without_end_are_a_gap(monkeypatch):
    monkeypatch.setattr("gateway.mime.documents.pdf_objects._MOST_OBJECTS", 3)
    document = made(THIRTEEN)
    beside_the_page(document)
    assert opened(saved(document))[1] == {GapReason.MALFORMED}
