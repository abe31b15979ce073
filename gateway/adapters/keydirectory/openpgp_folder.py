"""OpenPGP keys in the directory `[keys] recipients`: `.asc` and `.pgp` files, matched by the address in a user id.

A file that bears the address as its name but whose key has no such user id never serves: the answer is `untrusted`, and
says why. Files are read again when they change; one that holds no key is passed over, unless its name says whose it is.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gateway.adapters.keydirectory.openpgp_answers import judge_openpgp
from gateway.domain.address import Address
from gateway.ports.keys import KeyAnswer, KeyKind, KeyState
from gateway.seal.openpgp_judging import addresses_of
from gateway.seal.openpgp_keys import LARGEST, Certificate, read_certificates

_SUFFIXES = frozenset({".asc", ".pgp", ".gpg"})


@dataclass(frozen=True, slots=True)
class _File:
    stamp: tuple[int, int, int]
    keys: tuple[tuple[frozenset[str], Certificate], ...] = ()
    broken: bool = False


class OpenPgpFolder:
    """The OpenPGP half of that directory. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._seen: dict[Path, _File] = {}

    def find(self, address: Address, at: datetime, kind: KeyKind = KeyKind.SMIME) -> KeyAnswer:
        """The best key whose user id names the address."""
        if kind is not KeyKind.OPENPGP:
            return KeyAnswer(KeyState.NONE)
        try:
            with self._lock:
                files = self._files()
        except OSError:
            return KeyAnswer(KeyState.UNREACHABLE, reason="the directory of OpenPGP keys cannot be read")
        named = {path: path.stem.lower() == address.key for path in files}
        theirs = [key for path, one in files.items() for names, key in one.keys if named[path] or address.key in names]
        if not theirs and any(named[path] and one.broken for path, one in files.items()):
            return KeyAnswer(KeyState.UNTRUSTED, reason="the file of this address holds no OpenPGP public key")
        return judge_openpgp(theirs, address, at, "folder")

    def _files(self) -> dict[Path, _File]:
        paths = sorted(one for one in self._folder.iterdir() if one.suffix.lower() in _SUFFIXES and one.is_file())
        self._seen = {path: self._file(path) for path in paths}
        return self._seen

    def _file(self, path: Path) -> _File:
        stat = path.stat()
        stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        known = self._seen.get(path)
        if known is not None and known.stamp == stamp:
            return known
        try:
            with path.open("rb") as file:
                found = read_certificates(file.read(LARGEST + 1))
        except ValueError:
            return _File(stamp, broken=True)
        return _File(stamp, tuple((frozenset(name.key for name in addresses_of(one)), one) for one in found))
