"""Bouncy Castle opens what we seal and verifies what we sign: P-521, OAEP, GCM, PSS, and Ed25519, which openssl 3.0 cannot.

On Debian: default-jdk-headless, libbcpkix-java, libbcmail-java (1.72). It knows neither X25519 with HKDF (RFC 8418), nor key
agreement in AuthEnvelopedData, nor ML-KEM.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.seal import ca, smime
from tests.support.programs import run
from tests.unit.seal.certificates import AT, CA, CA_KEY, CLINIC, AnyKey, recipient, rsa_key
from tests.unit.seal.cms_reader import decrypt
from tests.unit.seal.test_smime import PAYLOAD, signed_parts
from tests.unit.seal.test_smime_forms import SIGNED, cms_of, seal, signers

pytestmark = [pytest.mark.e2e, pytest.mark.peer, pytest.mark.long]
JARS = [Path("/usr/share/java") / name for name in ("bcprov.jar", "bcpkix.jar", "bcutil.jar", "bcmail.jar")]
SOURCE = Path(__file__).parents[1] / "support" / "OpenCms.java"


@pytest.fixture(scope="module")
def opener(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    java, javac = shutil.which("java"), shutil.which("javac")
    if java is None or javac is None or not all(one.exists() for one in JARS):
        pytest.skip(
            "MISSING PROGRAM: Bouncy Castle (default-jdk-headless, libbcpkix-java, libbcmail-java); this peer was not tried"
        )
    folder = tmp_path_factory.mktemp("java")
    path = os.pathsep.join([*map(str, JARS), str(folder)])
    subprocess.run([javac, "-cp", path, "-d", str(folder), str(SOURCE)], check=True, capture_output=True, timeout=120)
    return [java, "-cp", path, "OpenCms"]


def issued() -> smime.Signer:
    certificate, key = ca.issue_sender(CA, CA_KEY, CLINIC, AT)
    return smime.Signer(certificate, key, (CA,))


@pytest.mark.parametrize("transport", list(smime.KeyTransport))
@pytest.mark.parametrize(
    ("kind", "content"),
    [("RSA", "aes-256-cbc"), ("RSA", "aes-256-gcm"), ("P-256", "aes-256-cbc"), ("P-384", "aes-256-cbc"), ("P-521", "aes-256-cbc")],
)  # fmt: skip
def test_it_opens_what_we_seal(
    opener: list[str], kind: str, content: str, transport: smime.KeyTransport, tmp_path: Path
) -> None:
    curves = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1}
    key: AnyKey = rsa_key() if kind == "RSA" else ec.generate_private_key(curves[kind]())
    certificate = recipient("bob@example.net", key)
    other = recipient("carol@example.net", ec.generate_private_key(ec.SECP256R1()))
    people = [(certificate, key)] if content == "aes-256-gcm" else [(other, key), (certificate, key)]
    _, entity = seal(issued(), people, smime.Form(content, transport))
    (tmp_path / "mail.p7m").write_bytes(cms_of(entity))
    (tmp_path / "key.der").write_bytes(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    algorithm = "RSA" if kind == "RSA" else "EC"
    opened = run(*opener, "open", tmp_path / "mail.p7m", tmp_path / "key.der", algorithm)
    assert signed_parts(opened)[0] == PAYLOAD


def test_it_verifies_every_kind_of_signature(opener: list[str], tmp_path: Path) -> None:
    bob = recipient("bob@example.net", rsa_key())
    for name, one in signers().items():
        how = smime.RsaSignature.PSS if name == "pss" else smime.RsaSignature.PKCS1
        _, entity = seal(one, [(bob, rsa_key())], smime.Form(rsa=how))
        content, signature = signed_parts(decrypt(cms_of(entity), bob.serial_number, rsa_key()))
        files = [tmp_path / each for each in ("mail.p7s", "content", "certificate.der")]
        for path, data in zip(files, (signature, content, one.certificate.public_bytes(Encoding.DER)), strict=True):
            path.write_bytes(data)
        assert run(*opener, "verify", *files).decode().strip() == SIGNED[name].split()[1]
        files[1].write_bytes(content.replace(b"Hello", b"Hullo"))
        wrong = subprocess.run([*opener, "verify", *map(str, files)], capture_output=True, check=False, timeout=60)
        assert wrong.returncode != 0
