"""The practice's own names, numbers and domains: no patient's, not masked, masked in strict redaction, and never hiding a patient."""

from __future__ import annotations

from datetime import date

import pytest

from gateway.domain.finding import ScanReport, TextPart
from gateway.domain.patient import Patient
from gateway.phi.known_patients import KnownPatients
from gateway.phi.practice import OWN, Practice
from gateway.phi.redact import redact_text
from gateway.phi.scan import Scanner

OWN_PRACTICE = Practice.of(
    clinicians=["Dr. Harriet Lindqvist", "Tomás Peña Ruiz, MD"],
    own=["Maple Ridge Clinic", "14 Mill Street", "(603) 555-0151", "mapleridge.example.org"],
)
TEXT = "Biopsy questions: Harriet Lindqvist, MD, 14 Mill Street, (603) 555-0151, desk@mapleridge.example.org."


def judged(
    scanner: Scanner, text: str, practice: Practice = OWN_PRACTICE, known: KnownPatients | None = None
) -> ScanReport:
    return scanner.scan([TextPart("body.plain", text)], known=known, practice=practice)


def test_what_is_the_practices_own_does_not_count_and_is_not_masked(scanner: Scanner) -> None:
    report = judged(scanner, TEXT)
    assert not report.phi
    assert redact_text(TEXT, report.findings, part="body.plain") == TEXT
    assert {one.by for one in report.findings if one.kind.identifies} == {OWN}
    assert len(scanner.scan([TextPart("body.plain", TEXT)]).findings) > 3


def test_research_mail_is_redacted_strictly_and_loses_the_practice_too(scanner: Scanner) -> None:
    strict = redact_text(TEXT, judged(scanner, TEXT).findings, part="body.plain", strict=True)
    for own in ("Harriet", "Lindqvist", "Mill Street", "555-0151", "mapleridge"):
        assert own not in strict


@pytest.mark.parametrize(
    "form",
    ["Harriet Lindqvist", "HARRIET LINDQVIST", "Lindqvist, Harriet", "H. Lindqvist", "Dr. Lindqvist", "Dr. Harriet Lindqvist", "Tomas Pena Ruiz", "Dra. Lindqvist", "Harriet\nLindqvist"],
)  # fmt: skip
def test_a_clinician_is_known_in_every_form(scanner: Scanner, form: str) -> None:
    text = f"Your question on the biopsy went to {form} today."
    assert not [one for one in judged(scanner, text).findings if one.kind.value == "name" and one.by != OWN]


@pytest.mark.parametrize("number", ["603-555-0151", "603.555.0151", "+1 603 555 0151", "6035550151"])
def test_a_telephone_of_the_practice_in_every_form(scanner: Scanner, number: str) -> None:
    assert not [one for one in judged(scanner, f"Call {number} now.").findings if one.by != OWN]


@pytest.mark.parametrize(
    "text",
    [
        "Barbara Hillman's biopsy shows carcinoma. Harriet Lindqvist, MD",
        "Lindqvist was diagnosed with carcinoma, DOB 03/21/1956.",
        "Harriet Lindqvist-Barnes was diagnosed with carcinoma.",
        "The patient lives at 14 Mill Street, Apt 9, and was diagnosed with carcinoma; call 603-555-0177.",
        "MRN 4650146 seen by Harriet Lindqvist",
    ],
)
def test_others_beside_the_practice_still_count(scanner: Scanner, text: str) -> None:
    assert judged(scanner, text).phi


def test_a_registered_patient_of_a_clinicians_name_counts(scanner: Scanner) -> None:
    patient = Patient(id="p1", given="Harriet", family="Lindqvist", birth_date=date(1956, 3, 4), mrn="4650146")
    report = judged(scanner, "Harriet Lindqvist's biopsy shows carcinoma.", known=KnownPatients.build([patient]))
    assert report.phi
    assert report.patients == {"p1"}
    assert "Lindqvist" not in redact_text(
        "Harriet Lindqvist's biopsy shows carcinoma.", report.findings, part="body.plain"
    )


def test_lists_of_nobody_change_nothing(scanner: Scanner) -> None:
    empty = Practice.of()
    assert judged(scanner, TEXT, empty).findings == scanner.scan([TextPart("body.plain", TEXT)]).findings
