"""A register of invented people, and the ways in which mail speaks of them; the same for the same seed.

Names are drawn from the lexicons that the program ships, with Spanish, hyphenated, apostrophed and accented ones among
them; telephone numbers are of the 555-01xx range where an area code leaves room, record numbers rise with gaps.
"""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files

from gateway.domain.address import Address
from gateway.domain.patient import Patient
from gateway.phi.normalize import fold_name

_SPANISH_GIVEN = [
    "José",
    "María José",
    "Luis Ángel",
    "Ana Sofía",
    "Jesús",
    "Ramón",
    "Lucía",
    "Raúl",
    "Concepción",
    "Víctor Manuel",
    "Inés",
    "Óscar",
    "Begoña",
    "Martín",
    "Mónica",
    "Andrés",
]
_SPANISH_FAMILY = [
    "García",
    "Hernández",
    "Núñez",
    "Peña",
    "Muñoz",
    "Ibáñez",
    "López",
    "Vázquez",
    "Ordóñez",
    "Castañeda",
    "Gutiérrez",
    "Ávila",
    "de la Cruz",
    "del Río",
    "Quiñones",
    "Zúñiga",
]
_ACCENTED = ["Müller", "Søndergaard", "Łukasik", "Dvořák", "Lefèvre", "Åkesson", "Çelik", "Groß", "Škoda", "Bjørnstad"]
_IRISH = ["O'Brien", "O'Connor", "D'Angelo", "O'Malley", "D'Souza", "O'Neill", "McAllister", "MacGregor", "Mc Carthy"]
_PARTICLED = [
    "van der Berg",
    "von Braun",
    "De Luca",
    "Van Dyke",
    "St. James",
    "di Stefano",
    "La Rosa",
    "Ben-Ami",
    "al-Hassan",
    "du Pont",
]
_COMMON_GIVEN = [
    "Mary",
    "James",
    "Patricia",
    "John",
    "Jennifer",
    "Robert",
    "Linda",
    "Michael",
    "Elizabeth",
    "William",
    "Barbara",
    "David",
    "Susan",
    "Richard",
    "Jessica",
    "Joseph",
    "Sarah",
    "Thomas",
    "Karen",
    "Charles",
    "Lisa",
    "Daniel",
    "Nancy",
    "Matthew",
    "Betty",
    "Anthony",
    "Sandra",
    "Mark",
    "Margaret",
    "Paul",
    "Ashley",
    "Steven",
    "Kim",
    "Andrew",
    "Emily",
    "Joshua",
    "Donna",
    "Kevin",
    "Michelle",
    "Brian",
]
_COMMON_FAMILY = [
    "Smith",
    "Johnson",
    "Williams",
    "Brown",
    "Jones",
    "Garcia",
    "Miller",
    "Davis",
    "Rodriguez",
    "Martinez",
    "Hernandez",
    "Lopez",
    "Gonzalez",
    "Wilson",
    "Anderson",
    "Thomas",
    "Taylor",
    "Moore",
    "Jackson",
    "Martin",
    "Lee",
    "Perez",
    "Thompson",
    "White",
    "Harris",
    "Sanchez",
    "Clark",
    "Ramirez",
    "Lewis",
    "Robinson",
    "Walker",
    "Young",
    "Allen",
    "King",
    "Wright",
    "Scott",
    "Torres",
    "Nguyen",
    "Hill",
    "Flores",
]
_STREETS = [
    "Elm",
    "Maple",
    "Oak Hill",
    "Washington",
    "Cedar Ridge",
    "Lakeview",
    "Second",
    "14th",
    "Martin Luther King",
    "Pine",
    "Old Mill",
    "Sunset",
    "Church",
    "Juniper",
    "Quail Run",
    "Highland",
]
_TYPES = [
    "Street",
    "Avenue",
    "Road",
    "Drive",
    "Lane",
    "Boulevard",
    "Court",
    "Place",
    "Terrace",
    "Circle",
    "Parkway",
    "Way",
]
_SHORT = {
    "Street": "St",
    "Avenue": "Ave",
    "Road": "Rd",
    "Drive": "Dr",
    "Lane": "Ln",
    "Boulevard": "Blvd",
    "Court": "Ct",
    "Place": "Pl",
    "Terrace": "Ter",
    "Circle": "Cir",
    "Parkway": "Pkwy",
    "Way": "Way",
    "North": "N",
    "South": "S",
    "East": "E",
    "West": "W",
    "Apt": "Apartment",
}
_CITIES = [
    ("Dayton", "OH", "45402"),
    ("Fairview", "TN", "37062"),
    ("Salem", "OR", "97301"),
    ("El Paso", "TX", "79901"),
    ("Bristol", "CT", "06010"),
    ("San Marcos", "CA", "92069"),
    ("Auburn", "AL", "36830"),
    ("Winona", "MN", "55987"),
]
_MONTHS = [
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
_MESES = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
]


