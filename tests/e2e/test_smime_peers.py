"""What Sealgate seals, opened by other people's software: openssl cms, gpgsm, NSS cmsutil.

The real Subject stands inside, a neutral one outside; the signature holds against the built-in CA. A missing program
skips by name.
"""

from __future__ import annotations

import base64
import email
import email.policy
import os
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from gateway.mime.build import under
from gateway.seal import ca, smime
from gateway.seal.header_protection import protected_payload
from tests.support.gpgsm import LOOPBACK, gpgsm_home, import_key
from tests.support.programs import run
from tests.support.smime_peers import ORIGINAL, OUTER, assert_read, cms_of, program, split_signed, write_pem
from tests.unit.seal.certificates import AT, CA, CA_KEY, CLINIC, Key, recipient, rsa_key, usage
from tests.unit.seal.test_smime_forms import signers

pytestmark = [pytest.mark.e2e, pytest.mark.peer]


@pytest.fixture(scope="module", params=["ecdsa", "rsa"])
def signer(request: pytest.FixtureRequest) -> smime.Signer:
    if request.param == "ecdsa":
        certificate, key = ca.issue_sender(CA, CA_KEY, CLINIC, AT - timedelta(hours=1))
        return smime.Signer(certificate, key, (CA,))
    own = recipient(str(CLINIC), rsa_key(3072), key_usage=usage(digital_signature=True))
    return smime.Signer(own, rsa_key(3072), (CA,))


@pytest.fixture(scope="module", params=["rsa", "p256", "p384"])
def bob(request: pytest.FixtureRequest) -> tuple[x509.Certificate, Key]:
    curve = {"p256": ec.SECP256R1, "p384": ec.SECP384R1}.get(request.param)
    key: Key = rsa_key() if curve is None else ec.generate_private_key(curve())
    return recipient("bob@example.net", key), key


def mail_to(signer: smime.Signer, *certificates: x509.Certificate, **more: object) -> bytes:
    payload = protected_payload([ORIGINAL], OUTER)
    form = smime.Form(**more)  # type: ignore[arg-type]
    _, entity = smime.seal(payload, signer=signer, recipients=certificates, at=AT, random=os.urandom, form=form)
    raw = b"".join(under(OUTER, entity))
    head, _, body = raw.partition(b"\r\n\r\n")
    for secret in (b"Biopsie", b"Dr Lee", b"Bob <", b"hidden@", b"orig@"):
        assert secret not in head
        assert secret not in base64.b64decode(body)
    assert b"Subject: [...]" in head
    return raw


@pytest.mark.parametrize("content", [smime.AES_256_CBC, smime.AES_256_GCM])
@pytest.mark.parametrize("transport", list(smime.KeyTransport))
def test_openssl_decrypts_and_verifies(
    signer: smime.Signer, bob: tuple[x509.Certificate, Key], transport: smime.KeyTransport, content: str, tmp_path: Path
) -> None:
    openssl = program("openssl")
    others = [
        recipient("carol@example.net", rsa_key(3072)),
        recipient("dan@example.net", ec.generate_private_key(ec.SECP256R1())),
    ]
    raw = mail_to(signer, others[0], bob[0], others[1], transport=transport, content=content)
    own = write_pem(tmp_path / "bob.pem", *bob)
    root = write_pem(tmp_path / "ca.pem", CA)
    entity = run(openssl, "cms", "-decrypt", "-inform", "SMIME", "-recip", own, data=raw)
    assert entity.startswith(b"Content-Type: multipart/signed;")
    payload = run(
        openssl,
        "cms",
        "-verify",
        "-inform",
        "SMIME",
        "-CAfile",
        root,
        "-purpose",
        "smimesign",
        "-signer",
        tmp_path / "s.pem",
        data=entity,
    )
    assert_read(payload)
    seen = x509.load_pem_x509_certificate((tmp_path / "s.pem").read_bytes())
    assert seen == signer.certificate
    broken = bytearray(entity)
    broken[broken.index(b"4 mm.")] ^= 1
    tampered = subprocess.run(
        [openssl, "cms", "-verify", "-inform", "SMIME", "-CAfile", str(root)],
        input=bytes(broken),
        capture_output=True,
        check=False,
    )
    assert tampered.returncode != 0


