"""S/MIME in every form that Sealgate writes, and the programs that open it; our own inbound half is one of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, mlkem, x25519

from gateway.mime.build import under
from gateway.seal import ca, smime
from gateway.seal.cms_open import NotOpened
from gateway.seal.cms_verify import Verdict
from gateway.seal.header_protection import protected_payload
from tests.interop.table import OPENS, OURS
from tests.support import sealed_mail
from tests.support.gpgsm import gpgsm_home
from tests.support.smime_peers import (
    ORIGINAL,
    OUTER,
    BouncyCastle,
    Gpgsm,
    Nss,
    Openssl,
    Owner,
    Peer,
    Refused,
    assert_read,
    opened,
    split_signed,
)
from tests.unit.seal.certificates import AT, CA, CA_KEY, CLINIC, recipient, rsa_key
from tests.unit.seal.test_smime_forms import signers

CBC, GCM, OAEP = smime.AES_256_CBC, smime.AES_256_GCM, smime.KeyTransport.OAEP
_KEYS: dict[str, Callable[[], object]] = {
    "rsa": rsa_key, "p256": lambda: ec.generate_private_key(ec.SECP256R1()), "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "x25519": x25519.X25519PrivateKey.generate, "mlkem": mlkem.MLKEM768PrivateKey.generate,
}  # fmt: skip
_KINDS = {"RSA": "rsa", "P-256": "p256", "P-384": "p384", "X25519": "x25519", "ML-KEM": "mlkem"}
_SIGNED = {
    "RSA PKCS#1 v1.5": "pkcs1v15",
    "RSA-PSS": "pss",
    "ECDSA P-256": "p256",
    "ECDSA P-384": "p384",
    "Ed25519": "ed25519",
}


@cache
def owner(kind: str) -> Owner:
    """Bob, with a key of that kind."""
    key = _KEYS[kind]()
    identifier = [] if kind == "mlkem" else [(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)]  # type: ignore[attr-defined]
    return recipient("bob@example.net", key, extra=identifier), key  # type: ignore[arg-type,return-value]


@cache
def signer(name: str) -> smime.Signer:
    """The practice, with a signing key of that kind; `issued` by the built-in authority, as in a new installation."""
    if name != "issued":
        return signers()[name]
    certificate, key = ca.issue_sender(CA, CA_KEY, CLINIC, AT)
    return smime.Signer(certificate, key, (CA,))


@dataclass(frozen=True)
class Written:
    """A mail in one form, and who is to open it."""

    mail: bytes
    reader: Owner
    signer: smime.Signer


@cache
def written(row: str) -> Written:
    """The mail of a row: its words name the form."""
    if row.startswith("Signed by "):
        name = row.removeprefix("Signed by ")
        by, form, people = signer(_SIGNED[name]), smime.Form(rsa=smime.RsaSignature.PSS if "PSS" in name else smime.RsaSignature.PKCS1), ["rsa"]  # fmt: skip
    else:
        kind = next(
            (kind for word, kind in _KINDS.items() if row.endswith(word) or f", {word}" in row or f" {word}" in row),
            "rsa",
        )
        transport = OAEP if "OAEP" in row else smime.KeyTransport.PKCS1
        form = smime.Form(
            GCM if "GCM" in row else CBC, transport, triple=row.startswith("Triple"), ml_kem=kind == "mlkem"
        )
        by, people = signer("issued"), [kind]
        if "four kinds" in row:
            people = [kind, *({"rsa", "p256", "p384", "x25519"} - {kind})]
    recipients = [owner(one)[0] for one in people]
    payload = protected_payload([ORIGINAL], OUTER)
    _, entity = smime.seal(payload, signer=by, recipients=recipients, at=AT, random=os.urandom, form=form)
    return Written(b"".join(under(OUTER, entity)), owner(people[0]), by)


class _Peers:
    """Each program is started when a cell first asks for it."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack
        self._made: dict[str, Peer] = {}

    def __getitem__(self, name: str) -> Peer:
        if name not in self._made:
            folder = self._folder / name.replace(" ", "")
            folder.mkdir()
            self._made[name] = self._make(name, folder)
        return self._made[name]

    def _make(self, name: str, folder: Path) -> Peer:
        if name == "gpgsm":
            return Gpgsm(folder, self._stack.enter_context(gpgsm_home(CA)))
        makers: dict[str, Callable[[Path], Peer]] = {
            "openssl cms": Openssl,
            "NSS cmsutil": Nss,
            "Bouncy Castle": BouncyCastle,
        }
        return makers[name](folder)


_now: list[_Peers] = []


@contextmanager
def peers(folder: Path) -> Iterator[None]:
    """The programs, for as long as the module's tests run."""
    with ExitStack() as stack:
        _now.append(_Peers(folder, stack))
        try:
            yield
        finally:
            _now.clear()


def attempt(row: str, column: str, folder: Path) -> str:
    """One cell; Refused."""
    del folder
    one = written(row)
    if column == OURS:
        return _ours(one)
    assert_read(opened(_now[-1][column], one.mail, one.reader, one.signer.certificate))
    return OPENS


def peer(name: str) -> Peer:
    """A program with its keys."""
    return _now[-1][name]


def _ours(one: Written) -> str:
    try:
        found = sealed_mail.opened(one.mail, sealed_mail.own(one.reader))
    except NotOpened as refused:
        raise Refused(refused.why.value) from None
    assert found.authentic
    assert found.signature is not None
    assert (found.signature.verdict, found.signature.certificate) == (Verdict.GOOD, one.signer.certificate)
    assert_read(split_signed(b"".join(each.raw for each in found.block.fields) + b"\r\n" + found.body)[0])
    return OPENS