def _lexicon(name: str) -> list[str]:
    return gzip.decompress(files("gateway.phi.data").joinpath(name).read_bytes()).decode().split("\n")[:-1]


def _capital(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("-"))


@dataclass(frozen=True, slots=True)
class People:
    """A register; `middle` is a middle name of each person that is not on record."""

    patients: list[Patient]
    middle: list[str]


def people(size: int = 20_000, seed: int = 20_000) -> People:
    """That many people with every key on record."""
    chance = random.Random(seed)
    givens, families = _lexicon("given_common.txt.gz"), [one for one in _lexicon("surnames.txt.gz") if len(one) > 2]
    patients, middle = [], []
    for number in range(size):
        given, family = _name(chance, givens, families)
        city, state, code = chance.choice(_CITIES)
        born = date(1931, 1, 1) + timedelta(days=chance.randrange(94 * 365))
        patients.append(
            Patient(
                id=f"p{number}", given=given, family=family, birth_date=born, mrn=_mrn(chance, number), phone=_phone(chance),
                emails=(Address.parse(f"{fold_name(given.split()[0])}.{number}@example.net"),), address=_address(chance, families), city=city, state=state, zip=code,
            )
        )  # fmt: skip
        middle.append(_capital(chance.choice(givens)))
    return People(patients, middle)


def _name(chance: random.Random, givens: list[str], families: list[str]) -> tuple[str, str]:
    kind = chance.random()
    given = _capital(chance.choice(givens))
    family = _capital(chance.choice(families))
    if kind < 0.06:
        return chance.choice(_COMMON_GIVEN), chance.choice(_COMMON_FAMILY)
    if kind < 0.70:
        return given, family
    if kind < 0.78:
        return given, f"{family}-{_capital(chance.choice(families))}"
    if kind < 0.90:
        return chance.choice(_SPANISH_GIVEN), f"{chance.choice(_SPANISH_FAMILY)} {_capital(chance.choice(families))}"
    if kind < 0.94:
        return given, chance.choice(_IRISH)
    if kind < 0.97:
        return f"{given} {_capital(chance.choice(givens))}", chance.choice(_PARTICLED)
    return given, chance.choice(_ACCENTED)


def _mrn(chance: random.Random, number: int) -> str:
    form = number % 4
    if form == 0:
        return f"{1_000_000 + number * 431 + chance.randrange(400)}"[:7]
    if form == 1:
        return f"MRN-{40_000_000 + number * 2_999 + chance.randrange(2_000)}"
    if form == 2:
        return f"A{number:05d}-{chance.randrange(1000):03d}"
    return f"{chance.randrange(100):02d}-{number:05d}-{chance.randrange(10)}"


def _phone(chance: random.Random) -> str:
    return f"({chance.randrange(201, 990)}) {chance.randrange(200, 999)}-01{chance.randrange(100):02d}"


