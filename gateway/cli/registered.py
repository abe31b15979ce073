"""What the register's commands share: its importer, a patient by record number, what an import did."""

from __future__ import annotations

import click

from gateway.app.importing import Counts, Importer
from gateway.app.installation import Installation
from gateway.cli.console import actor, no, show
from gateway.domain.patient import Patient
from gateway.ports.store import UnitOfWork


def importer(home: Installation) -> Importer:
    """The register's writer, in the name of whoever asks."""
    return Importer(home.store(), home.register(), home.clock, home.tokens, actor())


def known(write: Importer, uow: UnitOfWork, mrn: str) -> Patient:
    """The patient with that record number; exit 1 if there is none."""
    patient = write.numbered(uow, mrn)
    if patient is None:
        no("no patient has this record number; `sealgate patient list` shows who is on record")
    return patient


def say(counts: Counts, what: str, *, as_json: bool) -> None:
    """What an import did."""
    if as_json:
        show({"added": counts.added, "changed": counts.changed, "same": counts.same})
    else:
        click.echo(f"{what}: {counts.added} added, {counts.changed} changed, {counts.same} as before")
