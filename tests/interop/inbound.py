"""What other people's programs write, at the inbound door; and the messages of other people's sets."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pysequoia
import pytest
from cryptography.hazmat.primitives import hashes

from gateway.adapters.openpgp.opener import GpgOpener
from gateway.seal.cms_open import NotOpened
from gateway.seal.opening import Tools
from tests.interop import openpgp, smime
from tests.support import foreign_smime
from tests.support.openpgp import armour, gpg_at, person
from tests.support.sealed_mail import crlf, opened, own, wrapped
from tests.support.smime_peers import Gpgsm, Nss, Openssl, ask, program, write_pem
from tests.unit.seal.certificates import CLINIC, recipient, rsa_key, usage

PAYLOAD = crlf("Content-Type: text/plain; charset=utf-8\nSubject: Results\n\nGrüße, the blood test is fine.\n")
LIMIT = 1_000_000


def attempt_smime(row: str, column: str, folder: Path) -> str:
    """What one form comes to."""
    del column
    name, _, form = row.partition(": ")
    mail = {"openssl cms": _openssl, "NSS cmsutil": _nss, "gpgsm": _gpgsm}[name](form, folder)
    kinds = [smime.owner(one) for one in ("rsa", "p256", "p384")]
    return _said(mail, own(*kinds))


def attempt_openpgp(row: str, column: str, folder: Path) -> str:
    """What one form comes to."""
    del column
    program("gpg")
    name, _, form = row.partition(": ")
    message = {"gpg": _gpg, "sqop": _sqop, "gosop": _gosop, "rnp": _rnp, "pysequoia": _pysequoia}[name](form, folder)
    head = 'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b\n\n--b\n'
    head += "Content-Type: application/pgp-encrypted\n\nVersion: 1\n\n--b\nContent-Type: application/octet-stream\n\n"
    mail = crlf(head) + crlf(message) + b"\r\n--b--\r\n"
    return _said(mail, Tools([], os.urandom, GpgOpener(openpgp.own(), LIMIT).open))


@cache
def _foreign() -> dict[str, int]:
    found: dict[str, int] = {}
    for name in foreign_smime.FILES:
        [said, *_] = [said for pattern, said in foreign_smime.TABLE if re.fullmatch(pattern, name)]
        assert foreign_smime.outcome(name) == said, name
        pattern = name.partition("/")[0]
        found[f"{pattern}: {said}"] = found.get(f"{pattern}: {said}", 0) + 1
    return found


def attempt_foreign(row: str, column: str, folder: Path) -> str:
    """How many mails of that set came to that."""
    del column, folder
    if not foreign_smime.SMIME.is_dir():
        pytest.skip("MISSING FOLDER: ../shared/mail/smime")
    assert _foreign()[row]
    return str(_foreign()[row])


def _said(mail: bytes, tools: Tools) -> str:
    try:
        found = opened(crlf(mail), tools)
    except NotOpened as refused:
        return f"refused: {refused.why.value}"
    assert "the blood test is fine" in found.body.decode() or b"blood" in found.body
    return foreign_smime.said(found)


@cache
def _alice(kind: str) -> tuple[object, object]:
    """A correspondent with a signing key."""
    key = rsa_key(3072) if kind == "rsa" else smime.owner("p256")[1]
    return recipient(str(CLINIC), key, key_usage=usage(digital_signature=True, key_encipherment=kind == "rsa")), key  # type: ignore[arg-type]


_CIPHERS = {"AES-128-CBC": "-aes128", "AES-256-CBC": "-aes256", "AES-256-GCM": "-aes-256-gcm", "3DES": "-des3"}
_SIGNING = {
    "signed, clear, RSA PKCS#1 v1.5": [], "signed, opaque, RSA PKCS#1 v1.5": ["-nodetach"], "signed, clear, ECDSA P-256": [],
    "signed, clear, RSA-PSS": ["-keyopt", "rsa_padding_mode:pss"], "signed, clear, SHA-1": [],
}  # fmt: skip


def _openssl(form: str, folder: Path) -> bytes:
    peer = Openssl(folder)
    if form in _SIGNING:
        return _openssl_signed(form, folder)
    if form == "signed, then AES-256-CBC":
        data, form = _openssl_signed("signed, clear, RSA PKCS#1 v1.5", folder), "AES-256-CBC, RSA"
    else:
        data = PAYLOAD * 3
    kind = next((each for word, each in {"P-256": "p256", "P-384": "p384"}.items() if word in form), "rsa")
    to = write_pem(peer.folder / "to.pem", smime.owner(kind)[0])
    options = ["-keyid"] if "identifier" in form else []
    if "OAEP" in form:
        options = ["-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256"]
    cipher = _CIPHERS[form.partition(",")[0]]
    cms = ask(
        program("openssl"), "cms", "-encrypt", "-binary", "-outform", "DER", cipher, "-recip", to, *options, data=data
    )
    return wrapped(cms[:-1] + bytes([cms[-1] ^ 1]) if "changed" in form else cms)


def _openssl_signed(form: str, folder: Path) -> bytes:
    alice = write_pem(folder / "alice.pem", *_alice("p256" if "ECDSA" in form else "rsa"))  # type: ignore[arg-type]
    digest = "sha1" if "SHA-1" in form else "sha256"
    options = _SIGNING[form]
    return crlf(ask(program("openssl"), "cms", "-sign", "-md", digest, "-signer", alice, *options, data=PAYLOAD))


def _nss(form: str, folder: Path) -> bytes:
    peer = Nss(folder)
    store = ("-d", peer.store)
    (folder / "text").write_bytes(PAYLOAD)
    if form.startswith("signed"):
        alice = _alice("rsa")
        peer.take(alice)  # type: ignore[arg-type]
        nick = f"n{alice[0].serial_number}"  # type: ignore[attr-defined]
        return wrapped(ask("cmsutil", "-S", *store, "-N", nick, "-i", folder / "text"), kind="signed-data")
    to = write_pem(folder / "to.pem", smime.owner("rsa")[0])
    ask("certutil", "-A", *store, "-n", "bob", "-t", ",,", "-i", to)
    return wrapped(ask("cmsutil", "-E", *store, "-r", "bob", "-i", folder / "text"))


def _gpgsm(form: str, folder: Path) -> bytes:
    peer = smime.peer("gpgsm")
    assert isinstance(peer, Gpgsm)
    (folder / "text").write_bytes(PAYLOAD)
    if form.startswith("signed"):
        alice = _alice("rsa")
        peer.take(alice)  # type: ignore[arg-type]
        who = "0x" + alice[0].fingerprint(hashes.SHA1()).hex()  # type: ignore[attr-defined]
        words = (
            "--batch",
            "--pinentry-mode",
            "loopback",
            "--passphrase-fd",
            "0",
            "-u",
            who,
            "--detach-sign",
            folder / "text",
        )
        signature = ask("gpgsm", *words, data=b"x\n", env=peer.env)
        return _clear(signature)
    to = smime.owner("rsa")[0]
    ask("gpgsm", "--batch", "--import", write_pem(folder / "to.pem", to), env=peer.env)
    who = "0x" + to.fingerprint(hashes.SHA1()).hex()
    return wrapped(
        ask("gpgsm", "--batch", "-r", who, "--cipher-algo", "AES256", "--encrypt", folder / "text", env=peer.env)
    )


def _clear(signature: bytes) -> bytes:
    """A multipart/signed, as the mail program around gpgsm makes it."""
    part = wrapped(signature).replace(
        b"pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", b"pkcs7-signature; name=smime.p7s"
    )
    head = crlf(
        'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary=b\n\n--b\n'
    )
    return head + PAYLOAD + b"\r\n--b\r\n" + part + b"\r\n--b--\r\n"


def _gpg(form: str, folder: Path) -> bytes:
    sender = person("maria@example.net", openpgp.AT)
    key = person("other@example.net", openpgp.AT).public if form == "to somebody else" else openpgp.own().public
    with gpg_at(folder / "gpg", datetime.now(UTC), [sender.secret.reveal()]) as gpg:
        (folder / "to").write_bytes(key)
        more = {
            "signed": ["--sign"],
            "without integrity protection": ["--rfc2440", "--disable-mdc", "--cipher-algo", "AES"],
        }.get(form, [])
        option = "--hidden-recipient-file" if "named" in form else "--recipient-file"
        done = gpg.run(
            "--trust-model", "always", "--armor", *more, option, str(folder / "to"), "--encrypt", data=PAYLOAD
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout


def _sop(name: str) -> Callable[[str, Path], bytes]:
    def write(form: str, folder: Path) -> bytes:
        del form
        sender = person("maria@example.net", openpgp.AT)
        (folder / "key").write_bytes(armour("PRIVATE KEY BLOCK", sender.secret.reveal()))
        (folder / "to").write_bytes(armour("PUBLIC KEY BLOCK", openpgp.own().public))
        return ask(program(name), "encrypt", f"--sign-with={folder}/key", folder / "to", data=PAYLOAD)

    return write


_sqop, _gosop = _sop("sqop"), _sop("gosop")


def _rnp(form: str, folder: Path) -> bytes:
    del form
    sender, home = person("maria@example.net", openpgp.AT), ("--homedir", folder, "--password", "")
    for name, key in (("secret", sender.secret.reveal()), ("to", openpgp.own().public)):
        (folder / name).write_bytes(key)
        ask(program("rnpkeys"), *home, "--import", folder / name)
    (folder / "text").write_bytes(PAYLOAD)
    words = (
        "--encrypt",
        "--sign",
        "--armor",
        "-r",
        openpgp.own().fingerprint,
        "-u",
        sender.fingerprint,
        "--output",
        "-",
    )
    return ask(program("rnp"), *home, *words, folder / "text")


def _pysequoia(form: str, folder: Path) -> bytes:
    del form, folder
    sender = pysequoia.Tsk.from_bytes(person("maria@example.net", openpgp.AT).secret.reveal())
    to = pysequoia.Cert.from_bytes(openpgp.own().public)
    return bytes(pysequoia.encrypt(PAYLOAD, [to], sender.signer(), armor=True))