def _address(chance: random.Random, families: list[str]) -> str:
    way = chance.choice(["", "", "", "North ", "West "])
    unit = chance.choice(["", "", f", Apt {chance.randrange(1, 99)}", f" #{chance.randrange(1, 99)}"])
    street = chance.choice(_STREETS) if chance.random() < 0.2 else _capital(chance.choice(families))
    return f"{chance.randrange(1, 9999)} {way}{street} {chance.choice(_TYPES)}{unit}"


# How a name, a birth date, a number, an address may be written.

NAME_FORMS: dict[str, Callable[[Patient, str], str]] = {
    "given family": lambda one, _: f"{one.given} {one.family}",
    "family, given": lambda one, _: f"{one.family}, {one.given}",
    "FAMILY, GIVEN": lambda one, _: f"{one.family}, {one.given}".upper(),
    "FAMILY GIVEN": lambda one, _: f"{one.family} {one.given}".upper(),
    "GIVEN FAMILY": lambda one, _: f"{one.given} {one.family}".upper(),
    "given M. family": lambda one, middle: f"{one.given} {middle[0]}. {one.family}",
    "given middle family": lambda one, middle: f"{one.given} {middle} {one.family}",
    "family, given M": lambda one, middle: f"{one.family}, {one.given} {middle[0]}",
    "I. family": lambda one, _: f"{one.given[0]}. {one.family}",
    "Mr. family": lambda one, _: f"Mr. {one.family}",
    "accents dropped": lambda one, _: f"{_plain(one.given)} {_plain(one.family)}",
    "hyphen dropped": lambda one, _: f"{one.given} {one.family}".replace("-", " "),
    "first surname": lambda one, _: f"{one.given} {_first(one.family)}",
    "possessive": lambda one, _: f"{one.given} {one.family}'s",
    "wrapped": lambda one, _: f"{one.given}\n> {one.family}",
    "small": lambda one, _: f"{one.given} {one.family}".lower(),
    "family jr, given": lambda one, _: f"{one.family} Jr., {one.given}",
}  # fmt: skip
DATE_FORMS: dict[str, Callable[[date], str]] = {
    "03/04/1956": lambda day: f"{day:%m/%d/%Y}",
    "3/4/1956": lambda day: f"{day.month}/{day.day}/{day.year}",
    "3/4/56": lambda day: f"{day.month}/{day.day}/{day:%y}",
    "03-04-1956": lambda day: f"{day:%m-%d-%Y}",
    "03.04.1956": lambda day: f"{day:%m.%d.%Y}",
    "1956-03-04": lambda day: f"{day:%Y-%m-%d}",
    "19560304": lambda day: f"{day:%Y%m%d}",
    "March 4, 1956": lambda day: f"{_MONTHS[day.month - 1]} {day.day}, {day.year}",
    "Mar 4th 1956": lambda day: f"{_MONTHS[day.month - 1][:3]} {day.day}th {day.year}",
    "4 March 1956": lambda day: f"{day.day} {_MONTHS[day.month - 1]} {day.year}",
    "04-MAR-1956": lambda day: f"{day:%d}-{_MONTHS[day.month - 1][:3].upper()}-{day.year}",
    "4 de marzo de 1956": lambda day: f"{day.day} de {_MESES[day.month - 1]} de {day.year}",
    "04/03/1956 (Spanish)": lambda day: f"{day:%d/%m/%Y}",
    "wrapped": lambda day: f"{_MONTHS[day.month - 1]}\n{day.day}, {day.year}",
}
PHONE_FORMS: dict[str, Callable[[str], str]] = {
    "(212) 555-0134": lambda ten: f"({ten[:3]}) {ten[3:6]}-{ten[6:]}",
    "212-555-0134": lambda ten: f"{ten[:3]}-{ten[3:6]}-{ten[6:]}",
    "212.555.0134": lambda ten: f"{ten[:3]}.{ten[3:6]}.{ten[6:]}",
    "212 555 0134": lambda ten: f"{ten[:3]} {ten[3:6]} {ten[6:]}",
    "2125550134": lambda ten: ten,
    "+1 212 555 0134": lambda ten: f"+1 {ten[:3]} {ten[3:6]} {ten[6:]}",
    "+12125550134": lambda ten: f"+1{ten}",
    "1-212-555-0134": lambda ten: f"1-{ten[:3]}-{ten[3:6]}-{ten[6:]}",
    "(212)555-0134": lambda ten: f"({ten[:3]}){ten[3:6]}-{ten[6:]}",
    "212/555-0134": lambda ten: f"{ten[:3]}/{ten[3:6]}-{ten[6:]}",
    "1 (212) 555.0134": lambda ten: f"1 ({ten[:3]}) {ten[3:6]}.{ten[6:]}",
}
ADDRESS_FORMS: dict[str, Callable[[Patient], str]] = {
    "as registered": lambda one: one.address,
    "with city": lambda one: f"{one.address}, {one.city}, {one.state} {one.zip}",
    "abbreviated": lambda one: _abbreviated(one.address),
    "abbreviated, dots": lambda one: _abbreviated(one.address, "."),
    "capitals": lambda one: f"{one.address}, {one.city} {one.state}".upper(),
    "two lines": lambda one: f"{one.address}\n{one.city}, {one.state} {one.zip}",
    "unit spelt": lambda one: one.address.replace("#", "Unit ").replace("Apt", "Apartment"),
    "without unit": lambda one: f"{one.address.split(',')[0].split(' #')[0]}, {one.city}",
}
MRN_FORMS: dict[str, Callable[[str], str]] = {
    "as registered": lambda mrn: mrn,
    "MRN label": lambda mrn: f"MRN: {mrn.removeprefix('MRN-')}",
    "MRN # label": lambda mrn: f"MRN #{mrn.removeprefix('MRN-')}",
    "chart": lambda mrn: f"chart number {mrn}",
    "squeezed": lambda mrn: mrn.replace("-", ""),
    "blanks": lambda mrn: mrn.replace("-", " "),
    "small": lambda mrn: mrn.lower(),
}
FRAMES = [
    "Hi Dana,\n\nplease see {name}, {key}, before noon.\n\nThanks\nKim",
    "Re: {name} ({key})\nthe forms are on your desk.",
    "{name} | {key} | waiting room B",
    "Could you ring {name}? On file: {key}. Many thanks",
    "{key} - {name} came by and asked for you.",
    "Pt: {name}\nInfo: {key}\n",
    "FYI {name};\n{key};\nno answer so far.",
    "<{name}> {key}",
    "La señora preguntó por {name}, {key}, ayer.",
]


