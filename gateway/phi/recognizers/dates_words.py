"""Dates as deeds, courts and people of other tongues write them (C): "the 12th day of May, 2014", "3. März 1961", "12/V/2014".

A year alone stays, and so does a month that nothing ties to what happened in it.
"""

from __future__ import annotations

from gateway.domain.finding import Kind
from gateway.phi.document import Document, compiled
from gateway.phi.recognizers.dates_ages import DAY, MONTH, ORDINAL, SLASHED, SPELT, TIME, WEEKDAY, YEAR
from gateway.phi.recognizers.rule import Family, Rule

_ABROAD = (
    r"(?:janvier|f[eé]vrier|mars|avril|mai|juin|juillet|ao[uû]t|septembre|octobre|novembre|d[eé]cembre|j[aä]nner|januar|jan\.|feber|februar|m[aä]rz|m[aä]r\.|juni|juli|oktober|okt\.?|dezember|dez\.?|"
    r"gennaio|febbraio|maggio|giugno|luglio|agosto|settembre|ottobre|novembre|dicembre|januari|februari|maart|mei|augustus|janeiro|fevereiro|mar[cç]o|maio|junho|julho|setembro|outubro|novembro|dezembro|"
    r"maj|augusti|augusts?|marts|desember|stycznia|lutego|marca|kwietnia|maja|czerwca|lipca|sierpnia|wrze[sś]nia|pa[zź]dziernika|listopada|grudnia|"
    r"[ij]anuarie|februarie|martie|aprilie|iunie|iulie|octombrie|noiembrie|decembrie|ocak|[sş]ubat|mart|nisan|may[ıi]s|haziran|temmuz|a[gğ]ustos|eyl[uü]l|ekim|kas[ıi]m|aral[ıi]k)"
)
_HOLIDAY = (
    r"(?:(?:christmas|x-?mas)(?: eve| day| week)?|boxing day|new year'?s(?: eve| day)?|thanksgiving(?: day)?|black friday|easter(?: sunday| monday)?|good friday|palm sunday|ash wednesday|pentecost|labou?r day|memorial day|(?:martin luther king|mlk)(?: jr\.?)? day|"
    r"presidents'? day|independence day|columbus day|indigenous peoples'? day|juneteenth|halloween|valentine'?s(?: day)?|mother'?s day|father'?s day|st\.? patrick'?s(?: day)?|veterans'? day|remembrance day|cinco de mayo|super bowl sunday|groundhog day|april fool'?s(?: day)?|"
    r"passover|rosh hashanah?|yom kippur|hanukkah|chanukah|ramadan|eid(?: al-(?:fitr|adha))?|diwali|lunar new year|chinese new year|all saints'? day|canada day|navidad|nochebuena|a[ñn]o nuevo|semana santa|d[ií]a de (?:los )?(?:reyes|muertos|las madres))"
)
"""Days that have a name, and with it a place in the year."""
_HAPPENED = ("surgery", "seen", "visit", "admitted", "admission", "fell", "appt", "appointment", "scheduled", "symptoms", "pain", "started", "died", "born", "discharged", "injury", "pt", "patient", "hospital", "onset", "fever", "cough", "accident")  # fmt: skip
_SHORT_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec|ene|abr|ago|dic)"
_TWO = r"['’]?\d{2}"


def _long_chain(document: Document, start: int, end: int) -> bool:
    """Part of a longer number: "1961-02-118"."""
    if document.text[max(0, start - 1) : start] in {"-", "/", "."}:
        return True
    after = document.text[end : end + 2]
    return after[:1] in {"-", "/", ".", ":"} and after[1:].isdigit()


_NTH = r"(?:[12]?\d|3[01])(?:st|nd|rd|th)"
_AFTER_A_DAY = (
    r"[.,;:!?)\r]|$|\n| [\-–—]| (?:and|at|but|can|could|with|please|pls|if|so|or|because|she|he|i|we|they|when|will|works|not|then|in case|instead|unless|since|due|as|by|after|before|is|was|thanks|around|about|w/|"
    r"for(?: (?:the|his|her|my|your|our|an?))?|from (?:the|his|her|my|your|an?))(?:[\s.,;:!?]|$)"
)
"""Words that follow a day, and not what an ordinal counts: `on the 5th toe`."""
_SECOND = compiled(r"(?i)^ (?:and|or|&) (?:the )?(?:\d{1,2}(?:st|nd|rd|th)|[a-z]+(?:th|rd|nd|st)) ([a-z]+)")
_VERBS = frozenset({"and", "or", "at", "but", "to", "with", "of", "in", "he", "she", "i", "we", "they", "it", "please", "then", "if", "so", "for", "as", "because"})  # fmt: skip


