"""The tagger at work: texts cut into pieces, laid in one row so that none sees its neighbour, and scored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import repeat

import numpy as np

from gateway.phi.lexicon import Lexicon
from gateway.phi.tagger import LABELS, Scores, TaggerFailed
from gateway.phi.tagger.features import PADDING, Features, single_words
from gateway.phi.tagger.memory import Vocabulary
from gateway.phi.tagger.network import REACH, Network, WordLayer, read_table

_Piece = tuple[int, int, int]
"""Which text, and from which of its tokens to which."""
_BATCH = 16_384
"""Tokens whose words are looked up at once."""


class Tagger:
    """Load one per thread: it remembers words of the lists that it met and is not safe to share. Of other words it keeps nothing."""

    def __init__(self, network: Network, vocabulary: Vocabulary) -> None:
        self._network, self._vocabulary = network, vocabulary

    @classmethod
    def load(cls, lexicon: Lexicon | None = None) -> Tagger:
        """Read the committed model, checking its digests; raises TaggerFailed. Give the lexicon if it is loaded."""
        lexicon = lexicon or Lexicon.load()
        table, scale = read_table()
        features = Features(lexicon.flags, single_words(lexicon.drugs), single_words(lexicon.conditions))
        return cls(Network.load(len(LABELS)), Vocabulary(features, table, scale, WordLayer.load()))

    def tag(self, texts: Sequence[Sequence[str]]) -> list[Scores]:
        """The probability of each label for each token of each text, tokens cut by gateway.phi.tokens.

        One array (tokens, labels) a text. Time is linear in the tokens. Raises TaggerFailed.
        """
        try:
            results = [np.empty((len(text), len(LABELS)), np.float32) for text in texts]
            for group in _groups(texts):
                self._tag(texts, group, results)
        except TaggerFailed:
            raise
        except Exception as error:  # noqa: BLE001 - whatever breaks must become a gap, never a miss
            raise TaggerFailed(f"the tagger broke: {type(error).__name__}") from None
        finally:
            self._vocabulary.forget_the_unlisted()
        return results

    def _tag(self, texts: Sequence[Sequence[str]], group: list[_Piece], results: list[Scores]) -> None:
        """Pieces in one row, so far apart that none sees its neighbour."""
        laid: list[str] = []
        places: list[int] = []
        for text, first, last in group:
            laid += repeat(PADDING, REACH)
            seen = max(0, first - REACH)
            places.append(len(laid) - REACH + first - seen)
            laid += texts[text][seen : last + REACH]
        laid += repeat(PADDING, REACH)
        rows = self._vocabulary.rows(laid)
        scores = self._network.run(self._vocabulary.vectors, rows)
        for (text, first, last), place in zip(group, places, strict=True):
            results[text][first:last] = scores[place : place + last - first]


def _groups(texts: Sequence[Sequence[str]]) -> Iterator[list[_Piece]]:
    """Neighbouring texts together and long ones in pieces, up to a size at which more would gain nothing."""
    group: list[_Piece] = []
    size = 0
    for index, text in enumerate(texts):
        for first in range(0, len(text), _BATCH):
            last = min(len(text), first + _BATCH)
            if group and size + last - first > _BATCH:
                yield group
                group, size = [], 0
            group.append((index, first, last))
            size += last - first + REACH
    if group:
        yield group
