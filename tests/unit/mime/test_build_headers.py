"""Writing header fields, and reading a block without changing a byte."""

from __future__ import annotations

import email.header
import email.policy
from datetime import UTC, datetime, timedelta, timezone
from email.parser import BytesParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.address import Address
from gateway.domain.errors import LimitExceeded, MalformedMail
from gateway.mime import build_original, headers
from gateway.mime.headers import HeaderRefused


def read(field: bytes, name: str) -> str:
    return str(BytesParser(policy=email.policy.default).parsebytes(field + b"\r\n")[name])


@pytest.mark.parametrize(
    "value",
    ["plain", "a b " * 60 + "c", "Grüße aus dem Labor, Zimmer 12 " * 6 + "x", "=?utf-8?Q?not_a_word?=", "日本語" * 40, "x" * 1200,
     " leading", "trailing ", "two  spaces", "", "🩺" * 50],
)  # fmt: skip
def test_text_comes_back_as_written_in_short_ascii_lines(value: str) -> None:
    written = headers.write_text("Subject", value)
    assert written.endswith(b"\r\n")
    lines = written.split(b"\r\n")[:-1]
    assert all(len(line) <= 78 for line in lines)
    assert all(line.strip() for line in lines)
    assert written.isascii()
    block, _ = build_original.read_block([written + b"\r\n"])
    assert block.fields[0].text == value
    if value.strip() == value:
        assert read(written, "subject") == value


@given(st.text(max_size=300))
def test_any_text_is_refused_or_reads_back(value: str) -> None:
    try:
        written = headers.write_text("Subject", value)
    except HeaderRefused:
        assert headers.one_line(value) != value
        return
    assert written.count(b"\n") == written.count(b"\r\n ") + 1
    decoded = "".join(
        part.decode(charset or "ascii") if isinstance(part, bytes) else part
        for part, charset in email.header.decode_header(written.decode()[9:-2].replace("\r\n", ""))
    )
    assert decoded.strip() == value.strip()


@pytest.mark.parametrize(
    "bad", ["a\r\nBcc: x@example.org", "a\nb", "a\rb", "a\0b", "a\x0bb", "a\x85b", "a\u2028b", "a\tb", "\ud800"]
)
def test_controls_are_refused_wherever_text_is_written(bad: str) -> None:
    with pytest.raises(HeaderRefused) as caught:
        headers.write_text("Subject", bad)
    assert "Bcc" not in str(caught.value)
    with pytest.raises(HeaderRefused):
        headers.write_parameters("Content-Type", "text/plain", {"charset": bad})
    with pytest.raises(HeaderRefused):
        headers.message_id(bad, "example.org")
    with pytest.raises(HeaderRefused):
        headers.write_addresses("To", [Address(bad, "example.org")])
    with pytest.raises(HeaderRefused):
        headers.write_text(bad, "value")
    assert headers.write_text("Subject", headers.one_line(bad))


def test_one_line_keeps_the_words() -> None:
    assert headers.one_line(" a\r\n\tb\0c  d ") == "a b c d"


def test_addresses_have_no_names_and_fold() -> None:
    many = [Address.parse(f"person{n}@example.org") for n in range(20)]
    written = headers.write_addresses("To", many)
    assert max(map(len, written.split(b"\r\n"))) <= 78
    assert read(written, "to") == ", ".join(str(one) for one in many)


def test_dates_are_utc_and_need_a_zone() -> None:
    at = datetime(2026, 3, 1, 14, 5, 6, tzinfo=timezone(timedelta(hours=-5)))
    assert headers.write_date("Date", at) == b"Date: Sun, 01 Mar 2026 19:05:06 +0000\r\n"
    with pytest.raises(HeaderRefused):
        headers.write_date("Date", datetime(2026, 3, 1))
    assert headers.write_date("Date", at.astimezone(UTC)) == headers.write_date("Date", at)


def test_message_id_form() -> None:
    assert headers.message_id("d1.x", "mail.example.org") == "<d1.x@mail.example.org>"
    assert not headers.is_message_id("<a b@example.org>")
    assert not headers.is_message_id("<a@example.org> <b@example.org>")


MAIL = b"Subject: =?utf-8?q?a_=C3=BC?=\r\n =?utf-8?q?b?=\r\nBcc : x@example.org\r\nnot a field\r\nX-A:\r\n\tb\r\n\r\nbody\r\n\r\nmore"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_a_block_keeps_its_bytes_however_it_is_cut(size: int) -> None:
    chunks = [MAIL[at : at + size] for at in range(0, len(MAIL), size)]
    block, body = build_original.read_block(chunks)
    assert bytes(block) + b"".join(body) == MAIL
    assert [one.name for one in block.fields] == ["subject", "bcc", "", "x-a"]
    assert block.fields[0].text == "a üb"
    assert block.fields[3].value == b"b"


def test_lf_mail_header_only_mail_and_empty_header() -> None:
    block, body = build_original.read_block([b"A: b\n\nbody\n"])
    assert (block.end, b"".join(body)) == (b"\n", b"body\n")
    block, body = build_original.read_block([b"A: b\r\nC: d"])
    assert (block.end, b"".join(body), block.fields[1].raw) == (b"", b"", b"C: d")
    block, body = build_original.read_block([b"\r\nbody"])
    assert (block.fields, b"".join(body)) == ((), b"body")


def test_header_limits_and_malformed_headers() -> None:
    with pytest.raises(LimitExceeded):
        build_original.read_block([b"X: " + b"a" * 5000 + b"\r\n\r\n"], limit=4096)
    with pytest.raises(LimitExceeded):
        build_original.read_block((b"a" * 1000 for _ in range(10**9)), limit=4096)
    for bad in (b"A: b\rBcc: c\r\n\r\n", b"A: \0\r\n\r\n"):
        with pytest.raises(MalformedMail):
            build_original.read_block([bad])


@given(st.binary(max_size=300))
def test_any_bytes_are_kept_or_refused(data: bytes) -> None:
    try:
        block, body = build_original.read_block([data])
    except MalformedMail:
        return
    assert bytes(block) + b"".join(body) == data
    assert all(isinstance(one.text, str) for one in block.fields)


@pytest.mark.parametrize(
    ("subject", "after"),
    [("[secure] Results", "Results"), ("Re: [Secure] Results", "Re: Results"), ("a [purpose: payment] b [patient:00-17]", "a b"),
     ("[security] x", "[security] x"), ("  two  spaces ", "  two  spaces ")],
)  # fmt: skip
def test_tags_are_removed_and_nothing_else(subject: str, after: str) -> None:
    assert build_original.without_tags(subject) == after


def test_a_tag_inside_encoded_words_is_found() -> None:
    block, _ = build_original.read_block([b"Subject: =?utf-8?B?W3NlY3VyZV0gR3LDvMOfZQ==?=\r\n\r\n"])
    assert build_original.decode_words(build_original.untagged(block.fields[0])[9:].strip()) == "Grüße"
