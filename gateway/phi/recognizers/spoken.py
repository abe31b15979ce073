"""What is dictated or read out (A, C, D, H): digits in words, letters spelt, dates and years in words.

Six digits in words or more are a number of somebody; ten, or ten with the rest in digits, a telephone.
"""

from __future__ import annotations

from gateway.domain.finding import Kind
from gateway.phi.document import Document
from gateway.phi.recognizers.dates_ages import MONTH, ORDINAL, SLASHED, SPELT, WEEKDAY
from gateway.phi.recognizers.labelled import measured
from gateway.phi.recognizers.rule import Family, Rule

_WORD = r"(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|cero|uno|dos|tres|cuatro|cinco|seis|siete|ocho|nueve)"
_GAP = r"(?:, ?|[ \-]| - |\. )"
_TEN = r"(?:one|two|three|four|five|six|seven|eight|nine)"
_TEENS = r"(?:ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[ \-]" + _TEN + r")?)"  # fmt: skip
_YEAR = (
    rf"(?:(?:nineteen|twenty)[ \-](?:oh[ \-]{_TEN}|{_TEENS})|two thousand(?:[ \-](?:and[ \-])?(?:{_TEENS}|{_TEN}))?)"
)
_ABROAD = (
    r"(?:janvier|f[eé]vrier|f[eé]v\.|mars|avril|mai|juin|juillet|ao[uû]t|septembre|octobre|novembre|d[eé]cembre|d[eé]c\.|januar|februar|m[aä]rz|april|juni|juli|august|september|oktober|november|dezember|"
    r"janeiro|fevereiro|mar[cç]o|maio|junho|julho|agosto|setembro|outubro|dezembro|gennaio|febbraio|marzo|aprile|maggio|giugno|luglio|settembre|ottobre|dicembre)"
)
_DAYS = r"(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|segunda(?:-feira)?|ter[cç]a(?:-feira)?|quarta(?:-feira)?|quinta(?:-feira)?|sexta(?:-feira)?|luned[iì]|marted[iì]|mercoled[iì]|gioved[iì]|venerd[iì]|sabato|domenica)"
_DAY = r"(?:[12]\d|3[01]|0?[1-9])"
_EVENT = r"(?:rtw|return(?:s|ed)?(?: to work)?|light duty|full duty|appt|appointment|f/?u|follow[ \-]?up|visit|seen|dos|doi|surgery|sx|filled|fill|refill(?:ed)?|injury|eval|next|adm(?:it(?:ted)?)?|d/?c|dispo|hearing|due|fitted|called|last|started|stopped|done|ended|labs?|xray|mri|ct|consult|procedure|delivered|lmp|edd)"


def _share(document: Document, start: int, end: int) -> bool:
    """A grade or a share: "3/10 pain", "seen 2/3 of them"."""
    after = document.lower[end : end + 14]
    before = document.lower[max(0, start - 16) : start]
    return (
        after[:1] in {"/", "%", "x"}
        or after.startswith((" of ", " pain", " strength", " dose", " doses", " systolic", " murmur", " tab", " cup", " pill"))
        or any(one in before for one in ("pain", "score", "scale", "grade", "strength", "lab ct"))
        or measured(document, end)
    )  # fmt: skip


FAMILY = Family(
    "spoken",
    (
        Rule("phone_words", Kind.PHONE, rf"(?i)\b(?:{_WORD}{_GAP}){{3}}\d{{3}}[ .\-]{{1,2}}\d{{4}}\b|\b\d{{3}}{_GAP}(?:{_WORD}{_GAP}){{6}}{_WORD}\b|\b(?:{_WORD}{_GAP}){{9,10}}{_WORD}\b|\b\d{{3}}[ .\-]\d{{3}}{_GAP}(?:{_WORD}{_GAP}){{3}}{_WORD}\b", 0.7),
        Rule("number_words", Kind.OTHER_ID, rf"(?i)\b(?:(?:[a-z]{_GAP}){{0,3}}{_WORD}{_GAP}){{5,13}}{_WORD}\b", 0.5),
        Rule("spelt", Kind.NAME, r"\b(?i:spel(?:led|t|ling|l)(?: (?:it|that|as|is|her name|his name|last name|first name))?)[ :,]{1,3}((?:[A-Z][ \-.]{1,2}){2,14}[A-Z](?:[, ]{1,2}(?i:hyphen|dash|space|apostrophe|new word|then)[, ]{1,2}(?:[A-Z][ \-.]{1,2}){1,14}[A-Z])?)\b", 0.8),
        Rule("baby_of", Kind.NAME, r"\b(?:Baby (?:Boy|Girl)|BABY (?:BOY|GIRL)|(?:Baby|Infant|Twin) [AB],?|BB|BG) [A-ZÀ-Þ][\pL'’\-]{2,}", 0.7),
        Rule("day_in_words", Kind.DATE, rf"(?i)\b{SPELT}(?: the)? {ORDINAL},? (?:of )?{_YEAR}|\b(?:the )?{ORDINAL} of {MONTH},? {_YEAR}", 0.85),
        Rule("slash_and_time", Kind.DATE, rf"(?i)\b{SLASHED}[ ,]{{1,2}}\d{{1,2}}:\d\d(?: ?[ap]\.?m?\.?)?\b", 0.7),
        Rule("event_slash", Kind.DATE, rf"(?i)\b{_EVENT}[ :,]{{1,2}}(?:on |is |was )?({SLASHED}(?:/\d{{2}})?)\b", 0.5, veto=_share),
        Rule("weekday_slash_time", Kind.DATE, rf"(?i)\b{WEEKDAY}\.?,? {SLASHED}(?: (?:at|@))? \d{{1,2}}(?::\d\d)? ?(?:[ap]\.?m?\b\.?)?", 0.7),
        Rule("weekday_abroad", Kind.DATE, rf"(?i)\b{_DAYS},? (?:le |den |dem |dia )?{_DAY}[.]?(?:er)?(?: de)? {_ABROAD}(?:,? (?:de )?(?:19|20)\d\d)?", 0.8),
        Rule("born_abroad", Kind.DATE, rf"(?i)\b(?:née?|geb(?:oren)?\.?|nat[oa]|nascid[oa]|né\(e\))(?: le| am| il| em)? ({_DAY}[.]?(?:er)?(?: de)? {_ABROAD}(?:,? (?:de )?(?:18|19|20)\d\d)?)", 0.85),
        Rule("day_abroad_short", Kind.DATE, rf"(?i)\b(?:le|du|au|den|am|vom|em) ({_DAY}[.]?(?:er)? (?:de )?{_ABROAD})", 0.6),
        Rule("run_number", Kind.OTHER_ID, r"(?i)\b(?:run|incident|pcr|epcr|dispatch|cad|encounter|trip)(?: (?:no\.?|number|report|id))?[ :#]{1,3}((?:[a-z]{1,4}-?)?\d{2,4}-\d{4,8}|\d{8,11})\b", 0.6),
        Rule("authorisation_key", Kind.OTHER_ID, r"\b(?i:(?:pa|cmm|auth|cover ?my ?meds|access)[ \-]?)?(?i:key)[ :#]{1,3}((?:[A-Z]{1,6}\d|\d[A-Z]{1,6})[A-Z0-9]{4,10})\b", 0.55),
    ),
)  # fmt: skip
