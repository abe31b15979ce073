"""`sealgate patient`: the register's patients, with restrictions, proxies, verified and confidential addresses."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import click

from gateway.app.fhir import read_fhir
from gateway.app.register_files import read_patients
from gateway.cli.console import AddressType, DayType, config_option, json_option, opened, page, read_input, table
from gateway.cli.phrase import phrase
from gateway.cli.registered import importer, known, say
from gateway.domain.address import Address
from gateway.domain.errors import ConfigError, InvalidAddress
from gateway.domain.patient import Patient, Proxy, Restriction, RestrictionKind, normal_scope


@click.group()
def patient() -> None:
    """The register's patients."""


patient.add_command(phrase)


@patient.command(name="import")
@click.argument("file", metavar="FILE")
@click.option("--fhir", is_flag=True, help="FILE is a FHIR R4 Bundle or Patient; else by its name (.json), else CSV.")
@click.option(
    "--verified", is_flag=True, help="The practice has verified every e-mail address in FILE as that person's."
)
@config_option
@json_option
def import_patients(file: str, fhir: bool, verified: bool, config: Path, as_json: bool) -> None:
    """Add or change patients from CSV (given, family, other_names, birth_date, mrn, email, phone, address, city, state,
    zip) or FHIR R4 JSON. Known ones are found by record number; what FILE does not speak of stays.
    """
    data = read_input(file)
    try:
        found = read_fhir(data) if fhir or file.lower().endswith(".json") else read_patients(data)
    except ConfigError as error:
        raise ConfigError(f"{file}: {error}") from None
    with opened(config) as home:
        counts = importer(home).patients(found, verified=verified)
    say(counts, "patients", as_json=as_json)


@patient.command(name="list")
@config_option
@json_option
def list_patients(config: Path, as_json: bool) -> None:
    """Everybody on record."""
    with opened(config) as home:
        rows = [
            {"id": one.id, "mrn": one.mrn, "family": one.family, "given": one.given, "birth_date": one.birth_date,
             "emails": [str(each) for each in one.emails]}
            for one in home.register().patients(home.store())[1]
        ]  # fmt: skip
    rows.sort(key=lambda row: (str(row["family"]), str(row["given"])))
    table(rows, as_json=as_json, none="nobody is on record yet; `sealgate patient import FILE` adds patients")


@patient.command()
@click.argument("mrn")
@config_option
@json_option
def show(mrn: str, config: Path, as_json: bool) -> None:
    """One patient by record number."""
    with opened(config) as home, home.store().begin() as uow:
        fields = as_fields(known(importer(home), uow, mrn))
    page(fields, as_json=as_json)


@patient.command(name="set")
@click.argument("mrn")
@click.option(
    "--verify-address", type=AddressType(), help="This mailbox on record is the person's: codes may go there."
)
@click.option(
    "--restrict",
    type=click.Choice([one.value for one in RestrictionKind]),
    help="Record a restriction (45 CFR 164.522).",
)
@click.option("--lift", type=click.Choice([one.value for one in RestrictionKind]), help="End a restriction.")
@click.option("--scope", default="", help="Address or domain that the restriction speaks of; without it, all.")
@click.option(
    "--confidential-address", type=AddressType(), help="Mail goes there, whatever the sender writes (164.522(b))."
)
@click.option("--no-confidential-address", is_flag=True, help="End that.")
@click.option("--proxy", help="Name of somebody who acts for the patient; with --proxy-address and --from.")
@click.option("--proxy-address", type=AddressType(), help="Their address.")
@click.option("--from", "valid_from", type=DayType(), help="First day they act.")
@click.option("--until", type=DayType(), help="Last day they act; without it, open.")
@click.option("--end-proxy", type=AddressType(), help="Take the proxy with this address off the record.")
@config_option
@json_option
def set_fields(
    mrn: str, verify_address: Address | None, restrict: str | None, lift: str | None, scope: str,
    confidential_address: Address | None, no_confidential_address: bool, proxy: str | None,
    proxy_address: Address | None, valid_from: date | None, until: date | None, end_proxy: Address | None,
    config: Path, as_json: bool,
) -> None:  # fmt: skip
    """Change what a file does not carry: verified address, restriction, confidential address, proxy."""
    with opened(config) as home:
        write = importer(home)
        with home.store().begin() as uow:
            before = known(write, uow, mrn)
            after = before
            if verify_address is not None:
                after = _verified(after, verify_address)
            if restrict is not None or lift is not None:
                after = _restricted(after, restrict, lift, _scope(scope))
            elif scope:
                raise click.UsageError("--scope goes with --restrict or --lift")
            if confidential_address is not None or no_confidential_address:
                after = replace(after, confidential_address=confidential_address)
            if proxy is not None or proxy_address is not None:
                after = _with_proxy(after, proxy, proxy_address, valid_from, until)
            elif valid_from is not None or until is not None:
                raise click.UsageError("--from and --until go with --proxy")
            if end_proxy is not None:
                kept = tuple(one for one in after.proxies if one.address.key != end_proxy.key)
                after = replace(after, proxies=kept)
            if after == before:
                raise click.UsageError("nothing would change; name what to set (see --help)")
            write.change(uow, before, after)
            fields = as_fields(replace(after, version=before.version + 1))
    page(fields, as_json=as_json)


