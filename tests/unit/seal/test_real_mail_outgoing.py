"""Every mail of the foreign corpora, on the roads that carry a sender's own bytes: kept, protected, or refused by name."""

from __future__ import annotations

import email
import email.policy
from pathlib import Path

import pytest

from gateway.domain.address import Address
from gateway.domain.errors import SealgateError
from gateway.mime.build import OuterHeaders, passthrough
from gateway.seal.header_protection import protected_payload
from tests.unit.seal.certificates import AT, CLINIC

CORPORA = Path(__file__).parents[3] / ".." / "shared" / "mail"
OUTER = OuterHeaders(
    from_=CLINIC, to=(Address.parse("bob@example.net"),), date=AT, message_id="<d@example.org>", subject="[...]", sealgate_id="m1"
)  # fmt: skip


def chunks(raw: bytes) -> list[bytes]:
    return [raw[at : at + 4096] for at in range(0, len(raw), 4096)]


def test_real_mail_keeps_its_body_and_gets_a_protected_header() -> None:
    if not CORPORA.exists():
        pytest.skip(f"MISSING DATA: {CORPORA}; real mail was not tried")
    files = [
        one
        for one in sorted(CORPORA.rglob("*"))
        if one.suffix in {".eml", ".msg", ".txt"} and one.stat().st_size < 1 << 20
    ]
    assert len(files) > 100
    refused = 0
    for file in files:
        raw = file.read_bytes()
        try:
            passed = b"".join(passthrough(chunks(raw), sealgate_id="m1"))
            payload = b"".join(protected_payload(chunks(raw), OUTER))
        except SealgateError:
            refused += 1
            continue
        separator = b"\r\n\r\n" if b"\r\n\r\n" in passed else b"\n\n"
        assert raw.endswith(passed.partition(separator)[2]), file
        head = payload.partition(b"\r\n\r\n")[0]
        assert head.count(b'hp="cipher"') == 1, file
        assert payload.count(b"\n") == payload.count(b"\r\n") == payload.count(b"\r"), file
        names = {name.lower() for name in email.message_from_bytes(head, policy=email.policy.compat32).keys()}  # noqa: SIM118
        assert not names & {"bcc", "resent-bcc", "received"}, file
    assert refused < len(files) // 20
