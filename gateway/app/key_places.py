"""Where own keys lie that are not in their database row: private files of the keys directory, tokens, key services.

A place is a URI: `file:NAME` under `keys/mail/`, `pkcs11:…` (RFC 7512), `awskms:///ID?region=…`. Nothing is opened before it
is needed, and each place once a process.
"""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from gateway.adapters.durable import make_folder
from gateway.adapters.signing.uri import TokenUri
from gateway.app import keyfiles
from gateway.app.new_files import write_new
from gateway.domain.errors import ConfigError
from gateway.ports.signing import SigningKey
from gateway.seal.private_keys import KeyAlgorithm, PrivateKey, key_id
from gateway.seal.remote_keys import private_key

MAIL_KEYS = "mail"
"""The folder of mail keys in files, inside the keys directory."""


class KeyPlaces:
    """Opens keys by place, and keeps what is open."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / MAIL_KEYS
        self._opened: dict[str, PrivateKey] = {}
        self._tokens: dict[str, SigningKey] = {}

    def open(self, place: str) -> PrivateKey:
        """The key at that place; ConfigError when it is none, KeyUnreachable when token or service do not answer now."""
        if place not in self._opened:
            scheme, _, rest = place.partition(":")
            if scheme == "file":
                self._opened[place] = self._file(rest)
            elif scheme == "pkcs11":
                self._opened[place] = private_key(self._tokens.setdefault(place, _token(place)))
            elif scheme == "awskms":
                self._opened[place] = private_key(_service(place))
            else:
                raise ConfigError(f"an own key lies at {scheme}:, which this version does not know")
        return self._opened[place]

    def make_file(self, key: PrivateKey) -> str:
        """Write a new key into the folder of mail keys; returns its place."""
        name = f"{key_id(key.public_key())[:16]}.key"
        make_folder(self._folder)
        write_new(self._folder / name, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return f"file:{name}"

    def make_in_token(self, token: str, algorithm: KeyAlgorithm, identifier: bytes) -> str:
        """Make a key in the token of `own_keys.token`; returns its place, the token's URI with the key's id."""
        from gateway.adapters.signing.pkcs11_token import make_token_key

        uri = TokenUri.parse(token)
        make_token_key(uri, _pin(uri), algorithm, f"sealgate-{identifier.hex()[:16]}", identifier)
        head, question, query = token.partition("?")
        return f"{head.rstrip(';')};id={''.join(f'%{one:02X}' for one in identifier)}{question}{query}"

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


def _token(place: str) -> SigningKey:
    from gateway.adapters.signing.pkcs11_token import TokenKey  # a library of C that only who has a token needs

    uri = TokenUri.parse(place)
    return TokenKey(uri, lambda: _pin(uri))


def _service(place: str) -> SigningKey:
    from gateway.adapters.signing.aws_kms import KmsKey

    return KmsKey(place)


def _pin(uri: TokenUri) -> str | None:
    return None if uri.pin_file is None else keyfiles.read_private(uri.pin_file).decode("utf-8", "replace").strip()