def as_fields(one: Patient) -> dict[str, object]:
    """Everything on record."""
    return {
        "id": one.id, "version": one.version, "mrn": one.mrn, "given": one.given, "family": one.family,
        "other_names": list(one.other_names), "birth_date": one.birth_date, "emails": [str(each) for each in one.emails],
        "verified": sorted(one.verified_addresses), "phone": one.phone, "address": one.address, "city": one.city,
        "state": one.state, "zip": one.zip,
        "restrictions": [f"{each.kind.value}{f' {each.scope}' if each.scope else ''}" for each in one.restrictions],
        "proxies": [
            f"{each.name} <{each.address}> from {each.valid_from}{f' until {each.valid_until}' if each.valid_until else ''}"
            for each in one.proxies
        ],
        "confidential_address": str(one.confidential_address) if one.confidential_address else None,
        "phrase": f"agreed on {one.phrase.agreed_on}" if one.phrase else None,
    }  # fmt: skip


def _verified(one: Patient, address: Address) -> Patient:
    if not one.has_address(address):
        raise click.UsageError("--verify-address: this address is not on the patient's record; import it first")
    return replace(one, verified_addresses=one.verified_addresses | {address.key})


def _scope(text: str) -> str:
    try:
        return normal_scope(text) if text else ""
    except InvalidAddress as error:
        raise click.UsageError(f"--scope: {error}") from None


def _restricted(one: Patient, restrict: str | None, lift: str | None, scope: str) -> Patient:
    if restrict is not None and lift is not None:
        raise click.UsageError("--restrict and --lift exclude each other; call twice")
    if restrict == RestrictionKind.NO_PARTNER and not scope:
        raise click.UsageError("--restrict no_partner needs --scope: to whom nothing may go")
    kind = RestrictionKind(restrict or lift or "")
    same = [each for each in one.restrictions if (each.kind, each.scope) == (kind, scope)]
    others = tuple(each for each in one.restrictions if each not in same)
    if lift is not None:
        return replace(one, restrictions=others)
    if same:
        return one
    version = 1 + max((each.version for each in one.restrictions), default=0)
    return replace(one, restrictions=(*others, Restriction(kind, scope, version)))


def _with_proxy(
    one: Patient, name: str | None, address: Address | None, valid_from: date | None, until: date | None
) -> Patient:
    if not name or address is None or valid_from is None:
        raise click.UsageError("a proxy needs --proxy NAME, --proxy-address A and --from DAY")
    if until is not None and until < valid_from:
        raise click.UsageError("--until is before --from")
    others = tuple(each for each in one.proxies if each.address.key != address.key)
    return replace(one, proxies=(*others, Proxy(name, address, valid_from, until)))
