"""What the detector lets go and alarms at in the mails written blind: `python -m tests.phi.measure_blind`.

It tells of single mails of the open half only.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.phi.scan import Scanner
from tests.phi.corpus_blind import free, holding, locked
from tests.phi.corpus_verdict import Slipping
from tests.phi.measure_verdict import told


@dataclass(frozen=True, slots=True)
class Half:
    """One half of one folder, and what was judged wrongly in it."""

    name: str
    of: int
    wrong: tuple[Slipping, ...]

    def __str__(self) -> str:
        return f"{self.name}: {len(self.wrong)} of {self.of} judged wrongly"


def halves(scanner: Scanner) -> list[Half]:
    """Holding PHI and free of it, the open half and the locked one of each."""
    found = []
    for kind, cases, phi in (("holding", holding(), True), ("free", free(), False)):
        for shut in (False, True):
            half = [case for case in cases if locked(case.id) is shut]
            wrong = tuple(case for case in half if scanner.scan(case.parts, context=case.context).phi is not phi)
            found.append(Half(f"{kind}, {'locked' if shut else 'open'}", len(half), wrong))
    return found


if __name__ == "__main__":
    loaded = Scanner.load()
    for half in halves(loaded):
        print(half)
        if "open" in half.name:
            for one in half.wrong:
                print(f"  {told(loaded, one)}\n    {one.parts[0].text.strip()}")
