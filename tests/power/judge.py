"""The house after a power cut: what was promised by then must be there. Returns what is lost, in sentences.

`judge` opens the database that the cut left (SQLite recovers it), with the blobs and the shelf that the cut left, and
reads every promised mail, every link that left or may leave, every key that is told to the door. `Restart` builds the
whole house on it and works until nothing is due.
"""

from __future__ import annotations

import base64
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from gateway.adapters.blobs.sealing import SealingVault
from gateway.adapters.choose import open_store
from gateway.adapters.tokens import SystemTokens
from gateway.app.installation import Installation
from gateway.domain.errors import BlobMissing, SealgateError
from gateway.domain.protected import Protected
from gateway.domain.records import Holder, MessageRow, ParcelRow
from gateway.domain.states import FINAL_DELIVERY, DeliveryState, MessageState, ParcelState
from gateway.flow import epochs
from gateway.flow.custody import Custody, wrap_context
from gateway.ports.blobs import BlobWriter
from gateway.ports.clock import Clock
from gateway.ports.store import UnitOfWork
from gateway.ports.vault import Seal
from gateway.seal import hybrid, link
from gateway.seal.context import context
from gateway.seal.parcel import Manifest
from tests.power.disk import Disk, Files
from tests.power.recording import MARK, Deed
from tests.power.scenario import INIT, NOW, PROMISED, SHREDDED
from tests.support.fakes import START
from tests.support.home import Home

HOME, OUTBOX = "sealgate/", "outbox/"
_LINK = re.compile(rb"/m/([A-Za-z0-9_-]{43})")
_OPEN = {ParcelState.SEALED, ParcelState.OPENED}


@dataclass
class Known:
    """What the world outside knows at a moment: the 250s it was given, and the mails that the next hop took."""

    mails: dict[str, bytes]
    """Every mail of the recording by its id, as it was submitted."""
    ready: bool = False
    promised: list[str] = field(default_factory=list)
    hop: dict[str, bytes] = field(default_factory=dict)
    shredded: list[bytes] = field(default_factory=list)
    now: datetime = START
    """By the recording's clock, if it has one of its own."""

    def see(self, deed: Deed, disk: Disk) -> None:
        """One more deed was done."""
        if deed.kind == MARK:
            self.ready |= deed.path == INIT
            if deed.path.startswith(PROMISED):
                self.promised.append(deed.path.removeprefix(PROMISED))
            if deed.path.startswith(SHREDDED):
                self.shredded.append(bytes.fromhex(deed.path.removeprefix(SHREDDED)))
            if deed.path.startswith(NOW):
                self.now = datetime.fromisoformat(deed.path.removeprefix(NOW))
        elif deed.kind == "r" and deed.other.startswith(OUTBOX) and deed.other.endswith(".eml"):
            self.hop = {name: data for name, data in disk.whole().items() if name.startswith(OUTBOX)}


class _Blobs:
    """The blobs that the cut left."""

    def __init__(self, files: Files) -> None:
        self._found = {
            name.rpartition("/")[2]: data
            for name, data in files.items()
            if name.startswith(f"{HOME}data/blobs/") and "/unfinished/" not in name
        }

    def read(self, name: str) -> Iterator[bytes]:
        if name not in self._found:
            raise BlobMissing(f"no blob {name}")
        return iter([self._found[name]])

    def create(self, name: str) -> BlobWriter:
        raise NotImplementedError

    def delete(self, name: str) -> None:
        raise NotImplementedError

    def names(self) -> Iterator[tuple[str, float]]:
        return iter([(name, 0.0) for name in self._found])

    def sweep(self, older_than: float) -> int:
        raise NotImplementedError


class _Shelf:
    """The part of the shelf that the cut left."""

    def __init__(self, files: Files, part: str) -> None:
        prefix = f"{HOME}shelf/{part}/"
        self._found = {name.removeprefix(prefix): data for name, data in files.items() if name.startswith(prefix)}

    def get(self, name: str) -> Protected[bytes] | None:
        found = self._found.get(name)
        return None if found is None else Protected(found)

    def names(self) -> tuple[str, ...]:
        return tuple(one for one in self._found if not one.startswith("."))

    def put(self, name: str, secret: Protected[bytes]) -> None:
        raise NotImplementedError

    def destroy(self, name: str) -> None:
        raise NotImplementedError


