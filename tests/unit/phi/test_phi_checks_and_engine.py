"""Check digits with known-good and one-off numbers; scores; and the set that must never hide a rule."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import re2

from gateway.domain.finding import Kind, TextPart
from gateway.phi.document import Document
from gateway.phi.lexicon import Lexicon
from gateway.phi.recognizers import FAMILIES, RuleEngine, checks
from gateway.phi.recognizers.rule import Rule, score_hit

GOOD_AND_BAD: list[tuple[Callable[[str], bool], str, str]] = [
    (checks.npi, "1234567893", "1234567890"),
    (checks.dea, "AB1234563", "AB1234567"),
    (checks.card, "4111 1111 1111 1111", "4111 1111 1111 1112"),
    (checks.ssn, "219-09-9999", "666-09-9999"),
    (checks.ssn, "219-09-9999", "900-09-9999"),
    (checks.vin, "1HGBH41JXMN109186", "1HGBH41J1MN109186"),
    (checks.vin, "1M8GDM9AXKP042788", "1M8GDM9AXKP04278O"),
    (checks.aba, "021000021", "021000022"),
    (checks.iban, "GB29 NWBK 6016 1331 9268 19", "GB28 NWBK 6016 1331 9268 19"),
    (checks.ip, "192.0.2.1", "192.0.2.256"),
    (checks.ip, "2001:db8::1", "12:30:45"),
    (checks.numeric_date, "02/29/2024", "02/30/2024"),
    (checks.numeric_date, "31.12.1999", "32.13.1999"),
]


@pytest.mark.parametrize(("check", "good", "bad"), GOOD_AND_BAD)
def test_check_digits(check: Callable[[str], bool], good: str, bad: str) -> None:
    assert check(good)
    assert not check(bad)


@pytest.mark.parametrize("check", sorted({check for check, _, _ in GOOD_AND_BAD}, key=lambda one: one.__name__))
@pytest.mark.parametrize("text", ["", "-", "١٢٣", "x" * 40])
def test_checks_take_anything(check: Callable[[str], bool], text: str) -> None:
    assert check(text) is False


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return Lexicon.load()


def hit_score(lexicon: Lexicon, rule: Rule, text: str) -> float:
    document = Document(TextPart("t", text), lexicon)
    start, end = next(document.spans(re2.compile(rule.pattern)))
    hit = score_hit(rule, document, start, end)
    return hit.score if hit else 0.0


def test_context_and_check_digit_raise_the_score_and_never_gate(lexicon: Lexicon) -> None:
    rule = Rule("r", Kind.LICENSE, r"\d{10}", 0.4, ("npi",), checks.npi)
    plain = hit_score(lexicon, rule, "x 1234567890")
    assert plain == 0.4
    assert hit_score(lexicon, rule, "x 1234567893") > plain
    assert hit_score(lexicon, rule, "NPI no. 1234567890") > plain
    assert hit_score(lexicon, rule, "NPI" + " " * 45 + "1234567890") == plain
    assert hit_score(lexicon, rule, "snpi 1234567890") == plain
    assert hit_score(lexicon, rule, "a1234567890") == 0.0


def test_weak_rule_without_evidence_reports_nothing(lexicon: Lexicon) -> None:
    rule = Rule("r", Kind.LICENSE, r"\d{10}", 0.2, ("npi",))
    assert hit_score(lexicon, rule, "x 1234567890") == 0.0
    assert hit_score(lexicon, rule, "npi 1234567890") > 0.4


def test_an_exhausted_set_runs_every_rule(lexicon: Lexicon, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = RuleEngine()
    document = Document(TextPart("t", "mail ann.lee@example.org"), lexicon)
    usual = set(engine.run(document))

    class Exhausted:
        def Match(self, data: bytes) -> None:
            return None

    for one in engine._banks[True].sets:
        monkeypatch.setattr(one, "_set", Exhausted())
    assert set(engine.run(document)) == usual
    assert any(hit.kind is Kind.EMAIL for hit in usual)


def test_rule_names_are_unique_and_families_cover_every_kind() -> None:
    names = [rule.name for family in FAMILIES for rule in family.rules]
    assert len(names) == len(set(names))
    kinds = {rule.kind for family in FAMILIES for rule in family.rules}
    assert kinds | {Kind.NAME, Kind.AGE} == set(Kind)
