"""The practice's rules, laid over the built-in verdict: they can ask more, never less, but for what `_may_lower` says."""

from __future__ import annotations

from gateway.domain.address import Address
from gateway.domain.decision import Action, HoldReason, Method
from gateway.policy.case import Case
from gateway.policy.methods import possible, protect
from gateway.policy.model import Condition, Rule
from gateway.policy.strength import stricter, weaker
from gateway.policy.verdict import Verdict, hold

RESEARCH = "rule.research"
"""The reason of a masked copy that loses what is the practice's own too; whoever makes the copy goes by it."""
_NEEDS_NO_LEAVE = frozenset({"patient.none", "authorization.missing", "authorization.defective"})
"""Holds for which a masked copy does not wait; where a patient said no, it does."""


def first_match(case: Case) -> Rule | None:
    """The first practice rule whose condition holds."""
    return next((rule for rule in case.policy.rules if matches(rule.when, case)), None)


def matches(when: Condition, case: Case) -> bool:
    """Whether every field that the condition sets holds for this case."""
    message, recipient = case.message, case.recipient
    tests = (
        not when.recipient_kind or recipient.kind in when.recipient_kind,
        not when.recipient_domain or _named(recipient.recipient, when.recipient_domain, ""),
        not when.sender or (message.sender is not None and _named(message.sender, when.sender, "@")),
        not when.purpose or case.purpose in when.purpose,
        not when.classes or bool(case.classes & when.classes),
        when.phi is None or case.protected is when.phi,
        when.complete is None or message.report.complete is when.complete,
        not when.consent or _each_has(case, when),
        when.attachments_over is None or message.attachment_count > when.attachments_over,
    )
    return all(tests)


def lay_over(case: Case, rule: Rule, verdict: Verdict) -> Verdict:
    """The stricter of the rule and the built-in verdict; a built-in hold stays, with its own reason."""
    then = rule.then
    if then.action is not Action.DELIVER:
        if not stricter(then.action, verdict.action):
            return verdict
        held = HoldReason.RULE if then.action is Action.HOLD else None
        return Verdict(rule.name, then.action, None, held, (*verdict.reasons, f"rule.{then.action.value}"))
    if then.method is Method.REDACT:
        return _redact(case, rule, then.method, verdict)
    if then.method is None or verdict.method is None:
        return verdict
    if not weaker(then.method, verdict.method):
        return _raise(case, rule, then.method, verdict)
    if _may_lower(case, rule, then.method, verdict):
        return verdict.by(then.method, f"rule.{then.method.value}", rule=rule.name)
    return verdict.because("rule.not_allowed")


def _raise(case: Case, rule: Rule, method: Method, verdict: Verdict) -> Verdict:
    if method is verdict.method or possible(case, method):
        return verdict.by(method, "rule.method", rule=rule.name)
    if method is Method.TLS:
        return protect(case, rule.name, *verdict.reasons, "tls.not_trusted")
    return hold(rule.name, HoldReason.NO_METHOD, *verdict.reasons, "rule.method", "method.impossible")


def _redact(case: Case, rule: Rule, method: Method, verdict: Verdict) -> Verdict:
    """A masked copy; where none can be made, what protects the letter, and a hold stays a hold."""
    if not possible(case, method):
        said = verdict.because("redact.impossible")
        if verdict.method is None or verdict.method.protects:
            return said
        return protect(case, rule.name, *said.reasons)
    codes = ("rule.redact", RESEARCH) if rule.then.research else ("rule.redact",)
    if verdict.method is None:
        lifts = verdict.action is Action.HOLD and set(verdict.reasons) <= _NEEDS_NO_LEAVE and bool(verdict.reasons)
        if not lifts or not _may_lower(case, rule, method, verdict):
            return verdict
        return Verdict(rule.name, Action.DELIVER, method, reasons=(*verdict.reasons, *codes), otherwise=verdict)
    if not weaker(method, verdict.method) or _may_lower(case, rule, method, verdict):
        return verdict.by(method, *codes, rule=rule.name)
    return verdict.because("rule.not_allowed")


def _may_lower(case: Case, rule: Rule, method: Method, verdict: Verdict) -> bool:
    """The ways below a protected method: verified TLS to a trusted partner, the acknowledged `pass`, and a masked copy to
    recipients whom the rule names.
    """
    restricted = any(one.restrictions for one in case.patients)
    if case.classes or not case.message.report.complete or restricted or verdict.allowed is not None:
        return False
    if method is Method.REDACT:
        return bool(rule.when.recipient_domain or rule.when.recipient_kind)
    if method is Method.TLS:
        return possible(case, Method.TLS)
    return method is Method.PASS and bool(rule.then.i_understand and rule.when.recipient_domain)


def _named(address: Address, names: frozenset[str], mark: str) -> bool:
    return address.key in names or f"{mark}{address.domain}" in names


def _each_has(case: Case, when: Condition) -> bool:
    return bool(case.patients) and all(
        any(case.consents(patient, kind) for kind in when.consent) for patient in case.patients
    )
