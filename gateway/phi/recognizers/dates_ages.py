"""Dates directly related to a person, all elements but the year, and ages over 89 (C).

A year alone, an age under 90, and words that name a day only by another day ("yesterday", "next week") are no identifiers,
nor is the one class of ages "90 or older": 45 CFR 164.514(b)(2)(i)(C). A year of birth that tells such an age is one.
"""

from __future__ import annotations

from functools import cache

from gateway.domain.finding import Kind
from gateway.phi.document import Document, compiled
from gateway.phi.lexicon import number
from gateway.phi.recognizers.checks import digits, numeric_date
from gateway.phi.recognizers.labelled import measured
from gateway.phi.recognizers.rule import Family, Rule

MONTH = (
    r"(?:jan(?:r?uary)?|feb(?:r?uary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:[ea]mber)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|"
    r"enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|setiembre|octubre|noviembre|diciembre)"
)
SPELT = MONTH + r"\b\.?"
# Two digits first: the first alternative that fits is taken, and "March 1" of "March 19" ends within a number.
DAY = r"(?:[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th|[ºo]\b)?"
ORDINAL = (
    r"(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|"
    r"eighteenth|nineteenth|twentieth|thirtieth|twenty[ \-](?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)|thirty[ \-]first|primero)"
)
UNTIL = r"(?: ?(?:-|to|through|thru|and|&|al|y) ?"
YEAR = r"(?:1[89]\d{2}|20\d{2}|'\d{2})"
TIME = r"(?:[T ]{1,2}\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?: ?[AaPp]\.?[Mm]\.?)?(?:Z| ?[+\-]\d{2}:?\d{2})?)?"
WEEKDAY = (
    r"(?:mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?|"
    r"lunes|martes|mi[eé]rcoles|jueves|viernes|s[aá]bado|domingo)"
)
SLASHED = r"(?:0?[1-9]|1[0-2])/(?:[12]\d|3[01]|0?[1-9])"
_NEAR = (
    "dob", "birth", "born", "date", "admitted", "admission", "discharged", "discharge", "died", "death", "seen", "visit", "since", "until", "dated",
    "appointment", "appt", "surgery", "dos", "nacimiento", "fecha", "cita", "biopsy", "bx", "drawn", "came in", "labs",
)  # fmt: skip


def _fraction(document: Document, start: int, end: int) -> bool:
    """A grade, a blood pressure or a share: "5/5 strength", "2/3 of them", "pain 3/10"."""
    before, after = document.lower[max(0, start - 14) : start], document.lower[end : end + 16]
    return (
        after[:1] == "/"
        or after.startswith((" of ", " strength", " in all", " beats", " pulses", " reflexes", "%", " mmhg", "x", " bilat", " murmur"))
        or any(one in before for one in ("pain", "strength", "gcs", "score", "scale", "grade", "vision", "bp", "reflex", "apgar", "muscle", "power"))
    )  # fmt: skip


def _numbered(document: Document, start: int, end: int) -> bool:
    """Numbers of a version, a section or a longer chain."""
    text = document.text[start:end]
    before = document.lower[max(0, start - 10) : start].rstrip()
    after = document.text[end : end + 2]
    return (
        before.endswith(("version", " v", "section", "release", "chapter", "§", "build"))
        or (after[1:2].isdigit() and after[:1] in {".", "-", "/"} and after[:1] in text)
        or ("-" in text and len(text) < 9 and measured(document, end))
    )


def _opening_hours(document: Document, start: int, end: int) -> bool:
    """Days that come again: "Monday - Friday", "Monday through Friday", "on Mondays"."""
    return _AGAIN.search(document.text[max(0, start - 24) : end + 24]) is not None


_AGAIN = compiled(
    rf"(?i){WEEKDAY}s?(?: ?(?:-|to|through|thru|/|&|a) ?){WEEKDAY}|(?:every|each|except) {WEEKDAY}|(?:days?|hours)\b.{{0,12}}{WEEKDAY}"
)


@cache
def _least() -> tuple[int, int]:
    return number("age", "identifier_from"), number("age", "birth_year_until")


def let_stand(document: Document, start: int, end: int) -> bool:
    """Ages that stay: under the law's limit, and the one class "90 or older"."""
    told = digits(document.text[start:end])
    if told and len(told) < 4 and int(told) < _least()[0]:
        return True
    after = document.lower[end : end + 30].lstrip(" -")
    before = document.lower[max(0, start - 14) : start].rstrip()
    return after.startswith(("+", "or older", "or over", "and over", "and older", "and above", "or above", "years and over", "years or older", "years of age or older", "%")) or (
        before.endswith((">", "≥", ">=", "over", "older than"))
    )  # fmt: skip


