"""Paths to an anchor: what leads there, what does not, in which words; loops end, and no fault is ever a path."""

from __future__ import annotations

import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway.domain.address import Address
from gateway.ports.keys import KeyState
from gateway.seal.certificate_names import SMTP_UTF8_MAILBOX
from gateway.seal.certificate_path import NO_PATH, find_path
from gateway.seal.smime_certificates import check_recipient_certificate, judged
from tests.unit.seal.certificates import AT, Key, recipient, rsa_key, usage

BOB, JURGEN = Address.parse("bob@example.net"), Address.parse("jürgen@bücher.example")
LEAF_KEY, ROOT_KEY, MIDDLE_KEY = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
SIGNS = usage(key_cert_sign=True)


def root(
    key: Key = ROOT_KEY, *more: tuple[x509.ExtensionType, bool], name: str = "Root", path: int | None = None
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    serial = x509.random_serial_number()
    made = x509.CertificateBuilder(
        subject, subject, key.public_key(), serial, AT - timedelta(days=9), AT + timedelta(days=99)
    )
    for extension, critical in ((x509.BasicConstraints(True, path), True), (SIGNS, True), *more):
        made = made.add_extension(extension, critical)
    return made.sign(key, hashes.SHA256())


def middle(
    *more: tuple[x509.ExtensionType, bool], key: Key = MIDDLE_KEY, of: x509.Certificate | None = None, **options
):
    options = {"key_usage": SIGNS, **options}
    return recipient("Middle", key, san=[], authority=True, issuer=(of or ROOT, ROOT_KEY), extra=list(more), **options)


ROOT = root()


def words(
    *authorities: x509.Certificate, anchor: x509.Certificate = ROOT, san: list[x509.GeneralName] | None = None
) -> str:
    """What is said of a leaf that the first authority issued; empty for a path."""
    leaf = recipient("bob@example.net", LEAF_KEY, san=san, issuer=(authorities[0], MIDDLE_KEY))
    path = find_path(leaf, [anchor], authorities, AT)
    assert bool(path) is (path.reason == "")
    return path.reason


def mail(*permitted: str, excluded: tuple[str, ...] = ()) -> tuple[x509.NameConstraints, bool]:
    trees = [[x509.RFC822Name(one) for one in names] or None for names in (permitted, excluded)]
    return x509.NameConstraints(*trees), True


def test_a_path_is_found_and_told_from_the_leaf_up():
    between = middle()
    leaf = recipient("bob@example.net", LEAF_KEY, issuer=(between, MIDDLE_KEY))
    assert find_path(leaf, [ROOT], [between], AT).chain == (leaf, between, ROOT)
    assert find_path(leaf, [between], [], AT).chain == (leaf, between)


BAD = {
    "no authority between": (NO_PATH, lambda: words(middle(), anchor=root(MIDDLE_KEY, name="Other"))),
    "signs no certificates": ("key usage", lambda: words(middle(key_usage=usage(crl_sign=True)))),
    "TLS authority": ("extended key usage", lambda: words(middle(eku=[ExtendedKeyUsageOID.SERVER_AUTH]))),
    "path length": ("path length", lambda: words(middle(of=root(path=0)), anchor=root(path=0))),
    "expired authority": ("expired", lambda: words(middle(end=AT - timedelta(hours=1)))),
    "other domain": ("name constraints", lambda: words(middle(mail("example.org")))),
    "excluded": ("name constraints", lambda: words(middle(mail(excluded=("example.net",))))),
    "sub-domains only": ("name constraints", lambda: words(middle(mail(".example.net")))),
    "constraint in the anchor": ("name constraints", lambda: words(middle(of=root(ROOT_KEY, mail("example.org"))), anchor=root(ROOT_KEY, mail("example.org")))),
    "constraints on directory names": ("cannot judge", lambda: words(middle((x509.NameConstraints([x509.DirectoryName(ROOT.subject)], None), True)))),
    "unknown critical extension": (NO_PATH, lambda: words(middle((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0"), True)))),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_each_fault_of_an_authority_has_its_words(name: str):
    said, made = BAD[name]
    assert said in made()


def test_an_authority_with_a_weak_key_leads_nowhere():
    weak = root(rsa_key(1024))
    leaf = recipient("bob@example.net", LEAF_KEY, issuer=(weak, rsa_key(1024)))
    assert "2048" in find_path(leaf, [weak], [], AT).reason


def test_name_constraints_that_permit_do_permit():
    for tree in ("example.net", "EXAMPLE.net", "bob@example.net"):
        assert words(middle(mail(tree))) == ""


def test_constraints_hold_for_internationalised_addresses_too():
    san: list[x509.GeneralName] = [x509.OtherName(SMTP_UTF8_MAILBOX, asn1.encode_der("jürgen@bücher.example"))]
    assert words(middle(mail("xn--bcher-kva.example")), san=san) == ""
    assert "name constraints" in words(middle(mail("example.net")), san=san)
    assert "name constraints" in words(middle(mail(excluded=("xn--bcher-kva.example",))), san=san)
    assert words(middle(), san=san) == ""


def test_loops_end_in_words():
    names = [f"A{n}" for n in range(12)]
    ring = [root(MIDDLE_KEY, name="A") for _ in names]  # one name, one key: each seems to have issued each
    assert words(*ring) in {"its authorities lead in circles", NO_PATH}
    a_key, b_key = MIDDLE_KEY, LEAF_KEY
    a, b = root(a_key, name="A"), root(b_key, name="B")
    crossed = [recipient("x", a_key, san=[], authority=True, key_usage=SIGNS, issuer=(b, b_key)), a, b]
    assert find_path(recipient("bob@example.net", LEAF_KEY, issuer=(a, a_key)), [ROOT], crossed, AT).chain == ()


def test_an_expired_leaf_is_told_as_expired_and_nothing_else():
    leaf = recipient("bob@example.net", LEAF_KEY, issuer=(ROOT, ROOT_KEY), end=AT - timedelta(hours=1))
    assert judged(leaf, BOB, AT, anchors=[ROOT])[:2] == (KeyState.EXPIRED, ["the certificate has expired"])
    stranger = judged(leaf, BOB, AT, anchors=[root(MIDDLE_KEY)])
    assert stranger[0] is KeyState.UNTRUSTED


def test_without_anchors_nothing_is_trusted():
    assert "no trusted authority" in find_path(recipient("bob@example.net", LEAF_KEY), [], [], AT).reason


def test_a_certificate_of_the_whole_domain_serves_only_where_that_is_asked_for():
    whole = recipient("x", LEAF_KEY, san=[x509.DNSName("Example.NET")], issuer=(ROOT, ROOT_KEY))
    assert check_recipient_certificate(whole, BOB, AT, domain_bound=True) == []
    assert "no e-mail address" in check_recipient_certificate(whole, BOB, AT)[0]
    wild = recipient("x", LEAF_KEY, san=[x509.DNSName("*.example.net"), x509.DNSName("net")], issuer=(ROOT, ROOT_KEY))
    assert check_recipient_certificate(wild, Address.parse("bob@mail.example.net"), AT, domain_bound=True)


@pytest.mark.peer
def test_sha_1_is_refused_in_the_leaf_and_above(tmp_path: Path):
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is missing: run tools/peers.sh")
    key = rsa_key()
    (tmp_path / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    authority = root(key)
    (tmp_path / "ca.pem").write_bytes(authority.public_bytes(Encoding.PEM))
    (tmp_path / "ext").write_text(
        "subjectAltName=email:bob@example.net\nbasicConstraints=CA:FALSE\nkeyUsage=keyEncipherment\n"
    )
    (tmp_path / "mid").write_text("basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n")

    def sha1(extensions: str) -> x509.Certificate:
        run = ["req", "-new", "-key", "key.pem", "-subj", "/CN=Sha", "-out", "csr.pem"]
        subprocess.run([openssl, *run], cwd=tmp_path, check=True, capture_output=True)
        sign = [
            "x509",
            "-req",
            "-in",
            "csr.pem",
            "-CA",
            "ca.pem",
            "-CAkey",
            "key.pem",
            "-sha1",
            "-days",
            "9",
            "-extfile",
            extensions,
        ]
        return x509.load_pem_x509_certificate(
            subprocess.run([openssl, *sign], cwd=tmp_path, check=True, capture_output=True).stdout
        )

    leaf = sha1("ext")
    at = leaf.not_valid_before_utc + timedelta(hours=1)
    assert check_recipient_certificate(leaf, BOB, at) == ["the certificate is signed with a broken hash"]
    above = sha1("mid")
    below = recipient("bob@example.net", LEAF_KEY, issuer=(above, key))
    assert "broken hash" in find_path(below, [authority], [above], at).reason
