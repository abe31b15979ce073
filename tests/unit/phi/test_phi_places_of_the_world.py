"""Addresses of many countries, streets without numbers, lone places told by their context; and what is none of these.

Each form stands in a carrier sentence, in plain text and as lines of an HTML table, and must be masked to its last letter.
"""

from __future__ import annotations

from html import escape

import pytest

from gateway.domain.finding import Kind, TextPart
from gateway.mime.html import extract
from gateway.phi.document import Document
from gateway.phi.lexicon import Lexicon
from gateway.phi.recognizers.landmarks import find_landmarks
from gateway.phi.recognizers.place_cues import find_told
from gateway.phi.scan import Scanner
from tests.support.growth import grows_within


@pytest.fixture(scope="module")
def scanner() -> Scanner:
    return Scanner.load()


ADDRESSES = (
    "1911 s hoover st apt 12, los angeles ca 90007", "po box 88, athens oh 45701", "HC 61 Box 40, Espanola, NM 87532", "CMR 402 Box 1187, APO AE 09180", "Unit 45013 Box 2666, APO AP 96338",
    "USS Carney (DDG 64), FPO AE 09566-1282", "Flat 2, 14 Acacia Road, Headingley, Leeds LS6 3AB", "Ground Floor Flat, 33a Upper Street, London N1 0PN", "45 Bay St, Toronto, ON M5J 2R8",
    "123 rue Sherbrooke Ouest, bureau 400, Montréal (Québec) H3A 1B2", "Unit 4/27 Banksia St, Wagga Wagga NSW 2650", "GPO Box 1234, Hobart TAS 7001", "H.No. 12-3-456, Himayatnagar, Hyderabad - 500029",
    "Plot 14, Sector 21, Gurgaon, Haryana 122001", "B-42, Lajpat Nagar II, New Delhi 110024", "2-11-3 Meguro, Meguro-ku, Tokyo 153-0063", "Rua das Flores, 123, Apto 45 - Jardim Paulista, São Paulo - SP, 01310-100",
    "Hauptstraße 12, 80331 München", "Unter den Linden 77, 10117 Berlin, Germany", "Am Markt 3, 99084 Erfurt", "Mariahilfer Straße 88/3/14, 1070 Wien", "12 bis, rue de la Paix, 75002 Paris", "3 impasse des Lilas, 31000 Toulouse",
    "Via Garibaldi 14, 20121 Milano MI", "Calle 26 #13-19, Apto 501, Bogotá, Colombia", "Urb. Las Gladiolas, 150 Calle A, San Juan, PR 00926", "Cond. Torre Molinos, Apt. 502, Guaynabo PR 00969", "Bo. Sabana Hoyos, Carr. 2 Km 45.3, Arecibo",
    "Keizersgracht 174, 1016 DW Amsterdam", "Kungsgatan 12, 111 35 Stockholm", "Storgata 7, 0155 Oslo", "Vesterbrogade 55, 2. tv, 1620 København V", "Mannerheimintie 20 B 14, 00100 Helsinki", "Laugavegur 22, 101 Reykjavík",
    "ul. Marszałkowska 84/92 m. 15, 00-514 Warszawa", "os. Piastów 12/34, 31-624 Kraków", "Rákóczi út 66, 1074 Budapest", "Blk 5 Lot 12, Brgy. San Isidro, Quezon City", "St. Anne's, 12 Grove St", "Lot 17, Sunny Acres Mobile Home Park",
    "31 Larkin, 2nd fl", "1221 Avenue of the Americas, 40th Floor, New York, NY", "Shad Run Road, mailbox 4471",
)  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_whole_address_is_masked_wherever_it_stands(scanner: Scanner, address: str) -> None:
    assert not _left(scanner, f"Please send it to {address}.", address)
    assert not _left(scanner, f"Address: {address}\nPhone: none\n", address)
    cell = extract(f"<table><tr><td>Home</td><td>{escape(address)}</td></tr></table>").text
    assert not _left(scanner, cell, address)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Pt lives at 14 mill lane with her sister.", "14 mill lane"),
        ("he is staying on maple street near the church", "maple street"),
        ("patient found down at 4th and pine, brought in by ems", "4th and pine"),
        ("They sleep under the 4th st bridge.", "4th st bridge"),
        ("Meet at the corner of Fulton & Nostrand.", "Fulton & Nostrand"),
        ("What is it? The corner of Dalbraut 99 and Frederikke Coves.", "Dalbraut 99 and Frederikke Coves"),
        ("Take it to the corner of 159 Eleftheriou Venizelou str and Rennie Union.", "159 Eleftheriou Venizelou str and Rennie Union"),
        ("5 Via Roma\n Caltagirone\n Italy 95787\n", "95787"),
        ("NW 23rd & Burnside, side door", "NW 23rd & Burnside"),
        ("found wandering on MLK Blvd last night", "MLK Blvd"),
        ("The crash was on I-80 near mile marker 214.", "I-80 near mile marker 214"),
        ("Found at milepost 12 on Highway 97.", "milepost 12 on Highway 97"),
        ("Lives in Huehuetenango since 2009.", "Huehuetenango"),
        ("She lives in Independence and drives to work.", "Independence"),
        ("The applicant was born in 1968 and lives in Diyarbakır.", "Diyarbakır"),
        ("He grew up in St. Landry Parish.", "St. Landry Parish"),
        ("he lives in queens with mom", "queens"),
        ("she lives in dayton ohio", "dayton ohio"),
        ("im from fresno", "fresno"),
        ("moved here from el paso 2 yrs ago", "el paso"),
        ("A 54 yo Yakima resident with cough.", "Yakima"),
        ("A Spokane-based trucker with back pain.", "Spokane"),
        ("The burial is in Excelsior.", "Excelsior"),
        ("City: moorhead State: MN Zip: 56560", "moorhead"),
        ("Hometown: Truth or Consequences", "Truth or Consequences"),
        ("He is held in Buca Prison until the trial.", "Buca Prison"),
        ("Teaches at Roosevelt Elementary School.", "Roosevelt Elementary School"),
        ("in custody at the Cook County Jail", "Cook County Jail"),
        ("camping at Palouse Falls when it happened", "Palouse Falls"),
        ("GPS 40°26'46\"N 79°58'56\"W", "40°26'46\"N 79°58'56\"W"),
        ("plus code 87G8Q2PQ+VX", "87G8Q2PQ+VX"),
        ("CEP 01310-100", "01310-100"),
        ("zip code: 04662-1123", "04662-1123"),
        ("He is in County Hospital 6th floor.", "County Hospital 6th floor"),
    ],
)  # fmt: skip
def test_places_are_told_by_what_stands_around_them(scanner: Scanner, text: str, place: str) -> None:
    assert not _left(scanner, text, place)


