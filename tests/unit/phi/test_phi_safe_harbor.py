"""The finer points of 45 CFR 164.514(b)(2)(i): what of places, dates and ages is an identifier, and what may stay."""

from __future__ import annotations

import csv
from importlib.resources import files

import pytest

from gateway.domain.finding import Kind, TextPart
from gateway.phi.lexicon import number, small_zip3, table
from gateway.phi.scan import Scanner

AGES = [
    ("aged 93", "93"), ("93 y/o", "93"), ("93-year-old woman", "93"), ("a 93 year old", "93"), ("93 years of age", "93"), ("93yo", "93"), ("93 y.o. male", "93"),
    ("Age: 93", "93"), ("age 101", "101"), ("AGE/SEX: 93/F", "93"), ("he turned 100 last week", "100"), ("her 95th birthday", "95"), ("she is 94.", "94"),
    ("a nonagenarian", "nonagenarian"), ("a centenarian", "centenarian"), ("in her 90s", "90s"), ("in his early nineties", "nineties"), ("in her late 90's", "90's"),
    ("a ninety-three-year-old", "ninety-three"), ("ninety-one years old", "ninety-one"), ("aged ninety-two", "ninety-two"), ("one hundred and two years old", "one hundred and two"),
    ("93 años", "93"), ("de 97 años de edad", "97"), ("edad: 93", "93"), ("noventa y tres años", "noventa y tres"), ("una mujer nonagenaria", "nonagenaria"),
    ("93M presents with cough", "93"), ("91 F with falls", "91"), ("patient is now 98", "98"), ("her mother was 92 when", "92"), ("91 year-old", "91"), ("92 yrs old", "92"),
    ("born in 1931", "1931"), ("year of birth: 1929", "1929"), ("nació en 1930", "1930"), ("93 years young", "93"), ("a 110-year-old man", "110"),
]  # fmt: skip
NO_AGES = [
    "aged 89", "a 72-year-old", "89 y/o", "in her 80s", "age 45", "89 años", "born in 1957", "90 or older", "aged 90 and over", "patients 90+ years", "page 93", "93%", "93 mg", "room 93",
    "HR 93", "BP 130/93", "SpO2 93", "93 patients", "over 90", "temp 99", "the 90s music", "95 percent", "an octogenarian", "93 degrees", "class of 93", "weight is 93 kg", "she was 93 kg",
    "aged 90 or above", ">90", "I am 45", "turned 40", "96 hours old data", "his 90 day supply",
]  # fmt: skip
DATES = [
    ("seen May 3rd", "May 3rd"), ("on 3/5 she", "3/5"), ("el 3 de mayo de 2026", "3 de mayo de 2026"), ("2026-05-03", "2026-05-03"), ("last Tuesday 3rd", "Tuesday 3rd"),
    ("Tuesday the 3rd", "Tuesday the 3rd"), ("May 3-5, 2026", "May 3-5, 2026"), ("May 3 to June 2, 2026", "May 3 to June 2, 2026"), ("3-5 May 2026", "3-5 May 2026"),
    ("del 3 al 5 de mayo", "3 al 5 de mayo"), ("3/5-3/9", "3/5-3/9"), ("03/05/2026-03/09/2026", "03/05/2026"), ("05.03.2026", "05.03.2026"), ("03-MAY-26", "03-MAY-26"), ("3May2026", "3May2026"),
    ("20260503 admitted", "20260503"), ("3rd of May", "3rd of May"), ("the third of May", "third of May"), ("May the 3rd", "May the 3rd"), ("May third", "May third"), ("May 2026", "May 2026"),
    ("05/2026", "05/2026"), ("in October she fell", "October"), ("Sept. 14", "Sept. 14"), ("Mon 3/5", "3/5"), ("3/5 at 10 am", "3/5"), ("DOB 3/5/41", "3/5/41"), ("5. mayo 2026", "mayo 2026"),
    ("mayo 3 de 2026", "mayo 3 de 2026"), ("el martes 3", "martes 3"), ("2026/05/03", "2026/05/03"), ("May 3, '26", "May 3, '26"), ("1 de enero", "1 de enero"), ("Dec 25", "Dec 25"),
    ("2026-05-03T10:30:00Z", "2026-05-03"), ("03 / 05 / 2026", "03 / 05 / 2026"), ("Friday, May 3, 2026", "Friday, May 3, 2026"),
]  # fmt: skip
NO_DATES = [
    "in 2026", "since 1998", "2015-2020", "the 1990s", "yesterday", "next week", "two days ago", "tomorrow", "last month", "in three weeks", "at 10:30", "8 a.m.", "10/10 pain", "5/5 strength",
    "2/3 of them", "120/80", "GCS 15", "vision 20/20", "hace dos semanas", "ayer", "mañana", "el año pasado", "this may help", "march on", "24/7", "every Monday", "Monday through Friday", "1/2 tablet daily",
]  # fmt: skip
STATES = ["She lives in Ohio.", "the state of Ohio", "California law applies", "licensed in NC", "a resident of Ohio"]


