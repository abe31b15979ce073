"""Time that grows no faster than the text, for every rule: long runs of what its pattern repeats, and texts drawn at random.

Two sizes are compared in the same run; no clock reading counts by itself. `long` goes to a megabyte.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.domain.finding import TextPart
from gateway.phi.recognizers import FAMILIES
from gateway.phi.scan import Scanner
from tests.support.growth import grows_within
from tests.support.identifier_sorts import SORTS

RULES = [rule for family in FAMILIES for rule in family.rules]
_LITERAL = re.compile(r"[A-Za-z][a-z]{2,}")
# Beginnings that many rules share, separators that nest, and near misses of values.
RUNS = (
    "MRN ", "MRN:", "ssn-", "1-", "1.", "1 ", "1/", "12:", "a:", "::", "(01)", "(", "((1", "[", "<td>", "</", "{\"id\":", "@", "a@", "a@b.", "@a.", "http://", "www.", "www.a.", "a/b/", "?a=b&",
    "id id id ", "number ", "no. ", "no no ", "account number ", "is is is ", "to the of ", "x" * 40 + " ", "9" * 40, "9" * 8 + " ", "AAA-", "A1", "A1-", "AB-12-", "a1.", "0x", "f" * 24, "f-",
    "|", "||", "a|b|", "PID|", "PID|1||\n", "mrn,", "mrn,name\n", "mrn,name\n1,2\n", "mrn  name\n", ",", ",,\"", "\"", "'", "\t", "mrn\tssn\n12\t34\n", "Jan ", "Jan 3 ", "3 Jan ", "3/4 ", "3/4-", "2026-", "2026-01-01T", "Monday ", "Monday - ",
    "ninety ", "93 ", "93-year-", "(212) ", "(212) 555-", "+1 ", "+1.", "ext ", "x1 ", "555-0100 ext. ", "tel:", "fax ", "4111 ", "GB82 ", "DL ", "NPI 1", "user ", "login: ", "plate ", "vin ", "photo of ", ".jpg ", "a.jpg", "BIO-", "- - - ", ". . . ", "* * ", "\u200b1", "\u00ad-", "_a", "a__b", "a __", "_", "b_ ", "patientAcct", "accNo ", "a:_1_ ",
)  # fmt: skip
# Names and what stands beside them, behind a sentence of health: each is judged, and none may cost a look at the whole text.
NAMED = (
    "questions to Ann Whitfield\n", "contact Ann\n", "ask for Ann Whitfield about it. ", "Ann ", "A. Whitfield\n", "Whitfield's ", "room 3 Whitfield, ", "pt JW\n", "dr Ann Whitfield, ",
    "marthas ", "mom ann ", "led by Ann Whitfield\n", "covered by Ann, RN\n",
)  # fmt: skip


@pytest.fixture(scope="module")
def scanner() -> Scanner:
    return Scanner.load()


def scan(scanner: Scanner, piece: str, size: int) -> Callable[[], object]:
    text = (piece * (size // len(piece) + 1))[:size]

    def work() -> None:
        assert scanner.scan([TextPart("body.plain", text)]).complete

    return work


def pathological(pattern: str) -> str:
    """A text made of the words of a rule's own pattern, with digits and separators between: near misses in a row."""
    words = list(dict.fromkeys(_LITERAL.findall(pattern)))[:12] or ["x"]
    return "".join(f"{word} 1-{word}: 12 {word}#" for word in words)


@pytest.mark.parametrize("first", range(0, len(RUNS), 8))
def test_runs_cost_in_proportion(scanner: Scanner, first: int) -> None:
    for piece in RUNS[first : first + 8]:
        assert grows_within(scan(scanner, piece, 4_000), scan(scanner, piece, 16_000), 4 * 3, 0.03), piece


@pytest.mark.parametrize("first", range(0, len(RULES), 24))
def test_near_misses_of_each_rule_cost_in_proportion(scanner: Scanner, first: int) -> None:
    piece = "".join(pathological(rule.pattern) for rule in RULES[first : first + 24])
    assert grows_within(scan(scanner, piece, 8_000), scan(scanner, piece, 32_000), 4 * 3, 0.03)


@pytest.mark.parametrize("piece", NAMED)
def test_names_beside_health_cost_in_proportion(scanner: Scanner, piece: str) -> None:
    health = "The clinic sees diabetes. " * 2

    def of(size: int) -> Callable[[], object]:
        text = health + (piece * (size // len(piece) + 1))[:size] + "\nplease\n"
        return lambda: scanner.scan([TextPart("body.plain", text)])

    assert grows_within(of(12_000), of(48_000), 4 * 2, 0.03)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    piece=st.lists(
        st.sampled_from([*RUNS, *(label for sort in SORTS for label in sort.labels)]), min_size=1, max_size=6
    ).map("".join)
)
def test_drawn_runs_cost_in_proportion(scanner: Scanner, piece: str) -> None:
    assert grows_within(scan(scanner, piece, 3_000), scan(scanner, piece, 12_000), 4 * 3, 0.03)


@pytest.mark.long
@pytest.mark.parametrize("piece", [*RUNS, *(pathological(rule.pattern) for rule in RULES)])
def test_each_run_costs_in_proportion_up_to_a_megabyte(scanner: Scanner, piece: str) -> None:
    assert grows_within(scan(scanner, piece, 65_536), scan(scanner, piece, 262_144), 4 * 3, 0.1)


@pytest.mark.long
@pytest.mark.parametrize("piece", RUNS[::6])
def test_a_megabyte_costs_in_proportion(scanner: Scanner, piece: str) -> None:
    assert grows_within(scan(scanner, piece, 262_144), scan(scanner, piece, 1_048_576), 4 * 3, 0.1)
