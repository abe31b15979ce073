"""`sealgate why`: the whole story of one message, from the log."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.cli.console import column_key, config_option, json_option, no, opened, say, show
from gateway.flow.story import story


@click.command()
@click.argument("message_id", metavar="MESSAGE-ID")
@config_option
@json_option
def why(message_id: str, config: Path, as_json: bool) -> None:
    """Tell what happened to a message and why, oldest first. MESSAGE-ID is Sealgate's own id (X-Sealgate-Id)."""
    with opened(config) as home:
        lines = story(home.store(), message_id, column_key(home))
    if not lines:
        no(f"the log knows no message {message_id}; give the id of X-Sealgate-Id or of `sealgate queue list`")
    for line in lines:
        if as_json:
            event = line.row.event
            show(
                {"at": line.at, "event": event.kind.value, "delivery": event.delivery_id, "actor": event.actor,
                 "text": line.text, "data": dict(event.data)}
            )  # fmt: skip
        else:
            say(f"{line.at.astimezone():%Y-%m-%d %H:%M:%S}  {line.text}")
