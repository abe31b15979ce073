"""The same text as plain and as HTML is found once, at the right places in both; what differs is looked at for itself."""

from __future__ import annotations

import textwrap

import pytest

from gateway.domain.finding import TextPart
from gateway.phi.reading import PartReader
from gateway.phi.scan import Scanner
from tests.support.letters import ordinary_letters

LETTER = (
    ordinary_letters(1)[0] + "\nPatient: Barbara Hillman, MRN 4650146, lives at 4757 Maple Ln, Riverside, CA 92501.\n"
)


def found(scanner: Scanner, *texts: str) -> list[set[str]]:
    parts = [TextPart(f"part{number}", text) for number, text in enumerate(texts)]
    report = scanner.scan(parts)
    assert report.complete
    return [
        {" ".join(text[one.start : one.end].split()) for one in report.findings if one.part == f"part{number}"}
        for number, text in enumerate(texts)
    ]


def unwrapped(text: str) -> str:
    return "\n\n".join(" ".join(one.split()) for one in text.split("\n\n"))


def wrapped(text: str) -> str:
    return "\n\n".join(textwrap.fill(one, 72, break_on_hyphens=False) for one in text.split("\n\n"))


@pytest.mark.parametrize("first", [True, False])
def test_both_layouts_have_the_same_findings(scanner: Scanner, first: bool) -> None:
    texts = [unwrapped(LETTER), wrapped(LETTER)]
    one, other = found(scanner, *(texts if first else texts[::-1]))
    assert one == other
    assert "Barbara Hillman" in one
    assert any("4650146" in each for each in one)
    assert any("4757 Maple Ln, Riverside, CA 92501" in each for each in one)


def test_the_second_text_costs_no_second_scan(scanner: Scanner, monkeypatch: pytest.MonkeyPatch) -> None:
    scans: list[int] = []
    usual = PartReader._find

    def counted(self: PartReader, part: object, bounds: object) -> None:
        scans.append(len(part.document.text))  # type: ignore[attr-defined]
        usual(self, part, bounds)  # type: ignore[arg-type]

    monkeypatch.setattr(PartReader, "_find", counted)
    found(scanner, unwrapped(LETTER), wrapped(LETTER))
    assert sum(scans) < len(LETTER) * 1.2


@pytest.mark.parametrize("where", ["begin", "middle", "end"])
def test_what_only_one_of_them_says_is_found(scanner: Scanner, where: str) -> None:
    words = unwrapped(LETTER).split(" ")
    at = {"begin": 0, "middle": len(words) // 2, "end": len(words)}[where]
    other = " ".join([*words[:at], "SSN:", "900-12-3456", "for", "Zuzanna", "Kowalczyk", *words[at:]])
    one, more = found(scanner, unwrapped(LETTER), other)
    assert "900-12-3456" in more
    assert any("Kowalczyk" in each for each in more)
    assert one - {"Zuzanna Kowalczyk"} <= more


def test_a_break_that_is_no_wrapping_is_looked_at(scanner: Scanner) -> None:
    broken = unwrapped(LETTER).replace("MRN 4650146", "MRN\n4650146").replace("Barbara Hillman", "Barbara\nHillman")
    one, other = found(scanner, unwrapped(LETTER), broken)
    assert all(any("4650146" in each for each in texts) for texts in (one, other))
    assert "Barbara Hillman" in one
    assert {"Barbara Hillman"} <= other or {"Barbara", "Hillman"} <= other


def test_other_texts_are_strangers(scanner: Scanner) -> None:
    one, two = ordinary_letters(2)
    alone = found(scanner, two)[0]
    assert alone <= found(scanner, one, two)[1]
