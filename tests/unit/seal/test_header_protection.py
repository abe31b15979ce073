"""RFC 9788: what goes inside, what is said of the outside, and where the legacy display stands."""

from __future__ import annotations

import base64
import contextlib
import email
import email.policy
import time
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.address import Address
from gateway.domain.errors import LimitExceeded, MalformedMail, SealgateError, SealingFailed
from gateway.mime.build import OuterHeaders
from gateway.seal.header_protection import canonical, protected_payload
from tests.unit.seal.certificates import AT

SAMPLES = Path(__file__).parents[3] / ".." / "shared" / "mail" / "smime" / "header-protection"
ALICE, BOB = Address.parse("alice@smime.example"), Address.parse("bob@smime.example")
OUTER = OuterHeaders(
    from_=ALICE, to=(BOB,), date=AT, message_id="<d1@smime.example>", subject="[...]", sealgate_id="m1"
)
HEAD = (
    b"Received: from laptop\r\n\tby x\r\nFrom: Alice Lovelace\r\n <alice@smime.example>\r\nTo: Bob <bob@smime.example>\r\n"
    b"Bcc: hidden@example.net\r\nResent-Bcc: h2@example.net\r\nX-Sealgate-Method: link\r\nSubject: [secure] Lunch & more\r\n"
    b"Message-ID: <orig@smime.example>\r\nIn-Reply-To: <prev@x.example>\r\nReferences: <prev@x.example>\r\nReply-To: team@smime.example\r\n"
    b"HP-Outer: Subject: forged\r\nDKIM-Signature: v=1\r\nThread-Topic: [secure] Lunch\r\nMIME-Version: 1.0\r\n"
)


def payload(raw: bytes, **more: object) -> bytes:
    return b"".join(protected_payload([raw], OUTER, **more))  # type: ignore[arg-type]


def read(data: bytes) -> EmailMessage:
    mail = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def mail_of(content_type: str, body: bytes, encoding: str = "7bit") -> bytes:
    return HEAD + f"Content-Type: {content_type}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode() + body


def test_the_real_header_goes_inside_and_the_rest_nowhere() -> None:
    out = payload(mail_of("text/plain; charset=utf-8", b"Hello\r\n"))
    mail = read(out)
    assert b"From: Alice Lovelace\r\n <alice@smime.example>\r\n" in out
    assert mail["subject"] == "Lunch & more"
    for name in ("message-id", "in-reply-to", "references", "reply-to", "to", "thread-topic"):
        assert mail[name]
    for name in ("bcc", "resent-bcc", "received", "x-sealgate-method", "dkim-signature"):
        assert mail[name] is None
    assert b"hidden" not in out
    assert b"[secure]" not in out
    assert mail.get_all("hp-outer") == [
        "From: alice@smime.example", "To: bob@smime.example", f"Date: {email.utils.format_datetime(AT)}",
        "Message-ID: <d1@smime.example>", "Subject: [...]",
    ]  # fmt: skip
    assert mail.get_param("hp") == "cipher"
    assert mail.get_param("hp-legacy-display") == "1"
    assert mail.get_param("charset") == "utf-8"
    assert mail.get_content() == "Subject: Lunch & more\n\nHello\n".replace("\n", "\r\n")


def test_rfc_9788_c_3_1_comes_out_with_the_same_fields_and_body() -> None:
    inner_file = SAMPLES / "c.3.1-inner.eml"
    if not inner_file.exists():
        pytest.skip(f"MISSING DATA: {SAMPLES}; RFC 9788 C.3.1 was not tried")
    sample = read(inner_file.read_bytes())
    outer_sample = read((SAMPLES / "c.3.1-outer-headers.txt").read_bytes() + b"\r\n")
    original = b"".join(
        f"{name}: {value}\r\n".encode() for name, value in sample.items() if name.lower() not in {"hp-outer", "content-type"}
    ) + b'Content-Type: text/plain; charset="utf-8"\r\n\r\n'  # fmt: skip
    body = inner_file.read_bytes().replace(b"\r\n", b"\n").partition(b"\n\n")[2]
    at = datetime.strptime(str(sample["date"]), "%a, %d %b %Y %H:%M:%S %z")
    outer = OuterHeaders(
        from_=ALICE,
        to=(BOB,),
        date=at,
        message_id=str(outer_sample["message-id"]),
        subject=str(outer_sample["subject"]),
        sealgate_id="m",
    )
    ours = read(b"".join(protected_payload([original + body], outer)))
    for name in ("Subject", "Message-ID", "From", "To", "Date", "User-Agent", "MIME-Version"):
        assert ours[name] == sample[name]
    assert ours.get_content_type() == sample.get_content_type()
    assert ours.get_param("hp") == sample.get_param("hp") == "cipher"
    told = dict(one.split(": ", 1) for one in ours.get_all("hp-outer", []))
    asked = dict(one.split(": ", 1) for one in sample.get_all("hp-outer"))
    # Ours has bare addresses and UTC outside, and no User-Agent; the rest is the sample's baseline policy.
    assert told["Subject"] == asked["Subject"]
    assert told["Message-ID"] == asked["Message-ID"]
    assert set(told) == set(asked) - {"User-Agent"}
    shown, _, text = ours.get_content().partition("\r\n\r\n")
    assert shown == f"Subject: {sample['subject']}"
    assert text.replace("\r\n", "\n") == body.decode()


