"""Where the names and places begin and end that the tagger alone finds."""

from __future__ import annotations

import pytest

from gateway.domain.finding import TextPart
from gateway.phi.scan import Scanner
from tests.support.growth import grows_within
from tests.support.masking import left


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("my patient hanh le has hiv and needs refill", "hanh le"),
        ("ms thuy le called about her chemo refill", "thuy le"),
        ("patient: nguyen van du, hiv positive", "nguyen van du"),
        ("Hi del, your biopsy is malignant. Call us.", "del"),
        ("I saw the Stone baby today, HIV exposed", "Stone"),
        ("the Woods sisters both have lupus", "Woods"),
        ("Mr. Vice has HIV", "Vice"),
        ("Martin Gruber was diagnosed with HIV", "Martin Gruber"),
        ("Patel inventory came back, he has depression", "Patel"),
        ("Okafor anastomosis is leaking, septic", "Okafor"),
        ("name,mrn,phone\nCasimir Oxbow,4650146,(212) 555-0134\n", "Casimir Oxbow"),
        ("She was seen at Sacred Heart in Pecos for asthma.", "Sacred Heart"),
        ("She'll meet him at the Hilton on Post Oak at 7.", "Hilton on Post Oak"),
        ("MICU 7, Patel: intubated, sepsis", "MICU 7"),
        ("Mother lies in Room 214, Pt stable", "214"),
        ("Patient in ICU 12 PRN morphine given", "ICU 12"),
        ("pt,age,addr\n7,62,14 Rosewood Cv,sepsis", "14 Rosewood Cv"),
        ("A1c 7.2,1200 Falcon Pl, insulin refill", "Falcon Pl"),
    ],
)
def test_a_name_or_place_is_masked_whole(scanner: Scanner, text: str, name: str) -> None:
    assert name in text
    assert not any(word in left(scanner, text).replace(",", " ").replace(".", " ").split() for word in name.split())


@pytest.mark.parametrize(
    "text",
    [
        "margins positive, ER 0 PR 0 HER2 1+. Lumpectomy.",
        "Propofol 4,500 mg/day, TG 1,021, CK 5,880, Brugada-like ST: why?",
        "What does Martin-Gruber anastomosis do to a carpal tunnel study?",
        "Sr. Vice President of Sales",
        "He takes St. John's Wort daily and she John's wort.",
    ],
)
def test_what_names_nobody_stays(scanner: Scanner, text: str) -> None:
    assert left(scanner, text) == text


@pytest.mark.parametrize(("text", "rest"), [
    ("In Baker v. Selden the Court held that a book is no patent.", "In v. the Court held that a book is no patent."), ("See Nelson, 21st ed., for more.", "See , 21st ed., for more."),
])  # fmt: skip
def test_a_run_holds_no_word_that_only_begins_a_sentence(scanner: Scanner, text: str, rest: str) -> None:
    assert left(scanner, text) == rest


@pytest.mark.parametrize(
    "text",
    ["del", "del le", "thanks del", "baby del has jaundice", "del, your hiv test is positive", "le du", "The of and"],
)
def test_every_finding_is_a_place_of_the_text(scanner: Scanner, text: str) -> None:
    report = scanner.scan([TextPart("t", text)])
    assert not report.gaps
    assert all(0 <= one.start < one.end <= len(text) for one in report.findings)
    assert all(one.end - one.start <= 8 for one in report.findings if one.kind.identifies)


@pytest.mark.parametrize(
    "unit", ["El Los ", "the Heights ", "Paris foo ", "at the Heights and Mercy of Prussia & King "]
)
def test_runs_take_linear_time(scanner: Scanner, unit: str) -> None:
    def read(size: int) -> None:
        scanner.scan([TextPart("t", (unit * (size // len(unit) + 1))[:size])])

    assert grows_within(lambda: read(5_000), lambda: read(40_000), 24, 0.05)
