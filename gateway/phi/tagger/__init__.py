"""The statistical tagger: which tokens of a text are names, places, firms, identifiers or health words.

A small convolutional network over hashed word features, trained by tools/train on text made for it (its data sheet is
tools/train/DATASHEET.md). It looks sixteen tokens to each side. It decides nothing: the engine weighs what it says. A
model that is missing, changed or answers nonsense raises TaggerFailed, and the caller makes that a gap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:  # numpy starts threads when it is imported: only `run`, with a model to run, does that
    import numpy as np
    import numpy.typing as npt

LABELS: Final = ("o", "name", "location", "organization", "id", "health")
Scores: TypeAlias = "npt.NDArray[np.float32]"
"""One text's probabilities: (tokens, labels)."""


class TaggerFailed(RuntimeError):
    """The tagger cannot answer; the text it was asked about is a gap."""
