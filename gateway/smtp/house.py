"""What the connections of one door share, and the mail that one of them is in the middle of."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.domain.address import Address
from gateway.domain.envelope import Identity
from gateway.ports.clock import Clock
from gateway.ports.metrics import Metrics
from gateway.smtp.gate import Gate
from gateway.smtp.ports import Intake
from gateway.smtp.replies import Answer
from gateway.smtp.settings import DoorConfig

if TYPE_CHECKING:
    from gateway.smtp.connection import Connection


@dataclass(slots=True)
class Mail:
    """The transaction between MAIL and the end of DATA."""

    sender: Address | None = field(repr=False)
    smtputf8: bool
    size: int = 0
    """What SIZE= announced, 0 without it."""
    recipients: dict[str, Address] = field(default_factory=dict, repr=False)
    """By address key, so that one written twice is one."""


Handler = Callable[["Connection", str], Awaitable[Answer | None]]


@dataclass(slots=True)
class House:
    """What the connections of one door share."""

    config: DoorConfig
    intake: Intake
    gate: Gate
    clock: Clock
    metrics: Metrics
    context: ssl.SSLContext | None
    accepts: Callable[[Address], bool]
    """Which recipients an inbound listener takes."""
    commands: Mapping[str, Handler]
    refused: Callable[[Identity, str], None] = lambda _who, _code: None
    """Told of each refusal to a sender who proved who they are."""
    guessable: Callable[[Address], bool] = lambda _address: False
    """Which of those anybody may know: they prove nothing of who names them."""
    draining: bool = False
    connections: set[Connection] = field(default_factory=set)
