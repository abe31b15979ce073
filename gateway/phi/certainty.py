"""What the tagger says of each token, read from its own arrays when it is asked for: of most tokens nobody asks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from gateway.phi.tagger import LABELS, Scores

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Certainty = tuple[float, float, float]
"""How likely a token is a name, a place, or a part of a firm's name or a number."""
_NAME, _LOCATION, _HEALTH = LABELS.index("name"), LABELS.index("location"), LABELS.index("health")
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
        row = self._row(at)
        return float(row[_NAME]), float(row[_LOCATION]), float(row[_PARTS[0]] + row[_PARTS[1]])

    def of_health(self, at: int) -> float:
        """How likely a token is a word of health, eponyms among them."""
        return float(self._row(at)[_HEALTH])

    def _row(self, at: int) -> npt.NDArray[np.float32]:
        if not 0 <= at < len(self):
            raise IndexError(at)
        window = bisect_right(self._firsts, at) - 1
        row: npt.NDArray[np.float32] = self._scores[window][at - self._firsts[window]]
        return row
