"""Certificates and OpenPGP keys that staff imported: sealed rows of the database, found by blind index. Only workers can
read them. Each kind has an index and a seal of its own, so that a row of one is never read as the other.

Each import and removal raises a number in the log, to which the row is sealed: a removed certificate that somebody puts
back into the database is none, and neither is a list with one taken out.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.adapters.keydirectory.openpgp_answers import judge_openpgp
from gateway.adapters.keydirectory.trust import Trust
from gateway.domain.address import Address
from gateway.domain.audit import Event, EventKind, Scalar
from gateway.domain.errors import IntegrityError, StoreUnavailable
from gateway.domain.register_rows import RECIPIENT_KEY, RECIPIENT_OPENPGP, RecipientKeyRow
from gateway.ports.keys import KeyAnswer, KeyKind, KeyState
from gateway.ports.store import Store, UnitOfWork
from gateway.seal.columns import BlindIndex, Columns
from gateway.seal.openpgp_keys import Certificate, read_certificates

_FORMS = {
    KeyKind.SMIME: (RECIPIENT_KEY, "recipient_key.certificate"),
    KeyKind.DIRECT: (RECIPIENT_KEY, "recipient_key.certificate"),
    KeyKind.OPENPGP: (RECIPIENT_OPENPGP, "recipient_key.openpgp"),
}
"""By kind, the blind index that finds its rows, and the column that they are sealed as."""
OPENPGP_SOURCE = "openpgp"
"""The `source` of an imported OpenPGP key's row."""


class StoreDirectory:
    """Reads, and makes, the rows of imported certificates. Not to be asked inside a transaction: it begins its own."""

    def __init__(self, store: Store, columns: Columns, index: BlindIndex, trust: Trust | None = None) -> None:
        self._store, self._columns, self._index, self._trust = store, columns, index, trust or Trust()

    def find(self, address: Address, at: datetime, kind: KeyKind = KeyKind.SMIME) -> KeyAnswer:
        """The best imported certificate or key for the address."""
        tag = self._index.address(_FORMS[kind][0], address)
        try:
            with self._store.begin() as uow:
                uow.register.version(lock=True)  # a removal between this and the look into the log is no forgery
                rows = uow.register.recipient_keys(tag)
                try:
                    if {row.fingerprint: row.version for row in rows} != in_force(uow, tag):
                        raise IntegrityError("the imported certificates are not those of the log")
                    if kind is KeyKind.OPENPGP:
                        return judge_openpgp([self.openpgp_key(row) for row in rows], address, at, "database")
                    certificates = [self.certificate(row) for row in rows]
                except IntegrityError as error:
                    data: dict[str, Scalar] = {"code": error.code, "step": "recipient certificate"}
                    uow.audit.append(Event(EventKind.INTEGRITY, data=data), at)
                    what = "OpenPGP key" if kind is KeyKind.OPENPGP else "certificate"
                    return KeyAnswer(KeyState.UNTRUSTED, reason=f"an imported {what} was changed in the database")
        except StoreUnavailable:
            return KeyAnswer(KeyState.UNREACHABLE, reason="the database cannot be reached")
        return self._trust.judge(certificates, address, at, kind, own=True)

    def put(
        self, uow: UnitOfWork, certificate: x509.Certificate, address: Address, source: str, at: datetime, actor: str
    ) -> str:  # fmt: skip
        """Import a certificate for one of its addresses; returns its fingerprint."""
        der = certificate.public_bytes(Encoding.DER)
        fingerprint = hashlib.sha256(der).hexdigest()
        self._put(uow, KeyKind.SMIME, RecipientKeyRow(fingerprint, b"", der, source, at), address, actor)
        return fingerprint

    def put_openpgp(self, uow: UnitOfWork, key: Certificate, address: Address, at: datetime, actor: str) -> str:
        """Import an OpenPGP key for one of its addresses, in place of an older state of the same key; returns its fingerprint."""
        row = RecipientKeyRow(key.fingerprint, b"", key.whole, OPENPGP_SOURCE, at)
        self._put(uow, KeyKind.OPENPGP, row, address, actor)
        return key.fingerprint

    def _put(self, uow: UnitOfWork, kind: KeyKind, row: RecipientKeyRow, address: Address, actor: str) -> None:
        uow.register.alone()  # as with every change of the register: whoever sends has committed it, or meets this one
        index, column = _FORMS[kind]
        tag = self._index.address(index, address)
        version = versions_of(uow, tag).get(row.fingerprint, (0, False))[0] + 1
        sealed = self._columns.seal(column, row_place(row.fingerprint, tag, version), row.certificate)
        uow.register.put_recipient_key(replace(row, tag=tag, certificate=sealed, version=version))
        self._tell(uow, tag, row.fingerprint, version, actor, row.added_at, present=True)

    def remove(self, uow: UnitOfWork, fingerprint: str, at: datetime, actor: str) -> int:
        """Remove a certificate from every address; returns from how many."""
        uow.register.alone()
        rows = [row for row in uow.register.recipient_keys() if row.fingerprint == fingerprint]
        for row in rows:
            version = max(row.version, versions_of(uow, row.tag).get(fingerprint, (0, False))[0]) + 1
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
        uow.audit.append(Event(EventKind.REGISTER_CHANGED, chain_of(tag), actor=actor, data=data), at)

    def answer(self, certificate: x509.Certificate, address: Address, at: datetime) -> KeyAnswer:
        """What `find` would say of this certificate alone, once it is imported."""
        return self._trust.judge([certificate], address, at, own=True)

    def certificate(self, row: RecipientKeyRow) -> x509.Certificate:
        """The certificate of a row; IntegrityError when it was changed or moved."""
        try:
            return x509.load_der_x509_certificate(self._opened(row, KeyKind.SMIME))
        except ValueError as error:
            raise IntegrityError("an imported certificate cannot be read") from error

    def openpgp_key(self, row: RecipientKeyRow) -> Certificate:
        """The OpenPGP key of a row; IntegrityError when it was changed or moved."""
        try:
            [key] = read_certificates(self._opened(row, KeyKind.OPENPGP))
        except ValueError as error:
            raise IntegrityError("an imported OpenPGP key cannot be read") from error
        return key

    def _opened(self, row: RecipientKeyRow, kind: KeyKind) -> bytes:
        return self._columns.open(_FORMS[kind][1], row_place(row.fingerprint, row.tag, row.version), row.certificate)


def row_place(fingerprint: str, tag: bytes, version: int) -> str:
    """What a row's seal is bound to: it opens nowhere else, and under no other version."""
    return f"{fingerprint}:{tag.hex()}:{version}"


def chain_of(tag: bytes) -> str:
    """The log's name for the changes of one address's keys."""
    return f"certificates:{tag.hex()}"


def versions_of(uow: UnitOfWork, tag: bytes) -> dict[str, tuple[int, bool]]:
    """By fingerprint, the newest number that the log tells, and whether the certificate is in force under it."""
    found: dict[str, tuple[int, bool]] = {}
    for row in uow.audit.of_message(chain_of(tag)):
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


def in_force(uow: UnitOfWork, tag: bytes) -> dict[str, int]:
    """By fingerprint, the version of each key that the log has in force."""
    return {one: version for one, (version, present) in versions_of(uow, tag).items() if present}
