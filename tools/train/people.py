"""Invented people: given names and surnames of many countries, half of them in no list.

Sources: the Census lists in gateway/phi/data, the `names` package (Census 1990 with frequencies) and the Latin-script
person providers of `faker` (MIT). A part of all names is made by a character model of a locale's names, so that the
tagger must learn how names look and where they stand.
"""

from __future__ import annotations

import importlib
import pkgutil
import random
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from gateway.phi.lexicon import WORD, Lexicon
from tools.train import scripts
from tools.train.grammar import ID, NAME, mark

PARTICLES = {
    "nl_NL": ["van ", "de ", "van der ", "van den ", "ter ", "ten ", "van 't "], "nl_BE": ["Van ", "De ", "Van den ", "Vander "],
    "de_DE": ["von ", "zu "], "fr_FR": ["de ", "Le ", "du ", "d'"], "it_IT": ["De ", "Di ", "D'", "Lo "],
    "es_ES": ["de la ", "del ", "de los "], "es_MX": ["de la ", "de León ", "viuda de ", "vda. de "], "pt_BR": ["da ", "dos ", "de "],
    "pt_PT": ["da ", "de ", "do "], "en_IE": ["O'", "Mac", "Mc", "Fitz"], "ar": ["al-", "Al ", "el-", "Abu ", "bin ", "Ibn ", "Abdel-", "el ", "bint "],
}  # fmt: skip
DOUBLE = {"es_ES", "es_MX", "es_CO", "es_AR", "es_CL", "pt_BR", "pt_PT"}
EXTRA = {
    "zh": ("Wei Jing Xiaoming Li Yan Hui Ming Jun Xin Yu Ting Hao Lei Mei Ling Jianguo Xiuying Guoqiang Yifan Zihan Haoran Qiang",
           "Wang Li Zhang Liu Chen Yang Huang Zhao Wu Zhou Xu Sun Ma Zhu Hu Guo He Lin Gao Luo Zheng Liang Xie Tang Deng Xiao Cai Qiu Ng Cheung Wong Leung Tsang"),
    "ko": ("Ji-hoon Min-jun Seo-yeon Hye-jin Sung-min Yoon-ah Jae-hyun Eun-ji Dong-wook Soo-young Hyun Jin Young-ho",
           "Kim Lee Park Choi Jung Kang Cho Yoon Jang Lim Han Oh Seo Shin Kwon Hwang Ahn Song Ryu Hong"),
    "vi": ("Anh Bao Chau Duc Giang Hieu Huong Khanh Lan Linh Minh Ngoc Phuong Quang Thanh Thu Tuan Van Xuan Yen Dung Hoa",
           "Nguyen Tran Le Pham Huynh Hoang Phan Vu Vo Dang Bui Do Ho Ngo Duong Ly Dinh Trinh Mai"),
    "ja": ("Haruto Yui Sakura Kenji Takashi Yuko Akira Hiroshi Emi Naoko Satoshi Keiko Daiki Mariko Ryo Aiko Tetsuya",
           "Sato Suzuki Takahashi Tanaka Watanabe Ito Yamamoto Nakamura Kobayashi Kato Yoshida Yamada Sasaki Matsumoto Inoue Kimura Hayashi Shimizu Mori Abe Ikeda Hashimoto Ogawa Fujita Okada"),
    "ar": ("Ahmed Mohammed Fatima Aisha Omar Khalid Yusuf Layla Hassan Noor Tariq Zainab Mahmoud Samira Bilal Huda Karim Rania Abdullah Salma Ibrahim Maryam Faisal",
           "Hassan Khoury Haddad Mansour Nasser Saleh Farouk Aziz Rahman Hussein Darwish Sabbagh Najjar Qureshi Shamsi Masri Tamimi Khatib Awad Jaber Zidan Hariri"),
    "fa": ("Reza Shirin Farhad Leila Dariush Nasrin Kaveh Parisa Babak Mahsa Arash Golnaz", "Ahmadi Hosseini Karimi Moradi Jafari Rezaei Tehrani Shirazi Ghorbani Farahani Nazari Sadeghi Pahlavan"),
    "so": ("Abdi Amina Hodan Ayaan Mohamud Halima Farah Ifrah Warsame Sagal Deeqa", "Abdullahi Warsame Farah Ali Jama Osman Hersi Nur Aden Guled Hirsi Elmi Samatar"),
    "et": ("Tesfaye Selam Abebe Hana Dawit Meron Yonas Tigist Bekele Almaz Mulugeta", "Bekele Tadesse Haile Gebremariam Desta Wolde Kebede Alemu Girma Tesfaye Mengistu"),
    "yo": ("Adebayo Folake Chinedu Ngozi Olumide Ifeoma Emeka Yetunde Kwame Ama Kofi Abena Chukwuemeka Oluwaseun Temitope",
           "Okafor Adeyemi Okonkwo Balogun Eze Nwosu Mensah Boateng Owusu Adebayo Ogunleye Nnamdi Chukwu Asante Osei Danjuma"),
    "haw": ("Kalani Leilani Keanu Malia Kai Nalani Sione Tevita Mele Losa", "Kahananui Kealoha Kamaka Tuilagi Faleolo Tupou Vaifale Kaleo Leota Makoa Nakamura"),
    "hmong": ("Pao Mai Xee Bee Tou Kao Yer Chue Nhia Pa", "Vang Xiong Yang Moua Thao Lor Vue Her Cha Lee"),
    "hi": ("Priya Rahul Anjali Vikram Deepak Lakshmi Arjun Kavita Sanjay Meera Ravi Sunita Harpreet Gurpreet Venkat Srinivas Padma Ananya",
           "Sharma Patel Singh Kumar Gupta Reddy Iyer Nair Menon Banerjee Mukherjee Chatterjee Desai Joshi Kulkarni Krishnamurthy Subramanian Venkataraman Chowdhury Gill Dhillon Bhattacharya Ramanathan"),
    "native": ("Dakota Aiyana Tala Winona Cheveyo Nodin Kiona", "Begay Yazzie Tsosie Benally Whitehorse Runningbear Tso Nez Lonewolf Redcloud"),
    "ka": ("Giorgi Nino Levan Tamar Davit Ketevan Irakli Lali", "Beridze Kapanadze Gelashvili Lomidze Maisuradze Giorgadze Tsiklauri Kvaratskhelia Japaridze"),
    "ru": ("Ivan Olga Dmitri Natalia Sergei Elena Aleksandr Yelena Mikhail Svetlana Vladimir Tatyana Andrei Irina Yuri Ludmila Oleg Anastasia Vyacheslav",
           "Ivanov Petrova Smirnov Kuznetsova Volkov Sokolova Morozov Lebedeva Novikov Kozlov Orlova Zaytsev Pavlov Belov Tarasova Kovalenko Shevchenko Bondarenko Tkachuk Melnyk Gusev Khodorkovsky Chernov Yakovlev"),
    "rs": ("Milan Jelena Dragan Ana Zoran Marija Nikola Ivana Goran Vesna", "Jovanović Petrović Nikolić Marković Đorđević Stojanović Ilić Kovačević Horvat Babić Hadžić Begović Krasniqi Hoxha Berisha"),
    "hy": ("Aram Ani Tigran Lusine Armen Gayane", "Petrosyan Hakobyan Grigoryan Sargsyan Hovhannisyan Karapetyan Avetisyan Mkrtchyan"),
    "he": ("Noam Tamar Yael Avi Shira Moshe Rivka Eitan Chana Yosef", "Cohen Levy Mizrahi Peretz Biton Friedman Katz Avraham Shapira Goldberg Rosenfeld Ben-David"),
    "tr": ("Mehmet Ayşe Mustafa Emine Ahmet Zeynep Hüseyin Elif Hasan Murat Gül Özlem", "Yılmaz Kaya Demir Şahin Çelik Yıldız Aydın Öztürk Arslan Doğan Kılıç Çetin Koç Özkan Şimşek Güneş"),
}  # fmt: skip
TITLES = ("Mr.", "Mrs.", "Ms.", "Dr.", "Miss", "Mr", "Mrs", "Ms", "Dr", "Prof.", "Rev.", "Sr.", "Sra.", "Judge", "Nurse", "Justice", "Capt.", "Hon.")  # fmt: skip
NICK = ["Buddy", "Skip", "Bo", "Tex", "Chip", "Dee", "Bubba", "Ace", "Red", "Junior", "Sunny", "Mimi", "Lulu", "Coco", "Kit", "Bea", "Jojo", "Teddy", "Gus", "Pip", "Dutch", "Big Lou", "Bug", "Cas", "Simi", "Zeke", "Nana", "Mo"]  # fmt: skip


