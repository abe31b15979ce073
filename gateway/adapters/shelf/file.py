"""The key shelf as a directory: 0700, one file of 0600 a secret, outside every data backup. A group may be let read, never write.

Destroying overwrites before it unlinks. That erases the secret where the file system writes in place; flash, snapshots
and copy-on-write file systems may keep the old block (docs/security-model.md).
"""

from __future__ import annotations

import fcntl
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gateway.adapters.durable import group_share, make_folder, refusals, share_file, sync, sync_folder, write_all
from gateway.domain.errors import ConfigError, PermanentError, StoreUnavailable
from gateway.domain.protected import Protected
from gateway.ports.tokens import Tokens

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")
_MARK = ".shelf"
"""Is there once the shelf was made, so that an unmounted volume does not look like destroyed keys."""
_NEW = ".new-"


class FileShelf:
    """Secrets by name in one directory. Writers of all processes take turns at its lock."""

    def __init__(self, root: Path, tokens: Tokens) -> None:
        self._root = root
        self._tokens = tokens
        with refusals("the key shelf cannot be made"):
            make_folder(root)
            self._share = group_share(root) & ~stat.S_IWGRP
            if root.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO) & ~self._share:
                raise ConfigError("shelf: other users of this machine may enter the key shelf; chmod 700")
            if not (root / _MARK).exists():
                os.close(os.open(root / _MARK, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
                sync_folder(root)

    def put(self, name: str, secret: Protected[bytes]) -> None:
        """Store durably; PermanentError for a bad name or one that exists, StoreUnavailable when it cannot be written."""
        place = self._place(name)
        fresh = self._root / f"{_NEW}{name}"
        with refusals("a secret cannot be stored"), self._alone():
            self._must_be_there()
            self._erase(fresh)
            if place.exists():
                raise PermanentError(f"the key shelf has {name} already")
            try:
                self._write(fresh, secret.reveal())
                # A link, not a rename: it never replaces.
                os.link(fresh, place)
                fresh.unlink()
                sync_folder(self._root)
            except BaseException:
                for path in (place, fresh):
                    with suppress(OSError):
                        self._erase(path)
                raise

    def get(self, name: str) -> Protected[bytes] | None:
        """The secret, or None; StoreUnavailable when the shelf is out of reach."""
        place = self._place(name)
        with refusals("a secret cannot be read"):
            try:
                return Protected(place.read_bytes())
            except FileNotFoundError:
                self._must_be_there()
                return None

    def destroy(self, name: str) -> None:
        """Overwrite, sync, unlink, sync; a name that is not there is no error."""
        place = self._place(name)
        with refusals("a secret cannot be destroyed"), self._alone():
            self._must_be_there()
            self._erase(place)
            self._erase(self._root / f"{_NEW}{name}")
            sync_folder(self._root)

    def names(self) -> tuple[str, ...]:
        """Every name on the shelf, sorted."""
        with refusals("the key shelf cannot be listed"):
            self._must_be_there()
            return tuple(sorted(entry.name for entry in self._root.iterdir() if not entry.name.startswith(".")))

    def problems(self) -> tuple[str, ...]:
        """None that a program could see: what lies under a directory is for docs/security-model.md to say."""
        return ()

    def _write(self, path: Path, data: bytes) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            share_file(descriptor, self._share)
            write_all(descriptor, data)
            sync(descriptor)
        finally:
            os.close(descriptor)

    def _erase(self, path: Path) -> None:
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            return
        try:
            write_all(descriptor, self._tokens.secret(os.fstat(descriptor).st_size))
            sync(descriptor)
        finally:
            os.close(descriptor)
            # Also when overwriting failed: the name must not stay.
            path.unlink(missing_ok=True)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        descriptor = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _must_be_there(self) -> None:
        if not (self._root / _MARK).exists():
            raise StoreUnavailable("the key shelf is not there; is its volume mounted?")

    def _place(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise PermanentError("a shelf name has lower-case letters, digits, '.', '_' and '-' only")
        return self._root / name
