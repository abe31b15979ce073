"""Each kind of threat by its structure, next to the harmless file that looks most like it."""

from __future__ import annotations

import time

import pytest

from gateway.domain.threat import ThreatKind
from gateway.mime.threats import look
from gateway.mime.threats.names import name_threats
from tests.support.threatening import PROGRAM, docx, ole, packed, pdf, workbook, zipped

E, M, P, B, N, T, L = (
    ThreatKind.EXECUTABLE, ThreatKind.MACRO, ThreatKind.PDF_ACTION, ThreatKind.EMBEDDED, ThreatKind.DISGUISED_NAME,
    ThreatKind.TYPE_MISMATCH, ThreatKind.DECEPTIVE_LINK,
)  # fmt: skip
EXTERNAL = (
    b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
    b'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/%s" Target="%s" TargetMode="External"/></Relationships>'
)
PACKAGE = ole({"\x01Ole10Native": b"payload"})
INSTALLER = bytes.fromhex("84100c0000000000c000000000000046")

FILES = {
    "a program": ("setup.bin", PROGRAM, {E}),
    "a Linux program": ("tool", b"\x7fELF\x02\x01\x01" + b"\x00" * 60, {E}),
    "a Mac program": ("tool", b"\xcf\xfa\xed\xfe\x07\x00\x00\x01" + b"\x00" * 60, {E}),
    "a shell script": ("readme", b"#!/bin/sh\nrm -r /\n", {E}),
    "a script by its name": ("run.vbs", b'MsgBox "hello"', {E}),
    "a shortcut by its bytes": ("notes.dat", b"\x4c\x00\x00\x00\x01\x14\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46" + b"\x00" * 60, {E}),
    "a disk image by its bytes": ("backup.bin", b"\x00" * 0x8001 + b"CD001\x01" + b"\x00" * 2048, {E}),
    "a Java archive under another name": ("tool.zip", packed({"META-INF/MANIFEST.MF": b"x", "A.class": b"\xca\xfe\xba\xbe\0\0\0\x34"}), {E}),
    "an installer under another name": ("letter.doc", ole({"Table": b"x"}, INSTALLER), {E}),
    "words that begin like a program": ("notes.txt", b"MZ is how my letter begins, strangely.", set()),
    "a program called a PDF": ("invoice.pdf", PROGRAM, {E, T}),
    "a PDF called a picture": ("photo.jpg", pdf(), {T}),
    "a Word file with a password": ("letter.docx", ole({"EncryptedPackage": b"x", "EncryptionInfo": b"y"}), set()),
    "an old Word file that is RTF": ("letter.doc", b"{\\rtf1 Lunch}", set()),
    "a macro in Word": ("letter.docm", docx(word__vbaProject_dot_bin=ole({"VBA/dir": b"x"})), {M}),
    "a macro sheet in Excel": ("list.xlsx", packed({"[Content_Types].xml": b"<a/>", "xl/macrosheets/sheet1.xml": b"<x/>"}), {M}),
    "a macro in an old document": ("letter.doc", ole({"WordDocument": b"x", "Macros/_VBA_PROJECT": b"\xcc\x61"}), {M}),
    "a macro sheet in an old workbook": ("list.xls", ole({"Workbook": workbook(1)}), {M}),
    "an old workbook": ("list.xls", ole({"Workbook": workbook(0)}), set()),
    "a macro in a damaged old document": ("letter.doc", ole({"Macros/_VBA_PROJECT": b"\xcc\x61"})[:1400], {M}),
    "a template from elsewhere": ("letter.docx", docx(word___rels__settings_dot_xml_dot_rels=EXTERNAL % (b"attachedTemplate", b"https://example.net/t.dotm")), {M}),
    "a template on one's own disk": ("letter.docx", docx(word___rels__settings_dot_xml_dot_rels=EXTERNAL % (b"attachedTemplate", b"file:///C:/Templates/Letter.dotx")), set()),
    "a link in Word": ("letter.docx", docx(word___rels__document_dot_xml_dot_rels=EXTERNAL % (b"hyperlink", b"https://example.net/")), set()),
    "a script in OpenDocument": ("letter.odt", packed({"mimetype": b"x", "content.xml": b"<a/>", "META-INF/manifest.xml": b"<a/>", "Basic/Standard/Module1.xml": b"<a/>"}), {M}),
    "an event in OpenDocument": ("letter.odt", packed({"content.xml": b'<a><script:event-listener script:event-name="dom:load" xlink:href="vnd.sun.star.script:Standard.M.x"/></a>', "META-INF/manifest.xml": b"<a/>"}), {M}),
    "an OpenDocument letter": ("letter.odt", packed({"content.xml": b"<a/>", "META-INF/manifest.xml": b"<a/>"}), set()),
    "a file packed in Word": ("letter.docx", docx(word__embeddings__oleObject1_dot_bin=PACKAGE), {B}),
    "a sheet packed in Word": ("letter.docx", docx(word__embeddings__Microsoft_Excel_Sheet_dot_xlsx=docx()), set()),
    "a file packed in RTF": ("letter.rtf", b"{\\rtf1{\\object\\objemb{\\*\\objdata 0105}}}", {B}),
    "a Word letter": ("letter.docx", docx(), set()),
    "a PDF with a script": ("form.pdf", pdf("/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>"), {P}),
    "a PDF with a script in another object": ("form.pdf", pdf("/OpenAction << /S /JavaScript /JS 9 0 R >>"), {P}),
    "a PDF with a disguised script": ("form.pdf", pdf("/OpenAction << /S /J#61vaScript /J#53 (this.exportDataObject\\(1\\)) >>"), {P}),
    "a PDF with a packed script": ("form.pdf", pdf(hidden=b"<< /S /JavaScript /JS <616263> >>"), {P}),
    "a PDF that starts a program": ("form.pdf", pdf("/OpenAction << /S /Launch /F (cmd.exe) >>"), {P}),
    "a PDF that opens at a page": ("form.pdf", pdf("/OpenAction [ 3 0 R /Fit ]"), set()),
    "a PDF form that formats dates": ("form.pdf", pdf('/AA << /F << /S /JavaScript /JS (AFDate_FormatEx\\("mm/dd/yyyy"\\);) >> >>'), set()),
    "a PDF form that formats and more": ("form.pdf", pdf("/AA << /F << /JS (AFNumber_Format\\(2\\); app.launchURL\\(1\\)) >> >>"), {P}),
    "a page with a false link": ("page.html", b'<a href="https://evil.example.net/x">https://www.bank.com/</a>', {L}),
    "an unknown kind": ("scan.bin", b"\x01\x02\x03\x04" * 40, set()),
}  # fmt: skip