class Judge:
    """Judges cuts of one recording. `real` is the folder that was recorded, with its keys; `work` a place for copies."""

    def __init__(self, real: Path, work: Path, clock: Clock) -> None:
        self._inst = Installation.load(real / "sealgate" / "sealgate.toml")
        self._keys = self._inst.worker_keys()
        self._clock, self._tokens, self._work = clock, SystemTokens(clock), work
        self._fixed = {
            str(one.relative_to(real)): one.read_bytes()
            for pattern in ("*.toml", "keys/*", "certificates/*")
            for one in (real / "sealgate").glob(pattern)
            if one.name != "grace@clinic.example.net.pem"  # the practice's own file, not the gateway's
        }
        self._archive = {
            one.stem: hybrid.OpenWith(Protected(base64.b64decode(one.read_bytes())))
            for one in (real / "sealgate").glob("OFFLINE*/archive-*.key")
        }

    def losses(self, files: Files, known: Known) -> list[str]:
        """What a cut that left those files has lost."""
        if not known.ready:
            return []
        lost = [f"{name} is not as init wrote it" for name, data in self._fixed.items() if files.get(name) != data]
        shutil.rmtree(self._work, ignore_errors=True)
        self._work.mkdir(parents=True)
        for name in ("sealgate.db", "sealgate.db-wal"):
            if f"{HOME}data/{name}" in files:
                (self._work / name).write_bytes(files[f"{HOME}data/{name}"])
        lost += [
            "what was shredded is on the disk"
            for trace in known.shredded
            if any(trace in data for name, data in files.items() if name.startswith(f"{HOME}data/"))
        ]
        try:
            self._database()
        except sqlite3.Error as error:
            return [*lost, f"the database does not open: {error}"]
        return lost + _House(self, files, known).losses()

    def _database(self) -> None:
        with closing(sqlite3.connect(f"file:{self._work / 'sealgate.db'}?mode=rw", uri=True)) as database:
            for check in ("integrity_check", "foreign_key_check"):
                found = database.execute(f"PRAGMA {check}").fetchall()
                if found not in ([("ok",)], []):
                    raise sqlite3.DatabaseError(f"{check}: {found[:3]}")


class _House:
    """Readers over what one cut left."""

    def __init__(self, judge: Judge, files: Files, known: Known) -> None:
        self._known, self._id = known, judge._inst.id
        self._keys = replace(judge._keys, epochs=_Shelf(files, "epochs"), peppers=_Shelf(files, "peppers"))
        self._store = open_store(f"sqlite:///{judge._work / 'sealgate.db'}", judge._tokens)
        self._blobs = _Blobs(files)
        self._vault = SealingVault(self._blobs, self._id, judge._tokens.secret)
        self._custody = Custody(self._store, self._vault, self._keys)
        self._archive = judge._archive

    def losses(self) -> list[str]:
        lost: list[str] = []
        try:
            for message in self._known.promised:
                lost += self._tried(f"message {message}", lambda one=message: self._message(one))  # type: ignore[misc]
            lost += self._tried("wraps", self._wraps)
            lost += self._tried("epochs", self._epochs)
            lost += self._tried("links in hand", self._links_in_hand)
            for name, raw in self._known.hop.items():
                if found := _LINK.search(raw):
                    token = found[1].decode()
                    lost += self._tried(f"link in {name}", lambda one=token: self._link(one))  # type: ignore[misc]
        finally:
            self._store.close()
        return lost

    def _tried(self, what: str, look: object) -> list[str]:
        assert callable(look)
        try:
            return [f"{what}: {said}" for said in look()]
        except SealgateError as error:
            return [f"{what}: {type(error).__name__}: {error}"]

    def _message(self, message: str) -> Iterator[str]:
        with self._store.begin() as uow:
            row, deliveries = uow.messages.get(message), uow.deliveries.of_message(message)
            jobs = uow.jobs.pending()
        if row is None:
            yield "its row is not there"
            return
        raw = self._known.mails[message]
        if row.record:
            if raw not in b"".join(self._custody.content(row, self._custody.record(row))):
                yield "its content is another one"
            if row.state is MessageState.RECEIVED and not {"assess"} & set(jobs):
                yield "no job is queued for it"
            return
        if row.state is not MessageState.SETTLED:
            yield f"it cannot be opened any more, but is {row.state}"
        if any(one.state not in FINAL_DELIVERY for one in deliveries):
            yield "it cannot be opened any more, but a delivery has not ended"
        for one in deliveries:
            if one.state is DeliveryState.DELIVERED and not any(message in name for name in self._known.hop):
                yield "it says delivered, but nothing was"
        if any(one.state is DeliveryState.DELIVERED for one in deliveries):
            yield from self._archived(row, raw)

    def _archived(self, row: MessageRow, raw: bytes) -> Iterator[str]:
        with self._store.begin() as uow:
            stored = uow.objects.get(row.object_id)
            wraps = {holder: sealed for holder, sealed in uow.objects.wraps(row.object_id) if holder.kind == "archive"}
        if stored is None or len(wraps) != len(self._archive):
            yield "the archive has no wrap of it"
            return
        for holder, sealed in wraps.items():
            key = self._archive[f"archive-{holder.id}"].open(sealed, wrap_context(self._id, row.object_id, holder))
            whole = b"".join(self._vault.open(row.object_id, Seal.MAIL, "", key, stored.commitment))
            if raw not in whole:
                yield "the archive's copy is another one"

    def _wraps(self) -> Iterator[str]:
        """Forgetting goes wrap, then blob: what somebody can open has its blob."""
        there = {name for name, _ in self._blobs.names()}
        with self._store.begin() as uow:
            for message in uow.messages.listed(list(MessageState)):
                for one in uow.objects.of_message(message.id):
                    if uow.objects.wraps(one.id) and one.id not in there:
                        yield f"object {one.id} ({one.purpose}) has a wrap and no blob"

    def _epochs(self) -> Iterator[str]:
        with self._store.begin() as uow:
            rows = [(row, uow.epochs.in_use(row.id)) for row in uow.epochs.all()]
        for row, used in rows:
            if (row.state in {epochs.NEW, epochs.ADVERTISED} or used) and self._keys.epochs.get(row.id) is None:
                yield f"epoch {row.id} is {row.state}, and its private half is not on the shelf"

    def _links_in_hand(self) -> Iterator[str]:
        with self._store.begin() as uow:
            held = [
                (parcel, uow.objects.secret(parcel.delivery_id))
                for parcel in uow.parcels.listed(list(_OPEN))
                if uow.objects.secret(parcel.delivery_id) is not None
            ]
        for parcel, sealed in held:
            assert sealed is not None
            bound = context(self._id, Seal.LINK, parcel.delivery_id, "delivery", sealed[0])
            secret = epochs.private(self._keys, sealed[0]).open(sealed[1], bound)
            yield from self._parcel(parcel, secret)

    def _link(self, token: str) -> Iterator[str]:
        secret = link.read_token(token)
        assert secret is not None
        with self._store.begin() as uow:
            parcel = uow.parcels.by_lookup(link.lookup(secret, self._keys.lookup, self._id))
        if parcel is None:
            yield "a link that left leads nowhere"
        elif parcel.state in _OPEN:
            yield from self._parcel(parcel, secret)

    def _parcel(self, parcel: ParcelRow, secret: Protected[bytes]) -> Iterator[str]:
        pepper = self._keys.peppers.get(parcel.id)
        if pepper is None:
            yield f"parcel {parcel.id} is {parcel.state}, and its pepper is not on the shelf"
            return
        kek = link.kek(secret, pepper, self._id, parcel.id)
        with self._store.begin() as uow:
            letter = b"".join(self._opened(uow, parcel, parcel.manifest_id, Seal.MANIFEST, kek))
            for one in Manifest.decode(letter).enclosed:
                for _ in self._opened(uow, parcel, one.object_id, Seal.ATTACHMENT, kek):
                    pass

    def _opened(
        self, uow: UnitOfWork, parcel: ParcelRow, object_id: str, purpose: Seal, kek: Protected[bytes]
    ) -> Iterator[bytes]:
        row, wrap = uow.objects.get(object_id), uow.objects.wrap(object_id, Holder("parcel", parcel.id))
        if row is None or wrap is None:
            raise BlobMissing(f"object {object_id} of parcel {parcel.id} has no wrap")
        bound = context(self._id, Seal.WRAP, object_id, f"parcel:{parcel.id}")
        return self._vault.open(object_id, purpose, "", link.unwrap(kek, wrap, bound), row.commitment)


