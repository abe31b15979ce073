"""`sealgate archive`: the sealed six-year copies, opened with a key that is kept elsewhere."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from gateway.app.archived import open_archived
from gateway.cli.console import actor, config_option, opened
from gateway.domain.errors import ConfigError


@click.group()
def archive() -> None:
    """The sealed six-year copies. The gateway itself cannot open them."""


@archive.command(name="open")
@click.argument("message_id", metavar="MESSAGE-ID")
@click.option(
    "--key", "key_file", type=click.Path(path_type=Path), required=True, help="The archive's private key, brought back."
)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write there (a new file); else standard output."
)
@config_option
def open_message(message_id: str, key_file: Path, out: Path | None, config: Path) -> None:
    """Write the original mail, if it is whole and unchanged. The log says who opened what, with which key."""
    if out is not None and out.exists():
        raise ConfigError(f"--out: {out} exists; name a new file")
    with opened(config) as home:
        chunks = open_archived(home, message_id, key_file, actor())
        if out is None:
            for chunk in chunks():
                sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()
            return
        try:
            with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                for chunk in chunks():
                    file.write(chunk)
        except OSError as error:
            out.unlink(missing_ok=True)
            raise ConfigError(f"--out: {out} cannot be written ({error.strerror}); name another place") from None
    click.echo(f"wrote {out}", err=True)
