"""The two networks of the tagger, run by onnxruntime on one thread: a layer over each new word, and the convolutions over
windows of tokens. Their files are checked first.
"""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

from gateway.phi.tagger import TaggerFailed
from gateway.phi.tagger.features import ROWS

REACH = 16
"""So many tokens to each side does the network see."""
_WINDOW = 1024
"""Tokens run at once: few enough that what lies between the layers stays in the processor's cache."""
_MANIFEST, _TABLE, _WORD, _NETWORK = "model.json", "words.bin", "word.onnx", "network.onnx"


def read_table() -> tuple[npt.NDArray[np.int8], float]:
    """The weights of all features as whole numbers, and what one step is worth."""
    manifest = _manifest()
    data = _checked(_TABLE, manifest)
    try:
        table = np.frombuffer(data, np.int8).reshape(ROWS, int(manifest["width"]))
        scale = float(manifest["scale"])
    except (KeyError, TypeError, ValueError) as error:
        raise TaggerFailed("the tagger's table does not fit this program") from error
    if table[0].any() or not 0 < scale < 1:
        raise TaggerFailed("the tagger's table does not fit this program")
    return table, scale


class WordLayer:
    """From the sum of a word's features to what the convolutions see of it; `width` numbers a word."""

    def __init__(self, session: Any, width: int) -> None:
        self._session, self.width = session, width

    @classmethod
    def load(cls) -> WordLayer:
        """Read and check it; raises TaggerFailed."""
        session = _session(_WORD)
        width = session.get_outputs()[0].shape[1]
        if not isinstance(width, int):
            raise TaggerFailed("the tagger's word layer does not fit this program")
        return cls(session, width)

    def run(self, sums: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """One vector a word."""
        answer: npt.NDArray[np.float32] = self._session.run(None, {"sums": sums})[0]
        if answer.shape != (len(sums), self.width) or answer.dtype != np.float32:
            raise TaggerFailed("the tagger's word layer has the wrong shape")
        if not np.isfinite(answer).all():  # it would be remembered
            raise TaggerFailed("the tagger's word layer gives no numbers")
        return answer


class Network:
    """An inference session; `labels` is the number of labels it must answer with."""

    def __init__(self, session: Any, labels: int) -> None:
        self._session, self._labels = session, labels

    @classmethod
    def load(cls, labels: int) -> Network:
        """Read and check the network; raises TaggerFailed."""
        return cls(_session(_NETWORK), labels)

    def run(self, vectors: npt.NDArray[np.float32], rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Scores for every row but the REACH at both ends, which are there to be seen only."""
        total = len(rows) - 2 * REACH
        scores = np.empty((max(total, 0), self._labels), np.float32)
        for first in range(0, total, _WINDOW):
            last = min(first + _WINDOW, total)
            answer = self._session.run(None, {"x": vectors[rows[first : last + 2 * REACH]]})[0]
            if answer.shape != (last - first, self._labels) or answer.dtype != np.float32:
                raise TaggerFailed("the tagger's answer has the wrong shape")
            scores[first:last] = answer
        # A sum is no number if any of its terms is none; the labels of a token add up to one.
        if total > 0 and not abs(float(scores.sum(dtype=np.float64)) - total) < 0.01 * total:
            raise TaggerFailed("the tagger's answer is no distribution")
        return scores


def _session(name: str) -> Any:
    """An inference session of a checked file; raises TaggerFailed."""
    data = _checked(name, _manifest())
    try:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001 - whatever it is, there is no tagger
        raise TaggerFailed(f"the tagger's network cannot be run: {type(error).__name__}") from None


def _manifest() -> dict[str, Any]:
    try:
        manifest = json.loads(files("gateway.phi.tagger").joinpath(_MANIFEST).read_bytes())
    except (OSError, ValueError) as error:
        raise TaggerFailed("the tagger's manifest cannot be read") from error
    if not isinstance(manifest, dict) or not isinstance(manifest.get("sha256"), dict):
        raise TaggerFailed("the tagger's manifest cannot be read")
    return manifest


def _checked(name: str, manifest: dict[str, Any]) -> bytes:
    """A model file whose digest is the manifest's."""
    try:
        data = files("gateway.phi.tagger").joinpath(name).read_bytes()
    except OSError as error:
        raise TaggerFailed(f"the tagger's {name} cannot be read") from error
    if manifest["sha256"].get(name) != hashlib.sha256(data).hexdigest():
        raise TaggerFailed(f"the tagger's {name} is not the one that was committed")
    return data
