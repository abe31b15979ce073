"""`sealgate user`: who may submit, from which addresses, for which purposes; staff."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.cli.console import config_option, json_option, opened, table
from gateway.domain.errors import ConfigError, InvalidAddress
from gateway.domain.patient import Purpose


def _password(file: Path | None) -> str:
    """From a file (its first line), or asked for twice."""
    if file is None:
        asked: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        return asked
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise ConfigError(f"--password-file: {file} cannot be read; name a readable UTF-8 file") from None
    if not lines or not lines[0]:
        raise ConfigError(f"--password-file: {file} is empty; write the password in its first line")
    return lines[0]


_password_option = click.option(
    "--password-file", type=click.Path(path_type=Path), help="File with the password; without it you are asked."
)


@click.group()
def user() -> None:
    """Who may submit, from which addresses, for which purposes; staff."""


@user.command()
@click.argument("name")
@click.option(
    "--send-as",
    multiple=True,
    required=True,
    metavar="ADDRESS|@DOMAIN",
    help="Address, or @domain; may be given again.",
)
@click.option(
    "--purpose", "purposes", type=click.Choice([one.value for one in Purpose]), multiple=True, help="May be claimed."
)
@click.option("--staff", is_flag=True, help="May review held mail.")
@_password_option
@config_option
def add(
    name: str,
    send_as: tuple[str, ...],
    purposes: tuple[str, ...],
    staff: bool,
    password_file: Path | None,
    config: Path,
) -> None:
    """Let NAME submit mail."""
    with opened(config) as home:
        password = _password(password_file)
        try:
            home.users().add(name, password, send_as, purposes, staff=staff)
        except InvalidAddress as error:
            raise ConfigError(f"--send-as: {error}") from None
    click.echo(f"added {name}")


@user.command()
@click.argument("name")
@_password_option
@config_option
def passwd(name: str, password_file: Path | None, config: Path) -> None:
    """Set a new password for NAME."""
    with opened(config) as home:
        home.users().passwd(name, _password(password_file))
    click.echo(f"changed the password of {name}")


@user.command()
@click.argument("name")
@click.option("--undo", is_flag=True, help="Open the account again.")
@config_option
def disable(name: str, undo: bool, config: Path) -> None:
    """Close the account NAME; its line stays, so that the log's names stay explained."""
    with opened(config) as home:
        home.users().disable(name, disabled=not undo)
    click.echo(f"{'enabled' if undo else 'disabled'} {name}")


@user.command(name="list")
@config_option
@json_option
def list_users(config: Path, as_json: bool) -> None:
    """Everybody who may submit."""
    with opened(config) as home:
        rows = [
            {
                "name": one.name,
                "send_as": sorted(one.may_send_as),
                "purposes": sorted(one.purposes),
                "staff": one.staff,
                "disabled": one.disabled,
            }
            for one in home.users().users()
        ]
    table(rows, as_json=as_json, none="nobody may submit yet; `sealgate user add` lets somebody")
