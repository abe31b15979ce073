"""`--interop PATH` writes the tables of docs/interop.md from what the tests of this run said."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.interop import table

KEY = "interop"
_SAID: pytest.StashKey[dict[tuple[str, str, str], str]] = pytest.StashKey()
_COMMANDS = {
    "openssl": ["openssl", "version"], "gpgsm": ["gpgsm", "--version"], "gpg": ["gpg", "--version"], "rnp": ["rnp", "--version"],
    "qpdf": ["qpdf", "--version"], "poppler": ["pdftotext", "-v"], "bsdtar": ["bsdtar", "--version"],
}  # fmt: skip
_PACKAGES = {"NSS cmsutil": "libnss3-tools", "Bouncy Castle": "libbcpkix-java", "sqop": "sqop", "gosop": "gosop", "pdf.js": "libjs-pdf", "7-Zip": "7zip", "Info-ZIP unzip": "unzip"}  # fmt: skip
_WHEELS = ("pysequoia", "pypdfium2", "pyzipper")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--interop", metavar="PATH", help="write the interop tables there")
    parser.addoption("--interop-force", action="store_true", help="write them even if cells were not tried")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_SAID] = {}


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    outcome = yield
    report = outcome.get_result()
    if report.when == "call" and report.passed:
        item.config.stash[_SAID].update(value for key, value in report.user_properties if key == KEY)


def pytest_sessionfinish(session: pytest.Session) -> None:
    path = session.config.getoption("--interop", None)
    if not path:
        return
    said = session.config.stash[_SAID]
    missing = [cell for cell in ((one.name, row, column) for one, row, column in table.cells()) if cell not in said]
    if missing and not session.config.getoption("--interop-force"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        print(f"\n{path} was not written: {len(missing)} cells were not tried or failed, {missing[0]} among them")
        return
    Path(path).write_text(table.page(said, versions()), encoding="utf-8")


def versions() -> dict[str, str]:
    """What each program says of itself, or its Debian package."""
    found = {}
    for name, command in _COMMANDS.items():
        done = subprocess.run(command, capture_output=True, check=False, text=True)
        found[name] = next(iter((done.stdout or done.stderr).splitlines()), "missing")
    for name, package in _PACKAGES.items():
        done = subprocess.run(
            ["dpkg-query", "-W", "-f=${Package} ${Version}", package], capture_output=True, check=False, text=True
        )
        found[name] = done.stdout or "missing"
    return found | {f"{one} (PyPI)": version(one) for one in _WHEELS}
