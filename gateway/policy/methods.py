"""Which protected method a copy takes: the best that keys, consent and the practice allow, or none at all."""

from __future__ import annotations

from gateway.domain.decision import Action, HoldReason, Method
from gateway.domain.patient import PartnerTrust
from gateway.policy.case import Case
from gateway.policy.facts import PasswordWay
from gateway.policy.sentences import key_clause
from gateway.policy.strength import weaker
from gateway.policy.verdict import Verdict, hold
from gateway.ports.keys import KeyState

_TROUBLE = frozenset({KeyState.EXPIRED, KeyState.UNTRUSTED, KeyState.UNREACHABLE})
_SMIME = {
    KeyState.VALID: "key.smime.valid", KeyState.EXPIRED: "key.smime.expired",
    KeyState.UNTRUSTED: "key.smime.untrusted", KeyState.UNREACHABLE: "key.smime.unreachable",
}  # fmt: skip
_OPENPGP = {
    KeyState.VALID: "key.openpgp.valid", KeyState.EXPIRED: "key.openpgp.expired",
    KeyState.UNTRUSTED: "key.openpgp.untrusted", KeyState.UNREACHABLE: "key.openpgp.unreachable",
}  # fmt: skip
_DIRECT = {
    KeyState.VALID: "key.direct.valid", KeyState.EXPIRED: "key.direct.expired",
    KeyState.UNTRUSTED: "key.direct.untrusted", KeyState.UNREACHABLE: "key.direct.unreachable",
}  # fmt: skip
DIRECT = "method.direct"
"""The reason that says of method `smime` that the copy goes as Direct."""


def possible(case: Case, method: Method) -> bool:
    """Whether this method can be carried out for this recipient at all."""
    if method not in case.policy.available:
        return False
    if method is Method.SMIME:
        keys = case.recipient.keys
        return KeyState.VALID in {keys.smime_for(signs=case.message.signs), keys.direct}
    if method is Method.OPENPGP:
        return case.recipient.keys.openpgp is KeyState.VALID
    if method is Method.PDF:
        return password_way(case) is not PasswordWay.NONE
    if method is Method.TLS:
        partner = case.recipient.partner
        return case.recipient.tls_trusted and partner is not None and partner.trust is PartnerTrust.VERIFIED_TLS
    if method is Method.REDACT:
        return case.message.report.complete and not (case.classes or case.recipient.unredactable)
    return True


def password_way(case: Case) -> PasswordWay:
    """How the recipient would come by the password of a PDF, as far as the practice's policy allows."""
    way, pdf = case.recipient.password, case.policy.pdf
    if way is PasswordWay.SMS and not pdf.text_messages:
        way = PasswordWay.PORTAL
    return PasswordWay.NONE if way is PasswordWay.PORTAL and not pdf.portal else way


def pdf_reasons(case: Case) -> tuple[str, ...]:
    """Which password, and which form: whoever seals goes by these codes, which the decision's MAC binds."""
    archive, target = case.policy.pdf, case.target
    packed = archive.archive or not archive.archive_for.isdisjoint({target.key, target.domain})
    return (f"pdf.{password_way(case).value}", *(("pdf.archive",) if packed else ()))


def large_by_link(case: Case, verdict: Verdict) -> Verdict:
    """Attachments above the practice's bound go by link, whatever method was chosen. A masked copy stays, and mail without PHI
    that nobody asked to protect.
    """
    method = verdict.method
    if method is None or method in {Method.LINK, Method.REDACT} or not (case.protected or method.protects):
        return verdict
    if case.message.attachment_bytes <= case.policy.link_over:
        return verdict
    if not possible(case, Method.LINK) or (verdict.allowed is not None and Method.LINK not in verdict.allowed):
        return hold(verdict.rule, HoldReason.NO_METHOD, *verdict.reasons, "attachments.large", "attachments.no_link")
    return verdict.by(Method.LINK, "attachments.large")


def key_reasons(case: Case) -> tuple[str, ...]:
    """What there is to say about the recipient's certificates and OpenPGP key: the state, and the directory's clause why."""
    keys, said = case.recipient.keys, list[str]()
    for state, codes, clause in (
        (keys.smime, _SMIME, keys.reason), (keys.direct, _DIRECT, keys.direct_reason),
        (keys.openpgp, _OPENPGP, keys.openpgp_reason),
    ):  # fmt: skip
        if state in codes:
            said.append(codes[state])
        if state in _TROUBLE and clause:
            said.append(key_clause(clause))
    if keys.smime_for(signs=case.message.signs) is not keys.smime:
        said.append("key.smime.unsigned")
    return tuple(said)


def form_reasons(case: Case, method: Method | None) -> tuple[str, ...]:
    """What more there is to say of a chosen method: S/MIME goes as Direct wherever the recipient has a Direct certificate."""
    return (DIRECT,) if method is Method.SMIME and case.recipient.keys.direct is KeyState.VALID else ()


def _key_trouble(case: Case) -> bool:
    """Whether there is a key that does not serve, and no other that does."""
    keys = case.recipient.keys
    smime = keys.smime_for(signs=case.message.signs)
    states = ((Method.SMIME, smime), (Method.SMIME, keys.direct), (Method.OPENPGP, keys.openpgp))
    usable = {state for method, state in states if method in case.policy.method_order or method is Method.SMIME}
    return KeyState.VALID not in usable and bool(usable & _TROUBLE)


def protect(case: Case, rule: str, *reasons: str, consented: frozenset[Method] | None = None) -> Verdict:
    """Deliver by the best protected method, the sender's request first; hold where none is possible.

    `consented` are the methods that the patients agreed to; None where no consent is needed.
    """
    said = (*reasons, *key_reasons(case))
    if case.policy.hold_on_key_trouble and _key_trouble(case):
        return hold(rule, HoldReason.NO_METHOD, *said)
    wish = case.message.requested
    order: tuple[Method, ...] = case.policy.method_order
    if wish is not None and wish.protects:
        order = (wish,)
    feasible = [one for one in order if possible(case, one)]
    if not feasible:
        return hold(rule, HoldReason.NO_METHOD, *said, "method.impossible")
    for method in feasible:
        if consented is None or method in consented:
            return Verdict(rule, Action.DELIVER, method, reasons=said, allowed=consented)
    return hold(rule, HoldReason.CONSENT, *said, "consent.method")


def strengthen(case: Case, verdict: Verdict) -> Verdict:
    """Lay the sender's request over a verdict that delivers: it can raise the method and never lower it."""
    if verdict.method is None:
        return verdict
    wish = case.message.requested
    if wish is not None and weaker(wish, verdict.method):
        return verdict.because("request.weaker")
    if verdict.method.protects:
        return verdict.because("request.method") if wish is verdict.method else verdict
    redacts = verdict.method is Method.REDACT
    if case.message.secure_tag or (wish is not None and (wish.protects or (redacts and wish is not verdict.method))):
        code = "request.secure" if case.message.secure_tag else "request.method"
        if verdict.otherwise is not None:
            return verdict.otherwise.because(code)
        return protect(case, verdict.rule, *verdict.reasons, code)
    if wish is None or wish is verdict.method:
        return verdict
    if not possible(case, wish):
        return hold(verdict.rule, HoldReason.NO_METHOD, *verdict.reasons, "request.method", "method.impossible")
    return verdict.by(wish, "request.method")
