"""The rule for mail: what is PHI, and what is an ordinary letter."""

from __future__ import annotations

import pytest

from gateway.domain.finding import Gap, GapReason, SensitiveClass, TextPart
from gateway.phi import scan as scan_module
from gateway.phi.consumer import is_consumer_domain
from gateway.phi.scan import MailContext, Scanner

ORDINARY = [
    "Lunch on Friday?\n\nBest,\nAnn Lee",
    "Hi Tom,\n\nthe meeting is at 3 pm, room 204. Call me at 212-555-0134.\n\nRegards,\nAnn Lee\nOffice manager\nann.lee@example.org\n(212) 555-0133",
    "Dear Ms. Abernathy,\n\nplease find attached the invoice for the printers, order 4711, due March 4, 2026.\n\nSincerely,\nRobert Smithers\nNorthwind Traders Inc.",
    "Our flu vaccine clinic opens on October 5. Everybody is welcome.\n\nBest regards,\nAnn Lee, RN\nElm Street Family Practice\n(212) 555-0133",
    "Team,\n\nthe parking lot closes Monday. Please use 5th Street.\n\nThanks,\nDan",
    "The quarterly numbers are in: revenue up 4 %, costs flat. See www.example.org/report.",
    "Hi Tom,\n\nsee you at lunch.\n\nBest,\nDr. Ann Lee\nDepartment of Cardiology\nElm Street Medical Center\n(212) 555-0133\n\nThis e-mail may contain confidential patient health information. If you are not the intended recipient, delete it: disclosure is prohibited by HIPAA.",
    "Hi Maria, happy birthday! See you on Saturday at Tony's place.",
]
PHI = [
    "Barbara Hillman's biopsy shows carcinoma.",
    "Dear Ms. Abernathy,\n\nyour lab results are back: hemoglobin A1c 8.1.\n\nBest,\nDr. Lee",
    "The patient, DOB 03/21/1956, was diagnosed with hypertension.",
    "72 yo male admitted 03/04/2026 with chest pain.",
    "SSN 219-09-9999",
    "MRN 4650146",
    "Member ID: XYZ123456789 is active",
    "template BIO-FP-a3f8c2e1d5",
    "Please call.\n\nThank you\n\nPatient: Barbara Hillman\nDx: hypertension\n(212) 555-0134",
    "Hi,\nfyi.\n\nThanks,\nBarbara Hillman has carcinoma",
    "Confidential: this e-mail is for the intended recipient. Barbara Hillman has a carcinoma, delete it if you received this in error.",
    "El paciente José Martínez tiene hipertensión, receta médica adjunta.",
]


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_mail_is_not_phi(scanner: Scanner, text: str) -> None:
    report = scanner.scan([TextPart("subject", "Hello"), TextPart("body.plain", text)])
    assert not report.phi
    assert report.clean


@pytest.mark.parametrize("text", PHI)
def test_identifier_with_health_context_or_one_that_suffices_is_phi(scanner: Scanner, text: str) -> None:
    assert scanner.scan([TextPart("body.plain", text)]).phi


def test_identifier_and_health_context_may_stand_in_different_parts(scanner: Scanner) -> None:
    parts = [TextPart("subject", "Barbara Hillman"), TextPart("body.plain", "Started on metformin.")]
    assert scanner.scan(parts).phi
    assert not scanner.scan(parts[:1]).phi
    assert not scanner.scan(parts[1:]).phi


def test_who_writes_is_no_identifier_of_a_patient_but_a_forwarded_writer_is(scanner: Scanner) -> None:
    body = TextPart("body.plain", "What is the dose of metformin in renal failure?")
    sender = "Barbara Hillman <b.hillman@example.org>"
    assert not scanner.scan([TextPart("header:From", sender), body]).phi
    assert scanner.scan([TextPart("header:To", sender), body]).phi
    assert scanner.scan([TextPart("attachment:old.eml/header:From", sender), body]).phi


@pytest.mark.parametrize("word", ["appointment", "visit", "bill", "results", "medicine"])
def test_everyday_words_count_only_to_an_unregistered_person_at_a_consumer_domain(scanner: Scanner, word: str) -> None:
    parts = [TextPart("body.plain", f"Your {word} is ready, see you soon.")]
    assert not scanner.scan(parts).phi
    report = scanner.scan(parts, context=MailContext(unregistered_consumer=True))
    assert report.phi
    assert report.health_context
    lunch = [TextPart("body.plain", "Lunch on Friday?")]
    assert not scanner.scan(lunch, context=MailContext(unregistered_consumer=True)).phi


def test_a_gap_is_carried_and_counts_as_phi(scanner: Scanner) -> None:
    gap = Gap("attachment:a.zip", GapReason.ENCRYPTED)
    report = scanner.scan([TextPart("body.plain", "Lunch?")], [gap])
    assert report.gaps == (gap,)
    assert report.phi
    assert not report.complete


def test_a_recogniser_that_fails_is_a_gap_of_its_part(monkeypatch: pytest.MonkeyPatch) -> None:
    own = Scanner.load()

    def broken(document: object) -> list[object]:
        if "boom" in document.text:  # type: ignore[attr-defined]
            raise RuntimeError
        return []

    monkeypatch.setattr(own._reader._rules, "_finders", [*own._reader._rules._finders, broken])
    report = own.scan([TextPart("subject", "boom"), TextPart("body.plain", "MRN 4650146")])
    assert report.gaps == (Gap("subject", GapReason.SCANNER_FAILED),)
    assert report.phi
    assert report.findings


def test_a_failing_spread_is_a_gap(scanner: Scanner, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(scan_module, "certain_words", broken)
    report = scanner.scan([TextPart("body.plain", "Lunch?")])
    assert report.phi
    assert not report.complete


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("He was treated for alcohol use disorder with naltrexone.", {SensitiveClass.SUBSTANCE_USE}),
        ("She denies alcohol abuse.", set()),
        ("No history of suicidal ideation, but psychiatric follow-up is planned.", {SensitiveClass.MENTAL_HEALTH}),
        ("HIV negative.", {SensitiveClass.HIV}),
        ("psychotherapy notes attached", {SensitiveClass.PSYCHOTHERAPY}),
        ("BRCA1 pathogenic variant", {SensitiveClass.GENETIC}),
        ("she is pregnant", {SensitiveClass.REPRODUCTIVE}),
        ("a 7-year-old boy with asthma", {SensitiveClass.MINOR}),
        ("a 6 months old girl", {SensitiveClass.MINOR}),
        ("a 47-year-old man with a cough", set()),
        ("Lunch on Friday?", set()),
    ],
)
def test_sensitive_classes(scanner: Scanner, text: str, expected: set[SensitiveClass]) -> None:
    report = scanner.scan([TextPart("body.plain", text)])
    assert report.classes == expected
    shown = {one.by.removeprefix("class_") for one in report.findings if one.by.startswith("class_")}
    assert shown == {one.value for one in expected}


@pytest.mark.parametrize(
    ("domain", "expected"),
    [("gmail.com", True), ("GMAIL.com.", True), ("yahoo.co.uk", True), ("mail.yahoo.com", True), ("hotmail.fr", True),
     ("example.org", False), ("notgmail.com", False), ("gmail.com.example.org", False), ("", False), ("com", False)],
)  # fmt: skip
def test_consumer_domains(domain: str, expected: bool) -> None:
    assert is_consumer_domain(domain) is expected
