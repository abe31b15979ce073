"""Mails that the gateway builds: what stands in them, in which encoding, and what a foreign reader makes of them."""

from __future__ import annotations

import email
import email.policy
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest

from gateway.domain.address import Address
from gateway.domain.errors import LimitExceeded, MalformedMail
from gateway.mime import build
from gateway.mime.headers import HeaderRefused

AT = datetime(2026, 3, 1, 14, 5, 6, tzinfo=UTC)
CLINIC, PATIENT, OTHER = (Address.parse(f"{name}@example.org") for name in ("clinic", "patient", "other"))


def outer(**changes: object) -> build.OuterHeaders:
    given: dict[str, object] = {
        "from_": CLINIC, "to": (PATIENT,), "cc": (OTHER,), "date": AT, "message_id": "<d1@example.org>",
        "subject": "Secure message", "sealgate_id": "m1",
    }  # fmt: skip
    return build.OuterHeaders(**(given | changes))  # type: ignore[arg-type]


def read(raw: bytes) -> EmailMessage:
    assert raw.count(b"\n") == raw.count(b"\r\n") == raw.count(b"\r")
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    assert not mail.defects
    assert all(not part.defects for part in mail.walk())
    return mail


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("Hello\nthere\n", "7bit"), ("Grüße\n.\nFrom me \n" + "x" * 300, "quoted-printable"), ("日本語" * 300, "base64"),
     ("a\x00b", "quoted-printable"), ("y" * 3000, "quoted-printable"), ("", "7bit")],
)  # fmt: skip
def test_text_survives_in_ascii(text: str, encoding: str) -> None:
    mail = read(build.text_mail(outer(), text))
    assert mail["content-transfer-encoding"] == encoding
    assert mail.get_content().rstrip("\r\n").replace("\r\n", "\n") == text.rstrip("\n")


def test_only_the_allow_list_stands_outside() -> None:
    mail = read(build.text_mail(outer(), "Hello"))
    assert mail.items() == [
        ("X-Sealgate-Id", "m1"), ("From", "clinic@example.org"), ("To", "patient@example.org"), ("Cc", "other@example.org"),
        ("Date", "Sun, 01 Mar 2026 14:05:06 +0000"), ("Message-ID", "<d1@example.org>"), ("Subject", "Secure message"),
        ("MIME-Version", "1.0"), ("Content-Type", 'text/plain; charset="us-ascii"'), ("Content-Transfer-Encoding", "7bit"),
    ]  # fmt: skip


def test_html_stands_beside_the_text_and_a_retry_gives_the_same_bytes() -> None:
    raw = build.text_mail(outer(), "Hello", "<p>Grüße</p>")
    mail = read(raw)
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert "Grüße" in mail.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert build.text_mail(outer(), "Hello", "<p>Grüße</p>") == raw


def test_a_boundary_that_stands_in_the_text_is_not_used() -> None:
    first = read(build.text_mail(outer(), "Hello", "<p>x</p>")).get_boundary()
    mail = read(build.text_mail(outer(), f"--{first}--\r\n--{first}\r\n\r\nforged", "<p>x</p>"))
    assert mail.get_boundary() != first
    assert len(list(mail.iter_parts())) == 2


def test_nobody_named_gives_an_empty_group_and_own_mail_threads() -> None:
    assert read(build.text_mail(outer(to=(), cc=()), "x"))["to"] == "undisclosed-recipients:;"
    own = outer(
        auto_submitted="auto-replied", in_reply_to="<a@example.net>", references=("<a@example.net>", "<b@example.net>")
    )
    mail = read(build.text_mail(own, "x"))
    assert (mail["auto-submitted"], mail["in-reply-to"]) == ("auto-replied", "<a@example.net>")
    assert mail["references"] == "<a@example.net> <b@example.net>"
    with pytest.raises(HeaderRefused):
        outer(in_reply_to="<a@example.net>")
    with pytest.raises(HeaderRefused):
        outer(auto_submitted="perhaps")


def test_outer_headers_show_nobody_in_repr() -> None:
    assert "patient" not in repr(outer())
    assert "Secure" not in repr(outer())


@pytest.mark.proves("where.dsn")
def test_a_dsn_is_a_report_with_our_facts_only() -> None:
    status = build.RecipientStatus(
        final_recipient=PATIENT, action="failed", status="5.7.1", diagnostic="SG-HOLD-EXPIRED", last_attempt=AT
    )
    raw = build.dsn(
        outer(auto_submitted="auto-replied"), reporting_mta="gate.example.org", original_message_id="<orig@example.net>",
        recipients=[status], text="Nothing was sent.", arrived=AT,
    )  # fmt: skip
    mail = read(raw)
    assert (mail.get_content_type(), mail.get_param("report-type")) == ("multipart/report", "delivery-status")
    text, report = mail.iter_parts()
    assert text.get_content().strip() == "Nothing was sent."
    message, recipient = report.get_payload()  # type: ignore[misc]
    assert message.items() == [
        ("Reporting-MTA", "dns; gate.example.org"), ("X-Sealgate-Id", "m1"), ("X-Original-Message-ID", "<orig@example.net>"),
        ("Arrival-Date", "Sun, 01 Mar 2026 14:05:06 +0000"),
    ]  # fmt: skip
    assert recipient["Final-Recipient"] == "rfc822; patient@example.org"
    assert (recipient["Action"], recipient["Status"], recipient["Diagnostic-Code"]) == (
        "failed",
        "5.7.1",
        "smtp; SG-HOLD-EXPIRED",
    )


