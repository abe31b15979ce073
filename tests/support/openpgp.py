"""OpenPGP keys of invented people in every state, made here; and other people's programs that open what we write.

A key that should serve is one that the gateway itself could have made, so that every program can decrypt with it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from gateway.domain.address import Address
from gateway.seal import openpgp_own
from gateway.seal.openpgp_keys import CURVE25519, DSA, ECDH, ED25519, EDDSA, ELGAMAL, RSA, PublicKey
from gateway.seal.openpgp_own import OwnKey
from gateway.seal.openpgp_packets import Tag, armoured, mpi, packet, subpacket
from gateway.seal.openpgp_signatures import Signing

ENCRYPTS, SIGNS = b"\x0c", b"\x02"
_FEATURES, _PREFERENCES = subpacket(30, b"\x01"), subpacket(11, bytes([9, 8, 7]))
_AFTER = timedelta(seconds=1)
DAYS = timedelta(days=1)


def person(address: str, at: datetime) -> OwnKey:
    """A key that serves, with its secret half."""
    return openpgp_own.generate(address.partition("@")[0].title(), Address.parse(address), at)


def armour(kind: str, data: bytes) -> bytes:
    """In armour: `PUBLIC KEY BLOCK`, `MESSAGE`."""
    return b"".join(armoured(kind, [data]))


def expires(after: timedelta) -> bytes:
    """The subpacket that ends a key that long after it was made."""
    return subpacket(9, int(after.total_seconds()).to_bytes(4, "big"))


@cache
def _rsa(bits: int) -> rsa.RSAPublicNumbers:
    return rsa.generate_private_key(65537, bits).public_key().public_numbers()


class Maker:
    """One key in the making: each step adds packets; `whole` is what there is."""

    def __init__(self, at: datetime, body: bytes | None = None, *, version: int = 4) -> None:
        self.at, self._signer = at, Ed25519PrivateKey.generate()
        point = mpi(b"\x40" + self._signer.public_key().public_bytes_raw())
        stamp = int(at.timestamp()).to_bytes(4, "big")
        ours = bytes([version]) + stamp + bytes([EDDSA, len(ED25519)]) + ED25519 + point
        self.key = PublicKey.read(body or ours)
        self.whole = packet(Tag.PUBLIC_KEY, self.key.body)

    def signature(
        self, kind: int, data: bytes, extra: bytes = b"", at: datetime | None = None, *, sha1: bool = False
    ) -> bytes:
        """A signature packet by the primary key; with `sha1` one that says so of itself."""
        signing = Signing(kind, self._signer.sign, self.key.fingerprint, at or self.at, extra)
        signing.update(self.key.framed + data)
        body = bytearray(signing.body())
        if sha1:
            body[3] = 2
        return packet(Tag.SIGNATURE, bytes(body))

    def user(self, text: str, extra: bytes = _FEATURES + _PREFERENCES, **more: object) -> Maker:
        """A user id with its certification."""
        name = text.encode()
        data = b"\xb4" + len(name).to_bytes(4, "big") + name
        self.whole += packet(Tag.USER_ID, name) + self.signature(0x13, data, extra, **more)  # type: ignore[arg-type]
        self.last = data
        return self

    def part(self, body: bytes | None = None, extra: bytes = subpacket(27, ENCRYPTS), **more: object) -> Maker:
        """A subkey with its binding: for encryption, unless told otherwise."""
        one = PublicKey.read(body or self.curve())
        self.whole += packet(Tag.PUBLIC_SUBKEY, one.body) + self.signature(0x18, one.framed, extra, **more)  # type: ignore[arg-type]
        self.last = one.framed
        return self

    def revoke(self, kind: int, data: bytes | None = None, at: datetime | None = None) -> Maker:
        """A revocation of what came last, or of the key where it stands first."""
        self.whole += self.signature(kind, self.last if data is None else data, at=at or self.at + _AFTER)
        return self

    def curve(self) -> bytes:
        """The body of a Curve25519 part."""
        point = mpi(b"\x40" + X25519PrivateKey.generate().public_key().public_bytes_raw())
        return self.body(ECDH, bytes([len(CURVE25519)]) + CURVE25519 + point + bytes([3, 1, 8, 7]))

    def body(self, algorithm: int, material: bytes) -> bytes:
        """A key packet's body of that algorithm."""
        return bytes([4]) + int(self.at.timestamp()).to_bytes(4, "big") + bytes([algorithm]) + material

    def rsa(self, bits: int) -> bytes:
        """The body of an RSA part."""
        numbers = _rsa(bits)
        return self.body(RSA, mpi(numbers.n) + mpi(numbers.e))

    def elgamal(self) -> bytes:
        """The body of an ElGamal part, its numbers invented."""
        return self.body(ELGAMAL, mpi(2**2047 + 9) + mpi(5) + mpi(2**2046 + 1))


def dsa(at: datetime) -> bytes:
    """The body of a DSA key, its numbers invented."""
    stamp = int(at.timestamp()).to_bytes(4, "big")
    return bytes([4]) + stamp + bytes([DSA]) + mpi(2**2047 + 9) + mpi(2**255 + 95) + mpi(5) + mpi(2**2046 + 1)


@dataclass(frozen=True)
class Opened:
    """What a program made of a message, and what it said."""

    text: bytes
    said: str
    good: bool


class Gpg:
    """gpg with a directory of its own, at a time of its own; its agent ends with it."""

    def __init__(self, home: Path, at: datetime) -> None:
        home.mkdir(mode=0o700)
        self.home, self.at = home, at
        self.env = {"GNUPGHOME": str(home), "PATH": "/usr/bin:/bin", "LC_ALL": "C"}

    def run(self, *arguments: str, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """One run of it."""
        stamp = self.at.strftime("%Y%m%dT%H%M%S")
        command = [
            "gpg",
            "--batch",
            "--faked-system-time",
            stamp,
            "--status-fd",
            "2",
            "--pinentry-mode",
            "loopback",
            "--passphrase",
            "",
        ]
        return subprocess.run(
            [*command, *arguments], input=data, capture_output=True, env=self.env, check=False, timeout=120
        )

    def take(self, *keys: bytes) -> None:
        """Import keys, secret or public."""
        for one in keys:
            done = self.run("--import", data=one)
            assert done.returncode == 0, done.stderr.decode()

    def open(self, message: bytes) -> Opened:
        """Decrypt and verify."""
        done = self.run("--decrypt", data=message)
        return Opened(done.stdout, done.stderr.decode(errors="replace"), done.returncode == 0)

    def close(self) -> None:
        """End its agent."""
        subprocess.run(["gpgconf", "--kill", "all"], env=self.env, check=False, capture_output=True, timeout=120)


@contextmanager
def gpg_at(home: Path, at: datetime, keys: Iterable[bytes] = ()) -> Iterator[Gpg]:
    """gpg with those keys."""
    one = Gpg(home, at)
    try:
        one.take(*keys)
        yield one
    finally:
        one.close()
