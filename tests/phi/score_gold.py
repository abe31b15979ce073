"""The measure on the gold set, and `python -m tests.phi.score_gold [--misses FILE]`, which tells of open cases only.

A span is masked when findings cover each of its letters and digits; a finding of any kind masks, but `organization` and
`health_term` are outside the measure. A finding that touches no span is a false alarm, unless it lies on a place where
masking is allowed, names a correspondent of the mail, or is a bare weekday or time of day.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gateway.domain.finding import Finding, Kind, ScanReport, TextPart
from gateway.phi.scan import Scanner
from tests.phi.corpus_gold import Case, Span, cases, opened, sealed
from tests.support.wilson import wilson

OUTSIDE = frozenset({Kind.ORGANIZATION, Kind.HEALTH_TERM})
_SIGN = re.compile(r"[^\W_]")
_DAY = (
    r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?s?|lunes|martes|mi[eé]rcoles|jueves|viernes"
    r"|s[aá]bados?|domingos?"
)
_VAGUE = re.compile(
    rf"(?i)(?:(?:on|at|next|last|this|el|los|pr[oó]ximo|{_DAY}|today|tomorrow|yesterday|hoy|mañana|ayer|noon|midnight"
    r"|\d{1,2}(?::\d\d){0,2}|[ap]\.?m\.?|hrs|[ECMP][SD]?T)[\s,.]*)+"
)


@dataclass(slots=True)
class Tally:
    """Counts of one kind, letter or set."""

    spans: int = 0
    touched: int = 0
    masked: int = 0
    right_kind: int = 0

    @property
    def share(self) -> float:
        return self.masked / self.spans if self.spans else 1.0


@dataclass(slots=True)
class Figures:
    """What a run over some cases came to; `missed`, `alarms` and `verdicts` tell of cases: of open ones only."""

    kinds: dict[Kind, Tally] = field(default_factory=lambda: defaultdict(Tally))
    hits: int = 0
    false_alarms: Counter[Kind] = field(default_factory=Counter)
    mails: int = 0
    with_spans: int = 0
    without_leak: int = 0
    phi: Counter[tuple[bool, bool]] = field(default_factory=Counter)
    classes: Counter[str] = field(default_factory=Counter)
    missed: list[tuple[str, str, Kind, str]] = field(default_factory=list, repr=False)
    alarms: list[tuple[str, str, Kind, str, str]] = field(default_factory=list, repr=False)
    verdicts: list[tuple[str, str]] = field(default_factory=list, repr=False)

    @property
    def total(self) -> Tally:
        return _sum(self.kinds.values())

    @property
    def precision(self) -> float:
        found = self.hits + self.false_alarms.total()
        return self.hits / found if found else 1.0

    def letters(self) -> dict[str, Tally]:
        """The kinds' counts by Safe Harbor letter."""
        groups: dict[str, list[Tally]] = defaultdict(list)
        for kind, tally in self.kinds.items():
            groups[kind.letter or "-"].append(tally)
        return {letter: _sum(groups[letter]) for letter in sorted(groups)}


def score(scanner: Scanner, chosen: Iterable[Case]) -> Figures:
    """Scan each case's texts and count."""
    figures = Figures()
    for case in chosen:
        parts = case.parts()
        heads = [TextPart("header:From", case.head["from"]), TextPart("header:To", case.head["to"])]
        report = scanner.scan([*heads, *(part for part, _ in parts)])
        by_part: dict[str, list[Finding]] = defaultdict(list)
        for finding in report.findings:
            if finding.kind not in OUTSIDE:
                by_part[finding.part].append(finding)
        correspondents = frozenset(re.findall(r"[\w.+-]{3,}", f"{case.head['from']} {case.head['to']}".lower()))
        leak = False
        for part, spans in parts:
            leak |= _part(figures, case, part, spans, by_part[part.part], correspondents)
        has_spans = any(span.asked for _, spans in parts for span in spans)
        figures.mails += 1
        figures.with_spans += has_spans
        figures.without_leak += has_spans and not leak
        verdict(figures, case, report)
    return figures


def verdict(figures: Figures, case: Case, report: ScanReport) -> None:
    """Count whether PHI and the classes were said rightly."""
    figures.phi[case.phi, report.phi] += 1
    figures.classes["right"] += case.classes == report.classes
    figures.classes["wanted"] += len(case.classes)
    figures.classes["found"] += len(case.classes & report.classes)
    figures.classes["surplus"] += len(report.classes - case.classes)
    if case.locked:
        return
    if case.phi != report.phi:
        figures.verdicts.append((case.id, f"phi should be {case.phi}"))
    if missing := case.classes - report.classes:
        figures.verdicts.append((case.id, f"class missed: {', '.join(sorted(missing))}"))
    if surplus := report.classes - case.classes:
        figures.verdicts.append((case.id, f"class surplus: {', '.join(sorted(surplus))}"))