def _latin(name: str) -> bool:
    return len(name) > 1 and all(ord(one) < 0x250 or 0x1E00 <= ord(one) < 0x1F00 for one in name) and name[0].isupper()


@cache
def locales() -> dict[str, tuple[list[str], list[str]]]:
    """Given names and surnames of each locale written in Latin letters."""
    import faker.providers.person as package

    found: dict[str, tuple[list[str], list[str]]] = {}
    for _, module, _ in sorted(pkgutil.iter_modules(package.__path__)):
        provider = importlib.import_module(f"faker.providers.person.{module}").Provider

        def listed(*attributes: str, provider: type = provider) -> list[str]:
            names: set[str] = set()
            for attribute in attributes:
                value = getattr(provider, attribute, ())
                if isinstance(value, (tuple, list, dict)):
                    names.update(one for one in value if isinstance(one, str) and _latin(one))
            return sorted(names)

        given = listed("first_names", "first_names_male", "first_names_female")
        last = listed("last_names", "last_names_male", "last_names_female")
        if len(given) > 20 and len(last) > 20:
            found[module] = (given, last)
    for key, (first, family) in EXTRA.items():
        found[key] = (first.split(), family.split())
    return found


class Maker:
    """A character model (order three) of a list of names."""

    def __init__(self, names: list[str]) -> None:
        self._next: dict[str, list[str]] = defaultdict(list)
        for name in names:
            padded = "^^^" + name + "$"
            for at in range(3, len(padded)):
                self._next[padded[at - 3 : at]].append(padded[at])

    def make(self, rng: random.Random) -> str:
        """A new name of three to fourteen letters."""
        for _ in range(20):
            state, made = "^^^", ""
            while len(made) < 15:
                letter = rng.choice(self._next[state])
                if letter == "$":
                    break
                made += letter
                state = state[1:] + letter
            if 3 <= len(made) <= 14 and made[0].isupper() and " " not in made:
                return made
        return made.strip() or "Ostrelv"