def _counts(document: Document, _start: int, end: int) -> bool:
    """Whether two ordinals count something: `on the 3rd and 4th ribs`."""
    found = _SECOND.search(document.lower[end : end + 40])
    return found is not None and found.group(1) not in _VERBS


FAMILY = Family(
    "dates_words",
    (
        Rule("day_of", Kind.DATE, rf"(?i)\b(?:(?:the|this) )?(?:{DAY}|{ORDINAL}|first)(?: day| d[ií]as?)? (?:of|del? mes de|de) (?:the month of )?{SPELT}(?:,? (?:of |in the year |del? |del a[ñn]o |a\.?d\.? )?{YEAR})?", 0.85),
        Rule("lone_ordinal", Kind.DATE, rf"(?i)\b(?:on|by|until|till?|since|from|before|after|through|for|to|back|over to|is) (the {_NTH}(?: (?:and|or|to|through|&) (?:the )?{_NTH})?)(?:{_AFTER_A_DAY})", 0.5, bounded=False, veto=_counts),
        Rule("lone_ordinal_word", Kind.DATE, rf"(?i)\b(?:on|by|until|till?|since|from|before|after|through) (the (?:first|tenth|fifteenth|twentieth|thirtieth))(?:{_AFTER_A_DAY})", 0.45, bounded=False, veto=_counts),
        Rule("dotted_at_hour", Kind.DATE, r"(?i)\b(?:on|is|am|by|of|for|until|from) ((?:[12]\d|3[01]|0?[1-9])\.(?:1[0-2]|0[1-9])\.?) (?:at|um|à|ab|o) \d{1,2}\b", 0.6),
        Rule("year_then_day", Kind.DATE, rf"(?i)\b(?:19|20)\d{{2}},?[ \-/.]{MONTH}\.?[ \-/.]{DAY}\b", 0.8),
        Rule("day_month_short_year", Kind.DATE, rf"(?i)\b{DAY}[ \-.]{SPELT}[ \-]?{_TWO}\b(?:[^\d:]|$)|\b{SPELT} {DAY},? ['’]\d{{2}}\b", 0.75, bounded=False),
        Rule("abroad_day", Kind.DATE, rf"(?i)\b(?:(?:le|el|den|am|il|der|op|em|dnia|dne|o dia|les) )?{DAY}[.]?(?:er|e)?(?: de| di| -)? {_ABROAD}\b\.?(?:,? (?:de |del )?{YEAR})" + TIME, 0.85),
        Rule("abroad_day_told", Kind.DATE, rf"(?i)\b(?:le|den|am|il|der|vom|dal|bis zum|seit|jusqu'au|depuis le|du|au|op|dnia|em|né le|née le) ({DAY}[.]?(?:er)? (?:de )?{_ABROAD})\b", 0.7),
        Rule("abroad_month", Kind.DATE, rf"(?i)\b(?:janvier|f[eé]vrier|avril|juin|juillet|ao[uû]t|septembre|octobre|novembre|d[eé]cembre|januar|februar|m[aä]rz|oktober|dezember|gennaio|febbraio|maggio|giugno|luglio|settembre|ottobre|dicembre|januari|februari|maart|augustus|janeiro|fevereiro|mar[cç]o|junho|julho|setembro|outubro|novembro|dezembro) (?:de )?{YEAR}", 0.6),
        Rule("roman_month", Kind.DATE, r"\b(?:[12]\d|3[01]|0?[1-9])[./\- ](?:IX|IV|VI{0,3}|XI{0,2}|I{1,3}|X)[./\- ](?:18|19|20)\d{2}\b", 0.75),
        Rule("east_asian", Kind.DATE, r"(?:18|19|20)\d{2} ?年 ?\d{1,2} ?月(?: ?\d{1,2} ?日)?|\d{1,2} ?月 ?\d{1,2} ?日|(?:18|19|20)\d{2} ?년 ?\d{1,2} ?월(?: ?\d{1,2} ?일)?", 0.85, bounded=False),
        Rule("month_hyphen_year", Kind.DATE, rf"(?i)\b{_SHORT_MONTH}[\-/]{_TWO}\b", 0.5, veto=_long_chain),
        Rule("month_apostrophe_year", Kind.DATE, rf"(?i)\b{SPELT} ?['’]\d{{2}}\b", 0.6),
        Rule("weekday_slash", Kind.DATE, rf"(?i)\b{WEEKDAY}\.?,? {SLASHED}(?:/(?:\d{{4}}|\d{{2}}))?\b", 0.7),
        Rule("slash_apostrophe", Kind.DATE, r"\b\d{1,2}/\d{1,2}/['’]\d{2}\b", 0.8),
        Rule("dotted_short", Kind.DATE, r"(?i)\b(?:on|of|dated|since|until|born|dob|d\.o\.b\.?|am|vom|geb\.?(?:oren)?|le|el|seen|visit|date|from|to|fecha)[: ]{1,2}(?:am |el )?((?:[12]\d|3[01]|0?[1-9])\.(?:1[0-2]|0?[1-9])\.(?:\d{4}|\d{2}))(?:[^\d.]|\.\D|$)|\b(?:am|vom|bis|seit|geb\.|den|le) ((?:[12]\d|3[01]|0?[1-9])\.(?:1[0-2]|0?[1-9])\.)(?:\D|$)", 0.6),
        Rule("birth_month", Kind.DATE, r"(?i)\b(?:d\.?o\.?b\.?|born|birth(?: ?date)?|nacimiento)[ :=]{1,3}((?:18|19|20)\d{2}-(?:0[1-9]|1[0-2]))\b", 0.7, veto=_long_chain),
        Rule("birth_digits", Kind.DATE, r"(?i)\b(?:d\.?o\.?b\.?|birth ?date|date of birth|fecha de nac(?:imiento|\.)?|f\.? ?n(?:ac)?\.?|geb\.?(?:urtsdatum|datum)?|born)[ :=#(\[]{0,3}(?:on )?(\d{6}|\d{8}|\d{1,2}[ .\-/]{1,2}\d{1,2}[ .\-/]{1,2}(?:\d{4}|\d{2}))\b", 0.85),
        Rule("holiday_of_year", Kind.DATE, rf"(?i)\b{_HOLIDAY},? (?:of |de |in )?(?:18|19|20)\d{{2}}\b", 0.6),
        Rule("holiday", Kind.DATE, rf"(?i)\b(?:on|since|until|till?|before|after|around|by|over|last|this past|past|through|during|from|following|antes de|despu[eé]s de|desde|en)(?: the)? ({_HOLIDAY}(?: weekend)?)\b", 0.47),
        Rule("holiday_told", Kind.DATE, rf"(?i)\b{_HOLIDAY}(?: weekend)?\b", 0.1, _HAPPENED),
        Rule("season_of_year", Kind.DATE, r"(?i)\b(?:spring|summer|autumn|winter|primavera|verano|otoño|invierno)(?: of| de(?:l)?)?,? (?:(?:19|20)\d{2}|['’]\d{2})\b|\b(?:[Ii]n|[Ss]ince|[Ll]ast|[Oo]f|the|[Ee]arly|[Ll]ate) [Ff]all(?: of)?,? (?:19|20)\d{2}\b", 0.45),
        Rule("months_of_year", Kind.DATE, rf"(?i)\b{_SHORT_MONTH}\.? ?[/\-–] ?{_SHORT_MONTH}\.?,? {YEAR}", 0.6),
        Rule("month_and_days", Kind.DATE, rf"(?i)\b{SPELT} {DAY}/{DAY}\b", 0.6),
        Rule("month_slash_year", Kind.DATE, rf"(?i)\b{SPELT}/(?:19|20)\d{{2}}\b", 0.6),
        Rule("roman_month_short", Kind.DATE, r"\b(?:[12]\d|3[01]|0?[1-9])-(?:IX|IV|VI{0,3}|XI{0,2}|I{1,3}|X)-\d{2}\b", 0.6),
        Rule("week_of_month", Kind.DATE, rf"(?i)\b(?:the )?(?:1st|2nd|3rd|4th|first|second|third|fourth|last|{WEEKDAY})(?: (?:week|wk|weekend|{WEEKDAY}))? (?:of|in) {SPELT}\b", 0.5),
        Rule("around_short_month", Kind.DATE, rf"(?i)\b(?:since|until|till?|early|late|mid|end of|beginning of|start of|around)[ \-](jan|feb|apr|jun|jul|aug|sept?|oct|nov|dec)\b\.?(?: {YEAR})?", 0.45),
        Rule("week_and_ordinal", Kind.DATE, r"(?i)\b(?:week|wk|weekend) of (the (?:[12]?\d|3[01])(?:st|nd|rd|th))\b|\b(?:weds|wednes|tues|thurs|thur|mon|wed|thu|fri|sat|sun)\.?,? (?:the )?(?:[12]?\d|3[01])(?:st|nd|rd|th)\b", 0.6),
        Rule("between_days", Kind.DATE, rf"(?i)\b(?:between|from|entre el|del|de|vom|du) (?:the )?({DAY}(?: {SPELT})?) (?:and|to|until|y el|al|bis|au|y) (?:the )?{DAY} (?:of |de )?{SPELT}", 0.75),
    ),
)  # fmt: skip
