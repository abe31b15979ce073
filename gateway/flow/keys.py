"""The keys of each role, as values that the composition root fills (docs/security-model.md). No role sees another's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.domain.protected import Protected
from gateway.ports.shelf import KeyShelf
from gateway.seal.columns import BlindIndex, Columns, Mac
from gateway.seal.hybrid import SealTo

Sign = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class DoorKeys:
    """What the SMTP door, or the portal for answers, holds: it can seal and sign, and open nothing."""

    installation: str
    sign: Sign = field(repr=False)
    """Ed25519 over intake records."""
    calendar: Ed25519PublicKey = field(repr=False)
    """Verifies that a worker made an epoch's public key."""
    senders: Mac = field(repr=False)
    """Tags by which one submitter's mail is counted; its key comes from the intake key, so all doors agree."""


@dataclass(frozen=True, slots=True)
class WorkerKeys:
    """What a worker holds: it can open mail in hand and columns; never the archive."""

    installation: str
    intake: Ed25519PublicKey = field(repr=False)
    answer: Ed25519PublicKey = field(repr=False)
    """Verifies records of answers by link, and of nothing else."""
    epochs: KeyShelf = field(repr=False)
    peppers: KeyShelf = field(repr=False)
    columns: Columns = field(repr=False)
    index: BlindIndex = field(repr=False)
    decision: Mac = field(repr=False)
    bounce: Mac = field(repr=False)
    lookup: Protected[bytes]
    sign: Sign = field(repr=False)
    """Ed25519 over epochs' public keys and audit heads."""
    calendar: Ed25519PublicKey = field(repr=False)
    review: Ed25519PublicKey | None = field(default=None, repr=False)
    """Verifies requests of the review page; None where the practice has none, and then nobody can ask."""
    archive: tuple[tuple[str, SealTo], ...] = field(default=(), repr=False)
    """Name and public key of every holder of the archive; empty: nothing is archived."""
