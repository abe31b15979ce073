"""Days without a year, "11/02" and "30/10", told from shares, scores and pressures.

No share has a numerator above its denominator, and no score a leading zero: such a pair is a day unless a word beside it
says what it measures. Where one such day stands, pairs like "9/14" in the same text are days too.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from gateway.domain.finding import Kind
from gateway.phi.document import Document, compiled
from gateway.phi.normalize import fold_name
from gateway.phi.recognizers.labelled import measured
from gateway.phi.recognizers.rule import Family, Hit

_MEASURES = compiled(
    r"(?i)\b(?:pain|strength|gcs|scores?|scale|grade|vision|snellen|va|o[dsu]|bp|pressures?|reflex(?:es)?|apgars?|muscle|power|mmse|moca|phq-?\d?|gad-?\d?|slums|braden|morse|nihss|"
    r"bi-?pap|c-?pap|ipap|epap|peep|settings?|vent|type|page|part|slide|step|stage|phase|size|needle|screw|dose|odds|ratio|chance|nodes|cores?|blood type|level|rated?|stars?|murmur|"
    r"pulses|version|section|route|exits?|exp(?:ir(?:es|y|ation))?\.?(?: date)?|valid thru|good thru|moca|unit|apt|suite|room|rm|bed|mask|blade|fr|gauge|inch|in\.)[ :=#(\-]{0,3}(?:(?:was|is|of|at|now|about)[ ]){0,2}$"
)
_COUNT = compiled(
    r"(?i)^ ?(?:of\b|strength|in all|beats|pulses?\b|reflex|%|mmhg|cmh2o|cm\b|x\d|bilat|murmur|(?:lymph )?nodes?|cores?\b|positive|points?|pts\b|correct|systolic|stars?|inch|in\b\.|ths?\b|mg|patients|cases|"
    r"votes|teeth|questions|items|sessions|visits|doses|weeks|days|hours|months)"
)
_CUE = compiled(
    r"(?i)\b(?:lmp|edd|edc|dos|due|week of|drawn|signed|taken|treated|seen|f/?u|fu|appt|appointment|visit|surgery|labs|admitted|discharged|programa|cita|agenda|board|calls?|starting|effective|written|filled|dated|collected|resulted|performed|roster|tonight|tomorrow|yesterday|came in|went home|in \d{1,2}/\d{1,2}, out|(?:on|since|from|until|again) \d{1,2}/\d{1,2} (?:and|&|to|or|through))(?: (?:on|date|of|el|del))?,?[ :]{1,2}$"
)
_FROM = 0.5


@cache
def _pair() -> Any:
    return compiled(r"(?:^|[^\pL\d/.,$%\-+])((?:3[01]|[12]\d|0?[1-9])/(?:3[01]|[12]\d|0?[1-9]))(?:[^\pL\d/%]|[/%]$|$)")


def find_slashed(document: Document) -> Iterator[Hit]:
    """Pairs that are days: the sure ones, and with one of them in the text, likely ones."""
    if "/" not in document.text:
        return
    sure: list[tuple[int, int]] = []
    likely: list[tuple[int, int]] = []
    for start, end in document.spans(_pair(), 1):
        grade = _grade(document, start, end)
        if grade:
            (sure if grade > 1 else likely).append((start, end))
    for start, end in [*sure, *(likely if sure else ())]:
        yield Hit(Kind.DATE, start, end, _FROM, "slashed_day")


def _grade(document: Document, start: int, end: int) -> int:
    """2 if it can be nothing but a day, 1 if it may be one, 0 if not."""
    text = document.text
    first, _, second = text[start:end].partition("/")
    low, high = int(first), int(second)
    if text[start:end] == "24/7":
        return 0
    if low > 12 and (high > 12 or low == 20):  # nothing, or Snellen's 20/10
        return 0
    if text[end : end + 1] in {".", ",", "-"} and text[end + 1 : end + 2].isdigit():
        return 0
    if (
        _COUNT.search(text[end : end + 20])
        or measured(document, end)
        or _MEASURES.search(text[max(0, start - 32) : start])
    ):
        return 0
    words = text[max(0, start - 40) : start].split()
    if words and fold_name(words[-1].strip(":,(")) in document.lexicon.drugs:
        return 0
    # Twelfths and less of more than twelve: only scores with a word beside them are told so.
    if (
        low > high
        or (low < 13 <= high and (low > 9 or high not in {16, 20}))
        or _CUE.search(text[max(0, start - 24) : start])
        or first[0] == "0"
        or second[0] == "0"
    ):
        return 2
    return 1 if (low < high and low < 13) or low == high == 11 else 0


FAMILY = Family("slashed_dates", (), find_slashed)
