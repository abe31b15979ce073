"""OpenPGP mail to the practice is opened by gpg: whole and integrity-protected, or not at all."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.adapters.openpgp.opener import GpgOpener
from gateway.domain.address import Address
from gateway.seal import openpgp_own
from gateway.seal.cms_open import NotOpened, Why
from gateway.seal.opening import Tools
from tests.support.fakes import FakeClock
from tests.support.sealed_mail import crlf, entity, opened

pytestmark = [pytest.mark.peer, pytest.mark.skipif(shutil.which("gpg") is None, reason="gpg is missing")]
PAYLOAD = entity('Content-Type: text/plain; hp="cipher"\nFrom: maria@example.net\nSubject: Results\n', "diabetes\n")


@pytest.fixture(scope="module")
def own() -> openpgp_own.OwnKey:
    return openpgp_own.generate("Willow Clinic", Address.parse("front@willow.example.org"), FakeClock().now())


@pytest.fixture
def opener(own: openpgp_own.OwnKey) -> Iterator[GpgOpener]:
    with tempfile.TemporaryDirectory(prefix="sg", dir="/tmp") as folder:  # an agent's socket has a short path
        yield GpgOpener(own, 1_000_000, folder=Path(folder))


def encrypted(tmp_path: Path, key: openpgp_own.OwnKey, data: bytes, *options: str) -> bytes:
    home = tmp_path / "sender"
    home.mkdir(mode=0o700, exist_ok=True)
    file = home / "recipient.pgp"
    file.write_bytes(key.public)
    done = subprocess.run(
        ["gpg", "--homedir", str(home), "--batch", "--no-options", "--trust-model", "always", "--no-autostart", *options,
         "--armor", "--recipient-file", str(file), "--encrypt"], input=data, capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def mail(armour: bytes) -> bytes:
    head = 'From: maria@example.net\nSubject: ...\nContent-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b\n\n'
    return crlf(f"{head}--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n\n--b\n"
                "Content-Type: application/octet-stream\n\n") + crlf(armour) + b"\r\n--b--\r\n"  # fmt: skip


def test_a_patients_mail_is_opened_and_its_directory_is_gone(opener: GpgOpener, own, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    found = opened(mail(encrypted(tmp_path, own, PAYLOAD)), Tools([], os.urandom, opener.open))
    assert (found.ciphers, found.authentic, found.signature) == (("openpgp",), True, None)
    assert found.body == b"diabetes\r\n"
    assert opener.folder is not None
    assert not list(opener.folder.iterdir())


def refused(opener: GpgOpener, armour: bytes) -> Why:
    with pytest.raises(NotOpened) as error:
        opened(mail(armour), Tools([], os.urandom, opener.open))
    return error.value.why


def test_what_is_not_whole_is_refused(opener: GpgOpener, own, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    stranger = openpgp_own.generate("Other", Address.parse("other@example.net"), FakeClock().now())
    assert refused(opener, encrypted(tmp_path, stranger, PAYLOAD)) is Why.NO_KEY
    assert refused(opener, b"no message at all") is Why.DAMAGED
    literal = subprocess.run(["gpg", "--batch", "--homedir", str(tmp_path / "sender"), "--armor", "--store"],
                             input=PAYLOAD, capture_output=True, check=True).stdout  # fmt: skip
    assert refused(opener, literal) is Why.DAMAGED, "a literal without encryption is no encrypted mail"
    binary = bytearray(encrypted(tmp_path, own, PAYLOAD * 20))
    binary[-200] = binary[-200] ^ 1 if binary[-200] not in b"\r\n=" else binary[-200]
    assert refused(opener, bytes(binary)) in {Why.SECRET, Why.DAMAGED}
    bomb = encrypted(tmp_path, own, bytes(30_000_000), "--compress-algo", "zlib")
    assert refused(opener, bomb) is Why.LARGE


def test_a_message_without_integrity_protection_is_refused(opener: GpgOpener, own, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    old = encrypted(tmp_path, own, PAYLOAD, "--rfc2440", "--disable-mdc", "--cipher-algo", "AES")
    assert refused(opener, old) in {Why.NO_INTEGRITY, Why.SECRET}
