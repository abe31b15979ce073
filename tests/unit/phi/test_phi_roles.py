"""Names of people at work beside matters of health are no patients'; words of illness, results, relatives make them so."""

from __future__ import annotations

import pytest

from gateway.domain.finding import TextPart
from gateway.phi.scan import Scanner

AT_WORK = [
    "For refills and blood pressure checks ask Nora at the desk.",
    "Dr. Abigail Sutherland reads the EKGs this week, Dr. Wexler the echocardiograms.",
    "Journal club on asthma: Petra presents, Colm brings sandwiches.",
    "The vaccine fridge is fixed; invoice to Marta in accounting.",
    "In 1847 Semmelweis fought sepsis in Vienna, and Skoda took his side.",
    "Our cat Pickles has diabetes, and the vet gave us insulin.",
    "Speakers: Ingo Baum, Rita Solberg. Topics: hypertension, dialysis.",
]
TREATED = [
    "Ask Nora at the desk about her biopsy, it was malignant.",
    "Dr. Sutherland's own echocardiogram was abnormal.",
    "Petra presents with asthma, peak flow 210.",
    "Our dietitian Rita has been diagnosed with lupus.",
    "Journal club is off, Colm was admitted with pneumonia.",
    "The patient Skoda, born in 1947, has sepsis.",
    "The vet is late. My mother Pickles has diabetes.",
    "Our volunteer Ines needs dialysis on Monday.",
]
HEALTH = [
    "Ezra Tolman's hearing test: grommets discussed", "Noor Haddad s/p lap chole", "Ms Vance ANA 1:640", "lilys rash is back", "Walt Prewitt took two water pills",
    "Jon Baxter L4-5 herniation", "Ida Crowe rolled her ankle", "Ms Vega's baby is 7 lb 3 oz", "Peter Ames has a fever of 103", "a doña chayo le duele mucho la cadera",
    "Lena Brandt needs a pelvic ultrasound", "Otto Krahn ferritin and TIBC pending", "Rosa Mendieta necesita un urocultivo",
]  # fmt: skip


@pytest.mark.parametrize("text", AT_WORK)
def test_people_at_work_make_no_phi(scanner: Scanner, text: str) -> None:
    assert not scanner.scan([TextPart("body.plain", text)]).phi


@pytest.mark.parametrize("text", [*TREATED, *HEALTH])
def test_people_treated_do(scanner: Scanner, text: str) -> None:
    assert scanner.scan([TextPart("body.plain", text)]).phi


@pytest.mark.parametrize(
    "text",
    [
        "I'd say the walker aisle, alt text and due date are fine, Ana.",
        "Get traction on PCI, coded by Brady, with a bun.",
    ],
)
def test_ordinary_words_are_no_health_context(scanner: Scanner, text: str) -> None:
    assert not scanner.scan([TextPart("body.plain", text)]).health_context
