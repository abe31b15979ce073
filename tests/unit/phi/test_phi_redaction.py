"""Redaction: placeholders of the right type, nothing left of a masked word, and clean text after strict redaction."""

from __future__ import annotations

import itertools

import pytest

from gateway.domain.finding import Finding, Kind, TextPart
from gateway.phi.redact import placeholder_spans, redact_text
from gateway.phi.scan import MailContext, Scanner

LETTERS = [
    "Dear Ms. Abernathy,\n\nyour lab results of March 4, 2026 are back: hemoglobin A1c is 8.1. Please call (212) 555-0134 to book an appointment.\n\nBest,\nDr. Robert Smithers\nElm Street Medical Center",
    "Re: O'Malley, Shauna K., DOB 03/21/1956, MRN 4650146\n\nShe was diagnosed with bipolar disorder and takes lithium 300 mg. Fax: 212-555-0199.",
    "Barbara Hillman lives at 4757 Maple Ln, Riverside, CA 92501. Her Medicare number is 1EG4-TE5-MK73. Her son, Liam, drives a Ford, license plate JBL-2595.",
    "Patient: JENNIFER HARGROVE\nSSN: 900-12-3456\nAccount number 10153062\nTest: colonoscopy\nResult: benign polyp, no atypia\nwww.example.org/r/8812",
    "El paciente José Martínez, nacido el 4 de marzo de 1980, tiene hipertensión y toma losartan 50 mg. Su cita es mañana.",
    "A 92-year-old woman from Albuquerque with HIV and pneumonia was transferred to St. Agnes Hospital on 2026-03-04 by ambulance.",
    "Hi Tom,\nthe visit with Zuzanna Kowalczyk went well; the biopsy of the thyroid nodule showed papillary carcinoma. Ms. Kowalczyk's surgery is set for 12 May.\nThanks,\nAnn",
    "card 4111-1111-1111-1111, passport number P5F124705, VIN 1HGBH41JXMN109186, MAC 44:e6:2a:6e:f6:3a, IP 192.0.2.17, template BIO-FP-a3f8c2e1d5, NPI: 1282845791, username: jsmith42",
    "Referral: 7-year-old boy, Max Oberlin, asthma, allergy to penicillin. Mother: Ingrid Oberlin, ingrid.oberlin@example.net. Insurance: INS-425744151.",
    "Your prescription for metformin 500 mg is ready at Walgreens. The bill is $20. - Nurse Patty O'Connell",
]


@pytest.mark.parametrize("text", LETTERS)
@pytest.mark.parametrize("consumer", [False, True])
def test_strictly_redacted_text_is_clean_when_scanned_again(scanner: Scanner, text: str, consumer: bool) -> None:
    context = MailContext(unregistered_consumer=consumer)
    report = scanner.scan([TextPart("body.plain", text)], context=context)
    assert report.phi
    letter = redact_text(text, report.findings, part="body.plain", strict=True)
    again = scanner.scan([TextPart("body.plain", letter)], context=context)
    assert again.complete
    assert not again.phi, (letter, again.findings)
    assert not again.classes, letter


def test_typed_placeholders() -> None:
    text = "Ann Lee, 3/4/1956"
    findings = [Finding(Kind.NAME, "t", 0, 7, 0.9, "x"), Finding(Kind.DATE, "t", 9, 17, 0.9, "x")]
    assert redact_text(text, findings) == "[name], [date]"


def test_overlaps_merge_and_words_are_never_cut() -> None:
    text = "Hargrove-Smith 12345"
    findings = [
        Finding(Kind.NAME, "t", 0, 6, 0.9, "x"),
        Finding(Kind.NAME, "t", 4, 10, 0.9, "x"),
        Finding(Kind.SSN, "t", 17, 18, 0.5, "x"),
    ]
    assert placeholder_spans("t", text, findings, strict=False) == [(0, 14, "[name]"), (15, 20, "[ssn]")]


def test_health_terms_and_organisations_only_when_strict() -> None:
    text = "Acme Inc biopsy"
    findings = [Finding(Kind.ORGANIZATION, "t", 0, 8, 0.7, "x"), Finding(Kind.HEALTH_TERM, "t", 9, 15, 0.7, "x")]
    assert redact_text(text, findings) == text
    assert redact_text(text, findings, strict=True) == "[organization] [health_term]"


def test_other_parts_are_left_alone() -> None:
    findings = [Finding(Kind.NAME, "subject", 0, 3, 0.9, "x"), Finding(Kind.NAME, "body.plain", 0, 3, 0.9, "x")]
    assert redact_text("Ann Lee", findings, part="subject") == "[name] Lee"
    with pytest.raises(ValueError, match="several parts"):
        redact_text("Ann Lee", findings)


def test_strict_spans_are_sorted_and_apart(scanner: Scanner) -> None:
    report = scanner.scan([TextPart("body.plain", LETTERS[0])])
    spans = placeholder_spans("body.plain", LETTERS[0], report.findings, strict=True)
    assert spans
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(spans))


def test_placeholders_and_neutral_words_hold_nothing(scanner: Scanner) -> None:
    text = "Dear [name],\n\n[name] was in [location] on [date]. Call [phone] or write to [email]. SSN: [ssn], MRN: [mrn], Patient: [name-2]\n\n[organization]"
    assert scanner.scan([TextPart("body.plain", text)]).findings == ()


def test_a_certain_name_is_masked_everywhere(scanner: Scanner) -> None:
    parts = [
        TextPart("subject", "Zorblatt again"),
        TextPart("body.plain", "Patient: Quentin Zorblatt\nZorblatt Q. has no fever. Quentin sleeps."),
    ]
    report = scanner.scan(parts)
    assert redact_text(parts[0].text, report.findings, part="subject") == "[name] again"
    assert (
        redact_text(parts[1].text, report.findings, part="body.plain")
        == "Patient: [name]\n[name] has no fever. [name] sleeps."
    )
