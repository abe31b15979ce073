"""The sets that the detector is measured on: the house's own, and the development sets where they lie beside the checkout."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bench.phi.scoring import Sheet

if TYPE_CHECKING:
    from tests.phi.corpus_gold import Case

ROOT = Path(__file__).parents[2]
DEV = ROOT.parent / "shared" / "phi" / "dev"


def sets() -> Iterator[tuple[str, list[Sheet]]]:
    """Name and texts; says which are not here."""
    from tests.phi.corpus import negatives
    from tests.phi.corpus_gold import cases

    yield "own gold mails", [as_one_text(one) for one in cases()]
    yield "own negatives", [Sheet(one.id, one.text) for one in negatives() if not one.names]
    for name in ("clinical", "mail", "general", "negatives"):
        path = DEV / f"{name}.jsonl"
        if not path.is_file():
            print(f"skipped: the development set {name}: {path.relative_to(ROOT.parent)} is not here", file=sys.stderr)
            continue
        yield f"dev {name}", list(read(path))


def as_one_text(case: Case) -> Sheet:
    """Subject, body and attachments of a mail, one below the other: a peer knows nothing of parts."""
    text, spans, allowed = "", [], []
    for part, marked in case.parts():
        for one in marked:
            place = (len(text) + one.start, len(text) + one.end)
            if one.asked:
                spans.append((*place, one.kind.value))
            else:
                allowed.append(place)
        text += f"{part.text}\n\n"
    return Sheet(case.id, text, tuple(spans), ignore=tuple(allowed))


def read(path: Path) -> Iterator[Sheet]:
    """Sheets of a JSON Lines file: id, text, spans, unjudged, ignore."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            one = json.loads(line)
            yield Sheet(
                one["id"], one["text"], tuple((start, end, kind) for start, end, kind in one["spans"]),
                frozenset(one.get("unjudged", ())), tuple((start, end) for start, end in one.get("ignore", ())),
            )  # fmt: skip
