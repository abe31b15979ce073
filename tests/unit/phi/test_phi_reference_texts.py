"""Texts of reference, which speak of nobody, keep their capitals, months and towns; beside somebody the same words count."""

from __future__ import annotations

import pytest

from gateway.domain.finding import Kind, Mode, TextPart
from gateway.phi.scan import Scanner

_OUTSIDE = {Kind.HEALTH_TERM, Kind.ORGANIZATION}


@pytest.fixture(scope="module")
def scanner() -> Scanner:
    return Scanner.load()


def masked(scanner: Scanner, text: str, mode: Mode = Mode.BALANCED) -> list[str]:
    report = scanner.scan([TextPart("body.plain", text)], mode=mode)
    return [text[one.start : one.end] for one in report.findings if one.kind not in _OUTSIDE]


@pytest.mark.parametrize(
    "text",
    [
        "@NAME@ is a @AGE@ @SEX@ seen on @TODAYDATE@. Last A1c: @LASTLAB(HGBA1C)@. PCP: @PCP@.",
        "Hunt and Hess 3, Fisher 4: nimodipine schedule, and does the Barrow classification matter?",
        "Difference between Osler nodes and Janeway lesions, and do the modified Duke criteria count both?",
        "Step therapy: two triptans before Nurtec or Ubrelvy, then Ozempic, Mounjaro, Trulicity for diabetes.",
        "Screening for colorectal cancer: the recommendation of May 2021 replaces the one of 2016.",
        "See Hochberg MC et al. on osteoarthritis. Any update?",
        "Blastomyces around the Great Lakes, Lyme in Virginia: send serology?",
        "Open enrollment runs November 1 to 15. Questions: the benefits desk.",
        "The laboratory is down for maintenance on Sunday until the upgrade of May 2026 is done.",
        "Volunteers: the picnic moves from Thanksgiving to the first Tuesday in December.",
        "Workforce members lock their screens. Policy HR, revised January 2025.",
        "Notice of privacy practices. Effective date: 04/14/2026.",
        "Ask about the flu vaccine: 1-800-555-0122, or www.vaers.hhs.gov/report.html.",
        "Nyhus IIIb needs mesh. Forrest Ib ulcer: clips?",
        "Is Tri-Luma better than Heplisav-B is a vaccine?",
        "Epworth 15, AHI 38: CPAP?",
        "Is Optum or Cigna the payer for Siemens scanners?",
    ],
)
def test_nothing_is_masked_where_nobody_is_spoken_of(scanner: Scanner, text: str) -> None:
    assert masked(scanner, text) == []


def test_a_field_of_a_template_is_no_handle_and_a_handle_is(scanner: Scanner) -> None:
    assert masked(scanner, "Message me: @quiet_heron904, thanks") == ["@quiet_heron904"]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Surgery October 6, NPO after midnight.", "October 6"),
        ("Staff meeting moved. Her colonoscopy is November 1 to 15 some time.", "November 1 to 15"),
        ("Open enrollment ends. Potassium 6.1 mmol/L, BP 162/104 on November 3.", "November 3"),
        ("Volunteers: Nkechi Obiora has her scan on December 4.", "December 4"),
        ("MOBILE: 1-800-555-0122", "1-800-555-0122"),
        ("The picnic is off. I am in the infusion chair on May 30.", "May 30"),
        ("Karen Epworth, 15 Mill Road, has sleep apnea.", "Karen Epworth"),
        ("Forrest has an ulcer.", "Forrest"),
    ],
)
def test_what_is_somebodys_stays_in_a_notice_too(scanner: Scanner, text: str, day: str) -> None:
    assert any(day in one for one in masked(scanner, text))


@pytest.mark.parametrize("somebody", ["She has", "My wife has", "The patient has", "Nkechi Obiora has", "Pt has"])
def test_a_month_counts_beside_somebody(scanner: Scanner, somebody: str) -> None:
    text = "{} diabetes since May 2021 and moved to Toledo."
    assert {"May 2021", "Toledo"} <= {one.strip(".") for one in masked(scanner, text.format(somebody))}


def test_a_month_of_nobody_counts_in_strict_mode(scanner: Scanner) -> None:
    text = "Screening for diabetes: the recommendation of May 2021 stands."
    assert masked(scanner, text) == []
    assert masked(scanner, text, Mode.STRICT) == ["May 2021"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Nkechi Obiora was sent to St. Alphonsus with chest pain.", "St. Alphonsus"),
        ("Nkechi Obiora came from Gila Regional with cholangitis.", "Gila Regional"),
        ("Nkechi Obiora had her surgery at Holy Redeemer.", "Holy Redeemer"),
        ("Good Samaritan took Nkechi Obiora with sepsis.", "Good Samaritan"),
        ("Nkechi Obiora was moved to Sunrise of Edgewater.", "Sunrise of Edgewater"),
        ("Nkechi Obiora gets chemo at MD Anderson.", "MD Anderson"),
        ("Nkechi Obiora came from UCSF.", "UCSF"),
        ("Nkechi Obiora, inmate at Ferndale.", "Ferndale"),
        ("Nkechi Obiora lives on W 84th.", "W 84th"),
        ("Nkechi Obiora came from NYC.", "NYC"),
    ],
)
def test_places_of_care_are_found_by_their_short_names(scanner: Scanner, text: str, place: str) -> None:
    covered = " ".join(masked(scanner, text))
    assert all(word in covered for word in place.split())


