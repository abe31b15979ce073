"""Legal, business and clinical texts written before any rule was read, with their identifiers marked as in the gold set.

blind_texts/*.txt: `=== id` opens a text. Marked are names, places smaller than a State, dates and numbers; companies are not.
One half, by a hash of the id, may be looked at to mend the rules; of the other nothing but sums is printed.
`python -m tests.phi.corpus_texts [--misses FILE]` prints the figures, and the misses and false alarms of the open half.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path

from gateway.phi.scan import Scanner
from tests.phi.corpus_gold import Case
from tests.phi.score_gold import Figures, score

FOLDER = Path(__file__).parent / "blind_texts"
HALVES = ("open", "locked")


class Text(Case):
    """A text alone: its head is empty, and half of the texts are locked; of the clinical ones, the other half of hashes."""

    @property
    def locked(self) -> bool:
        return sha256(self.id.encode()).digest()[0] % 2 == (self.file != "clinical")


@cache
def texts() -> tuple[Text, ...]:
    """All texts, in the order of files and lines."""
    return tuple(_read())


def _read() -> Iterator[Text]:
    for path in sorted(FOLDER.glob("*.txt")):
        blocks = re.split(r"^=== +(\S+) *\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        for case, text in zip(blocks[1::2], blocks[2::2], strict=True):
            phi = path.stem == "clinical" and "[[" in text.replace("[[?", "")
            head = {"from": "", "to": "", "subject": "", "phi": "yes" if phi else "no"}
            yield Text(case, path.stem, head, text.strip("\n") + "\n", None)


def figures(scanner: Scanner, half: str, *files: str) -> Figures:
    """What is found in a half of the texts, of the files that are named or of all."""
    wanted = half == "locked"
    return score(scanner, [one for one in texts() if one.locked is wanted and (not files or one.file in files)])


def told(half: str, figures: Figures) -> str:
    """The sums of a half by kind, in a line."""
    kinds = ", ".join(f"{kind} {one.masked}/{one.spans}" for kind, one in sorted(figures.kinds.items()))
    total = figures.total
    phi = f"PHI found {figures.phi[True, True]}, missed {figures.phi[True, False]}, alarms {figures.phi[False, True]}"
    return f"{half}: masked {total.masked}/{total.spans} {total.share:.3f}, precision {figures.precision:.3f}; {phi}; {kinds}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--misses", type=Path, help="write misses and false alarms of open texts here")
    path = parser.parse_args().misses
    scanner = Scanner.load()
    for files in (("legal",), ("business",), ("clinical",), ()):
        for half in HALVES:
            found = figures(scanner, half, *files)
            print(*files or ("all",), told(half, found))
            if path is not None and half == "open" and not files:
                lines = [f"{kind}\t{how}\t{case}\t{text!r}" for case, how, kind, text in found.missed]
                lines += ["FALSE ALARMS"]
                lines += [f"{kind}\t{by}\t{case}\t{text!r}\t{around}" for case, by, kind, text, around in found.alarms]
                path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
