"""`sealgate init`: the first files of an installation."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.adapters.clock import SystemClock
from gateway.adapters.tokens import SystemTokens
from gateway.app.created import OFFLINE, create
from gateway.cli.console import json_option, show
from gateway.config.starter import starter_config, starter_policy
from gateway.domain.errors import ConfigError


class _Ports(click.ParamType[tuple[int, int, int, int]]):
    name = "PORTS"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int, int, int]:
        numbers = [int(one) for one in str(value).split(",") if one.isascii() and one.isdecimal() and int(one) < 65536]
        if len(numbers) != 4:
            self.fail("four ports are needed: submission,submissions,inbound,web", param, ctx)
        return numbers[0], numbers[1], numbers[2], numbers[3]


@click.command()
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.option(
    "--name", default="Example Practice", show_default=True, help="The practice's name as recipients read it."
)
@click.option("--domain", default="practice.example.org", show_default=True, help="Domain of the practice's addresses.")
@click.option(
    "--portal-url", default="", help="Where recipients reach the portal; by default https://secure.DOMAIN:PORT."
)
@click.option("--phone", default="", help="Telephone number shown to recipients.")
@click.option("--time-zone", default="America/New_York", show_default=True, help="Whose calendar days count.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--ports", type=_Ports(), default="587,465,2525,8443", show_default=True, help="submission,submissions,inbound,web."
)
@click.option("--relay", default="capture:///./data/outbox", show_default=True, help="The next hop's URL.")
@click.option("--notifier", default="capture:///./data/texts", show_default=True, help="Text messages' URL.")
@click.option("--sandbox", type=click.Choice(["strong", "weak"]), default="strong", show_default=True, help="See docs.")
@click.option(
    "--self-signed", is_flag=True, help="Make a TLS certificate for this machine only, for trying things out."
)
@json_option
def init(
    folder: Path, name: str, domain: str, portal_url: str, phone: str, time_zone: str, host: str,
    ports: tuple[int, int, int, int], relay: str, notifier: str, sandbox: str, self_signed: bool, as_json: bool,
) -> None:  # fmt: skip
    """Write the first files of an installation into DIR (by default here). A file that exists is kept and named."""
    clock = SystemClock()

    def config() -> str:
        return starter_config(
            name, domain, portal_url=portal_url, phone=phone, time_zone=time_zone, host=host, ports=ports, relay=relay,
            notifier=notifier, sandbox=sandbox,
        )  # fmt: skip

    if folder.is_file():
        raise ConfigError(f"{folder}: is a file; name a directory")
    done = create(
        folder.resolve(), config, starter_policy(), clock=clock, tokens=SystemTokens(clock), self_signed=self_signed
    )
    if as_json:
        show({"made": [str(one) for one in done.made], "kept": [str(one) for one in done.kept]})
        return
    for path in done.made:
        click.echo(f"made  {path}")
    for path in done.kept:
        click.echo(f"kept  {path} (it was there)")
    if any(path.parent.name == OFFLINE for path in done.made):
        click.echo(
            f"\nNow move the archive's private keys away: {folder.resolve() / OFFLINE} (README.txt there says how)."
        )
    click.echo("Next: edit sealgate.toml, then `sealgate check`.")
