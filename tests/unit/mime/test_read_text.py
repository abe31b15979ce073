"""The text of a mail place by place, and what is left to the inspector."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from gateway.domain.finding import Gap, GapReason
from gateway.mime.html import replace
from gateway.mime.limits import Limits
from gateway.mime.parse import parse
from gateway.mime.text import MailText, source_of, texts
from tests.support.growth import grows_within

LIMITS = Limits()


def read(source: str, limits: Limits = LIMITS) -> MailText:
    return texts(parse(source.encode(), limits), limits)


def places(mail: MailText) -> dict[str, str]:
    return {part.part: part.text for part in mail.parts}


def test_headers_that_people_read_are_text() -> None:
    mail = read(
        "From: Ana Lee <ana@example.org>\nTo: pat@example.net\nSubject: Hi\nThread-Topic: About Pat\nX-Note: private\n"
        "Comments: one\nComments: two\nReceived: from x\nMessage-ID: <a@b>\nOrganization: Clinic\n\nbody\n"
    )
    assert places(mail) == {
        "header:From": "Ana Lee",
        "subject": "Hi",
        "header:Thread-Topic": "About Pat",
        "header:X-Note": "private",
        "header:Comments": "one",
        "header:Comments#2": "two",
        "header:Organization": "Clinic",
        "body.plain": "body\n",
    }


def test_file_names_are_text_and_their_underscores_spaces() -> None:
    mail = read("Content-Type: text/plain\nContent-Disposition: attachment; filename=Pat_Roe_2001.txt\n\nbody\n")
    assert places(mail) == {"header:Content-Disposition": "Pat Roe 2001.txt", "attachment:Pat_Roe_2001.txt": "body\n"}


def test_a_slash_in_a_file_name_makes_no_new_place() -> None:
    mail = read('Content-Disposition: attachment; filename="../../etc/x\u202e.txt"\n\nbody\n')
    assert "attachment:.._.._etc_x.txt" in places(mail)


def test_calendar_lines_are_unfolded() -> None:
    mail = read("Content-Type: text/calendar\n\nSUMMARY:Visit of Pat\r\n  Roe\nEND:X\n")
    assert places(mail)["attachment:part-1"] == "SUMMARY:Visit of Pat Roe\nEND:X\n"


def test_a_pdf_under_a_text_label_goes_to_the_inspector() -> None:
    mail = read("Content-Type: text/plain\n\n%PDF-1.7 and so on\n")
    assert [part.name for part in mail.specimens] == ["body.plain"]


def test_binary_under_a_text_label_goes_to_the_inspector() -> None:
    assert read("Content-Type: text/html\n\n" + "\x00\x01\x02\x03" * 50).specimens


def test_a_signature_is_no_specimen_but_a_large_one_is() -> None:
    head = "Content-Type: application/pkcs7-signature; name=smime.p7s\n\n"
    assert read(head + "0").specimens == ()
    assert read(head + "x" * 70_000).specimens


def test_text_beyond_the_limit_is_a_gap() -> None:
    mail = read("\n" + "word " * 100, Limits(max_text_bytes=100))
    assert Gap("body.plain", GapReason.TOO_LARGE) in mail.gaps
    assert len(places(mail)["body.plain"]) == 100


def test_html_takes_its_charset_from_itself() -> None:
    source = b"Content-Type: text/html\n\n<meta charset=koi8-r><p>" + "Привет".encode("koi8-r")
    mail = texts(parse(source, LIMITS), LIMITS)
    assert "Привет" in places(mail)["body.html"]


def test_a_file_hidden_in_html_is_for_the_inspector() -> None:
    mail = read("Content-Type: text/html\n\n<img src='data:image/png;base64,AAAA'>\n")
    assert [part.name for part in mail.specimens] == ["body.html/file-1"]


def test_gaps_of_the_tree_are_among_the_gaps_of_the_text() -> None:
    assert read("Content-Type: multipart/mixed\n\nx\n").gaps


def test_content_of_an_encrypted_multipart_is_no_specimen() -> None:
    mail = read(
        "Content-Type: multipart/encrypted; boundary=a\n\n--a\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n"
        "--a\nContent-Type: application/octet-stream\n\nx\n--a--\n"
    )
    assert mail.specimens == ()
    assert {gap.reason for gap in mail.gaps} == {GapReason.ENCRYPTED}


def test_spans_of_the_text_lead_back_to_the_source() -> None:
    tree = parse(b"Content-Type: text/html\n\n<p>Dear <b>Jo</b>hn,</p>\n", LIMITS)
    text = places(texts(tree, LIMITS))["body.html"]
    at = text.index("John")
    part = tree.find("body.html")
    assert part is not None
    assert replace(source_of(part, LIMITS), [(at, at + 4, "[name]")]) == "<p>Dear <b>[name]</b>,</p>\n"


def test_a_second_name_and_unknown_parameters_are_text() -> None:
    mail = read(
        "Content-Type: text/plain; name=other.txt; x-note=words\nContent-Disposition: inline; filename=one.txt\n\nhi\n"
    )
    assert places(mail)["header:Content-Type"] == "other.txt\nwords"
    assert places(mail)["header:Content-Disposition"] == "one.txt"


def test_headers_of_parts_are_text() -> None:
    mail = read(
        "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Description: scan of Pat\nX-Note: n\n\nhi\n--a--\n"
    )
    assert places(mail)["header:Content-Description"] == "scan of Pat"
    assert places(mail)["header:X-Note"] == "n"


def test_reading_in_the_worker_loads_no_document_library() -> None:
    code = "import gateway.mime.parse, gateway.mime.text, gateway.mime.documents, sys; print(sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "'gateway.mime.text'" in loaded
    for name in ("pypdfium2", "openpyxl", "lxml", "'gateway.mime.documents.pdf'"):
        assert name not in loaded


@pytest.mark.parametrize("unit", ["(", "a", "=?utf-8?q?", "<", ";a=b", '"', "\\", "a@", "*0=", " ", ",", "=?a?b?c?= "])
@pytest.mark.parametrize("name", ["Content-Type: a/b; name=x", "To: ", "Subject: ", "Content-Transfer-Encoding: "])
def test_time_grows_with_a_header(name: str, unit: str) -> None:
    def work(size: int) -> Callable[[], object]:
        source = name + unit * (size // len(unit)) + "\n\nhi\n"
        return lambda: read(source)

    assert grows_within(work(6_000), work(60_000), 15, 0.1)
