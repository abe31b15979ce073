"""Facts in, one decision per recipient out: total and pure, the only place that a plain send comes from.

The order: the built-in verdict, the practice's rule laid over it (more, never less), then the sender's request
(stronger, never weaker), and the link for attachments too large for anything else. What a later step may still change is nothing: dispatch sends by this method or not at all.
"""

from __future__ import annotations

from gateway.domain.decision import Action, Basis, Decision, HoldReason, Method, OpenText
from gateway.policy.builtin import built_in, forbidden
from gateway.policy.case import Case
from gateway.policy.facts import MessageFacts, RecipientFacts
from gateway.policy.methods import form_reasons, large_by_link, pdf_reasons, strengthen
from gateway.policy.model import Policy, Rule
from gateway.policy.practice import first_match, lay_over
from gateway.policy.sensitive import part2_notices


def decide(policy: Policy, message: MessageFacts, recipient: RecipientFacts) -> Decision:
    """Decide for one recipient; never raises, whatever the facts.

    `method` is None unless the action is deliver. Reasons are codes that `explain.sentence` puts in words.
    """
    case = Case(policy, message, recipient)
    rule = first_match(case)
    verdict = built_in(case)
    if rule is not None:
        verdict = lay_over(case, rule, verdict)
    verdict = large_by_link(case, strengthen(case, verdict))
    delivers = verdict.action is Action.DELIVER
    if delivers and verdict.method is Method.PDF:
        verdict = verdict.because(*pdf_reasons(case))
    form = form_reasons(case, verdict.method if delivers else None)
    return Decision(
        recipient=recipient.recipient,
        target=case.target,
        action=verdict.action,
        method=verdict.method if delivers else None,
        rule=verdict.rule,
        reasons=_once((*_scan_reasons(case), *verdict.reasons, *form, *_target_reasons(case))),
        basis=_basis(case),
        held_for=verdict.held_for,
        sensitive=tuple(sorted(message.report.classes)),
        open_text=_open_text(case, rule, verdict.method),
        notices=part2_notices(case) if delivers else (),
    )


def lasting_obstacle(policy: Policy, message: MessageFacts, recipient: RecipientFacts) -> HoldReason | None:
    """Why not even staff may let this copy go: a restriction, a sensitive class or a lapsed agreement; None if nothing."""
    return forbidden(Case(policy, message, recipient))


def _scan_reasons(case: Case) -> tuple[str, ...]:
    report = case.message.report
    kinds = sorted(
        {one.kind.value for one in report.findings if one.kind.identifies or one.kind.value == "health_term"}
    )
    codes = [f"phi.{kind}" for kind in kinds] if report.phi else []
    if report.phi and not codes:
        codes.append("phi.found")
    if report.phi and report.patients:
        codes.append("phi.known_patient")
    codes += [f"scan.gap.{reason}" for reason in sorted({one.reason.value for one in report.gaps})]
    codes += [f"class.{one.value}" for one in sorted(report.classes)]
    return tuple(codes)


def _target_reasons(case: Case) -> tuple[str, ...]:
    return ("target.confidential",) if case.target.key != case.recipient.recipient.key else ()


def _open_text(case: Case, rule: Rule | None, method: Method | None) -> OpenText:
    """The redacted letter only where everything was read, nothing is sensitive, and nobody asked for the notice."""
    asked = {case.policy.open_text, rule.then.open_text if rule is not None else None}
    if method is None or case.classes or not case.message.report.complete or OpenText.NOTICE in asked:
        return OpenText.NOTICE
    return OpenText.LETTER


def _basis(case: Case) -> Basis:
    partner, keys = case.recipient.partner, case.recipient.keys
    return Basis(
        policy=case.policy.version,
        patients=tuple(sorted((one.id, one.version) for one in case.patients)),
        consents=tuple(sorted((one.id, one.consent_version) for one in case.patients)),
        partner=(partner.id, partner.version) if partner is not None else None,
        key=keys.rested_on,
        day=case.message.day.isoformat(),
    )


def _once(codes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(codes))
