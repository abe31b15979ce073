"""Social Security numbers and their like, ITIN (G)."""

from __future__ import annotations

from gateway.domain.finding import Kind
from gateway.phi.document import Document
from gateway.phi.recognizers.checks import ssn
from gateway.phi.recognizers.labelled import labelled, named_after
from gateway.phi.recognizers.rule import Family, Rule

_WORDS = ("ssn", "social security", "social", "ss#", "soc sec", "itin", "seguro social", "tax id")
_LABEL = r"(?:patient'?s? )?ssn|s\.s\.n\b\.?|ss[ _\-]{0,2}(?:#|no\b\.?|num(?:ber)?\b)|soc(?:ial|\.)?[ _\-]{0,2}sec(?:urity|\.)?|social|itin|(?:n[uú]mero de )?seguro social|nss"
# What scanners read for digits stands too: the label says what it is.
_DIGIT = r"[\doil]"
_NINE = rf"{_DIGIT}{{3}}[\s.\-/•·]{{0,3}}{_DIGIT}{{2}}[\s.\-/•·]{{0,3}}{_DIGIT}{{4}}"


def _few_digits(document: Document, start: int, end: int) -> bool:
    return sum(map(str.isdigit, document.text[start:end])) < 6


FAMILY = Family(
    "ssn",
    (
        Rule("us_ssn", Kind.SSN, r"\d{3}[\-•·]\d{2}[\-•·]\d{4}", 0.69, _WORDS, ssn),
        Rule("spaced_ssn", Kind.SSN, r"\d{3}(?: {1,2}| ?[\-.] ?\n?)\d{2}(?: {1,2}| ?[\-.] ?\n?)\d{4}", 0.3, _WORDS, ssn),
        Rule("nine_digits", Kind.SSN, r"\b\d{9}\b", 0.1, _WORDS, ssn),
        Rule("labelled_ssn", Kind.SSN, labelled(_LABEL, _NINE), 0.97, veto=_few_digits),
        Rule("ssn_after", Kind.SSN, named_after(_LABEL, _NINE), 0.97, veto=_few_digits),
        Rule("last_four", Kind.SSN, r"(?i)\b(?:ssn|social security(?: number)?)[ :]{0,3}(?:\(?(?:ending (?:in|with)|last (?:4|four)(?: digits)?(?: of| is)?)\)?|[x*]{3}-?[x*]{2}-?)[ :\-]{0,3}(\d{4})", 0.7),
        Rule("last_four_of", Kind.SSN, r"(?i)\b(?:(?:ssn?|social(?: security)?(?: (?:number|no\.?))?)(?: on file)?,?(?: that)? (?:ends?|ending|terminates?)(?: in| with)?|(?:last|final)[ \-]?(?:4|four)(?: (?:digits|numbers))?(?: of)?(?: (?:the|her|his|my|your))? (?:ssn|social(?: security)?(?: number)?)(?: (?:is|are|was))?|(?:ssn|social(?: security)?(?: number)?),?(?: \(?)?last ?-?(?:4|four)(?: digits)?(?: is| are)?|(?:4|four) (?:digits|numbers) of (?:the|her|his|my|your) (?:ssn|social)[^\d\n]{0,16})[ :\-=#()]{0,3}(\d{4})\b", 0.8),
        Rule("last_four_es", Kind.SSN, r"(?i)ltimos (?:4|cuatro)(?: d[ií]gitos)? (?:del?|de su)(?: n[uú]mero de)? (?:ssn|seguro social)[ :=]{0,3}(\d{4})\b", 0.8),
        Rule("last_four_alone", Kind.SSN, r"(?i)\blast (?:4|four)(?: digits)?(?: is| are)?[ :#]{1,2}(\d{4})\b", 0.5),
        Rule("masked_ssn", Kind.SSN, r"[xX*]{3}-[xX*]{2}-(\d{4})", 0.65, bounded=False),
    ),
)  # fmt: skip
