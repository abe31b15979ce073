"""File-system calls that end on the disk: what blobs, shelf and heads share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.domain.errors import StoreUnavailable


def sync_folder(path: Path) -> None:
    """Make names in that directory durable; OSError when the medium refuses."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, data: bytes | memoryview) -> None:
    """Write every byte; OSError when the medium refuses, with some of them perhaps written."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def make_folder(path: Path) -> None:
    """A directory that only this user can enter, its name durable; keeps one that exists."""
    if path.is_dir():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.mkdir(mode=0o700, exist_ok=True)
    sync_folder(path.parent)


@contextmanager
def refusals(what: str) -> Iterator[None]:
    """Turn what the medium refuses into StoreUnavailable, with the system's words and no path."""
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(f"{what}: {error.strerror or type(error).__name__}") from error
