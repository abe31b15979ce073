"""A backup is checked and unpacked into a directory of its own: files, database, sealed objects, keys. Nothing runs there yet.

Parts are read as streams and believed only whole: manifest signed, each part hashed before anything is unpacked, opened
under its own key. Quarantine is written into the database before anything else of it is used.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from gateway.adapters.choose import open_blobs
from gateway.adapters.durable import make_folder, refusals, write_all
from gateway.adapters.sql.snapshot import sound
from gateway.app import keyfiles
from gateway.app.backup_layout import check_inside, moved
from gateway.app.backup_manifest import Manifest, read_manifest
from gateway.app.backup_parts import DATA, KEYS, SHELF, check_part, entries, file_name
from gateway.app.created import database_file
from gateway.app.installation import Installation
from gateway.domain.errors import IntegrityError
from gateway.domain.protected import Protected
from gateway.flow.quarantine import RESTORED, SETTING
from gateway.ports.blobs import BlobWriter
from gateway.ports.clock import Clock
from gateway.ports.tokens import Tokens
from gateway.seal.hybrid import OpenWith

_PIECE = 256 * 1024


@dataclass(frozen=True, slots=True)
class Source:
    """A backup that was checked, with the key that opens it."""

    folder: Path
    manifest: Manifest
    key: OpenWith

    @property
    def with_shelf(self) -> bool:
        """Whether its copy of the shelf is still there."""
        return (self.folder / file_name(SHELF)).exists()


def check_source(folder: Path, key_file: Path) -> Source:
    """Read and check a backup. IntegrityError when anything of it is not as it was written, ConfigError when it is none."""
    key, signer = keyfiles.backup_private(key_file)
    manifest = read_manifest(folder, signer)
    source = Source(folder, manifest, key)
    for part in manifest.parts:
        if part.name != SHELF or source.with_shelf:
            check_part(folder, part)
    return source


@contextmanager
def unpacked(source: Source, staging: Path, clock: Clock, tokens: Tokens) -> Iterator[Installation]:
    """The backup's content as an installation in `staging`, quarantined; closed again. IntegrityError when it is not whole."""
    manifest = source.manifest
    text: dict[str, bytes] = {}
    with _opened(source, DATA) as found:
        for name, file in found:
            if name in {"layout.json", "config"}:
                text[name] = file.read()
                if len(text) == 2:
                    config = _configured(staging, text)
            elif name == "database":
                _write(_database(config), file)
                quarantine(config, clock, tokens)
            elif name.startswith("blobs/"):
                break
            else:
                _place(staging, name, file)
        else:
            name = ""
        if name:
            _blobs(config, clock, (name, file), found)
    with _opened(source, KEYS) as found:
        for name, file in found:
            _place(staging, name, file)
    settings = check_inside(config)
    if settings.practice.id != manifest.installation:
        raise IntegrityError("the backup's configuration is another installation's")
    sound(_database(config))
    home = Installation(settings, config, clock=clock, tokens=tokens)
    home.open_no_documents()
    try:
        _shelf(source, home)
        yield home
    finally:
        home.close()


def quarantine(config: Path, clock: Clock, tokens: Tokens) -> None:
    """The first thing that happens to a restored database: nothing of it may run by itself."""
    home = Installation(check_inside(config), config, clock=clock, tokens=tokens)
    try:
        with home.store().begin() as uow:
            uow.set_setting(SETTING, RESTORED)
    finally:
        home.close()


@contextmanager
def _opened(source: Source, part: str) -> Iterator[Iterator[tuple[str, BinaryIO]]]:
    manifest = source.manifest
    with entries(source.folder, manifest.part(part), manifest.bound, source.key) as found:
        yield found


def _configured(staging: Path, text: dict[str, bytes]) -> Path:
    try:
        name, changed = moved(text["config"].decode(), text["layout.json"])
    except UnicodeDecodeError as error:
        raise IntegrityError("the backup's configuration cannot be read") from error
    config = staging / Path(name).name
    _write(config, changed.encode())
    return config


def _database(config: Path) -> Path:
    place = database_file(check_inside(config))
    assert place is not None  # check_inside refuses every other store
    return place


def _place(staging: Path, name: str, file: BinaryIO) -> None:
    if not name.startswith("files/"):
        raise IntegrityError("the backup holds an entry that no backup of ours has")
    _write(staging / name.removeprefix("files/"), file)


def _blobs(config: Path, clock: Clock, first: tuple[str, BinaryIO], rest: Iterator[tuple[str, BinaryIO]]) -> None:
    """Each object is its pieces in order, up to the empty one that ends it."""
    store = open_blobs(check_inside(config).blobs.url, clock)
    writer: BlobWriter | None = None
    expected = ("", 0)
    for name, file in _with(first, rest):
        kind, blob, number = [*name.split("/"), "", ""][:3]
        if kind != "blobs" or (writer is not None and (blob, number) != (expected[0], str(expected[1]))):
            raise IntegrityError("the backup's objects are not in order")
        if writer is None:
            writer, expected = store.create(blob), (blob, 1)
        data = file.read()
        if data:
            writer.write(data)
            expected = (blob, expected[1] + 1)
        else:
            writer.commit()
            writer = None
    if writer is not None:
        raise IntegrityError("the backup's last object is cut short")


def _with(first: tuple[str, BinaryIO], rest: Iterator[tuple[str, BinaryIO]]) -> Iterator[tuple[str, BinaryIO]]:
    yield first
    yield from rest


def _shelf(source: Source, home: Installation) -> None:
    """Epoch keys and peppers onto the new shelf. Without them, past their days, links and mail in hand are lost, and said so."""
    shelves = {"epochs": home.epoch_keys(), "peppers": home.peppers()}
    if not source.with_shelf:
        return
    with _opened(source, SHELF) as found:
        for name, file in found:
            part, _, secret = name.partition("/")
            if part not in shelves:
                raise IntegrityError("the backup's shelf holds an entry that no shelf of ours has")
            shelves[part].put(secret, Protected(file.read()))


def _write(path: Path, source: bytes | BinaryIO) -> None:
    with refusals("a restored file cannot be written"):
        make_folder(path.parent)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            if isinstance(source, bytes):
                write_all(descriptor, source)
            else:
                while chunk := source.read(_PIECE):
                    write_all(descriptor, chunk)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
