"""What other people's programs sign by PGP/MIME, verified at the inbound door by the author's key on record."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pysequoia

from gateway.adapters.keydirectory.openpgp_answers import judge_openpgp_data
from gateway.domain.address import Address
from gateway.seal.opening import Tools
from gateway.seal.openpgp_signers import signer_key
from tests.interop.openpgp import AT, BOB, bob
from tests.support import foreign_smime
from tests.support.openpgp import armour, gpg_at, person
from tests.support.sealed_mail import crlf, opened
from tests.support.smime_peers import ask, program

PART = crlf(
    "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nGrüße, the blood test is fine. \n-- \nBob\n"
)


def attempt(row: str, column: str, folder: Path) -> str:
    """What one form comes to."""
    del column
    name, _, form = row.partition(": ")
    kind = form.partition(",")[0]
    secret, public = bob("Curve25519" if kind == "by somebody else" else kind)
    if kind == "by somebody else":
        secret = person(BOB, AT).secret.reveal()
    proof = {"gpg": _gpg, "sqop": _sop, "gosop": _sop, "rnp": _rnp, "pysequoia": _pysequoia}[name](
        name, form, secret, folder
    )
    head = 'Content-Type: multipart/signed; protocol="application/pgp-signature"; boundary=b\n\n--b\n'
    second = crlf("\n--b\nContent-Type: application/pgp-signature; name=signature.asc\n\n") + crlf(proof)
    part = PART.replace(b"fine", b"bad!") if form.endswith("changed") else PART
    now = datetime.now(UTC)
    answer = judge_openpgp_data(public, Address.parse(BOB), now)
    key = signer_key(answer.certificate, Address.parse(BOB), now)
    assert not key.refused, key.refused
    return foreign_smime.said(opened(crlf(head) + part + second + b"\r\n--b--\r\n", Tools([], os.urandom, signer=key)))


def _gpg(name: str, form: str, secret: bytes, folder: Path) -> bytes:
    program(name)
    more = {"text mode": ["--textmode"], "SHA-1": ["--digest-algo", "SHA1"]}.get(form.partition(", ")[2], [])
    with gpg_at(folder / "gpg", datetime.now(UTC), [secret]) as gpg:
        done = gpg.run("--armor", *more, "--detach-sign", data=PART)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout


def _sop(name: str, form: str, secret: bytes, folder: Path) -> bytes:
    del form
    (folder / "key").write_bytes(armour("PRIVATE KEY BLOCK", secret))
    return ask(program(name), "sign", folder / "key", data=PART)


def _rnp(name: str, form: str, secret: bytes, folder: Path) -> bytes:
    del form
    home = ("--homedir", folder, "--password", "")
    (folder / "secret").write_bytes(secret)
    ask(program("rnpkeys"), *home, "--import", folder / "secret")
    (folder / "text").write_bytes(PART)
    words = ("--sign", "--detach", "--armor", "--output", "-")
    return ask(program(name), *home, *words, folder / "text")


def _pysequoia(name: str, form: str, secret: bytes, folder: Path) -> bytes:
    del name, form, folder
    signer = pysequoia.Tsk.from_bytes(secret).signer()
    return bytes(pysequoia.sign(signer, PART, mode=pysequoia.SignatureMode.DETACHED))
