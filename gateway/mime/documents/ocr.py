"""Words in pictures, by libtesseract's C interface (capi.h), loaded with its models before the child is confined.

No program is run and no file is opened afterwards: the models are in memory, pictures are handed over as grey bytes.
Without the library or a model there is no `Ocr`, and pictures stay gaps.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass, field

_LIBRARIES = ("libtesseract.so.5", "libtesseract.so.4")
_LSTM_ONLY = 1  # OEM_LSTM_ONLY: the legacy engine has no model in the packages
_BLOCK, _SPARSE = (
    6,
    11,
)  # PSM_SINGLE_BLOCK keeps a label and its value in one line; PSM_SPARSE_TEXT finds scattered words
_PATIENCE_MS = 10_000
_CROWD = 150
_DPI = 300
_SURE_WORD, _SURE_MEAN, _DOUBTFUL_SHARE = 50, 60, 0.3
_PUNCTUATION = "|_-—~.,:;'\"`‘’“”=<>*/\\«»°()[]{}"


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen: words, how many of them tesseract is sure of, and whether it is sure of the whole; `hopeless` is
    a crowd of shapes that are no letters, `late` says that the time was over.
    """

    text: str = field(repr=False)
    good: int = 0
    sure: bool = False
    hopeless: bool = False
    late: bool = False


class Ocr:
    """One engine with its models; not for two threads."""

    def __init__(self, library: ctypes.CDLL, engine: ctypes.c_void_p, languages: tuple[str, ...]) -> None:
        self._library = library
        self._engine = engine
        self.languages = languages

    @classmethod
    def load(cls, wanted: Sequence[str] = ("eng", "spa")) -> Ocr | None:
        """The engine with those of the languages whose models are installed, the first at least; None without."""
        library = _library()
        if library is None:
            return None
        for languages in (tuple(wanted), tuple(wanted[:1])):
            engine = ctypes.c_void_p(library.TessBaseAPICreate())
            if library.TessBaseAPIInit2(engine, None, "+".join(languages).encode(), _LSTM_ONLY) == 0:
                loaded = tuple(each for each in languages if each in _loaded(library, engine))
                return cls(library, engine, loaded) if loaded else None
            library.TessBaseAPIDelete(engine)
        return None

    def see(self, grey: bytes, width: int, height: int, *, sparse: bool = False) -> Sight:
        """The words of a picture of one byte a pixel, dark on light; nothing, unsure, if it takes too long."""
        library, engine = self._library, self._engine
        library.TessBaseAPISetPageSegMode(engine, _SPARSE if sparse else _BLOCK)
        library.TessBaseAPISetImage(engine, grey, width, height, 1, width)
        library.TessBaseAPISetSourceResolution(engine, _DPI)
        monitor = ctypes.c_void_p(library.TessMonitorCreate())
        try:
            library.TessMonitorSetDeadlineMSecs(monitor, _PATIENCE_MS)
            if library.TessBaseAPIRecognize(engine, monitor) != 0:
                return Sight("", late=True)
            return self._seen()
        finally:
            library.TessMonitorDelete(monitor)
            library.TessBaseAPIClear(engine)

    def _seen(self) -> Sight:
        address = self._library.TessBaseAPIGetUTF8Text(self._engine)
        if not address:
            return Sight("")
        text = ctypes.string_at(address).decode("utf-8", "replace")
        self._library.TessDeleteText(ctypes.c_void_p(address))
        scores = self._scores()
        words = [(word, score) for word, score in zip(text.split(), scores, strict=False) if word.strip(_PUNCTUATION)]
        good = sum(score >= _SURE_WORD and len(word) > 1 for word, score in words)
        mean = sum(score for _, score in words) / len(words) if words else 0
        sure = bool(words) and mean >= _SURE_MEAN and len(words) - good <= _DOUBTFUL_SHARE * len(words)
        lines = [line for line in text.splitlines() if line.strip()]
        hopeless = len(words) > _CROWD and good < len(words) / 5
        return Sight("\n".join(lines) if words else "", good, sure, hopeless)

    def _scores(self) -> list[int]:
        found = self._library.TessBaseAPIAllWordConfidences(self._engine)
        if not found:
            return []
        scores: list[int] = []
        while found[len(scores)] >= 0:
            scores.append(int(found[len(scores)]))
        self._library.TessDeleteIntArray(found)
        return scores


def _library() -> ctypes.CDLL | None:
    for name in _LIBRARIES:
        try:
            library = ctypes.CDLL(name)
        except OSError:
            continue
        library.TessBaseAPICreate.restype = ctypes.c_void_p
        library.TessMonitorCreate.restype = ctypes.c_void_p
        library.TessBaseAPIGetUTF8Text.restype = ctypes.c_void_p
        library.TessBaseAPIAllWordConfidences.restype = ctypes.POINTER(ctypes.c_int)
        library.TessBaseAPIGetLoadedLanguagesAsVector.restype = ctypes.POINTER(ctypes.c_char_p)
        return library
    return None


def _loaded(library: ctypes.CDLL, engine: ctypes.c_void_p) -> list[str]:
    """Tesseract goes on without a model that is missing; what it really has."""
    names = library.TessBaseAPIGetLoadedLanguagesAsVector(engine)
    found: list[str] = []
    while names and names[len(found)]:
        found.append(names[len(found)].decode("ascii", "replace"))
    library.TessDeleteTextArray(names)
    return found
