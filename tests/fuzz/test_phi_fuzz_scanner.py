"""Any text: no exception, no gap but where text is disguised, offsets in range and in order; and time that grows no faster than the text."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.domain.address import Address
from gateway.domain.finding import TextPart
from gateway.domain.patient import Patient
from gateway.phi.disguise import disguised
from gateway.phi.known_patients import KnownPatients
from gateway.phi.redact import redact_text
from gateway.phi.scan import Scanner
from tests.support.growth import grows_within

PIECES = [
    "Ann Lee",
    "Mrs. ",
    "MRN 4650146",
    "\u200b",
    "\u0301",
    "ﬁ",
    "3/4/1956",
    "a@b.org",
    "[name]",
    "\n",
    " ",
    ",",
    "'s",
    "É",
    "ß",
    "İ",
    "😀",
    "\ud800",
    "212-555-0134",
    "12 Elm St",
    "biopsy",
    "Best,",
    ">",
    "https://x.org/",
    "٤",
    "Dr. ",
    "Jr.",
    "-",
]
KNOWN = KnownPatients.build(
    [
        Patient(
            id="p1",
            given="Ann",
            family="Lee",
            mrn="4650146",
            emails=(Address.parse("a@b.org"),),
            phone="2125550134",
            address="12 Elm St",
        )
    ]
)


@pytest.fixture(scope="module")
def scanner() -> Scanner:
    return Scanner.load()


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.one_of(st.text(max_size=200), st.lists(st.sampled_from(PIECES), max_size=40).map("".join)))
def test_any_text_is_judged_and_offsets_are_sane(scanner: Scanner, text: str) -> None:
    report = scanner.scan([TextPart("body.plain", text)], known=KNOWN)
    assert report.complete is not disguised(text)  # as where placeholders cut words in two, or marks turn them round
    for one in report.findings:
        assert 0 <= one.start < one.end <= len(text)
        assert text[one.start : one.end].strip()
        assert 0 < one.score <= 1
    for strict in (False, True):
        redact_text(text, report.findings, part="body.plain", strict=strict)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=st.text(max_size=40), after=st.text(max_size=40))
def test_a_marked_identifier_survives_any_surroundings(scanner: Scanner, before: str, after: str) -> None:
    text = f"{before}\nemail: zyx.canary@example.org\n{after}"
    report = scanner.scan([TextPart("body.plain", text)])
    assert "zyx" not in redact_text(text, report.findings, part="body.plain")


HOSTILE = [
    "Ann Lee ",
    "a",
    "A",
    "A. ",
    "1",
    "1-",
    "a@",
    "a.b@c.",
    "Mr. ",
    "(",
    "12 Elm ",
    "St. of the ",
    "[name",
    "'",
    "é\u0301",
    "\u200b",
    "3/4/1956 ",
    "Lee, ",
    "Smith, ",
    "barbara , ",
    "https://",
    "confidential intended recipient delete Ann\n\n",
    "confidential intended recipient delete biopsy\n\n",
    "not ",
    "biopsy ",
    "Mark ",
    "Best,\n",
    "\n",
    "> ",
    "0a:",
    "x.",
    "MRN ",
    "J. Lee 3/4/1956 ",
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_time_is_linear_in_hostile_text(scanner: Scanner, piece: str) -> None:
    def work(size: int) -> Callable[[], object]:
        text = (piece * (size // len(piece) + 1))[:size]

        def scan() -> None:
            assert scanner.scan([TextPart("body.plain", text)], known=KNOWN).complete

        return scan

    assert grows_within(work(6_000), work(48_000), 8 * 3, 0.02)
