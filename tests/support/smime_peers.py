"""Other people's S/MIME programs, each with one recipient's keys: they open a mail, layer by layer, and verify what is signed.

A program that says that it cannot is `Refused`; whatever else is not as it should be is an AssertionError. A missing
program skips by its name.
"""

from __future__ import annotations

import email
import email.policy
import os
import shutil
import subprocess
from collections.abc import Mapping
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.domain.address import Address
from gateway.mime.build import OuterHeaders
from tests.support.gpgsm import LOOPBACK, import_key
from tests.support.programs import run
from tests.unit.seal.certificates import AT, CA, CLINIC, AnyKey

JARS = [Path("/usr/share/java") / name for name in ("bcprov.jar", "bcpkix.jar", "bcutil.jar", "bcmail.jar")]
SOURCE = Path(__file__).with_name("OpenCms.java")
SUBJECT = "Biopsie Größe 4 mm"
FILE = b"ABCDEF" * 20_000
ORIGINAL = (
    (
        "Received: from laptop\r\nFrom: Dr Lee <clinic@example.org>\r\nTo: Bob <bob@example.net>\r\nBcc: hidden@example.net\r\n"
        "Subject: [secure] =?utf-8?q?Biopsie_Gr=C3=B6=C3=9Fe_4_mm?=\r\nDate: Sun, 01 Mar 2026 14:05:06 -0500\r\nMessage-ID: <orig@example.org>\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b1"\r\n\r\n--b1\r\nContent-Type: text/plain; charset=utf-8\r\n'
        "Content-Transfer-Encoding: 8bit\r\n\r\nThe result is good, Größe 4 mm.\r\n--b1\r\nContent-Type: application/pdf\r\n"
        "Content-Disposition: attachment; filename=report.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    ).encode()
    + b"QUJDREVG\r\n" * 20_000
    + b"--b1--\r\n"
)
OUTER = OuterHeaders(
    from_=CLINIC, to=(Address.parse("bob@example.net"),), date=AT, message_id="<d1@example.org>", subject="[...]", sealgate_id="m1"
)  # fmt: skip
Owner = tuple[x509.Certificate, AnyKey]


class Refused(Exception):
    """A program said that it cannot do this."""


def program(name: str) -> str:
    """Where it is; skips where it is not."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"MISSING PROGRAM: {name}; this peer was not tried")
    return found


def ask(*command: str | Path, data: bytes = b"", env: Mapping[str, str] | None = None) -> bytes:
    """Standard output within two minutes; Refused with what it said. A program that refuses must show nothing of the text."""
    done = subprocess.run(
        [str(one) for one in command], input=data, capture_output=True, check=False, timeout=120, env=env
    )
    if done.returncode:
        assert "Größe".encode() not in done.stdout, "it shows what it refuses"
        raise Refused(done.stderr.decode(errors="replace").strip()[-300:])
    return done.stdout


def assert_read(payload: bytes) -> None:
    """What the recipient ends up with: the protected header, the text and the attachment."""
    mail = email.message_from_bytes(payload, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    assert mail["subject"] == SUBJECT
    assert mail["from"] == "Dr Lee <clinic@example.org>"
    assert mail["message-id"] == "<orig@example.org>"
    assert mail.get_param("hp") == "cipher"
    assert "Subject: [...]" in mail.get_all("hp-outer")
    for gone in ("bcc", "received"):
        assert mail[gone] is None
    text, attachment = mail.iter_parts()
    assert "Größe 4 mm" in text.get_content()
    assert attachment.get_content() == FILE


def cms_of(raw: bytes) -> bytes:
    """The CMS object that is a mail's whole body."""
    data = email.message_from_bytes(raw).get_payload(decode=True)
    assert isinstance(data, bytes)
    return data


def write_pem(path: Path, certificate: x509.Certificate, key: AnyKey | None = None) -> Path:
    """A certificate, with its key if given."""
    data = certificate.public_bytes(Encoding.PEM)
    if key is not None:
        data += key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(data)
    return path


def split_signed(entity: bytes) -> tuple[bytes, bytes]:
    """What a multipart/signed covers, and the signature's CMS object."""
    delimiter = b"--" + str(email.message_from_bytes(entity).get_boundary()).encode()
    _, content, signature, _ = entity.split(delimiter)
    return content.removeprefix(b"\r\n").removesuffix(b"\r\n"), cms_of(signature.lstrip())


class Peer(Protocol):
    """One program. `take` gives it a recipient's key; each call works in `folder`."""

    def take(self, owner: Owner) -> None: ...
    def decrypt(self, cms: bytes, owner: Owner) -> bytes: ...
    def verify(self, content: bytes, signature: bytes, signer: x509.Certificate) -> None: ...


def opened(peer: Peer, mail: bytes, owner: Owner, signer: x509.Certificate) -> bytes:
    """What is inside, after every layer was decrypted or verified by the program; Refused."""
    done, entity = [], mail
    while (kind := email.message_from_bytes(entity).get_content_type()) in {
        "multipart/signed",
        "application/pkcs7-mime",
    }:
        if kind == "multipart/signed":
            entity, signature = split_signed(entity)
            peer.verify(entity, signature, signer)
        else:
            entity = peer.decrypt(cms_of(entity), owner)
        done.append(kind)
    assert set(done) == {"multipart/signed", "application/pkcs7-mime"}, done
    return entity


class Openssl:
    """openssl cms, with the built-in authority as its only anchor."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._program = folder, program("openssl")
        self.root = write_pem(folder / "ca.pem", CA)

    def take(self, owner: Owner) -> None:
        write_pem(self.folder / "own.pem", *owner)

    def decrypt(self, cms: bytes, owner: Owner) -> bytes:
        self.take(owner)
        return ask(
            self._program, "cms", "-decrypt", "-binary", "-inform", "DER", "-recip", self.folder / "own.pem", data=cms
        )

    def verify(self, content: bytes, signature: bytes, signer: x509.Certificate) -> None:
        (self.folder / "content").write_bytes(content)
        seen = self.folder / "seen.pem"
        ask(
            self._program, "cms", "-verify", "-binary", "-inform", "DER", "-content", self.folder / "content", "-CAfile", self.root,
            "-purpose", "smimesign", "-signer", seen, "-out", os.devnull, data=signature,
        )  # fmt: skip
        assert x509.load_pem_x509_certificate(seen.read_bytes()) == signer


class Gpgsm:
    """gpgsm, which looks for no revocation lists here."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.folder, self.env = folder, env
        self._program, self._openssl = program("gpgsm"), program("openssl")
        self._taken: dict[bytes, Refused | None] = {}
        run(self._program, "--import", write_pem(folder / "ca.pem", CA), env=env)

    def take(self, owner: Owner) -> None:
        own = write_pem(self.folder / "own.pem", *owner)
        try:
            import_key(self._program, self._openssl, own, self.folder / "own.p12", self.env)
        except (AssertionError, subprocess.CalledProcessError) as error:
            raise Refused(f"the key cannot be imported: {error}") from None

    def decrypt(self, cms: bytes, owner: Owner) -> bytes:
        name = owner[0].fingerprint(hashes.SHA256())
        if name not in self._taken:
            try:
                self.take(owner)
                self._taken[name] = None
            except Refused as refused:
                self._taken[name] = refused
        if (refused := self._taken[name]) is not None:
            raise refused
        file = self.folder / "mail.p7m"
        file.write_bytes(cms)
        return ask(self._program, *LOOPBACK, "--output", "-", "--decrypt", file, data=b"x\n", env=self.env)

    def verify(self, content: bytes, signature: bytes, signer: x509.Certificate) -> None:
        files = self.folder / "content.p7s", self.folder / "content"
        for path, data in zip(files, (signature, content), strict=True):
            path.write_bytes(data)
        told = ask(self._program, "--status-fd", "1", "--verify", *files, env=self.env).decode()
        assert "[GNUPG:] GOODSIG" in told
        assert "[GNUPG:] TRUST_FULLY" in told


class Nss:
    """cmsutil of NSS, the library of Thunderbird."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._cmsutil, self._certutil, self._pk12util, self._openssl = (
            program(name) for name in ("cmsutil", "certutil", "pk12util", "openssl")
        )
        self.store = f"sql:{folder}"
        self._taken: set[bytes] = set()
        run(self._certutil, "-N", "-d", self.store, "--empty-password")
        run(self._certutil, "-A", "-d", self.store, "-n", "ca", "-t", ",C,", "-i", write_pem(folder / "ca.pem", CA))

    def take(self, owner: Owner) -> None:
        own, p12 = write_pem(self.folder / "own.pem", *owner), self.folder / "own.p12"
        export = ("-out", p12, "-passout", "pass:x", "-name", f"n{owner[0].serial_number}")
        ask(self._openssl, "pkcs12", "-export", "-in", own, *export)
        ask(self._pk12util, "-i", p12, "-d", self.store, "-W", "x")
        self._taken.add(owner[0].fingerprint(hashes.SHA256()))

    def decrypt(self, cms: bytes, owner: Owner) -> bytes:
        if owner[0].fingerprint(hashes.SHA256()) not in self._taken:
            self.take(owner)
        (self.folder / "mail.p7m").write_bytes(cms)
        return ask(self._cmsutil, "-D", "-d", self.store, "-i", self.folder / "mail.p7m")

    def verify(self, content: bytes, signature: bytes, signer: x509.Certificate) -> None:
        files = self.folder / "content", self.folder / "content.p7s"
        for path, data in zip(files, (content, signature), strict=True):
            path.write_bytes(data)
        ask(self._cmsutil, "-D", "-d", self.store, "-c", files[0], "-i", files[1], "-u", "4", "-n")


class BouncyCastle:
    """Bouncy Castle by the small program OpenCms.java; it verifies by the signer's certificate alone."""

    def __init__(self, folder: Path) -> None:
        java, javac = shutil.which("java"), shutil.which("javac")
        if java is None or javac is None or not all(one.exists() for one in JARS):
            pytest.skip(
                "MISSING PROGRAM: Bouncy Castle (default-jdk-headless, libbcmail-java); this peer was not tried"
            )
        self.folder = folder
        path = os.pathsep.join([*map(str, JARS), str(folder)])
        subprocess.run(
            [javac, "-cp", path, "-d", str(folder), str(SOURCE)], check=True, capture_output=True, timeout=120
        )
        self._java = [java, "-cp", path, "OpenCms"]

    def take(self, owner: Owner) -> None:
        key = owner[1].private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        (self.folder / "key.der").write_bytes(key)

    def decrypt(self, cms: bytes, owner: Owner) -> bytes:
        self.take(owner)
        (self.folder / "mail.p7m").write_bytes(cms)
        algorithm = "RSA" if isinstance(owner[1], rsa.RSAPrivateKey) else "EC"
        return ask(*self._java, "open", self.folder / "mail.p7m", self.folder / "key.der", algorithm)

    def verify(self, content: bytes, signature: bytes, signer: x509.Certificate) -> None:
        files = [self.folder / each for each in ("mail.p7s", "content", "certificate.der")]
        for path, data in zip(files, (signature, content, signer.public_bytes(Encoding.DER)), strict=True):
            path.write_bytes(data)
        assert ask(*self._java, "verify", *files)
