"""The form of an S/MIME copy on the whole road: by certificate, by setting, told in the log; and what its open header shows."""

from __future__ import annotations

import email
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import mlkem
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.domain.address import Address
from gateway.domain.decision import Method
from gateway.ports.keys import KeyState
from gateway.seal import cms_types as cms
from tests.support.home import GRACE, RESULTS, Home, Sent, mail
from tests.unit.seal.certificates import recipient, rsa_key
from tests.unit.seal.cms_reader import decrypt
from tests.unit.seal.test_smime import signed_parts

DOMAIN = GRACE.partition("@")[2]
SAYS_GCM = cms.tlv(0x30, cms.der(cms.algorithm(cms.ID_AES256_GCM)))


def with_certificate(home: Home, *, says: bytes = b"") -> x509.Certificate:
    now = home.clock.now()
    extra = [(x509.UnrecognizedExtension(cms.SMIME_CAPABILITIES, says), False)] if says else []
    certificate = recipient(
        GRACE, rsa_key(), start=now - timedelta(days=1), end=now + timedelta(days=90), extra=extra
    )  # fmt: skip
    (home.root / "certificates" / "grace.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    return certificate


def sent_to_grace(home: Home, to: list[str]) -> tuple[Sent, str]:
    """Her copy, and the form that the log tells."""
    message = home.submit(mail(to, "About Maria Quintero", RESULTS), to)
    home.settle()
    [row] = [one for one in home.deliveries(message) if one.method is Method.SMIME]
    [form] = [data["form"] for kind, data in home.events(message) if kind == "attempt" and "form" in data]
    assert row.message_id == message
    return home.sent(GRACE)[0], form


@pytest.mark.parametrize(
    ("setting", "says", "form", "smime_type"),
    [
        ("", b"", "aes-256-cbc rsa-pkcs1v15", "enveloped-data"),
        ("", SAYS_GCM, "aes-256-gcm rsa-pkcs1v15", "authEnveloped-data"),
        ('[seal]\ncontent = "aes-256-cbc"\n', SAYS_GCM, "aes-256-cbc rsa-pkcs1v15", "enveloped-data"),
        (
            f'[seal]\ncontent = "aes-256-cbc"\n[seal.domains."{DOMAIN.upper()}"]\ncontent = "aes-256-gcm"\nkey_transport = "rsa-oaep-sha256"\n',
            b"", "aes-256-gcm rsa-oaep-sha256", "authEnveloped-data",
        ),
    ],
)  # fmt: skip
def test_capabilities_and_settings_choose_and_the_log_tells(
    tmp_path: Path, setting: str, says: bytes, form: str, smime_type: str
) -> None:
    with Home(tmp_path, config=lambda text: text + setting) as home:
        home.people()
        certificate = with_certificate(home, says=says)
        sent, told = sent_to_grace(home, [GRACE])
        assert told == form
        assert sent.parsed.get_param("smime-type") == smime_type
        assert b"Quintero" in decrypt(_cms(sent.raw), certificate.serial_number, rsa_key())


def test_a_triple_wrap_and_an_open_header_for_the_recipient_alone(tmp_path: Path) -> None:
    setting = '[seal]\ntriple_wrap = true\nopen_header = "recipient"\n'
    other = "desk@willow.example.org"
    with Home(tmp_path, config=lambda text: text + setting) as home:
        home.people()
        certificate = with_certificate(home)
        sent, told = sent_to_grace(home, [GRACE, other])
        assert told == "aes-256-cbc rsa-pkcs1v15 triple"
        assert sent.parsed.get_content_type() == "multipart/signed"
        head, _, body = sent.raw.partition(b"\r\n\r\n")
        assert str(sent.parsed["to"]) == GRACE
        assert other.encode() not in head
        kind = head[head.index(b"Content-Type: multipart/signed") :]
        inner, _ = signed_parts(kind + b"\r\n\r\n" + body)
        opened = signed_parts(decrypt(_cms(inner), certificate.serial_number, rsa_key()))[0]
        payload = email.message_from_bytes(opened)
        assert other in str(payload["To"])
        assert f"To: {GRACE}" in payload.get_all("HP-Outer", [])
        assert other not in "".join(payload.get_all("HP-Outer", []))


@pytest.mark.parametrize("on", [True, False])
def test_the_preview_of_ml_kem_is_used_only_when_switched_on(tmp_path: Path, *, on: bool) -> None:
    with Home(tmp_path, config=lambda text: text + f"[seal]\nml_kem_preview = {str(on).lower()}\n") as home:
        home.people()
        key, now = mlkem.MLKEM768PrivateKey.generate(), home.clock.now()
        certificate = recipient(GRACE, key, start=now - timedelta(days=1), end=now + timedelta(days=90))
        (home.root / "certificates" / "grace.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        if on:
            sent, told = sent_to_grace(home, [GRACE])
            assert told == "aes-256-gcm ml-kem-768-only"
            assert b"Quintero" in decrypt(_cms(sent.raw), certificate.serial_number, key)
            return
        answer = home.inst.key_directory().find(Address.parse(GRACE), now)
        assert (answer.state, "seal.ml_kem_preview" in answer.reason) == (KeyState.UNTRUSTED, True)
        message = home.submit(mail(GRACE, "About Maria Quintero", RESULTS), GRACE)
        home.settle()
        assert Method.SMIME not in {row.method for row in home.deliveries(message)}
        assert all(b"diabetes" not in one.raw for one in home.sent(GRACE))


def _cms(raw: bytes) -> bytes:
    data = email.message_from_bytes(raw).get_payload(decode=True)
    assert isinstance(data, bytes)
    return data
