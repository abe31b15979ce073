"""A Direct community for tests: its authority, a colleague's system that opens, confirms and signs by openssl, and our address."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.domain.envelope import Direction, Identity
from tests.support.fakes import START
from tests.support.home import PRACTICE, Home, Sent
from tests.support.people import rsa_key

GRACE = "grace@direct.birch.example.net"
"""A colleague with a Direct address; her clinic's certificate is its whole domain's."""
BIRCH = "direct.birch.example.net"
OURS = f"direct.{PRACTICE}"
OFFICE_DIRECT = f"office@{OURS}"
_USAGES = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign",
           "crl_sign", "encipher_only", "decipher_only")  # fmt: skip


def _builder(name: str, key: str, at: datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .public_key(rsa_key(key).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + timedelta(days=300))
    )


def _usage(*given: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{one: one in given for one in _USAGES})


@cache
def authority(name: str = "Birch Direct CA") -> x509.Certificate:
    """A community's anchor."""
    key = rsa_key(name)
    made = _builder(name, name, START).issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    made = made.add_extension(_usage("key_cert_sign", "crl_sign"), critical=True)
    made = made.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    return made.sign(key, hashes.SHA256())


@cache
def issued(*names: str, by: str = "Birch Direct CA", key: str = "", at: datetime = START) -> x509.Certificate:
    """A certificate for addresses or whole domains, to sign and to decrypt with."""
    sans = [x509.RFC822Name(one) if "@" in one else x509.DNSName(one) for one in names]
    made = _builder(names[0], key or names[0], at).issuer_name(authority(by).subject)
    for extension, critical in (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage("digital_signature", "key_encipherment"), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False),
        (x509.SubjectAlternativeName(sans), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(rsa_key(by).public_key()), False),
    ):
        made = made.add_extension(extension, critical)
    return made.sign(rsa_key(by), hashes.SHA256())


def pem(folder: Path, name: str, *certificates: x509.Certificate) -> Path:
    path = folder / f"{name}.pem"
    path.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in certificates))
    return path


def private(folder: Path, name: str) -> Path:
    path = folder / f"{name}.key"
    path.write_bytes(rsa_key(name).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(0o600)
    return path


def configured(folder: Path, *, certificate: x509.Certificate | None = None, more: str = "") -> Callable[[str], str]:
    """What makes `sealgate.toml` one of a practice in the community, whose anchor counts for every domain."""
    own = pem(folder, "ours", certificate or issued(OURS))
    key, anchors = private(folder, OURS), pem(folder, "anchors", authority())
    return lambda text: (
        text + f'\n[direct]\nenabled = true\n{more}\n[[direct.senders]]\naddress = "{OFFICE_DIRECT}"\n'
        f'certificate = "{own}"\nkey = "{key}"\n\n[trust.birch]\nfile = "{anchors}"\ndomains = ["*"]\ndirect = true\n'
        '\n[revocation]\nmode = "off"\n'
    )


def join(home: Home, *names: str) -> None:
    """Put the colleague's certificate where the practice looks for Direct certificates."""
    pem(home.root / "certificates", "birch", issued(*(names or (BIRCH,))))


def openssl(folder: Path, *arguments: object, stdin: bytes = b"") -> bytes:
    done = subprocess.run(
        ["openssl", "cms", *map(str, arguments)], input=stdin, capture_output=True, cwd=folder, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def opened(folder: Path, sent: Sent) -> bytes:
    """What the colleague's system finds in a Direct message: decrypted, signature and anchor checked, by openssl."""
    key = private(folder, BIRCH)
    clear = openssl(
        folder, "-decrypt", "-recip", pem(folder, "birch-own", issued(BIRCH)), "-inkey", key, stdin=sent.raw
    )
    anchor = pem(folder, "anchor", authority())
    at = str(int(START.timestamp()))
    return openssl(folder, "-verify", "-CAfile", anchor, "-purpose", "any", "-attime", at, stdin=clear)


def notification(
    kind: str, original_id: str, to: str, *, sender: str = GRACE, modifier: str = "", extra: str = ""
) -> bytes:
    """A notification as its MIME entity, unsigned."""
    return (
        f'Content-Type: multipart/report; report-type=disposition-notification; boundary="r"\r\n\r\n--r\r\n'
        f"Content-Type: text/plain\r\n\r\nYour message was {kind}.\r\n--r\r\nContent-Type: message/disposition-notification\r\n\r\n"
        f"Reporting-UA: {BIRCH}; test\r\nFinal-Recipient: rfc822; {sender}\r\nOriginal-Message-ID: {original_id}\r\n"
        f"Disposition: automatic-action/MDN-sent-automatically; {kind}{modifier}\r\n{extra}\r\n--r--\r\n"
    ).encode()


def head(to: str, sender: str = GRACE) -> bytes:
    return f"From: {sender}\r\nTo: {to}\r\nSubject: report\r\nMessage-ID: <report@{BIRCH}>\r\n".encode()


def signed(folder: Path, entity: bytes, signer: x509.Certificate, key: str) -> bytes:
    """The entity as multipart/signed, by openssl."""
    certificate = pem(folder, "signer", signer)
    return openssl(
        folder,
        "-sign",
        "-signer",
        certificate,
        "-inkey",
        private(folder, key),
        "-md",
        "sha256",
        "-crlfeol",
        "-binary",
        stdin=entity,
    )


def sealed(folder: Path, entity: bytes) -> bytes:
    """The entity encrypted to our Direct certificate, by openssl."""
    return openssl(
        folder, "-encrypt", "-aes-256-cbc", "-crlfeol", "-binary", pem(folder, "to-us", issued(OURS)), stdin=entity
    )


def confirm(
    folder: Path, home: Home, sent: Sent, kind: str, *, original_id: str = "", to: str = "", signer: x509.Certificate | None = None,
    key: str = BIRCH, encrypted: bool = True, unsigned: bool = False, **more: str,
) -> str:  # fmt: skip
    """The colleague's system says something of a mail; returns the id of what the inbound door took."""
    address = to or str(sent.parsed["Disposition-Notification-To"])
    entity = notification(kind, original_id or sent.message_id, address, **more)
    if not unsigned:
        entity = signed(folder, entity, signer or issued(BIRCH), key)
    if encrypted:
        entity = sealed(folder, entity)
    return arrive(home, address, head(address) + entity)


def arrive(home: Home, to: str, raw: bytes) -> str:
    """A mail at the inbound door."""
    return home.submit(raw, to, sender=None, direction=Direction.INBOUND, identity=Identity("", "peer"))
