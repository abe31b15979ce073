"""Debian's Chromium, headless, as the person's browser: it asks nobody but the server under test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

PATIENCE = 120_000
"""Milliseconds for each step of the person: the machine may have much else to do."""
_SWITCHES = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@contextmanager
def chromium(what: str) -> Iterator[Any]:
    """A browser; skips, and says that `what` is not tested, where there is none."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip(f"{what} is not tested in a real browser: install Debian's package chromium")
    playwright = pytest.importorskip(
        "playwright.sync_api", reason=f"{what} is not tested in a real browser: playwright is missing"
    )
    with playwright.sync_playwright() as running:
        launched = running.chromium.launch(
            executable_path=program, headless=True, args=list(_SWITCHES), timeout=PATIENCE
        )  # fmt: skip
        yield launched
        launched.close()
