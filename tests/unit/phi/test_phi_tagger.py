"""The tagger: what it answers, that neighbours and length change nothing, and that nothing broken passes for an answer."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gateway.phi.lexicon import Lexicon
from gateway.phi.tagger import LABELS, TaggerFailed, memory, network
from gateway.phi.tagger import run as room
from gateway.phi.tagger.run import Tagger
from gateway.phi.tokens import tokens
from tests.support.growth import grows_within

FOLDER = Path(room.__file__).parent
FILES = ("words.bin", "word.onnx", "network.onnx")


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return Lexicon.load()


@pytest.fixture(scope="module")
def tagger(lexicon: Lexicon) -> Tagger:
    return Tagger.load(lexicon)


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in tokens(text)]


def said(tagger: Tagger, text: str, label: str, bound: float = 0.5) -> list[str]:
    words = cut(text)
    scores = tagger.tag([words])[0][:, LABELS.index(label)]
    return [word for word, score in zip(words, scores, strict=True) if score > bound]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Dear Ms. Vrelanoska,\n\nyour results are back.", {"Vrelanoska"}),
        ("Patient: Tomizlav Okwurike, MRN 4471920, was seen in clinic today.", {"Tomizlav", "Okwurike"}),
        ("Please call Jorunn about the invoice.\n\nThanks,\nEtelka", {"Jorunn", "Etelka"}),
        (
            "The applicant was represented by Mr Ilgvars Bremzinsh, a lawyer practising in Riga.",
            {"Ilgvars", "Bremzinsh"},
        ),
        ("hey marisol r u coming on friday? tell dwayne", {"marisol"}),
        ("La paciente Itziar Goikolea acude por dolor de cabeza.", {"Itziar", "Goikolea"}),
        ("PATIENT NAME: QUISTADT, ORLENA", {"QUISTADT", "ORLENA"}),
    ],
)
def test_names_that_no_list_holds(tagger: Tagger, text: str, names: set[str]) -> None:
    assert names <= set(said(tagger, text, "name", 0.2))


@pytest.mark.parametrize(
    "text",
    [
        "Subject: RE: Storage Capacity Report",
        "The patient has a history of Hodgkin's lymphoma and Graves' disease.",
        "ASSESSMENT AND PLAN: Continue Metformin 500 mg daily.",
        "Vital Signs: Temp 98.6 F, BP 120/80, SpO2 97%.",
        "The meeting moved from Monday to Thursday in March.",
    ],
)
def test_capitals_that_name_nobody(tagger: Tagger, text: str) -> None:
    assert said(tagger, text, "name") == []


def test_shape_order_and_sum(tagger: Tagger) -> None:
    texts = [cut("Dear Ann,"), [], cut("x"), cut("Seen in Dover, DE.")]
    scores = tagger.tag(texts)
    assert [one.shape for one in scores] == [(len(text), len(LABELS)) for text in texts]
    assert all(one.dtype == np.float32 and np.allclose(one.sum(axis=1), 1, atol=1e-4) for one in scores)
    assert tagger.tag([]) == []


def test_neighbours_and_memory_change_nothing(tagger: Tagger, lexicon: Lexicon) -> None:
    one, other = cut("Dear Ann Quillfeather,\nsee you in Dover."), cut("MRN 12345 Bob Ames " * 40)
    alone = tagger.tag([one])[0]
    assert np.allclose(tagger.tag([other, one, other])[1], alone, atol=1e-5)
    assert (Tagger.load(lexicon).tag([one])[0] == alone).all()
    assert (tagger.tag([one])[0] == alone).all()


def test_long_text_is_tagged_as_if_whole(tagger: Tagger, monkeypatch: pytest.MonkeyPatch) -> None:
    words = cut("Mr. Okwurike of Dover, DE saw Dr. Bremzinsh about asthma on Monday. " * 30)
    whole = tagger.tag([words])[0]
    monkeypatch.setattr(room, "_BATCH", 37)
    monkeypatch.setattr(network, "_WINDOW", 11)
    assert np.allclose(tagger.tag([words])[0], whole, atol=1e-5)


def test_a_full_memory_forgets_and_goes_on(tagger: Tagger, monkeypatch: pytest.MonkeyPatch) -> None:
    before = tagger.tag([cut("Dear Ann,")])[0]
    monkeypatch.setattr(memory, "MOST_WORDS", 50)
    for at in range(5):
        tagger.tag([[f"word{at}x{number}" for number in map(chr, range(97, 150))]])
    assert len(tagger._vocabulary) < 200
    assert (tagger.tag([cut("Dear Ann,")])[0] == before).all()


@pytest.mark.parametrize(
    "token", ["", "\x00", "\ud800", "a" * 100_000, "\u0301" * 50, "𝔄𝔫𝔫", "山田", "'", "İSTANBUL", "ß" * 99, "1" * 400]
)
def test_odd_tokens(tagger: Tagger, token: str) -> None:
    assert tagger.tag([["Dear", token, ","]])[0].shape == (3, len(LABELS))


def test_linear_time(tagger: Tagger) -> None:
    words = [f"w{at % 3000}" for at in range(80_000)]
    assert grows_within(lambda: tagger.tag([words[:10_000]]), lambda: tagger.tag([words]), 24, 0.05)


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (*FILES, "model.json"):
        shutil.copy(FOLDER / name, tmp_path / name)
    monkeypatch.setattr(network, "files", lambda _: tmp_path)
    return tmp_path


def signed(folder: Path, **changes: Any) -> None:
    manifest = json.loads((folder / "model.json").read_text())
    manifest["sha256"] = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES}
    (folder / "model.json").write_text(json.dumps(manifest | changes))


@pytest.mark.parametrize("name", [*FILES, "model.json"])
def test_a_missing_file_fails(copied: Path, lexicon: Lexicon, name: str) -> None:
    (copied / name).unlink()
    with pytest.raises(TaggerFailed):
        Tagger.load(lexicon)


@pytest.mark.parametrize("name", FILES)
def test_a_changed_file_fails(copied: Path, lexicon: Lexicon, name: str) -> None:
    data = bytearray((copied / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copied / name).write_bytes(data)
    with pytest.raises(TaggerFailed, match="committed"):
        Tagger.load(lexicon)


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"sha256": 3}', '{"sha256": {"words.bin": 1}}', "\ufeff{"])
def test_a_broken_manifest_fails(copied: Path, lexicon: Lexicon, text: str) -> None:
    (copied / "model.json").write_text(text)
    with pytest.raises(TaggerFailed):
        Tagger.load(lexicon)


@pytest.mark.parametrize("changes", [{"width": 95}, {"width": "x"}, {"scale": 0}, {"scale": None}])
def test_a_table_that_does_not_fit_fails(copied: Path, lexicon: Lexicon, changes: dict[str, Any]) -> None:
    signed(copied, **changes)
    with pytest.raises(TaggerFailed):
        Tagger.load(lexicon)


@pytest.mark.parametrize("data", [b"", b"no network", b"\x08\x09"])
@pytest.mark.parametrize("name", ["word.onnx", "network.onnx"])
def test_a_network_that_is_none_fails(copied: Path, lexicon: Lexicon, name: str, data: bytes) -> None:
    (copied / name).write_bytes(data)
    signed(copied)
    with pytest.raises(TaggerFailed):
        Tagger.load(lexicon).tag([["Ann"]])


class _Session:
    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def run(self, _: None, given: dict[str, Any]) -> list[Any]:
        if isinstance(self._answer, Exception):
            raise self._answer
        return [self._answer(len(given["x"]) - 2 * network.REACH)]


@pytest.mark.parametrize(
    "answer",
    [
        lambda n: np.full((n, len(LABELS)), np.nan, np.float32),
        lambda n: np.full((n, len(LABELS)), np.inf, np.float32),
        lambda n: np.zeros((n, len(LABELS)), np.float32),
        lambda n: np.full((n, 5), 0.2, np.float32),
        lambda n: np.full((n + 1, len(LABELS)), 1 / 6, np.float32),
        lambda n: np.full((n, len(LABELS)), 1 / 6, np.float64),
        lambda n: None,
        RuntimeError("out of memory"),
        MemoryError(),
    ],
)
def test_nonsense_is_no_answer(tagger: Tagger, answer: Any) -> None:
    broken = Tagger(network.Network(_Session(answer), len(LABELS)), tagger._vocabulary)
    with pytest.raises(TaggerFailed):
        broken.tag([["Dear", "Ann", ","]])


class _Layer:
    """A word layer that gives what it is told to."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def run(self, _: None, given: dict[str, Any]) -> list[Any]:
        if isinstance(self._answer, Exception):
            raise self._answer
        return [self._answer(len(given["sums"]))]


