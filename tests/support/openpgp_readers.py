"""Other people's OpenPGP programs, each a reader of its own: they open what was sent to one person and verify who signed it."""

from __future__ import annotations

import email
import email.policy
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pysequoia

from tests.support.openpgp import armour, gpg_at
from tests.support.smime_peers import Refused, ask, program


@dataclass(frozen=True)
class Recipient:
    """One person's secret key, and the sender's public one; binary, whole. gpg goes by the time `at`."""

    secret: bytes
    sender: bytes
    fingerprint: str
    """Of the sender, lower-case hex."""
    at: datetime


Reader = Callable[[Recipient, bytes, Path], bytes]
"""The content of an armoured message, opened in an empty folder and verified; Refused."""


def message_of(raw: bytes) -> bytes:
    """The armoured message in a PGP/MIME mail."""
    parts = email.message_from_bytes(raw, policy=email.policy.default).get_payload()
    return str(parts[1].get_payload()).encode()


def by_gpg(who: Recipient, message: bytes, folder: Path) -> bytes:
    """gpg."""
    program("gpg")
    with gpg_at(folder / "gpg", who.at, [who.secret, who.sender]) as gpg:
        opened = gpg.open(message)
    if not opened.good:
        raise Refused(opened.said[-300:])
    assert f"VALIDSIG {who.fingerprint.upper()}" in opened.said
    return opened.text


def by_sop(name: str) -> Reader:
    """A program with the stateless command line: sqop of Sequoia, gosop of GopenPGP."""

    def open_(who: Recipient, message: bytes, folder: Path) -> bytes:
        sop = program(name)
        (folder / "key").write_bytes(armour("PRIVATE KEY BLOCK", who.secret))
        (folder / "cert").write_bytes(armour("PUBLIC KEY BLOCK", who.sender))
        verified = "--verifications-out" if name == "sqop" else "--verify-out"
        said = folder / "said"
        text = ask(sop, "decrypt", f"--verify-with={folder}/cert", f"{verified}={said}", folder / "key", data=message)
        assert who.fingerprint in said.read_text().lower()
        return text

    return open_


def by_rnp(who: Recipient, message: bytes, folder: Path) -> bytes:
    """rnp, the engine of Thunderbird."""
    rnp, rnpkeys = program("rnp"), program("rnpkeys")
    for name, key in (("secret", who.secret), ("public", who.sender)):
        (folder / name).write_bytes(key)
        ask(rnpkeys, "--homedir", folder, "--password", "", "--import", folder / name)
    done = subprocess.run(
        [rnp, "--homedir", str(folder), "--password", "", "--decrypt", "--output", "-", "-"],
        input=message, capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    if done.returncode:
        raise Refused(done.stderr.decode(errors="replace")[-300:])
    assert b"Good signature" in done.stderr
    return done.stdout


def by_pysequoia(who: Recipient, message: bytes, folder: Path) -> bytes:
    """Sequoia's newer line, by the wheel pysequoia."""
    del folder
    sender = pysequoia.Cert.from_bytes(who.sender)
    try:
        found = pysequoia.decrypt(message, pysequoia.Tsk.from_bytes(who.secret).decryptor(), lambda _: [sender])
    except Exception as error:
        raise Refused(str(error)) from None
    assert [one.certificate for one in found.valid_sigs] == [who.fingerprint]
    return bytes(found.bytes)


READERS: Mapping[str, Reader] = {
    "gpg": by_gpg, "sqop": by_sop("sqop"), "gosop": by_sop("gosop"), "rnp": by_rnp, "pysequoia": by_pysequoia,
}  # fmt: skip
