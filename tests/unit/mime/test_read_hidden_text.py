"""What HTML, calendars, cards and odd charsets hide from the eye is read; files inside them go to the inspector."""

from __future__ import annotations

import base64
import quopri
import time

import pytest

from gateway.domain.finding import GapReason
from gateway.mime.cards import read_card
from gateway.mime.documents import Budget, read
from gateway.mime.limits import Limits
from gateway.mime.parse import parse_stream
from gateway.mime.text import MailText, texts
from gateway.mime.tree import MemorySink, content
from tests.support.identified import THIRTEEN, missing_from

BACK = base64.b64encode(THIRTEEN[5].encode()).decode()
HTML = f"""<html><head><title>{THIRTEEN[0]}</title><meta name="d" content="{THIRTEEN[1]}"><style>
.a::after{{content:"{THIRTEEN[2]}"}} /* {THIRTEEN[3]} */</style></head><body><img alt="{THIRTEEN[4]}" src="data:text/plain;base64,{BACK}">
<!-- {THIRTEEN[6]} --><!--[if mso]><p>{THIRTEEN[7]}</p><![endif]--><div style="display:none">{THIRTEEN[8]}</div>
<noscript>{THIRTEEN[9]}</noscript><template>{THIRTEEN[10]}</template><input type=hidden value="{THIRTEEN[11]}">
<svg><title>of Imre Vask</title><text>{THIRTEEN[12]}</text></svg>
<a href="https://x.example.org/?utm_source=news&amp;mrn=7654321&amp;n=Oluwa%20Brandt">x</a><script>var p = "Juan Roe";</script></body></html>"""


def mail(data: bytes) -> MailText:
    return texts(parse_stream([data], MemorySink(), Limits()), Limits())


def whole(found: MailText) -> str:
    """All text, with what the inspector reads."""
    parts = [each.text for each in found.parts]
    for leaf in found.specimens:
        inner, _ = content(leaf.body, 10_000_000)
        parts += [each.text for each in read(leaf.name, leaf.media_type, leaf.file_name, inner, Budget())[0]]
    return "\n".join(parts)


def test_thirteen_identifiers_hidden_in_html():
    found = mail(b"Content-Type: text/html; charset=utf-8\n\n" + HTML.encode())
    assert (missing_from(whole(found)), found.gaps) == ([], ())
    assert all(each in whole(found) for each in ("Imre Vask", "7654321", "Oluwa Brandt", "Juan Roe"))
    assert [each.name for each in found.specimens] == ["body.html/file-1"]
    inside, gaps = read("f", "", "a.html", HTML.encode(), Budget())
    assert (missing_from("\n".join(each.text for each in inside)), gaps) == ([], [])


@pytest.mark.parametrize("url", ["data:text/html;base64,AAAA!", "data:nothing"])
def test_a_damaged_data_url_is_a_gap(url):
    found = mail(f"Content-Type: text/html\n\n<img src='{url}'>".encode())
    assert {each.reason for each in found.gaps} == {GapReason.MALFORMED}


def test_data_urls_have_a_limit():
    found = mail(b"Content-Type: text/html\n\n" + b"<img src='data:,x'>" * 300)
    assert len(found.specimens) == 200
    assert {each.reason for each in found.gaps} == {GapReason.TOO_MANY_PARTS}


ICS = (
    "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY;LANGUAGE=en:Visit of Patri\r\n cia Roe\\, MRN 4471203\r\n"
    'ATTENDEE;CN="Roe: Juan";ROLE=CHAIR:mailto:pat.roe@example.org\r\nDESCRIPTION:Line one\\nSSN: 900-12-3467\\n(555) 555-0142\r\n'
    "X-ALT-DESC;FMTTYPE=text/html:<p>Oluwa <b>Brandt</b></p>\r\nDTSTART;TZID=x:20200102T030405\r\n"
    f"ATTACH;ENCODING=BASE64;VALUE=BINARY;FMTTYPE=text/plain:{BACK}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
CODED = quopri.encodestring("Roe;Patrícia;Q".encode()).decode().replace("c=", "=\r\nc=")
VCF = (
    f"BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:{CODED}\r\nTEL;HOME:(555) 555-0142\r\n"
    "item1.ADR;TYPE=home:;;12 Willow Lane;Springfield;IL;62704\r\nBDAY:1961-03-14\r\nNOTE:SSN: 900-12-3467\\nMRN: 4471203\r\n"
    f"PHOTO;ENCODING=b;TYPE=PNG:{BACK}\r\nEND:VCARD\r\n"
)


@pytest.mark.parametrize("label", ["text/calendar", "text/plain", "application/octet-stream; name=a.ics"])
def test_a_calendar(label):
    found = mail(f"Content-Type: {label}\n\n".encode() + ICS.encode())
    text = whole(found)
    for line in ("Subject: Visit of Patricia Roe, MRN 4471203", "Name: Roe: Juan", "SSN: 900-12-3467", "(555) 555-0142", "Oluwa Brandt",
                 "Date: 01/02/2020 03:04", THIRTEEN[5]):  # fmt: skip
        assert line in text
    assert found.gaps == ()


def test_a_card():
    found = mail(b"Content-Type: text/vcard\n\n" + VCF.encode())
    text = whole(found)
    for line in ("Name: Patrícia Q Roe", "Phone: (555) 555-0142", "Address: 12 Willow Lane, Springfield, IL, 62704",
                 "Date of birth: 03/14/1961", "SSN: 900-12-3467\nMRN: 4471203"):  # fmt: skip
        assert line in text
    assert [each.name for each in found.specimens] == ["attachment:part-1/file-1"]


def test_cards_take_linear_time():
    begun = time.process_time()
    read_card("BEGIN:VCARD\r\n" + "N;ENCODING=QUOTED-PRINTABLE:a=\r\n" * 50_000 + ";" * 100_000 + "\\" * 100_000)
    read_card('BEGIN:VCARD\r\n;"' + '"' * 300_000)
    assert time.process_time() - begun < 5


def test_text_that_was_encoded_twice():
    found = mail("Content-Type: text/plain; charset=utf-8\n\nMaria MuÃ±oz, JosÃ© Ã‘uÃ±ez".encode())
    assert "Maria Muñoz, José Ñuñez" in whole(found)
    assert "/mended" not in "".join(
        each.part for each in mail("Content-Type: text/plain; charset=utf-8\n\nMaria Muñoz Ärzte".encode()).parts
    )
