"""The practice's own S/MIME keys in the store: one sealed row a name, each change with its row of the log in one transaction.

The log tells the number of the newest change. A row with a smaller one was put back by somebody who can write the
database: it signs nothing, with an `integrity` event. What it can read it may still read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_der_private_key

from gateway.domain.address import Address
from gateway.domain.audit import Event, EventKind, Scalar
from gateway.domain.errors import IntegrityError, SealingFailed
from gateway.domain.register_rows import OwnKeyRow
from gateway.ports.store import Store, UnitOfWork
from gateway.seal.columns import BlindIndex, Columns
from gateway.seal.own_keys import (
    SEALED,
    KeyRing,
    Life,
    OwnKey,
    OwnName,
    Purpose,
    decode_ring,
    encode_ring,
)
from gateway.seal.private_keys import PrivateKey, key_id
from gateway.seal.told import greatest

_COLUMN, _INDEX = "own_key.sealed", "own_key"

Places = Callable[[str], PrivateKey]
"""Opens the key that lies at a place outside the row; a permanent or temporary error when it is not there."""


def no_places(place: str) -> PrivateKey:
    """For an installation whose keys all lie in their rows."""
    raise SealingFailed(f"an own key lies at a place that this process cannot open ({place.partition(':')[0]})")


@dataclass(frozen=True, slots=True)
class OwnKeys:
    """Reads and changes the rows. Only workers have the column and index keys for it."""

    store: Store
    columns: Columns = field(repr=False)
    index: BlindIndex = field(repr=False)
    places: Places = field(default=no_places, repr=False)

    def ring(self, uow: UnitOfWork, name: OwnName) -> KeyRing:
        """A name's keys, empty for a new one; IntegrityError when the row is not the one that the log tells of."""
        tag = self._tag(name)
        row, told = uow.register.own_keys(tag), self._told(uow, tag)
        if row is None and told == 0:
            return KeyRing(name)
        if row is None:
            raise IntegrityError("the keys of an own address are gone from the database")
        ring = self._opened(row)
        if ring.version < told or not same_name(ring.name, name):
            raise IntegrityError("the keys of an own address are not the last ones")
        return ring

    def salvaged(self, uow: UnitOfWork, name: OwnName) -> KeyRing:
        """What can still be read of a row that does not hold: its keys for reading. Nothing of it signs."""
        try:
            row = uow.register.own_keys(self._tag(name))
            ring = KeyRing(name) if row is None else self._opened(row)
        except IntegrityError:
            return KeyRing(name)
        return KeyRing(name, ring.version, tuple(_reading_only(ring.keys)))

    def was_imported(self, uow: UnitOfWork, name: OwnName) -> bool:
        """Whether this name ever had a certificate of another authority than the built-in one, as the log tells."""
        rows = uow.audit.of_message(_chain(self._tag(name)))
        return any(row.event.kind is EventKind.KEY_IMPORTED for row in rows)

    def rings(self, uow: UnitOfWork) -> list[KeyRing]:
        """Every name's keys, by name; rows that do not open are left out."""
        found = []
        for row in uow.register.all_own_keys():
            try:
                found.append(self._opened(row))
            except IntegrityError:
                continue
        return sorted(found, key=lambda one: str(one.name))

    def keep(
        self, uow: UnitOfWork, ring: KeyRing, kind: EventKind, key: OwnKey, at: datetime, *, actor: str = "", why: str = ""
    ) -> KeyRing:  # fmt: skip
        """Write a ring with the row of the log that tells of its change to that key; returns it with its new version."""
        tag = self._tag(ring.name)
        kept = replace(ring, version=max(ring.version, self._told(uow, tag)) + 1)
        uow.register.put_own_keys(
            OwnKeyRow(tag, kept.version, self.columns.seal(_COLUMN, tag.hex(), encode_ring(kept)))
        )  # fmt: skip
        data: dict[str, Scalar] = {"what": "own mail key", "key": key.id, "version": kept.version}
        if kind in {EventKind.KEY_MADE, EventKind.KEY_IMPORTED}:
            data["until"] = int(key.until.timestamp()) if key.until else 0
        if why:
            data["why"] = why
        uow.audit.append(Event(kind, _chain(tag), actor=actor, data=data), at)
        return kept

    def activate(
        self, uow: UnitOfWork, ring: KeyRing, key: OwnKey, kind: EventKind, at: datetime, actor: str = ""
    ) -> KeyRing:  # fmt: skip
        """Put a key to work and retire those that it replaces, each with its row of the log."""
        ring, retired = ring.activated(key, at)
        ring = self.keep(uow, ring, kind, key, at, actor=actor)
        for one in retired:
            ring = self.keep(uow, ring, EventKind.KEY_RETIRED, one, at, actor=actor)
        return ring

    def private(self, key: OwnKey) -> PrivateKey:
        """The private half, from its row or its place; IntegrityError when it is another one than the row says."""
        found = _unsealed(key.secret) if key.place == SEALED else self.places(key.place)
        if not isinstance(found, PrivateKey):
            raise SealingFailed("an own key has an unknown form")
        if key_id(found.public_key()) != key.id:
            raise IntegrityError("an own key is not the one that its row names")
        return found

    def decryption(self, at: datetime) -> list[tuple[x509.Certificate, PrivateKey]]:
        """Every own certificate that inbound mail may be encrypted to, with its key, the newest of each name first: active,
        retired and revoked ones, until some time after their end. A key whose place does not answer is an error, not left out.
        """
        with self.store.begin() as uow:
            rings = self.rings(uow)
        return [(one.certificate, self.private(one)) for ring in rings for one in ring.readers(at)]

    def _opened(self, row: OwnKeyRow) -> KeyRing:
        ring = decode_ring(self.columns.open(_COLUMN, row.tag.hex(), row.sealed))
        if ring.version != row.version:
            raise IntegrityError("the keys of an own address have another version than their row")
        return ring

    def _told(self, uow: UnitOfWork, tag: bytes) -> int:
        return greatest(uow.audit, _chain(tag), "version")

    def _tag(self, name: OwnName) -> bytes:
        return self.index.address(_INDEX, name) if isinstance(name, Address) else self.index.domain(_INDEX, name)


def _unsealed(secret: bytes) -> object:
    """The key in a row. RSA numbers were proved when the key was made or brought, and the row is sealed: to prove the primes
    again at each mail takes a fifth of a second.
    """
    return load_der_private_key(secret, password=None, unsafe_skip_rsa_key_validation=True)


def same_name(one: OwnName, other: OwnName) -> bool:
    """Whether both are one mailbox or one domain."""
    keys = [name.key if isinstance(name, Address) else name for name in (one, other)]
    return keys[0] == keys[1]


def _reading_only(keys: Iterable[OwnKey]) -> Iterator[OwnKey]:
    for one in keys:
        if one.purpose.reads and one.chain:
            yield replace(one, purpose=Purpose.DECRYPT, life=Life.RETIRED)


def _chain(tag: bytes) -> str:
    return f"signer:{tag.hex()}"
