"""Certificates that staff imported: sealed rows of the database, found by blind index. Only workers can read them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.adapters.keydirectory.answers import judge
from gateway.domain.address import Address
from gateway.domain.errors import IntegrityError, StoreUnavailable
from gateway.domain.register_rows import RecipientKeyRow
from gateway.ports.keys import KeyAnswer, KeyState
from gateway.ports.store import Store
from gateway.seal.columns import BlindIndex, Columns

_COLUMN, _INDEX = "recipient_key.certificate", "recipient_key"


class StoreDirectory:
    """Reads, and makes, the rows of imported certificates. Not to be asked inside a transaction: it begins its own."""

    def __init__(
        self, store: Store, columns: Columns, index: BlindIndex, anchors: Sequence[x509.Certificate] | None = None
    ) -> None:
        self._store, self._columns, self._index, self._anchors = store, columns, index, anchors

    def find(self, address: Address, at: datetime) -> KeyAnswer:
        """The best imported certificate for the address."""
        try:
            with self._store.begin() as uow:
                rows = uow.register.recipient_keys(self._index.address(_INDEX, address))
        except StoreUnavailable:
            return KeyAnswer(KeyState.UNREACHABLE, reason="the database cannot be reached")
        try:
            certificates = [self.certificate(row) for row in rows]
        except IntegrityError:
            return KeyAnswer(KeyState.UNTRUSTED, reason="an imported certificate was changed in the database")
        return judge(certificates, address, at, self._anchors)

    def answer(self, certificate: x509.Certificate, address: Address, at: datetime) -> KeyAnswer:
        """What `find` would say of this certificate alone, once it is imported."""
        return judge([certificate], address, at, self._anchors)

    def certificate(self, row: RecipientKeyRow) -> x509.Certificate:
        """The certificate of a row; IntegrityError when it was changed or moved."""
        der = self._columns.open(_COLUMN, row.fingerprint, row.certificate)
        try:
            return x509.load_der_x509_certificate(der)
        except ValueError as error:
            raise IntegrityError("an imported certificate cannot be read") from error

    def row(self, certificate: x509.Certificate, address: Address, source: str, at: datetime) -> RecipientKeyRow:
        """The row of a certificate for one of its addresses."""
        der = certificate.public_bytes(Encoding.DER)
        fingerprint = hashlib.sha256(der).hexdigest()
        sealed = self._columns.seal(_COLUMN, fingerprint, der)
        return RecipientKeyRow(fingerprint, self._index.address(_INDEX, address), sealed, source, at)
