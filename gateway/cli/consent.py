"""`sealgate consent`: what patients agreed to, as an append-only log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import click

from gateway.app.register_files import (
    address_or_any,
    method_or_any,
    purpose_or_any,
    read_consents,
    warning_text,
)
from gateway.cli.console import DayType, actor, config_option, json_option, opened, read_input, table
from gateway.cli.registered import importer, known, say
from gateway.domain.decision import Method
from gateway.domain.errors import ConfigError, InvalidAddress
from gateway.domain.patient import ConsentEvent, ConsentEventType, ConsentKind, Purpose, in_force
from gateway.render.consent import latest_version

F = TypeVar("F", bound=Callable[..., Any])


@click.group()
def consent() -> None:
    """What patients agreed to: a log that only grows."""


def _subject(command: F) -> F:
    """The options that say what a consent is about."""
    for option in (
        click.option("--method", default="*", show_default=True, help=f"* or {', '.join(Method)}."),
        click.option("--purpose", default="*", show_default=True, help=f"* or {', '.join(Purpose)}."),
        click.option(
            "--address",
            default="*",
            show_default=True,
            help="The mailbox (or recipient) it is for; * for any on record.",
        ),
        click.option(
            "--kind", type=click.Choice([one.value for one in ConsentKind]), required=True, help="What it is about."
        ),
    ):
        command = option(command)
    return command


@consent.command()
@click.argument("mrn")
@_subject
@click.option("--warning-version", default="", help="Version of the warning that was read; by default the present one.")
@click.option("--given-how", default="", help="paper, portal, telephone, …")
@click.option("--given-on", type=DayType(), help="By default today.")
@click.option("--expires-on", type=DayType(), help="Last day it counts; without it, open.")
@config_option
def add(
    mrn: str, kind: str, address: str, purpose: str, method: str, warning_version: str, given_how: str,
    given_on: date | None, expires_on: date | None, config: Path,
) -> None:  # fmt: skip
    """Record that a patient (by record number) agreed."""
    with opened(config) as home:
        write, today = importer(home), home.today()
        day = given_on or today
        if day > today or (expires_on is not None and expires_on < day):
            raise click.UsageError("--given-on must not be in the future, nor --expires-on before it")
        version = warning_version or (latest_version() if kind.startswith("email_") else "")
        event = _event(
            ConsentEventType.GIVEN, kind, address, purpose, method, warning_version=version,
            warning_text=warning_text(version), given_how=given_how, given_on=day, expires_on=expires_on,
        )  # fmt: skip
        with home.store().begin() as uow:
            patient = known(write, uow, mrn)
            seq = write.register.append_consent(uow, replace(event, patient_id=patient.id), home.clock.now(), actor())
    click.echo(f"recorded as number {seq} of this patient's log")


@consent.command()
@click.argument("mrn")
@_subject
@click.option("--given-how", default="", help="How the patient said so.")
@config_option
def revoke(mrn: str, kind: str, address: str, purpose: str, method: str, given_how: str, config: Path) -> None:
    """Record that a patient withdrew; * ends every narrower consent of that kind."""
    with opened(config) as home:
        write = importer(home)
        event = _event(ConsentEventType.REVOKED, kind, address, purpose, method, given_how=given_how)
        with home.store().begin() as uow:
            patient = known(write, uow, mrn)
            seq = write.register.append_consent(uow, replace(event, patient_id=patient.id), home.clock.now(), actor())
    click.echo(f"recorded as number {seq} of this patient's log")


@consent.command(name="import")
@click.argument("file", metavar="FILE")
@config_option
@json_option
def import_consents(file: str, config: Path, as_json: bool) -> None:
    """Add consents from CSV (mrn, kind, address, purpose, method, warning_version, given_how, recorded_by, given_on,
    expires_on); all or none. Empty or * in address, purpose and method means any.
    """
    data = read_input(file)
    with opened(config) as home:
        today = home.today()
        try:
            counts = importer(home).consents(list(read_consents(data, today, actor())))
        except ConfigError as error:
            raise ConfigError(f"{file}: {error}") from None
    say(counts, "consents", as_json=as_json)


@consent.command(name="list")
@config_option
@json_option
def list_consents(config: Path, as_json: bool) -> None:
    """Every consent in force today."""
    rows: list[dict[str, object]] = []
    with opened(config) as home:
        day = home.today()
        for patient in home.register().patients(home.store())[1]:
            with home.store().begin() as uow:
                log = home.register().consents(uow, patient.id)
            rows += [{"mrn": patient.mrn, **_fields(one)} for one in in_force(log, day)]
    table(rows, as_json=as_json, none="no consent is in force")


@consent.command()
@click.argument("mrn")
@config_option
@json_option
def show(mrn: str, config: Path, as_json: bool) -> None:
    """A patient's whole consent log, oldest first."""
    with opened(config) as home, home.store().begin() as uow:
        patient = known(importer(home), uow, mrn)
        log = home.register().consents(uow, patient.id)
        counting = {one.seq for one in in_force(log, home.today())}
    rows = [
        {"seq": one.seq, "type": one.type.value, **_fields(one), "in_force": one.seq in counting, "at": one.at}
        for one in log
    ]  # fmt: skip
    table(rows, as_json=as_json, none="this patient's log is empty")


def _event(type_: ConsentEventType, kind: str, address: str, purpose: str, method: str, **more: Any) -> ConsentEvent:
    return ConsentEvent(
        patient_id="", seq=0, type=type_, kind=ConsentKind(kind), address=_read("--address", address_or_any, address),
        purpose=_read("--purpose", purpose_or_any, purpose), method=_read("--method", method_or_any, method),
        recorded_by=actor(), **more,
    )  # fmt: skip


def _read(option: str, reader: Callable[[str], str], text: str) -> str:
    try:
        return reader(text)
    except InvalidAddress as error:
        raise click.UsageError(f"{option}: {error}") from None
    except ValueError:
        raise click.UsageError(f"{option}: unknown value; see --help") from None


def _fields(one: ConsentEvent) -> dict[str, object]:
    return {
        "kind": one.kind.value, "address": one.address, "purpose": one.purpose, "method": one.method,
        "warning_version": one.warning_version, "given_how": one.given_how, "recorded_by": one.recorded_by,
        "given_on": one.given_on, "expires_on": one.expires_on,
    }  # fmt: skip