LEGACY = [
    ("text/plain; charset=us-ascii", "7bit", b"Hi\r\n"),
    ('text/plain; charset="utf-8"; format=flowed', "quoted-printable", b"Gr=C3=BC=C3=9Fe\r\n"),
    ("text/plain; charset=iso-8859-1", "8bit", b"Gr\xfc\xdfe\r\n"),
    ("text/plain; charset=utf-8", "base64", base64.encodebytes("Grüße ".encode() * 20)),
    ("text/html; charset=utf-8", "7bit", b"<html><head></head><body class='x'><p>Hi</p></body></html>\r\n"),
    (
        "text/html; charset=utf-8",
        "quoted-printable",
        b"<html><body style=3D'a'><p>Gr=C3=BC=C3=9Fe</p></body></html>\r\n",
    ),
]


@pytest.mark.parametrize(("content_type", "encoding", "body"), LEGACY)
def test_the_legacy_display_fits_charset_and_encoding(content_type: str, encoding: str, body: bytes) -> None:
    before = read(mail_of(content_type, body, encoding)).get_content().replace("\r\n", "\n")
    after = read(payload(mail_of(content_type, body, encoding)))
    text = after.get_content().replace("\r\n", "\n")
    assert after.get_param("hp-legacy-display") == "1"
    assert after.get_param("hp") == "cipher"
    if "html" in content_type:
        element = '\n<div class="header-protection-legacy-display"><pre>Subject: Lunch &amp; more</pre></div>\n'
        assert text.replace(element, "") == before
        assert text.index("<body") < text.index(element) < text.index("<p>")
    else:
        head, _, rest = text.partition("\n\n")
        assert head.rstrip() == "Subject: Lunch & more"
        assert rest == before


