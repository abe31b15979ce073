"""Senders' S/MIME certificates: one per From address, from the built-in CA at first use, its key a sealed column.

The log tells until when the newest certificate of an address is good, and dates are read from the sealed certificate: an
expired or replaced one that somebody puts back into the database signs nothing; a fresh one is issued.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from gateway.domain.address import Address
from gateway.domain.audit import Event, EventKind, Scalar
from gateway.domain.errors import IntegrityError, SealingFailed
from gateway.domain.register_rows import SenderKeyRow
from gateway.ports.store import Store
from gateway.seal.ca import issue_sender
from gateway.seal.columns import BlindIndex, Columns
from gateway.seal.smime import Signer
from gateway.seal.told import greatest

_CERTIFICATE, _KEY = "sender_key.certificate", "sender_key.key"
_RENEW = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Signers:
    """Finds or issues the signer of an address."""

    store: Store
    columns: Columns = field(repr=False)
    index: BlindIndex = field(repr=False)
    ca: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] = field(repr=False)

    def signer(self, address: Address, at: datetime) -> Signer:
        """The signer whose certificate has this From address in its SAN; SealingFailed if none can be issued."""
        tag = self.index.address("sender_key", address)
        with self.store.begin() as uow:
            row = uow.register.sender_key(tag)
            signer, told = None, greatest(uow.audit, _chain(tag), "until")
            if row is not None:
                try:
                    signer = self._opened(tag, row, told)
                except IntegrityError as error:
                    data: dict[str, Scalar] = {"code": error.code, "step": "sender certificate"}
                    uow.audit.append(Event(EventKind.INTEGRITY, data=data), at)
            if signer is None or signer.certificate.not_valid_after_utc - _RENEW <= at:
                row = self._issue(tag, address, at)
                uow.register.put_sender_key(row)
                until = int(row.not_after.timestamp())
                data = {"what": "sender certificate", "until": until}
                uow.audit.append(Event(EventKind.KEY_MADE, _chain(tag), data=data), at)
                signer = self._opened(tag, row, until)
        return signer

    def _opened(self, tag: bytes, row: SenderKeyRow, until: int) -> Signer:
        certificate = x509.load_der_x509_certificate(self.columns.open(_CERTIFICATE, tag.hex(), row.certificate))
        key = load_der_private_key(self.columns.open(_KEY, tag.hex(), row.key), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise SealingFailed("a sender's signing key has an unknown form")
        if key.public_key() != certificate.public_key() or certificate.not_valid_after_utc.timestamp() < until:
            raise IntegrityError("a sender's certificate is not the last one that was issued")
        return Signer(certificate, key, (self.ca[0],))

    def _issue(self, tag: bytes, address: Address, at: datetime) -> SenderKeyRow:
        certificate, key = issue_sender(*self.ca, address, at)
        der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return SenderKeyRow(
            tag=tag,
            certificate=self.columns.seal(_CERTIFICATE, tag.hex(), certificate.public_bytes(Encoding.DER)),
            key=self.columns.seal(_KEY, tag.hex(), der),
            not_after=certificate.not_valid_after_utc,
        )


def _chain(tag: bytes) -> str:
    return f"signer:{tag.hex()}"
