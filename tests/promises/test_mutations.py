"""What holds a promise up is taken out of a copy of the tree, one thing at a time: the test that guards it must fail there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools import promises

ROOT = promises.ROOT
_MUTATIONS = promises.mutations()
_COPIED = (
    "gateway",
    "templates",
    "tests",
    "tools",
    "deploy",
    "docs",
    "keys",
    "pyproject.toml",
    "README.md",
    "Makefile",
)


def _label(mutation: dict[str, str]) -> str:
    return mutation["takes_out"].replace(" ", "-")


def test_there_is_a_mutation_of_every_kind_that_must_be_tried():
    text = " ".join(one["takes_out"] for one in _MUTATIONS)
    for kind in ("fsync", "MAC check", "re-read", "header filter", "sandbox layer", "shred"):
        assert kind in text, kind


@pytest.mark.parametrize("mutation", _MUTATIONS, ids=_label)
def test_a_mutation_fits_the_tree(mutation):
    """Its old text stands in the file exactly once, and its test exists."""
    assert (ROOT / mutation["file"]).read_text(encoding="utf-8").count(mutation["old"]) == 1
    assert mutation["old"] != mutation["new"]
    path, _, name = mutation["test"].partition("::")
    assert f"def {name.rpartition('::')[2].partition('[')[0]}(" in (ROOT / path).read_text(encoding="utf-8")


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("mutation", _MUTATIONS, ids=_label)
def test_what_is_taken_out_is_missed(mutation, tmp_path):
    tree = _copy(tmp_path)
    assert _run(tree, mutation["test"]) == 0, "the test fails with everything in place"
    file = tree / mutation["file"]
    file.write_text(file.read_text(encoding="utf-8").replace(mutation["old"], mutation["new"]), encoding="utf-8")
    assert _run(tree, mutation["test"]) == 1, f"nothing missed {mutation['takes_out']}"


def _copy(tmp_path: Path) -> Path:
    tree = tmp_path / "tree" / "main"
    tree.mkdir(parents=True)
    for name in _COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tree / name)
    if (shared := ROOT.parent / "shared").is_dir():
        (tree.parent / "shared").symlink_to(shared)
    return tree


def _run(tree: Path, test: str) -> int:
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-m", "long or not long", test],
        cwd=tree, env=environment, capture_output=True, text=True, check=False, timeout=560,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.returncode
