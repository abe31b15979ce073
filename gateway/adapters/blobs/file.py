"""Blobs as files: written beside, synced, renamed into place, directory synced.

`unfinished/` holds what is being written, under the blob's own name, so that one name has one writer; 256 directories
hold what is finished. A failed sync is never tried again: what the kernel dropped it does not report twice.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from gateway.adapters.durable import group_share, make_folder, refusals, share_file, sync, sync_folder, write_all
from gateway.domain.errors import BlobMissing, PermanentError, StoreUnavailable
from gateway.ports.clock import Clock

_NAME = re.compile(r"[a-z0-9-]{1,128}")
_CHUNK = 256 * 1024
_UNFINISHED = "unfinished"


class FileBlobStore:
    """A directory of blobs, 0700 and files 0600 (or its group's too). Its clock stamps the files, so ages are the clock's."""

    def __init__(self, root: Path, clock: Clock) -> None:
        self._root = root
        self._clock = clock
        with refusals("the blob directory cannot be made"):
            make_folder(root)
            self._share = group_share(root)
            for name in (_UNFINISHED, *(f"{number:02x}" for number in range(256))):
                self._make(root / name)
            # Always: a process that died between mkdir and sync left directories that a power cut could take back.
            sync_folder(root)

    def create(self, name: str) -> FileBlobWriter:
        """Begin a blob; PermanentError for a bad name or one that exists or is being written."""
        final = self._place(name)
        unfinished = self._root / _UNFINISHED / name
        with refusals("a blob cannot be made"):
            try:
                descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            except FileExistsError:
                raise PermanentError(f"blob {name} is being written already") from None
            share_file(descriptor, self._share)
            writer = FileBlobWriter(descriptor, unfinished, final, self._clock)
            if final.exists():
                writer.abort()
                raise PermanentError(f"blob {name} exists already")
        return writer

    def read(self, name: str) -> FileBlobReader:
        """The bytes in chunks of at most 256 KiB; BlobMissing if gone, StoreUnavailable if out of reach."""
        place = self._place(name)
        with refusals("a blob cannot be read"):
            try:
                return FileBlobReader(os.open(place, os.O_RDONLY | os.O_CLOEXEC))
            except FileNotFoundError:
                self._must_be_there()
                raise BlobMissing(f"no blob {name}") from None

    def delete(self, name: str) -> None:
        """Remove it for good; a name that is not there is no error."""
        place = self._place(name)
        with refusals("a blob cannot be deleted"):
            place.unlink(missing_ok=True)
            # Also when it was gone: the deletion before may have failed at its sync.
            sync_folder(place.parent)

    def names(self) -> Iterator[tuple[str, float]]:
        """Every visible name with its age in seconds."""
        now = self._clock.now().timestamp()
        with refusals("the blobs cannot be listed"):
            self._must_be_there()
            for shard in sorted(self._root.glob("[0-9a-f][0-9a-f]")):
                for entry in sorted(shard.iterdir()):
                    with suppress(FileNotFoundError):  # deleted while we looked
                        yield entry.name, max(0.0, now - entry.stat().st_mtime)

    def sweep(self, older_than: float) -> int:
        """Remove unfinished writes older than that many seconds; return how many."""
        now = self._clock.now().timestamp()
        removed = 0
        with refusals("unfinished blobs cannot be removed"):
            for entry in sorted((self._root / _UNFINISHED).iterdir()):
                with suppress(FileNotFoundError):
                    if now - entry.stat().st_mtime > older_than:
                        entry.unlink()
                        removed += 1
            sync_folder(self._root / _UNFINISHED)
        return removed

    def _make(self, folder: Path) -> None:
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            if self._share:
                folder.chmod(stat.S_ISGID | stat.S_IRWXU | self._share)

    def _place(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise PermanentError("a blob's name has lower-case letters, digits and - only")
        shard = hashlib.sha256(name.encode()).hexdigest()[:2]
        return self._root / shard / name

    def _must_be_there(self) -> None:
        if not (self._root / _UNFINISHED).is_dir():
            raise StoreUnavailable("the blob directory is not there; is its volume mounted?")


class FileBlobWriter:
    """One blob being written. After any failure it is dead: nothing of it is visible, nothing is tried again."""

    def __init__(self, descriptor: int, unfinished: Path, final: Path, clock: Clock) -> None:
        self._descriptor = descriptor
        self._unfinished = unfinished
        self._final = final
        self._clock = clock

    def write(self, data: bytes) -> None:
        """Append; StoreUnavailable when the medium refuses."""
        self._must_live()
        try:
            with refusals("a blob cannot be written"):
                write_all(self._descriptor, data)
        except BaseException:
            self.abort()
            raise

    def commit(self) -> None:
        """Durable and visible, or StoreUnavailable and neither."""
        self._must_live()
        try:
            with refusals("a blob cannot be made durable"):
                stamp = self._clock.now().timestamp()
                os.utime(self._descriptor, (stamp, stamp))
                sync(self._descriptor)
                self._unfinished.rename(self._final)
                try:
                    sync_folder(self._final.parent)
                except BaseException:
                    self._final.unlink(missing_ok=True)
                    raise
        except BaseException:
            self.abort()
            raise
        self._close()

    def abort(self) -> None:
        """Forget what was written. Never raises."""
        if self._descriptor >= 0:
            with suppress(OSError):
                self._unfinished.unlink(missing_ok=True)
            self._close()

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        with suppress(OSError):
            os.close(descriptor)

    def _must_live(self) -> None:
        if self._descriptor < 0:
            raise StoreUnavailable("this blob was finished, given up or failed; begin a new one")


class FileBlobReader:
    """Chunks of one open file; closes itself at the end, or when it is dropped."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __iter__(self) -> FileBlobReader:
        return self

    def __next__(self) -> bytes:
        if self._descriptor < 0:
            raise StopIteration
        with refusals("a blob cannot be read"):
            chunk = os.read(self._descriptor, _CHUNK)
        if not chunk:
            self.close()
            raise StopIteration
        return chunk

    def close(self) -> None:
        """Let go of the file."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            os.close(descriptor)

    def __del__(self) -> None:
        self.close()
