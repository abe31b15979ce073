"""Names that stand where only a name can: below a closing formula, at a mail's end, in a file's name, in a field of a
health message, after a label in another script. Most of them have no capital that tells, or are in no list.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from gateway.domain.finding import Kind
from gateway.phi.document import Document, compiled, gated
from gateway.phi.lexicon import AMBIGUOUS, GIVEN, NAME, STOP, SURNAME, WORD
from gateway.phi.normalize import fold_name
from gateway.phi.recognizers.name_cues import Cues
from gateway.phi.recognizers.name_words import SUFFIXES, TITLES
from gateway.phi.recognizers.rule import Hit, Rule

_NICKNAME = 4
"""A word of the lists of no more letters signs as a nickname: `cas`; `Billing` is a department."""
_DASHES = " \t\r>-–—~*_.,!"
_EMPTY: Final = " \t\r\n>"
_SHORT_LINE = 24
_ENDING: Final = r"(?:pdf|docx?|xlsx?|jpe?g|png|gif|tiff?|txt|csv|zip|rtf|heic|dcm|msg|eml|pptx?|mov|mp4|wav|m4a|html?)"
NO_INITIALS: Final = frozenset((
    "ad", "ai", "am", "ap", "ar", "ca", "co", "cv", "do", "dr", "ed", "er", "eu", "fy", "hi", "hr", "id", "in", "it", "la", "lp", "md", "na", "no", "np", "ny", "ok", "on", "op", "or", "ot", "pa", "pm", "po", "pr", "ps", "qa", "rd", "re", "rn", "rx", "sc", "st", "to", "tv", "tx", "uk", "un", "up", "us", "vp", "wa", "we", "xo", "yo", "fyi", "ceo", "cfo", "coo",
    "asap", "usa", "icu", "pcp", "llc", "inc", "ehr", "emr", "cdc", "fda", "nhs", "eod", "tbd", "tba", "ooo", "lol", "omg", "bcc", "pdf", "doc", "faq", "mri", "ekg", "ecg", "lab", "ent", "gi", "ob", "cbc", "cmp", "a1c", "bmp", "bmi", "iv", "er", "or", "eta", "btw", "imo", "thx", "yes", "hmo", "ppo"
))  # fmt: skip
"""Two or three capitals alone on a line that are nobody's initials."""


@cache
def _patterns() -> tuple[Any, Any, Any, Any]:
    last = gated(
        r"(?i)\n[ \t>]*(?:-{2,} ?)?(?:original message|forwarded message|from:|on [^\n]{6,80} wrote:|sent from my)"
    )
    ending = gated(rf"\.{_ENDING}\b")
    file = compiled(rf"\b[\pL\pN][\pL\pN_\-'+]{{3,80}}\.{_ENDING}\b")
    return last, ending, file, compiled(r"\p{Lu}?\p{Ll}+|\p{Lu}+")


def placed(document: Document, cues: Cues) -> Iterator[Hit]:
    """All of them."""
    for start, end in cues.closings:
        yield from _signature(document, start, end, closed=True)
    if len(document.text) > 60 and "\n" in document.text:
        for start, end in _last_lines(document):
            yield from _signature(document, start, end, closed=False)
    if any(True for _ in document.spans(_patterns()[1])):
        for start, end in document.spans(_patterns()[2]):
            yield from _in_file(document, start, end)


def _last_lines(document: Document) -> Iterator[tuple[int, int]]:
    """The short lines that end a mail: above one that it answers or forwards, and at the text's end. Each sign is looked at
    once, because what is above a line ends at the one before.
    """
    text = document.text
    for edge in (*(start for start, _ in document.spans(_patterns()[0])), len(text)):
        end = edge
        while end and text[end - 1] in _EMPTY:
            end -= 1
        start = text.rfind("\n", 0, end) + 1
        stop = text.find("\n", end, edge)
        line = text[start : stop if stop >= 0 else edge].strip(" \t\r")
        if _SHORT_LINE >= len(line.lstrip(" \t>")) > 1:
            yield start, end


def _signature(document: Document, start: int, end: int, *, closed: bool) -> Iterator[Hit]:
    """The name that a line of one to three words is; without a closing formula above it, one word that people bear."""
    text = document.text
    while start < end and text[start] in _DASHES:
        start += 1
    while end > start and text[end - 1] in _DASHES:
        end -= 1
    line = text[start:end]
    words = line.replace(".", ". ").split()
    if not 1 <= len(words) <= (3 if closed else 1) or not line.replace(" ", "").replace(".", "").replace("-", "").replace("'", "").isalpha():  # fmt: skip
        return
    if (_initials(line) and line.rstrip(".").replace(".", "").lower() not in NO_INITIALS) or all(
        _signs(document, one, closed) for one in words
    ):
        yield Hit(Kind.NAME, start, end, 0.6, "signed_name")