def test_a_dsn_repeats_no_odd_message_id_and_refuses_odd_fields() -> None:
    good = build.RecipientStatus(final_recipient=Address.parse("jürgen@example.org"), action="failed", status="5.0.0")

    def report(one: build.RecipientStatus, host: str = "gate.example.org") -> bytes:
        return build.dsn(
            outer(auto_submitted="auto-replied"),
            reporting_mta=host,
            original_message_id="<x y@John Doe SSN>",
            recipients=[one],
            text="x",
        )

    assert b"Doe" not in report(good)
    assert rb"utf-8; j\x{FC}rgen@example.org" in report(good)
    for bad in (
        build.RecipientStatus(final_recipient=PATIENT, action="exploded", status="5.0.0"),
        build.RecipientStatus(final_recipient=PATIENT, action="failed", status="5.0"),
        build.RecipientStatus(final_recipient=PATIENT, action="failed", status="5.0.0", diagnostic="a\r\nb: c"),
    ):
        with pytest.raises(HeaderRefused):
            report(bad)
    with pytest.raises(HeaderRefused):
        report(good, host="gate\r\nX: y")


def test_smime_mail_streams_base64() -> None:
    data = bytes(range(256)) * 1000
    pieces = list(build.smime_mail(outer(), (data[at : at + 777] for at in range(0, len(data), 777))))
    mail = read(b"".join(pieces))
    assert mail.get_content_type() == "application/pkcs7-mime"
    assert mail.get_param("smime-type") == "enveloped-data"
    assert mail.get_content() == data
    assert len(pieces) > 2
    with pytest.raises(HeaderRefused):
        build.smime_mail(outer(), [b""], "signed-data")


HEAD = (
    b"Received: from laptop (10.0.0.5) by x\r\n\twith SMTP\r\nDKIM-Signature: v=1; b=abc\r\nBCC: hidden@example.org\r\nSubject: Lunch\r\n =?utf-8?q?_on_Tuesday?=\r\n"
    b"X-Sealgate-Method: link\r\nResent-Bcc: h@example.org\r\nFrom:  odd   spacing <a@example.org>\r\nX-Odd:\xff\xfe\r\n\r\n"
)
BODY = b"body \xff with\r\n\r\nBcc: not a header\r\nX-Sealgate-Id: nor this\r\n"


@pytest.mark.proves("open.pass-keeps-bytes")
@pytest.mark.parametrize("size", [1, 5, 4096])
def test_passthrough_drops_what_may_leave_nowhere_and_keeps_the_rest(size: int) -> None:
    raw = HEAD + BODY
    out = b"".join(build.passthrough((raw[at : at + size] for at in range(0, len(raw), size)), sealgate_id="m1"))
    assert out == (
        b"X-Sealgate-Id: m1\r\nDKIM-Signature: v=1; b=abc\r\nSubject: Lunch\r\n =?utf-8?q?_on_Tuesday?=\r\n"
        b"From:  odd   spacing <a@example.org>\r\nX-Odd:\xff\xfe\r\n\r\n" + BODY
    )


def test_passthrough_removes_tags_even_unasked_and_then_dead_signatures() -> None:
    raw = b"Thread-Topic: [patient:00-17] Lunch\r\n" + HEAD.replace(b"Lunch\r\n", b"[patient:00-17] Lunch\r\n") + BODY
    out = b"".join(build.passthrough([raw], sealgate_id="m1"))
    assert b"Subject: Lunch on Tuesday\r\n" in out
    assert b"Thread-Topic: Lunch\r\n" in out
    assert b"00-17" not in out
    assert b"DKIM" not in out
    assert out.endswith(b"\r\n\r\n" + BODY)
    given = b"".join(build.passthrough([HEAD + BODY], sealgate_id="m1", subject="Lünch"))
    assert email.message_from_bytes(given, policy=email.policy.default)["subject"] == "Lünch"


def test_passthrough_of_a_mail_without_body_or_header() -> None:
    assert b"".join(build.passthrough([b"Subject: x"], sealgate_id="m1")) == b"X-Sealgate-Id: m1\r\nSubject: x\r\n\r\n"
    with pytest.raises(MalformedMail):
        build.passthrough([b"Bcc: a@example.org\r\n\r\nbody"], sealgate_id="m1")
    with pytest.raises(LimitExceeded):
        build.passthrough([b"A: " + b"x" * 9000], sealgate_id="m1", header_limit=1000)


def test_passthrough_and_smime_mail_run_in_bounded_memory() -> None:
    def chunks() -> Iterator[bytes]:
        yield b"Subject: x\r\n\r\n"
        for _ in range(320):
            yield b"z" * 65536

    tracemalloc.start()
    try:
        assert sum(map(len, build.passthrough(chunks(), sealgate_id="m1"))) > 20 << 20
        assert sum(map(len, build.smime_mail(outer(), chunks()))) > 20 << 20
        assert tracemalloc.get_traced_memory()[1] < 2 << 20
    finally:
        tracemalloc.stop()
