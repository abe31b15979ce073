"""`sealgate retention`: what is kept of settled mail, until when, and legal holds that keep it longer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from gateway.app.installation import Installation
from gateway.cli.console import actor, config_option, json_option, no, opened, table
from gateway.domain.audit import Event, EventKind, Scalar
from gateway.domain.retention import ArchiveRow, HoldOn, LegalHoldRow
from gateway.domain.states import MessageState
from gateway.flow import reasons
from gateway.ports.store import UnitOfWork


@click.group()
def retention() -> None:
    """What is kept of settled mail, and legal holds that keep it longer."""


@retention.command(name="list")
@click.option("--archive", is_flag=True, help="Every archived mail with its end, instead of the legal holds.")
@config_option
@json_option
def list_retention(archive: bool, config: Path, as_json: bool) -> None:
    """Legal holds in force, or archived mails with their end."""
    with opened(config) as home:
        rows = list(_archived(home)) if archive else _holds(home)
    table(rows, as_json=as_json, none="nothing is archived" if archive else "there is no legal hold")


@retention.command()
@click.option("--message", metavar="MESSAGE-ID", help="Keep what is kept of this mail.")
@click.option("--patient", metavar="PATIENT-ID", help="Keep what is kept of every mail about this patient.")
@click.option("--reason", required=True, help="Why, for the log. Name no patient: the log holds no personal data.")
@config_option
def hold(message: str | None, patient: str | None, reason: str, config: Path) -> None:
    """Place a legal hold: rows and archived copy stay until it is released."""
    if (message is None) == (patient is None):
        raise click.UsageError("give --message or --patient")
    kind, subject = (HoldOn.MESSAGE, message) if message is not None else (HoldOn.PATIENT, patient)
    assert subject is not None
    with opened(config) as home:
        at, hold_id = home.clock.now(), home.tokens.id()
        with home.store().begin() as uow:
            if kind is HoldOn.MESSAGE:
                _keeps_something(uow, subject)
            elif uow.register.patient(subject) is None:
                no(f"there is no patient {subject}; `sealgate patient list` shows ids")
            told = reasons.keep(uow, home.columns(), reason)
            uow.retention.add_hold(LegalHoldRow(hold_id, kind, subject, at, actor(), told))
            uow.audit.append(_event(EventKind.LEGAL_HOLD, hold_id, kind, subject, told), at)
    click.echo(hold_id)


@retention.command()
@click.argument("hold_id")
@click.option("--reason", required=True, help="Why, for the log.")
@config_option
def release(hold_id: str, reason: str, config: Path) -> None:
    """End a legal hold; what it kept past its time goes with the next round of the worker."""
    with opened(config) as home, home.store().begin() as uow:
        found = [one for one in uow.retention.holds() if one.id == hold_id]
        if not found or not uow.retention.drop_hold(hold_id):
            no(f"there is no legal hold {hold_id}; `sealgate retention list` shows them")
        words = reasons.keep(uow, home.columns(), reason)
        event = _event(EventKind.LEGAL_HOLD_ENDED, hold_id, found[0].kind, found[0].subject, words)
        uow.audit.append(event, home.clock.now())
    click.echo(f"{hold_id} is released")


def _keeps_something(uow: UnitOfWork, message_id: str) -> None:
    row = uow.messages.get(message_id)
    if row is None:
        no(f"there is no mail {message_id}; give the id of X-Sealgate-Id or of `sealgate why`")
    if row.state is MessageState.FORGOTTEN and uow.retention.archive_of(message_id) is None:
        no(f"nothing is kept of {message_id} any more but the log")


def _event(kind: EventKind, hold_id: str, on: HoldOn, subject: str, reason: str) -> Event:
    data: dict[str, Scalar] = {"hold": hold_id, "on": on.value, "subject": subject, "reason": reason}
    return Event(kind, subject if on is HoldOn.MESSAGE else "", actor=actor(), data=data)


def _holds(home: Installation) -> list[dict[str, object]]:
    with home.store().begin() as uow:
        return [
            {
                "id": one.id, "on": one.kind.value, "subject": one.subject, "since": one.at, "by": one.by,
                "reason": reasons.read(uow, home.columns(), one.reason),
            }
            for one in uow.retention.holds()
        ]  # fmt: skip


def _archived(home: Installation) -> Iterator[dict[str, object]]:
    after, years = "", home.settings.retention.archive
    while True:
        with home.store().begin() as uow:
            holds, rows = uow.retention.holds(), uow.retention.archives(after=after)
        if not rows:
            return
        for row in rows:
            yield {
                "message": row.message_id, "archived": row.at, "ends": row.at + years,
                "held_by": [one.id for one in holds if _covers(one, row)],
            }  # fmt: skip
        after = rows[-1].message_id


def _covers(one: LegalHoldRow, row: ArchiveRow) -> bool:
    return one.covers(row.message_id, row.patients)
