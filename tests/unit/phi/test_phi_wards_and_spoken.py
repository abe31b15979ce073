"""Beds, works and stores by their town, and what is dictated: each is masked, and what only looks alike is not."""

from __future__ import annotations

import pytest

from gateway.domain.finding import Kind, TextPart
from gateway.phi.scan import Scanner


@pytest.fixture(scope="module")
def scanner() -> Scanner:
    return Scanner.load()


def masked(scanner: Scanner, text: str) -> set[str]:
    report = scanner.scan([TextPart("body.plain", text)])
    return {
        text[one.start : one.end] for one in report.findings if one.kind not in {Kind.HEALTH_TERM, Kind.ORGANIZATION}
    }


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("please check on bed 412B before lunch", "bed 412B"), ("sitter needed for room 318A tonight", "room 318A"), ("new admission to 4W-12 at noon", "4W-12"),
        ("move him to MICU-07 after the scan", "MICU-07"), ("he works at the Goodyear plant in Gadsden", "Goodyear plant in Gadsden"),
        ("my refill is at walgreens on palmetto blvd", "palmetto blvd"), ("we go to happy hippo pediatrics", "happy hippo pediatrics"),
        ("call her at three one two 555 0142 please", "three one two 555 0142"), ("record zero four four one nine two seven is new", "zero four four one nine two seven"),
        ("spelled K O V A R I K in the chart", "K O V A R I K"), ("seen on January the fourteenth, twenty twenty six", "January the fourteenth, twenty twenty six"),
        ("Winnifred Skaggs bed 22, RT called", "bed 22"), ("she fell on Thanksgiving Day", "Thanksgiving Day"), ("surgery was Labor Day", "Labor Day"), ("first seen in spring of 2023", "spring of 2023"),
        ("off warfarin since late Oct", "Oct"), ("Jan-Mar 2024", "Jan-Mar 2024"), ("seen Weds 14th", "Weds 14th"), ("the 2nd week of November", "2nd week of November"), ("born 14-III-61", "14-III-61"),
        ("house known as The Old Tannery, Mill Fold, Sowerby Bridge HX6 4DH", "The Old Tannery, Mill Fold, Sowerby Bridge HX6 4DH"), ("crash on I-85 NB MM 212", "I-85 NB MM 212"),
        ("Vive en Av. Insurgentes Sur 1442, col. Del Valle, 03100", "Av. Insurgentes Sur 1442, col. Del Valle, 03100"),
        ("née le 12 août 1955 à domicile", "12 août 1955"), ("bili of Baby Boy Jansen is up", "Baby Boy Jansen"), ("her mother (92M, mech valve) was seen", "92"),
    ],
)  # fmt: skip
def test_is_masked(scanner: Scanner, text: str, wanted: str) -> None:
    assert any(wanted in one for one in masked(scanner, text)), masked(scanner, text)


@pytest.mark.parametrize(
    "text",
    [
        "NDC 0093-7212-56 is metoprolol", "back in operating room 35 for closure", "is it version 11 or 12", "the wound clinic moved", "she rates it 3/10 today",
        "one two three, lift", "Meet in Room 214 at noon.", "Happy Thanksgiving to all", "Conference Call Room 214",
    ],
)  # fmt: skip
def test_stays(scanner: Scanner, text: str) -> None:
    assert not masked(scanner, text)
