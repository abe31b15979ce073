"""The installation's own key files: one file a purpose, so that each role can be given only its own (keys/README.md).

Reading is strict: a file that is missing, that others may read or that holds something else is a ConfigError with file
and mend. Nothing here reads a file before it is asked for that one.
"""

from __future__ import annotations

import base64
import binascii
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from gateway.domain.errors import ConfigError, KeyMissing
from gateway.domain.protected import Protected
from gateway.seal import openpgp_own
from gateway.seal.hybrid import OpenWith, SealTo
from gateway.seal.openpgp_own import OwnKey
from gateway.seal.private_keys import PrivateKey, SigningPrivateKey

INTAKE, ANSWER, CALENDAR, REVIEW, CA = "intake", "answer", "calendar", "review", "ca"
"""Key pairs: `NAME.key` with `NAME.pub`, or `NAME.crt` for the authority."""
OPENPGP, OPENPGP_PUBLIC = "openpgp.key", "openpgp.asc"
"""The practice's OpenPGP key, both halves in armour."""
COLUMNS, INDEX, DECISION, BOUNCE, LOOKUP = "columns.key", "index.key", "decision.key", "bounce.key", "lookup.key"
SECRETS = (COLUMNS, INDEX, DECISION, BOUNCE, LOOKUP)
SECRET_BYTES = 32

_OTHERS = stat.S_IRWXO | stat.S_IWGRP
"""A group may read (roles under their own users share `lookup.key`); nobody else may do anything."""
_LONGEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class Authority:
    """The built-in S/MIME authority."""

    certificate: x509.Certificate
    key: SigningPrivateKey = field(repr=False)


class KeyFiles:
    """The directory `[keys] dir`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def secret(self, name: str) -> Protected[bytes]:
        """A root of 32 bytes."""
        path = self._folder / name
        return Protected(_base64(path, read_private(path), SECRET_BYTES))

    def signer(self, name: str) -> Ed25519PrivateKey:
        """The private half of an Ed25519 pair."""
        path = self._folder / f"{name}.key"
        key = _pem_private(path)
        if not isinstance(key, Ed25519PrivateKey):
            raise ConfigError(f"{path}: is not an Ed25519 key; put back the file that `sealgate init` made")
        return key

    def verifier(self, name: str) -> Ed25519PublicKey:
        """The public half of an Ed25519 pair."""
        return public_key(self._folder / f"{name}.pub")

    def has_openpgp(self) -> bool:
        """Whether there is an OpenPGP key; an installation of an earlier version has none until `sealgate init` runs again."""
        return (self._folder / OPENPGP).exists()

    def openpgp(self) -> OwnKey:
        """The practice's OpenPGP key."""
        path = self._folder / OPENPGP
        try:
            return openpgp_own.read(read_private(path))
        except ValueError as error:
            raise ConfigError(f"{path}: {error}; put back the file that `sealgate init` made") from None

    def authority(self, elsewhere: Callable[[], PrivateKey] | None = None) -> Authority:
        """The S/MIME authority; its certificate and key, from its file or from where it lies instead, must belong together."""
        path = self._folder / f"{CA}.crt"
        try:
            certificate = x509.load_pem_x509_certificate(read_file(path))
        except ValueError:
            raise ConfigError(
                f"{path}: is not a certificate in PEM; put back the one that `sealgate init` made"
            ) from None
        key = elsewhere() if elsewhere is not None else _pem_private(self._folder / f"{CA}.key")
        if not isinstance(key, SigningPrivateKey) or key.public_key() != certificate.public_key():
            beside = "the key of own_keys.ca_key" if elsewhere is not None else f"{CA}.key beside it"
            raise ConfigError(f"{path}: does not belong to {beside}; put back the pair")
        return Authority(certificate, key)


def public_key(path: Path) -> Ed25519PublicKey:
    """An Ed25519 public key from a PEM file."""
    try:
        key = load_pem_public_key(read_file(path))
    except ValueError:
        raise ConfigError(f"{path}: is not a public key in PEM; copy it again from where it was made") from None
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigError(f"{path}: is not an Ed25519 key; copy it again from where it was made")
    return key


def archive_name(path: Path) -> str:
    """Who holds an archive key, from its file's name: `practice` for `archive-practice.pub`."""
    return path.stem.removeprefix("archive-")


def archive_public(path: Path) -> SealTo:
    """An archive's public key."""
    try:
        return SealTo(_base64(path, read_file(path), None))
    except KeyMissing:
        raise ConfigError(f"{path}: is not an archive's public key; copy it again from where it was made") from None


def archive_private(path: Path) -> OpenWith:
    """An archive's private key, brought back for one opening."""
    try:
        return OpenWith(Protected(_base64(path, read_private(path), None)))
    except KeyMissing:
        raise ConfigError(f"{path}: is not an archive's private key; bring the .key file of the pair") from None


def backup_public(path: Path) -> SealTo:
    """The public half of the offline backup key."""
    try:
        return SealTo(_base64(path, read_file(path), None))
    except KeyMissing:
        raise ConfigError(f"{path}: is not a backup's public key; `sealgate keys backup` makes a pair") from None


def backup_private(path: Path) -> tuple[OpenWith, Ed25519PublicKey]:
    """The offline backup key, brought back for one restore, and whose signature a backup must bear."""
    lines = read_private(path).split()
    try:
        if len(lines) != 2:
            raise ValueError("two lines are needed")
        signer = Ed25519PublicKey.from_public_bytes(_base64(path, lines[1], SECRET_BYTES))
        return OpenWith(Protected(_base64(path, lines[0], None))), signer
    except (KeyMissing, ValueError):
        raise ConfigError(f"{path}: is not a backup's private key; bring the backup.key of this installation") from None


def read_private(path: Path) -> bytes:
    """The bytes of a file that only its owner, and perhaps its group, may read."""
    data = read_file(path)
    if path.stat().st_mode & _OTHERS:
        raise ConfigError(f"{path}: other users of this machine may use this key; chmod 600 {path.name}")
    return data


def read_file(path: Path) -> bytes:
    """The bytes of a small file."""
    try:
        with path.open("rb") as file:
            data = file.read(_LONGEST + 1)
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: is missing; `sealgate init` makes a new installation's keys, else bring it from where it was made"
        ) from None
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read ({error.strerror}); give this role's user the right to read it"
        ) from None
    if len(data) > _LONGEST:
        raise ConfigError(f"{path}: is too large for a key; put back the right file")
    return data


def _base64(path: Path, text: bytes, length: int | None) -> bytes:
    try:
        data = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if not data or (length is not None and len(data) != length):
        what = f"{length} bytes in base64" if length else "base64"
        raise ConfigError(f"{path}: does not hold {what} in one line; put back the file that `sealgate init` made")
    return data


def _pem_private(path: Path) -> object:
    try:
        return load_pem_private_key(read_private(path), password=None)
    except (ValueError, TypeError):
        raise ConfigError(f"{path}: is not a private key in PEM without password; put back the right file") from None
