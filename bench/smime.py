"""The jobs of S/MIME: sign and encrypt against openssl's two processes, and the bare cryptography in it, which no writer passes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.domain.address import Address
from gateway.seal.ca import issue_sender, make_ca
from gateway.seal.smime import AES_256_CBC, AES_256_GCM, Signer, sign_and_encrypt

Jobs = tuple[Callable[[], object], Callable[[], object]]
_OPTION = {AES_256_CBC: "-aes256", AES_256_GCM: "-aes-256-gcm"}


@dataclass(frozen=True, slots=True)
class _Pair:
    """Who signs, by ECDSA P-256, and for whom it is, RSA-3072."""

    signer: Signer
    recipient: x509.Certificate


def seal_jobs(size: int, folder: Path, mail: Callable[[int], bytes], content: str) -> Jobs:
    """Our job on a mail of that size, and openssl's."""
    data, pair = mail(size), _pair(folder)
    chunks = _chunks(data)

    def ours() -> object:
        return sum(
            len(one)
            for one in sign_and_encrypt(
                chunks,
                signer=pair.signer,
                recipients=[pair.recipient],
                at=datetime.now(UTC),
                random=os.urandom,
                content=content,
            )
        )

    return ours, _openssl(data, folder, content)


def bare_jobs(size: int, folder: Path, mail: Callable[[int], bytes], content: str) -> Jobs:
    """One signature, one key transport, one hash and one encryption of as many bytes, and nothing written; and openssl's job."""
    data, pair = mail(size), _pair(folder)
    chunks = _chunks(data + bytes(-len(data) % 16))
    key, public = pair.signer.key, pair.recipient.public_key()
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(public, rsa.RSAPublicKey):
        raise TypeError("the floor is that of ECDSA and RSA")

    def bare() -> object:
        secret, digest = os.urandom(32), hashes.Hash(hashes.SHA256())
        mode = modes.CBC(os.urandom(16)) if content == AES_256_CBC else modes.GCM(os.urandom(12))
        encryptor = Cipher(algorithms.AES256(secret), mode).encryptor()
        for chunk in chunks:
            digest.update(chunk)
            encryptor.update(chunk)
        encryptor.finalize()
        return key.sign(digest.finalize(), ec.ECDSA(hashes.SHA256())), public.encrypt(secret, padding.PKCS1v15())

    return bare, _openssl(data, folder, content)


def _chunks(data: bytes) -> list[bytes]:
    return [data[at : at + 65536] for at in range(0, len(data), 65536)]


def _pair(folder: Path) -> _Pair:
    """New certificates, whose files openssl reads too."""
    now = datetime.now(UTC)
    authority, key = make_ca("bench", now)
    certificate, secret = issue_sender(authority, key, Address.parse("a@example.org"), now)
    (folder / "s.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "s.key").write_bytes(secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:3072", "-nodes", "-keyout", folder / "r.key", "-out", folder / "r.pem",
         "-days", "30", "-subj", "/CN=r", "-addext", "subjectAltName=email:b@example.net"],
        check=True, capture_output=True,
    )  # fmt: skip
    recipient = x509.load_pem_x509_certificate((folder / "r.pem").read_bytes())
    return _Pair(Signer(certificate, secret, (authority,)), recipient)


def _openssl(data: bytes, folder: Path, content: str) -> Callable[[], object]:
    (folder / "m").write_bytes(data)
    sign = f"openssl cms -sign -signer {folder}/s.pem -inkey {folder}/s.key -in {folder}/m -md sha256"
    encrypt = f"openssl cms -encrypt -stream {_OPTION[content]} -outform DER -out {folder}/out {folder}/r.pem"
    return lambda: subprocess.run(["sh", "-c", f"{sign} | {encrypt}"], check=True, capture_output=True)