def _initials(line: str) -> bool:
    """Whether the line is two or three capitals, dotted or not."""
    bare = line.replace(".", "").replace(" ", "")
    return bare.isupper() and bare.isascii() and (2 <= len(bare) <= 3 if "." not in line else 1 <= len(bare) <= 3)


def _signs(document: Document, word: str, closed: bool) -> bool:
    """Whether people sign with the word."""
    low = fold_name(word.rstrip("."))
    flags = document.lexicon.flags.get(low, 0)
    if flags & STOP or low in TITLES or low in SUFFIXES:
        return False
    if len(low) < 2:
        return word[:1].isupper() and closed
    if flags & WORD:
        return closed and bool(flags & GIVEN or (flags & SURNAME and len(low) <= _NICKNAME))
    if not closed:
        return flags & (GIVEN | AMBIGUOUS) == GIVEN
    return bool(flags & NAME) or (word.istitle() and low not in document.lexicon.drugs)


def _in_file(document: Document, start: int, end: int) -> Iterator[Hit]:
    """The pieces of a file's name that are a person's: `Smith_John_labs.pdf`, `JohnSmith.doc`."""
    data = document.text[start:end]
    stem = data[: data.rindex(".")]
    flags, pieces = document.lexicon.flags, []
    for match in _patterns()[3].finditer(stem):
        low = fold_name(match.group())
        pieces.append((match.start(), match.end(), flags.get(low, 0)))
    for one, two in itertools.pairwise(pieces):
        if two[0] - one[1] > 1:
            continue
        first, second = one[2], two[2]
        named = [piece for piece in (first, second) if piece & (GIVEN | AMBIGUOUS | WORD | STOP) == GIVEN]
        if named and first & NAME and second & NAME and not (first | second) & STOP and not first & second & WORD:
            yield Hit(Kind.NAME, start + one[0], start + two[1], 0.7, "file_name")


def _no_people(document: Document, start: int, end: int) -> bool:
    """Whether none of the words is a name of the lists, or all are ordinary words."""
    words = [fold_name(one) for one in document.text[start:end].replace("^", " ").replace("*", " ").split()]
    known = [document.lexicon.flags.get(one, 0) for one in words if len(one) > 1]
    return not any(one & NAME and not one & (WORD | STOP) for one in known)


_PART = r"[\pL][\pL'\- ]{0,40}"
_SPELT = r"\p{Lu}[\pL\p{M}'\-]+"
_PEOPLE_ABROAD = (
    r"(?:пациент(?:ка|у|а|ки|ке)?|больн(?:ой|ая)|имя|фамилия|ф\.?и\.?о\.?|уважаем(?:ый|ая)|пацієнт(?:ка)?|ім'я|прізвище|шановн(?:ий|а)|пациентка|госпожа|господин|дорог(?:ой|ая)|пан|пані"
    r"|ασθεν(?:ής|ή)|όνομα|ονοματεπώνυμο|επώνυμο|κύριε?|κυρία|αγαπητ(?:έ|ή))"
)
_LABELS_ABROAD = r"(?:患者姓名|病人姓名|姓名|患者名|患者氏名|氏名|患者|病人|名前|환자명|환자|성명|이름|المريضة|المريض|الاسم|اسم|السيدة|السيد|نام بیمار|نام|بیمار|שם המטופל|שם|המטופלת|המטופל|रोगी|नाम|मरीज|ชื่อ|ผู้ป่วย)"
RULES: Final = (
    Rule("x12_name", Kind.NAME, rf"\bNM1\*\w{{2}}\*1\*({_PART}(?:\*(?:{_PART})?){{0,2}})", 0.9, bounded=False, sign="nm1*"),
    Rule("hl7_name", Kind.NAME, rf"\b({_PART}\^{_PART}(?:\^{_PART})?)", 0.6, veto=_no_people, sign="^"),
    Rule("cyrillic_name", Kind.NAME, rf"(?i:{_PEOPLE_ABROAD})[ ]?[:,]?[ ]({_SPELT}(?:[ ]{_SPELT}){{0,2}})", 0.8, ascii=False),
    Rule("name_abroad", Kind.NAME, rf"{_LABELS_ABROAD}[ ]?[:：]?[ ]?((?:[\p{{Han}}]{{2,4}}|[\p{{Hangul}}]{{2,4}}|[\p{{Hiragana}}\p{{Katakana}}\p{{Han}}]{{2,8}})|[\p{{Arabic}}\p{{Hebrew}}\p{{Devanagari}}\p{{Thai}}]{{2,20}}(?:[ ][\p{{Arabic}}\p{{Hebrew}}\p{{Devanagari}}\p{{Thai}}]{{2,20}}){{0,2}})", 0.6, bounded=False, ascii=False),
    Rule("name_and_honorific", Kind.NAME, r"((?:[\p{Han}]{1,4}|[\p{Hiragana}\p{Katakana}]{2,8}|[\p{Hangul}]{2,4}))(?:様|さん|女士|小姐|先生| ?씨| ?님)", 0.6, bounded=False, ascii=False),
)  # fmt: skip