def found(scanner: Scanner, text: str, kind: Kind) -> list[str]:
    report = scanner.scan([TextPart("body.plain", text)])
    assert report.complete
    return [text[one.start : one.end] for one in report.findings if one.kind is kind]


@pytest.mark.parametrize(("text", "span"), AGES)
def test_ages_over_89_are_identifiers_164_514_b_2_i_c(scanner: Scanner, text: str, span: str) -> None:
    assert any(span in one for one in found(scanner, text, Kind.AGE)), scanner.scan([TextPart("t", text)])


@pytest.mark.parametrize("text", NO_AGES)
def test_ages_under_90_and_the_class_of_90_or_older_are_none_164_514_b_2_i_c(scanner: Scanner, text: str) -> None:
    assert found(scanner, text, Kind.AGE) == []


@pytest.mark.parametrize(("text", "span"), DATES)
def test_all_elements_of_dates_but_the_year_are_identifiers_164_514_b_2_i_c(
    scanner: Scanner, text: str, span: str
) -> None:
    assert any(span in one for one in found(scanner, text, Kind.DATE)), scanner.scan([TextPart("t", text)])


@pytest.mark.parametrize("text", NO_DATES)
def test_years_times_and_relative_dates_are_none_164_514_b_2_i_c(scanner: Scanner, text: str) -> None:
    assert found(scanner, text, Kind.DATE) == []


@pytest.mark.parametrize("text", STATES)
def test_a_state_is_none_164_514_b_2_i_b(scanner: Scanner, text: str) -> None:
    assert found(scanner, text, Kind.LOCATION) == []


@pytest.mark.parametrize("area", sorted(small_zip3()))
def test_small_areas_of_three_digits_are_identifiers_164_514_b_2_i_b(scanner: Scanner, area: str) -> None:
    assert found(scanner, f"ZIP code area {area}xx", Kind.LOCATION) == [area]


@pytest.mark.parametrize("area", ["100", "275", "454", "606", "902"])
def test_other_areas_of_three_digits_may_stay_but_never_five_164_514_b_2_i_b(scanner: Scanner, area: str) -> None:
    assert found(scanner, f"ZIP code area {area}xx", Kind.LOCATION) == []
    assert found(scanner, f"ZIP code {area}05", Kind.LOCATION) == [f"{area}05"]


def test_the_tables_of_the_law_name_section_and_date() -> None:
    for part in table("safe_harbor.toml").values():
        assert part["section"]
        assert part["dated"]
    assert number("age", "identifier_from") == 90
    assert len(small_zip3()) == 17
    areas = [
        row[0] for row in csv.reader(files("gateway.phi.data").joinpath("zip3_states.csv").read_text().splitlines())
    ]
    assert len(areas) == len(set(areas)) > 900
    assert small_zip3() <= set(areas)
    assert all(len(area) == 3 and area.isdigit() for area in areas)
