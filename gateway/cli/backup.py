"""`sealgate backup`, `restore` and `drill`: sealed backups, brought back quarantined, and the proof that they can be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import click

from gateway.adapters.clock import SystemClock
from gateway.adapters.heads import read_heads
from gateway.adapters.tokens import SystemTokens
from gateway.app.backup import back_up
from gateway.app.drill import drill as try_out
from gateway.app.restore import restore as bring_back
from gateway.app.roles import quiet_logs
from gateway.app.unpack import check_source
from gateway.cli.console import actor, config_option, json_option, opened, say, show
from gateway.domain.errors import ConfigError
from gateway.flow.quarantine import Restored
from gateway.ports.store import HeadRow

F = TypeVar("F", bound=Callable[..., Any])
_LISTS = {
    "delivered": "copies ended after the backup and are not sent again",
    "closed": "links were closed after the backup; their keys are destroyed again",
    "epochs": "epoch keys were destroyed after the backup, and are again",
    "held": "messages wait for a person's word (`sealgate quarantine release`)",
    "may_have_left": "of them may have been sent already",
    "lost": "messages are lost; once confirmed, their senders are asked to send them again",
    "lost_links": "links open no more; once confirmed, their senders are asked to send them again",
    "unarchived": "delivered messages have no archive copy",
    "unreplayed": "things of the journal could not be replayed",
}


def _backup_options(command: F) -> F:
    for option in (
        click.option("--heads", type=click.Path(path_type=Path), help="The log's heads that were kept outside."),
        click.option("--journal", type=click.Path(path_type=Path), help="The journal that was kept outside."),
        click.option("--key", type=click.Path(path_type=Path), required=True, help="backup.key, brought back."),
        click.argument("backup", type=click.Path(path_type=Path)),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@config_option
@json_option
def backup(folder: Path, config: Path, as_json: bool) -> None:
    """Write a sealed backup of this installation into a new directory in DIR, without stopping it.

    Only the offline backup key opens it. The copy of the key shelf in it is ended after 7 days, by the next backup to DIR.
    """
    with opened(config) as home:
        made = back_up(home, folder.resolve(), actor())
    if as_json:
        show({"backup": str(made), "bytes": sum(one.stat().st_size for one in made.iterdir())})
    else:
        say(f"wrote {made}")


@click.command()
@_backup_options
@click.option("--to", "target", type=click.Path(path_type=Path), required=True, help="A directory that is not there.")
@json_option
def restore(backup: Path, key: Path, journal: Path | None, heads: Path | None, target: Path, as_json: bool) -> None:
    """Make a new directory out of the one backup BACKUP; overwrites nothing.

    The restored system is quarantined: doors closed, links shut, nothing sent. What the journal tells of is done again:
    revoked stays revoked, delivered is not sent again. Then: edit its sealgate.toml, `sealgate check`, `sealgate serve`,
    `sealgate quarantine show`, and `sealgate quarantine confirm` when a person has looked.
    """
    quiet_logs()
    clock = SystemClock()
    source = check_source(backup, key)
    found = bring_back(
        source, target, _there(journal, "--journal"), _heads(heads), actor(), clock=clock, tokens=SystemTokens(clock)
    )  # fmt: skip
    tell(found, as_json=as_json, directory=str(target.resolve()))


@click.command()
@_backup_options
@click.option(
    "--in",
    "within",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Where to, if memory is short.",
)
@json_option
def drill(backup: Path, key: Path, journal: Path | None, heads: Path | None, within: Path | None, as_json: bool) -> int:
    """Restore BACKUP into a private directory in memory, check everything in it, and destroy that directory.

    Keys lie there in clear meanwhile: name a directory with --in only on an encrypted disk. Changes nothing of any
    installation. Exit status 1 if anything is wrong.
    """
    quiet_logs()
    clock = SystemClock()
    source = check_source(backup, key)
    found = try_out(
        source, _there(journal, "--journal"), _heads(heads), clock=clock, tokens=SystemTokens(clock), within=within
    )
    if as_json:
        show({"ok": not found.problems, "problems": found.problems, "in_hand": found.in_hand, "objects": found.objects,
              "log_rows": found.log_rows, "cannot_prove": list(found.cannot_prove),
              "restored": _fields(found.restored) if found.restored else None})  # fmt: skip
        return int(bool(found.problems))
    say(f"{found.objects} sealed objects, {found.in_hand} messages in hand open, {found.log_rows} rows of the log")
    for sentence in found.problems:
        say(f"problem: {sentence}")
    for sentence in found.cannot_prove:
        say(f"note: {sentence}")
    say("the backup is good" if not found.problems else "THE BACKUP IS NOT GOOD")
    return int(bool(found.problems))


def tell(found: Restored, *, as_json: bool, directory: str = "") -> None:
    """What a restore found, for the person who confirms."""
    if as_json:
        show({**({"directory": directory} if directory else {}), **_fields(found)})
        return
    if directory:
        say(f"restored into {directory}, in quarantine")
    say(f"backup {found.backup} of {found.taken_at}; {found.rows} rows of the journal put back")
    if found.missing_rows:
        say(f"{found.missing_rows} rows of the log are known to the heads outside, and missing in the journal")
    if found.notices:
        say(f"{found.notices} notices of before may have been sent already (`confirm --send-notices` sends them)")
    for name, words in _LISTS.items():
        ids = getattr(found, name)
        if ids:
            say(f"\n{len(ids)} {words}:")
            for one in ids:
                say(f"  {one}")


def _fields(found: Restored) -> dict[str, object]:
    return {name: list(one) if isinstance(one, tuple) else one for name, one in asdict(found).items()}


def _there(path: Path | None, option: str) -> Path | None:
    if path is not None and not path.is_file():
        raise ConfigError(f"{option}: {path} is no file; name the copy that was kept outside")
    return path


def _heads(path: Path | None) -> list[HeadRow]:
    found = _there(path, "--heads")
    return read_heads(found) if found is not None else []