def typo(chance: random.Random, word: str) -> str:
    """The word with one letter substituted, inserted, deleted or transposed; never the same word."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    while True:
        at = chance.randrange(len(word))
        kind = chance.randrange(4)
        if not word[at].isalpha():
            continue
        if kind == 0:
            wrong = word[:at] + chance.choice(letters) + word[at + 1 :]
        elif kind == 1:
            wrong = word[:at] + chance.choice(letters) + word[at:]
        elif kind == 2:
            wrong = word[:at] + word[at + 1 :]
        else:
            wrong = word[:at] + word[at : at + 2][::-1] + word[at + 2 :]
        if wrong.strip().lower() != word.lower() and wrong.strip():
            return wrong[:1].upper() + wrong[1:]


def _plain(name: str) -> str:
    return "".join(
        {"ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "ß": "ss"}.get(
            one, one if one.isascii() else fold_name(one) if one.islower() else fold_name(one).upper()
        )
        for one in name
    )


def _first(family: str) -> str:
    words = family.split()
    return words[0] if len(words) == 2 and words[0] in _SPANISH_FAMILY else family


def _abbreviated(address: str, dot: str = "") -> str:
    return " ".join(
        f"{_SHORT[word.strip(',')]}{dot}{',' if word.endswith(',') else ''}"
        if word.strip(",") in _SHORT and word.strip(",") != "Apt"
        else word
        for word in address.split()
    )


_BUSINESS = [
    "please find attached the invoice {number} of {day}. {name} in purchasing has already signed it.", "the meeting with {name} moved to {day}, room {small}. Bring the figures for item {number}.",
    "{name} asked for the contract by {day}; her direct line is {phone}.", "the delivery to {address} left the warehouse on {day}, tracking {number}{number}.",
    "thank you for joining us, {name}! Your order {number} ships on {day} to {address}.", "{surname} and {surname} won the match on {day}; {name} scored twice.",
    "who has the keys for {address}? {name} waits there since nine. Ring {phone}.", "minutes of {day}: present were {name}, {name} and {name}; ticket {number} is closed, ticket {number} stays open.",
    "I talked to {name} (born {born}) about the choir; the concert is on {day}.", "our reference {number}, your reference {number}, amount due {small}{small}.{small} by {day}.",
    "the long list has may, will, grant, young and white in it, and rose by {small} points since {day}.", "server host-{small} rebooted at {day}T10:{small}:07, job {number} ran {small} minutes.",
]  # fmt: skip


_FILLER = [
    "could you look over the draft before it goes to the printers? The second page still has the old prices, and the picture on the cover is too dark.",
    "I will be out of the office from tomorrow; anything urgent goes to the team's shared mailbox, everything else can wait until next week.",
    "we need a new projector for the big room. The long cable is broken, and nobody knows who has the short one or when it was last seen.",
    "as agreed, all prices are net and payable within thirty days; please quote our reference in any reply so that nothing gets lost on the way.",
    "the young team did a grand job: traffic on the site rose, the bill for hosting fell, and the page loads in half the time it took in spring.",
    "attached are the slides. I took out the chart on page five, because the numbers behind it were from the year before and did not add up.",
]  # fmt: skip


def unrelated(size: int, register: People, seed: int = 10) -> list[str]:
    """Mails of so many characters in all, of and about people who are not in the register."""
    chance = random.Random(seed)
    taken = {(one.given, one.family, one.birth_date) for one in register.patients}
    others = [one for one in people(6_000, seed + 1).patients if (one.given, one.family, one.birth_date) not in taken]
    mails, total = [], 0
    while total < size:
        lines = [
            _business(chance, others) if chance.random() < 0.3 else _capital_first(chance.choice(_FILLER))
            for _ in range(chance.randrange(3, 40))
        ]
        mail = (
            f"Hi {chance.choice(others).given},\n\n"
            + "\n\n".join(lines)
            + f"\n\nRegards,\n{chance.choice(others).given}\n"
        )
        mails.append(mail)
        total += len(mail)
    return mails


def _business(chance: random.Random, others: list[Patient]) -> str:
    line = chance.choice(_BUSINESS)
    while "{" in line:
        one = chance.choice(others)
        start = line.index("{")
        end = line.index("}")
        day = date(2019, 1, 1) + timedelta(days=chance.randrange(2_700))
        born = one.birth_date or day
        value = {
            "name": f"{one.given} {one.family}", "surname": one.family, "phone": one.phone, "address": f"{one.address}, {one.city}", "small": str(chance.randrange(10, 60)),
            "number": str(chance.randrange(10 ** chance.randrange(3, 9))), "day": chance.choice(list(DATE_FORMS.values()))(day), "born": chance.choice(list(DATE_FORMS.values()))(born),
        }[line[start + 1 : end]]  # fmt: skip
        line = line[:start] + value + line[end + 1 :]
    return _capital_first(line)


def _capital_first(line: str) -> str:
    return line[:1].upper() + line[1:]