def _young(document: Document, start: int, end: int) -> bool:
    """A year of birth that tells no age over 89, or one that is in no life."""
    least, until = _least()
    if document.day is not None:  # who was born in that year turns 90 at some time of this one
        until = document.day.year - least
    return not 1880 < int(digits(document.text[start:end])) <= until


def no_age(document: Document, start: int, end: int) -> bool:
    """A number of the range of such ages that may count something else."""
    return let_stand(document, start, end) or (
        measured(document, end) and not document.lower[end : end + 12].lstrip(" -").startswith(("y", "años", "anos"))
    )


AGE = r"(?:9\d|1[01]\d)"
TENS = r"(?:ninety(?:[ \-](?:one|two|three|four|five|six|seven|eight|nine))?|(?:one|a) hundred(?:[ \-](?:and[ \-])?(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve))?)"
NOVENTA = r"(?:noventa(?: y (?:un|uno|dos|tres|cuatro|cinco|seis|siete|ocho|nueve))?|cien|ciento (?:un|uno|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez))"
_PERSON = r"(?:he|she|patient|pt|mother|father|mom|dad|grandmother|grandfather|grandma|grandpa|wife|husband|sister|brother|aunt|uncle|who)"

_RULES = (
    Rule("iso_date", Kind.DATE, r"(?:19|20)\d{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])" + TIME, 0.9, bounded=False),
    Rule("numeric_date", Kind.DATE, r"\d{1,2}[/\-.]\d{1,2}[/\-.]\d{4}" + TIME + r"|\d{1,2}[/\-]\d{1,2}[/\-]\d{2}\b" + TIME, 0.5, _NEAR, numeric_date, veto=_numbered),
    Rule("spaced_date", Kind.DATE, r"\d{1,2} ?[/\-.] ?\d{1,2} ?[/\-.] ?(?:19|20)\d{2}", 0.5, _NEAR, numeric_date, veto=_numbered),
    Rule("dotted_date", Kind.DATE, r"\b\d{1,2}\.\d{1,2}\.\d{2}\b", 0.06, _NEAR, numeric_date, veto=_numbered),
    Rule("year_first", Kind.DATE, r"(?:19|20)\d{2}[/.]\d{1,2}[/.]\d{1,2}" + TIME, 0.5, _NEAR, numeric_date, veto=_numbered),
    Rule("month_day", Kind.DATE, rf"(?i)(?:{WEEKDAY}\.?,? )?\b{SPELT}(?: the)?\s{{0,2}}{DAY}{UNTIL}(?:{SPELT} )?{DAY}\b)?(?:,?\s{{1,2}}{YEAR}|\.? del? {YEAR}| of {YEAR})?" + TIME, 0.8),
    Rule("day_month", Kind.DATE, rf"(?i)(?:{WEEKDAY}\.?,? )?\b(?:{DAY}{UNTIL}))?{DAY}(?:\sdel?|\sof|-)?\s?{SPELT}(?:(?:,?\s|\sdel?\s|-){YEAR})?" + TIME, 0.8),
    Rule("day_abbreviated", Kind.DATE, r"(?i)\b\d{1,2}[\-/ .](?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec|ene|abr|ago|dic)[\-/.](?:19|20)?\d{2}\b", 0.85),
    Rule("month_in_words", Kind.DATE, rf"(?i)\b{SPELT}(?: the)? {ORDINAL}\b(?:,? {YEAR})?|\b(?:the )?{ORDINAL}(?: day)? (?:of|de) {SPELT}(?:,? {YEAR})?", 0.75),
    Rule("compact_month", Kind.DATE, rf"(?i)\b\d{{1,2}}{MONTH}\d{{2,4}}", 0.7),
    Rule("month_year", Kind.DATE, rf"(?i)\b{SPELT},?(?:\sof|\sdel?)?\s?{YEAR}", 0.7),
    Rule("month_alone", Kind.DATE, r"\b(?:[Ii]n|[Ss]ince|[Ll]ast|[Uu]ntil|[Dd]uring|[Ee]arly|[Ll]ate|[Mm]id|[Ee]nd of)[ \-](January|February|March|April|May|June|July|August|September|October|November|December)\b|\b(?:en|desde|hasta) (enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre)\b", 0.45),
    Rule("month_slash", Kind.DATE, r"(?:0?[1-9]|1[0-2])/(?:19|20)\d{2}", 0.55, _NEAR, veto=_numbered),
    Rule("day_slash", Kind.DATE, SLASHED, 0.2, _NEAR, veto=_fraction),
    Rule("on_day_slash", Kind.DATE, rf"(?i)\b(?:on|since|until|from|by|before|after|through|el|del|desde|{WEEKDAY}),? ({SLASHED})", 0.6, veto=_fraction),
    Rule("slash_at_time", Kind.DATE, rf"(?i)\b({SLASHED}),? (?:at|@|a las) \d{{1,2}}(?::\d{{2}}| ?[ap]\.?m)", 0.7),
    Rule("slash_range", Kind.DATE, rf"{SLASHED} ?(?:-|to|through|al) ?{SLASHED}(?:/(?:\d{{4}}|\d{{2}}))?", 0.55, veto=_fraction),
    Rule("weekday_ordinal", Kind.DATE, rf"(?i)\b{WEEKDAY},?(?: the)? (?:[12]\d|3[01]|[1-9])(?:st|nd|rd|th)\b|\b(?:lunes|martes|mi[eé]rcoles|jueves|viernes|s[aá]bado|domingo) (?:[12]\d|3[01]|[1-9])\b", 0.7),
    Rule("eight_digits", Kind.DATE, r"\b(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\d{6})?\b", 0.3, _NEAR),
    Rule("basic_date_time", Kind.DATE, r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])T\d{4}(?:\d{2})?Z?\b", 0.8, bounded=False),
    Rule("weekday", Kind.DATE, r"\b(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)\b", 0.4, veto=_opening_hours),
    Rule("age_years_old", Kind.AGE, rf"(?i)\b({AGE}[ \-]?(?:years?|yrs?|y)[ .\-/]{{0,2}}(?:old|o|of age|young))\b", 0.9, bounded=False, veto=let_stand),
    Rule("age_yo", Kind.AGE, rf"(?i)\b({AGE} ?(?:y\.? ?/?o\b|yo[mf]\b|y/?[mf]\b|(?:years?|yrs?)[ \-](?:male|female|man|woman))\b)", 0.9, bounded=False, veto=let_stand),
    Rule("age_label", Kind.AGE, rf"(?i)\b(?:aged?|turned|turning|turns|celebrated|celebrates|is now|age of|edad(?: de)?|age ?/ ?(?:sex|gender)|age \(y(?:ea)?rs?\))[\"' :=\t|]{{1,4}}(?:is )?(0?{AGE}(?: ?(?:yrs?|years?|y)\b)?(?:,? \d{{1,2}} ?(?:months?|mos?|m)\b)?)\b", 0.9, veto=no_age),
    Rule("age_and_months", Kind.AGE, rf"(?i)\b({AGE} ?(?:years?|yrs?|y)\.?,? (?:and )?\d{{1,2}} ?(?:months?|mos?|m)\b)", 0.8, bounded=False, veto=let_stand),
    Rule("age_of_woman", Kind.AGE, rf"(?i)\b(?:woman|man|lady|gentleman|widow(?:er)?|veteran|grandmother|grandfather|person|mother|father|patient|mujer|hombre) of ({AGE}|{TENS})\b", 0.7, veto=no_age),
    Rule("age_of_person", Kind.AGE, rf"(?i)\b{_PERSON} (?:is|was|will be|just turned|became|turned) (?:now |already |almost |nearly )?({AGE})\b(?:[ ,.;!?]|$)", 0.7, veto=no_age),
    Rule("age_and_sex", Kind.AGE, rf"\b({AGE})(?:[ ]?[MF]|/[MF]|[ ](?:male|female|woman|man|lady|gentleman))\b (?:with|presents|presenting|who|admitted|s/p|c/o|here|w/|seen|status)", 0.8, bounded=False, veto=let_stand),
    Rule("age_birthday", Kind.AGE, rf"(?i)\b({AGE}(?:th|st|nd|rd)) (?:birthday|year)", 0.85, bounded=False, veto=let_stand),
    Rule("age_decade", Kind.AGE, r"(?i)\b(?:in|entering|into|reached)(?: (?:his|her|their|the|my|your|early|mid|late|sus|los)){1,2}[ \-]((?:9|10|11)0'?s|nineties|noventa)\b", 0.8),
    Rule("age_in_words", Kind.AGE, rf"(?i)\b({TENS})[ \-](?:years?|yrs?)[ \-](?:old|of age|young)\b|\b(?:aged?|turned|age of) ({TENS})\b", 0.85),
    Rule("age_noun", Kind.AGE, r"(?i)\b(?:nonagenarian|(?:semi-?|super-?)?centenarian|nonagenari[oa]|centenari[oa] (?:de edad|paciente))s?\b", 0.8),
    Rule("age_spanish", Kind.AGE, rf"(?i)\b((?:{AGE}|{NOVENTA})[ \-]?(?:a[ñn]os|añitos)(?: de edad)?)\b", 0.85, bounded=False, veto=let_stand),
    Rule("birth_year", Kind.AGE, r"(?i)\b(?:born(?: in| on)?|year of birth|birth year|yob|dob|date of birth|b\.|naci[oó](?: en)?|a[ñn]o de nacimiento)[ :=]{1,3}(1[89]\d{2})\b", 0.7, veto=_young),
)  # fmt: skip

FAMILY = Family("dates_ages", _RULES)
