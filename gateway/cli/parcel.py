"""`sealgate parcel`: secure links. Nothing here can open one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import click

from gateway.cli.console import actor, config_option, every, json_option, no, opened, page, staffed, table
from gateway.config.values import read_duration
from gateway.domain.audit import Event, EventKind
from gateway.domain.records import ParcelRow
from gateway.domain.states import ParcelState
from gateway.flow.parcel_seal import ParcelSeal

_OPEN = (ParcelState.SEALED, ParcelState.OPENED)


@click.group()
def parcel() -> None:
    """Secure links. Nothing here can open one: that takes the recipient's own mail."""


@parcel.command(name="list")
@click.option(
    "--state", type=click.Choice([one.value for one in ParcelState]), help="Only this state; by default what is open."
)
@config_option
@json_option
def list_parcels(state: str | None, config: Path, as_json: bool) -> None:
    """Every link that opens, or those of one state."""
    states = (ParcelState(state),) if state else _OPEN
    with opened(config) as home:
        found = every(home, lambda uow, after: uow.parcels.listed(states, after=after), lambda row: row.id)
        rows = [_fields(row) for row in found]
    table(rows, as_json=as_json, none="no link is open")


@parcel.command()
@click.argument("parcel_id")
@config_option
@json_option
def show(parcel_id: str, config: Path, as_json: bool) -> None:
    """One link."""
    with opened(config) as home, home.store().begin() as uow:
        row = _found(uow.parcels.get(parcel_id), parcel_id)
    page(
        {
            **_fields(row),
            "delivery": row.delivery_id,
            "created_at": row.created_at,
            "codes_sent": row.codes_sent,
            "failures": row.failures,
        },
        as_json=as_json,
    )


@parcel.command()
@click.argument("parcel_id")
@config_option
def revoke(parcel_id: str, config: Path) -> None:
    """Close a link for good: its pepper is destroyed, so neither the link nor a backup opens it."""
    with opened(config) as home, staffed(home) as rooms:
        closed = rooms.recheck.revoke(parcel_id, actor())
    if not closed:
        no(f"{parcel_id} is no open link; `sealgate parcel list` shows those")
    click.echo(f"{parcel_id} is closed")


@parcel.command()
@click.argument("parcel_id")
@click.option("--by", required=True, metavar="7d", help="How much longer it opens, from its present end.")
@config_option
def extend(parcel_id: str, by: str, config: Path) -> None:
    """Let a link open for longer, within parcel.max_expiry from its beginning."""
    try:
        longer: timedelta = read_duration(by)
    except ValueError as error:
        raise click.UsageError(f"--by: {error}") from None
    with opened(config) as home:
        at, longest = home.clock.now(), home.settings.parcel.max_expiry
        with home.store().begin() as uow:
            row = _found(uow.parcels.get(parcel_id, lock=True), parcel_id)
            if row.state not in _OPEN or row.expires_at <= at:
                no(f"{parcel_id} opens nothing any more; the sender can send the mail again")
            until = row.expires_at + longer
            if until > row.created_at + longest:
                no(
                    f"{parcel_id} may open until {row.created_at + longest:%Y-%m-%d %H:%M} UTC at most (parcel.max_expiry)"
                )
            delivery = uow.deliveries.get(row.delivery_id, lock=True)
            if delivery is None:
                no(f"{parcel_id} has no delivery any more")
            keys = home.worker_keys()
            seal = ParcelSeal(keys.lookup, keys.installation)
            seal.check(uow, row, delivery)
            uow.parcels.set_expiry(row.id, until)
            uow.parcels.set_seal(row.id, seal.of(replace(row, expires_at=until), delivery))
            data = {"parcel": row.id, "until": until.isoformat()}
            uow.audit.append(Event(EventKind.PARCEL_EXTENDED, row.message_id, row.delivery_id, actor(), data), at)
    click.echo(f"{parcel_id} opens until {until:%Y-%m-%d %H:%M} UTC")


@parcel.command()
@click.argument("parcel_id")
@config_option
def reissue(parcel_id: str, config: Path) -> None:
    """Replace a lost link: a new one is sent to the same address, the old one is dead. Needs parcel.reissue = true."""
    with opened(config) as home, staffed(home) as rooms:
        fresh = rooms.reissue.reissue(parcel_id, actor())
    click.echo(f"{parcel_id} is closed; {fresh} is on its way")


@parcel.command()
@click.argument("parcel_id")
@config_option
def code(parcel_id: str, config: Path) -> None:
    """A one-time code to read out to a recipient whose identity you have verified; shown once."""
    with opened(config) as home:
        at = home.clock.now()
        with staffed(home) as rooms, home.store().begin() as uow:
            row = _found(uow.parcels.get(parcel_id, lock=True), parcel_id)
            if row.state not in _OPEN or row.expires_at <= at:
                no(f"{parcel_id} opens nothing any more; the sender can send the mail again")
            if "staff" not in row.proof.split(","):
                no(
                    f"{parcel_id} is proved by {row.proof.replace(',', ' or ')}: the recipient asks for a code on its page"
                )
            made = rooms.codes.for_staff(uow, parcel_id, at, actor())
        life = home.settings.parcel.code_life
    click.echo(f"{made[:4]} {made[4:]}  (good for {int(life.total_seconds() // 60)} minutes)")


def _found(row: ParcelRow | None, parcel_id: str) -> ParcelRow:
    if row is None:
        no(f"there is no link {parcel_id}; `sealgate parcel list` shows those that open")
    return row


def _fields(row: ParcelRow) -> dict[str, object]:
    return {
        "id": row.id, "message": row.message_id, "state": row.state.value, "expires_at": row.expires_at,
        "first_opened_at": row.first_opened_at, "proof": row.proof,
    }  # fmt: skip