@pytest.mark.parametrize(
    "answer",
    [
        lambda n: np.full((n, 80), np.nan, np.float32),
        lambda n: np.zeros((n, 79), np.float32),
        lambda n: np.zeros((n + 1, 80), np.float32),
        lambda n: np.zeros((n, 80), np.float64),
        RuntimeError("out of memory"),
        MemoryError(),
    ],
)
def test_a_word_layer_that_breaks_is_no_answer_and_leaves_no_word_behind(lexicon: Lexicon, answer: Any) -> None:
    tagger = Tagger.load(lexicon)
    vocabulary = tagger._vocabulary
    right = tagger.tag([["Dear", "Ann", ","]])[0]
    vocabulary.forget()
    whole, vocabulary._layer = vocabulary._layer, network.WordLayer(_Layer(answer), vocabulary._layer.width)
    with pytest.raises(TaggerFailed):
        tagger.tag([["Dear", "Ann", ","]])
    vocabulary._layer = whole
    assert np.array_equal(tagger.tag([["Dear", "Ann", ","]])[0], right)


def test_the_data_sheet_names_this_model() -> None:
    sheet = (Path(__file__).parents[3] / "tools" / "train" / "DATASHEET.md").read_text()
    manifest = json.loads((FOLDER / "model.json").read_text())
    for name in FILES:
        digest = hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()
        assert manifest["sha256"][name] == digest
        assert digest in sheet
    assert sum((FOLDER / name).stat().st_size for name in FILES) < 8_000_000


