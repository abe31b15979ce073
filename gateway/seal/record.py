"""The intake record: what the door knew, signed by the door and sealed to the epoch's public key.

HPKE does not say who wrote; the signature does. It covers id, envelope, authenticated identity, time, the wrapped data
key, the content's commitment and length (docs/security-model.md), so that nobody with the database can make a mail.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.domain.address import Address
from gateway.domain.envelope import Direction, Envelope, Identity
from gateway.domain.errors import IntegrityError, InvalidAddress
from gateway.ports.vault import Seal
from gateway.seal.context import context, framed

_SIGNATURE = 64


@dataclass(frozen=True, slots=True)
class IntakeRecord:
    """Envelope and content bound together. `wrap_hash` is SHA-256 of the data key's first wrap, made for `epoch`."""

    message_id: str
    envelope: Envelope = field(repr=False)
    epoch: str
    wrap_hash: bytes
    commitment: bytes
    length: int

    def encode(self) -> bytes:
        """Canonical JSON."""
        one, who = self.envelope, self.envelope.identity
        fields = {
            "id": self.message_id, "epoch": self.epoch, "wrap": self.wrap_hash.hex(), "commitment": self.commitment.hex(),
            "length": self.length, "direction": one.direction.value, "client": one.client,
            "sender": str(one.sender) if one.sender else None, "recipients": [str(to) for to in one.recipients],
            "at": one.received_at.isoformat() if one.received_at else None, "smtputf8": one.smtputf8, "tls": one.tls,
            "identity": {"name": who.name, "how": who.how, "as": sorted(who.may_send_as), "for": sorted(who.purposes)},
        }  # fmt: skip
        return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()

    @classmethod
    def decode(cls, data: bytes) -> IntakeRecord:
        """Read what `encode` wrote; IntegrityError for anything else."""
        try:
            read = json.loads(data)
            who = read["identity"]
            envelope = Envelope(
                direction=Direction(read["direction"]),
                identity=Identity(who["name"], who["how"], frozenset(who["as"]), frozenset(who["for"])),
                sender=Address.parse(read["sender"]) if read["sender"] else None,
                recipients=tuple(Address.parse(one) for one in read["recipients"]),
                client=read["client"],
                received_at=datetime.fromisoformat(read["at"]) if read["at"] else None,
                smtputf8=read["smtputf8"],
                tls=read["tls"],
            )
            wrap_hash, commitment = bytes.fromhex(read["wrap"]), bytes.fromhex(read["commitment"])
            return cls(read["id"], envelope, read["epoch"], wrap_hash, commitment, int(read["length"]))
        except (ValueError, KeyError, TypeError, InvalidAddress) as error:
            raise IntegrityError("an intake record cannot be read") from error


def wrap_hash(wrap: bytes) -> bytes:
    """SHA-256 of a wrap."""
    return hashlib.sha256(wrap).digest()


def sign(record: IntakeRecord, signer: Callable[[bytes], bytes], installation: str) -> bytes:
    """The signed record: signature (64 bytes, Ed25519, RFC 8032) and JSON."""
    body = record.encode()
    return signer(_signed(body, record.message_id, installation)) + body


def verify(signed: bytes, public: Ed25519PublicKey, message_id: str, installation: str) -> IntakeRecord:
    """The record, if the door signed it for this message; IntegrityError otherwise."""
    signature, body = signed[:_SIGNATURE], signed[_SIGNATURE:]
    try:
        public.verify(signature, _signed(body, message_id, installation))
    except InvalidSignature as error:
        raise IntegrityError("an intake record was not signed by the door") from error
    record = IntakeRecord.decode(body)
    if record.message_id != message_id:
        raise IntegrityError("an intake record belongs to another message")
    return record


def _signed(body: bytes, message_id: str, installation: str) -> bytes:
    return framed(context(installation, Seal.INTAKE, message_id), body)
