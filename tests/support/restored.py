"""Backups of a `Home`, and another `Home` that is restored from one: the same people, clock and links, another directory."""

from __future__ import annotations

from pathlib import Path

from gateway.adapters.heads import read_heads
from gateway.app.backup import back_up
from gateway.app.created import OFFLINE
from gateway.app.restore import restore
from gateway.app.unpack import check_source
from gateway.flow.quarantine import Quarantine, Restored, quarantined
from tests.support.home import Home


def backup(home: Home) -> Path:
    """A backup of the running installation."""
    return back_up(home.inst, home.root.parent / "backups", "test")


def offline_key(home: Home) -> Path:
    """The private half that is kept elsewhere."""
    return home.root / OFFLINE / "backup.key"


def journal(home: Home) -> Path:
    """The journal outside, brought up to date as the worker's duties do."""
    home.rooms.worker.do_duties()
    return home.root / "journal.jsonl"


def bring_back(home: Home, made: Path, root: Path, journal_file: Path | None) -> Restored:
    """Restore into `root`/sealgate."""
    source = check_source(made, offline_key(home))
    heads = read_heads(home.root / "audit-heads.jsonl")
    return restore(source, root / "sealgate", journal_file, heads, "test", clock=home.clock, tokens=home.tokens)


def started(home: Home, root: Path) -> Home:
    """The restored installation with all its steps, still in quarantine."""
    other = Home(root, clock=home.clock)
    with other.store.begin() as uow:
        assert quarantined(uow)
    return other


def confirm(other: Home, *, send_notices: bool = False) -> None:
    """A person confirms; then everything that is due runs."""
    Quarantine(other.store, other.clock, other.inst.columns()).confirm(
        "test", "looked at everything", send_notices=send_notices
    )
    other.settle()


def release(other: Home, message_id: str) -> None:
    """A person says that a message was not sent; then everything that is due runs."""
    Quarantine(other.store, other.clock, other.inst.columns()).release(message_id, "test", "the recipient was asked")
    other.settle()