@pytest.mark.parametrize(
    "text",
    [
        "The Good Samaritan law protects who gives first aid.",
        "St. John's wort lowers the level of cyclosporine.",
        "From the Attorney General: a notice to hospitals.",
        "Agreement between Northfield Imaging Partners, LLC and the hospital.",
        "According to Stanford the valve lasts; a study from Duke says less.",
    ],
)
def test_laws_plants_offices_and_firms_are_no_places_of_care(scanner: Scanner, text: str) -> None:
    report = scanner.scan([TextPart("body.plain", text)])
    assert [
        one.by
        for one in report.findings
        if one.by in {"care_in_short", "care_by_name", "care_of_faith", "saint", "facility"}
    ] == []


@pytest.mark.parametrize(
    "text",
    [
        "Abdul-Rahman al-Khatib, 71 y/o male, phone 313-555-0142, NIHSS 12 at 0910. tPA window?",
        "Would you anticoagulate my patient Mr. Fitzgerald-Okoye after a fall?",
        "I saw Bao Tran today: hemoptysis for three weeks, AFB 2+.",
        "Ms. Quill wants her cath report before Friday.",
        "Elbert Quisenberry, lead threshold 2.4 V, pacer check due.",
    ],
)
def test_what_clinicians_write_in_short_is_health(scanner: Scanner, text: str) -> None:
    assert scanner.scan([TextPart("body.plain", text)]).phi


@pytest.mark.parametrize(
    "text",
    [
        "Osler nodes, Janeway lesions: which hurt in endocarditis?",
        "Differentiate Wallenberg, Weber and Benedikt syndromes by cranial nerve.",
        "Is latent tuberculosis treated otherwise in people from Germany?",
        "Patient is to be seen for blood pressure.",
    ],
)
def test_eponyms_countries_and_the_word_patient_name_nobody(scanner: Scanner, text: str) -> None:
    assert not scanner.scan([TextPart("body.plain", text)]).phi


SHORT = (
    "Potassium 6.1 on {}. Repeat BMP and hold lisinopril.",
    "Chemo was started on {} in March; tolerating FOLFOX well.",
    "Please schedule colonoscopy with {} before Friday, colon polyps found.",
    "Refill request: {}, oxycodone 5 mg.",
    "Diabetes follow-up with {} moved to Thursday. A1c 9.2.",
    "Hepatitis C positive - {}. Start treatment.",
)


@pytest.mark.parametrize("text", SHORT)
@pytest.mark.parametrize("name", ["Nguyen", "Petrov", "Delgado", "Garcia"])
def test_one_word_that_may_be_a_name_is_somebody(scanner: Scanner, text: str, name: str) -> None:
    """Clinicians write so, without a title, a pronoun or a number."""
    letter = text.format(name)
    assert name in masked(scanner, letter)
    assert scanner.scan([TextPart("body.plain", letter)]).phi


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Medicare denied the HIV viral load of November 3. Please appeal.", "November 3"),
        ("Invoice for the vasectomy of May 3 attached. Modifier 59.", "May 3"),
        ("Enrolled in hospice November 2. Morphine 5 mg q4h.", "November 2"),
        ("Walk-in with syphilis on October 6, treated with penicillin.", "October 6"),
        ("The clinic is closed Monday, so dialysis is October 6, chair 4.", "October 6"),
        ("All staff: the methadone dose of October 6 was missed.", "October 6"),
        ("CT reviewed 10/06/2026: lung nodule. Refer to pulmonary.", "10/06/2026"),
        ("Revision 03/12/2026 of the hip arthroplasty, now infected.", "03/12/2026"),
        ("Pathology issued 10/06/2026: melanoma, wide excision.", "10/06/2026"),
        ("Last updated 10/06/2026. Lung nodule, biopsy, adenocarcinoma.", "10/06/2026"),
        ("Positive chlamydia. Call 877-555-0147 with the result.", "877-555-0147"),
        ("Wants a sildenafil refill, cell 866-555-0177.", "866-555-0177"),
        ("For the lymphoma see www.cancer.gov/trial/patient/448812.", "448812"),
    ],
)
def test_what_is_said_of_one_illness_is_no_notice(scanner: Scanner, text: str, kept: str) -> None:
    assert any(kept in one for one in masked(scanner, text))


@pytest.mark.parametrize(
    "text",
    [
        "Walk-in this morning October 6: suicidal ideation, sent to ED.",
        "Blood drive donor tested HIV positive on October 6.",
        "Effective May 3 the insulin is stopped. A1c was too low.",
        "MRI interim 10/06/2026 shows progression of glioma.",
        "Positive HIV test in the walk-in on Monday, from Yakima.",
    ],
)
def test_what_makes_a_mail_phi_is_never_nobodys(scanner: Scanner, text: str) -> None:
    assert scanner.scan([TextPart("body.plain", text)]).phi


@pytest.mark.parametrize("name", ["Pereyra", "Krouse", "Judkins", "Tessier", "Abbott", "Roche", "Smith-Robinson"])
def test_a_surname_that_things_bear_too_is_somebodys(scanner: Scanner, name: str) -> None:
    texts = (f"{name} has a new rash after amoxicillin.", f"Please schedule colonoscopy with {name} before Friday.")
    assert any(scanner.scan([TextPart("body.plain", one)]).phi for one in texts)


def test_two_words_that_a_person_may_be_called_are_a_name(scanner: Scanner) -> None:
    assert masked(scanner, "Chemo was started on Joel Cohen.") == ["Joel Cohen"]
    assert masked(scanner, "Is a Joel-Cohen incision faster than a Pfannenstiel?") == []