@pytest.mark.parametrize(
    "text",
    [
        "Please use the Google Drive folder; save it to the flash drive or the shared drive.",
        "The blood drive is on Tuesday; the food drive is next. Turn left at the light on the second street.",
        "Lives in assisted living, ambulates with a walker. moved to ICU overnight, will continue to monitor.",
        "lives in a two story house with wife; She lives in fear of falls.",
        "Texas and California require a second form. Patients from Mexico, Canada and Spain need an interpreter.",
        "Staples were placed via the 4 mm port, via central line, via nasal cannula at 2 L.",
        "Seen at 0315 via camera. Version 10.15.7 of the app. Build 45678-1234.",
        "0.512, 0.734 were the AUC values. I-131 uptake was 12 percent near the midline.",
        "1st and 2nd ribs; 4th and fifth metacarpals; corner of the mouth and lip; 2nd and third trimester.",
        "The Supreme Court ruled. High school physicals; the church bulletin; nursing home transfer checklist.",
        "Vitamin D 1000. Chapter 7 Pain, Section 12 Drugs. Plan 2 is offered; monitoring 24 hours.",
        "Columbia suicide severity rating scale negative. Rochester criteria; Framingham risk score.",
        "We saw him in Germany 2019. In Norway 12500 cases were seen; France 2004, Italy 2006.",
        "Zip 303 is large enough to stand. A 5 minute lane change, a 2 lane road.",
    ],
)
def test_what_only_looks_like_a_place_stays(scanner: Scanner, text: str) -> None:
    found = scanner.scan([TextPart("body.plain", text)]).findings
    assert not [text[one.start : one.end] for one in found if one.kind is Kind.LOCATION]


def test_a_person_before_an_address_is_not_swallowed(scanner: Scanner) -> None:
    text = "Mail it to Ruth Hargrove, 12 Birch Street, Dayton, OH 45402."
    kinds = {text[one.start : one.end]: one.kind for one in scanner.scan([TextPart("body.plain", text)]).findings}
    assert kinds["Ruth Hargrove"] is Kind.NAME
    assert kinds["12 Birch Street, Dayton, OH 45402"] is Kind.LOCATION


def test_cues_and_codes_are_read_in_linear_time() -> None:
    lexicon = Lexicon.load()

    pieces = (
        "lives in New New New ",
        "Flat 2, 12, B-4, Hyderabad 500029, ",
        "corner of a and ",
        "corner of A b 1 C ",
        "Italy 1, ",
        "Town Town, Town 1234 ",
    )

    def read(count: int) -> None:
        for piece in pieces:
            document = Document(TextPart("body.plain", piece * count), lexicon)
            assert len([*find_told(document), *find_landmarks(document)]) < len(document.text)

    assert grows_within(lambda: read(200), lambda: read(800), 8.0, 0.5)


def _left(scanner: Scanner, text: str, place: str) -> str:
    """The letters and digits of the place that are not masked."""
    at = text.index(place)
    masked = {
        sign
        for one in scanner.scan([TextPart("body.plain", text)]).findings
        if one.kind.identifies
        for sign in range(one.start, one.end)
    }
    return "".join(text[sign] for sign in range(at, at + len(place)) if text[sign].isalnum() and sign not in masked)
