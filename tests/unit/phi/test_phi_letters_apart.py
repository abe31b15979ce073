"""L e t t e r s that stand apart are read as a person reads them, and lead back to where they stand."""

from __future__ import annotations

import pytest

from gateway.domain.finding import Kind, TextPart
from gateway.phi.normalize import normalize
from gateway.phi.redact import redact_text
from gateway.phi.scan import Scanner


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("J o h n  S m i t h", "John Smith"),
        ("J o h n S m i t h", "John Smith"),
        ("a 9 0 0 - 1 2 - 3 4 5 6", "a 900-12-3456"),
        ("M R N 4 6 5 0 1 4 6 now", "MRN 4650146 now"),
        ("J\u00a0o\u00a0h\u00a0n\u00a0n\u00a0y", "Johnny"),
        ("vitamins A B C D E", "vitamins A B C D E"),
        ("- - - - - - - -", "- - - - - - - -"),
        ("| 1 | 2 | 3 |", "| 1 | 2 | 3 |"),
        ("he is a b c, I am", "he is a b c, I am"),
    ],
)
def test_letters_apart(text: str, expected: str) -> None:
    assert normalize(text).text.replace("  ", " ") == expected


def test_what_is_found_leads_back(scanner: Scanner) -> None:
    text = "SSN: é 9 0 0 - 1 2 - 3 4 5 6 ok"
    report = scanner.scan([TextPart("body.plain", text)])
    assert report.phi
    found = next(one for one in report.findings if one.kind is Kind.SSN)
    assert text[found.start : found.end] == "9 0 0 - 1 2 - 3 4 5 6"
    assert redact_text(text, report.findings) == "SSN: é [ssn] ok"


def test_a_name_apart_is_a_name(scanner: Scanner) -> None:
    assert scanner.scan([TextPart("body.plain", "B a r b a r a  H i l l m a n has a carcinoma.")]).phi


def test_time_stays_small() -> None:
    for text in ("a " * 100_000, "a  " * 60_000, "aa " * 60_000, "a b c d " * 30_000 + "xx"):
        assert normalize(text).text