@dataclass
class Person:
    """One invented person."""

    first: str
    last: str
    middle: str
    title: str
    rng: random.Random

    def full(self) -> str:
        """The name in one of the ways people write it."""
        rng, first, last = self.rng, self.first, self.last
        initial = self.middle[0]
        style = rng.random()
        if style < 0.60:
            text = f"{first} {last}"
        elif style < 0.72:
            text = f"{first} {initial}{rng.choice(['.', '.', ''])} {last}"
        elif style < 0.78:
            text = f"{first} {self.middle} {last}"
        elif style < 0.82:
            text = f"{first} {last}{rng.choice([' Jr.', ', Jr.', ' III', ' II', ' Sr.', ', Jr', ' Jr'])}"
        elif style < 0.87:
            text = f"{first[0]}. {last}"
        elif style < 0.89:
            text = f"{first[0]}.{rng.choice(['', ' '])}{initial}. {last}"
        elif style < 0.91:
            text = f"{first} {last[0]}{rng.choice(['.', ''])}"
        elif style < 0.94:
            return self.last_first()
        elif style < 0.97:
            text = f"{first} {last}".upper()
        elif style < 0.98:
            text = f"{first} " + rng.choice(("“%s”", '"%s"', "(%s)")) % rng.choice(NICK) + f" {last}"
        elif style < 0.99:
            text = f"{first} {last.upper()}"
        else:
            text = f"{first} {last}-{self.middle}"
        return mark(NAME, text)

    def initials(self) -> str:
        """The initials alone, as notes, statements and nicknames in mails have them."""
        dot, gap = self.rng.choice(((".", ""), (".", ""), (".", " "), ("", "")))
        letters = [self.first[0], *([self.middle[0]] if self.rng.random() < 0.2 else []), self.last.split(" ")[-1][0]]
        return mark(NAME, f"{dot}{gap}".join(letters).upper() + dot)

    def called(self) -> str:
        """The name with what friends call the person."""
        nick = self.rng.choice(NICK) if self.rng.random() < 0.5 else self.middle
        around = self.rng.choice(('"%s"', "“%s”", "(%s)", "'%s'"))
        return mark(NAME, f"{self.first} {around % nick} {self.last}")

    def last_first(self) -> str:
        rng = self.rng
        last = self.last.upper() if rng.random() < 0.2 else self.last
        first = self.first.upper() if last.isupper() and rng.random() < 0.7 else self.first
        tail = rng.choice(["", "", "", f" {self.middle[0]}", f" {self.middle[0]}.", f" {self.middle}"])
        return mark(NAME, f"{last},{'' if rng.random() < 0.1 else ' '}{first}{tail}")

    def titled(self) -> str:
        name = self.last if self.rng.random() < 0.75 else f"{self.first} {self.last}"
        return f"{self.title} {mark(NAME, name)}"

    def address(self) -> str:
        rng = self.rng
        first, last = plain(self.first), plain(self.last)
        local = rng.choice(
            [
                f"{first}.{last}",
                f"{first[0]}{last}",
                f"{first}{last[0]}",
                f"{first}_{last}",
                f"{last}{rng.randint(1, 99)}",
                f"{first}.{last}{rng.randint(1, 99)}",
            ]
        )
        domain = rng.choice(
            [
                "example.org",
                "example.net",
                "example.com",
                "mail.example.org",
                "gmail.com",
                "yahoo.com",
                "hotmail.com",
                "aol.com",
                "outlook.com",
                "clinic.example.org",
                "icloud.com",
            ]
        )
        return mark(ID, f"{local}@{domain}")

    def user(self) -> str:
        return mark(
            ID, f"{plain(self.first)[0]}{plain(self.last)}{self.rng.choice(['', str(self.rng.randint(1, 99))])}"
        )

    def slot(self, form: str) -> str:
        """`f` given name, `l` surname, `lf` surname first, `t` with title, `e` address, `u` user name, `x` any, `in` initials,
        `o` a name in other letters, `q` with a nickname, `s` all small, `k` an initial of one letter, `fl` as one word.
        """
        if form == "x":
            form = self.rng.choice(["", "", "f", "l", "t"])
        if form == "f":
            return mark(NAME, self.first)
        if form == "l":
            return mark(NAME, self.last)
        if form == "n":
            return mark(NAME, f"{self.first} {self.last}")
        if form == "i":
            return mark(NAME, f"{self.first[0]}. {self.last}")
        if form == "o":
            return mark(NAME, scripts.name(self.rng))
        if form == "s":
            return mark(
                NAME,
                self.rng.choice(
                    (f"{self.first} {self.last}", self.first, self.last, f"{self.first} {self.middle[0]} {self.last}")
                ).lower(),
            )
        if form == "k":
            return mark(NAME, self.rng.choice((f"{self.first[0]}.", self.first[0], f"{self.first} {self.last[0]}.")))
        if form == "fl":
            return mark(NAME, f"{self.first}{self.last}".replace(" ", ""))
        return {
            "": self.full,
            "lf": self.last_first,
            "t": self.titled,
            "e": self.address,
            "u": self.user,
            "in": self.initials,
            "q": self.called,
        }[form]()


