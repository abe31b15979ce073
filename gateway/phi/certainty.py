"""What the tagger says of each token, read from its own arrays when it is asked for: of most tokens nobody asks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from gateway.phi.tagger import LABELS, Scores

Certainty = tuple[float, float, float]
"""How likely a token is a name, a place, or a part of a firm's name or a number."""
_NAME, _LOCATION = LABELS.index("name"), LABELS.index("location")
_PARTS = (LABELS.index("organization"), LABELS.index("id"))


class Certainties:
    """The tokens of all windows in order, counted from 0."""

    def __init__(self, scores: Sequence[Scores]) -> None:
        self._scores = scores
        self._firsts = [0, *accumulate(map(len, scores))]

    def __len__(self) -> int:
        return self._firsts[-1]

    def __getitem__(self, at: int) -> Certainty:
        """What is said of one token; IndexError beyond the last."""
        if not 0 <= at < len(self):
            raise IndexError(at)
        window = bisect_right(self._firsts, at) - 1
        row = self._scores[window][at - self._firsts[window]]
        return float(row[_NAME]), float(row[_LOCATION]), float(row[_PARTS[0]] + row[_PARTS[1]])