def test_words_of_no_list_are_forgotten_after_the_call(tagger: Tagger) -> None:
    before = tagger.tag([cut("Dear Okwurikezzi, your glucose is fine.")])[0]
    assert "Okwurikezzi" not in tagger._vocabulary
    assert "glucose" in tagger._vocabulary
    tagger.tag([cut("MRN 88123907 belongs to Bremzinshkov of Dover.")])
    assert not {"88123907", "Bremzinshkov"} & tagger._vocabulary.keys()
    again = tagger.tag([cut("Dear Okwurikezzi, your glucose is fine.")])[0]
    assert np.array_equal(before, again)
    assert not tagger._vocabulary.vectors[len(tagger._vocabulary) :].any()


def test_loading_writes_no_file_and_opens_no_socket(tmp_path: Path) -> None:
    """Releases of onnxruntime from 1.25 on carry a telemetry client that keeps a device id and a database in the home folder."""
    program = (
        "import os\n"
        "from gateway.phi.tagger.run import Tagger\n"
        "Tagger.load().tag([['Dear', 'Pat']])\n"
        "print(*(os.readlink(f'/proc/self/fd/{one}') for one in os.listdir('/proc/self/fd') if int(one) > 2 and os.path.exists(f'/proc/self/fd/{one}')))\n"
    )
    places = {name: str(tmp_path) for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}
    said = subprocess.run(
        [sys.executable, "-B", "-c", program], env=os.environ | places, cwd=FOLDER.parents[2], capture_output=True, text=True, check=True
    ).stdout  # fmt: skip
    assert list(tmp_path.rglob("*")) == []
    assert "socket:" not in said
    assert ".db" not in said


def test_the_runtime_has_no_telemetry_client() -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    libraries = list(Path(onnxruntime.__file__).parent.glob("capi/*.so"))
    assert libraries
    for one in libraries:
        assert b"OneDsTelemetry" not in one.read_bytes()
