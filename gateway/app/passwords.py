"""Passwords of databases, which lie in files of their own."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from gateway.app import keyfiles
from gateway.domain.errors import ConfigError


def with_password(url: str, file: Path | None, section: str) -> str:
    """The URL with the file's password; ConfigError where it names no user."""
    if file is None:
        return url
    parts = urlsplit(url)
    if not parts.username:
        raise ConfigError(f"{section}.password_file: {section}.url names no user for this password; write user@host")
    password = quote(keyfiles.read_private(file).strip(), safe="")
    _, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{parts.username}:{password}@{host}"))
