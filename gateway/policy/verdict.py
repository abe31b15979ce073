"""What a built-in rule answers, before practice rules and requests are laid over it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gateway.domain.decision import Action, HoldReason, Method


@dataclass(frozen=True, slots=True)
class Verdict:
    """Deliver by a method, or hold for a reason.

    `allowed` are the only methods that may carry this copy (what the patients agreed to); None for no such bound.
    `otherwise` is the hold in whose place a masked copy goes: the letter itself may not leave.
    """

    rule: str
    action: Action
    method: Method | None = None
    held_for: HoldReason | None = None
    reasons: tuple[str, ...] = ()
    allowed: frozenset[Method] | None = None
    otherwise: Verdict | None = None

    def because(self, *codes: str) -> Verdict:
        """The same verdict with more reasons."""
        return replace(self, reasons=(*self.reasons, *codes))

    def by(self, method: Method, *codes: str, rule: str = "") -> Verdict:
        """The same verdict by another method; held where the patients did not agree to that one."""
        if self.allowed is not None and method not in self.allowed:
            return hold(rule or self.rule, HoldReason.CONSENT, *self.reasons, *codes, "consent.method")
        return replace(self, method=method, rule=rule or self.rule, reasons=(*self.reasons, *codes))


def hold(rule: str, why: HoldReason, *reasons: str) -> Verdict:
    """A copy that waits."""
    return Verdict(rule, Action.HOLD, held_for=why, reasons=reasons)