@pytest.mark.parametrize(
    ("content_type", "encoding", "body"),
    [("text/plain; charset=utf-16", "8bit", b"x"), ("text/plain; charset=nonsense", "7bit", b"x"), ("text/html", "7bit", b"<p>no body tag</p>"),
     ("application/pdf", "base64", b"QUJD"), ("text/plain", "x-odd", b"x"), ("text/html", "base64", b"PGJvZHk+"),
     ('multipart/signed; boundary="b"', "7bit", b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--\r\n"), ("text/plain; charset=hex", "7bit", b"x")],
)  # fmt: skip
def test_where_it_is_not_safe_the_body_stays_as_it_was(content_type: str, encoding: str, body: bytes) -> None:
    out = payload(mail_of(content_type, body, encoding))
    assert out.endswith(b"\r\n\r\n" + body)
    assert b"legacy-display" not in out
    assert b'hp="cipher"' in out


def test_no_display_where_nothing_is_hidden() -> None:
    assert b"legacy" not in payload(mail_of("text/plain", b"x").replace(b"[secure] Lunch & more", b"[...]"))
    assert b"legacy" not in payload(mail_of("text/plain", b"x").replace(b"Subject: [secure] Lunch & more\r\n", b""))


def test_alternative_inside_mixed_shows_it_in_both_texts_and_leaves_attachments_alone() -> None:
    inner = b"--i\r\nContent-Type: text/plain\r\n\r\nHi\r\n--i\r\nContent-Type: text/html\r\n\r\n<body>Hi</body>\r\n--i--\r\n"
    attached = (
        b"--o\r\nContent-Type: text/plain; name=a.txt\r\nContent-Disposition: attachment\r\n\r\nattached\r\n--o--\r\n"
    )
    body = b"--o\r\nContent-Type: multipart/alternative;\r\n boundary=i\r\n\r\n" + inner + attached
    mail = read(payload(mail_of('multipart/mixed; boundary="o"', body)))
    assert mail.get_param("hp") == "cipher"
    assert mail.get_param("hp-legacy-display") is None
    alternative, attachment = mail.iter_parts()
    plain, html = alternative.iter_parts()  # type: ignore[union-attr]
    assert plain.get_content() == "Subject: Lunch & more\r\n\r\nHi"
    assert "<pre>Subject: Lunch &amp; more</pre>" in html.get_content()
    assert plain.get_param("hp-legacy-display") == html.get_param("hp-legacy-display") == "1"
    assert attachment.get_content() == "attached"
    assert attachment.get_param("hp-legacy-display") is None


@pytest.mark.parametrize(
    ("given", "kept"),
    [('Content-Type: multipart/mixed;\r\n boundary="b; hp=x"\r\n', ("boundary", "b; hp=x")), ("content-type:text/plain;charset=utf-8;\r\n", ("charset", "utf-8")),
     ('Content-Type: text/plain; hp="clear"; hp-legacy-display="1"; charset=utf-8\r\n', ("charset", "utf-8"))],
)  # fmt: skip
def test_hp_is_set_whatever_the_sender_wrote(given: str, kept: tuple[str, str]) -> None:
    mail = read(payload(given.encode() + b"\r\nx"))
    assert mail.get_param("hp") == "cipher"
    assert mail.get_param(kept[0]) == kept[1]
    assert mail.get_param("hp-legacy-display") is None


def test_a_type_that_is_missing_or_unreadable_is_plain_text() -> None:
    for raw in (b"Subject: x\n\nbody\n", b"Content-Type: ((((\r\nSubject: x\r\n\r\nbody\r\n"):
        mail = read(payload(raw))
        assert mail.get_content_type() == "text/plain"
        assert mail.get_param("hp") == "cipher"
        assert "body" in mail.get_content()


def test_of_two_content_types_the_first_goes_inside() -> None:
    out = payload(b"Content-Type: text/html\r\nSubject: x\r\nContent-Type: text/plain\r\n\r\nbody")
    assert read(out).get_all("content-type") == ['text/html; hp="cipher"']


@pytest.mark.parametrize(
    "unit", [b" ", b"[patient:", b"[ ", b"=?", b"?= ", b"=?a?q?", b'\\"', b'"', b";", b"; hp=", b"<body ", b"\r\n "]
)
def test_hostile_headers_take_linear_time(unit: bytes) -> None:
    for name in (b"Subject: ", b"Content-Type: text/html; a="):
        raw = name + b"x" + unit * (400_000 // len(unit)) + b"\r\nSubject: [secure] y\r\n\r\n" + unit * 50_000
        start = time.process_time()
        with contextlib.suppress(SealgateError):
            payload(raw)
        assert time.process_time() - start < 2


def test_notices_travel_in_front_of_the_original() -> None:
    raw = mail_of("text/html; charset=utf-8", b"<body>Hi</body>\r\n")
    mail = read(payload(raw, notices=["42 CFR part 2 prohibits unauthorized disclosure."], boundary_random=bytes(16)))
    assert mail.get_content_type() == "multipart/mixed"
    assert mail.get_param("hp") == "cipher"
    notice, original = mail.iter_parts()
    assert "42 CFR part 2" in notice.get_content()
    assert original.get_content_type() == "text/html"
    assert "Hi</body>" in original.get_content()
    with pytest.raises(SealingFailed):
        payload(raw, notices=["x"])


def test_headers_that_two_readers_take_differently_are_refused() -> None:
    with pytest.raises(MalformedMail):
        payload(b"Subject: x\rFrom: other@example.org\r\n\r\nbody")
    with pytest.raises(LimitExceeded):
        payload(b"Subject: " + b"x" * 5000 + b"\r\n\r\n", header_limit=1000)


@given(st.binary(max_size=400), st.integers(1, 50))
def test_line_ends_are_mended_the_same_however_it_is_cut(data: bytes, size: int) -> None:
    whole = b"".join(canonical([data]))
    assert b"".join(canonical([data[at : at + size] for at in range(0, len(data), size)])) == whole
    assert whole.count(b"\r") == whole.count(b"\n") == whole.count(b"\r\n")
    assert whole.replace(b"\r\n", b"\n") == data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


@given(
    st.lists(
        st.sampled_from(
            [
                b"Content-Type: ",
                b"text/plain",
                b"multipart/mixed",
                b"; boundary=b",
                b"\r\n",
                b"--b",
                b"Subject: a",
                b"\n",
                b"<body>",
                b'"',
                b";",
                b"charset=",
                b"\x00",
            ]
        ),
        max_size=30,
    )
)
def test_any_mail_becomes_a_canonical_payload_or_a_named_error(pieces: list[bytes]) -> None:
    try:
        out = payload(b"Subject: [secure] x\r\n" + b"".join(pieces))
    except SealgateError:
        return
    assert b'hp="cipher"' in out.partition(b"\r\n\r\n")[0]
    assert b"[secure]" not in out
    assert out.count(b"\r") == out.count(b"\n") == out.count(b"\r\n")
