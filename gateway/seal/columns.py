"""Sealed columns, blind indexes and MACs: what lies in the database and only workers can read or check.

Every derived key comes from a root by HKDF-SHA256 under a context; the version byte in front lets roots rotate.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import unicodedata

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.domain.address import Address
from gateway.domain.errors import IntegrityError
from gateway.domain.protected import Protected
from gateway.ports.vault import Seal
from gateway.seal.context import context

_VERSION = b"\x01"
_NONCE = 12


def derive(root: Protected[bytes], info: bytes, salt: bytes | None = None) -> bytes:
    """32 bytes by HKDF-SHA256 (RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=info).derive(root.reveal())


class Columns:
    """Seals and opens column values with AES-256-GCM; bound to installation, column and row."""

    def __init__(self, root: Protected[bytes], installation: str) -> None:
        self._root, self._installation = root, installation
        self._ciphers: dict[str, AESGCM] = {}

    def seal(self, column: str, row_id: str, value: bytes) -> bytes:
        """Version, nonce, ciphertext. `column` is `table.column`."""
        nonce = os.urandom(_NONCE)
        return _VERSION + nonce + self._cipher(column).encrypt(nonce, value, self._bound(column, row_id))

    def open(self, column: str, row_id: str, sealed: bytes) -> bytes:
        """The value; IntegrityError when it was sealed for another place or changed."""
        if sealed[:1] != _VERSION:
            raise IntegrityError(f"the column {column} has an unknown key version")
        nonce, body = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        try:
            return self._cipher(column).decrypt(nonce, body, self._bound(column, row_id))
        except (InvalidTag, ValueError) as error:
            raise IntegrityError(f"a value of {column} was changed or moved") from error

    def _cipher(self, column: str) -> AESGCM:
        if column not in self._ciphers:
            self._ciphers[column] = AESGCM(derive(self._root, context(self._installation, Seal.COLUMN, column)))
        return self._ciphers[column]

    def _bound(self, column: str, row_id: str) -> bytes:
        return context(self._installation, Seal.COLUMN, row_id, column, "1")


class BlindIndex:
    """Keyed hashes by which workers look up an address, phone or record number without storing it readable."""

    def __init__(self, root: Protected[bytes], installation: str) -> None:
        self._root, self._installation = root, installation
        self._keys: dict[str, bytes] = {}

    def address(self, kind: str, address: Address) -> bytes:
        """Tag of an e-mail address in its one normal form."""
        return self._tag(kind, address.key)

    def domain(self, kind: str, domain: str) -> bytes:
        """Tag of a mail domain in its one normal form; no address has the same."""
        return self._tag(kind, f"@{domain}")

    def phone(self, number: str) -> bytes:
        """Tag of a telephone number."""
        return self._tag("phone", normal_phone(number))

    def mrn(self, number: str) -> bytes:
        """Tag of a medical record number."""
        return self._tag("mrn", normal_mrn(number))

    def _tag(self, kind: str, value: str) -> bytes:
        if kind not in self._keys:
            self._keys[kind] = derive(self._root, context(self._installation, Seal.INDEX, kind))
        return _VERSION + hmac.digest(self._keys[kind], value.encode(), hashlib.sha256)


def normal_phone(number: str) -> str:
    """Digits with country code; ten digits count as North American (+1)."""
    digits = re.sub(r"\D", "", unicodedata.normalize("NFKC", number))
    return f"1{digits}" if len(digits) == 10 else digits


def normal_mrn(number: str) -> str:
    """Letters and digits, case-folded."""
    return "".join(one for one in unicodedata.normalize("NFKC", number).casefold() if one.isalnum())


class Mac:
    """HMAC-SHA256 under a key of one purpose."""

    def __init__(self, root: Protected[bytes], installation: str, purpose: Seal) -> None:
        self._key = derive(root, context(installation, purpose, "mac"))

    def tag(self, message: bytes) -> bytes:
        """32 bytes."""
        return hmac.digest(self._key, message, hashlib.sha256)

    def holds(self, message: bytes, tag: bytes) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(self.tag(message), tag)
