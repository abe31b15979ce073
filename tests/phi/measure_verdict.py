"""Which mails with PHI the detector lets go: `python -m tests.phi.measure_verdict`."""

from __future__ import annotations

from gateway.phi.scan import Scanner
from tests.phi.corpus_verdict import Slipping, slipping


def let_go(scanner: Scanner) -> list[Slipping]:
    """The cases that are judged to hold no PHI."""
    return [case for case in slipping() if not scanner.scan(case.parts, context=case.context).phi]


def told(scanner: Scanner, case: Slipping) -> str:
    """What was found in a case."""
    report = scanner.scan(case.parts, context=case.context)
    texts = {part.part: part.text for part in case.parts}
    found = [f"{one.kind}/{one.by} {texts[one.part][one.start : one.end]!r}" for one in report.findings]
    return f"{case.topic}/{case.id}: health {report.health_context}; " + "; ".join(found)


if __name__ == "__main__":
    loaded = Scanner.load()
    missed = let_go(loaded)
    print(f"{len(missed)} of {len(slipping())} let go")
    for one in missed:
        print(told(loaded, one))
