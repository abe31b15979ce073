"""How many texts without PHI alarm, and what is masked in them for nothing: `python -m tests.phi.measure_negatives`.

It tells of single texts of the open two thirds only; of the locked third it prints figures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.domain.finding import Finding, Kind, ScanReport, TextPart
from gateway.phi.scan import Scanner
from tests.phi.corpus import Negative, locked_third, negatives, open_two_thirds
from tests.support.wilson import wilson

_OUTSIDE = frozenset({Kind.ORGANIZATION, Kind.HEALTH_TERM})
"""Kinds that the measure of masks leaves out, as the scorer of the development sets does."""
_PART = "body.plain"


@dataclass(frozen=True, slots=True)
class Scanned:
    """One text and what the detector said."""

    case: Negative
    report: ScanReport

    def identifiers(self) -> Iterator[Finding]:
        yield from (one for one in self.report.findings if one.kind not in _OUTSIDE)

    def for_nothing(self) -> set[int]:
        """Places of letters and digits that are masked though no identifier stands there."""
        masked = {at for one in self.identifiers() for at in range(one.start, one.end)}
        masked -= {at for start, end in self.case.maskable for at in range(start, end)}
        return {at for at in masked if self.case.text[at].isalnum()}

    def shown(self) -> str:
        """What counts against the text: kind, recogniser and words of each finding of an identifier."""
        found = [f"{one.kind}/{one.by} {self.case.text[one.start : one.end]!r}" for one in self.identifiers()]
        return f"{self.case.topic}/{self.case.id}: " + "; ".join(found[:6])


def scan_all(scanner: Scanner) -> list[Scanned]:
    return [Scanned(case, scanner.scan([TextPart(_PART, case.text)])) for case in negatives()]


def alarms(scanned: Sequence[Scanned]) -> list[Scanned]:
    return [one for one in scanned if one.report.phi]


def masked_for_nothing(scanned: Sequence[Scanned]) -> tuple[int, int]:
    """Letters and digits masked for nothing, and all of them, in the texts that name nobody."""
    nameless = [one for one in scanned if not one.case.names]
    letters = sum(sign.isalnum() for one in nameless for sign in one.case.text)
    return sum(len(one.for_nothing()) for one in nameless), letters


def figures(scanned: Sequence[Scanned]) -> str:
    """The report, in words."""
    by_case = {one.case.id: one for one in scanned}
    groups = {"all": list(scanned)}
    groups["open"] = [by_case[case.id] for case in open_two_thirds(negatives())]
    groups["locked"] = [by_case[case.id] for case in locked_third(negatives())]
    lines = []
    for name, group in groups.items():
        loud, (masked, letters) = len(alarms(group)), masked_for_nothing(group)
        low, high = wilson(loud, len(group))
        lines.append(
            f"{name}: {loud} of {len(group)} alarm, {loud / len(group):.1%} (95 % interval {low:.1%} to {high:.1%}); "
            f"masked for nothing {masked / letters:.2%} of {letters} letters and digits"
        )
    lines += [f"  alarm {one.shown()}" for one in alarms(groups["open"])]
    for one in groups["open"]:
        wrong = one.for_nothing() if not one.case.names else set()
        spans = [found for found in one.identifiers() if wrong.intersection(range(found.start, found.end))]
        lines += [
            f"  mask {one.case.id}: {found.kind}/{found.by} {one.case.text[found.start : found.end]!r}"
            for found in spans
        ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(figures(scan_all(Scanner.load())))
