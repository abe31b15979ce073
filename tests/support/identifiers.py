"""Invented identifiers of every structured kind, seeded, in the shapes in which people and programs write them.

Sorts with their kinds and labels are in `identifier_sorts`, the surroundings in `identifier_contexts`. A maker may set
the identifier off from a port or prefix, which say nothing, by ⟦ and ⟧. Numbers are of nobody: 555-01xx telephones, social security numbers from 900 on,
addresses at example.org, and check digits that are right about as often as in real records: not always.
"""

from __future__ import annotations

import string
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from gateway.domain.finding import Kind

Maker = Callable[[Random], str]
_UPPER = "ABCDEFGHJKLMNPRSTUVWXYZ"
_AREAS = ("212", "206", "305", "415", "512", "602", "617", "702", "787", "808", "919", "973")
_WORDS = ("river", "maple", "harbor", "cedar", "north", "stone", "bright", "quiet", "silver", "meadow")
_GIVEN = ("ana", "ruth", "omar", "wei", "jonas", "priya", "luis", "edna", "tariq", "mia")
_FAMILY = ("tidewell", "okparra", "vandermoor", "quillfeather", "brannigard", "sotelano", "huxfield", "lindquest")
_HOSTS = ("example.org", "example.net", "mail.example.org", "clinic.example.net")


@dataclass(frozen=True, slots=True)
class Sort:
    """One sort of identifier. `alone`: a reader knows it without any word beside it."""

    name: str
    kind: Kind
    make: Maker
    labels: tuple[str, ...]
    locked_labels: tuple[str, ...]
    alone: bool = False


def digits(rng: Random, count: int) -> str:
    """So many digits, the first not 0."""
    return rng.choice("123456789") + "".join(rng.choice(string.digits) for _ in range(count - 1))


def letters(rng: Random, count: int) -> str:
    """So many capitals that are not read as digits."""
    return "".join(rng.choice(_UPPER) for _ in range(count))


def shaped(rng: Random, shape: str) -> str:
    """`9` a digit, `@` a capital, `%` either, `~` a hexadecimal sign; anything else is itself."""
    of = {"9": string.digits, "@": _UPPER, "%": _UPPER + string.digits, "~": "0123456789abcdef"}
    return "".join(rng.choice(of[sign]) if sign in of else sign for sign in shape)


def _of(*shapes: str) -> Maker:
    return lambda rng: shaped(rng, rng.choice(shapes))


