"""How copies end: a copy of the shelf after its days, the oldest backups beyond the number kept, and what a restore or a drill
wrote in clear and is not needed any more. Whatever holds keys is overwritten before its name goes.

That erases where the file system writes in place; flash, snapshots and copies elsewhere keep what they have.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from gateway.adapters.durable import overwrite, refusals, sync_folder
from gateway.app.backup_manifest import MANIFEST
from gateway.app.backup_parts import SHELF, file_name
from gateway.app.installation import Installation

UNFINISHED = ".unfinished-"
"""How the name of what is not whole begins."""
_NAME = re.compile(r"backup-(\d{8}T\d{6}Z)-[a-z0-9]+")
_TIME = "%Y%m%dT%H%M%SZ"
_KEYS_ARE_SMALLER = 64 * 1024
"""Bytes. Larger files of a restored directory are sealed under keys that lie in smaller ones."""


def name_of(backup: str, taken: datetime) -> str:
    """The name of a whole backup's directory; `taken` in UTC."""
    return f"backup-{taken.strftime(_TIME)}-{backup}"


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
                overwrite(one / file_name(SHELF), home.tokens.secret)
        for one in found[: -keep.keep]:
            overwrite(one / file_name(SHELF), home.tokens.secret)
            (one / MANIFEST).unlink(missing_ok=True)  # first: half a backup must not look whole
            sync_folder(one)
            shutil.rmtree(one)
        sync_folder(folder)


def sweep(folder: Path, random: Callable[[int], bytes]) -> None:
    """Remove what an earlier run left unfinished."""
    for one in folder.glob(f"{UNFINISHED}*"):
        with refusals("an unfinished backup cannot be removed"):
            overwrite(one / file_name(SHELF), random)
        shutil.rmtree(one, ignore_errors=True)


def destroy(folder: Path, random: Callable[[int], bytes]) -> None:
    """Remove a restored directory with the keys that lie in it in clear; what cannot be overwritten is removed all the same."""
    try:
        with refusals("what was restored cannot be overwritten"):
            for path in folder.rglob("*"):
                if path.is_file() and not path.is_symlink() and path.stat().st_size <= _KEYS_ARE_SMALLER:
                    overwrite(path, random)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
