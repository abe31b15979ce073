"""A colleague at another practice with a mail program that can do S/MIME: makes a key, opens what comes, checks who signed."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs7,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tools.demo.ber import to_der

_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Opened:
    """What the colleague's mail program shows. `signed` says whose signature holds, or that none was checked."""

    message: EmailMessage
    signed: str


@dataclass(frozen=True, slots=True)
class Colleague:
    """Key and certificate as PEM files."""

    key: Path
    certificate: Path

    @classmethod
    def make(cls, folder: Path, name: str, address: str) -> Colleague:
        """A new RSA key and a certificate of its own for the address."""
        private = rsa.generate_private_key(65537, 2048)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(private.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=30))
            .add_extension(x509.SubjectAlternativeName([x509.RFC822Name(address)]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
            .add_extension(x509.KeyUsage(True, False, True, False, False, False, False, False, False), critical=True)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .sign(private, hashes.SHA256())
        )  # fmt: skip
        one = cls(folder / "colleague.key", folder / "colleague.pem")
        one.key.touch(mode=0o600)
        one.key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        one.certificate.write_bytes(made.public_bytes(Encoding.PEM))
        return one

    def open(self, mail: bytes, practice_ca: Path) -> Opened:
        """Decrypt and check the signature with the `openssl` program, or decrypt alone where there is none.

        ValueError when it cannot be opened or the signature does not hold.
        """
        if shutil.which("openssl") is None:
            return Opened(_parsed(self._decrypt_without(mail)), "not checked: there is no openssl program here")
        inside = _openssl(mail, "-decrypt", "-recip", str(self.certificate), "-inkey", str(self.key))
        payload = _openssl(inside, "-verify", "-CAfile", str(practice_ca), "-purpose", "smimesign")
        return Opened(_parsed(payload), "the practice's signature holds")

    def _decrypt_without(self, mail: bytes) -> bytes:
        certificate = x509.load_pem_x509_certificate(self.certificate.read_bytes())
        private = load_pem_private_key(self.key.read_bytes(), None)
        assert isinstance(private, rsa.RSAPrivateKey)
        sealed = message_from_bytes(mail).get_payload(decode=True)
        assert isinstance(sealed, bytes)
        return pkcs7.pkcs7_decrypt_der(to_der(sealed), certificate, private, [])


def _openssl(data: bytes, *words: str) -> bytes:
    done = subprocess.run(["openssl", "cms", *words], input=data, capture_output=True, timeout=_SECONDS, check=False)
    if done.returncode:
        raise ValueError(f"openssl cms {words[0]} failed")
    return done.stdout


def _parsed(entity: bytes) -> EmailMessage:
    """The protected entity: a multipart/signed is seen through to what was signed."""
    found = message_from_bytes(entity, policy=default)
    assert isinstance(found, EmailMessage)
    if found.get_content_type() == "multipart/signed":
        signed = next(found.iter_parts())
        assert isinstance(signed, EmailMessage)
        return signed
    return found
