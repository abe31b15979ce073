"""A decision in plain words: what was found, what was decided and why, and what a person can do. Never PHI."""

from __future__ import annotations

from gateway.domain.decision import Action, Decision, HoldReason, Method, OpenText
from gateway.domain.patient import Purpose
from gateway.policy.law import Law
from gateway.policy.sentences import KEY_CLAUSE, METHODS, RECEIPTS, SENTENCES, TO_DO


def sentence(code: str) -> str:
    """The sentence for a reason code; a code from another version is named as it is, and nothing is lost."""
    if code.startswith(KEY_CLAUSE):
        return f"The directory's reason: {code.removeprefix(KEY_CLAUSE)}."
    return SENTENCES.get(code, f"(Reason {code}, which this version does not know.)")


def explain(decision: Decision) -> list[str]:
    """Sentences in the order of thought: reasons, then rule and outcome, then what to do."""
    said = [sentence(code) for code in decision.reasons]
    if decision.action is Action.DELIVER:
        said.append(METHODS[decision.method])
        if decision.method is Method.LINK:
            letter = decision.open_text is OpenText.LETTER
            said.append(
                "The open part shows the letter with everything personal masked."
                if letter else "The open part is a neutral notice."
            )  # fmt: skip
        if decision.notices:
            said.append("The statements that 42 CFR part 2 asks for travel with it.")
    else:
        word = "held" if decision.action is Action.HOLD else "refused"
        said.append(f"The mail to this recipient is {word}; nothing was sent.")
    said.append(f'This was decided by the rule "{decision.rule}".')
    todo = what_to_do(decision.held_for)
    return [*said, todo] if todo else said


def what_to_do(held_for: HoldReason | None) -> str:
    """What the sender or staff can do about a hold; empty where there is nothing to do."""
    return TO_DO[held_for] if held_for is not None else ""


def receipt_reason(held_for: HoldReason) -> str:
    """Why a copy waits, in words fit for a receipt that travels in the open."""
    return RECEIPTS[held_for]


def notice_text(law: Law, code: str) -> str:
    """The statement behind a code of `Decision.notices`; raise KeyError for a code that law does not know."""
    kind, _, purpose = code.partition(".")
    if kind != "part2_scope":
        return law.statements[code]
    if purpose == "any":
        return "These records are disclosed with the patient's written consent, which is not limited to one purpose."
    return f"These records are disclosed with the patient's written consent, for this purpose only: {Purpose(purpose).value.replace('_', ' ')}."