def luhn_digit(number: str) -> str:
    """The check digit that follows `number`."""
    total = 0
    for at, sign in enumerate(reversed(number)):
        value = int(sign) * (2 if at % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def ssn(rng: Random) -> str:
    """A number no office ever gave: the area is 900 to 999."""
    area, group, serial = "9" + shaped(rng, "99"), f"{rng.randint(1, 99):02}", f"{rng.randint(1, 9999):04}"
    return rng.choice(("-", "-", "-", " ", ".", "", " - ", "\u2011", "/")).join((area, group, serial))


def phone(rng: Random) -> str:
    """A North American number, with and without country code, separators and extension."""
    area, line = rng.choice(_AREAS), f"01{rng.randint(0, 99):02}"
    form = rng.choice((
        "({a}) 555-{l}", "({a})555-{l}", "{a}-555-{l}", "{a}.555.{l}", "{a} 555 {l}", "+1 {a} 555 {l}", "+1 ({a}) 555-{l}",
        "+1{a}555{l}", "1-{a}-555-{l}", "1 ({a}) 555-{l}", "{a}/555-{l}", "+1-{a}-555-{l}", "+1.{a}.555.{l}", "{a} 555-{l}",
        "001 {a} 555 {l}", "({a}) 555 {l}", "{a}-555 {l}", "({a}) - 555 - {l}", "{a} - 555 - {l}", "{a}\u2013555\u2013{l}",
    ))  # fmt: skip
    tail = rng.choice(
        ("", "", "", "", " x{e}", " ext. {e}", " ext {e}", " extension {e}", "x{e}", ", ext. {e}", " Ext: {e}")
    )
    return (form + tail).format(a=area, l=line, e=rng.randint(2, 99999))


def phone_labelled(rng: Random) -> str:
    """Forms that are a telephone number only by the word beside them."""
    line = f"01{rng.randint(0, 99):02}"
    return rng.choice(("555-{l}", "555 {l}", "555.{l}", "{a}555{l}", "1{a}555{l}")).format(a=rng.choice(_AREAS), l=line)


def phone_abroad(rng: Random) -> str:
    """Numbers outside North America, of ranges kept for fiction where there are such."""
    return _of(
        "+44 20 7946 0999", "+44 (0)20 7946 0999", "+44 7700 900999", "+61 2 5550 9999", "+61 491 570 999",
        "+49 30 23125 999", "+49 (0)30 23125-999", "+33 1 99 00 99 99", "+34 919 99 99 99", "+52 55 5555 9999",
        "+353 20 910 9999", "+62 812 5555 9999", "+81 3-5550-9999", "+55 11 95555-9999", "+41 44 555 99 99",
        "+39 06 5555 9999", "0044 20 7946 0999", "+442079460999", "+5215555559999", "+66-50-555-9999", "+47 22 55 59 99",
        "+86 138 5555 9999", "+63 917 555 9999", "011 44 20 7946 0999", "+503 2255-9999", "+1-809-555-0199",
    )(rng)  # fmt: skip


def email(rng: Random) -> str:
    """An address at an example domain."""
    given, family, host = rng.choice(_GIVEN), rng.choice(_FAMILY), rng.choice(_HOSTS)
    local = rng.choice(
        ("{g}.{f}", "{g}{n}", "{g}_{f}", "{f}-{g}", "{i}{f}", "{g}.{f}+care", "{f}.{n}", "{g}'{f}", "{F}")
    )
    local = local.format(g=given, f=family, i=given[0], n=rng.randint(1, 99), F=family.title())
    form = rng.choice(("{}@{}",) * 7 + ("{} @ {}", "{}(at){}", "{} [at] {}"))
    return form.format(local, host if rng.random() < 0.9 else host.upper())


def card(rng: Random) -> str:
    """A payment card number; the check digit is right in two of three."""
    head, length = rng.choice((("4", 16), ("51", 16), ("2221", 16), ("6011", 16), ("34", 15), ("37", 15), ("65", 16)))
    body = head + "".join(rng.choice(string.digits) for _ in range(length - 1 - len(head)))
    number = body + (luhn_digit(body) if rng.random() < 0.67 else rng.choice(string.digits))
    gap = rng.choice((" ", "-", "", " ", "-", "."))
    groups = (4, 6, 5) if length == 15 else (4, 4, 4, 4)
    return gap.join(_split(number, groups))


def _split(number: str, groups: tuple[int, ...]) -> list[str]:
    out, at = [], 0
    for size in groups:
        out.append(number[at : at + size])
        at += size
    return out


def iban(rng: Random) -> str:
    """An IBAN of right length; the check digits are right in two of three."""
    country, shape = rng.choice((
        ("GB", "@@@@99999999999999"), ("DE", "999999999999999999"), ("FR", "99999999999%%%%%%%%%%%99"), ("ES", "99999999999999999999"),
        ("NL", "@@@@9999999999"), ("CH", "99999%%%%%%%%%%%%"), ("IE", "@@@@99999999999999"), ("NO", "99999999999"),
    ))  # fmt: skip
    body = shaped(rng, shape)
    spelled = "".join(str(int(sign, 36)) for sign in body + country + "00")
    check = 98 - int(spelled) % 97 if rng.random() < 0.67 else rng.randint(2, 98)
    whole = f"{country}{check:02}{body}"
    return whole if rng.random() < 0.5 else " ".join(whole[at : at + 4] for at in range(0, len(whole), 4))


def vin(rng: Random) -> str:
    """Seventeen signs without I, O and Q, as the label on the dashboard has them."""
    world = rng.choice(("1HG", "2T1", "3VW", "5YJ", "JTD", "KNA", "WBA", "YV1", "WVW", "1FT"))
    return world + shaped(rng, "%%%%%9%%999999").upper()


def mbi(rng: Random) -> str:
    """A Medicare beneficiary identifier: eleven signs, its letters without S, L, O, I, B and Z."""
    letter, either = "ACDEFGHJKMNPQRTUVWXY", "ACDEFGHJKMNPQRTUVWXY0123456789"
    pick = {"C": "123456789", "A": letter, "N": string.digits, "E": either}
    signs = "".join(rng.choice(pick[sign]) for sign in "CAENAENAANN")
    return f"{signs[:4]}-{signs[4:7]}-{signs[7:]}" if rng.random() < 0.5 else signs


def npi(rng: Random) -> str:
    """Ten digits; the check digit over 80840 is right in two of three."""
    body = rng.choice("12") + shaped(rng, "99999999")
    return body + (luhn_digit("80840" + body) if rng.random() < 0.67 else rng.choice(string.digits))


def ipv4(rng: Random) -> str:
    """An address, sometimes with a port or a prefix length, which say nothing."""
    form = rng.choice(("{}", "{}", "{}", "⟦{}⟧:8080", "⟦{}⟧/24"))
    return form.format(".".join(str(rng.randint(1, 254)) for _ in range(4)))


def ipv6(rng: Random) -> str:
    """An address of the range for documentation, or of a link."""
    return _of(
        "2001:db8:~~~~:~~~~::~~~", "2001:db8::~~~~", "2001:0db8:~~~~:~~~~:~~~~:~~~~:~~~~:~~~~", "fe80::~~~~:~~~~:~~~~:~~~~",
        "2001:DB8::9:9", "⟦fe80::9⟧％eth0", "[⟦2001:db8::~~~~⟧]:443", "::ffff:192.0.2.19", "⟦2001:db8:~~~~::⟧/48",
    )(rng).replace("％", "%")  # fmt: skip


def url(rng: Random) -> str:
    """A web address, with tracking parameters, ports and fragments."""
    word, number = rng.choice(_WORDS), digits(rng, 7)
    return rng.choice((
        "https://{w}.example.org/p/{n}", "http://www.example.net/{w}?utm_source=mail&utm_id={n}", "www.{w}.example.org",
        "https://example.org/r?u={n}&e=ana%40example.org#{w}", "https://portal.example.net:8443/visit/{n}/{w}.html",
        "HTTPS://EXAMPLE.ORG/{W}", "https://t.example.net/c/{n}/{n}?mc_eid={h}", "ftp://files.example.org/{w}/{n}.pdf",
        "https://user:{h}@example.org/{w}", "http://192.0.2.7/{w}?id={n}", "https://example.org/~{w}", "sftp://example.net/{w}/{h}",
        "www.example.org/{w}?patient={n}", "https://example.org/a,b;c/{w}_(x)", "hxxps://{w}.example.org/{n}",
    )).format(w=word, W=word.upper(), n=number, h=shaped(rng, "~~~~~~~~~~"))  # fmt: skip


def username(rng: Random) -> str:
    """A name of a user of some site or system."""
    given, family = rng.choice(_GIVEN), rng.choice(_FAMILY)
    return rng.choice(("{i}{f}{n}", "{g}.{f}", "{g}_{n}", "{f}{n}", "{g}{f}", "{w}{g}{n}", "{g}-{n}")).format(
        i=given[0], g=given, f=family, n=rng.randint(1, 1999), w=rng.choice(_WORDS)
    )


def handle(rng: Random) -> str:
    """A handle of social media."""
    return "@" + username(rng).replace("-", "_")


def mac(rng: Random) -> str:
    """A hardware address."""
    signs = shaped(rng, "~~~~~~~~~~~~")
    signs = signs.upper() if rng.random() < 0.5 else signs
    return rng.choice((
        ":".join(_split(signs, (2,) * 6)), "-".join(_split(signs, (2,) * 6)), ".".join(_split(signs, (4,) * 3)),
    ))  # fmt: skip


def uuid(rng: Random) -> str:
    """A version 4 UUID."""
    made = shaped(rng, "~~~~~~~~-~~~~-4~~~-a~~~-~~~~~~~~~~~~")
    form = rng.choice(("{}", "{}", "{{{}}}", "urn:uuid:⟦{}⟧")).format(made)
    return form.upper() if rng.random() < 0.3 else form


def dea(rng: Random) -> str:
    """Two letters and seven digits; the check digit is right in two of three."""
    body = shaped(rng, "999999")
    total = sum(map(int, body[::2])) + 2 * sum(map(int, body[1::2]))
    last = str(total % 10) if rng.random() < 0.67 else rng.choice(string.digits)
    return rng.choice("ABFGM") + rng.choice(_UPPER) + body + last


def routing(rng: Random) -> str:
    """Nine digits of a bank; the check digit is right in two of three."""
    body = rng.choice(("01", "02", "06", "11", "12", "26", "31")) + shaped(rng, "999999")
    total = sum(int(sign) * weight for sign, weight in zip(body, (3, 7, 1, 3, 7, 1, 3, 7), strict=True))
    return body + (str(-total % 10) if rng.random() < 0.67 else rng.choice(string.digits))
