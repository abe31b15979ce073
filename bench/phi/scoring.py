"""What a reader of the masked text could still read: the figures of one system on one set.

A gold span is *masked* when findings together cover all its letters and digits, *touched* when they cover one. A finding that
overlaps no gold span is a false alarm, unless all it overlaps is marked as not judged. Organisations and health terms are
outside the measure, on both sides.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

OUTSIDE = frozenset({"organization", "health_term"})
Span = tuple[int, int, str]
"""Start and end in code points, end exclusive, and the kind."""
Found = tuple[int, int, str, str]
"""The same with the recogniser's name."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One text with its gold spans. A finding of an `unjudged` kind, or one that lies on `ignore` alone, is no alarm."""

    id: str
    text: str = field(repr=False)
    spans: tuple[Span, ...] = ()
    unjudged: frozenset[str] = frozenset()
    ignore: tuple[tuple[int, int], ...] = ()


@dataclass(slots=True)
class Figures:
    """Counts, by kind and in all."""

    kinds: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    total: Counter[str] = field(default_factory=Counter)
    recognisers: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def masked(self) -> tuple[int, int]:
        """Spans fully masked, of how many."""
        return sum(one["masked"] for one in self.kinds.values()), sum(one["n"] for one in self.kinds.values())

    def touched(self) -> tuple[int, int]:
        """Spans of which at least a sign is masked, of how many."""
        return sum(one["touched"] for one in self.kinds.values()), sum(one["n"] for one in self.kinds.values())

    def precise(self) -> tuple[int, int]:
        """Findings that overlap a gold span, of how many that were judged."""
        return self.total["hits"], self.total["hits"] + self.total["alarms"]

    def alarmed(self) -> tuple[int, int]:
        """Texts without a gold span that have a false alarm, of how many."""
        return self.total["free_alarmed"], self.total["free"]

    def overmasked(self) -> tuple[int, int]:
        """Letters and digits outside gold spans that are masked, of how many."""
        return self.total["plain_masked"], self.total["plain"]


def score(sheets: Sequence[Sheet], found: Iterable[Sequence[Found]]) -> Figures:
    """The figures of one system: `found` has each sheet's findings, in the order of the sheets."""
    figures = Figures()
    for sheet, findings in zip(sheets, found, strict=True):
        _score_one(sheet, [one for one in findings if one[2] not in OUTSIDE], figures)
    return figures


def _score_one(sheet: Sheet, findings: Sequence[Found], figures: Figures) -> None:
    text = sheet.text
    gold = [one for one in sheet.spans if one[2] not in OUTSIDE]
    soft = [*sheet.ignore, *((start, end) for start, end, kind in sheet.spans if kind in OUTSIDE)]
    masked = _cover(len(text), findings)
    judged = _cover(len(text), [one for one in findings if one[2] not in sheet.unjudged])
    in_gold, in_soft = _cover(len(text), gold), _cover(len(text), soft)
    signs = [at for at, sign in enumerate(text) if sign.isalnum()]
    for start, end, kind in gold:
        own = [at for at in range(start, end) if text[at].isalnum()]
        covered = sum(masked[at] for at in own)
        figures.kinds[kind].update(
            n=1, touched=covered > 0, masked=bool(own) and covered == len(own),
            right=any(other == kind and a < end and b > start for a, b, other, _ in findings),
        )  # fmt: skip
    alarmed = False
    for start, end, kind, by in findings:
        hit, soft_only = any(in_gold[start:end]), any(in_soft[start:end]) or kind in sheet.unjudged
        figures.recognisers[by].update(findings=1, hits=hit, alarms=not hit and not soft_only)
    for (start, end), kinds in _by_place(findings).items():
        if any(in_gold[start:end]):
            figures.total["hits"] += 1
        elif not any(in_soft[start:end]) and kinds - sheet.unjudged:
            figures.total["alarms"] += 1
            alarmed = True
    plain = [at for at in signs if not in_gold[at] and not in_soft[at]]
    figures.total.update(
        sheets=1, plain=len(plain), plain_masked=sum(judged[at] for at in plain), free=not gold,
        free_alarmed=not gold and alarmed,
    )  # fmt: skip


def _by_place(findings: Sequence[Found]) -> dict[tuple[int, int], set[str]]:
    places: dict[tuple[int, int], set[str]] = defaultdict(set)
    for start, end, kind, _ in findings:
        places[start, end].add(kind)
    return places


def _cover(length: int, spans: Iterable[Sequence[object]]) -> bytearray:
    """A byte for each character: 1 inside a span."""
    mask = bytearray(length)
    for span in spans:
        start, end = span[0], span[1]
        assert isinstance(start, int)
        assert isinstance(end, int)
        mask[start:end] = b"\x01" * (end - start)
    return mask
