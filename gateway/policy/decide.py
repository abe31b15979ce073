"""Facts in, one decision out: total and pure."""

from __future__ import annotations

from gateway.domain.decision import Decision
from gateway.policy.facts import MessageFacts, RecipientFacts
from gateway.policy.model import Policy


def decide(policy: Policy, message: MessageFacts, recipient: RecipientFacts) -> Decision:
    """Decide for one recipient."""
    raise NotImplementedError
