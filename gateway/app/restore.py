"""`sealgate restore`: a backup becomes a directory that an installation can start from, quarantined, or nothing does.

1 the manifest's signature, every part's hash; everything is unpacked beside the target under a name that says unfinished
2 quarantine is written into the database before anything else of it is used
3 the journal is replayed, all work put where only a person lets it go on, keys that were destroyed since are destroyed again
4 everything synced; one rename gives the directory its name. Until then a death leaves only what says that it is unfinished
Nothing outside the target is written, and nothing that exists is replaced.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from gateway.adapters.durable import refusals, sync_file, sync_folder
from gateway.adapters.journal import read_lines
from gateway.app.backup_ends import UNFINISHED, destroy
from gateway.app.installation import Installation
from gateway.app.unpack import Source, unpacked
from gateway.app.worker_role import Rooms, build
from gateway.domain.audit import Event, EventKind, Scalar
from gateway.domain.errors import ConfigError
from gateway.flow.quarantine import Restored, keep
from gateway.ports.clock import Clock
from gateway.ports.store import HeadRow
from gateway.ports.tokens import Tokens


def restore(
    source: Source,
    target: Path,
    journal: Path | None,
    heads: Iterable[HeadRow],
    by: str,
    *,
    clock: Clock,
    tokens: Tokens,
) -> Restored:
    """Make `target` out of a backup; returns what was found. ConfigError if there is anything, StoreUnavailable when it
    cannot be written: then nothing is there.
    """
    target = target.resolve()
    if target.exists() and not _empty(target):
        raise ConfigError(f"--to: {target} exists; a restore overwrites nothing, name a new directory")
    staging = target.with_name(f"{UNFINISHED}{tokens.id()}")
    with refusals("the restored directory cannot be made"):
        staging.parent.mkdir(parents=True, exist_ok=True)
        staging.mkdir(mode=0o700)
    try:
        with unpacked(source, staging, clock, tokens) as home:
            found = replayed(home, source, journal, heads, by)
        with refusals("the restored directory cannot be made durable"):
            _sync_tree(staging)
            staging.rename(target)  # takes the place of an empty directory, and of nothing else
            sync_folder(target.parent)
    except BaseException:
        destroy(staging, tokens.secret)  # keys lie in it in clear
        raise
    return found


def replayed(home: Installation, source: Source, journal: Path | None, heads: Iterable[HeadRow], by: str) -> Restored:
    """Replay the journal and put all work in order; the database then says what was found."""
    rooms = build(home)
    try:
        found = _replayed(home, rooms, source, journal, heads, by)
    finally:
        rooms.close()
    home.store().after_shredding()
    return found


def _replayed(
    home: Installation, rooms: Rooms, source: Source, journal: Path | None, heads: Iterable[HeadRow], by: str
) -> Restored:
    known = rooms.replay().run(read_lines(journal) if journal is not None else ())
    with home.store().begin() as uow:
        missing = max((head.size for head in heads), default=0) - uow.audit.size()
    blobs = {name for name, _ in home.vault().names()}
    found = rooms.reopen(blobs).run(known)
    told = Restored(
        backup=source.manifest.backup, taken_at=source.manifest.taken_at, rows=known.rows, missing_rows=max(0, missing),
        delivered=tuple(sorted(known.delivered)), closed=tuple(sorted(known.closed)), epochs=tuple(sorted(known.epochs)),
        held=tuple(found.held), may_have_left=tuple(found.may_have_left), lost=tuple(found.lost),
        lost_links=tuple(found.lost_links), unarchived=tuple(found.unarchived), notices=found.notices,
        unreplayed=tuple(known.unreplayed if journal is not None else ["there was no journal"]),
    )  # fmt: skip
    with home.store().begin() as uow:
        keep(uow, told)
        data: dict[str, Scalar] = {
            "backup": told.backup,
            "rows": told.rows,
            "held": len(told.held),
            "lost": len(told.lost),
        }
        uow.audit.append(Event(EventKind.RESTORED, actor=by, data=data), home.clock.now())
    return told


def _sync_tree(root: Path) -> None:
    for folder, _, names in os.walk(root):
        for name in names:
            sync_file(Path(folder) / name)
        sync_folder(Path(folder))


def _empty(folder: Path) -> bool:
    return folder.is_dir() and not any(folder.iterdir())
