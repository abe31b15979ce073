"""File-system calls that end on the disk: what blobs, shelf, heads and database files share.

Everything is made for this user alone, unless the folder was opened to a group on purpose (roles under users of their
own, deploy/README.md): then what is made in it is open to that group too, never to others.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gateway.domain.errors import StoreUnavailable, SyncFailed


class SyncRefused(OSError):
    """A sync that failed, as against a write that found no room."""


def sync(descriptor: int) -> None:
    """Make an open file or directory durable; SyncRefused when the medium refuses. Whoever meets it must not try again."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        raise SyncRefused(error.errno, error.strerror) from error


def sync_folder(path: Path) -> None:
    """Make names in that directory durable; OSError when the medium refuses."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)


def sync_file(path: Path) -> None:
    """Make what a file holds durable; OSError when the medium refuses."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, data: bytes | memoryview) -> None:
    """Write every byte; OSError when the medium refuses, with some of them perhaps written."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def overwrite(path: Path, random: Callable[[int], bytes]) -> None:
    """Overwrite a file, durably, and remove it, also where overwriting failed; none is no error. OSError when the medium refuses."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return
    try:
        write_all(descriptor, random(os.fstat(descriptor).st_size))
        sync(descriptor)
    finally:
        os.close(descriptor)
        path.unlink(missing_ok=True)
    sync_folder(path.parent)


def make_folder(path: Path) -> None:
    """A directory that only this user can enter, its name and those of the folders above it durable; keeps one that exists."""
    if path.is_dir():
        # Perhaps a process died between making it and this sync. A folder above that we may not read is not ours to make.
        with suppress(PermissionError):
            sync_folder(path.parent)
        return
    make_folder(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)
    sync_folder(path.parent)


def group_share(folder: Path) -> int:
    """What the folder lets its group do, as mode bits; 0 without the set-group-id bit, by which one says that it is meant."""
    mode = folder.stat().st_mode
    return mode & stat.S_IRWXG if mode & stat.S_ISGID else 0


def share_file(descriptor: int, share: int) -> None:
    """Let the group read or write a file as it may its folder; nothing is changed where there is no share."""
    if shared_mode(share) != shared_mode(0):
        os.fchmod(descriptor, shared_mode(share))


def shared_mode(share: int) -> int:
    """The mode bits of a file in a folder with that share."""
    return stat.S_IRUSR | stat.S_IWUSR | share & (stat.S_IRGRP | stat.S_IWGRP)


@contextmanager
def refusals(what: str) -> Iterator[None]:
    """Turn what the medium refuses into StoreUnavailable (a sync into SyncFailed), with the system's words and no path."""
    try:
        yield
    except SyncRefused as error:
        raise SyncFailed(f"{what}: its sync failed: {error.strerror}") from error
    except OSError as error:
        raise StoreUnavailable(f"{what}: {error.strerror or type(error).__name__}") from error
