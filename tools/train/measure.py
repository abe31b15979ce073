"""Measures a tagger alone on a set in the format of the scorer: `python -m tools.train.measure FILE...`.

For names and places: how many are touched and fully masked (every letter and digit), and what share of the runs of
tokens found lies outside all gold. The scores of the whole engine are bench/phi.py's.
"""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path

import numpy as np

from gateway.phi.tagger.run import Tagger
from gateway.phi.tokens import tokens

TITLE = re.compile(r"(?:(?:Dr|Mr|Mrs|Ms|Prof|Miss|Professor)\b\.? ?)*")
JUDGED = ("name", "location")


def main() -> None:
    tagger = Tagger.load()
    for path in sys.argv[1:]:
        rows = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]
        spans = [tokens(row["text"]) for row in rows]
        words = [[row["text"][a:b] for a, b in found] for row, found in zip(rows, spans, strict=True)]
        began = time.process_time()
        scores = tagger.tag(words)
        took = time.process_time() - began
        count = sum(map(len, words))
        size = sum(len(row["text"]) for row in rows)
        print(f"{Path(path).name}: {took / count * 1e6:.2f} us a token, {size / took / 1e6:.2f} M characters/s")
        for bound in (0.05, 0.2, 0.5):
            print(f"  p > {bound}: {_figures(rows, spans, scores, bound)}")


def _figures(rows: list[dict], spans: list, scores: list, bound: float) -> str:
    total = dict.fromkeys(JUDGED, 0)
    touched, full = dict(total), dict(total)
    found = right = masked = letters = 0
    for row, cut, score in zip(rows, spans, scores, strict=True):
        text = row["text"]
        hot = score[:, 1] + score[:, 2] > bound
        any_hot = hot | (score[:, 4] > bound) | (score[:, 1] + score[:, 2] + score[:, 4] > bound)
        cover = np.zeros(len(text), bool)
        for (a, b), one in zip(cut, any_hot, strict=True):
            cover[a:b] |= one
        gold = np.zeros(len(text), bool)
        for a, b, kind in row["spans"]:
            gold[a:b] = True
            if kind in JUDGED:
                named = a + len(TITLE.match(text[a:b]).group())
                seen = [cover[at] for at in range(named, b) if text[at].isalnum()]
                total[kind] += 1
                touched[kind] += any(seen)
                full[kind] += all(seen)
        for a, b in row.get("ignore", ()):
            gold[a:b] = True
        before = -9
        for at, ((a, b), one) in enumerate(zip(cut, hot, strict=True)):
            size = sum(map(str.isalnum, text[a:b]))
            letters += size
            masked += size if any_hot[at] and not gold[a:b].any() else 0
            if one and at > before + 1 and text[a:b].strip():
                found += 1
                right += bool(gold[a:b].any())
            before = at if one else before
    parts = [
        f"{kind} {touched[kind] / max(1, total[kind]):.3f}/{full[kind] / max(1, total[kind]):.3f}"
        for kind in JUDGED
        if total[kind]
    ]
    return f"{', '.join(parts)}; runs right {right / max(1, found):.3f} of {found}; letters outside {masked / max(1, letters):.4f}"


if __name__ == "__main__":
    main()
