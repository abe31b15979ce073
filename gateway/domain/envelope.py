"""What the door knows of a message before anyone reads it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gateway.domain.address import Address


class Direction(StrEnum):
    """Which road a message travels."""

    OUTBOUND = "outbound"
    """Submitted by the practice for somebody outside."""
    INBOUND = "inbound"
    """Sent to one of the gateway's own addresses."""
    ANSWER = "answer"
    """Written by the recipient of a link, on the portal's page; taken by the portal."""
    INTERNAL = "internal"
    """Written by the gateway itself: receipts, DSN, codes, consent requests."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who submitted: the authenticated user, or the listed network or client certificate of a smarthost.

    `may_send_as` are address keys and `@domain` entries; `purposes` the purposes this sender may claim.
    """

    name: str
    how: str
    """`auth`, `network`, `certificate`, `peer` (inbound, nobody authenticated), `link` (whoever opened
    the parcel that `name` names) or `gateway`."""
    may_send_as: frozenset[str] = frozenset()
    purposes: frozenset[str] = frozenset()

    def may_use(self, address: Address) -> bool:
        """The send-as check, RFC 6409 6.1."""
        return address.key in self.may_send_as or f"@{address.domain}" in self.may_send_as


@dataclass(frozen=True, slots=True)
class Envelope:
    """RFC 5321 envelope with its direction and the identity behind it. `sender` is None for the null reverse-path."""

    direction: Direction
    identity: Identity
    sender: Address | None = field(repr=False)
    recipients: tuple[Address, ...] = field(repr=False)
    client: str = field(default="", repr=False)
    """Network address of the peer."""
    received_at: datetime | None = None
    smtputf8: bool = False
    tls: bool = False
