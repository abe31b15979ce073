"""Where own keys lie that are not in their database row: private files of the keys directory, tokens, key services.

A place is a URI: `file:NAME` under `keys/mail/`, `pkcs11:…` (RFC 7512), `awskms:///ID?region=…`. Nothing is opened before it
is needed, and each place once a process.
"""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gateway.app import keyfiles
from gateway.domain.errors import ConfigError
from gateway.seal.private_keys import PrivateKey

MAIL_KEYS = "mail"
"""The folder of mail keys in files, inside the keys directory."""


class KeyPlaces:
    """Opens keys by place, and keeps what is open."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / MAIL_KEYS
        self._opened: dict[str, PrivateKey] = {}

    def open(self, place: str) -> PrivateKey:
        """The key at that place; ConfigError when it is none, KeyUnreachable when token or service do not answer now."""
        if place not in self._opened:
            scheme, _, rest = place.partition(":")
            opener = {"file": self._file}.get(scheme)
            if opener is None:
                raise ConfigError(f"an own key lies at {scheme}:, which this version does not know")
            self._opened[place] = opener(rest)
        return self._opened[place]

    def _file(self, name: str) -> PrivateKey:
        path = self._folder / name
        if path.parent != self._folder:
            raise ConfigError(f"{path}: an own key lies in {self._folder}; put it there")
        try:
            key = load_pem_private_key(keyfiles.read_private(path), password=None)
        except (ValueError, TypeError):
            raise ConfigError(
                f"{path}: is not a private key in PEM without password; put back the right file"
            ) from None
        if not isinstance(key, PrivateKey):
            raise ConfigError(f"{path}: is a private key of a kind that Sealgate cannot use; put back the right file")
        return key
