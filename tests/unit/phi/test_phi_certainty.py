"""What the tagger says of each token, over window after window."""

from __future__ import annotations

import numpy as np
import pytest

from gateway.phi.certainty import Certainties
from gateway.phi.tagger import LABELS


def _scores(*rows: dict[str, float]) -> np.ndarray:
    return np.array([[row.get(label, 0.0) for label in LABELS] for row in rows], dtype=np.float32)


def test_tokens_are_counted_over_the_windows() -> None:
    sure = Certainties(
        [_scores({"name": 0.5}, {"location": 0.25}), _scores(), _scores({"organization": 0.5, "id": 0.25})]
    )
    assert len(sure) == 3
    assert [sure[at] for at in range(3)] == [(0.5, 0.0, 0.0), (0.0, 0.25, 0.0), (0.0, 0.0, 0.75)]


@pytest.mark.parametrize("at", [-1, 1])
def test_beyond_the_ends_is_an_error(at: int) -> None:
    with pytest.raises(IndexError):
        Certainties([_scores({"name": 1.0})])[at]


def test_nothing_looked_at() -> None:
    assert len(Certainties([])) == 0
