"""Attack: whatever a sender's mail carries in its header and structure, the outer mail shows the allow-list only.

Marks stand in every place that a client is known to leak through; none may be seen outside of the ciphertext, and Bcc
may not be seen inside either.
"""

from __future__ import annotations

import base64
import email
import email.policy
import os
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.domain.address import Address
from gateway.mime.build import OuterHeaders, passthrough, smime_mail, text_mail
from gateway.seal import ca, smime
from gateway.seal.header_protection import protected_payload
from tests.unit.seal.certificates import AT, CA, CA_KEY, CLINIC, recipient
from tests.unit.seal.cms_reader import decrypt

ALLOWED = {
    "x-sealgate-id", "from", "to", "cc", "date", "message-id", "subject", "mime-version", "content-type",
    "content-transfer-encoding", "content-disposition",
}  # fmt: skip
MARK = "ZQXMARKZQX"
FIELDS = [
    "Received: from MARK ([10.0.0.9]) by MARK", "Thread-Topic: MARK", "Thread-Index: MARK", "References: <MARK@example.org>\r\n <MARK2@example.org>",
    "In-Reply-To: <MARK@example.org>", "Subject: MARK =?utf-8?q?MARK?=", "Comments: MARK", "Keywords: MARK", "User-Agent: MARK", "X-Mailer: MARK",
    "X-Originating-IP: [MARK]", "Organization: MARK", "Reply-To: MARK <MARK@example.org>", "Sender: MARK <MARK@example.org>", "Message-ID: <MARK@example.org>",
    "From: MARK <clinic@example.org>", 'To: "MARK, Jane" <bob@example.net>', "Cc: MARK <carol@example.net>", "List-Id: MARK", "Autocrypt: addr=MARK",
    "Disposition-Notification-To: MARK", "X-MS-Has-Attach: MARK", "Content-Description: MARK", "Content-ID: <MARK@example.org>", "Content-Location: MARK",
    "Content-Class: MARK", "Importance: MARK", "X-Sealgate-Purpose: MARK", "X-Sealgate-Id: MARK", "DKIM-Signature: d=MARK", "Resent-From: MARK", "Date: MARK",
    "Content-Type: multipart/mixed;\r\n boundary=MARKB; x-MARK=MARK",
]  # fmt: skip
SECRET_FIELDS = [
    "Bcc: BCCMARK <bccmark@example.net>",
    "Resent-Bcc: bccmark@example.net",
    "bcc : bccmark@example.net",
    "BCC:\r\n\tbccmark@example.net",
]
BODY = (
    "--MARKB\r\nContent-Type: text/plain; name=MARK\r\nContent-ID: <MARK>\r\n\r\nMARK\r\n--MARKB\r\nContent-Type: text/calendar; method=REQUEST\r\n"
    "Content-Disposition: attachment; filename=MARK.ics\r\n\r\nBEGIN:VCALENDAR\r\nUID:MARK\r\nATTENDEE;CN=MARK:mailto:MARK@example.org\r\nEND:VCALENDAR\r\n--MARKB--\r\n"
)  # fmt: skip
HOSTILE = ("\r\n".join([*FIELDS, *SECRET_FIELDS]) + "\r\n\r\n" + BODY).replace("MARK", MARK).encode()
HOSTILE = HOSTILE.replace(b"BCC" + MARK.encode(), b"BCCMARK")
BOB = Address.parse("bob@example.net")
OUTER = OuterHeaders(
    from_=CLINIC, to=(BOB,), cc=(Address.parse("carol@example.net"),), date=AT, message_id="<d1@example.org>", subject="Secure message", sealgate_id="m1"
)  # fmt: skip


@pytest.fixture(scope="module")
def sealed() -> tuple[bytes, bytes]:
    """The outer mail, and what Bob decrypts."""
    certificate, key = ca.issue_sender(CA, CA_KEY, CLINIC, AT - timedelta(hours=1))
    bob_key = ec.generate_private_key(ec.SECP256R1())
    bob = recipient(str(BOB), bob_key)
    cms = smime.sign_and_encrypt(
        protected_payload([HOSTILE], OUTER), signer=smime.Signer(certificate, key, (CA,)), recipients=[bob], at=AT, random=os.urandom
    )  # fmt: skip
    raw = b"".join(smime_mail(OUTER, cms))
    return raw, decrypt(base64.b64decode(raw.partition(b"\r\n\r\n")[2]), bob.serial_number, bob_key)


def assert_clean(raw: bytes) -> None:
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    names = [name.lower() for name in mail.keys()]  # noqa: SIM118
    assert set(names) <= ALLOWED
    assert len(names) == len(set(names))
    assert MARK.encode() not in raw
    assert b"bccmark" not in raw.lower()
    assert mail["from"] == "clinic@example.org"
    assert (mail["to"], mail["cc"], mail["subject"]) == ("bob@example.net", "carol@example.net", "Secure message")


@pytest.mark.proves("open.allow-list", "open.traces", "clear.outer-mail")
def test_nothing_of_the_sender_stands_outside_of_smime(sealed: tuple[bytes, bytes]) -> None:
    raw, _ = sealed
    assert_clean(raw)
    assert MARK.encode() not in base64.b64decode(raw.partition(b"\r\n\r\n")[2])


@pytest.mark.proves("open.no-bcc", "open.message-ids")
def test_the_marks_are_inside_so_the_test_can_fail_but_bcc_is_nowhere(sealed: tuple[bytes, bytes]) -> None:
    _, opened = sealed
    for field in ("Thread-Topic", "References", "Subject", "Message-ID", "Content-ID", "User-Agent"):
        assert f"{field}: ".encode() in opened
    assert opened.count(MARK.encode()) > 30
    assert b"bccmark" not in opened.lower()
    assert b"\r\nbcc" not in opened.lower()
    assert b"X-Sealgate" not in opened
    assert b"Received" not in opened
    assert b"HP-Outer: Subject: Secure message" in opened


@pytest.mark.proves("open.allow-list")
def test_a_link_mail_is_the_allow_list_and_our_text() -> None:
    raw = text_mail(OUTER, "A secure message waits for you.", "<p>A secure message waits for you.</p>")
    assert_clean(raw)


@pytest.mark.proves("open.traces")
def test_our_boundaries_say_nothing_of_the_sender(sealed: tuple[bytes, bytes]) -> None:
    boundary = email.message_from_bytes(sealed[1]).get_boundary()
    assert boundary is not None
    assert MARK not in boundary
    assert len(boundary) >= 34


@pytest.mark.proves("open.pass-keeps-bytes", "open.no-bcc")
def test_passthrough_lets_no_bcc_no_command_and_no_received_out() -> None:
    head, _, body = b"".join(passthrough([HOSTILE], sealgate_id="m1")).partition(b"\r\n\r\n")
    assert b"bcc" not in head.lower()
    assert b"Received" not in head
    assert head.lower().count(b"x-sealgate-") == 1
    assert head.startswith(b"X-Sealgate-Id: m1\r\n")
    assert body == BODY.replace("MARK", MARK).encode()
