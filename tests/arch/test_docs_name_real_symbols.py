"""What the pages name exists: modules, symbols, files, links, and headings that links point at."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.arch.tree import ROOT, files, name

_CODE = re.compile(r"`([^`\n]+)`")
_PATH = re.compile(r"(?:gateway|tests|tools|templates|docs|deploy)/[\w./*{},-]+")
_SYMBOL = re.compile(r"(gateway/[\w/]+\.py):([A-Za-z_][\w.]*)")
_DOTTED = re.compile(r"(gateway(?:\.[a-z_]+)+):([A-Za-z_][\w.]*)")
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
PAGES = [path for path in files(".md") if "golden" not in path.parts]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_path_and_symbol_exists(page):
    text = _without_fences(page.read_text())
    for span in _CODE.findall(text):
        for module, symbol in _SYMBOL.findall(span):
            assert symbol_exists(module, symbol), f"{name(page)} names `{module}:{symbol}`"
        for module, symbol in _DOTTED.findall(span):
            path = module.replace(".", "/")
            found = any(symbol_exists(f"{path}{end}", symbol) for end in (".py", "/__init__.py"))
            assert found, f"{name(page)} names `{module}:{symbol}`"
        for path in _PATH.findall(span):
            assert path_exists(path.rstrip(".,")), f"{name(page)} names `{path}`"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_somewhere(page):
    for target in _LINK.findall(_without_fences(page.read_text())):
        if target.startswith(("https://", "http://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        place = (page.parent / path).resolve() if path else page
        assert place.exists(), f"{name(page)} links to {target}"
        if anchor:
            assert anchor in anchors(place), f"{name(page)} links to {target}: there is no such heading"


def test_the_program_names_pages_that_exist():
    for path in files(".py"):
        if name(path).startswith(("gateway/", "tools/")):
            for page in re.findall(r"[\w./-]+\.md\b", path.read_text()):
                there = [ROOT / page, ROOT / "docs" / page, ROOT / "docs" / "reference" / page, path.parent / page]
                assert any(one.exists() for one in there), f"{name(path)} names {page}"


def test_how_it_works_names_a_symbol_in_every_room():
    text = (ROOT / "docs" / "how-it-works.md").read_text()
    assert len(set(_SYMBOL.findall(text))) > 60
    for room in (
        "smtp",
        "web",
        "review",
        "worker",
        "flow",
        "adapters",
        "config",
        "phi",
        "policy",
        "seal",
        "render",
        "mime",
        "app",
    ):
        assert f"gateway/{room}/" in text, f"how-it-works.md leads nobody into gateway/{room}"


def test_a_wrong_name_would_be_seen():
    assert symbol_exists("gateway/flow/dispatch.py", "Dispatch.run")
    assert not symbol_exists("gateway/flow/dispatch.py", "Dispatch.walk")
    assert not symbol_exists("gateway/flow/nowhere.py", "Dispatch")
    assert not path_exists("gateway/flow/nowhere.py")


def path_exists(path: str) -> bool:
    if "*" in path or "{" in path:
        parts = [path]
        if match := re.search(r"\{([^}]*)\}", path):
            parts = [path.replace(match.group(0), one) for one in match.group(1).split(",")]
        return all(any(True for _ in ROOT.glob(one)) for one in parts)
    return (ROOT / path).exists()


def symbol_exists(module: str, symbol: str) -> bool:
    path = ROOT / module
    if not path.is_file():
        return False
    return symbol in symbols(module)


@cache
def symbols(module: str) -> frozenset[str]:
    """Names that a module defines at its top, and `Class.name` of methods, fields and attributes set on self."""
    found: set[str] = set()
    for node in ast.parse((ROOT / module).read_text()).body:
        found |= _names(node)
        if isinstance(node, ast.ClassDef):
            for inner in node.body:
                found |= {f"{node.name}.{one}" for one in _names(inner)}
    return frozenset(found)


def _names(node: ast.stmt) -> set[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {node.name}
    if isinstance(node, ast.Assign):
        return {part.id for one in node.targets for part in ast.walk(one) if isinstance(part, ast.Name)}
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return {node.target.id}
    return set()


def anchors(page) -> set[str]:
    """GitHub's anchors of a page's headings."""
    heads = re.findall(r"^#+ (.+)$", _without_fences(page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).strip().replace(" ", "-") for one in heads}


def _without_fences(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
