"""Names and a few ordinary words in letters other than Latin: the person providers of `faker` (MIT) and own short lists."""

from __future__ import annotations

import importlib
import random
from dataclasses import dataclass
from functools import cache

LOCALES = {
    "ru_RU": " ", "uk_UA": " ", "bg_BG": " ", "el_GR": " ", "ar_AA": " ", "fa_IR": " ", "he_IL": " ", "hi_IN": " ", "bn_BD": " ", "ta_IN": " ",
    "th_TH": " ", "ka_GE": " ", "hy_AM": " ", "zh_CN": "", "zh_TW": "", "ja_JP": " ", "ko_KR": "", "ne_NP": " ",
}  # fmt: skip
"""What stands between the two parts of a name; where nothing does, the surname comes first."""
WORDS = [
    "здравствуйте",
    "спасибо",
    "пожалуйста",
    "завтра",
    "таблетки",
    "больница",
    "врач",
    "мама",
    "сегодня",
    "боль",
    "рецепт",
    "добрый",
    "день",
    "как",
    "вы",
    "до",
    "свидания",
    "лекарство",
    "анализы",
    "дякую",
    "будь",
    "ласка",
    "лікар",
    "сьогодні",
    "добрий",
    "ден",
    "благодаря",
    "моля",
    "лекар",
    "днес",
    "καλημέρα",
    "ευχαριστώ",
    "παρακαλώ",
    "γιατρός",
    "σήμερα",
    "νοσοκομείο",
    "φάρμακο",
    "πόνος",
    "您好",
    "谢谢",
    "医生",
    "药",
    "妈妈",
    "今天",
    "明天",
    "医院",
    "请",
    "疼痛",
    "预约",
    "处方",
    "没关系",
    "谢谢您",
    "你好",
    "ありがとう",
    "こんにちは",
    "病院",
    "薬",
    "お母さん",
    "今日",
    "明日",
    "お願いします",
    "안녕하세요",
    "감사합니다",
    "병원",
    "약",
    "어머니",
    "오늘",
    "내일",
    "مرحبا",
    "شكرا",
    "الطبيب",
    "اليوم",
    "غدا",
    "المستشفى",
    "الدواء",
    "أمي",
    "السلام",
    "عليكم",
    "سلام",
    "ممنون",
    "دکتر",
    "امروز",
    "بیمارستان",
    "שלום",
    "תודה",
    "רופא",
    "היום",
    "מחר",
    "בית",
    "חולים",
    "תרופה",
    "नमस्ते",
    "धन्यवाद",
    "डॉक्टर",
    "आज",
    "कल",
    "अस्पताल",
    "दवा",
    "স্বাগতম",
    "ধন্যবাদ",
    "ডাক্তার",
    "আজ",
    "สวัสดี",
    "ขอบคุณ",
    "หมอ",
    "วันนี้",
    "โรงพยาบาล",
    "გამარჯობა",
    "მადლობა",
    "ექიმი",
    "բարև",
    "շնորհակալություն",
]
"""Greetings and words of a visit: they name nobody."""


@dataclass(frozen=True, slots=True)
class Script:
    """Given names and surnames of one locale, and what joins them."""

    given: tuple[str, ...]
    family: tuple[str, ...]
    joint: str

    def draw(self, rng: random.Random) -> str:
        """A full name, seldom one part of it."""
        first, last = rng.choice(self.given), rng.choice(self.family)
        if not self.joint:
            return last + first
        return rng.choice((f"{first}{self.joint}{last}", f"{first}{self.joint}{last}", f"{last}{self.joint}{first}", first, last))  # fmt: skip


@cache
def scripts() -> tuple[Script, ...]:
    """The locales that `faker` has."""
    found = []
    for locale, joint in LOCALES.items():
        try:
            module = importlib.import_module(f"faker.providers.person.{locale}")
        except ModuleNotFoundError:
            continue
        given = _names(module.Provider, "first_name")
        family = _names(module.Provider, "last_name")
        if len(given) > 20 and len(family) > 10:
            found.append(Script(given, family, joint))
    return tuple(found)


def _names(provider: type, prefix: str) -> tuple[str, ...]:
    names: set[str] = set()
    for attribute in dir(provider):
        value = getattr(provider, attribute)
        if not attribute.startswith(prefix) or not isinstance(value, (tuple, list, dict)):
            continue
        for one in value:
            word = one[0] if isinstance(one, tuple) else one
            if isinstance(word, str) and word and ord(word[0]) > 0x250 and not word.isascii():
                names.add(word)
    return tuple(sorted(names))


def name(rng: random.Random) -> str:
    """A name in other letters."""
    return rng.choice(scripts()).draw(rng)


def ordinary(rng: random.Random) -> str:
    """One to three ordinary words in other letters."""
    at = rng.randrange(len(WORDS))
    return " ".join(WORDS[at : at + rng.randint(1, 3)])
