"""`sealgate keys` for the practice's own mail keys: made, asked for, answered, replaced, taken back, published."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.app.installation import Installation
from gateway.domain.address import Address
from gateway.domain.errors import SealingFailed
from gateway.seal.ca import Issuer, issue, make_ca
from gateway.seal.own_keys import Purpose
from tests.support.command import Answer, installation, sealgate

NOW = datetime.now(UTC)
LEE = "lee@practice.example.org"
BOUGHT_CA, BOUGHT_KEY = make_ca("A Public CA", NOW - timedelta(days=1))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installation(tmp_path_factory.mktemp("gate") / "one")


@pytest.fixture
def config(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made.parent, tmp_path / "one")
    return tmp_path / "one" / "sealgate.toml"


def keys(config: Path, *arguments: object, status: int = 0) -> Answer:
    answer = sealgate("keys", *arguments, "--config", config)
    assert answer.status == status, answer.err
    return answer


def listed(config: Path) -> list[tuple[str, str]]:
    """Purpose and state of every own mail key."""
    rows = keys(config, "list", "--json").rows
    return [(row["kind"].split("(")[1][:-1], row["state"]) for row in rows if row["kind"].startswith("own mail")]


def answer_to(csr: Path, out: Path, *, chain: bool = True, over: bool = False, name: str = LEE) -> Path:
    asked = x509.load_pem_x509_csr(csr.read_bytes())
    assert asked.is_signature_valid
    public = asked.public_key()
    assert isinstance(public, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey))
    purpose = Purpose.BOTH if isinstance(public, rsa.RSAPublicKey) else Purpose.SIGN
    made = issue(
        Issuer(BOUGHT_CA, BOUGHT_KEY),
        Address.parse(name),
        public,
        purpose,
        NOW - timedelta(hours=12),
        0 if over else 365,
    )
    pem = made.public_bytes(Encoding.PEM) + (BOUGHT_CA.public_bytes(Encoding.PEM) if chain else b"")
    out.write_bytes(pem)
    return out


def signed_by(config: Path) -> x509.Certificate:
    home = Installation.load(config)
    try:
        return home.own().signers().signer(Address.parse(LEE), home.clock.now()).certificate
    finally:
        home.close()


def test_a_request_waits_and_its_answer_signs(config: Path, tmp_path: Path) -> None:
    keys(config, "generate", LEE)
    keys(config, "request", LEE, "--out", tmp_path / "lee.csr", "--for", "both")
    assert sorted(listed(config)) == [("both", "waiting"), ("sign", "active")]
    asked = x509.load_pem_x509_csr((tmp_path / "lee.csr").read_bytes())
    names = asked.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.RFC822Name) == [LEE]
    assert signed_by(config).issuer != BOUGHT_CA.subject
    keys(config, "import", answer_to(tmp_path / "lee.csr", tmp_path / "lee.pem"))
    assert sorted(listed(config)) == [("both", "active"), ("sign", "retired")]
    assert signed_by(config).issuer == BOUGHT_CA.subject


def test_an_answer_that_does_not_fit_is_refused_with_its_reason(config: Path, tmp_path: Path) -> None:
    keys(config, "request", LEE, "--out", tmp_path / "lee.csr")
    refused = [
        (answer_to(tmp_path / "lee.csr", tmp_path / "a.pem", chain=False), 2, "authority is missing"),
        (
            answer_to(tmp_path / "lee.csr", tmp_path / "b.pem", name="eve@practice.example.org"),
            2,
            "not name this address",
        ),
        (answer_to(tmp_path / "lee.csr", tmp_path / "c.pem", over=True), 2, "expired"),
    ]
    subprocess.run(
        ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x",
         "-keyout", tmp_path / "other.key", "-out", tmp_path / "other.csr"], check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    refused.append((answer_to(tmp_path / "other.csr", tmp_path / "d.pem"), 1, "no own key that waits"))
    for path, status, reason in refused:
        assert reason in keys(config, "import", path, status=status).err
    assert listed(config) == [("sign", "waiting")]
    assert "name a new file" in keys(config, "request", LEE, "--out", tmp_path / "lee.csr", status=2).err
    assert listed(config) == [("sign", "waiting")]


def test_a_pair_from_elsewhere_is_taken_with_its_key(config: Path, tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    made = issue(Issuer(BOUGHT_CA, BOUGHT_KEY), Address.parse(LEE), key.public_key(), Purpose.BOTH, NOW)
    (tmp_path / "lee.pem").write_bytes(made.public_bytes(Encoding.PEM) + BOUGHT_CA.public_bytes(Encoding.PEM))
    (tmp_path / "lee.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "lee.key").chmod(0o600)
    keys(config, "import", tmp_path / "lee.pem", "--key", tmp_path / "lee.key", "--for", "both")
    assert signed_by(config) == made
    home = Installation.load(config)
    assert [one for one, _ in home.own_decryption()] == [made]
    home.close()


def test_a_rotated_key_is_replaced_and_a_revoked_one_signs_nothing_and_stands_in_the_list(
    config: Path, tmp_path: Path
) -> None:
    first = keys(config, "generate", LEE, "--json").row
    second = keys(config, "rotate", LEE, "--json").row
    assert first["fingerprint"] != second["fingerprint"]
    assert sorted(listed(config)) == [("sign", "active"), ("sign", "retired")]
    keys(config, "revoke", second["key"][:16], "--reason", "keyCompromise")
    with pytest.raises(SealingFailed, match="revoked"):
        signed_by(config)
    keys(config, "revoke", second["key"][:16], status=2)
    keys(config, "revoke", "beef", status=2)
    keys(config, "publish", tmp_path / "web")
    ca = x509.load_der_x509_certificate((tmp_path / "web" / "ca.crt").read_bytes())
    crl = x509.load_der_x509_crl((tmp_path / "web" / "ca.crl").read_bytes())
    public = ca.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    assert crl.is_signature_valid(public)
    [entry] = list(crl)
    assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason is x509.ReasonFlags.key_compromise
    assert not list((tmp_path / "web").glob("certificates/*"))
    keys(config, "generate", LEE)
    assert signed_by(config).serial_number != entry.serial_number


def test_a_new_authority_leaves_what_the_old_one_issued_and_still_signs_its_list(config: Path, tmp_path: Path) -> None:
    old = keys(config, "generate", LEE, "--json").row
    keys(config, "rotate", "--authority")
    assert signed_by(config).fingerprint(hashes.SHA256()).hex() == old["fingerprint"]
    keys(config, "rotate", LEE)
    keys(config, "revoke", old["key"][:16])
    keys(config, "publish", tmp_path / "web")
    lists = {
        path.stem: len(list(x509.load_der_x509_crl(path.read_bytes()))) for path in (tmp_path / "web").glob("*.crl")
    }
    assert lists.pop("ca") == 0
    assert list(lists.values()) == [1]
    keys(config, "rotate", status=2)


def test_published_records_name_keys_that_mail_can_be_encrypted_to(config: Path, tmp_path: Path) -> None:
    keys(config, "generate", LEE)
    keys(config, "generate", "lab@practice.example.org", "--for", "both", "--kind", "ec-p256")
    keys(config, "publish", tmp_path / "web")
    assert len(list((tmp_path / "web" / "certificates").iterdir())) == 2
    lines = (tmp_path / "web" / "dns" / "practice.example.org.zone").read_text().splitlines()
    smimea = [one for one in lines if " SMIMEA " in one]
    assert len(smimea) == 1
    assert smimea[0].startswith(
        hashlib.sha256(b"lab").hexdigest()[:56] + "._smimecert.practice.example.org. IN SMIMEA 3 0 0 30"
    )
    assert sum(" CERT 1 0 0 " in one for one in lines) == 1
    text = b"".join(path.read_bytes() for path in (tmp_path / "web").rglob("*") if path.is_file())
    assert b"PRIVATE" not in text


def test_keys_in_files_are_private_and_outlive_the_row_unseen(config: Path) -> None:
    keys(config, "generate", LEE, "--in", "file", "--kind", "ed25519")
    [path] = (config.parent / "keys" / "mail").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert signed_by(config).public_key_algorithm_oid == x509.ObjectIdentifier("1.3.101.112")
    path.chmod(0o644)
    with pytest.raises(Exception, match="chmod 600"):
        signed_by(config)
    assert "PRIVATE" not in json.dumps(keys(config, "list", "--json").rows)
    assert "Ed25519 key only signs" in keys(config, "generate", LEE, "--for", "both", "--kind", "ed25519", status=2).err
    assert "own_keys.token" in keys(config, "generate", LEE, "--in", "token", status=2).err