def test_openssl_says_so_when_gcm_content_was_changed(signer: smime.Signer, tmp_path: Path) -> None:
    openssl, bob = program("openssl"), recipient("bob@example.net", rsa_key())
    own = write_pem(tmp_path / "bob.pem", bob, rsa_key())
    sealed = bytearray(cms_of(mail_to(signer, bob, content=smime.AES_256_GCM)))
    command = [openssl, "cms", "-decrypt", "-inform", "DER", "-recip", str(own)]
    assert run(*command, data=bytes(sealed)).startswith(b"Content-Type: multipart/signed;")
    for at in (len(sealed) // 2, -7):  # the content, and the tag before the four ends
        changed = bytearray(sealed)
        changed[at - 8] ^= 1
        assert subprocess.run(command, input=bytes(changed), capture_output=True, check=False).returncode != 0


def test_openssl_verifies_every_kind_of_signature_that_it_knows(tmp_path: Path) -> None:
    openssl, bob = program("openssl"), recipient("bob@example.net", rsa_key())
    own, root = write_pem(tmp_path / "bob.pem", bob, rsa_key()), write_pem(tmp_path / "ca.pem", CA)
    for name, one in signers().items():
        if name == "ed25519":
            continue  # openssl 3.0 refuses Ed25519 with signed attributes; Bouncy Castle verifies it (its own test file)
        rsa_signature = smime.RsaSignature.PSS if name == "pss" else smime.RsaSignature.PKCS1
        raw = mail_to(one, bob, rsa=rsa_signature)
        entity = run(openssl, "cms", "-decrypt", "-inform", "SMIME", "-recip", own, data=raw)
        assert_read(run(openssl, "cms", "-verify", "-inform", "SMIME", "-CAfile", root, data=entity))


def test_openssl_opens_a_triple_wrap_from_outside_in(signer: smime.Signer, tmp_path: Path) -> None:
    openssl, bob = program("openssl"), recipient("bob@example.net", rsa_key())
    own, root = write_pem(tmp_path / "bob.pem", bob, rsa_key()), write_pem(tmp_path / "ca.pem", CA)
    payload = protected_payload([ORIGINAL], OUTER)
    form = smime.Form(smime.AES_256_GCM, triple=True)
    _, entity = smime.seal(payload, signer=signer, recipients=[bob], at=AT, random=os.urandom, form=form)
    raw = b"".join(under(OUTER, entity))
    verify = (openssl, "cms", "-verify", "-inform", "SMIME", "-CAfile", root)
    inner = run(openssl, "cms", "-decrypt", "-inform", "SMIME", "-recip", own, data=run(*verify, data=raw))
    assert_read(run(*verify, data=inner))


@pytest.fixture
def gpg_home() -> Iterator[dict[str, str]]:
    with gpgsm_home(CA) as env:
        yield env


def test_gpgsm_decrypts_and_verifies(signer: smime.Signer, gpg_home: dict[str, str], tmp_path: Path) -> None:
    gpgsm, openssl = program("gpgsm"), program("openssl")
    certificate, key = recipient("bob@example.net", rsa_key()), rsa_key()
    own, root = write_pem(tmp_path / "bob.pem", certificate, key), write_pem(tmp_path / "ca.pem", CA)
    run(gpgsm, "--import", root, env=gpg_home)
    import_key(gpgsm, openssl, own, tmp_path / "bob.p12", gpg_home)
    raw = mail_to(signer, recipient("dan@example.net", ec.generate_private_key(ec.SECP256R1())), certificate)
    cms = email.message_from_bytes(raw).get_payload(decode=True)
    (tmp_path / "mail.p7m").write_bytes(cms)  # type: ignore[arg-type]
    entity = run(gpgsm, *LOOPBACK, "--output", "-", "--decrypt", tmp_path / "mail.p7m", data=b"x\n", env=gpg_home)
    content, signature = split_signed(entity)
    (tmp_path / "content").write_bytes(content)
    (tmp_path / "content.p7s").write_bytes(signature)
    told = run(
        gpgsm, "--status-fd", "1", "--verify", tmp_path / "content.p7s", tmp_path / "content", env=gpg_home
    ).decode()
    assert "[GNUPG:] GOODSIG" in told
    assert "[GNUPG:] TRUST_FULLY" in told
    assert_read(content)


def test_nss_decrypts_and_verifies(signer: smime.Signer, tmp_path: Path) -> None:
    cmsutil, certutil, pk12util, openssl = (program(name) for name in ("cmsutil", "certutil", "pk12util", "openssl"))
    bob = recipient("bob@example.net", rsa_key()), rsa_key()  # cmsutil cannot decrypt ECDH
    own, root = write_pem(tmp_path / "bob.pem", *bob), write_pem(tmp_path / "ca.pem", CA)
    run(openssl, "pkcs12", "-export", "-in", own, "-out", tmp_path / "bob.p12", "-passout", "pass:x", "-name", "bob")
    store = f"sql:{tmp_path}"
    run(certutil, "-N", "-d", store, "--empty-password")
    run(certutil, "-A", "-d", store, "-n", "ca", "-t", ",C,", "-i", root)
    run(pk12util, "-i", tmp_path / "bob.p12", "-d", store, "-W", "x")
    cms = email.message_from_bytes(mail_to(signer, bob[0])).get_payload(decode=True)
    (tmp_path / "mail.p7m").write_bytes(cms)  # type: ignore[arg-type]
    entity = run(cmsutil, "-D", "-d", store, "-i", tmp_path / "mail.p7m")
    content, signature = split_signed(entity)
    (tmp_path / "content").write_bytes(content)
    (tmp_path / "content.p7s").write_bytes(signature)
    check = [cmsutil, "-D", "-d", store, "-c", tmp_path / "content", "-i", tmp_path / "content.p7s", "-u", "4", "-n"]
    run(*check)
    assert_read(content)
    (tmp_path / "content").write_bytes(content.replace(b"4 mm", b"9 mm"))
    assert subprocess.run([str(one) for one in check], check=False, capture_output=True).returncode != 0


def test_the_built_in_ca_passes_openssl_verification(tmp_path: Path) -> None:
    openssl = program("openssl")
    certificate, key = ca.issue_sender(CA, CA_KEY, CLINIC, AT - timedelta(hours=1))
    assert isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
    own, root = write_pem(tmp_path / "s.pem", certificate), write_pem(tmp_path / "ca.pem", CA)
    command = [
        openssl,
        "verify",
        "-x509_strict",
        "-purpose",
        "smimesign",
        "-CAfile",
        root,
        "-verify_email",
        str(CLINIC),
        own,
    ]
    assert b": OK" in run(*command)
