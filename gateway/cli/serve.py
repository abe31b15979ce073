"""`sealgate serve`: run the gateway; and `sealgate role`, which the parent starts once for each role."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.cli.console import config_option


@click.command()
@config_option
@click.option(
    "--roles",
    default="",
    metavar="ROLES",
    help="smtp,inbound,worker,web,review; by default all that the configuration uses, but review.",
)
def serve(config: Path, roles: str) -> int:
    """Run the gateway: one process for each role. SIGHUP reloads policy and certificates (a bad file keeps the old one), SIGTERM drains within 40 s."""
    from gateway.app.supervisor import serve as run

    return run(config, [one.strip() for one in roles.split(",") if one.strip()])


@click.command(hidden=True)
@click.argument("name")
@config_option
def role(name: str, config: Path) -> None:
    """Run one role in this process."""
    from gateway.app.roles import ROLES, run_role

    if name not in ROLES:
        raise click.UsageError(f"unknown role {name!r}; known are {', '.join(ROLES)}")
    run_role(name, config)
