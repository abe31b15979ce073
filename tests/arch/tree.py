"""The files that the tests of the house look at: tracked ones, and new ones that git would take."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_BINARY = {".gz", ".png", ".jpg", ".onnx", ".ico", ".woff2", ".pdf", ".docx", ".xlsx", ".zip"}


@cache
def files(*suffixes: str) -> tuple[Path, ...]:
    """Every file of the repository, or those with one of the suffixes."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode:  # an unpacked archive of the repository
        skip = {".venv", ".git", "__pycache__", ".hypothesis", "demo-data", "build", "dist"}
        found = [one for one in ROOT.rglob("*") if not skip & set(one.relative_to(ROOT).parts)]
    else:
        found = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return tuple(sorted(one for one in found if one.is_file() and (not suffixes or one.suffix in suffixes)))


def name(path: Path) -> str:
    """The path as people write it."""
    return path.relative_to(ROOT).as_posix()


@cache
def texts() -> tuple[tuple[Path, str], ...]:
    """Every file that is text, with its text."""
    found = []
    for path in files():
        if path.suffix in _BINARY:
            continue
        found.append((path, path.read_text(encoding="utf-8", errors="replace")))
    return tuple(found)
