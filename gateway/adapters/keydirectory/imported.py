"""Certificates that staff imported: sealed rows of the database, found by blind index. Only workers can read them.

Each import and removal raises a number in the log, to which the row is sealed: a removed certificate that somebody puts
back into the database is none, and neither is a list with one taken out.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.adapters.keydirectory.trust import Trust
from gateway.domain.address import Address
from gateway.domain.audit import Event, EventKind, Scalar
from gateway.domain.errors import IntegrityError, StoreUnavailable
from gateway.domain.register_rows import RECIPIENT_KEY, RecipientKeyRow
from gateway.ports.keys import KeyAnswer, KeyKind, KeyState
from gateway.ports.store import Store, UnitOfWork
from gateway.seal.columns import BlindIndex, Columns

_COLUMN = "recipient_key.certificate"


class StoreDirectory:
    """Reads, and makes, the rows of imported certificates. Not to be asked inside a transaction: it begins its own."""

    def __init__(self, store: Store, columns: Columns, index: BlindIndex, trust: Trust | None = None) -> None:
        self._store, self._columns, self._index, self._trust = store, columns, index, trust or Trust()

    def find(self, address: Address, at: datetime, kind: KeyKind = KeyKind.SMIME) -> KeyAnswer:
        """The best imported certificate for the address."""
        if kind is KeyKind.OPENPGP:
            return KeyAnswer(KeyState.NONE)
        tag = self._index.address(RECIPIENT_KEY, address)
        try:
            with self._store.begin() as uow:
                uow.register.version(lock=True)  # a removal between this and the look into the log is no forgery
                rows = uow.register.recipient_keys(tag)
                try:
                    if {row.fingerprint: row.version for row in rows} != _in_force(uow, tag):
                        raise IntegrityError("the imported certificates are not those of the log")
                    certificates = [self.certificate(row) for row in rows]
                except IntegrityError as error:
                    data: dict[str, Scalar] = {"code": error.code, "step": "recipient certificate"}
                    uow.audit.append(Event(EventKind.INTEGRITY, data=data), at)
                    return KeyAnswer(KeyState.UNTRUSTED, reason="an imported certificate was changed in the database")
        except StoreUnavailable:
            return KeyAnswer(KeyState.UNREACHABLE, reason="the database cannot be reached")
        return self._trust.judge(certificates, address, at, kind, own=True)

    def put(
        self, uow: UnitOfWork, certificate: x509.Certificate, address: Address, source: str, at: datetime, actor: str
    ) -> str:  # fmt: skip
        """Import a certificate for one of its addresses; returns its fingerprint."""
        uow.register.alone()  # as with every change of the register: whoever sends has committed it, or meets this one
        der = certificate.public_bytes(Encoding.DER)
        fingerprint, tag = hashlib.sha256(der).hexdigest(), self._index.address(RECIPIENT_KEY, address)
        version = _versions(uow, tag).get(fingerprint, (0, False))[0] + 1
        sealed = self._columns.seal(_COLUMN, _place(fingerprint, tag, version), der)
        uow.register.put_recipient_key(RecipientKeyRow(fingerprint, tag, sealed, source, at, version))
        self._tell(uow, tag, fingerprint, version, actor, at, present=True)
        return fingerprint

    def remove(self, uow: UnitOfWork, fingerprint: str, at: datetime, actor: str) -> int:
        """Remove a certificate from every address; returns from how many."""
        uow.register.alone()
        rows = [row for row in uow.register.recipient_keys() if row.fingerprint == fingerprint]
        for row in rows:
            version = max(row.version, _versions(uow, row.tag).get(fingerprint, (0, False))[0]) + 1
            self._tell(uow, row.tag, fingerprint, version, actor, at, present=False)
        uow.register.drop_recipient_key(fingerprint)
        return len(rows)

    @staticmethod
    def _tell(
        uow: UnitOfWork, tag: bytes, fingerprint: str, version: int, actor: str, at: datetime, *, present: bool
    ) -> None:  # fmt: skip
        data: dict[str, Scalar] = {
            "what": "recipient certificate", "fingerprint": fingerprint, "version": version, "present": present,
        }  # fmt: skip
        uow.audit.append(Event(EventKind.REGISTER_CHANGED, _chain(tag), actor=actor, data=data), at)

    def answer(self, certificate: x509.Certificate, address: Address, at: datetime) -> KeyAnswer:
        """What `find` would say of this certificate alone, once it is imported."""
        return self._trust.judge([certificate], address, at, own=True)

    def certificate(self, row: RecipientKeyRow) -> x509.Certificate:
        """The certificate of a row; IntegrityError when it was changed or moved."""
        der = self._columns.open(_COLUMN, _place(row.fingerprint, row.tag, row.version), row.certificate)
        try:
            return x509.load_der_x509_certificate(der)
        except ValueError as error:
            raise IntegrityError("an imported certificate cannot be read") from error


def _place(fingerprint: str, tag: bytes, version: int) -> str:
    return f"{fingerprint}:{tag.hex()}:{version}"


def _chain(tag: bytes) -> str:
    return f"certificates:{tag.hex()}"


def _versions(uow: UnitOfWork, tag: bytes) -> dict[str, tuple[int, bool]]:
    """By fingerprint, the newest number that the log tells, and whether the certificate is in force under it."""
    found: dict[str, tuple[int, bool]] = {}
    for row in uow.audit.of_message(_chain(tag)):
        data = row.event.data
        try:
            one, told = str(data["fingerprint"]), (int(data["version"] or 0), data["present"] is True)
        except (KeyError, ValueError) as error:
            raise IntegrityError("the log has a change of a certificate that cannot be read") from error
        if one not in found or told[0] > found[one][0]:
            found[one] = told
        elif told[0] == found[one][0] and not told[1]:
            found[one] = told  # of two rows with one number the removal counts
    return found


def _in_force(uow: UnitOfWork, tag: bytes) -> dict[str, int]:
    return {one: version for one, (version, present) in _versions(uow, tag).items() if present}
