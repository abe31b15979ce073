"""Questions, vignettes, leaflets, notes, mails and pleadings, with their identifiers marked as in the gold set; most hold none.

queries/seen.txt was written before the rules were mended by it; what was found at first sight stands in docs/detector.md.
queries/locked.txt was written after that and never looked at: of it nothing but sums may be printed. A text without marks holds
nothing to mask, and each mask in it counts. queries/plain.txt has questions in whole sentences, as they are put to a colleague
or an assistant; it was written before the rules were read for it. So were curbside.txt (clinical questions dense with identifiers or
with eponyms and brands), office.txt (mails of firms and families) and court.txt (legal texts), whose misses were looked at once. post.txt (mails) and tribunal.txt (legal texts) are locked as locked.txt is: written by another
hand after the rules and the tagger, and never looked at. `python -m tests.phi.corpus_queries [--misses FILE]` prints the figures.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from gateway.domain.finding import TextPart
from gateway.phi.scan import Scanner
from tests.phi.corpus_gold import Case
from tests.phi.score_gold import OUTSIDE, Figures, score

FOLDER = Path(__file__).parent / "queries"
HALVES = ("seen", "locked", "plain", "curbside", "office", "court", "post", "tribunal")
LOCKED = frozenset({"locked", "post", "tribunal"})
"""Of these files nothing but sums may be printed."""


class Query(Case):
    """A text alone: its head is empty; a whole file is locked."""

    @property
    def locked(self) -> bool:
        return self.file in LOCKED


@dataclass(frozen=True, slots=True)
class Free:
    """How texts without identifiers fare: how many there are, in how many something is masked, how many are judged PHI."""

    texts: int
    masked: int
    judged: int
    told: tuple[str, ...]


@cache
def queries() -> tuple[Query, ...]:
    """All texts, in the order of files and lines."""
    return tuple(_read())


def _read() -> Iterator[Query]:
    for path in sorted(FOLDER.glob("*.txt")):
        blocks = re.split(r"^=== +(\S+) *\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        for case, text in zip(blocks[1::2], blocks[2::2], strict=True):
            head = {"from": "", "to": "", "subject": "", "phi": "yes" if "[[" in text else "no"}
            yield Query(case, path.stem, head, text.strip("\n") + "\n", None)


def held(scanner: Scanner, half: str) -> Figures:
    """What is masked of the marked texts of a half."""
    return score(scanner, [one for one in queries() if one.file == half and one.phi])


def free(scanner: Scanner, half: str) -> Free:
    """What is masked for nothing in the others; single texts are told of the seen half only."""
    count, masked, judged, told = 0, 0, 0, list[str]()
    for case in (one for one in queries() if one.file == half and not one.phi):
        text = case.parts()[-1][0].text
        report = scanner.scan([TextPart("body.plain", text)])
        found = [one for one in report.findings if one.kind not in OUTSIDE]
        count, masked, judged = count + 1, masked + bool(found), judged + report.phi
        if found and not case.locked:
            told.append(f"{case.id}: " + "; ".join(f"{one.by} {text[one.start : one.end]!r}" for one in found))
    return Free(count, masked, judged, tuple(told))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--misses", type=Path, help="write misses and false alarms of the texts that may be seen here")
    path = parser.parse_args().misses
    scanner, told = Scanner.load(), list[str]()
    for half in HALVES:
        marked, others = held(scanner, half), free(scanner, half)
        kinds = ", ".join(f"{kind} {one.masked}/{one.spans}" for kind, one in sorted(marked.kinds.items()))
        print(f"{half}: masked {marked.total.masked}/{marked.total.spans}, precision {marked.precision:.3f}; {kinds}")
        print(
            f"{half}: of {others.texts} texts without identifiers {others.masked} are masked, {others.judged} judged PHI"
        )
        if half not in LOCKED:
            told += [f"{kind}\t{how}\t{case}\t{text!r}" for case, how, kind, text in marked.missed]
            told += [f"{kind}\t{by}\t{case}\t{text!r}\t{around}" for case, by, kind, text, around in marked.alarms]
            told += others.told
    if path is not None:
        path.write_text("\n".join(told) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
