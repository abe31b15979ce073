"""The mail round a protected file, and the language of a letter."""

from __future__ import annotations

import email
import email.policy
import os
from datetime import UTC, datetime

import pytest

from gateway.domain.address import Address
from gateway.mime.build import OuterHeaders
from gateway.mime.build_file import file_mail
from gateway.mime.language import language_of

OUTER = OuterHeaders(
    from_=Address.parse("lee@example.org"), to=(Address.parse("ana@example.net"),), date=datetime(2026, 3, 2, 9, tzinfo=UTC),
    message_id="<d1@example.org>", subject="Secure message", sealgate_id="m1",
)  # fmt: skip


@pytest.mark.parametrize("html", ["", "<p>Notice ñ</p>"])
@pytest.mark.parametrize("size", [0, 1, 56, 57, 58, 200_000])
def test_other_readers_find_notice_and_file(html, size):
    data = os.urandom(size)
    chunks = [data[at : at + 1000] for at in range(0, size, 1000)]
    made = b"".join(
        file_mail(OUTER, "Notice ñ", html, file_name="secure-message.pdf", media_type="application/pdf", chunks=chunks)
    )
    assert made == b"".join(
        file_mail(OUTER, "Notice ñ", html, file_name="secure-message.pdf", media_type="application/pdf", chunks=[data])
    )
    assert max(len(line) for line in made.split(b"\r\n")) <= 998
    assert b"\n" not in made.replace(b"\r\n", b"")
    found = email.message_from_bytes(made, policy=email.policy.SMTP)
    notice, file = found.iter_parts()
    assert notice.get_content_type() == ("multipart/alternative" if html else "text/plain")
    assert (file.get_content_type(), file.get_filename(), file.get_content()) == (
        "application/pdf",
        "secure-message.pdf",
        data,
    )
    assert "Notice ñ" in notice.get_body(("plain",)).get_content()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Dear Ana, your results are in and we will call you with the next steps.", "en"),
        ("Estimada Ana: los resultados de su prueba están listos y la llamaremos para darle una cita.", "es"),
        ("", "fr"), ("12345", "fr"), ("Bonjour, je vous prie de rappeler.", "fr"), ("the la the la", "fr"),
    ],
)  # fmt: skip
def test_a_letter_tells_its_language_or_not(text, language):
    assert language_of(text, "fr") == language
