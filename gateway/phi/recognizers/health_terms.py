"""Health terms: no identifiers, but the other half of PHI; masked in strictly redacted text.

Conditions, medicines, procedures and tests by a list of phrases; ICD-10-CM codes, doses and vital signs by rule; long words by
their endings. `by` says how much a term weighs: `health_strong` and rules count alone, `health_weak` in pairs,
`health_everyday` only where context.py says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import re2

from gateway.domain.finding import Kind
from gateway.phi.document import Document, quiet
from gateway.phi.lexicon import NAME, PLACE, WORD, Lexicon, table
from gateway.phi.phrases import Phrases
from gateway.phi.recognizers.rule import Family, Hit, Rule

STRONG, WEAK, EVERYDAY = "health_strong", "health_weak", "health_everyday"
_SCORES = {STRONG: 0.7, WEAK: 0.5, EVERYDAY: 0.4}

_SIDED = (
    r"(?i:ankle|knee|hip|shoulder|elbow|wrist|thumb|calf|thigh|shin|heel|forearm|eye|ear|breast|lung|kidney|ovary|testicle|groin|flank|jaw|cheek|temple|hallux|toe|foot|leg|arm|"
    r"finger|clavicle|femur|tibia|fibula|humerus|radius|rib|hamstring|achilles|rotator cuff|acl|quad|hemisphere|atrium|ventricle)"
)
_PART = (
    r"(?:ankles?|knees?|hips?|shoulders?|elbows?|wrists?|thumbs?|calf|calves|thighs?|shins?|heels?|eyes?|ears?|breasts?|kidneys?|groin|jaw|cheeks?|toes?|feet|foot|legs?|arms?|hands?|fingers?|"
    r"neck|back|belly|tummy|stomach|abdomen|chest|throat|nose|mouth|gums?|tooth|teeth|scalp|skin|head|ribs?|tailbone|bladder|tongue|lips?|nipples?|incision|stump)"
)
_PARTE = (
    r"(?:cabeza|espalda|pecho|est[óo]mago|barriga|panza|vientre|abdomen|cadera|rodillas?|hombros?|codos?|mu[ñn]ecas?|tobillos?|pies?|piernas?|brazos?|manos?|dedos?|cuello|garganta|o[íi]dos?|"
    r"orejas?|ojos?|muelas?|dientes?|nariz|boca|cintura|ri[ñn](?:[óo]n|ones)|ovarios?|pulm(?:[óo]n|ones))"
)

_RULES = (
    Rule("dose", Kind.HEALTH_TERM, r"(?i)(?:\b[a-z]{5,}[ ])?\b\d{1,5}(?:\.\d{1,3})?[ ]?(?:mg|mcg|µg|units?/kg|meq|mg/dl|mmol/l|mmhg|ml/hr|iu)\b", 0.6),
    Rule("icd10", Kind.HEALTH_TERM, r"\b[A-TV-Z]\d[0-9AB]\.[0-9A-Z]{1,4}\b", 0.7),
    Rule("icd10_label", Kind.HEALTH_TERM, r"(?i)\b(?:icd-?10(?:-cm)?|dx|diagnosis(?: codes?)?)[ :#]{1,3}([a-tv-z]\d[0-9ab](?:\.[0-9a-z]{1,4})?)\b", 0.8),
    Rule("cpt_label", Kind.HEALTH_TERM, r"(?i)\b(?:cpt|hcpcs|ndc|loinc|snomed)(?: code)?[ :#]{1,3}([a-z]?\d[\d\-]{3,13})", 0.8),
    Rule("lab_value", Kind.HEALTH_TERM, r"\b(?:(?:K|Na|Cr|Hb|Hgb|HGB|Hct|HCT|Plt|PLT|WBC|BUN|ALT|AST|EF|BG|Trop|Lactate|GLU|Glu|GLUC[O0]SE)\+?[ :=]{1,2}\d|(?i:inr|hgb|psa|tsh|ldl|hdl|a1c|hba1c|bnp|crp|cd4|egfr|fev1|lactate|trop|creat|ferritin|spo2|sats?|phq-?9|gad-?7|ciwa|sugars?|glucosa)[ :=]{1,2}(?:(?:is|was|of|at|up to|in the|de|en)[ ])?[<>]?\d)\d{0,3}(?:\.\d{1,2})?", 0.6),
    Rule("abbreviation", Kind.HEALTH_TERM, r"\b(?:HTN|CAD|T2DM|DM2|NIDDM|IDDM|BPH|TIA|ORIF|C\.?[ ]?DIFF|SOB|NKDA|HFrEF|HFpEF|CHF|OCD)\b|(?i:\b[dht]x ?:)|\bICD shock|\bI&D\b|\bO&P\b", 0.6),
    Rule("tuberculosis", Kind.HEALTH_TERM, r"(?:^|[A-Za-z,:;-][ ])(TB)\b", 0.6),
    Rule("hurt_part", Kind.HEALTH_TERM, rf"(?i)\b(?:swollen|sore|painful|infected|numb|itchy|stiff|sprained|rolled|twisted|tweaked|hurt|injured|fractured|bruised|broken|broke|bleeding|aching|burnt|cut|tingling|frozen|torn)(?: (?:his|her|my|the|their|left|right|l|r|both|upper|lower)){{0,2}} {_PART}\b", 0.6),
    Rule("part_hurts", Kind.HEALTH_TERM, rf"(?i)\b{_PART} (?:is |are |was |were |looks? |feels? )?(?:still |again |really |very |so |all |a bit |badly )?(?:hurts?|hurting|aches?|aching|swollen|numb|bleeding|bleeds|infected|sore|purple|itchy|itches|swelling|pain|ache|injury|rash|wound|strain|sprain|spasms?|brace|mri|x-?rays?|ultrasound|biopsy|surgery|infection|replacement|tweaked)\b", 0.6),
    Rule("side_of_part", Kind.HEALTH_TERM, rf"\b(?i:left|right|bilateral|lt|rt|bilat|affected) (?i:lower |upper )?{_SIDED}\b|\b[LR] {_SIDED}\b", 0.6),
    Rule("at_part", Kind.HEALTH_TERM, rf"(?i)\b(?:pulling at|tugging at|pain in|lump (?:in|on)|rash (?:on|all over)|poking|spots? on|bump on|blood in|itching of|trouble with) (?:his|her|my|the)(?: \pL+)? {_PART}\b", 0.6),
    Rule("fever_of", Kind.HEALTH_TERM, r"(?i)\b(?:fever (?:of|to|is|was) ?|febrile to |temp(?:erature)? (?:of |is |was )?|spiked(?: to)? |tmax ?)(?:10[0-6]|3[89]|4[01])(?:\.\d)?\b", 0.6),
    Rule("newborn_weight", Kind.HEALTH_TERM, r"(?i)\b\d{1,2} ?lbs?\.?,? ?\d{1,2} ?oz\b", 0.6),
    Rule("vertebrae", Kind.HEALTH_TERM, r"\b(?:L[1-5]-(?:L[2-5]|S1|[2-5])|C[2-7]-(?:C[3-7]|T1|[3-7])|T(?:\d|1[0-2])-T?(?:\d|1[0-2]|L1))\b", 0.6),
    Rule("dilution", Kind.HEALTH_TERM, r"\b(?:ANA|RPR|VDRL|ASO|RF|ASMA)(?: titer)?[ :]{1,2}(?:is |of |was )?1:\d{1,4}", 0.6),
    Rule("hurts_in_spanish", Kind.HEALTH_TERM, rf"(?i)\b(?:duelen?|dol[ií]a|arde|pica|hinchad[oa]s?|lastim[óo]|fractur[óo]|inflamad[oa]s?)(?: (?:mucho|bastante|muy))?(?: (?:la|el|los|las|su|mi|en|de)){{0,2}} {_PARTE}\b|(?i)\bdolor (?:de|en) (?:la |el |los |las |su )?{_PARTE}\b", 0.6),
    Rule("vitals", Kind.HEALTH_TERM, r"\b(?:BP|HR|RR|SpO2|BMI|O2 sat)[ :]{1,2}\d{2,3}(?:/\d{2,3})?%?", 0.7),
)  # fmt: skip


class HealthTerms:
    """The list of all terms, and the endings."""

    def __init__(self, lexicon: Lexicon) -> None:
        lists = lexicon.health
        weight = dict.fromkeys(lexicon.conditions | lexicon.drugs, STRONG)
        weight |= (
            dict.fromkeys(lists["everyday"], EVERYDAY)
            | dict.fromkeys(lists["weak"], WEAK)
            | dict.fromkeys(lists["strong"].union(*table("procedures.toml").values()), STRONG)
        )
        self._weights = list(weight.values())
        self._terms = Phrases(weight)
        self._not = lists["not_by_ending"]
        self._ending: Any = _over_words(r"[a-z]{4,}(?:" + "|".join(sorted(lists["endings"])) + r")s?\b")

    def find(self, document: Document) -> Iterator[Hit]:
        """All terms in the document."""
        for at, start, end in self._terms.longest(document):
            by = self._weights[at]
            yield Hit(Kind.HEALTH_TERM, start, end, _SCORES[by], by)
        for match in self._ending.finditer(document.skeleton.wide):
            word = match.group().decode("latin-1")
            if word not in self._not and len(word) > 6:
                start, end = match.start() - 1, match.end() - 1  # of the text, which `wide` begins before
                if not document.text[start].isupper() or self._no_name(document, word):
                    yield Hit(Kind.HEALTH_TERM, start, end, 0.6, "health_ending")

    def _no_name(self, document: Document, word: str) -> bool:
        """Whether a capitalised word is no name of a person or place: a heading, or where a sentence begins."""
        return document.lexicon.flags.get(word, 0) & (WORD | NAME | PLACE) == WORD


def _over_words(pattern: str) -> Any:
    options = quiet(8)
    options.encoding = re2.Options.Encoding.LATIN1
    return re2.compile((r"\b" + pattern).encode(), options)


FAMILY = Family("health_terms", _RULES)