def _part(
    figures: Figures, case: Case, part: TextPart, spans: tuple[Span, ...], found: list[Finding], mail_names: frozenset[str]
) -> bool:  # fmt: skip
    mask, text = bytearray(len(part.text)), part.text
    for one in found:
        mask[one.start : one.end] = b"\x01" * (one.end - one.start)
    leak = False
    for span in (one for one in spans if one.asked and one.kind not in OUTSIDE):
        signs = [match.start() for match in _SIGN.finditer(text, span.start, span.end)]
        covered = sum(mask[place] for place in signs)
        tally = figures.kinds[span.kind]
        tally.spans += 1
        tally.touched += covered > 0
        tally.masked += covered == len(signs)
        tally.right_kind += any(_over(one, span) and one.kind is span.kind for one in found)
        if covered < len(signs):
            leak = True
            if case.locked:
                continue
            figures.missed.append((case.id, "part" if covered else "whole", span.kind, text[span.start : span.end]))
    for start, end in dict.fromkeys((one.start, one.end) for one in found):
        kinds = [one for one in found if (one.start, one.end) == (start, end)]
        over = [span for span in spans if _over(kinds[0], span)]
        if any(span.asked for span in over):
            figures.hits += 1
        elif not over and not _unjudged(text[start:end], mail_names):
            figures.false_alarms[kinds[0].kind] += 1
            if case.locked:
                continue
            around = " ".join(text[max(0, start - 30) : end + 20].split())
            figures.alarms.append((case.id, kinds[0].by, kinds[0].kind, text[start:end], around))
    return leak


def _over(one: Finding, span: Span) -> bool:
    return one.start < span.end and one.end > span.start


def _unjudged(text: str, mail_names: frozenset[str]) -> bool:
    words = re.findall(r"[\w.+-]{2,}", text.lower())
    return bool(_VAGUE.fullmatch(text.strip())) or all(word.strip(".") in mail_names for word in words)


def _sum(tallies: Iterable[Tally]) -> Tally:
    total = Tally()
    for one in tallies:
        total.spans += one.spans
        total.touched += one.touched
        total.masked += one.masked
        total.right_kind += one.right_kind
    return total


def table(title: str, figures: Figures) -> str:
    """The sums of a set, for a person; nothing in it tells of a case."""
    return "\n".join(_lines(title, figures))


def _lines(title: str, figures: Figures) -> Iterator[str]:
    yield f"{title}: {figures.mails} mails, {figures.total.spans} spans"
    yield f"{'':16}{'spans':>6}{'touched':>9}{'masked':>9}{'  95 % interval':>17}{'right kind':>12}{'false':>7}"
    rows: list[tuple[str, Tally, int | None]] = [
        (str(kind), figures.kinds[kind], figures.false_alarms[kind]) for kind in Kind if kind in figures.kinds
    ]
    rows += [(f"letter {letter}", tally, None) for letter, tally in figures.letters().items()]
    rows.append(("all", figures.total, figures.false_alarms.total()))
    for name, one, false in rows:
        low, high = wilson(one.masked, one.spans)
        yield (
            f"{name:16}{one.spans:6}{100 * one.touched / max(1, one.spans):8.1f}%{100 * one.share:8.1f}%"
            f"{100 * low:9.1f}-{100 * high:5.1f}%{100 * one.right_kind / max(1, one.spans):11.1f}%"
            f"{'' if false is None else false:>7}"
        )
    yield f"precision of masks {100 * figures.precision:.1f} %"
    yield f"mails without a leak {figures.without_leak} of {figures.with_spans}"
    yield (
        f"PHI: {figures.phi[True, True]} found, {figures.phi[True, False]} missed; "
        f"{figures.phi[False, True]} of {figures.phi[False, True] + figures.phi[False, False]} without PHI alarmed"
    )
    classes = figures.classes
    yield (
        f"classes: {classes['found']} of {classes['wanted']} found, {classes['surplus']} surplus; "
        f"{classes['right']} of {figures.mails} mails exactly right"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--misses", type=Path, help="write misses, false alarms and wrong verdicts of open cases here")
    chosen = parser.parse_args()
    scanner = Scanner.load()
    figures = score(scanner, opened())
    head = f"{len(cases())} mails\n{table('open two thirds', figures)}"
    print(head)
    print(table("locked third (sums only)", score(scanner, sealed())))
    if chosen.misses is not None:
        lines = [head, "", "NOT FULLY MASKED (case, how much is left, kind, text)"]
        lines += [f"{kind}\t{how}\t{case}\t{text!r}" for case, how, kind, text in sorted(figures.missed, key=lambda one: (one[2], one[0]))]  # fmt: skip
        lines += ["", "FALSE ALARMS (kind, by, case, text, around)"]
        lines += [f"{kind}\t{by}\t{case}\t{text!r}\t… {around} …" for case, by, kind, text, around in sorted(figures.alarms, key=lambda one: (one[2], one[1]))]  # fmt: skip
        lines += ["", "VERDICTS", *(f"{case}\t{what}" for case, what in figures.verdicts)]
        chosen.misses.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
