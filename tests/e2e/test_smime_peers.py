"""What Sealgate seals, opened by other people's software: openssl cms, gpgsm, NSS cmsutil.

The real Subject stands inside, a neutral one outside; the signature holds against the built-in CA. A missing program
skips by name.
"""

from __future__ import annotations

import base64
import email
import email.policy
import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.domain.address import Address
from gateway.mime.build import OuterHeaders, under
from gateway.seal import ca, smime
from gateway.seal.header_protection import protected_payload
from tests.support.gpgsm import LOOPBACK, import_key
from tests.support.programs import run
from tests.unit.seal.certificates import AT, CA, CA_KEY, CLINIC, Key, recipient, rsa_key, usage
from tests.unit.seal.test_smime_forms import signers

pytestmark = [pytest.mark.e2e, pytest.mark.peer]

SUBJECT = "Biopsie Größe 4 mm"
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


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"MISSING PROGRAM: {name}; this peer was not tried")
    return found


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


def cms_of(raw: bytes) -> bytes:
    data = email.message_from_bytes(raw).get_payload(decode=True)
    assert isinstance(data, bytes)
    return data


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
    assert attachment.get_content() == b"ABCDEF" * 20_000


def write_pem(path: Path, certificate: x509.Certificate, key: Key | None = None) -> Path:
    data = certificate.public_bytes(Encoding.PEM)
    if key is not None:
        data += key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(data)
    return path


def split_signed(entity: bytes) -> tuple[bytes, bytes]:
    mail = email.message_from_bytes(entity)
    delimiter = b"--" + str(mail.get_boundary()).encode()
    _, content, signature, _ = entity.split(delimiter)
    return content.removeprefix(b"\r\n").removesuffix(b"\r\n"), email.message_from_bytes(
        signature.lstrip()
    ).get_payload(decode=True)  # type: ignore[return-value]


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


NOT_EVERYONES = [
    {"content": smime.AES_256_GCM},
    {"transport": smime.KeyTransport.OAEP},
    {"content": smime.AES_256_GCM, "transport": smime.KeyTransport.OAEP},
]
"""What NSS and gpgsm of Debian 12 do not open: the reason why it takes a capability or a setting to use them."""


def whole_or_refused(done: subprocess.CompletedProcess[bytes]) -> None:
    """A program that cannot open a form must say so and show nothing; one that opens it shows all."""
    if done.returncode != 0:
        assert b"Gr" not in done.stdout
        return
    assert_read(split_signed(done.stdout)[0])


@pytest.fixture
def gpg_home(tmp_path: Path) -> Iterator[dict[str, str]]:
    home = Path("/tmp") / f"sg{os.getpid()}{tmp_path.name[-6:]}"  # a socket's path must be short
    home.mkdir(mode=0o700)
    (home / "gpgsm.conf").write_text("disable-dirmngr\ndisable-crl-checks\nno-secmem-warning\nbatch\n")
    (home / "gpg-agent.conf").write_text("allow-loopback-pinentry\nallow-preset-passphrase\n")
    (home / "trustlist.txt").write_text(f"{CA.fingerprint(hashes.SHA1()).hex().upper()} S relax\n")
    env = {"PATH": os.environ["PATH"], "GNUPGHOME": str(home), "LC_ALL": "C.UTF-8"}
    try:
        yield env
    finally:
        subprocess.run(["gpgconf", "--kill", "all"], env=env, check=False, capture_output=True)
        shutil.rmtree(home)


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


@pytest.mark.parametrize("form", NOT_EVERYONES)
def test_nss_opens_newer_forms_whole_or_says_that_it_cannot(
    signer: smime.Signer, form: dict[str, str], tmp_path: Path
) -> None:
    cmsutil, certutil, pk12util, openssl = (program(name) for name in ("cmsutil", "certutil", "pk12util", "openssl"))
    bob = recipient("bob@example.net", rsa_key())
    own, store = write_pem(tmp_path / "bob.pem", bob, rsa_key()), f"sql:{tmp_path}"
    run(openssl, "pkcs12", "-export", "-in", own, "-out", tmp_path / "bob.p12", "-passout", "pass:x", "-name", "bob")
    run(certutil, "-N", "-d", store, "--empty-password")
    run(pk12util, "-i", tmp_path / "bob.p12", "-d", store, "-W", "x")
    (tmp_path / "mail.p7m").write_bytes(cms_of(mail_to(signer, bob, **form)))
    command = [cmsutil, "-D", "-d", store, "-i", str(tmp_path / "mail.p7m")]
    whole_or_refused(subprocess.run(command, capture_output=True, check=False, timeout=60))


@pytest.mark.long
@pytest.mark.parametrize("form", NOT_EVERYONES)
def test_gpgsm_opens_newer_forms_whole_or_says_that_it_cannot(
    signer: smime.Signer, form: dict[str, str], gpg_home: dict[str, str], tmp_path: Path
) -> None:
    gpgsm, openssl = program("gpgsm"), program("openssl")
    bob = recipient("bob@example.net", rsa_key())
    run(gpgsm, "--import", write_pem(tmp_path / "ca.pem", CA), env=gpg_home)
    import_key(gpgsm, openssl, write_pem(tmp_path / "bob.pem", bob, rsa_key()), tmp_path / "bob.p12", gpg_home)
    (tmp_path / "mail.p7m").write_bytes(cms_of(mail_to(signer, bob, **form)))
    command = [gpgsm, *LOOPBACK, "--output", "-", "--decrypt", str(tmp_path / "mail.p7m")]
    whole_or_refused(subprocess.run(command, input=b"x\n", capture_output=True, check=False, timeout=60, env=gpg_home))


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
