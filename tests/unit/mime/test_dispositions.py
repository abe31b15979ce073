"""Notifications as Direct's systems write them, and what is made of odd ones."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.mime.disposition import Said, disposition
from gateway.mime.limits import Limits
from gateway.mime.parse import parse

HEAD = b'Content-Type: multipart/report; report-type=disposition-notification; boundary="r"\r\n\r\n--r\r\n'
ID = "<1@willow.example.org>"


def said(fields: str, kind: str = "message/disposition-notification") -> object:
    raw = HEAD + f"Content-Type: {kind}\r\n\r\n{fields}\r\n--r--\r\n".encode("utf-8", "replace")
    found = disposition(parse(raw, Limits()))
    return None if found is None else (found.said, found.original_id)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("automatic-action/MDN-sent-automatically; processed", Said.PROCESSED),
        ("automatic-action/MDN-sent-automatically;dispatched", Said.DISPATCHED),
        ("AUTOMATIC-ACTION/mdn-sent-automatically ; Processed", Said.PROCESSED),
        ("manual-action/MDN-sent-manually; displayed", Said.DISPATCHED),
        ("automatic-action/MDN-sent-automatically;\r\n processed", Said.PROCESSED),
        ("automatic-action/MDN-sent-automatically; processed/error", Said.FAILED),
        ("automatic-action/MDN-sent-automatically; dispatched/warning, failure", Said.FAILED),
        ("automatic-action/MDN-sent-automatically; failed", Said.FAILED),
        ("automatic-action/MDN-sent-automatically; denied", Said.FAILED),
    ],
)
def test_types_and_modifiers(value: str, expected: Said) -> None:
    assert said(f"Original-Message-ID: {ID}\r\nDisposition: {value}\r\n") == (expected, ID)


@pytest.mark.parametrize("value", ["", "processed", "a/b; nonsense", "a/b", "; processed", "ä/b; processed"])
def test_what_cannot_be_read_says_nothing(value: str) -> None:
    assert said(f"Original-Message-ID: {ID}\r\nDisposition: {value}\r\n") is None


def test_a_failure_field_makes_it_a_failure() -> None:
    assert said("Disposition: a/b; processed\r\nFailure: decryption\r\n") == (Said.FAILED, "")


def test_of_two_fields_the_first_counts() -> None:
    assert said("Disposition: a/b; failed\r\nDisposition: a/b; dispatched\r\n") == (Said.FAILED, "")


def test_a_failure_told_as_dsn() -> None:
    fields = f"X-Original-Message-ID: {ID}\r\n\r\nFinal-Recipient: rfc822; a@example.net\r\nAction: failed\r\nStatus: 5.0.0\r\n"
    assert said(fields, "message/delivery-status") == (Said.FAILED, ID)
    assert said(fields.replace("failed", "delayed"), "message/delivery-status") is None


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_break_it(data: bytes) -> None:
    found = disposition(parse(HEAD + b"Content-Type: message/disposition-notification\r\n\r\n" + data, Limits()))
    assert found is None or found.said in Said
