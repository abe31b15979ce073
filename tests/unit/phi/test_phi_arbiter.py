"""The tagger's say: what lists found may fall, what it is sure of is added, rules with structure stand; failure is a gap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from gateway.domain.finding import GapReason, Kind, Mode, ScanReport, TextPart
from gateway.phi.lexicon import Lexicon
from gateway.phi.scan import Scanner
from gateway.phi.tagger import LABELS, Scores, TaggerFailed, network

TEXT = "We met Rebecca yesterday. Her number is MRN 4650146, and Qwertun came along."


class Says:
    """A tagger that gives each word the probability of being a name that a function says."""

    def __init__(self, name: Callable[[str], float]) -> None:
        self.name, self.seen = name, 0

    def tag(self, texts: Sequence[Sequence[str]]) -> list[Scores]:
        found = []
        for words in texts:
            self.seen += len(words)
            scores = np.zeros((len(words), len(LABELS)), dtype=np.float32)
            scores[:, LABELS.index("name")] = [self.name(word) for word in words]
            found.append(scores)
        return found


class Breaks:
    def tag(self, texts: Sequence[Sequence[str]]) -> list[Scores]:
        raise TaggerFailed("no")


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return Lexicon.load()


def names(report: ScanReport, text: str = TEXT) -> set[str]:
    return {text[one.start : one.end] for one in report.findings if one.kind is Kind.NAME}


def scan(lexicon: Lexicon, name: Callable[[str], float], mode: Mode = Mode.BALANCED, text: str = TEXT) -> ScanReport:
    return Scanner(lexicon, Says(name)).scan([TextPart("text", text)], mode=mode)


def test_a_name_of_the_lists_stands_unless_the_tagger_rules_it_out(lexicon: Lexicon) -> None:
    assert "Rebecca" in names(scan(lexicon, lambda word: 0.3 if word == "Rebecca" else 0.0))
    assert "Rebecca" not in names(scan(lexicon, lambda word: 0.0))


def test_what_the_tagger_is_sure_of_is_added(lexicon: Lexicon) -> None:
    assert "Qwertun" in names(scan(lexicon, lambda word: 0.99 if word == "Qwertun" else 0.0))
    assert "Qwertun" not in names(scan(lexicon, lambda word: 0.4 if word == "Qwertun" else 0.0))


def test_strict_adds_at_less(lexicon: Lexicon) -> None:
    assert "Qwertun" in names(scan(lexicon, lambda word: 0.5 if word == "Qwertun" else 0.0, Mode.STRICT))


def test_structure_stands_whatever_the_tagger_says(lexicon: Lexicon) -> None:
    report = scan(lexicon, lambda word: 0.0)
    assert any(one.kind is Kind.MRN for one in report.findings)
    text = "Seen by Mrs. Abernathy today."
    assert "Mrs. Abernathy" in names(scan(lexicon, lambda word: 0.0, text=text), text)


def test_words_of_the_language_are_never_added(lexicon: Lexicon) -> None:
    assert names(scan(lexicon, lambda word: 0.99)) <= {"Rebecca", "Qwertun"}


@pytest.mark.parametrize(("mode", "everywhere", "whole"), [
    (Mode.BALANCED, False, False), (Mode.BALANCED, True, True), (Mode.STRICT, False, True),
])  # fmt: skip
def test_what_it_looks_at(lexicon: Lexicon, mode: Mode, everywhere: bool, whole: bool) -> None:
    tagger = Says(lambda word: 0.0)
    text = "nothing of note here and there. " * 200 + TEXT
    Scanner(lexicon, tagger, everywhere=everywhere).scan([TextPart("text", text)], mode=mode)
    assert (tagger.seen > 1000) is whole
    assert tagger.seen > 10


def test_letters_without_doubt_cost_it_nothing(lexicon: Lexicon) -> None:
    tagger = Says(lambda word: 0.0)
    Scanner(lexicon, tagger).scan([TextPart("text", "Please bring your own lunch, we have water and coffee.")])
    assert tagger.seen == 0


@pytest.mark.parametrize("tagger", [Breaks(), TaggerFailed("missing")])
def test_a_tagger_that_fails_makes_a_gap(lexicon: Lexicon, tagger: Breaks | TaggerFailed) -> None:
    report = Scanner(lexicon, tagger).scan([TextPart("subject", "lunch?"), TextPart("body.plain", TEXT)])
    assert [(one.part, one.reason) for one in report.gaps] == [("body.plain", GapReason.SCANNER_FAILED)]
    assert report.phi


def test_a_missing_model_makes_gaps_and_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def missing(*_: object) -> object:
        raise TaggerFailed("missing")

    monkeypatch.setattr(network.Network, "load", missing)
    report = Scanner.load().scan([TextPart("body.plain", TEXT)])
    assert not report.complete
    assert report.phi
