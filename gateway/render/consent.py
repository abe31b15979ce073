"""The warning that a patient reads before choosing how to be written to, 78 FR 5634: some level of risk, in plain words.

Each version is a file of its own and never changes once it was shown: consent records name the version and keep the text.
"""

from __future__ import annotations

import re
from pathlib import Path

from gateway.domain.errors import ConfigError
from gateway.render.mail import TEMPLATES

_FILE = re.compile(r"warning-(\d{1,4})\.txt")


def warning(version: str, templates: Path = TEMPLATES) -> str:
    """The exact text of one version; ConfigError when there is no such version."""
    path = templates / "consent" / f"warning-{version}.txt"
    if not _FILE.fullmatch(path.name) or not path.is_file():
        raise ConfigError(f"there is no warning text of version {version!r}")
    return path.read_text(encoding="utf-8")


def latest_version(templates: Path = TEMPLATES) -> str:
    """The version that new consents are given on."""
    found = [int(match[1]) for one in (templates / "consent").glob("*.txt") if (match := _FILE.fullmatch(one.name))]
    if not found:
        raise ConfigError(f"{templates}/consent: holds no warning text")
    return str(max(found))


def latest_warning(templates: Path = TEMPLATES) -> str:
    """The text that new consents are given on."""
    return warning(latest_version(templates), templates)
