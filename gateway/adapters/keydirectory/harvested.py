"""Certificates out of signed mail: kept only from authors who were verified, and asked for after all that staff imported.

The row is the imported certificates' own, under an index and a seal of its own, so that neither is ever read as the other.
What is kept was judged by the anchors for the address's domain when it came in, and is judged again whenever it is asked for.
What the signer said that they read (SMIMECapabilities) is sealed beside the certificate.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.adapters.keydirectory.answers import is_authority
from gateway.adapters.keydirectory.imported import chain_of, in_force, row_place, versions_of
from gateway.adapters.keydirectory.trust import Trust
from gateway.domain.address import Address
from gateway.domain.audit import Event, EventKind, Scalar
from gateway.domain.errors import IntegrityError, StoreUnavailable
from gateway.domain.register_rows import RECIPIENT_HARVEST, RecipientKeyRow
from gateway.ports.keys import KeyAnswer, KeyKind, KeyState
from gateway.ports.store import Store, UnitOfWork
from gateway.seal.certificate_names import addresses_of
from gateway.seal.columns import BlindIndex, Columns

SOURCE = "harvest"
_COLUMN = "recipient_key.harvested"
_CANDIDATES, _MOST = 8, 20
"""Certificates of one mail that are judged, and certificates of one address that are kept."""


@dataclass(frozen=True, slots=True)
class _Kept:
    certificate: x509.Certificate = field(repr=False)
    capabilities: frozenset[str]
    along: tuple[x509.Certificate, ...] = field(repr=False)
    row: RecipientKeyRow


class HarvestDirectory:
    """Keeps and finds harvested certificates. Not to be asked inside a transaction: it begins its own."""

    def __init__(self, store: Store, columns: Columns, index: BlindIndex, trust: Trust) -> None:
        self._store, self._columns, self._index, self._trust = store, columns, index, trust

    def find(self, address: Address, at: datetime, kind: KeyKind = KeyKind.SMIME) -> KeyAnswer:
        """The latest certificate of the address from which a chain still leads to an anchor."""
        if kind is not KeyKind.SMIME:
            return KeyAnswer(KeyState.NONE)
        try:
            with self._store.begin() as uow:
                uow.register.version(lock=True)
                kept = self._kept(uow, address)
        except IntegrityError as error:
            with self._store.begin() as uow:
                data: dict[str, Scalar] = {"code": error.code, "step": "harvested certificate"}
                uow.audit.append(Event(EventKind.INTEGRITY, data=data), at)
            return KeyAnswer(KeyState.UNTRUSTED, reason="a harvested certificate was changed in the database")
        except StoreUnavailable:
            return KeyAnswer(KeyState.UNREACHABLE, reason="the database cannot be reached")
        answer = self._trust.judge(
            [one.certificate for one in kept], address, at, intermediates=self._authorities(kept)
        )
        said = next((one.capabilities for one in kept if one.row.fingerprint == answer.fingerprint), frozenset())
        return replace(answer, capabilities=answer.capabilities | said, source=SOURCE)

    def keep(self, certificates: Sequence[bytes], address: Address, capabilities: frozenset[str], at: datetime) -> bool:
        """Of the certificates (DER) that came with a verified signature, the best that mail to the address may be sealed to;
        False where there is none, or nothing new. Begins a transaction of its own.
        """
        found = [x509.load_der_x509_certificate(one) for one in certificates]
        theirs = [one for one in found if any(each.same_mailbox(address) for each in addresses_of(one))]
        others = [one for one in found if one not in theirs]
        answer = self._trust.judge(theirs[:_CANDIDATES], address, at, intermediates=others)
        if answer.state is not KeyState.VALID:
            return False
        fingerprint, along = answer.fingerprint, [one for one in others if is_authority(one)][:_CANDIDATES]
        with self._store.begin() as uow:
            uow.register.alone()
            kept = self._kept(uow, address)
            known = next((one for one in kept if one.row.fingerprint == fingerprint), None)
            if (known is not None and known.capabilities == capabilities) or (known is None and len(kept) >= _MOST):
                return False
            self._put(uow, fingerprint, _text(answer.certificate, capabilities, along), address, at)
        return True

    def _put(self, uow: UnitOfWork, fingerprint: str, text: bytes, address: Address, at: datetime) -> None:
        tag = self._index.address(RECIPIENT_HARVEST, address)
        version = versions_of(uow, tag).get(fingerprint, (0, False))[0] + 1
        sealed = self._columns.seal(_COLUMN, row_place(fingerprint, tag, version), text)
        uow.register.put_recipient_key(RecipientKeyRow(fingerprint, tag, sealed, SOURCE, at, version))
        data: dict[str, Scalar] = {
            "what": "harvested certificate", "fingerprint": fingerprint, "version": version, "present": True,
        }  # fmt: skip
        uow.audit.append(Event(EventKind.REGISTER_CHANGED, chain_of(tag), actor="gateway", data=data), at)

    def _kept(self, uow: UnitOfWork, address: Address) -> list[_Kept]:
        tag = self._index.address(RECIPIENT_HARVEST, address)
        rows = uow.register.recipient_keys(tag)
        if {row.fingerprint: row.version for row in rows} != in_force(uow, tag):
            raise IntegrityError("the harvested certificates are not those of the log")
        return [self._opened(row) for row in rows]

    def certificate(self, row: RecipientKeyRow) -> x509.Certificate:
        """The certificate of a row; IntegrityError when it was changed or moved."""
        return self._opened(row).certificate

    def _opened(self, row: RecipientKeyRow) -> _Kept:
        text = self._columns.open(_COLUMN, row_place(row.fingerprint, row.tag, row.version), row.certificate)
        try:
            der, names, along = json.loads(text)
            authorities = tuple(x509.load_der_x509_certificate(b64decode(one)) for one in along)
            return _Kept(x509.load_der_x509_certificate(b64decode(der)), frozenset(names), authorities, row)
        except ValueError as error:
            raise IntegrityError("a harvested certificate cannot be read") from error

    @staticmethod
    def _authorities(kept: Sequence[_Kept]) -> list[x509.Certificate]:
        return list({each.fingerprint(hashes.SHA256()): each for one in kept for each in one.along}.values())


def _text(der: bytes, capabilities: frozenset[str], along: Sequence[x509.Certificate]) -> bytes:
    """The certificate, what its holder reads, and the authorities that came along and may be needed for its chain."""
    written = [b64encode(one.public_bytes(Encoding.DER)).decode() for one in along]
    return json.dumps([b64encode(der).decode(), sorted(capabilities), written]).encode()
