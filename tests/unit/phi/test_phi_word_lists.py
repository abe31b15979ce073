"""The practice's own words: denied ones are always found, allowed ones never, the register's patients in any case."""

from __future__ import annotations

import pytest

from gateway.domain.finding import Kind, ScanReport, TextPart
from gateway.domain.patient import Patient
from gateway.phi.known_patients import KnownPatients
from gateway.phi.scan import Scanner
from gateway.phi.word_lists import DENIED, WordLists

ALLOWED = WordLists(allowed=[(Kind.NAME, "zed quill"), (Kind.PHONE, "(212) 555-0134"), (Kind.LOCATION, "Springfield")])


def spoken(text: str, report: ScanReport) -> dict[str, str]:
    return {text[one.start : one.end]: one.kind.value for one in report.findings}


def test_an_allowed_name_is_no_finding_in_any_case_or_layout(scanner: Scanner) -> None:
    text = "Patient: Zed Quill, MRN 4650146.\nPatient: ZED\n  QUILL\nCall (212) 555-0134 or (212) 555-0135."
    before, after = scanner.scan([TextPart("t", text)]), scanner.scan([TextPart("t", text)], lists=ALLOWED)
    assert "Zed Quill" in spoken(text, before)
    found = spoken(text, after)
    assert not [one for one in found if "uill" in one.lower()]
    assert "(212) 555-0134" not in found
    assert "(212) 555-0135" in found


def test_what_is_longer_than_the_phrase_stays_found(scanner: Scanner) -> None:
    text = "Patient: Zed Quill Oxbow\n"
    assert spoken(text, scanner.scan([TextPart("t", text)], lists=ALLOWED)) == {"Zed Quill Oxbow": "name"}


def test_an_allowed_phrase_counts_for_its_kind_alone(scanner: Scanner) -> None:
    lists = WordLists(allowed=[(Kind.LOCATION, "Zed Quill")])
    text = "Patient: Zed Quill\n"
    assert "Zed Quill" in spoken(text, scanner.scan([TextPart("t", text)], lists=lists))


def test_an_allowed_name_does_not_spread(scanner: Scanner) -> None:
    parts = [TextPart("a", "Patient: Quentin Copper, MRN 4650146"), TextPart("b", "the Copper file")]
    lists = WordLists(allowed=[(Kind.NAME, "Quentin Copper")])
    assert [one for one in scanner.scan(parts).findings if one.part == "b"]
    assert not [one for one in scanner.scan(parts, lists=lists).findings if one.part == "b"]


def test_a_registered_patient_is_found_though_allowed(scanner: Scanner) -> None:
    known = KnownPatients.build([Patient("p1", "Zed", "Quill", mrn="4650146")])
    text = "Zed Quill, MRN 4650146, has diabetes."
    report = scanner.scan([TextPart("t", text)], known=known, lists=ALLOWED)
    assert report.phi
    assert [one for one in report.findings if one.patient == "p1" and one.kind is Kind.NAME]


@pytest.mark.parametrize("text", ["about project bluebird here", "PROJECT  Bluebird", "see 'Project-Bluebird'."])
def test_a_denied_phrase_is_always_a_finding(scanner: Scanner, text: str) -> None:
    lists = WordLists(denied=[(Kind.OTHER_ID, "project bluebird")])
    [one] = scanner.scan([TextPart("t", text)], lists=lists).findings
    assert (one.kind, one.by, one.score) == (Kind.OTHER_ID, DENIED, 1.0)
    assert text[one.start : one.end].lower().replace("-", " ").split() == ["project", "bluebird"]


def test_only_whole_words_are_denied(scanner: Scanner) -> None:
    lists = WordLists(denied=[(Kind.OTHER_ID, "bird")])
    assert not scanner.scan([TextPart("t", "bluebird birdsong birds")], lists=lists).findings


def test_a_denied_phrase_wins_over_an_allowed_one_of_another_kind(scanner: Scanner) -> None:
    lists = WordLists(allowed=[(Kind.NAME, "Zed Quill")], denied=[(Kind.NAME, "quill")])
    text = "Patient: Zed Quill\n"
    assert spoken(text, scanner.scan([TextPart("t", text)], lists=lists))
