"""Organisations: no identifiers of a person, but masked in strictly redacted text. Places of care are locations."""

from __future__ import annotations

from gateway.domain.finding import Kind
from gateway.phi.recognizers.rule import Family, Rule

_WORD = r"\p{Lu}[\pL\pN&'\-]*"
_JOIN = r"(?:[ ](?:of|the|and|for|&|de)){0,2}[ ]"

FAMILY = Family(
    "organization",
    (
        Rule("company", Kind.ORGANIZATION, rf"{_WORD}(?:{_JOIN}{_WORD}){{0,5}},?[ ](?:Inc|LLC|L\.L\.C|LLP|Ltd|Corp|Corporation|Company|Co|PLLC|P\.C|PC|GmbH|Group|Holdings|Partners|Associates|Industries|Technologies|Solutions|Systems|Laboratories|Labs|Labcorp)\b\.?", 0.7),
        Rule("institution", Kind.ORGANIZATION, rf"(?:{_WORD}{_JOIN}){{1,5}}(?:University|College|Institute|School|Foundation|Bank|Insurance|Agency|Department|Association|Society|Church|Pharmacy|Labs?|Research|Academy|District|Authority|Bureau|Union)\b", 0.6),
        Rule("university_of", Kind.ORGANIZATION, rf"\b(?:University|College|Department|Institute|Bank|School) of (?:the )?{_WORD}(?: {_WORD}){{0,3}}", 0.6),
        Rule("insurer", Kind.ORGANIZATION, r"\b(?:Aetna|Cigna|Humana|Anthem|Blue Cross(?: Blue Shield)?|UnitedHealthcare|United Healthcare|Kaiser Permanente|Tricare|Molina|Centene|Walgreens|CVS|Rite Aid|Quest Diagnostics|LabCorp)\b", 0.7),
    ),
)  # fmt: skip