def kinds(name: str, data: bytes, media_type: str = "") -> set[ThreatKind]:
    return {one.kind for one in look("attachment:x", media_type, name, data)}


@pytest.mark.parametrize("case", FILES)
def test_files(case: str) -> None:
    name, data, expected = FILES[case]
    assert kinds(name, data) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("invoice.pdf.exe", {E, N}), ("invoice.pdf .exe", {E, N}), ("invoice.pdf.com", {E, N}), ("setup.exe", {E}),
        ("C:\\Users\\lee\\RUN.BAT", {E}), ("a/b/photo.jpg.scr", {E, N}), ("report" + " " * 40 + ".js", {E, N}),
        ("invoice\u202efdp.exe", {E, N}), ("photo\u202egpj.docx", {N}), ("tool.exe.", {E}), ("x.ps1\x00", {E}), ("my.app.jar", {E}),
        ("letter.pdf", set()), ("Dr. Lee 3.4.2026.docx", set()), ("jane@example.com", set()), ("results.tar.gz", set()),
        ("exe", set()), ("", set()), ("Lab results v1.2 (final).pdf", set()), ("www.example.com.pdf", set()),
    ],
)  # fmt: skip
def test_names(name: str, expected: set[ThreatKind]) -> None:
    assert name_threats(name) == expected


def test_names_in_a_locked_archive_are_seen_and_have_their_place() -> None:
    found = look("attachment:a.zip", "", "a.zip", packed({"docs/invoice.pdf.exe": PROGRAM, "b.txt": b"x"}, locked=True))
    assert {(one.kind, one.part) for one in found} == {
        (E, "attachment:a.zip/docs_invoice.pdf.exe"), (N, "attachment:a.zip/docs_invoice.pdf.exe")
    }  # fmt: skip


@pytest.mark.parametrize(
    ("media_type", "name", "data", "expected"),
    [
        ("application/pdf", "", PROGRAM, {E, T}), ("image/jpeg", "", pdf(), {T}), ("application/octet-stream", "", pdf(), set()),
        ("application/msword", "letter.docx", docx(), set()), ("application/pdf", "letter.docx", docx(), set()),
        ("image/png", "scan.jpg", b"\x89PNG\r\n\x1a\n....", set()), ("text/html", "", PROGRAM, {E, T}),
    ],
)  # fmt: skip
def test_labels_count_where_no_name_says_more(
    media_type: str, name: str, data: bytes, expected: set[ThreatKind]
) -> None:
    assert kinds(name, data, media_type) == expected


def test_an_archive_behind_a_picture_is_looked_into() -> None:
    assert kinds("photo.jpg", b"\xff\xd8\xff\xe0" + b"\x00" * 500 + zipped(setup_dot_exe=PROGRAM)) == {E}


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.7\n" + b"stream\n" * 100_000, b"%PDF-1.7\n" + b"/JS (" * 100_000, b"%PDF-1.7\n" + b"/#" * 300_000,
        b"{\\rtf1" + b"\\obj" * 200_000, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 2_000_000, b"<a " * 100_000,
        b"<a href='" * 60_000, b"<a href=//x>" * 50_000, ole({"Workbook": b"\x85\x00\x00\x00" * 1000}),
        packed({"[Content_Types].xml": b"<Relationship " * 100_000}),
    ],
    ids=range(10),
)  # fmt: skip
def test_hostile_bytes_take_no_long_time(data: bytes) -> None:
    begun = time.process_time()
    for name in ("x.bin", "x.html"):
        look("attachment:x", "", name, data)
    assert time.process_time() - begun < 4
