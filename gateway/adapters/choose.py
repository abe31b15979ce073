"""URL scheme -> factory, one table a port. An unknown scheme is an error that names the known ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from gateway.adapters.blobs.file import FileBlobStore
from gateway.adapters.shelf.database import DatabaseShelf
from gateway.adapters.shelf.file import FileShelf
from gateway.adapters.sql.store import SqlStore
from gateway.domain.errors import ConfigError
from gateway.ports.blobs import BlobStore
from gateway.ports.clock import Clock
from gateway.ports.metrics import Metrics, uncounted
from gateway.ports.shelf import KeyShelf
from gateway.ports.tokens import Tokens

F = TypeVar("F")


def choose(table: Mapping[str, F], setting: str, url: str) -> F:
    """The factory for a URL's scheme; ConfigError names the setting and the schemes that it may have."""
    scheme, separator, _ = url.partition("://")
    if not separator or scheme not in table:
        raise ConfigError(
            f"{setting}: unknown scheme {scheme if separator else '(none)'!r}; known are {', '.join(sorted(table))}"
        )
    return table[scheme]


def folder(setting: str, url: str) -> Path:
    """The absolute path of a `file:///…` URL; ConfigError for a host, a query or a relative path."""
    parts = urlsplit(url)
    if parts.netloc or parts.query or parts.fragment or not parts.path.startswith("/"):
        raise ConfigError(f"{setting}: write an absolute path, as in file:///var/lib/sealgate/{setting}")
    return Path(unquote(parts.path))


STORES: Mapping[str, Callable[[str, Tokens, Metrics], SqlStore]] = {
    "sqlite": SqlStore,
    "postgresql+psycopg": SqlStore,
}
BLOBS: Mapping[str, Callable[[str, Clock], BlobStore]] = {
    "file": lambda url, clock: FileBlobStore(folder("blobs", url), clock),
}
SHELVES: Mapping[str, Callable[[str, str, Tokens], KeyShelf]] = {
    "file": lambda url, part, tokens: FileShelf(folder("shelf", url) / part, tokens),
    "postgresql+psycopg": lambda url, part, _: DatabaseShelf(url, part),
}


def open_store(url: str, tokens: Tokens, metrics: Metrics = uncounted) -> SqlStore:
    """The database of `store = …`: `sqlite:////absolute/path` or `postgresql+psycopg://…`. Opens nothing yet."""
    return choose(STORES, "store", url)(url, tokens, metrics)


def open_blobs(url: str, clock: Clock) -> BlobStore:
    """The blob store of `blobs = …`: `file:///absolute/path`. Makes the directories."""
    return choose(BLOBS, "blobs", url)(url, clock)


def open_shelf(url: str, part: str, tokens: Tokens) -> KeyShelf:
    """One part of the key shelf of `shelf = …`: `file:///absolute/path` (made if it is missing) or `postgresql+psycopg://…`."""
    return choose(SHELVES, "shelf", url)(url, part, tokens)
