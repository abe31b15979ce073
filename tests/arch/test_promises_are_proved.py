"""Every sentence of the specification has a test that names it, and docs/promises.md says which."""

from __future__ import annotations

import re

import pytest

from tests.arch.tree import ROOT
from tools import promises

_SPECIFICATION = ROOT.parent / "shared" / "security.md"


@pytest.fixture(scope="module")
def proofs():
    """Read once: every test file is parsed for it."""
    return promises.proofs()


@pytest.mark.parametrize("sentence", sorted(promises.sentences()))
def test_a_sentence_is_proved(proofs, sentence):
    assert proofs.get(sentence), f"no test is marked proves({sentence!r})"


def test_no_test_names_an_unknown_sentence(proofs):
    assert proofs.keys() <= promises.sentences().keys()


def test_the_page_is_as_the_generator_writes_it():
    assert promises.PAGE.read_text(encoding="utf-8") == promises.page(), "docs/promises.md is old; run `make docs`"


def test_every_test_named_exists():
    for row in [*promises.found(), *promises.mutations()]:
        path, _, name = row["test"].partition("::")
        assert (ROOT / path).is_file(), row
        assert not name or f"def {name.rpartition('::')[2].partition('[')[0]}(" in (ROOT / path).read_text("utf-8"), row


@pytest.mark.skipif(not _SPECIFICATION.is_file(), reason="needs ../shared/security.md")
def test_the_sentences_are_the_specification_s():
    """Each of our sentences stands there word for word; each of its words stands in one of ours."""
    told = _plain(_SPECIFICATION.read_text(encoding="utf-8"))
    ours = [row for row in promises.sentences().values() if row["source"].startswith("security.md")]
    words = {word for row in ours for word in _plain(row["text"]).split()}
    body = told[told.index("`sealgate serve` is a parent") :]
    missing = {word for word in body.split() if word not in words and any(one.isalnum() for one in word)}
    assert len(missing) < 40, sorted(missing)
    for row in ours:
        if row["id"].partition(".")[0] not in {"roles", "log", "limits"}:
            assert _plain(row["text"]) in told, row["id"]


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"(?m)^- ", "", text)).strip()
