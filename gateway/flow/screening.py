"""The virus scan of one mail: every decoded leaf to the scanner, within one time for all; what it did not judge is a gap.

Its "clean" counts only where the inspector's own limits were kept: scanners call clean what they did not unpack.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from gateway.domain.decision import Decision, HoldReason
from gateway.domain.finding import Gap, GapReason, ScanReport
from gateway.domain.threat import Threat, ThreatKind
from gateway.mime.tree import Body, Tree
from gateway.ports.threats import Answer, VirusScanner

_NOT_UNPACKED = frozenset(
    {GapReason.BOMB, GapReason.TOO_DEEP, GapReason.TOO_LARGE, GapReason.TOO_MANY_PARTS, GapReason.AMBIGUOUS}
)
_BACK = timedelta(minutes=10)
_GAPS = {
    Answer.BEYOND: GapReason.BEYOND_SCANNER, Answer.TIMED_OUT: GapReason.NOT_SCANNED, Answer.FAILED: GapReason.NOT_SCANNED,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Screened:
    """What came of it. `complete`: the scanner was asked and judged everything; `late`: it ran out of time."""

    threats: tuple[Threat, ...] = ()
    gaps: tuple[Gap, ...] = ()
    complete: bool = False
    late: bool = False


@dataclass(frozen=True, slots=True)
class Screening:
    """Screens mails with a scanner; without one (not configured) nothing is judged."""

    scanner: VirusScanner | None
    clock: Callable[[], float] = time.monotonic

    def screen(self, tree: Tree, known: Iterable[Gap], seconds: float | None = None) -> Screened:
        """Ask about every leaf, in less time than the scanner's own if `seconds` says so. `known` are the gaps so far."""
        if self.scanner is None:
            return Screened(gaps=(Gap("message", GapReason.NOT_SCANNED),))
        unpacked_badly = {one.part for one in known if one.reason in _NOT_UNPACKED}
        within = min(seconds or self.scanner.seconds, self.scanner.seconds)
        deadline = self.clock() + within
        threats: list[Threat] = []
        gaps: list[Gap] = []
        failed: Answer | None = None
        for where, body in _leaves(tree):
            answer = failed or self.scanner.scan(body.chunks(), body.length, max(0.0, deadline - self.clock()))
            if answer in {Answer.FAILED, Answer.TIMED_OUT}:
                failed = answer  # who does not answer once is not asked again for this mail
            if answer is Answer.FOUND:
                threats.append(Threat(ThreatKind.MALWARE, where))
            elif answer is Answer.CLEAN and any(one == where or one.startswith(f"{where}/") for one in unpacked_badly):
                answer = Answer.BEYOND
            if answer in _GAPS:
                gaps.append(Gap(where, _GAPS[answer]))
        return Screened(tuple(threats), tuple(gaps), not gaps, failed is Answer.TIMED_OUT)


def _leaves(tree: Tree) -> Iterator[tuple[str, Body]]:
    for part in tree.walk():
        if part.body is not None and not part.children and part.body.length:
            yield part.name or f"attachment:part-{part.path}", part.body


def look_again(found: Sequence[Decision], report: ScanReport, age: timedelta) -> timedelta | None:
    """When a mail of that age is judged again because the scanner may be back: ten minutes, then ever longer. None where
    nothing waits for it, or it cannot look at so much at all.
    """
    waits = any(one.held_for is HoldReason.UNSCANNED for one in found)
    return wait_for_scanner(HoldReason.UNSCANNED, report, age) if waits else None


def wait_for_scanner(why: HoldReason | None, report: ScanReport, age: timedelta) -> timedelta | None:
    """The same for what is held for that reason."""
    beyond = any(one.reason is GapReason.BEYOND_SCANNER for one in report.gaps)
    return None if beyond or why is not HoldReason.UNSCANNED else max(_BACK, age / 2)
