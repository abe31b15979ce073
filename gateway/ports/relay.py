"""Port: handing one message to the next hop."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from gateway.domain.address import Address


class Outcome(StrEnum):
    """What the next hop made of it."""

    ACCEPTED = "accepted"
    TEMPORARY = "temporary"
    PERMANENT = "permanent"


@dataclass(frozen=True, slots=True)
class Consignment:
    """One copy for one recipient. `sender` None is the null reverse-path. `body` is CRLF, not dot-stuffed, read once."""

    sender: Address | None = field(repr=False)
    sender_text: str | None = field(repr=False)
    """Reverse-path to use instead of `sender` (the bounce address); None for `sender`."""
    recipient: Address = field(repr=False)
    body: Iterable[bytes] = field(repr=False)
    smtputf8: bool = False
    require_tls: bool = False
    """Refuse to go on without verified TLS to this hop, whatever the URL says."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The last answer: SMTP code and RFC 3463 enhanced status; `text` may hold personal data and is never stored."""

    outcome: Outcome
    code: int
    status: str
    text: str = field(default="", repr=False)
    tls: str = ""
    """TLS version and cipher of the hop, empty for clear."""
    in_doubt: bool = False
    """The final dot was sent and no whole answer came: it may have been taken, so trying again may make a duplicate."""

    @property
    def stored(self) -> str:
        """What may be recorded: `250 2.0.0`."""
        return f"{self.code} {self.status}".strip()


class Relay(Protocol):
    """The next hop. Called from worker threads; thread-safe."""

    def deliver(self, consignment: Consignment, before_dot: Callable[[], None]) -> Reply:
        """Deliver and report. `before_dot` runs after the last body byte and before the final dot: when it raises,
        the connection is dropped without the dot and the error goes on. Network trouble is a TEMPORARY reply.
        """
        ...

    def close(self) -> None:
        """Drop kept connections."""
        ...
