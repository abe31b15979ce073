"""PGP/MIME by both engines to each kind of key, and the programs that open it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from gateway.adapters.keydirectory.openpgp_answers import judge_openpgp_data
from gateway.adapters.openpgp import GpgEngine, SequoiaEngine
from gateway.domain.address import Address
from gateway.ports.keys import KeyState
from gateway.seal.header_protection import protected_payload
from gateway.seal.openpgp_own import OwnKey
from gateway.seal.pgp_mime import pgp_mail
from tests.interop.table import OPENS
from tests.support.openpgp import gpg_at, person
from tests.support.openpgp_readers import READERS, Recipient, message_of
from tests.support.smime_peers import ORIGINAL, OUTER, assert_read, program

AT = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
BOB = "bob@example.net"
_KINDS = {"RSA 3072": ("rsa3072", "rsa3072"), "NIST P-256": ("nistp256", "nistp256")}


@dataclass
class _People:
    """The practice's own key, and Bob's keys by kind: secret and public."""

    folder: Path
    keys: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)

    def key(self, kind: str) -> tuple[bytes, bytes]:
        if kind not in self.keys:
            self.keys[kind] = self._made(kind)
        return self.keys[kind]

    def _made(self, kind: str) -> tuple[bytes, bytes]:
        if kind == "Curve25519":
            one = person(BOB, AT)
            return one.secret.reveal(), one.public
        program("gpg")
        primary, part = _KINDS[kind]
        with gpg_at(self.folder / kind.replace(" ", ""), AT) as gpg:
            made = gpg.run("--quick-generate-key", f"Bob <{BOB}>", primary, "cert,sign", "never")
            assert made.returncode == 0, made.stderr.decode()
            fingerprint = (
                gpg.run("--with-colons", "--list-keys").stdout.decode().split("fpr:")[1].strip(":\n ").split(":")[0]
            )
            added = gpg.run("--quick-add-key", fingerprint, part, "encr", "never")
            assert added.returncode == 0, added.stderr.decode()
            return gpg.run("--export-secret-keys").stdout, gpg.run("--export").stdout


_now: list[_People] = []


@cache
def own() -> OwnKey:
    """The practice's key."""
    return person("office@willow.example.org", AT)


def bob(kind: str) -> tuple[bytes, bytes]:
    """Bob's key of that kind, secret and public."""
    return _now[-1].key(kind)


@contextmanager
def people(folder: Path) -> Iterator[None]:
    """Bob's keys, for as long as the module's tests run."""
    _now.append(_People(folder))
    try:
        yield
    finally:
        _now.clear()
        _written.cache_clear()


@cache
def _written(row: str) -> bytes:
    engine, _, words = row.partition(": ")
    kind, _, hidden = words.partition(", ")
    public = bob(kind)[1]
    judged = judge_openpgp_data(public, Address.parse(BOB), AT)
    assert judged.state is KeyState.VALID, judged
    gpg = GpgEngine(own(), program("gpg"))
    used = SequoiaEngine(own(), _Never()) if engine == "Sequoia" else gpg
    message = used.seal(protected_payload([ORIGINAL], OUTER), public, AT + timedelta(minutes=1), hidden=bool(hidden))
    return b"".join(pgp_mail(OUTER, message, bytes(16)))


class _Never:
    """In place of the engine that Sequoia hands over to what it cannot do."""

    def seal(self, *_: object, **__: object) -> Iterator[bytes]:
        raise AssertionError("Sequoia did not make it itself")


def attempt(row: str, column: str, folder: Path) -> str:
    """One cell; Refused."""
    message = message_of(_written(row))
    secret = bob(row.partition(": ")[2].partition(", ")[0])[0]
    who = Recipient(secret, own().public, own().fingerprint, datetime.now(UTC))
    assert_read(READERS[column](who, message, folder))
    return OPENS
