"""What may not stand in the repository: keys, machine paths, registry addresses, long files without a reason."""

from __future__ import annotations

import re

import pytest

from tests.arch.tree import ROOT, files, name, texts

# Put together here, so that this file does not hold what it looks for.
_FORBIDDEN = {
    "a package registry's address": "|".join(
        re.escape(a + b) for a, b in (("pypi", ".org"), ("python", "hosted.org"), ("npmjs", ".org"))
    )
    + r"|(?:index-url|find-links|trusted-host)[= ]+(?:https?:|[\w-]+\.\w)",
    "a path of one machine": r"(?<![\w.$}~-])" + re.escape("/wo" + "rk/") + r"|" + re.escape("/ho" + "me/") + r"\w",
    "a word about how the work is done": r"\b(?:" + "|".join(
        a + b for a, b in (("cla", "ude"), ("anthro", "pic"), ("chat", "gpt"), ("cop", "ilot"), ("sub", "-?agents?"), ("ll", "m"))
    ) + r")\b",
    "a private key": "-----BEGIN " + r"(?:[A-Z0-9]+ )*PRIVATE KEY-----\s+[A-Za-z0-9+/]{20}",
}  # fmt: skip

LONGEST = 350
LONGEST_TEST = 500
"""Tests may be longer: tables of cases read better in one piece."""
LONG = {
    "gateway/ports/store.py": "the database's whole port in one place: protocols of one line a method",
    "tests/support/home.py": "one installation: everything that a test does with it, in one place",
    "tests/support/register_people.py": "tables of invented names and forms, and the generator that they are for",
    "tools/train/slots.py": "tables of words, one after the other",
    "gateway/mime/levels.py": "one state machine; its frames call each other",
    "pyproject.toml": "the one home of tool settings",
}
_MADE = re.compile(
    r"^(docs/reference/|docs/promises\.md$|requirements/.*\.txt$|gateway/phi/data/)|\.(csv|toml|eml|expect|lock)$"
)


@pytest.mark.parametrize("what", sorted(_FORBIDDEN))
def test_nothing_forbidden_stands_in_the_tree(what):
    pattern = re.compile(_FORBIDDEN[what], re.IGNORECASE)
    found = []
    for path, text in texts():
        for match in pattern.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            found.append(f"{name(path)}:{line}: {match.group(0)[:30]!r}")
    assert not found, f"{what}: {found[:10]}"


def test_the_patterns_find_what_they_are_for():
    for what, sample in (
        ("a package registry's address", "https://files.python" + "hosted.org/x"),
        ("a path of one machine", "see /wo" + "rk/main/gateway"),
        ("a private key", "-----BEGIN PRIV" + "ATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAAAAAAAAAAA"),
    ):
        assert re.search(_FORBIDDEN[what], sample, re.IGNORECASE), what
    assert not re.search(_FORBIDDEN["a path of one machine"], "docs/work/of")


def test_no_key_file_is_kept():
    kept = [name(one) for one in files(".key", ".pem", ".p12", ".pfx", ".der")]
    assert kept == []
    assert [one.name for one in files() if one.parent == ROOT / "keys"] == ["README.md"]


def test_long_files_have_a_reason():
    long = {}
    for path, text in texts():
        count = text.count("\n")
        bound = LONGEST_TEST if name(path).startswith("tests/") else LONGEST
        if (
            count > bound
            and not _MADE.search(name(path))
            and path.suffix in {".py", ".toml", ".md", ".html", ".css", ".sh"}
        ):
            long[name(path)] = count
    assert long.keys() <= LONG.keys(), f"too long without a reason: {long}"