def plain(name: str) -> str:
    """The name as it stands in an address: ASCII letters, small."""
    folded = unicodedata.normalize("NFKD", name.casefold())
    return "".join(one for one in folded if one.isascii() and one.isalpha()) or "user"


class People:
    """Draws people; the same generator state gives the same people."""

    def __init__(self, lexicon: Lexicon) -> None:
        import names

        folder = Path(names.__file__).parent
        self.surnames = [line.split()[0].title() for line in (folder / "dist.all.last").read_text().splitlines()]
        self.given = [
            line.split()[0].title() for sex in ("male", "female") for line in (folder / f"dist.{sex}.first").read_text().splitlines()[:900]
        ]  # fmt: skip
        flags = lexicon.flags
        self.rare_given = sorted(
            word.title()
            for word, bits in flags.items()
            if bits & 2 and not bits & 8 and word.isalpha() and len(word) > 3
        )
        self.rare_surnames = sorted(word.title() for word, bits in flags.items() if bits & 4 and not bits & 8)
        known = set(self.surnames[:12000])
        self.word_surnames = sorted(
            word.title() for word, bits in flags.items() if bits & 4 and bits & WORD and word.title() in known
        )
        self.locales = locales()
        self.keys = list(self.locales)
        self.makers = {
            key: (Maker(given), Maker(last)) for key, (given, last) in self.locales.items() if len(last) > 60
        }
        self.maker_keys = list(self.makers)
        self.us = Maker(self.surnames[:30000])

    def draw(self, rng: random.Random) -> Person:
        """One person."""
        kind = rng.random()
        locale = ""
        if kind < 0.30:
            first = self.given[int(len(self.given) * rng.random() ** 1.6)]
            last = self.surnames[int(len(self.surnames) * rng.random() ** 3)]
        elif kind < 0.36:
            first, last = rng.choice(self.given), rng.choice(self.word_surnames)
        elif kind < 0.66:
            locale = rng.choice(self.keys)
            given, family = self.locales[locale]
            first, last = rng.choice(given), rng.choice(family)
        elif kind < 0.88:
            locale = rng.choice(self.maker_keys)
            make_first, make_last = self.makers[locale]
            first = make_first.make(rng) if rng.random() < 0.5 else rng.choice(self.locales[locale][0])
            last = make_last.make(rng)
        elif kind < 0.94:
            first, last = rng.choice(self.rare_given), rng.choice(self.rare_surnames)
        else:
            first, last = rng.choice(self.given), self.us.make(rng)
        if locale in PARTICLES and rng.random() < 0.25:
            last = rng.choice(PARTICLES[locale]) + last
        elif rng.random() < 0.015:
            last = rng.choice(["Mc", "O'", "Mac", "De", "Van", "St. ", "D'"]) + last
        other = rng.choice(self.locales[locale][1]) if locale else rng.choice(self.surnames[:5000])
        if rng.random() < (0.4 if locale in DOUBLE else 0.05):
            last += ("-" if rng.random() < 0.5 else " ") + other
        if rng.random() < 0.04:
            first += rng.choice(["-", " "]) + rng.choice(self.given[:300])
        return Person(first, last, rng.choice(self.given), rng.choice(TITLES), rng)
