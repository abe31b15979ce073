"""Certificates in a directory: PEM or DER files, matched by the e-mail address in their SAN.

A file that bears the address as its name but no such SAN never serves: the answer is `untrusted`, and says why. Files
are read again when they change. A file that is no certificate is passed over; a directory that cannot be listed is
`unreachable`, which never means a plain send.
"""

from __future__ import annotations

import threading
from datetime import datetime
from pathlib import Path

from cryptography import x509

from gateway.adapters.keydirectory.answers import is_authority, read_certificates
from gateway.adapters.keydirectory.trust import Trust
from gateway.domain.address import Address
from gateway.ports.keys import KeyAnswer, KeyKind, KeyState
from gateway.seal.certificate_names import addresses_of, domains_of

_SUFFIXES = frozenset({".pem", ".crt", ".cer", ".der"})
_Stamp = tuple[int, int, int]


class FolderDirectory:
    """The directory `[keys] recipients`. Thread-safe."""

    def __init__(self, folder: Path, trust: Trust | None = None) -> None:
        self._folder, self._trust = folder, trust or Trust()
        self._lock = threading.Lock()
        self._seen: dict[Path, tuple[_Stamp, tuple[tuple[frozenset[str], x509.Certificate], ...]]] = {}

    def find(self, address: Address, at: datetime, kind: KeyKind = KeyKind.SMIME) -> KeyAnswer:
        """The best certificate whose SAN names the address."""
        if kind is KeyKind.OPENPGP:
            return KeyAnswer(KeyState.NONE)
        try:
            with self._lock:
                entries = self._entries(address.key)
        except OSError:
            return KeyAnswer(KeyState.UNREACHABLE, reason="the directory of certificates cannot be read")
        theirs = [one for keys, one in entries if address.key in keys]
        if kind is KeyKind.DIRECT:
            theirs += [one for _, one in entries if address.domain in domains_of(one)]
        # Files from people often hold the whole chain.
        authorities = [one for _, one in entries if is_authority(one)] if theirs else []
        return self._trust.judge(theirs, address, at, kind, intermediates=authorities, own=True)

    def _entries(self, wanted: str) -> list[tuple[frozenset[str], x509.Certificate]]:
        """Every certificate with the addresses it may be meant for: its SAN's, and the wanted one if its file says so."""
        paths = sorted(one for one in self._folder.iterdir() if one.suffix.lower() in _SUFFIXES and one.is_file())
        self._seen = {path: self._file(path) for path in paths}
        return [
            (names | {wanted} if path.stem.lower() == wanted and not is_authority(one) else names, one)
            for path, (_, entries) in self._seen.items() for names, one in entries
        ]  # fmt: skip

    def _file(self, path: Path) -> tuple[_Stamp, tuple[tuple[frozenset[str], x509.Certificate], ...]]:
        stat = path.stat()
        stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        known = self._seen.get(path)
        if known is not None and known[0] == stamp:
            return known
        try:
            found = read_certificates(path)
        except ValueError:
            found = []
        return stamp, tuple((frozenset(name.key for name in addresses_of(one)), one) for one in found)
