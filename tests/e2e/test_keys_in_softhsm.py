"""Own keys in a PKCS #11 token, SoftHSM: the authority and senders sign there, mail is opened there, and nothing comes out."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from gateway.app.installation import Installation
from gateway.app.key_places import KeyPlaces
from gateway.domain.address import Address
from gateway.domain.errors import ConfigError, KeyUnreachable, SealingFailed
from gateway.seal.ca import Issuer, Revoked, certify_ca, issue, revocation_list
from gateway.seal.own_keys import Purpose
from gateway.seal.private_keys import KeyAlgorithm, SigningPrivateKey, pkcs8
from gateway.seal.smime import Signer
from gateway.seal.smime_signature import signed_entity
from tests.support.command import Answer, installation, sealgate

MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
)
AT = datetime(2026, 3, 2, tzinfo=UTC)
DOCTOR = Address.parse("dr.lee@willow.example.org")
LEE = "lee@practice.example.org"
PIN = "4711-0815"


@dataclass
class Token:
    """A SoftHSM token of this test run."""

    uri: str
    pin: Path
    places: KeyPlaces
    made: int = 0

    def key(self, algorithm: KeyAlgorithm) -> tuple[str, SigningPrivateKey]:
        self.made += 1
        place = self.places.make_in_token(self.uri, algorithm, bytes([self.made]) * 16)
        found = self.places.open(place)
        assert isinstance(found, SigningPrivateKey)
        return place, found


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Token]:
    tool = shutil.which("softhsm2-util")
    if tool is None:
        pytest.skip("softhsm2-util is not there: install softhsm2 (tools/peers.sh)")
    module = next((one for one in MODULES if Path(one).exists()), None)
    if module is None:
        pytest.skip("SoftHSM's library is not at a known place")
    root = tmp_path_factory.mktemp("softhsm")
    (root / "tokens").mkdir()
    (root / "softhsm2.conf").write_text(
        f"directories.tokendir = {root / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    (root / "pin").write_text(PIN + "\n")
    (root / "pin").chmod(0o600)
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(root / "softhsm2.conf")
    for label in ("willow keys", "locked"):
        made = [tool, "--init-token", "--free", "--label", label, "--so-pin", "12345678", "--pin", PIN]
        subprocess.run(made, check=True, capture_output=True, timeout=60)
    uri = f"pkcs11:token={quote('willow keys')}?module-path={module}&pin-source=file:{root / 'pin'}"
    yield Token(uri, root / "pin", KeyPlaces(root / "keys"))
    os.environ.pop("SOFTHSM2_CONF") if before is None else os.environ.update(SOFTHSM2_CONF=before)


def test_the_authority_signs_certificates_and_lists_in_the_token(token: Token) -> None:
    _, key = token.key(KeyAlgorithm.EC_P256)
    root = certify_ca("Willow mail signing", key, AT)
    root.verify_directly_issued_by(root)
    sender = ec.generate_private_key(ec.SECP256R1())
    ca = Issuer(root, key, "http://willow.example.org/ca.crl")
    certificate = issue(ca, DOCTOR, sender.public_key(), Purpose.SIGN, AT)
    certificate.verify_directly_issued_by(root)
    crl = revocation_list(ca, [Revoked(certificate.serial_number, AT, x509.ReasonFlags.key_compromise)], AT)
    public = root.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    assert crl.is_signature_valid(public)
    assert crl.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None


@pytest.mark.parametrize("algorithm", [KeyAlgorithm.EC_P256, KeyAlgorithm.EC_P384, KeyAlgorithm.RSA_3072])
def test_a_senders_key_signs_mail_in_the_token(token: Token, algorithm: KeyAlgorithm, tmp_path: Path) -> None:
    _, key = token.key(algorithm)
    root = certify_ca("Willow mail signing", key, AT)
    certificate = issue(Issuer(root, key), DOCTOR, key.public_key(), Purpose.BOTH, AT)
    content = b"Content-Type: text/plain\r\n\r\ncontent\r\n"
    mail = b"".join(signed_entity([content], Signer(certificate, key, (root,)), AT, os.urandom))
    (tmp_path / "mail").write_bytes(b"MIME-Version: 1.0\r\n" + mail)
    command = ["openssl", "cms", "-verify", "-in", "mail", "-noverify", "-out", "out"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_an_rsa_key_signs_by_pss_and_opens_what_was_encrypted_to_it(token: Token) -> None:
    _, key = token.key(KeyAlgorithm.RSA_3072)
    assert isinstance(key, rsa.RSAPrivateKey)
    public = key.public_key()
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    public.verify(key.sign(b"data", pss, hashes.SHA256()), b"data", pss, hashes.SHA256())
    for how in (padding.PKCS1v15(), padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)):
        assert key.decrypt(public.encrypt(b"content key", how), how) == b"content key"


def test_an_ec_key_agrees_on_the_same_secret_as_its_peer(token: Token) -> None:
    _, key = token.key(KeyAlgorithm.EC_P256)
    peer = ec.generate_private_key(ec.SECP256R1())
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.exchange(ec.ECDH(), peer.public_key()) == peer.exchange(ec.ECDH(), key.public_key())
    with pytest.raises(ValueError, match="another curve"):
        key.exchange(ec.ECDH(), ec.generate_private_key(ec.SECP384R1()).public_key())


def test_nothing_comes_out_and_nothing_weaker_is_signed(token: Token) -> None:
    _, key = token.key(KeyAlgorithm.EC_P256)
    with pytest.raises(SealingFailed, match="cannot be taken out"):
        pkcs8(key)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    with pytest.raises(SealingFailed, match="does not sign"):
        key.sign(b"data", ec.ECDSA(hashes.SHA1()))


def test_a_wrong_pin_or_token_is_unreachable_and_a_missing_key_is_said(token: Token, tmp_path: Path) -> None:
    place, _ = token.key(KeyAlgorithm.EC_P256)
    wrong = tmp_path / "pin"
    wrong.write_text("0000")
    wrong.chmod(0o600)
    with pytest.raises(KeyUnreachable):
        KeyPlaces(tmp_path).open(place.replace("willow%20keys", "nobody"))
    mistaken = KeyPlaces(tmp_path)
    place = place.replace("willow%20keys", "locked")
    with pytest.raises(ConfigError, match="refuses its PIN"):
        mistaken.open(place.replace(str(token.pin), str(wrong)))
    wrong.write_text(PIN)  # a token locks itself after a few wrong ones: the same process does not try again
    with pytest.raises(ConfigError, match="refused its PIN"):
        mistaken.open(place.replace(str(token.pin), str(wrong)))
    with pytest.raises(ConfigError, match="no private keys of that name"):
        KeyPlaces(tmp_path).open(token.uri.replace("?", ";object=none?"))
    wrong.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        KeyPlaces(tmp_path).open(place.replace(str(token.pin), str(wrong)))


def test_an_installation_whose_authority_and_senders_keys_are_in_the_token(token: Token, tmp_path: Path) -> None:
    config = installation(tmp_path / "one")
    place, _ = token.key(KeyAlgorithm.EC_P256)
    config.write_text(f'{config.read_text()}\n[own_keys]\nca_key = "{place}"\ntoken = "{token.uri}"\n')

    def keys(*arguments: object) -> Answer:
        answer = sealgate("keys", *arguments, "--config", config)
        assert answer.status == 0, answer.err
        return answer

    assert sealgate("keys", "generate", LEE, "--config", config).status == 2, "ca.crt belongs to the key in the file"
    keys("rotate", "--authority")
    assert not (tmp_path / "one" / "keys" / "ca.key").exists()
    assert len(list((tmp_path / "one" / "keys").glob("ca-old-*.key"))) == 1
    made = keys("generate", LEE, "--in", "token", "--for", "both", "--kind", "rsa-3072", "--json").row
    [row] = [one for one in keys("list", "--json").rows if one["key"] == made["key"]]
    assert (row["state"], row["place"]) == ("active", "pkcs11")
    keys("request", LEE, "--key", token.key(KeyAlgorithm.EC_P384)[0], "--out", tmp_path / "lee.csr")
    assert x509.load_pem_x509_csr((tmp_path / "lee.csr").read_bytes()).is_signature_valid
    home = Installation.load(config)
    signer = home.own().signers().signer(Address.parse(LEE), home.clock.now())
    [(certificate, private)] = home.own_decryption()
    home.close()
    assert signer.certificate == certificate
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate((tmp_path / "one/keys/ca.crt").read_bytes()))
    public = certificate.public_key()
    assert isinstance(private, rsa.RSAPrivateKey)
    assert isinstance(public, rsa.RSAPublicKey)
    assert private.decrypt(public.encrypt(b"key", padding.PKCS1v15()), padding.PKCS1v15()) == b"key"
    keys("revoke", made["key"][:16])
    keys("publish", tmp_path / "web")
    assert len(list(x509.load_der_x509_crl((tmp_path / "web" / "ca.crl").read_bytes()))) == 1
