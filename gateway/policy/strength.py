"""How strongly a method protects, so that a request can strengthen and never weaken."""

from __future__ import annotations

from gateway.domain.decision import Action, Method

_RANK: dict[Method, int] = {
    Method.PASS: 0,
    Method.REDACT: 1,
    Method.TLS: 2,
    Method.LINK: 3,
    Method.PDF: 3,
    Method.SMIME: 3,
    Method.OPENPGP: 3,
}
"""The methods that only the recipient can open are equals: a sender may choose freely among them."""

_STRICTNESS: dict[Action, int] = {Action.DELIVER: 0, Action.HOLD: 1, Action.REFUSE: 2}


def weaker(a: Method, b: Method) -> bool:
    """Whether `a` protects less than `b`."""
    return _RANK[a] < _RANK[b]


def stricter(a: Action, b: Action) -> bool:
    """Whether `a` withholds more than `b`: deliver, hold, refuse."""
    return _STRICTNESS[a] > _STRICTNESS[b]
