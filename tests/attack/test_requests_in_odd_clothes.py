"""What a sender asks for counts in whatever form it is written: no request is taken out of a mail and then passed over."""

from __future__ import annotations

import base64

import pytest

from gateway.domain.decision import Method
from gateway.domain.patient import Purpose
from gateway.flow.claims import Claims, read_claims
from gateway.mime.build_passthrough import passthrough
from gateway.mime.limits import Limits
from gateway.mime.parse import parse_stream
from gateway.mime.tree import MemorySink


def raw(header: str) -> bytes:
    return f"From: a@example.org\r\nTo: b@example.org\r\n{header}\r\nMIME-Version: 1.0\r\n\r\nhello\r\n".encode()


def claims(header: str) -> Claims:
    return read_claims(parse_stream([raw(header)], MemorySink(), Limits()))


def q(text: str, charset: str = "utf-8") -> str:
    return f"=?{charset}?q?{''.join(f'={byte:02X}' for byte in text.encode(charset.partition('*')[0]))}?="


def b(text: str, charset: str = "utf-8") -> str:
    return f"=?{charset}?b?{base64.b64encode(text.encode(charset.partition('*')[0])).decode()}?="


SUBJECTS = [
    "[secure] x", "[SECURE] x", "[\tsecure ] x", "[secure\r\n ] x", "\r\n [secure] x", "([secure]) x", "[ſecure] x",
    q("[secure] x"), b("[secure] x"), "x" + q("[secure]") + "y", "[sec" + q("ure]"), q("[sec") + "\r\n " + q("ure] x"),
    b("[secure] x", "utf-16"), b("[sec", "utf-16") + " " + b("ure] x", "utf-16"), b("[secure]", "utf-7"),
    b("[secure]", "utf-8*en"), b("[secure]", "utf-32"), "=?utf-8?q?[secure] x?=", "[pat" + b("ient: MRN-1]"),
    b("[purp", "utf-16") + " " + b("ose: treatment]", "utf-16"),
]  # fmt: skip


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_tag_that_is_taken_out_of_the_subject_counts(subject: str) -> None:
    sent = b"".join(passthrough([raw(f"Subject: {subject}")], sealgate_id="x"))
    assert subject.encode() not in sent, "this one is no tag to anybody"
    found = claims(f"Subject: {subject}")
    assert found.secure_tag or found.patient_tags or found.purpose


def test_a_request_behind_an_empty_one_counts() -> None:
    assert claims("X-Sealgate-Method: \r\nX-Sealgate-Method: link").requested is Method.LINK
    assert claims("X-Sealgate-Method: link\r\nX-Sealgate-Method: LINK").requested is Method.LINK


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [("Purpose", "treatment", "payment"), ("Method", "pass", "link"), ("Expires", "9d", "1d")],
)
def test_two_requests_that_differ_are_held(name: str, first: str, second: str) -> None:
    found = claims(f"X-Sealgate-{name}: {first}\r\nX-Sealgate-{name}: {second}")
    assert found.unreadable == (name.lower(),)
    assert claims(f"X-Sealgate-Purpose: {Purpose.TREATMENT.value}").unreadable == ()
