"""Names and places in the forms of courts, estates, travel and trade are masked whole; words that only look like them stay."""

from __future__ import annotations

import pytest

from gateway.domain.finding import Kind, TextPart
from gateway.phi.scan import Scanner

_OUTSIDE = {Kind.ORGANIZATION, Kind.HEALTH_TERM}


@pytest.fixture(scope="module")
def scanner() -> Scanner:
    return Scanner.load()


def _left(scanner: Scanner, text: str) -> str:
    mask = list(text)
    for one in scanner.scan([TextPart("body.plain", text)]).findings:
        if one.kind not in _OUTSIDE:
            mask[one.start : one.end] = "_" * (one.end - one.start)
    return "".join(mask)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("QUARRENDON v. HARGREAVES, on appeal", "QUARRENDON"),
        ("QUARRENDON v. HARGREAVES, on appeal", "HARGREAVES"),
        ("Then Dr. J called from the plant.", "J "),
        ("He never signed it for Bill W.", "Bill W"),
        ("Estate of Blessing Tillman, deceased", "Blessing Tillman"),
        ('He gave his name as Tyrell "Peanut" Holliman today.', "Holliman"),
        ("The numbers are below.\n-- KM", "KM"),
        ("ok will do that\n\njt", "jt"),
        ("Lot 14, Block 3, Cedar Bluff Addition to the city", "Lot 14, Block 3, Cedar Bluff Addition"),
        ("for Apt. 7-C at 1180 Grand Concourse, Bronx, NY 10456", "Apt. 7-C at 1180 Grand Concourse, Bronx, NY 10456"),
        ("call me at x3-9921 please", "3-9921"),
        ("M: +44 (0)1924 555 0132", "555 0132"),
        ("the judgment of the Hvozdnica District Court", "Hvozdnica"),
        ("a lawyer practising in Haugesund.", "Haugesund"),
        ("just landed in lubbock, tell them", "lubbock"),
        ("I am back on the 27th.", "27th"),
    ],
)
def test_nothing_of_it_is_left(scanner: Scanner, text: str, secret: str) -> None:
    assert secret.strip() not in _left(scanner, text)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("It was remanded (2d Cir. 2000).", "2d Cir."),
        ("See 45 C.F.R. § 164.514 for it.", "C.F.R."),
        ("She has a degree from Texas A&M and likes it.", "A&M"),
        ("Convicted by the Assize Court of robbery.", "Assize Court"),
        ("The Department of Commerce keeps it.", "Commerce"),
        ("He took Vitamin D. Then he slept.", "Vitamin D"),
        ("a fracture of the 4th and 5th metacarpals", "4th and 5th"),
        ("Transferred to Radiology, then headed to Cardiology.", "Radiology"),
        ("weight 70\nand again in\nkg", "kg"),
    ],
)
def test_it_stays(scanner: Scanner, text: str, word: str) -> None:
    assert word in _left(scanner, text)
