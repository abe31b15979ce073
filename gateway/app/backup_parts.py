"""A backup's parts: each a tar stream, sealed while it is written under a key of its own that only the offline key opens.

`data` is the database, the sealed objects, configuration, policy and register of users; `keys` the installation's own key
files; `shelf` the epoch keys and parcel peppers, and lives for days only. What is sealed as one part opens as no other.
"""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from gateway.adapters.durable import refusals, write_all
from gateway.domain.errors import IntegrityError
from gateway.domain.protected import Protected
from gateway.ports.vault import Seal
from gateway.seal.context import context
from gateway.seal.hybrid import OpenWith, SealTo
from gateway.seal.objects import KEY_BYTES, ObjectSealer, open_object

DATA, KEYS, SHELF = "data", "keys", "shelf"
_CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True)
class Part:
    """One sealed part as the manifest tells of it: `size` and `sha256` of the file, `commitment` to what is in it."""

    name: str
    size: int
    sha256: str
    length: int
    commitment: bytes = field(repr=False)
    wrap: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Bound:
    """What a part is bound to: the installation and the one backup."""

    installation: str
    backup: str

    def content(self, part: str) -> bytes:
        """The context of a part's stream."""
        return context(self.installation, Seal.BACKUP, self.backup, part)

    def wrap(self, part: str) -> bytes:
        """The context of a part's key."""
        return context(self.installation, Seal.BACKUP, self.backup, f"key:{part}")


def file_name(part: str) -> str:
    """The file of a part inside the backup's directory."""
    return f"{part}.sealed"


class PartWriter:
    """Entries in, a sealed file out."""

    def __init__(self, out: _Sealed) -> None:
        self._tar = tarfile.open(mode="w|", fileobj=out, format=tarfile.PAX_FORMAT, bufsize=_CHUNK)  # noqa: SIM115 - `close` ends it

    def add(self, name: str, data: bytes | BinaryIO) -> None:
        """One entry: bytes, or a file from where it stands to its end."""
        entry = tarfile.TarInfo(name)
        entry.mode = 0o600
        source = io.BytesIO(data) if isinstance(data, bytes) else data
        here = source.tell()
        entry.size = source.seek(0, os.SEEK_END) - here
        source.seek(here)
        self._tar.addfile(entry, source)

    def close(self) -> None:
        """Write the end of the tar stream."""
        self._tar.close()


class _Sealed(io.RawIOBase):
    """A file object that seals what is written to it."""

    def __init__(self, descriptor: int, sealer: ObjectSealer) -> None:
        super().__init__()
        self._descriptor, self._sealer = descriptor, sealer
        self.digest, self.size = hashlib.sha256(), 0
        self.given_up = False
        """After an error the tar stream still wants to write its end, and must not."""

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        plain = bytes(data)  # type: ignore[call-overload]
        if self.given_up:
            return len(plain)
        self._out(self._sealer.update(plain))
        return len(plain)

    def end(self) -> None:
        """The last sealed bytes, and everything on the disk."""
        self._out(self._sealer.finalize())
        os.fsync(self._descriptor)

    def _out(self, sealed: bytes) -> None:
        write_all(self._descriptor, sealed)
        self.digest.update(sealed)
        self.size += len(sealed)


def write_part(
    folder: Path,
    name: str,
    bound: Bound,
    key: SealTo,
    random: Callable[[int], bytes],
    fill: Callable[[PartWriter], None],
) -> Part:
    """Write one part, synced; StoreUnavailable when the medium refuses. What `fill` raises passes through."""
    secret = Protected(random(KEY_BYTES))
    sealer = ObjectSealer(secret, bound.content(name))
    with refusals("a part of the backup cannot be written"):
        descriptor = os.open(folder / file_name(name), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        out = _Sealed(descriptor, sealer)
        try:
            tar = PartWriter(out)
            fill(tar)
            tar.close()
            out.end()
        except BaseException:
            out.given_up = True
            raise
        finally:
            os.close(descriptor)
    wrap = key.seal(secret.reveal(), bound.wrap(name))
    return Part(name, out.size, out.digest.hexdigest(), sealer.length, sealer.commitment, wrap)


def check_part(folder: Path, part: Part) -> None:
    """IntegrityError unless the file is the one that the manifest tells of."""
    digest = hashlib.sha256()
    for chunk in _chunks(folder / file_name(part.name)):
        digest.update(chunk)
    if digest.hexdigest() != part.sha256:
        raise IntegrityError(f"{file_name(part.name)} of the backup is not as it was written")


@contextmanager
def entries(folder: Path, part: Part, bound: Bound, key: OpenWith) -> Iterator[Iterator[tuple[str, BinaryIO]]]:
    """The entries of a part by name, to be read in order. They count only once the context has ended without an error."""
    secret = key.open(part.wrap, bound.wrap(part.name))
    plain = open_object(_chunks(folder / file_name(part.name)), secret, bound.content(part.name), part.commitment)
    source = _Reader(plain)
    try:
        with tarfile.open(mode="r|", fileobj=source, bufsize=_CHUNK) as tar:
            yield _named(tar)
    except tarfile.TarError as error:
        raise IntegrityError(f"{file_name(part.name)} of the backup cannot be read") from error
    for _ in plain:
        pass


def _named(tar: tarfile.TarFile) -> Iterator[tuple[str, BinaryIO]]:
    for entry in tar:
        path = Path(entry.name)
        file = tar.extractfile(entry) if entry.isreg() else None
        if file is None or path.is_absolute() or ".." in path.parts:
            raise IntegrityError("the backup holds an entry that no backup of ours has")
        yield entry.name, file  # type: ignore[misc]


class _Reader(io.RawIOBase):
    """A file object over chunks."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        super().__init__()
        self._chunks, self._rest = iter(chunks), b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while size < 0 or len(self._rest) < size:
            more = next(self._chunks, None)
            if more is None:
                break
            self._rest += more
        size = len(self._rest) if size < 0 else size
        found, self._rest = self._rest[:size], self._rest[size:]
        return found


def _chunks(path: Path) -> Iterator[bytes]:
    with refusals("a part of the backup cannot be read"), path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk
