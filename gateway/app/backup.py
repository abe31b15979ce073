"""`sealgate backup`: a sealed copy of a running installation, whole or not there.

1 the shelf is read, the database copied in one read transaction, the shelf read again: every key that the copy needs is there
2 the sealed objects are copied after the database; one that is gone by then belonged to mail that was settled meanwhile
3 three parts are sealed to the offline key, the manifest over them signed, everything synced; then one rename shows it
4 copies of the shelf past their days are overwritten and removed, and whole backups beyond the number kept
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway import __version__
from gateway.adapters.choose import open_blobs
from gateway.adapters.durable import make_folder, refusals, sync_folder, write_all
from gateway.adapters.sql import schema
from gateway.adapters.sql.snapshot import snapshot
from gateway.app import keyfiles
from gateway.app.backup_layout import Place, described, places
from gateway.app.backup_parts import DATA, KEYS, SHELF, Bound, Part, PartWriter, file_name, write_part
from gateway.app.installation import Installation
from gateway.domain.audit import Event, EventKind
from gateway.domain.errors import BlobMissing, ConfigError, IntegrityError
from gateway.domain.protected import Protected
from gateway.ports.shelf import KeyShelf
from gateway.ports.vault import Seal
from gateway.seal.context import context, framed

MANIFEST = "manifest.json"
_FORMAT = 1
_NAME = re.compile(r"backup-(\d{8}T\d{6}Z)-[a-z0-9]+")
_TIME = "%Y%m%dT%H%M%SZ"
_UNFINISHED = ".unfinished-"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup is, signed by the installation that made it. `rows` is how many numbered rows its log has."""

    backup: str
    installation: str
    taken_at: str
    program: str
    schema: int
    rows: int
    parts: tuple[Part, ...]

    @property
    def bound(self) -> Bound:
        """What its parts are sealed to."""
        return Bound(self.installation, self.backup)

    def part(self, name: str) -> Part:
        """A part by name; IntegrityError if it has none such."""
        for one in self.parts:
            if one.name == name:
                return one
        raise IntegrityError(f"the backup's manifest names no part {name!r}")


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
        _sweep(folder)
        place = folder / f"{_UNFINISHED}{backup}"
        with refusals("the backup cannot be written"):
            place.mkdir(mode=0o700)
        try:
            parts, rows = _parts(home, place, Bound(home.id, backup), key, layout)
            manifest = Manifest(backup, home.id, taken.isoformat(), __version__, schema.VERSION, rows, parts)
            final = _shown(home, place, folder / f"backup-{taken.strftime(_TIME)}-{backup}", manifest)
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        with home.store().begin() as uow:
            event = Event(EventKind.BACKED_UP, actor=by, data={"backup": backup, "shelf": True})
            uow.audit.append(event, home.clock.now())
        forget_old(home, folder)
    return final


def read_manifest(folder: Path, signer: Ed25519PublicKey) -> Manifest:
    """The manifest of a backup; IntegrityError unless this installation's key signed it, ConfigError if none is there."""
    try:
        raw = json.loads((folder / MANIFEST).read_bytes())
        body, signature = raw["body"], bytes.fromhex(raw["signature"])
        fields: dict[str, Any] = json.loads(body)
        signer.verify(signature, _bound(str(fields["installation"]), body))
        if fields.pop("format") != _FORMAT:
            raise ConfigError(f"{folder}: was written by another version of the program; restore it with that one")
        parts = tuple(
            Part(**{**one, "commitment": bytes.fromhex(one["commitment"]), "wrap": bytes.fromhex(one["wrap"])})
            for one in fields.pop("parts")
        )
        return Manifest(**fields, parts=parts)
    except FileNotFoundError:
        raise ConfigError(f"{folder}: holds no {MANIFEST}; name the directory of one backup") from None
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be read ({error.strerror})") from None
    except InvalidSignature:
        raise IntegrityError("the backup's manifest was not signed by the installation of this key") from None
    except (ValueError, KeyError, TypeError) as error:
        raise IntegrityError("the backup's manifest cannot be read") from error


def forget_old(home: Installation, folder: Path) -> None:
    """End copies of the shelf past their days (overwritten first), and the oldest backups beyond the number kept."""
    keep, now = home.settings.backup, home.clock.now()
    found = sorted(one for one in folder.iterdir() if _NAME.fullmatch(one.name) and one.is_dir())
    with refusals("an old backup cannot be removed"):
        for one in found:
            name = _NAME.fullmatch(one.name)
            assert name is not None
            age = now - datetime.strptime(name[1], _TIME).replace(tzinfo=UTC)
            if age > keep.shelf_keep:
                _overwrite(one / file_name(SHELF), home)
        for one in found[: -keep.keep]:
            _overwrite(one / file_name(SHELF), home)
            (one / MANIFEST).unlink(missing_ok=True)  # first: half a backup must not look whole
            sync_folder(one)
            shutil.rmtree(one)
        sync_folder(folder)


def _parts(
    home: Installation, place: Path, bound: Bound, key: Any, layout: list[Place]
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
    fields = asdict(manifest) | {"format": _FORMAT}
    fields["parts"] = [
        {**one, "commitment": one["commitment"].hex(), "wrap": one["wrap"].hex()} for one in fields["parts"]
    ]
    body = json.dumps(fields, sort_keys=True)
    signature = home.worker_keys().sign(_bound(manifest.installation, body))
    with refusals("the backup cannot be written"):
        descriptor = os.open(place / MANIFEST, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            write_all(descriptor, json.dumps({"body": body, "signature": signature.hex()}).encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        sync_folder(place)
        place.rename(final)
        sync_folder(final.parent)
    return final


def _bound(installation: str, body: str) -> bytes:
    return framed(context(installation, Seal.BACKUP, "manifest"), body.encode())


def _overwrite(path: Path, home: Installation) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return
    try:
        write_all(descriptor, home.tokens.secret(os.fstat(descriptor).st_size))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
        path.unlink(missing_ok=True)
    sync_folder(path.parent)


def _sweep(folder: Path) -> None:
    for one in folder.glob(f"{_UNFINISHED}*"):
        shutil.rmtree(one, ignore_errors=True)


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
