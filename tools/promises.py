"""docs/promises.md: each promise, its sentences, the tests that prove them, what was found, what is not promised.

Read from tests/promises/*.toml and from the `proves` markers in tests/, without importing or running a test.
"""

from __future__ import annotations

import ast
import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TESTS = ROOT / "tests"
SOURCE = TESTS / "promises"
PAGE = ROOT / "docs" / "promises.md"

_INTRODUCTION = """# What is promised, and how it is proved

Made by `make docs` from [tests/promises](../tests/promises) and the `proves` markers in the tests; a test keeps it true. Each sentence
stands in the specification; each test named under it fails when the sentence does not hold. How the parts
work: [how-it-works.md](how-it-works.md). Who can open what: [security-model.md](security-model.md).

To run the proofs of one sentence: `pytest -m "long or not long" --proves rest.swaps-fail`. What is too long for every run is marked *(long)*: `make long`.
"""


@dataclass(frozen=True, slots=True)
class Proof:
    """A test that names sentences."""

    test: str
    """`tests/room/test_file.py::test_name`, or of a class `...::TestName::test_name`."""
    long: bool


def sentences() -> dict[str, dict[str, str]]:
    """Every sentence by its id."""
    return {row["id"]: row for row in _read(SOURCE / "sentences.toml")["sentence"]}


def promises() -> dict[str, str]:
    """The promises' titles by their ids, in order."""
    return {name: row["title"] for name, row in _read(SOURCE / "sentences.toml")["promise"].items()}


def found() -> list[dict[str, str]]:
    """What was found false and mended, of every topic."""
    return [row for file in sorted((SOURCE / "found").glob("*.toml")) for row in _read(file)["found"]]


def mutations() -> list[dict[str, str]]:
    """What `make long` takes out, and the tests that must fail then."""
    return [row for file in sorted((SOURCE / "mutations").glob("*.toml")) for row in _read(file)["mutation"]]


def proofs() -> dict[str, list[Proof]]:
    """The tests of each sentence, found by their markers."""
    by_sentence: dict[str, list[Proof]] = {}
    for file in sorted(TESTS.rglob("test_*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        shared = [mark for node in tree.body for mark in _pytestmark(node)]
        for name, marks in _tests(tree, shared):
            proof = Proof(f"{file.relative_to(ROOT).as_posix()}::{name}", any(_name(mark) == "long" for mark in marks))
            for mark in marks:
                for sentence in _named(mark):
                    by_sentence.setdefault(sentence, []).append(proof)
    return by_sentence


def page() -> str:
    """The whole of docs/promises.md."""
    proved, told, parts = proofs(), sentences().values(), [_INTRODUCTION]
    for promise, title in promises().items():
        parts.append(f"\n## {title}\n")
        for row in told:
            if row["promise"] == promise:
                parts.append(f"\n**`{row['id']}`** {row['text']} <sub>{row['source']}</sub>\n\n")
                parts.extend(_line(proof) for proof in proved.get(row["id"], []))
    parts.append("\n## Rounds run\n\n" + _rounds())
    parts.append("\n## Found false on the way, and mended\n\n")
    parts.extend(f"- {row['what']} **Mended:** {row['mended']} ({_file(row['test'])})\n" for row in found())
    parts.append(
        "\n## What is taken out on purpose\n\nFor each line `make long` takes the thing out of a copy of the tree; the named test must fail there.\n\n"
    )
    parts.append("| taken out | of | fails |\n|---|---|---|\n")
    parts.extend(f"| {row['takes_out']} | `{row['file']}` | {_file(row['test'])} |\n" for row in mutations())
    parts.append(
        "\n## What is not promised\n\n" + (ROOT / "tests/promises/not_promised.md").read_text(encoding="utf-8")
    )
    return "".join(parts)


def write() -> None:
    """Make the page anew."""
    PAGE.write_text(page(), encoding="utf-8")


def _rounds() -> str:
    rows = []
    for file in sorted((SOURCE / "rounds").glob("*.json")):
        row = json.loads(file.read_text(encoding="utf-8"))
        rows.append(f"| {row['what']} | {row['rounds']} | {row['seen']} | `{row['command']}` |\n")
    return "| what | rounds | seen | command |\n|---|---|---|---|\n" + "".join(rows)


def _line(proof: Proof) -> str:
    return f"- {_file(proof.test)}{' *(long)*' if proof.long else ''}\n"


def _file(test: str) -> str:
    path, _, name = test.partition("::")
    return f"[`{name or Path(path).name}`](../{path})"


def _read(file: Path) -> dict[str, list[dict[str, str]]]:
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _tests(tree: ast.Module, shared: list[ast.expr]) -> Iterator[tuple[str, list[ast.expr]]]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            of_class = [*shared, *node.decorator_list, *(mark for inner in node.body for mark in _pytestmark(inner))]
            for inner in node.body:
                if _is_test(inner):
                    yield f"{node.name}::{inner.name}", [*of_class, *inner.decorator_list]
        elif _is_test(node):
            yield node.name, [*shared, *node.decorator_list]


def _is_test(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")


def _pytestmark(node: ast.stmt) -> list[ast.expr]:
    if not (
        isinstance(node, ast.Assign) and any(isinstance(it, ast.Name) and it.id == "pytestmark" for it in node.targets)
    ):
        return []
    return list(node.value.elts) if isinstance(node.value, ast.List | ast.Tuple) else [node.value]


def _name(mark: ast.expr) -> str:
    called = mark.func if isinstance(mark, ast.Call) else mark
    return called.attr if isinstance(called, ast.Attribute) else ""


def _named(mark: ast.expr) -> list[str]:
    if not (isinstance(mark, ast.Call) and _name(mark) == "proves"):
        return []
    return [it.value for it in mark.args if isinstance(it, ast.Constant) and isinstance(it.value, str)]


if __name__ == "__main__":
    write()
