"""Remembers the vector of each word of the lists, so that its letters and the layer over them are gone through once.

A word that stands in no list, such as a rare name or a number, is forgotten after the call: the gateway keeps nothing of a
mail. Holds MOST_WORDS words and those of one call, and forgets all of them when full, so that hostile text costs time but no memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import numpy as np
import numpy.typing as npt

from gateway.phi.tagger.features import MOST, PADDING, Features
from gateway.phi.tagger.network import WordLayer

MOST_WORDS = 60_000


class Vocabulary(dict[str, int]):
    """Word to its row of `vectors`; a word that is missing gets the next row and waits for `_settle`."""

    def __init__(self, features: Features, table: npt.NDArray[np.int8], scale: float, layer: WordLayer) -> None:
        super().__init__()
        self._features, self._table, self._scale, self._layer = features, table, np.float32(scale), layer
        self._waiting: list[list[int]] = []
        self.vectors: npt.NDArray[np.float32] = np.zeros((1024, layer.width), np.float32)
        self._known = self._public = 0
        self.forget()

    def forget(self) -> None:
        """Begin again with the padding token alone, which has row 0, no features and a vector of zeros."""
        self.clear()
        self._waiting.clear()
        self.vectors = np.zeros((1024, self._layer.width), np.float32)
        self[PADDING] = 0
        self._known = self._public = 1

    def forget_the_unlisted(self) -> None:
        """Keep of the last call's new words only those that everybody may read in the lists."""
        new = list(islice(reversed(self), len(self) - self._public))
        kept = [word for word in reversed(new) if self._features.listed(word)]
        rows = [self[word] for word in kept]
        for word in new:
            del self[word]
        first = self._public
        self.vectors[first : first + len(kept)] = self.vectors[rows]
        self.vectors[first + len(kept) : self._known] = 0
        for place, word in enumerate(kept, first):
            self[word] = place
        self._public = self._known = first + len(kept)
        self._waiting.clear()

    def __missing__(self, word: str) -> int:
        row = len(self)
        self[word] = row
        self._waiting.append(self._features.of(word))
        return row

    def rows(self, words: Sequence[str]) -> npt.NDArray[np.int64]:
        """The row of each word; `vectors` holds them all when this returns, and until it is called again."""
        if len(self) > MOST_WORDS:
            self.forget()
        try:
            found = np.fromiter(map(self.__getitem__, words), np.int64, len(words))
            if self._waiting:
                self._settle()
        except BaseException:
            self.forget()  # else words would stay that have a row and no vector
            raise
        return found

    def _settle(self) -> None:
        """Sum the features of the waiting words, whole numbers whose order changes nothing, and send each sum through the layer."""
        count = len(self._waiting)
        ids = np.zeros((count, MOST), np.int64)
        for row, features in zip(ids, self._waiting, strict=True):
            row[: len(features)] = features
        self._waiting.clear()
        while len(self.vectors) < self._known + count:
            self.vectors = np.concatenate([self.vectors, np.zeros_like(self.vectors)])
        for first in range(0, count, 512):
            some = ids[first : first + 512]
            summed = self._table[some].sum(axis=1, dtype=np.int16)  # MOST rows of at most 127 fit
            vectors = self._layer.run(summed.astype(np.float32) * self._scale)
            self.vectors[self._known + first : self._known + first + len(some)] = vectors
        self._known += count
