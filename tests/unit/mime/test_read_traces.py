"""Fields that programs write are read too: as words, marked as traces, and ordinary ones say nothing."""

import pytest

from gateway.mime.headertext import display_names
from gateway.mime.limits import Limits
from gateway.mime.parse import parse
from gateway.mime.text import texts

LIMITS = Limits()


def traces(source: str) -> dict[str, str]:
    return {part.part: part.text for part in texts(parse(source.encode(), LIMITS), LIMITS).parts if part.trace}


@pytest.mark.parametrize(
    "name",
    ["Message-ID", "References", "In-Reply-To", "Content-ID", "Content-Language", "Priority", "X-Mailer", "Autocrypt", "X-Received",
     "X-MS-Exchange-Note", "X-Spam-Report", "X-Exchange-Note", "DKIM-Signature", "User-Agent"],
)  # fmt: skip
def test_phrases_in_fields_of_programs_are_words(name: str) -> None:
    assert traces(f"{name}: <Pat.Roe_biopsy/positive@example.org>\n\nhi\n") == {
        f"header:{name}": "Pat Roe biopsy positive example org"
    }


@pytest.mark.parametrize(
    ("field", "place"),
    [
        ("Date: Tue, 3 Mar 2026 10:00:00 +0100 (Pat Roe biopsy)", "header:Date"),
        ("MIME-Version: 1.0 (Pat Roe biopsy)", "header:MIME-Version"),
        ("Content-Transfer-Encoding: 7bit (Pat Roe biopsy)", "header:Content-Transfer-Encoding"),
        ("Content-Type: text/plain (Pat Roe biopsy)", "header:Content-Type/parameters"),
        ('Content-Type: text/plain; boundary="Pat Roe biopsy"', "header:Content-Type/parameters"),
        ("Content-Type: text/plain; boundary*=utf-8''Pat%20Roe%20biopsy", "header:Content-Type/parameters"),
        ("Content-Disposition: inline (Pat Roe biopsy)", "header:Content-Disposition/parameters"),
    ],
)
def test_comments_and_parameters_are_words(field: str, place: str) -> None:
    found = traces(field + "\n\nhi\n")
    assert found[place].removeprefix("utf 8 ").strip() == "Pat Roe biopsy"


def test_ordinary_fields_say_nothing() -> None:
    assert not traces(
        "Date: Tue, 3 Mar 2026 10:00:00 +0100 (CET)\nMIME-Version: 1.0\nContent-Transfer-Encoding: quoted-printable\n"
        "Content-Type: text/plain\nContent-Disposition: inline\nReturn-Path: <ana@example.org>\nX-Priority: 3 (1)\n\nhi\n"
    )


def test_a_number_keeps_the_form_it_is_known_by() -> None:
    assert (
        traces("Message-ID: <ab-900-12-3456@example.org>\n\nhi\n")["header:Message-ID"] == "ab 900-12-3456 example org"
    )
    assert "-" not in traces("Message-ID: <20260303-900-12-3456@example.org>\n\nhi\n")["header:Message-ID"]


def test_what_no_recipient_is_sent_is_read_only_in_attached_mail() -> None:
    inner = "Received: from Pat Roe\nX-Sealgate-Note: Pat Roe\n\nhi\n"
    assert not traces(inner)
    found = traces(f"Content-Type: message/rfc822\n\n{inner}")
    assert sorted(each.rpartition("/")[2] for each in found) == ["header:Received", "header:X-Sealgate-Note"]


def test_many_parts_that_say_the_same_are_one_trace() -> None:
    part = "--a\nContent-Type: text/x-odd; charset=koi8-r\n\nhi\n"
    assert len(traces("Content-Type: multipart/mixed; boundary=a\n\n" + part * 50 + "--a--\n")) == 1


def test_words_between_angles_are_no_address() -> None:
    assert display_names("<Pat Roe biopsy>, Ana <ana@example.org>") == "Pat Roe biopsy, Ana"