def restarted(real: Path, place: Path, files: Files, known: Known, clock: Clock) -> list[str]:
    """Build the whole house on what a cut left, let it work, and see each promised mail end as it was decided."""
    shutil.rmtree(place, ignore_errors=True)
    for name, data in (files | known.hop).items():
        path = place / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_bytes(data.replace(f"{real}/".encode(), f"{place}/".encode()) if name.endswith(".toml") else data)
        path.chmod(0o600)
    lost: list[str] = []
    with Home(place, clock=clock) as home:  # type: ignore[arg-type]
        home.sql("UPDATE jobs SET lease_until = 1 WHERE lease_until IS NOT NULL")
        home.settle()
        for message in known.promised:
            state, ended = home.message(message).state, {one.state for one in home.deliveries(message)}
            left = [one for one in home.sent() if message in one.name and "Auto-Submitted" not in one.parsed]
            final = state is MessageState.SETTLED and ended <= FINAL_DELIVERY
            if not final and state not in {MessageState.HELD, MessageState.ASSESSED}:
                lost.append(f"message {message} is {state}, its copies {ended}")
            if DeliveryState.DELIVERED in ended and not left:
                lost.append(f"message {message} says delivered, and nothing left")
            if len({one.message_id for one in left}) > 1:
                lost.append(f"copies of message {message} have several Message-IDs")
        for one in home.sent():
            if _LINK.search(one.raw):
                with home.store.begin() as uow:
                    secret = link.read_token(one.token())
                    assert secret is not None
                    parcel = uow.parcels.by_lookup(link.lookup(secret, home.keys.lookup, home.inst.id))
                if parcel is None:
                    lost.append(f"the link in {one.name} leads nowhere")
                elif parcel.state is ParcelState.SEALED and home.open_link(one).text.count("diabetes") != 1:
                    lost.append(f"the link in {one.name} opens another letter")
    return lost
