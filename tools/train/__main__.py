"""Trains the tagger: `python -m tools.train`, in a virtual environment made as README.md beside this file says."""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from gateway.phi.lexicon import Lexicon
from gateway.phi.tagger.features import MOST, PADDING, Features, single_words
from gateway.phi.tokens import tokens
from tools.train.corpus import documents
from tools.train.model import REACH, Net, export, resume, train
from tools.train.prose import FOLDER
from tools.train.slots import World

OUT = Path(__file__).parents[2] / "gateway" / "phi" / "tagger"
SHEET = Path(__file__).with_name("DATASHEET.md")
Document = tuple[npt.NDArray[np.int32], npt.NDArray[np.int8]]


class Words:
    """Every distinct token of the corpus with its features."""

    def __init__(self, features: Features) -> None:
        self._features = features
        self._rows: dict[str, int] = {PADDING: 0}
        self._ids: list[list[int]] = [[]]

    def row(self, word: str) -> int:
        row = self._rows.get(word)
        if row is None:
            row = self._rows[word] = len(self._ids)
            self._ids.append(self._features.of(word))
        return row

    def table(self) -> npt.NDArray[np.int32]:
        table = np.zeros((len(self._ids), MOST), np.int32)
        for row, ids in zip(table, self._ids, strict=True):
            row[: len(ids)] = ids
        return table


def read(words: Words, text: str, labels: list[int]) -> Document:
    """A document as word rows and one label a token; blanks have none of their own."""
    spans = tokens(text)
    rows = np.array([words.row(text[start:end]) for start, end in spans], np.int32)
    return rows, np.array([labels[start] for start, _ in spans], np.int8)


def batches(corpus: list[Document], table: npt.NDArray[np.int32], size: int, epochs: int, seed: int) -> Iterator[Any]:
    """Documents shuffled and laid in a row with room between them, about `size` tokens at a time."""
    rng = random.Random(seed)
    rows: list[Any] = []
    labels: list[Any] = []
    gap, silence = np.zeros(REACH, np.int32), np.full(REACH, -1, np.int8)
    held = 0
    for _ in range(epochs):
        for at in rng.sample(range(len(corpus)), len(corpus)):
            rows += [gap, corpus[at][0]]
            labels += [silence, corpus[at][1]]
            held += len(corpus[at][0]) + REACH
            if held >= size:
                distinct, inverse = np.unique(np.concatenate([*rows, gap]), return_inverse=True)
                yield (
                    table[distinct].astype(np.int64),
                    inverse.astype(np.int64),
                    np.concatenate(labels)[REACH:].astype(np.int64),
                )
                rows, labels, held = [], [], 0


def sign_sheet(out: Path) -> None:
    """Put the new digests into the data sheet."""
    lines = SHEET.read_text(encoding="utf-8").splitlines()
    for name, digest in json.loads((out / "model.json").read_text())["sha256"].items():
        size = (out / name).stat().st_size
        lines = [f"| `{name}` | {size:,} | `{digest}` |" if line.startswith(f"| `{name}`") else line for line in lines]
    SHEET.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=48_000)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--tokens", type=int, default=6_000, help="tokens a step")
    parser.add_argument("--peak", type=float, default=0.004, help="highest learning rate")
    parser.add_argument("--seed", type=int, default=20_261_123)
    parser.add_argument("--threads", type=int, default=1, help="one gives the same weights each time")
    parser.add_argument("--wordnet", type=Path, default=FOLDER)
    parser.add_argument("--start", type=Path, help="a folder with a model to go on from")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    began = time.monotonic()
    lexicon = Lexicon.load()
    world = World(lexicon, options.wordnet)
    words = Words(Features(lexicon.flags, single_words(lexicon.drugs), single_words(lexicon.conditions)))
    corpus = [read(words, text, labels) for text, labels in documents(world, options.seed, options.documents)]
    corpus = [one for one in corpus if len(one[0])]
    total = sum(len(rows) for rows, _ in corpus)
    print(f"{len(corpus)} documents, {total} tokens, {time.monotonic() - began:.0f} s", flush=True)
    steps = int(options.epochs * (total + REACH * len(corpus)) / (options.tokens + 120))
    started = json.loads((options.start / "model.json").read_text())["sha256"] if options.start else None
    net = Net()
    if options.start:
        resume(net, options.start)
    train(
        net,
        batches(corpus, words.table(), options.tokens, options.epochs + 1, options.seed),
        steps,
        options.peak,
        options.seed,
    )
    export(
        net,
        options.out,
        {"documents": len(corpus), "tokens": total, "epochs": options.epochs, "seed": options.seed, "start": started},
    )
    if options.out == OUT:
        sign_sheet(OUT)
    print(f"done in {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
