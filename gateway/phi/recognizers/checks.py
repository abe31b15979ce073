"""Check digits and ranges. Each takes the matched text and says whether it could be genuine; none of them gates."""

from __future__ import annotations

import ipaddress
from datetime import date

from stdnum import iban as _iban
from stdnum import luhn as _luhn

_VIN_VALUES = dict(
    zip("ABCDEFGHJKLMNPRSTUVWXYZ0123456789", [*range(1, 9), *range(1, 6), 7, 9, *range(2, 10), *range(10)], strict=True)
)
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def digits(text: str) -> str:
    """Only the ASCII digits of the text."""
    return "".join(one for one in text if "0" <= one <= "9")


def luhn(text: str) -> bool:
    """Luhn's check digit over all digits (ISO/IEC 7812-1)."""
    number = digits(text)
    return len(number) > 1 and _luhn.is_valid(number)


def card(text: str) -> bool:
    """A payment card number: 12 to 19 digits with Luhn's check digit."""
    return 12 <= len(digits(text)) <= 19 and luhn(text)


def npi(text: str) -> bool:
    """National Provider Identifier, 45 CFR 162.406: Luhn over 80840 and ten digits."""
    return len(digits(text)) == 10 and luhn("80840" + digits(text))


def dea(text: str) -> bool:
    """DEA registration: (d1+d3+d5) + 2(d2+d4+d6) ends in d7."""
    d = [int(one) for one in digits(text)]
    return len(d) == 7 and (d[0] + d[2] + d[4] + 2 * (d[1] + d[3] + d[5])) % 10 == d[6]


def ssn(text: str) -> bool:
    """A Social Security number that could be issued: area not 000, 666 or 9xx, group not 00, serial not 0000."""
    number = digits(text)
    area, group, serial = number[:3], number[3:5], number[5:]
    return len(number) == 9 and area not in {"000", "666"} and area[0] != "9" and group != "00" and serial != "0000"


def vin(text: str) -> bool:
    """Vehicle identification number, 49 CFR 565.15(c): check digit modulo 11."""
    number = text.upper()
    if len(number) != 17 or any(one not in _VIN_VALUES for one in number):
        return False
    rest = sum(_VIN_VALUES[one] * weight for one, weight in zip(number, _VIN_WEIGHTS, strict=True)) % 11
    return number[8] == ("X" if rest == 10 else str(rest))


def aba(text: str) -> bool:
    """ABA routing number: weights 3, 7, 1."""
    d = [int(one) for one in digits(text)]
    return (
        len(d) == 9 and any(d) and (3 * (d[0] + d[3] + d[6]) + 7 * (d[1] + d[4] + d[7]) + d[2] + d[5] + d[8]) % 10 == 0
    )


def iban(text: str) -> bool:
    """IBAN, ISO 13616: modulo 97."""
    return bool(_iban.is_valid(text))


def ip(text: str) -> bool:
    """An address of either version."""
    try:
        ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True


def numeric_date(text: str) -> bool:
    """Three numbers that make a day, in American, European or ISO order."""
    parts = [int(one) for one in text.replace("/", "-").replace(".", "-").split("-") if one.isdigit()]
    if len(parts) != 3:
        return False
    a, b, c = parts
    for year, month, day in ((a, b, c), (c, a, b), (c, b, a)):
        try:
            date(year + (2000 if year < 100 else 0), month, day)
        except ValueError:
            continue
        return True
    return False
