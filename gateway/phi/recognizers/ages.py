"""Ages over 89 that no word names (C): "Ottilie Brandt, 97,", "BRANDT, O 91F", "who, at 93, still".

Only numbers of that range are looked at, so that a mistake costs little; what measures a fever or a pulse stays.
"""

from __future__ import annotations

from gateway.domain.finding import Kind
from gateway.phi.document import Document, compiled
from gateway.phi.recognizers.dates_ages import AGE, NOVENTA, TENS, let_stand, no_age
from gateway.phi.recognizers.rule import Family, Rule

_VITAL = compiled(
    r"(?i)(?:\b(?:t|temp(?:erature)?|tmax|fevers?|febrile|pulse|hr|heart rate|sats?|satting|spo2|o2|oxygen|weight|wt|glucose|sugar|room|rm|bed|page|line|suite|unit|apt|route|highway|interstate|percentile|"
    r"score|iq|bp|map|lab|na|cl|level|table|figure|item|question|step|section|chapter|code|windows|since|year|class|exit|channel|form|part)\b|[°%])[ :=,.]{0,3}(?:(?:of|was|is|at|to|now|about|down|up)[ ]){0,3}$"
)


def _no_age(document: Document, start: int, end: int) -> bool:
    """A vital sign, or a number that counts something."""
    return _VITAL.search(document.text[max(0, start - 28) : start]) is not None or no_age(document, start, end)


def _vital_or_younger(document: Document, start: int, end: int) -> bool:
    """As `_no_age`, where a capital that follows is no metre."""
    return _VITAL.search(document.text[max(0, start - 28) : start]) is not None or let_stand(document, start, end)


KIN = (
    r"(?:mother|father|mom|mum|dad|grandmother|grandfather|grandma|grandpa|granny|nana|wife|husband|widow(?:er)?|sister|brother|aunt|uncle|neighbou?r|patient|pt|lady|gentleman|woman|man|resident|veteran|nun|"
    r"farmer|madre|padre|abuel[oa]|t[ií][oa]|paciente|señora?|espos[oa]|viud[oa])"
)

FAMILY = Family(
    "ages",
    (
        Rule("age_after_name", Kind.AGE, rf"\b(?:[A-Z]\pL*[\-'’])?[A-Z]\pL{{2,}}(?: [A-Z]\.)?(?:, ?\(?| \()({AGE})(?:[,;:)]|\.(?:\s|$)| (?:years|yrs|y/o)\b)", 0.6, veto=_no_age),
        Rule("age_after_name_words", Kind.AGE, rf"\b[A-Z]\pL{{2,}}, (?i:({TENS}))(?:[,;:)]|\.(?:\s|$))", 0.6),
        Rule("age_shouted", Kind.AGE, rf"\b[A-Z][A-Z'’\-]+,? [A-Z][A-Z'’\-]+,? ({AGE})\b", 0.55, veto=_no_age),
        Rule("age_sex_letter", Kind.AGE, rf"(?i)\b(?:f|m|female|male|woman|man|lady|mujer|hombre)[ ,/]{{1,2}}({AGE})\b", 0.55, veto=_no_age),
        Rule("age_and_letter", Kind.AGE, rf"(?i)(?:^|[\pL,.:;(](?:[ (]| \()|\n)({AGE})[ \-/]?[mf]\b", 0.55, bounded=False, veto=_no_age),
        Rule("age_and_capital", Kind.AGE, rf"(?:^|[\pL,.:;)]|\n)[ ,]{{0,2}}\(?({AGE}) ?[MF](?:[,;)]| (?i:on|in|w/|pod|with|s/p|p/w|hx|h/o|dnr|full code)\b)", 0.6, bounded=False, veto=_vital_or_younger),
        Rule("age_contracted", Kind.AGE, rf"(?i)\b(?:(?:he|she|who|i|mom|dad|mother|father|pt)['’](?:s|m)|(?:him|her)self|now|nearly|almost|just|barely) (?:now |only |already )?({AGE})(?:[,.;!?)]|$| (?:and|but|with|years?|now|lives?|who)\b)", 0.6, veto=_no_age),
        Rule("age_after_kin", Kind.AGE, rf"(?i)\b{KIN},? \(?({AGE}|{TENS})(?:[,;:)!]|\.(?:\s|$)|$| (?:years|yrs|y/o|and)\b)", 0.6, veto=_no_age),
        Rule("age_after_quote", Kind.AGE, rf"\pL[\"”’'»)],? \(?({AGE})(?:[,;)]|\.(?:\s|$))", 0.5, veto=_no_age),
        Rule("age_is_words", Kind.AGE, rf"(?i)\b(?:(?:he|she|who|{KIN}) (?:is|was|turned|turns|will be)|i am|i['’]m|tiene|cumpl(?:e|ió)|de) (?:now |already |almost |nearly |only |just )?({TENS}|{NOVENTA})\b(?:[,.;!?)]|$| (?:and|but|with|when|now|lives?|who|years?|in|y|a[ñn]os)\b)", 0.6),
        Rule("age_of_me", Kind.AGE, rf"(?i)\b(?:i am|i['’]?m|tengo|ella tiene|[eé]l tiene|tiene(?: ya)?|cumpl(?:e|ió)|señora? de|hombre de|mujer de|paciente de|anciana? de) ({AGE})(?:[,.;!?)]|$| (?:and|but|y|with|now|years?|ya|que|con)\b)", 0.6, veto=_no_age),
        Rule("age_column", Kind.AGE, rf"\pL[ \"]{{0,2}}[|\t;,][ \"]{{0,2}}({AGE})[ \"]{{0,2}}[|\t;,][ \"]{{0,2}}(?i:[mf]|fe?male)\b", 0.6),
        Rule("age_y_sex", Kind.AGE, rf"(?i)\b({AGE}) ?(?:y|yr|j|a)\.?(?: ?[,/]? ?[mfw]\b|[,;)]|$)|\b({AGE})[ \-]?(?:j[äa]hrige?[rns]?|jahre|ans|anos)\b", 0.6, bounded=False, veto=_no_age),
        Rule("age_and_unit", Kind.AGE, rf"(?i)(?:^|[,;(|\n] ?|\b(?:pt|patient|f|m|female|male|woman|man|is|paciente)[,:]? )({AGE} ?(?:yrs?\b\.?|years?\b))(?:[,;)|.]|$|\n| (?:f|m|female|male|woman|man|and)\b)", 0.55, veto=_no_age),
        Rule("age_when", Kind.AGE, rf"(?i)(?:^|[.;!?\n] ?)at ({AGE}|{TENS}),? (?:he|she|my|her|his|the patient|they|i)\b", 0.6, veto=_no_age),
        Rule("age_birthday_words", Kind.AGE, r"(?i)\b(?:ninet(?:ieth|y[ \-](?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth))|(?:one )?hundred(?:th|(?: and)?[ \-](?:first|second|third|fourth|fifth))) birthday", 0.7),
        Rule("age_at", Kind.AGE, rf"(?i)(?:\bwho,?|\bdied|\bdeath|\bdead|\bpassed(?: away)?|\blives?|,) at ({AGE}|{TENS})\b(?: years)?(?:[,.;]|$| (?:on|in|and|from|of|years)\b)", 0.6, veto=_no_age),
        Rule("age_after_birth_year", Kind.AGE, rf"\b1[89]\d\d,? \(?({AGE})(?:[,;)]|\.(?:\s|$))", 0.6, veto=_no_age),
    ),
)  # fmt: skip
