"""Mail as correspondents seal it, for what opens it: by openssl, by Sealgate's own writer, and by hand."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.mime.build_original import HeaderBlock, read_block
from gateway.seal import cms_read, smime
from gateway.seal.cms_keys import OwnKey
from gateway.seal.opening import Opened, Tools, open_mail
from tests.unit.seal.certificates import AT, AnyKey

Owner = tuple[x509.Certificate, AnyKey]


def crlf(text: str | bytes) -> bytes:
    """With every line end as SMTP has it."""
    data = text.encode() if isinstance(text, str) else text
    return data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def wrapped(cms: bytes, fields: str = "", kind: str = "enveloped-data") -> bytes:
    """A mail whose root is that CMS object."""
    head = crlf(f"{fields}Content-Type: application/pkcs7-mime; smime-type={kind}; name=smime.p7m\n")
    return head + b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(cms).replace(b"\n", b"\r\n")


def own(*owners: Owner) -> Tools:
    """What opens mail to those."""
    return Tools([OwnKey(certificate, key) for certificate, key in owners], os.urandom)  # type: ignore[arg-type]


def opened(mail: bytes, tools: Tools) -> Opened:
    """The mail's inside; NotOpened."""
    block, body = read_block([mail])
    return open_mail(block, b"".join(body), tools)


def block_of(mail: bytes) -> HeaderBlock:
    """Its header."""
    return read_block([mail])[0]


def entity(fields: str, body: str) -> bytes:
    """A MIME entity."""
    return crlf(f"{fields}\n{body}")


def sealed_by_us(
    payload: bytes, signer: smime.Signer, recipients: Sequence[x509.Certificate], form: smime.Form
) -> bytes:
    """The entity that Sealgate itself would send."""
    return b"".join(smime.seal([payload], signer=signer, recipients=recipients, at=AT, random=os.urandom, form=form)[1])


def enveloped_of(cms: bytes) -> cms_read.Enveloped:
    """The parts of an EnvelopedData."""
    found = cms_read.read_cms(cms)
    assert isinstance(found, cms_read.Enveloped)
    return found


def openssl(folder: Path, *arguments: str, data: bytes = b"") -> bytes:
    """`openssl cms` over data; skips where there is no openssl."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is missing")
    done = subprocess.run(
        ["openssl", "cms", *arguments], input=data, capture_output=True, cwd=folder, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def write_owner(folder: Path, name: str, owner: Owner) -> None:
    """NAME.crt and NAME.key for openssl."""
    certificate, key = owner
    (folder / f"{name}.crt").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / f"{name}.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
