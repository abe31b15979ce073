"""`sealgate backup`: a sealed copy of a running installation, whole or not there.

1 the shelf is read, the database copied in one read transaction, the shelf read again: every key that the copy needs is there
2 the sealed objects are copied after the database; one that is gone by then belonged to mail that was settled meanwhile
3 three parts are sealed to the offline key, the manifest over them signed, everything synced; then one rename shows it
4 copies of the shelf past their days are overwritten and removed, and whole backups beyond the number kept
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC
from pathlib import Path

from gateway import __version__
from gateway.adapters.choose import open_blobs
from gateway.adapters.durable import make_folder, refusals, sync_folder
from gateway.adapters.sql import schema
from gateway.adapters.sql.snapshot import snapshot
from gateway.app import keyfiles
from gateway.app.backup_ends import UNFINISHED, forget_old, name_of, sweep
from gateway.app.backup_layout import Place, described, places
from gateway.app.backup_manifest import Manifest, write_manifest
from gateway.app.backup_parts import DATA, KEYS, SHELF, Bound, Part, PartWriter, write_part
from gateway.app.installation import Installation
from gateway.domain.audit import Event, EventKind
from gateway.domain.errors import BlobMissing, ConfigError
from gateway.domain.protected import Protected
from gateway.ports.shelf import KeyShelf
from gateway.seal.hybrid import SealTo


def back_up(home: Installation, folder: Path, by: str) -> Path:
    """Write one backup into `folder` and return its directory. ConfigError where the installation cannot be copied,
    StoreUnavailable when something cannot be read or written: then no new directory is there.
    """
    public = home.settings.backup.public_key
    if public is None:
        raise ConfigError(
            'backup.public_key: is not set; run `sealgate keys backup` after writing public_key = "keys/backup.pub"'
        )
    key, layout, taken = (
        keyfiles.backup_public(public),
        places(home.settings, home.config),
        home.clock.now().astimezone(UTC),
    )
    backup = home.tokens.id()
    with _alone(folder):
        sweep(folder, home.tokens.secret)
        place = folder / f"{UNFINISHED}{backup}"
        with refusals("the backup cannot be written"):
            place.mkdir(mode=0o700)
        try:
            parts, rows = _parts(home, place, Bound(home.id, backup), key, layout)
            manifest = Manifest(backup, home.id, taken.isoformat(), __version__, schema.VERSION, rows, parts)
            final = _shown(home, place, folder / name_of(backup, taken), manifest)
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        with home.store().begin() as uow:
            event = Event(EventKind.BACKED_UP, actor=by, data={"backup": backup, "shelf": True})
            uow.audit.append(event, home.clock.now())
        forget_old(home, folder)
    return final


def _parts(
    home: Installation, place: Path, bound: Bound, key: SealTo, layout: list[Place]
) -> tuple[tuple[Part, ...], int]:
    shelves = {"epochs": home.epoch_keys(), "peppers": home.peppers()}
    keep: dict[str, Protected[bytes]] = {}
    _read_shelves(shelves, keep)
    with home.store().begin() as uow:
        rows = uow.audit.size()
    with snapshot(layout[0].path) as database:
        _read_shelves(shelves, keep)

        def data(out: PartWriter) -> None:
            out.add("layout.json", described(home.config, layout))
            out.add("config", home.config.read_bytes())
            for name, path in _files(layout, secret=False):
                out.add(f"files/{name}", path.read_bytes())
            out.add("database", database)
            _blobs(home, out)

        def keys(out: PartWriter) -> None:
            for name, path in _files(layout, secret=True):
                out.add(f"files/{name}", path.read_bytes())

        def shelf(out: PartWriter) -> None:
            for name, secret in keep.items():
                out.add(name, secret.reveal())

        random = home.tokens.secret
        fills = {DATA: data, KEYS: keys, SHELF: shelf}
        parts = tuple(write_part(place, name, bound, key, random, fill) for name, fill in fills.items())
    return parts, rows


def _files(layout: list[Place], *, secret: bool) -> Iterator[tuple[str, Path]]:
    seen = set()
    chosen = [one for one in layout if one.copied and one.path.exists()]
    secrets = {path for one in chosen if one.secret for _, path in one.files()}
    for place in chosen:
        for name, path in place.files():
            if path not in seen and (path in secrets) is secret:
                seen.add(path)
                yield name, path


def _read_shelves(shelves: dict[str, KeyShelf], keep: dict[str, Protected[bytes]]) -> None:
    for part, shelf in shelves.items():
        for name in shelf.names():
            secret = shelf.get(name)
            if secret is not None:
                keep[f"{part}/{name}"] = secret


def _blobs(home: Installation, out: PartWriter) -> None:
    """Each sealed object as numbered pieces, the last one empty: whatever its length, it is never held whole."""
    store = open_blobs(home.settings.blobs.url, home.clock)
    for name, _ in store.names():
        with suppress(BlobMissing):
            number = 0
            for number, chunk in enumerate(store.read(name), start=1):
                out.add(f"blobs/{name}/{number}", chunk)
            out.add(f"blobs/{name}/{number + 1}", b"")


def _shown(home: Installation, place: Path, final: Path, manifest: Manifest) -> Path:
    write_manifest(place, manifest, home.worker_keys().sign)
    with refusals("the backup cannot be written"):
        sync_folder(place)
        place.rename(final)
        sync_folder(final.parent)
    return final


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with refusals("the directory for backups cannot be used"):
        make_folder(folder)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise ConfigError(f"{folder}: another backup is being written there; wait for it") from None
    try:
        yield
    finally:
        os.close(descriptor)
