"""`sealgate check`: is everything there that the configuration names, and what weakens a promise."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.app.checkup import examine
from gateway.cli.console import config_option, json_option, opened, show


@click.command()
@config_option
@json_option
def check(config: Path, as_json: bool) -> int:
    """Resolve and validate configuration, keys and stores, and print the configuration (secrets are only ever paths).

    Exit status 2 if anything would keep a role from starting.
    """
    with opened(config) as home:
        settings = home.settings.model_dump(mode="json")
        found = examine(home)
    if as_json:
        show(
            {
                "ok": not found.problems,
                "problems": found.problems,
                "warnings": found.warnings,
                "sandbox": list(found.layers),
                "settings": settings,
            }
        )
        return 2 if found.problems else 0
    for section, values in settings.items():
        _print(section, values)
    click.echo(f"\nsandbox layers: {', '.join(found.layers) or 'none'}")
    for sentence in found.warnings:
        click.echo(f"warning: {sentence}")
    for sentence in found.problems:
        click.echo(f"problem: {sentence}", err=True)
    click.echo("\nEverything that the configuration names is usable." if not found.problems else "")
    return 2 if found.problems else 0


def _print(name: str, values: object) -> None:
    if isinstance(values, dict):
        click.echo(f"[{name}]")
        for key, value in values.items():
            if isinstance(value, dict):
                _print(f"{name}.{key}", value)
            else:
                click.echo(f"{key} = {_value(value)}")
    else:
        click.echo(f"{name} = {_value(values)}")


def _value(value: object) -> str:
    if value is None:
        return "(not set)"
    if isinstance(value, list):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
