"""`sealgate check` says what documents cannot be read on this machine."""

from __future__ import annotations

import pytest

from gateway.app.checkup import examine
from tests.support.home import Home, NoInspector


@pytest.mark.parametrize(
    ("there", "words"),
    [
        (frozenset[str](), ("install tesseract-ocr", "install libarchive13")),
        (frozenset({"ocr-eng", "libarchive"}), ("tesseract-ocr-spa adds Spanish",)),
        (frozenset({"ocr-eng", "ocr-spa", "libarchive"}), ()),
    ],
)
def test_what_is_missing_is_a_warning(tmp_path, monkeypatch, there, words):
    monkeypatch.setattr(NoInspector, "instruments", lambda _: there)
    with Home(tmp_path) as home:
        found = examine(home.inst)
    said = [one for one in found.warnings if "tesseract" in one or "libarchive" in one]
    assert len(said) == len(words)
    assert all(word in "\n".join(said) for word in words)
