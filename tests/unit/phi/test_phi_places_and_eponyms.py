"""Address blocks are masked whole; eponyms, lands, cars and ordinary words are neither people nor places."""

from __future__ import annotations

import pytest

from gateway.domain.finding import Kind, TextPart
from gateway.phi.scan import Scanner


@pytest.fixture(scope="module")
def scanner() -> Scanner:
    return Scanner.load()


def masked(scanner: Scanner, text: str, *kinds: Kind) -> str:
    """What is left to read: letters and digits that are masked are dots."""
    signs = list(text)
    for one in scanner.scan([TextPart("body.plain", text)]).findings:
        if one.kind in (kinds or (Kind.NAME, Kind.LOCATION)):
            for at in range(one.start, one.end):
                signs[at] = "." if signs[at].isalnum() else signs[at]
    return "".join(signs)


@pytest.mark.parametrize(
    ("text", "block"),
    [
        ("She was moved to Birchwood Rehabilitation, bed 214, today.", "Birchwood Rehabilitation, bed 214"),
        ("Leave it at the Grant Building, 31st floor, please.", "Grant Building, 31st floor"),
        ("Mail goes to Rt 2 Box 40, Rivesville 26588.", "Rt 2 Box 40, Rivesville 26588"),
        ("She lives at 19-B Cannery Row now.", "19-B Cannery Row"),
        ("Pick up at 3902 E Clinton on Friday.", "3902 E Clinton"),
        ("Send the bill to 9 Bank st #2 instead.", "9 Bank st #2"),
        ("Found at Elm and 9th, confused.", "Elm and 9th"),
        ("Drive to 22817 County Rd 14 and honk.", "22817 County Rd 14"),
        ("She stays at Hope Inn, room 12, 500 S San Pedro, for now.", "Hope Inn, room 12, 500 S San Pedro"),
        ("Her address is 41 Orchard Row, Fairmont, Marion County, West Virginia.", "41 Orchard Row, Fairmont, Marion County"),
        ("Bill to 20789 Allika 46\nSuite 501\nRiisa\nEstonia 62488", "20789 Allika 46\nSuite 501\nRiisa\nEstonia 62488"),
    ],
)  # fmt: skip
def test_an_address_is_masked_from_its_head_to_its_tail(scanner: Scanner, text: str, block: str) -> None:
    seen = masked(scanner, text)
    at = text.index(block)
    assert not any(map(str.isalnum, seen[at : at + len(block)])), seen


@pytest.mark.parametrize(
    "text",
    [
        "Prader-Willi: hypotonia first, hunger later. Salter-Harris II is the commonest.",
        "Murmurs and names. Austin Flint: a rumble at the apex. Graham Steell: a blow.",
        "Document the Morse Fall Scale and the Glasgow Coma Scale each shift.",
        "Reed-Sternberg cells were seen; Howell-Jolly bodies were not.",
        "NDC 55555-0214-01, bottles of 100.",
        "Parking in the State of Washington, as in Texas, is free for veterans.",
        "We ship to Canada, Norway and South Africa.",
        "A 5 minute lane change, a 2 lane road.",
        "Keys can be had from the desk. Rent is due. Files are in the share.",
        "In the 1840s Semmelweis counted the dead, and Jenner before him the cows.",
    ],
)
def test_eponyms_lands_and_ordinary_words_are_not_masked(scanner: Scanner, text: str) -> None:
    assert masked(scanner, text) == text


def test_an_eponym_that_is_a_surname_is_masked_as_a_persons(scanner: Scanner) -> None:
    for text, name in (("I saw Mr. Wilson today.", "Wilson"), ("Dear Thomas Hodgkin,\nyour visit", "Thomas"), ("Patient: Karen Edwards, seen", "Edwards")):  # fmt: skip
        assert name not in masked(scanner, text)


def test_a_year_before_a_doctor_is_no_house_number(scanner: Scanner) -> None:
    assert "1985" in masked(scanner, "In 1985 Dr. Harold Ostrander came to town.", Kind.LOCATION)


def test_a_car_and_its_plate_are_no_town(scanner: Scanner) -> None:
    assert "Saturn, WA" in masked(scanner, "left in a gold Saturn, WA plate, at noon", Kind.LOCATION)


def test_many_pieces_are_read_in_linear_time(scanner: Scanner) -> None:
    text = "12 Oak Street, Apt 4, Fairmont, WV 26554\n" * 1500
    assert not any(map(str.isalnum, masked(scanner, text)))
