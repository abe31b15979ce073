"""All S/MIME keys of one of the practice's own names (an address or a domain), as one value: what signs, what reads, what is over.

A key waits for its certificate, is active, is retired when a newer one can do all that it can, or is revoked. The newest
active key that can sign is the only one that signs. Retired and revoked ones read inbound mail until some time after
their certificates end: it may have been written before their replacement was known.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.domain.address import Address, normal_domain
from gateway.domain.errors import IntegrityError, InvalidAddress, SealingFailed

OwnName = Address | str
"""An address, or a whole domain in its normal form."""

SEALED = "sealed"
"""The place of a key that lies in its row itself; other places are URIs."""
READ_ON = timedelta(days=30)
"""How long after a certificate's end its key still reads mail that was long on its way."""


class Purpose(StrEnum):
    """What a key is for; its certificate's key usage says the same."""

    SIGN = "sign"
    DECRYPT = "decrypt"
    BOTH = "both"

    @property
    def signs(self) -> bool:
        """Whether it signs."""
        return self is not Purpose.DECRYPT

    @property
    def reads(self) -> bool:
        """Whether mail is encrypted to it."""
        return self is not Purpose.SIGN


class Life(StrEnum):
    """Where a key is in its life."""

    WAITING = "waiting"
    ACTIVE = "active"
    RETIRED = "retired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class OwnKey:
    """One key pair. `id` is the hash of its public key; `secret` PKCS #8 where `place` is SEALED, else empty; `chain` its
    certificate and those above it, empty while it waits.
    """

    id: str
    purpose: Purpose
    life: Life
    place: str
    made_at: datetime
    secret: bytes = field(default=b"", repr=False)
    chain: tuple[x509.Certificate, ...] = field(default=(), repr=False)
    active_at: datetime | None = None
    ended_at: datetime | None = None
    why: str = ""
    built_in: bool = False
    """Whether the built-in authority issued its certificate, and renews it."""

    @property
    def certificate(self) -> x509.Certificate:
        """Its certificate; SealingFailed while it waits for one."""
        if not self.chain:
            raise SealingFailed("an own key still waits for its certificate")
        return self.chain[0]

    @property
    def until(self) -> datetime | None:
        """When its certificate ends."""
        return self.chain[0].not_valid_after_utc if self.chain else None

    def at_work(self, at: datetime) -> bool:
        """Whether its certificate is good at that time."""
        return bool(self.chain) and self.certificate.not_valid_before_utc <= at <= self.certificate.not_valid_after_utc


@dataclass(frozen=True, slots=True)
class KeyRing:
    """A name's keys, oldest first. `version` rises with every change."""

    name: OwnName
    version: int = 0
    keys: tuple[OwnKey, ...] = ()

    def signer(self, at: datetime) -> OwnKey | None:
        """The key that signs at that time; None where this name never had one. SealingFailed where it has and none may."""
        ever = [one for one in self.keys if one.purpose.signs and one.life is not Life.WAITING]
        active = [one for one in ever if one.life is Life.ACTIVE]
        if not ever:
            return None
        if not active:
            raise SealingFailed(
                "every signing key of this sender was revoked or retired; `sealgate keys generate` makes one"
            )
        newest = max(active, key=lambda one: one.active_at or one.made_at)
        if not newest.at_work(at) and not newest.built_in:
            raise SealingFailed("the certificate of this sender is over; `sealgate keys request` asks for the next one")
        return newest

    def readers(self, at: datetime) -> list[OwnKey]:
        """The keys that may still be needed to read mail, the newest first."""
        kept = [one for one in self.keys if one.purpose.reads and one.until is not None and at <= one.until + READ_ON]
        return sorted(kept, key=lambda one: one.made_at, reverse=True)

    def key(self, key_id: str) -> OwnKey | None:
        """The key of that id."""
        return next((one for one in self.keys if one.id == key_id), None)

    def waiting(self, key: OwnKey) -> KeyRing:
        """With a key more that waits for its certificate."""
        return replace(self, keys=(*self.keys, replace(key, life=Life.WAITING)))

    def activated(self, key: OwnKey, at: datetime) -> tuple[KeyRing, list[OwnKey]]:
        """With that key at work (new, or waiting until now), and the keys that it retires: those that can do no more than it."""
        retired = [one for one in self.keys if one.id != key.id and one.life is Life.ACTIVE and _covers(key, one)]
        ends = {one.id: replace(one, life=Life.RETIRED, ended_at=at) for one in retired}
        others = tuple(ends.get(one.id, one) for one in self.keys if one.id != key.id)
        return replace(self, keys=(*others, replace(key, life=Life.ACTIVE, active_at=at))), retired

    def revoked(self, key_id: str, why: str, at: datetime) -> KeyRing:
        """With that key revoked."""
        keys = tuple(
            replace(one, life=Life.REVOKED, ended_at=at, why=why) if one.id == key_id else one for one in self.keys
        )
        return replace(self, keys=keys)


def _covers(newer: OwnKey, older: OwnKey) -> bool:
    return (newer.purpose.signs or not older.purpose.signs) and (newer.purpose.reads or not older.purpose.reads)


def encode_ring(ring: KeyRing) -> bytes:
    """The bytes to seal."""
    return json.dumps(
        {"name": str(ring.name), "version": ring.version, "keys": [_written(one) for one in ring.keys]}
    ).encode()


def decode_ring(data: bytes) -> KeyRing:
    """The value again; IntegrityError when the bytes are none."""
    try:
        read = json.loads(data)
        return KeyRing(own_name(read["name"]), int(read["version"]), tuple(_read(one) for one in read["keys"]))
    except (ValueError, KeyError, TypeError, InvalidAddress) as error:
        raise IntegrityError("the keys of an own address cannot be read") from error


def own_name(text: str) -> OwnName:
    """An address, or a domain; InvalidAddress for neither."""
    return Address.parse(text) if "@" in text else normal_domain(text)


def _written(key: OwnKey) -> dict[str, object]:
    return {
        "id": key.id, "purpose": key.purpose, "life": key.life, "place": key.place, "why": key.why, "built_in": key.built_in,
        "secret": base64.b64encode(key.secret).decode(),
        "chain": [base64.b64encode(one.public_bytes(Encoding.DER)).decode() for one in key.chain],
        **{name: when.isoformat() if when else None
           for name, when in (("made_at", key.made_at), ("active_at", key.active_at), ("ended_at", key.ended_at))},
    }  # fmt: skip


def _read(one: dict[str, str]) -> OwnKey:
    return OwnKey(
        id=one["id"], purpose=Purpose(one["purpose"]), life=Life(one["life"]), place=one["place"], why=one["why"],
        built_in=bool(one["built_in"]), secret=base64.b64decode(one["secret"]),
        chain=tuple(x509.load_der_x509_certificate(base64.b64decode(each)) for each in one["chain"]),
        made_at=datetime.fromisoformat(one["made_at"]), active_at=_when(one["active_at"]), ended_at=_when(one["ended_at"]),
    )  # fmt: skip


def _when(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
