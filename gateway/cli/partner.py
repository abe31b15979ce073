"""`sealgate partner`: colleagues, insurers and providers, with their agreements' dates."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.app.register_files import read_partners
from gateway.cli.console import config_option, json_option, no, opened, page, read_input, table
from gateway.cli.registered import importer, say
from gateway.domain.errors import ConfigError, InvalidAddress
from gateway.domain.patient import Partner, normal_scope


@click.group()
def partner() -> None:
    """Colleagues, insurers and providers, with their agreements' dates."""


@partner.command(name="import")
@click.argument("file", metavar="FILE")
@config_option
@json_option
def import_partners(file: str, config: Path, as_json: bool) -> None:
    """Add or change partners from CSV (name, kind, domain_or_address, baa_date, baa_expires, trust). A known one is found
    by its domain or address.
    """
    data = read_input(file)
    try:
        found = read_partners(data)
    except ConfigError as error:
        raise ConfigError(f"{file}: {error}") from None
    with opened(config) as home:
        counts = importer(home).partners(found)
    say(counts, "partners", as_json=as_json)


@partner.command(name="list")
@config_option
@json_option
def list_partners(config: Path, as_json: bool) -> None:
    """Every partner."""
    with opened(config) as home, home.store().begin() as uow:
        rows = [_fields(one) for one in home.register().partners(uow)]
    rows.sort(key=lambda row: str(row["domain_or_address"]))
    table(rows, as_json=as_json, none="there is no partner yet; `sealgate partner import FILE` adds some")


@partner.command()
@click.argument("domain_or_address")
@config_option
@json_option
def show(domain_or_address: str, config: Path, as_json: bool) -> None:
    """The partner entry for a domain or address."""
    try:
        scope = normal_scope(domain_or_address)
    except InvalidAddress as error:
        raise click.UsageError(str(error)) from None
    with opened(config) as home, home.store().begin() as uow:
        found = [one for one in home.register().partners(uow) if one.scope == scope]
    if not found:
        no("there is no partner entry for this domain or address; `sealgate partner list` shows all")
    page({"id": found[0].id, "version": found[0].version, **_fields(found[0])}, as_json=as_json)


def _fields(one: Partner) -> dict[str, object]:
    return {
        "name": one.name, "kind": one.kind.value, "domain_or_address": one.scope, "baa_date": one.baa_date,
        "baa_expires": one.baa_expires, "trust": one.trust.value,
    }  # fmt: skip
