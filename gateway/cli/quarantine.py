"""`sealgate quarantine`: what a person looks at and decides after a restore."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.app.outside import accept_head, log_watch
from gateway.cli.backup import tell
from gateway.cli.console import actor, config_option, json_option, no, opened, say, show
from gateway.flow.quarantine import Quarantine, found, quarantined


@click.group()
def quarantine() -> None:
    """A restored system takes, shows and sends nothing until a person confirms it."""


@quarantine.command(name="show")
@config_option
@json_option
def show_quarantine(config: Path, as_json: bool) -> int:
    """What the restore did, what waits and what is lost. Exit status 1 while the quarantine lasts."""
    with opened(config) as home, home.store().begin() as uow:
        lasts, told = quarantined(uow), found(uow)
    if told is None:
        if as_json:
            show({"quarantine": lasts})
        else:
            say("this system was not restored from a backup")
        return int(lasts)
    if not as_json:
        say("IN QUARANTINE" if lasts else "confirmed; no quarantine")
    tell(told, as_json=as_json)
    return int(lasts)


@quarantine.command()
@click.option("--reason", required=True, help="Who looked at what, for the log. Name no patient.")
@click.option("--send-notices", is_flag=True, help="Send notices of before the backup too; some may arrive twice.")
@config_option
def confirm(reason: str, send_notices: bool, config: Path) -> None:
    """End the quarantine: the doors open, links open again unless they were closed, lost mail is reported to its senders.

    Make sure first that the old machine does not run any more. Mail that was in hand stays held: see `release`.
    """
    with opened(config) as home:
        if log_watch(home).look_whole():
            accept_head(home)  # heads outside tell of rows that the backup does not have
        waited = Quarantine(home.store(), home.clock, home.columns()).confirm(
            actor(), reason, send_notices=send_notices
        )
    say(f"confirmed; {waited} notices of before are {'sent' if send_notices else 'not sent'}")


@quarantine.command()
@click.argument("message_ids", metavar="MESSAGE-ID…", nargs=-1, required=True)
@click.option("--reason", required=True, help="How you know that it was not sent, for the log. Name no patient.")
@config_option
def release(message_ids: tuple[str, ...], reason: str, config: Path) -> None:
    """Have messages that the restore holds assessed anew and sent as policy decides now.

    `sealgate queue refuse` ends one instead; its sender is told that nobody can say whether it was sent.
    """
    with opened(config) as home:
        with home.store().begin() as uow:
            if quarantined(uow):
                no("the system is in quarantine; `sealgate quarantine confirm` comes first")
        for message_id in message_ids:
            Quarantine(home.store(), home.clock, home.columns()).release(message_id, actor(), reason)
            say(f"{message_id} is assessed anew")
