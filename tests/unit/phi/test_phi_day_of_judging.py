"""Ages count from the day a mail is judged: who is a minor by the birth date in the text, and whose year of birth tells 90."""

from __future__ import annotations

from datetime import date

import pytest

from gateway.domain.finding import Kind, ScanReport, SensitiveClass, TextPart
from gateway.phi.scan import MailContext, Scanner

_DAY = date(2026, 11, 23)


def judged(scanner: Scanner, text: str, day: date | None = _DAY) -> ScanReport:
    return scanner.scan([TextPart("body.plain", text)], context=MailContext(day=day))


@pytest.mark.parametrize(
    "text",
    [
        "Jonah Strickland, dob 11/2/2013, refill of Vyvanse", "DOB: 2013-11-02 strep positive", "date of birth: November 2, 2013. Asthma.",
        "paciente nacido el 2 de noviembre de 2013, tos", "born on 3 May 2020 with a heart murmur", "Fecha de nacimiento: 02/11/2013 asma", "d.o.b. 11.2.13 croup",
        "bday 11-2-13 has lice", "DOB 11/24/2008 acne",
    ],
)  # fmt: skip
def test_a_birth_date_in_the_text_makes_a_minor(scanner: Scanner, text: str) -> None:
    report = judged(scanner, text)
    assert SensitiveClass.MINOR in report.classes
    assert any(one.by == "class_minor" for one in report.findings)


@pytest.mark.parametrize(
    "text",
    [
        "Edna Crowley, dob 4/4/41, water pill", "DOB 11/22/2008 acne", "seen 11/2/2013 for asthma", "DOB: see chart of 2013", "born in 1957", "dob 3/3/2031 asthma",
        "Date of birth: __/__/____",
    ],
)  # fmt: skip
def test_other_dates_make_none(scanner: Scanner, text: str) -> None:
    assert SensitiveClass.MINOR not in judged(scanner, text).classes


def test_without_a_day_nobody_is_a_minor_by_a_date(scanner: Scanner) -> None:
    assert SensitiveClass.MINOR not in judged(scanner, "dob 11/2/2013, asthma", None).classes


@pytest.mark.parametrize(("year", "found"), [(2026, False), (2027, True), (2030, True)])
def test_a_year_of_birth_tells_an_age_of_90_by_the_day(scanner: Scanner, year: int, found: bool) -> None:
    report = judged(scanner, "She was born in 1937 and has COPD.", date(year, 1, 1))
    assert any(one.kind is Kind.AGE for one in report.findings) is found


def test_the_day_reaches_what_repeats_a_part(scanner: Scanner) -> None:
    plain = "Dear colleague,\n\nplease see the child named below, with asthma since the spring and two visits to the ward.\n"
    parts = [TextPart("body.plain", plain), TextPart("body.html", plain + "dob 11/2/2013\n")]
    assert SensitiveClass.MINOR in scanner.scan(parts, context=MailContext(day=_DAY)).classes
