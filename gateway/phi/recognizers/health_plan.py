"""Health plan beneficiary numbers (I): member, subscriber and policy numbers, Medicare (MBI) and Medicaid."""

from __future__ import annotations

from gateway.domain.finding import Kind
from gateway.phi.recognizers.rule import Family, Rule

_C, _A, _AN = "[1-9]", "[AC-HJKMNP-RT-Y]", "[0-9AC-HJKMNP-RT-Y]"
_PLAN = (
    "insurance",
    "member",
    "subscriber",
    "medicare",
    "medicaid",
    "health",
    "plan",
    "payer",
    "coverage",
    "beneficiary",
    "aetna",
    "cigna",
    "humana",
    "blue cross",
    "bcbs",
    "kaiser",
    "tricare",
    "claim",
    "copay",
    "patient",
    "mbi",
)
_VALUE = r"[ \"'=:#\-.]{0,5}(?:is )?([a-z]{0,5}-?\d[\da-z\-]{3,})"

FAMILY = Family(
    "health_plan",
    (
        Rule("plan_prefix", Kind.HEALTH_PLAN, r"\b(?:INS|POL|HIN|MBR|SUB|HICN|HPID|MCD)-?\d{5,14}", 0.8, _PLAN),
        Rule("mbi", Kind.HEALTH_PLAN, rf"{_C}{_A}{_AN}\d-?{_A}{_AN}\d-?{_A}{{2}}\d{{2}}", 0.8, _PLAN),
        Rule("plan_number", Kind.HEALTH_PLAN, r"(?i)\b(?:insurance|member|subscriber|beneficiary|medicare|medicaid|health plan|plan|hicn|mbi|insured)[ _]?(?:'s )?(?:id(?:entification)?|number|no\.?|num|#|policy)(?: (?:number|no\.?|#))?" + _VALUE, 0.75, _PLAN),
        Rule("policy_number", Kind.HEALTH_PLAN, r"(?i)\b(?:policy|group|grp)[ _]?(?:id|number|no\.?|num|#)" + _VALUE, 0.5, _PLAN),
        Rule("plan_word", Kind.HEALTH_PLAN, r"(?i)\b(?:medicare|medicaid|tricare|subscriber|insurance)[ :#]{1,3}([a-z]{0,4}-?\d[\da-z\-]{5,})", 0.75),
    ),
)  # fmt: skip
