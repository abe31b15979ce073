"""Passwords of encrypted files: made ones of 80 bits or more, and a judgement of those that people choose.

Whoever has the file can try passwords for years, unseen and without limit: so nothing that stands on a card, a bill or a
social profile serves, and what people make up is counted as a guesser would count it, at its lowest.
"""

from __future__ import annotations

import math
import re
import stringprep
import unicodedata
from collections.abc import Callable
from datetime import date

from gateway.domain.patient import Patient, Phrase

BITS = 80
LONGEST = 127
"""Bytes in UTF-8, ISO 32000-2 7.6.4.3.3: what is beyond would be cut off unsaid."""
WORDS = 8
"""Of a list of 1,700 or more: 86 bits at least."""
LANGUAGES = {"en": "english", "es": "spanish"}
_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's 32: none is taken for another when it is read out."""
_GROUPS = 4
_MOST_OF_A_WORD, _MOST_OF_A_STRANGE_WORD, _MOST_OF_A_NUMBER = 11.0, 8.0, 10.0
_COMMON = 1000
"""Words that everybody uses join others into sentences, songs and quotations; they count for nothing."""
_TOKENS = re.compile(r"[^\W\d_]+|\d+|[^\w\s]+|_+")
_MONTHS = (
    ("january", "enero"), ("february", "febrero"), ("march", "marzo"), ("april", "abril"), ("may", "mayo"),
    ("june", "junio"), ("july", "julio"), ("august", "agosto"), ("september", "septiembre"), ("october", "octubre"),
    ("november", "noviembre"), ("december", "diciembre"),
)  # fmt: skip
_FORBIDDEN = (
    stringprep.in_table_c12, stringprep.in_table_c21_c22, stringprep.in_table_c3, stringprep.in_table_c4,
    stringprep.in_table_c5, stringprep.in_table_c6, stringprep.in_table_c7, stringprep.in_table_c8, stringprep.in_table_c9,
    stringprep.in_table_a1,
)  # fmt: skip


def generated(random: Callable[[int], bytes], language: str = "en") -> str:
    """Eight words that can be told by telephone, of the list for that language (`en`, `es`), lower case and ASCII."""
    words = _list(language)
    return " ".join(words[int.from_bytes(random(8)) % len(words)] for _ in range(WORDS))


def code(random: Callable[[int], bytes]) -> str:
    """Eighty bits as sixteen letters and digits in groups of four, for a text message."""
    number = int.from_bytes(random(BITS // 8))
    signs = "".join(_LETTERS[number >> shift & 31] for shift in range(0, BITS, 5))
    return "-".join(
        signs[start : start + len(signs) // _GROUPS] for start in range(0, len(signs), len(signs) // _GROUPS)
    )


def prepared(text: str) -> str:
    """The form in which readers take a password, SASLprep (RFC 4013); empty where it has characters that none can have."""
    mapped = "".join(
        " " if stringprep.in_table_c12(one) else one for one in text if not stringprep.in_table_b1(one)
    )  # fmt: skip
    done = " ".join(unicodedata.normalize("NFKC", mapped).split(" ")).strip()
    done = re.sub(" {2,}", " ", done)
    return "" if any(forbidden(one) for one in done for forbidden in _FORBIDDEN) else done


def weakness(phrase: Phrase, patient: Patient) -> str:
    """Why this phrase must not protect a file for this patient, in words for staff; empty where it may."""
    text = phrase.text.reveal()
    if not text or prepared(text) != text:
        return "it is empty, or has characters that cannot be typed as a password"
    if len(text.encode()) > LONGEST:
        return f"it is longer than {LONGEST} bytes, which is all that a PDF takes"
    if phrase.generated:
        known = set().union(*(_list(one) for one in LANGUAGES))
        words = text.split(" ")
        return "" if len(words) >= WORDS and known.issuperset(words) else "it is not one that Sealgate made"
    return _personal(text, patient) or _short(text)


def bits(text: str) -> float:
    """How many bits a guesser needs at least, by the lower of two counts: each rarer word by its place in lists of words,
    names and passwords, once, and a word of no list as one of a language without a list here; and zxcvbn's, which knows
    dates, rows of keys and repetitions.
    """
    from zxcvbn import zxcvbn  # its lists take a while to load, and few commands need them

    if not text:
        return 0.0
    parts = {_bare(one) for one in _TOKENS.findall(text)}
    guesses = float(zxcvbn(text, max_length=LONGEST)["guesses"])
    return min(sum(_bits(one) for one in parts), math.log2(max(1.0, guesses)))


def _short(text: str) -> str:
    if bits(text) >= BITS:
        return ""
    return "it can be guessed: at its lowest count it has fewer than 80 bits; let one be generated, or take eight or more rare words"


def _personal(text: str, patient: Patient) -> str:
    bare, digits = _bare(text), re.sub(r"\D", "", text)
    words = {_bare(one) for one in _TOKENS.findall(text)}
    if patient.birth_date is not None and _has_date(bare, digits, patient.birth_date):
        return "it holds the patient's birth date"
    number = _bare(patient.mrn)
    if number and (number in words or (len(number) >= 4 and number in bare)):
        return "it holds the patient's record number"
    if re.search(r"(?<!\d)\d{3}\D?\d{2}\D?\d{4}(?!\d)", text):
        return "it holds what looks like a Social Security number"
    phone = re.sub(r"\D", "", patient.phone)
    if (len(phone) >= 7 and phone[-7:] in digits) or re.search(r"(?<!\d)(?:\d\W{0,2}){9}\d(?!\d)", text):
        return "it holds a telephone number"
    names = (patient.given, patient.family, *patient.other_names, *(one.name for one in patient.proxies))
    for name in {_bare(part) for one in names for part in _TOKENS.findall(one)}:
        if len(name) >= 2 and (name in words or (len(name) >= 5 and name in bare)):
            return "it holds a name on the patient's record"
    for address in patient.emails:
        if len(address.local) >= 4 and _bare(address.local) in bare:
            return "it holds the patient's e-mail address"
    return ""


def _has_date(bare: str, digits: str, born: date) -> bool:
    year, short = f"{born.year:04}", f"{born.year % 100:02}"
    days = {(f"{born.month:02}", f"{born.day:02}"), (str(born.month), str(born.day))}
    forms = {"".join(one) for m, d in days for y in (year, short) for one in ((y, m, d), (m, d, y), (d, m, y))}
    if any(len(one) >= 6 and one in digits for one in forms) or bare in forms:
        return True
    return year in digits and any(name[:3] in bare and str(born.day) in digits for name in _MONTHS[born.month - 1])


def _bits(part: str) -> float:
    if part.isdigit():
        return min(_MOST_OF_A_NUMBER, len(part) * math.log2(10))
    if not part:
        return 2.0  # signs, however many: they stand where one expects them
    from zxcvbn.matching import RANKED_DICTIONARIES

    rank = min((table[part] for table in RANKED_DICTIONARIES.values() if part in table), default=0)
    if rank:
        return 0.0 if rank <= _COMMON else min(_MOST_OF_A_WORD, math.log2(rank))
    return min(_MOST_OF_A_STRANGE_WORD, 1.5 * len(part))


def _bare(text: str) -> str:
    """Letters and digits alone, in one case and without accents."""
    apart = unicodedata.normalize("NFKD", text).casefold()
    return "".join(one for one in apart if one.isalnum())


def _list(language: str) -> list[str]:
    from mnemonic import Mnemonic

    name = LANGUAGES.get(language, LANGUAGES["en"])
    return [one for one in Mnemonic(name).wordlist if one.isascii()]
